// The same evidence by TNC and by oneM2M.
#include <gtest/gtest.h>
#include <signal.h>

#include "ae-apps/attestation/tnc/program/server.h"
#include "ae-apps/attestation/tnc/stream/collector.h"
#include "ae-apps/attestation/verifier/verdict.h"
#include "tests/ae-apps/attestation/maintenance/maintenance_world.h"
#include "tests/ae-apps/attestation/maintenance/tnc_certificates.h"

namespace gatehouse::tnc {
namespace {

using center::kDevice;
using center::MaintenanceWorld;

class TncWithVerifier : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    ASSERT_TRUE(world_.center().command(Value::object({{"attest", kDevice}})));
    ASSERT_TRUE(world_.run_until("attested")) << world_.all_news();
    listen({});
  }
  void listen(TncServerSettings settings) {
    listener_.reset();
    settings.port = 0;
    settings.tls = certificates_.server;
    settings.devices = {{"/id-mn/Csupport", kDevice}};
    auto listener = TncListener::start(
        settings,
        [this](const std::string& question, const Value& content) {
          auto said = world_.ask_verifier(question, content);
          if (question == "judge") {
            judged_ = content.string_at("evidence");
            verdict_ = said ? said->string_at("verdict") : "";
          }
          return said;
        },
        log_);
    ASSERT_TRUE(listener) << listener.error().detail;
    listener_ = *std::move(listener);
  }
  TncClient::Parts parts() {
    return {[this](const std::string& text) -> Result<std::string> {
              const auto inventory = world_.look();
              const auto evidence =
                  world_.attester().attest(*attest::parse_challenge(text), inventory, "[]");
              if (!evidence) return fail(evidence.error());
              sent_ = attest::encode(*evidence);
              return sent_;
            },
            Bytes{1}};
  }

  MaintenanceWorld world_;
  Certificates certificates_;
  std::ostringstream said_;
  ota::StepLog log_{said_, said_};
  std::string sent_, judged_, verdict_;
  std::unique_ptr<TncListener> listener_;
};

TEST_F(TncWithVerifier, EvidenceIsByteIdenticalAndTheVerdictTheSame) {
  const auto outcome = run_client(listener_->port(), certificates_.car, parts());

  ASSERT_TRUE(outcome) << said_.str();
  EXPECT_EQ(outcome->access, Access::kAllowed) << outcome->reason;
  EXPECT_EQ(judged_, sent_);
  // The verifier, given the same bytes by the other way, says the very same words.
  const auto again =
      world_.ask_verifier("judge", Value::object({{"device", kDevice}, {"evidence", sent_}}));
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->string_at("verdict"), verdict_);
}

/// A verdict without what is of one attestation alone.
std::string findings_of(const std::string& jws, const crypto::PublicKey& verifier) {
  const auto payload = attest::open_jws(jws, attest::kVerdictType, {verifier});
  const Value claims = *parse_json(*payload);
  Value own = *claims.find("submods")->find(kDevice)->find("gatehouse");
  own.erase("evidence");
  own.erase("counter");
  return to_json(own) + claims.find("submods")->find(kDevice)->string_at("ear.status");
}

TEST_F(TncWithVerifier, TheFindingsAreTheSameInPtsWordsInOursAndByOneM2M) {
  world_.add_device("SPY", "6.6", "");
  std::vector<std::string> findings;
  for (const Words words : {Words::kPts, Words::kOwn}) {
    TncServerSettings settings;
    settings.words = words;
    listen(settings);
    ASSERT_TRUE(run_client(listener_->port(), certificates_.car, parts())) << said_.str();
    EXPECT_EQ(attest::parse_evidence(judged_)->exchange.has_value(), words == Words::kPts);
    EXPECT_EQ(judged_, sent_);
    findings.push_back(findings_of(verdict_, world_.verifier_key()));
  }
  const auto given = world_.ask_verifier(
      "challenge", Value::object({{"device", kDevice}, {"purpose", "periodic"}}));
  const auto by_one_m2m = parts().evidence(given->string_at("challenge"));
  ASSERT_TRUE(by_one_m2m) << by_one_m2m.error().detail;
  const auto judged =
      world_.ask_verifier("judge", Value::object({{"device", kDevice}, {"evidence", *by_one_m2m}}));
  ASSERT_TRUE(judged) << judged.error().detail;
  findings.push_back(findings_of(judged->string_at("verdict"), world_.verifier_key()));

  EXPECT_EQ(findings[0], findings[1]);
  EXPECT_EQ(findings[1], findings[2]);
  EXPECT_NE(findings[0].find("new-unauthorised"), std::string::npos) << findings[0];
}

TEST_F(TncWithVerifier, AnIntruderIsQuarantinedHereToo) {
  world_.add_device("SPY", "6.6", "");

  const auto outcome = run_client(listener_->port(), certificates_.car, parts());

  ASSERT_TRUE(outcome) << said_.str();
  EXPECT_EQ(outcome->access, Access::kQuarantined);
  EXPECT_EQ(outcome->assessment, Assessment::kMinor);
  EXPECT_NE(outcome->reason.find("ecu:SPY: new-unauthorised"), std::string::npos)
      << outcome->reason;
}

TEST_F(TncWithVerifier, WhoIsNotKnownIsNotListenedTo) {
  EXPECT_FALSE(run_client(listener_->port(), certificates_.stranger, parts()));
  EXPECT_EQ(judged_, "");
}

TEST_F(TncWithVerifier, TheKeyOfTlsIsTheOneInTheTpm) {
  listen({.tpm_tls = true});
  const auto by_file = run_client(listener_->port(), certificates_.car, parts());
  TlsSettings by_tpm = certificates_.for_key("car-tpm", "/id-mn/Csupport",
                                             world_.attester().identity().device_key_pem);
  auto key = world_.attester().tls_key();
  ASSERT_TRUE(key) << key.error().detail;
  by_tpm.key_file = *key;

  const auto outcome = run_client(listener_->port(), by_tpm, parts());

  ASSERT_TRUE(by_file && outcome) << said_.str();
  EXPECT_EQ(by_file->access, Access::kDenied);
  EXPECT_TRUE(by_file->reason.starts_with("denied, because channel:")) << by_file->reason;
  EXPECT_EQ(outcome->access, Access::kAllowed) << outcome->reason;
}

}  // namespace
}  // namespace gatehouse::tnc

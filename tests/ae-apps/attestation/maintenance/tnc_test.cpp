// The same evidence by TNC and by oneM2M.
#include <gtest/gtest.h>
#include <signal.h>

#include "ae-apps/attestation/tnc/program/server.h"
#include "ae-apps/attestation/tnc/program/tls_stream.h"
#include "tests/ae-apps/attestation/maintenance/maintenance_world.h"

namespace gatehouse::tnc {
namespace {

using center::kDevice;
using center::MaintenanceWorld;

/// Certificates for a listener at localhost and for the car.
struct Certificates {
  Certificates() {
    auto authority = pki::Authority::create(folder / "pki", "gatehouse.example");
    server = issue(*authority, pki::Kind::kCse, "in", "/id-in");
    car = issue(*authority, pki::Kind::kAe, "support", "/id-mn/Csupport");
    stranger = issue(*authority, pki::Kind::kAe, "stranger", "/id-mn/Cstranger");
  }
  TlsSettings issue(pki::Authority& authority, pki::Kind kind, const std::string& name,
                    const std::string& identity) {
    pki::Request request;
    request.kind = kind;
    request.name = name;
    request.identities = {identity};
    if (kind == pki::Kind::kCse) request.hosts = {"localhost"};
    const auto issued = authority.issue(request);
    if (!issued) throw std::runtime_error(issued.error().detail);
    TlsSettings out;
    out.certificate_file = issued->certificate.string();
    out.key_file = (std::filesystem::path(folder.path()) / "pki" / (name + ".key")).string();
    out.ca_file = folder / "pki/ca.crt";
    return out;
  }
  TemporaryFolder folder;
  TlsSettings server, car, stranger;
};

/// Runs a client against a listener at a port of the loopback.
std::optional<TncOutcome> run_client(std::uint16_t port, const TlsSettings& tls,
                                     TncClient::Parts parts) {
  TncClient dialogue(std::move(parts));
  auto stream = TlsStream::connect("localhost", port, tls, std::chrono::seconds(20));
  if (!stream || !stream->write(dialogue.start())) return std::nullopt;
  while (!dialogue.finished()) {
    const auto came = stream->read();
    if (!came || came->empty()) return std::nullopt;
    if (!stream->write(dialogue.feed(*came))) return std::nullopt;
  }
  return dialogue.outcome();
}

class TncWithVerifier : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    ASSERT_TRUE(world_.center().command(Value::object({{"attest", kDevice}})));
    ASSERT_TRUE(world_.run_until("attested")) << world_.all_news();
    TncServerSettings settings;
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

}  // namespace
}  // namespace gatehouse::tnc

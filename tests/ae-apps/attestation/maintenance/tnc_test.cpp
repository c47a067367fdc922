// The same evidence by TNC and by oneM2M.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ae-apps/attestation/tnc/program/server.h"
#include "ae-apps/attestation/tnc/stream/collector.h"
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
  /// For a key that lives elsewhere.
  TlsSettings for_key(const std::string& name, const std::string& identity,
                      const std::string& public_key_pem) {
    auto authority = pki::Authority::open(folder / "pki");
    pki::Request request;
    request.kind = pki::Kind::kAe;
    request.name = name;
    request.identities = {identity};
    request.public_key_pem = public_key_pem;
    TlsSettings out;
    out.certificate_file = authority->issue(request)->certificate.string();
    out.ca_file = folder / "pki/ca.crt";
    return out;
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
  const auto outcome =
      be_validated({"localhost", port, tls, std::chrono::seconds(20)}, std::move(parts));
  return outcome ? std::optional(*outcome) : std::nullopt;
}

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

// RFC 6876 clause 6.2.2: those who connect and say nothing cost no more than their places.
TEST_F(TncWithVerifier, WhoSaysNothingKeepsOthersOutForItsTimeOnly) {
  listen({.limit = std::chrono::seconds(1), .max_connections = 2});
  const auto idle = [&] {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(listener_->port());
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
    return fd;
  };
  const int sockets[] = {idle(), idle(), idle()};
  char byte = 0;
  EXPECT_EQ(::recv(sockets[2], &byte, 1, 0), 0) << "one too many is closed at once";
  EXPECT_EQ(::recv(sockets[0], &byte, 1, 0), 0) << "its time is over";
  EXPECT_EQ(::recv(sockets[1], &byte, 1, 0), 0);

  std::optional<TncOutcome> outcome;
  for (int i = 0; i < 100 && !outcome; ++i) {
    outcome = run_client(listener_->port(), certificates_.car, parts());
  }
  EXPECT_TRUE(outcome);
  for (const int each : sockets) ::close(each);
}

}  // namespace
}  // namespace gatehouse::tnc

#include "ae-apps/ota/uds/authentication.h"

#include "ae-apps/ota/uds/client.h"
#include "ae-apps/ota/uds/flasher.h"
#include "ae-apps/ota/uds/server.h"
#include "tests/ae-apps/ota/uds/tester_pki.h"

namespace gatehouse::uds {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class QuietEcu final : public EcuServices, public AccessMemory {
 public:
  Outcome read_identifier(Did) override { return Bytes{1}; }
  std::optional<Access> access_to_write(Did) const override { return Access{true, true, true}; }
  Outcome write_identifier(Did, ByteView) override { return Bytes{}; }
  std::optional<Access> access_to_routine(RoutineId routine) const override {
    if (routine == kRoutinePreconditions) return Access{true, false, false};
    return std::nullopt;
  }
  Outcome start_routine(RoutineId, ByteView, const Pending&) override { return Bytes{}; }
  std::optional<Nrc> begin_download(const Download&) override { return std::nullopt; }
  std::optional<Nrc> store(ByteView) override { return std::nullopt; }
  std::optional<Nrc> end_download() override { return std::nullopt; }
  void abandon_download() override {}
  unsigned failed_attempts() const override { return attempts; }
  bool store_failed_attempts(unsigned count) override {
    attempts = count;
    return true;
  }
  unsigned attempts = 0;
};

/// A client that reaches the server without a network.
class Wire final : public Transport {
 public:
  explicit Wire(std::function<Bytes(ByteView)> ask) : ask_(std::move(ask)) {}
  Result<void> connect() override { return {}; }
  void disconnect() override {}
  bool connected() const override { return true; }
  Result<void> send(ByteView uds) override {
    answer_ = ask_(uds);
    return {};
  }
  Result<Bytes> receive(milliseconds) override { return answer_; }

 private:
  std::function<Bytes(ByteView)> ask_;
  Bytes answer_;
};

class AuthenticationTest : public testing::Test {
 protected:
  AuthenticationTest() {
    pki.issue("workshop");
    make();
  }
  void make(std::vector<std::string> testers = {}, bool seed_and_key = false) {
    ServerSettings settings;
    settings.seed_and_key = seed_and_key;
    settings.authentication =
        AuthenticationSettings{pki.anchors(), std::move(testers), [this] { return today; }};
    server.emplace(
        settings, [this] { return now; }, random, Bytes(16, 1), ecu, ecu);
  }
  Bytes ask(ByteView request, Server::TesterId tester = 0) {
    Bytes out;
    server->handle(
        request, false, [&](Bytes said) { out = std::move(said); }, tester);
    return out;
  }
  std::string ask_hex(const char* request, Server::TesterId tester = 0) {
    return to_hex(ask(from_hex(request).value(), tester));
  }
  void enter_programming() {
    ask_hex("1003");
    ask_hex("1002");
  }
  Diagnosis<void> authenticate(const std::string& name, const TesterPki& from) {
    return client.authenticate(from.certificate(name), from.key(name));
  }
  Nrc refusal(const Diagnosis<void>& outcome) {
    EXPECT_FALSE(outcome);
    return outcome ? Nrc::kResponsePending : outcome.error().nrc;
  }

  TesterPki pki;
  QuietEcu ecu;
  crypto::SeededRandom random{1};
  milliseconds now{0};
  std::int64_t today = unix_now();
  std::optional<Server> server;
  Wire wire{[this](ByteView request) { return ask(request); }};
  Client client{wire, ClientSettings{}, [](milliseconds) {}};
};

// ISO 14229-1:2020, Authentication (0x29) with PKI certificate exchange
TEST_F(AuthenticationTest, LetsTheOwnerOfACertificateProgram) {
  enter_programming();
  EXPECT_EQ(ask_hex("2ef18401"), "7f2e34") << "authentication required";

  const auto done = authenticate("workshop", pki);

  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(server->authenticated_tester(), "workshop");
  EXPECT_EQ(ask_hex("2ef18401"), "6ef184");
  EXPECT_EQ(ask_hex("34004400000000000000ff").substr(0, 2), "74");
}

TEST_F(AuthenticationTest, SaysWhichKindItIs) {
  enter_programming();
  EXPECT_EQ(ask_hex("2908"), "690802");
  EXPECT_EQ(ask_hex("2711"), "7f2711") << "seed and key is switched off";
}

TEST_F(AuthenticationTest, EndsWithTheSessionOrWhenAsked) {
  enter_programming();
  ASSERT_TRUE(authenticate("workshop", pki));
  EXPECT_EQ(ask_hex("2900"), "690010");
  EXPECT_EQ(ask_hex("2ef18401"), "7f2e34");

  ASSERT_TRUE(authenticate("workshop", pki));
  now += seconds(6);
  enter_programming();
  EXPECT_EQ(ask_hex("2ef18401"), "7f2e34") << "after S3";

  ASSERT_TRUE(authenticate("workshop", pki));
  ask_hex("1001");
  enter_programming();
  EXPECT_EQ(ask_hex("2ef18401"), "7f2e34") << "after the default session";
}

TEST_F(AuthenticationTest, NamesEachFaultOfACertificate) {
  TesterPki other;
  other.issue("stranger");
  pki.issue("radio", pki::Kind::kNode);
  pki.issue("lost");
  pki.revoke("lost");
  make();
  enter_programming();
  Bytes altered = pki.certificate("workshop");
  altered.back() ^= 1;

  EXPECT_EQ(refusal(authenticate("stranger", other)), Nrc::kCertificateInvalidChain);
  EXPECT_EQ(refusal(authenticate("radio", pki)), Nrc::kCertificateInvalidType);
  EXPECT_EQ(refusal(authenticate("lost", pki)), Nrc::kCertificateRevoked);
  EXPECT_EQ(refusal(client.authenticate(altered, pki.key("workshop"))),
            Nrc::kCertificateInvalidSignature);
  EXPECT_EQ(refusal(client.authenticate(Bytes(100, 7), pki.key("workshop"))),
            Nrc::kCertificateInvalidFormat);
  make({"factory"});
  enter_programming();
  EXPECT_EQ(refusal(authenticate("workshop", pki)), Nrc::kCertificateInvalidScope);
}

TEST_F(AuthenticationTest, BelievesNoCertificateOutsideItsTime) {
  enter_programming();
  today += std::int64_t{400} * 86400;
  EXPECT_EQ(refusal(authenticate("workshop", pki)), Nrc::kCertificateInvalidTimePeriod);
}

TEST_F(AuthenticationTest, CountsFalseOwnersAndMakesThemWait) {
  pki.issue("thief");
  const auto with_foreign_key = [this] {
    return client.authenticate(pki.certificate("workshop"), pki.key("thief"));
  };
  enter_programming();
  EXPECT_EQ(refusal(with_foreign_key()), Nrc::kOwnershipVerificationFailed);
  EXPECT_EQ(refusal(with_foreign_key()), Nrc::kOwnershipVerificationFailed);
  EXPECT_EQ(refusal(with_foreign_key()), Nrc::kExceededAttempts);
  EXPECT_EQ(refusal(authenticate("workshop", pki)), Nrc::kTimeDelayNotExpired);

  now += seconds(4);
  ask_hex("3e00");
  now += seconds(4);
  ask_hex("3e00");
  now += seconds(3);

  EXPECT_TRUE(authenticate("workshop", pki));
  EXPECT_EQ(ecu.attempts, 0u);
}

TEST_F(AuthenticationTest, WantsItsTasksInOrderAndWhole) {
  enter_programming();
  EXPECT_EQ(ask(encode_proof_request(Bytes(64, 1))), (Bytes{0x7F, 0x29, 0x24}));
  for (const char* request : {"2901", "290100", "29010000", "2901000001aa", "29010000000000"}) {
    EXPECT_EQ(ask_hex(request), "7f2913") << request;
  }
  EXPECT_EQ(ask_hex("2902"), "7f2912");
  const Bytes first = ask(encode_certificate_request(pki.certificate("workshop")));
  ASSERT_TRUE(challenge_in(ByteView(first).subspan(2)));
  EXPECT_EQ(ask_hex("290300"), "7f2913");
  EXPECT_EQ(ask(encode_proof_request(Bytes(64, 1))), (Bytes{0x7F, 0x29, 0x58}));
  EXPECT_EQ(ask(encode_proof_request(Bytes(64, 1))), (Bytes{0x7F, 0x29, 0x24}))
      << "one try for a challenge";
}

TEST_F(AuthenticationTest, IsNotThereWithoutAnAuthority) {
  ServerSettings settings;
  server.emplace(
      settings, [this] { return now; }, random, Bytes(16, 1), ecu, ecu);
  enter_programming();
  EXPECT_EQ(ask_hex("2908"), "7f2911");
}

// --- several testers ---------------------------------------------------------------------------

TEST_F(AuthenticationTest, KeepsTheEcuForTheTesterThatLeftTheDefaultSession) {
  EXPECT_EQ(ask_hex("22f190", 2), "62f19001") << "both may ask at first";
  EXPECT_EQ(ask_hex("1003", 1).substr(0, 4), "5003");

  EXPECT_EQ(ask_hex("22f190", 2), "7f2221");
  EXPECT_EQ(ask_hex("1001", 2), "7f1021");
  EXPECT_EQ(server->counters().busy, 2u);

  now += seconds(3);
  ask_hex("22f190", 2);  // does not make the other's session longer
  now += seconds(2);
  EXPECT_EQ(ask_hex("1003", 2).substr(0, 4), "5003");
  EXPECT_EQ(ask_hex("22f190", 1), "7f2221");
}

TEST_F(AuthenticationTest, IsFreeForOthersOnceTheTesterIsGone) {
  ask_hex("1003", 1);
  ASSERT_EQ(ask_hex("22f190", 2), "7f2221");

  server->tester_left(2);
  EXPECT_EQ(ask_hex("22f190", 2), "7f2221") << "another one left";
  server->tester_left(1);

  EXPECT_EQ(ask_hex("22f190", 2), "62f19001");
}

TEST_F(AuthenticationTest, GivesNobodyWhatAnotherUnlocked) {
  ask_hex("1003", 1);
  ask_hex("1002", 1);
  Wire of_one([this](ByteView request) { return ask(request, 1); });
  Client first(of_one, ClientSettings{}, [](milliseconds) {});
  ASSERT_TRUE(first.authenticate(pki.certificate("workshop"), pki.key("workshop")));
  ask_hex("1001", 1);

  ask_hex("1003", 2);
  ask_hex("1002", 2);

  EXPECT_EQ(ask_hex("2ef18401", 2), "7f2e34");
}

TEST_F(AuthenticationTest, WaitsAsAFlasherForTheEndOfADelay) {
  make({}, true);
  enter_programming();
  for (int i = 0; i < 3; ++i) (void)client.unlock(0x11, Bytes(16, 9));
  ask_hex("1001");
  FlasherSettings settings;
  settings.credential = TesterCredential{pki.certificate("workshop"), pki.key("workshop")};
  unsigned waited = 0;
  Flasher flasher(wire, settings, [&](milliseconds span) {
    now += span;
    ++waited;
  });

  const auto flashed =
      flasher.flash(1, [](std::uint64_t, std::size_t) -> Result<Bytes> { return Bytes{1}; }, {});

  ASSERT_FALSE(flashed) << "this ECU cannot erase";
  EXPECT_EQ(waited, 10u) << flashed.error().text;
}

}  // namespace
}  // namespace gatehouse::uds

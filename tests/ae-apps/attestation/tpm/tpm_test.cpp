// The facade on a software TPM: quotes, credentials, counters, power cuts.
#include "ae-apps/attestation/tpm/tpm.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "ae-apps/attestation/quote/verify.h"
#include "ae-apps/attestation/tpm/emulator.h"
#include "ae-apps/ota/crypto/keys.h"
#include "tests/ae-apps/attestation/tpm/nv_certificate.h"

namespace gatehouse::attest {
namespace {

namespace fs = std::filesystem;
const Bytes kNonce(32, 0x42);
constexpr std::uint32_t kCounter = 0x01500001;

class TpmTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "gatehouse-tpm-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    state_ = pattern;
    start();
  }
  void TearDown() override {
    tpm_.reset();
    emulator_.reset();
    std::error_code error;
    fs::remove_all(state_, error);
  }
  void start() {
    auto emulator = Emulator::start(state_);
    ASSERT_TRUE(emulator) << emulator.error().detail;
    emulator_.emplace(*std::move(emulator));
    auto tpm = Tpm::open(emulator_->tcti());
    ASSERT_TRUE(tpm) << tpm.error().detail;
    tpm_.emplace(*std::move(tpm));
  }
  void stop() {
    tpm_.reset();
    emulator_.reset();
  }
  /// As when the plug is pulled.
  void power_cut() {
    ::kill(emulator_->pid(), SIGKILL);
    ::waitpid(emulator_->pid(), nullptr, WNOHANG | WNOWAIT);
    stop();
    start();
  }
  Result<VerifiedQuote> quoted(const std::string& pcrs) {
    const auto selection = *parse_pcr_list(pcrs);
    auto area = tpm_->attestation_key();
    if (!area) return fail(area.error());
    auto key = AttestationKey::from_public_area(*area);
    if (!key) return fail(key.error());
    const auto quote = tpm_->quote(kNonce, selection);
    if (!quote) return fail(quote.error());
    const auto values = tpm_->read_pcrs(selection);
    if (!values) return fail(values.error());
    const Bytes file = write_serialized(selection, *values);
    return verify_quote({*key, kNonce, selection}, {quote->message, quote->signature, file});
  }

  fs::path state_;
  std::optional<Emulator> emulator_;
  std::optional<Tpm> tpm_;
};

TEST_F(TpmTest, QuotesWhatWasExtended) {
  ASSERT_TRUE(tpm_->extend(10, {{HashAlg::kSha256, Bytes(32, 1)}}));

  const auto quote = quoted("sha256:0,1,2,3,4,5,6,7,8,9,10");

  ASSERT_TRUE(quote) << quote.error().detail;
  EXPECT_EQ(quote->values->size(), 11u);
  const Bytes zeros(32);
  const Bytes ones(32, 1);
  EXPECT_EQ(quote->values->at({HashAlg::kSha256, 10}), digest(HashAlg::kSha256, {zeros, ones}));
}

TEST_F(TpmTest, HasTheSameKeysAtEveryStart) {
  const auto key = tpm_->attestation_key();
  const auto endorsement = tpm_->endorsement_key(KeyKind::kEccP256);
  ASSERT_TRUE(key && endorsement);
  EXPECT_TRUE(check_attestation_key(*key));
  stop();
  start();

  EXPECT_EQ(tpm_->attestation_key()->name(), key->name());
  EXPECT_EQ(tpm_->endorsement_key(KeyKind::kEccP256)->name(), endorsement->name());
}

TEST_F(TpmTest, OpensOnlyCredentialsForItsOwnKeys) {
  crypto::SystemRandom random;
  const Bytes secret(32, 7);
  const auto key = tpm_->attestation_key();
  ASSERT_TRUE(key);
  Bytes other_name = key->name();
  other_name.back() ^= 1;
  const auto endorsement = tpm_->endorsement_key(KeyKind::kEccP256);
  ASSERT_TRUE(endorsement);
  const auto good = make_credential(*endorsement, key->name(), secret, random);
  const auto of_another = make_credential(*endorsement, other_name, secret, random);
  ASSERT_TRUE(good && of_another);

  const auto opened = tpm_->activate_credential(KeyKind::kEccP256, *good);
  const auto refused = tpm_->activate_credential(KeyKind::kEccP256, *of_another);

  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(*opened, secret);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rsc, Rsc::kNotAcceptable) << refused.error().detail;
  EXPECT_EQ(tpm_->activate_credential(KeyKind::kEccP256, *good).value_or(Bytes()), secret)
      << "nothing is left loaded";
}

TEST_F(TpmTest, CountsAndCertifiesTheCount) {
  ASSERT_TRUE(tpm_->define_counter(kCounter));
  const auto first = tpm_->read_counter(kCounter);
  ASSERT_TRUE(first) << first.error().detail;
  ASSERT_TRUE(tpm_->increment_counter(kCounter));
  const auto key = AttestationKey::from_public_area(*tpm_->attestation_key());
  const auto name = tpm_->counter_name(kCounter);
  const auto certified = tpm_->certify_counter(kCounter, kNonce);
  ASSERT_TRUE(key && name && certified);

  const auto value = verify_counter(*key, kNonce, *name, certified->message, certified->signature);

  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(*value, *first + 1);
  const auto again = tpm_->define_counter(kCounter);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().rsc, Rsc::kAlreadyExists) << again.error().detail;
}

TEST_F(TpmTest, ShowsAPowerCutAndSurvivesMany) {
  const auto before = quoted("sha256:0");
  ASSERT_TRUE(before) << before.error().detail;
  for (int i = 0; i < 5; ++i) power_cut();  // a key without noDA would be locked out by now

  const auto after = quoted("sha256:0");

  ASSERT_TRUE(after) << after.error().detail;
  EXPECT_EQ(after->attest.clock.reset_count, before->attest.clock.reset_count + 5);
  EXPECT_EQ(check_clock(memory_of(before->attest), after->attest).value(), ClockChange::kReset);
  EXPECT_EQ(check_clock(memory_of(after->attest), quoted("sha256:0")->attest).value(),
            ClockChange::kRunning);
}

TEST_F(TpmTest, CannotGoBackToAnOldState) {
  stop();
  const fs::path copy = state_.string() + "-old";
  fs::copy(state_, copy, fs::copy_options::recursive);
  start();
  ASSERT_TRUE(quoted("sha256:0"));
  power_cut();
  power_cut();
  const auto last = quoted("sha256:0");
  ASSERT_TRUE(last);
  stop();
  fs::remove_all(state_);
  fs::rename(copy, state_);
  start();

  const auto rolled_back = quoted("sha256:0");

  ASSERT_TRUE(rolled_back);
  EXPECT_FALSE(check_clock(memory_of(last->attest), rolled_back->attest));
}

TEST_F(TpmTest, RefusesABankThatItDoesNotHave) {
  const auto values = tpm_->read_pcrs({{{HashAlg::kSha512, 1}}});
  EXPECT_TRUE(!values || values->size() == 1) << "a bank is there, or refused: never half";
  EXPECT_FALSE(tpm_->extend(10, {{HashAlg::kSha256, Bytes(20)}}));
}

TEST(TpmAddress, ThatLeadsNowhereIsSaid) {
  const auto tpm = Tpm::open("swtpm:path=/nonexistent/tpm");
  ASSERT_FALSE(tpm);
  EXPECT_EQ(tpm.error().rsc, Rsc::kTargetNotReachable);
}

TEST(EmulatorEnd, LeavesNothingBehind) {
  fs::path socket;
  {
    auto emulator = Emulator::start();
    ASSERT_TRUE(emulator) << emulator.error().detail;
    socket = emulator->tcti().substr(std::string("swtpm:path=").size());
    EXPECT_TRUE(fs::exists(socket));
  }
  EXPECT_FALSE(fs::exists(socket.parent_path()));
}

TEST_F(TpmTest, CertifiesTheDeviceKeyThatSigns) {
  const auto device = tpm_->device_key();
  const auto attestation = tpm_->attestation_key();
  ASSERT_TRUE(device && attestation);
  EXPECT_NE(device->name(), attestation->name());
  EXPECT_FALSE(check_attestation_key(*device));  // it signs whatever it is given

  const auto signature = tpm_->sign(view_of("a record"));
  const auto certified = tpm_->certify_device_key(kNonce);

  ASSERT_TRUE(signature) << signature.error().detail;
  const auto key = crypto::PublicKey::from_pem(*pem_of(*device));
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_TRUE(key->verify(view_of("a record"), *signature));
  EXPECT_FALSE(key->verify(view_of("another"), *signature));
  ASSERT_TRUE(certified) << certified.error().detail;
  const auto verifier = AttestationKey::from_public_area(*attestation);
  EXPECT_TRUE(
      verifier->verify(certified->message, *verifier->read_signature(certified->signature)));
  const auto attest = parse_attest(certified->message);
  ASSERT_TRUE(attest) << attest.error().detail;
  EXPECT_EQ(std::get<CertifyInfo>(attest->body).name, device->name());
  EXPECT_EQ(attest->extra_data, kNonce);
}

// TCG EK Credential Profile clause 2.2.1.4
TEST_F(TpmTest, ReadsTheCertificateThatItsMakerPutIntoIt) {
  constexpr std::uint32_t kEccCertificate = 0x01C0000A;
  ASSERT_EQ(*tpm_->endorsement_certificate(KeyKind::kEccP256), "");
  Bytes certificate = {0x30, 0x82, 0x02, 0xB8};  // and 696 bytes more: two commands
  for (int i = 0; i < 696; ++i) certificate.push_back(static_cast<std::uint8_t>(i));
  tpm_.reset();
  put_certificate(emulator_->tcti(), kEccCertificate, certificate, 1000);
  tpm_.emplace(*Tpm::open(emulator_->tcti()));

  const auto pem = tpm_->endorsement_certificate(KeyKind::kEccP256);

  ASSERT_TRUE(pem) << pem.error().detail;
  const std::string head = "-----BEGIN CERTIFICATE-----\n", end = "\n-----END CERTIFICATE-----\n";
  ASSERT_TRUE(pem->starts_with(head) && pem->ends_with(end)) << *pem;
  std::string body = pem->substr(head.size(), pem->size() - head.size() - end.size());
  EXPECT_EQ(body.find('\n'), 64U);
  std::erase(body, '\n');
  EXPECT_EQ(*from_base64(body), certificate);
  EXPECT_EQ(*tpm_->endorsement_certificate(KeyKind::kRsa2048), "");
}

TEST_F(TpmTest, MakesMacsWithKeysThatItHasAdopted) {
  const Bytes key(32, 9);
  const auto adopted = tpm_->adopt_mac_key(key);
  ASSERT_TRUE(adopted) << adopted.error().detail;
  stop();
  start();

  const auto mac = tpm_->mac(*adopted, view_of("a report"));

  ASSERT_TRUE(mac) << mac.error().detail;
  EXPECT_EQ(*mac, hmac(HashAlg::kSha256, key, {view_of("a report")}));
  EXPECT_FALSE(tpm_->mac(Bytes(10), view_of("a report")));
  EXPECT_FALSE(tpm_->adopt_mac_key({}));
  EXPECT_FALSE(tpm_->mac(*adopted, Bytes(20 * 1024 + 1)));
}

TEST_F(TpmTest, MakesMacsOfMessagesThatAreLongerThanACommand) {
  const Bytes key(32, 9);
  const auto adopted = tpm_->adopt_mac_key(key);
  ASSERT_TRUE(adopted) << adopted.error().detail;

  for (const std::size_t size : {0u, 1u, 1024u, 1025u, 2048u, 20u * 1024u}) {
    const Bytes message(size, 0x5A);
    const auto mac = tpm_->mac(*adopted, message);
    ASSERT_TRUE(mac) << size << ": " << mac.error().detail;
    EXPECT_EQ(*mac, hmac(HashAlg::kSha256, key, {message})) << size;
  }
}

}  // namespace
}  // namespace gatehouse::attest

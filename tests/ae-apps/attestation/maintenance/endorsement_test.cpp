// Enrolment by the certificate that the maker of the TPM gave to its endorsement key.
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/ae-apps/attestation/maintenance/maintenance_world.h"
#include "tests/ae-apps/attestation/tpm/nv_certificate.h"

namespace gatehouse::center {
namespace {

namespace fs = std::filesystem;

Value attest_now() { return Value::object({{"attest", kDevice}}); }

struct Freer {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Freer>;

/// A maker of TPMs.
class Maker {
 public:
  Maker() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {
    anchor_ = certify(key_.get(), nullptr, "CA:TRUE", 3600);
  }
  const std::string& anchor() const { return anchor_; }
  /// A certificate of that key (PEM), for that usage (nullptr: an authority), for that time.
  std::string certify(EVP_PKEY* key, const char* usage, const char* constraints, long seconds) {
    std::unique_ptr<X509, Freer> made(X509_new());
    X509* x = made.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x), -7200);
    X509_gmtime_adj(X509_getm_notAfter(x), seconds);
    name(X509_get_issuer_name(x), "maker");
    name(X509_get_subject_name(x), usage == nullptr ? "maker" : "unknown");
    X509_set_pubkey(x, key);
    add(x, NID_basic_constraints, ("critical," + std::string(constraints)).c_str());
    add(x, NID_subject_key_identifier, "hash");
    if (usage != nullptr) {
      add(x, NID_authority_key_identifier, "keyid");
      add(x, NID_ext_key_usage, usage);
      add(x, NID_key_usage, "critical,keyAgreement");
    } else {
      add(x, NID_key_usage, "critical,keyCertSign");
    }
    X509_sign(x, key_.get(), EVP_sha256());
    const std::unique_ptr<BIO, Freer> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), x);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    std::string text(data, static_cast<std::size_t>(size));
    if (usage == nullptr) own_ = std::move(made);
    return text;
  }

 private:
  static void name(X509_NAME* to, const char* text) {
    X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text),
                               -1, -1, 0);
  }
  void add(X509* to, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, own_ ? own_.get() : to, to, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    ASSERT_NE(made, nullptr) << value;
    X509_add_ext(to, made, -1);
    X509_EXTENSION_free(made);
  }
  Key key_;
  std::unique_ptr<X509, Freer> own_;
  long serial_ = 0;
  std::string anchor_;
};

Key key_of_pem(const std::string& pem) {
  const std::unique_ptr<BIO, Freer> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
}

constexpr const char* kEkUsage = "2.23.133.8.1";
struct MakerCase {
  std::string name;
  std::function<std::string(Maker&, EVP_PKEY* ek)> certificate;
  std::string refused;  ///< within the reason; empty: enrolled
};
class EndorsementCertificate : public testing::TestWithParam<MakerCase> {};

// TCG EK Credential Profile clause 3.2
TEST_P(EndorsementCertificate, LeadsToTheMakerOrThereIsNoEnrolment) {
  MaintenanceWorld world;
  Maker maker;
  const Key ek = key_of_pem(
      *attest::pem_of(*attest::parse_public_area(world.attester().identity().endorsement_key)));
  world.certify_endorsement(GetParam().certificate(maker, ek.get()), maker.anchor());

  ASSERT_TRUE(world.center().command(attest_now()));

  if (GetParam().refused.empty()) {
    EXPECT_TRUE(world.run_until("attested")) << world.all_news() << world.refused();
  } else {
    ASSERT_TRUE(world.run_until("refused")) << world.all_news();
    EXPECT_NE(world.refused().find(GetParam().refused), std::string::npos) << world.refused();
  }
}
INSTANTIATE_TEST_SUITE_P(
    Of, EndorsementCertificate,
    testing::Values(MakerCase{"its_maker",
                              [](Maker& maker, EVP_PKEY* ek) {
                                return maker.certify(ek, kEkUsage, "CA:FALSE", 3600);
                              },
                              ""},
                    MakerCase{"another_maker",
                              [](Maker&, EVP_PKEY* ek) {
                                return Maker().certify(ek, kEkUsage, "CA:FALSE", 3600);
                              },
                              "does not lead to an anchor"},
                    MakerCase{"a_time_that_is_over",
                              [](Maker& maker, EVP_PKEY* ek) {
                                return maker.certify(ek, kEkUsage, "CA:FALSE", -60);
                              },
                              "certificate has expired"},
                    MakerCase{"another_usage",
                              [](Maker& maker, EVP_PKEY* ek) {
                                return maker.certify(ek, "clientAuth", "CA:FALSE", 3600);
                              },
                              "is not for the usage 2.23.133.8.1"},
                    MakerCase{"another_key",
                              [](Maker& maker, EVP_PKEY*) {
                                const Key other(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
                                return maker.certify(other.get(), kEkUsage, "CA:FALSE", 3600);
                              },
                              "the certificate is that of another key"},
                    MakerCase{"nobody", [](Maker&, EVP_PKEY*) { return std::string(); },
                              "there is no certificate of it"}),
    [](const auto& row) { return row.param.name; });

Bytes der_of(const std::string& pem) {
  const std::unique_ptr<BIO, Freer> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<X509, Freer> x(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  Bytes out(static_cast<std::size_t>(i2d_X509(x.get(), nullptr)));
  unsigned char* end = out.data();
  i2d_X509(x.get(), &end);
  return out;
}

// As in a TPM that was bought: no file says whose it is.
TEST(EndorsementInTheTpm, IsEnoughWithoutAFile) {
  MaintenanceWorld world;
  Maker maker;
  const Key ek = key_of_pem(
      *attest::pem_of(*attest::parse_public_area(world.attester().identity().endorsement_key)));
  const Bytes certificate = der_of(maker.certify(ek.get(), kEkUsage, "CA:FALSE", 3600));
  world.ek_anchors_pem = maker.anchor();
  world.stop_car();
  {
    const auto tpm = attest::Emulator::start(world.attester_settings().folder / "tpm");
    ASSERT_TRUE(tpm) << tpm.error().detail;
    attest::put_certificate(tpm->tcti(), 0x01C0000A, certificate, 1000);
  }
  world.restart_car();

  ASSERT_TRUE(world.center().command(attest_now()));

  EXPECT_TRUE(world.run_until("attested")) << world.all_news() << world.refused();
  EXPECT_EQ(der_of(world.attester().identity().ek_certificate_pem), certificate);
}

// Who is known by its certificate alone cannot be replaced by another TPM of the same maker.
TEST(EndorsementPinned, AnotherTpmOfTheSameMakerIsRefused) {
  MaintenanceWorld world;
  Maker maker;
  const auto certify = [&] {
    const Key ek = key_of_pem(
        *attest::pem_of(*attest::parse_public_area(world.attester().identity().endorsement_key)));
    world.certify_endorsement(maker.certify(ek.get(), kEkUsage, "CA:FALSE", 3600), maker.anchor());
  };
  certify();
  ASSERT_TRUE(world.center().command(attest_now()));
  ASSERT_TRUE(world.run_until("attested")) << world.all_news() << world.refused();
  world.stop_car();
  fs::remove_all(world.attester_settings().folder / "tpm");
  fs::remove_all(world.attester_settings().folder / "logs");
  world.restart_car();
  certify();

  const auto again = world.ask_verifier(
      "enrol", Value::object({{"device", kDevice},
                              {"identity", attest::to_value(world.attester().identity())}}));

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().detail, "ek: it is not the endorsement key of car-1");
}

}  // namespace
}  // namespace gatehouse::center

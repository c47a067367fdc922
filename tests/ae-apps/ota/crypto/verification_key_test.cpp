#include "ae-apps/ota/crypto/verification_key.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/crypto/named_digest.h"

namespace gatehouse::crypto {
namespace {

/// A private key of any kind, as others have it.
class ForeignSigner {
 public:
  explicit ForeignSigner(EVP_PKEY* key) : key_(key) {}
  ~ForeignSigner() { EVP_PKEY_free(key_); }
  ForeignSigner(const ForeignSigner&) = delete;
  ForeignSigner& operator=(const ForeignSigner&) = delete;

  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string out(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
  }
  Bytes sign(std::string_view text, const EVP_MD* digest, int pss_salt) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* parameters = nullptr;
    EVP_DigestSignInit(context, &parameters, digest, nullptr, key_);
    if (pss_salt != kNoPss) {
      EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, pss_salt);
    }
    Bytes out(1024);
    std::size_t length = out.size();
    const ByteView message = view_of(text);
    EVP_DigestSign(context, out.data(), &length, message.data(), message.size());
    out.resize(length);
    EVP_MD_CTX_free(context);
    return out;
  }
  static constexpr int kNoPss = -100;

 private:
  EVP_PKEY* key_;
};

TEST(VerificationKey, VerifiesRsaPssWithSaltsOfAnyLength) {
  const ForeignSigner signer(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  const auto key = VerificationKey::from_pem(signer.pem());
  ASSERT_TRUE(key) << key.error().detail;

  EXPECT_EQ(key->default_scheme(), Scheme::kRsaPssSha256);
  for (const int salt : {RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX, 0}) {
    const Bytes good = signer.sign("text", EVP_sha256(), salt);
    EXPECT_TRUE(key->verify(Scheme::kRsaPssSha256, view_of("text"), good)) << salt;
    EXPECT_FALSE(key->verify(Scheme::kRsaPssSha256, view_of("test"), good)) << salt;
    EXPECT_FALSE(key->verify(Scheme::kRsaPssSha512, view_of("text"), good)) << salt;
  }
  const Bytes pkcs1 = signer.sign("text", EVP_sha256(), ForeignSigner::kNoPss);
  EXPECT_FALSE(key->verify(Scheme::kRsaPssSha256, view_of("text"), pkcs1)) << "PKCS#1 1.5";
  EXPECT_FALSE(key->verify(Scheme::kEd25519, view_of("text"), pkcs1));
}

TEST(VerificationKey, RefusesShortRsaKeysAndOtherCurves) {
  const ForeignSigner weak(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}));
  const ForeignSigner curve(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1"));

  EXPECT_FALSE(VerificationKey::from_pem(weak.pem()));
  EXPECT_FALSE(VerificationKey::from_pem(curve.pem()));
  EXPECT_FALSE(VerificationKey::from_pem("no key"));
  EXPECT_FALSE(VerificationKey::from_ed25519(Bytes(31)));
  EXPECT_FALSE(VerificationKey::from_point(Bytes(65)));
  EXPECT_FALSE(VerificationKey::from_point(Bytes(64)));
}

TEST(VerificationKey, IsTheSameHoweverItWasWritten) {
  const auto p256 = *SigningKey::generate(Algorithm::kEcdsaP256);
  const auto ed25519 = *SigningKey::generate(Algorithm::kEd25519);
  const ByteView p256_spki = p256.public_key().spki_der();
  const ByteView ed25519_spki = ed25519.public_key().spki_der();
  const auto point = VerificationKey::from_point(p256_spki.last(65));
  const auto raw = VerificationKey::from_ed25519(ed25519_spki.last(32));
  ASSERT_TRUE(point);
  ASSERT_TRUE(raw);

  EXPECT_EQ(point->spki_der(), p256.public_key().spki_der());
  EXPECT_EQ(raw->spki_der(), ed25519.public_key().spki_der());
  EXPECT_TRUE(point->verify(Scheme::kEcdsaP256, view_of("m"), *p256.sign(view_of("m"))));
  EXPECT_TRUE(raw->verify(Scheme::kEd25519, view_of("m"), *ed25519.sign(view_of("m"))));
}

TEST(VerificationKey, VerifiesEcdsaOnP384) {
  const ForeignSigner signer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
  const auto key = VerificationKey::from_pem(signer.pem());
  ASSERT_TRUE(key);
  const Bytes good = signer.sign("m", EVP_sha384(), ForeignSigner::kNoPss);

  EXPECT_TRUE(key->verify(Scheme::kEcdsaP384, view_of("m"), good));
  EXPECT_FALSE(key->verify(Scheme::kEcdsaP256, view_of("m"), good));
}

TEST(NamedDigest, KnowsTheNamesOfMetadata) {
  const auto digest = [](std::string_view name) {
    auto made = NamedDigest::make(name);
    if (!made) return std::string("unknown");
    made->update(view_of("a"));
    made->update(view_of("bc"));
    return to_hex(made->finish());
  };

  // FIPS 180-4 and FIPS 202, "abc"
  EXPECT_EQ(digest("sha256"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("SHA-256"), digest("sha256"));
  EXPECT_EQ(digest("sha512").substr(0, 16), "ddaf35a193617aba");
  EXPECT_EQ(digest("sha3-256").substr(0, 16), "3a985da74fe225b2");
  EXPECT_EQ(digest("md5"), "unknown");
}

}  // namespace
}  // namespace gatehouse::crypto

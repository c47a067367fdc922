#include "ae-apps/ota/crypto/verification_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <string>

namespace gatehouse::crypto {
namespace {

constexpr std::size_t kMaxPemBytes = 64 * 1024;
constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 16384;  // a larger one costs more time than it is worth

enum class Kind : std::uint8_t { kEd25519, kP256, kP384, kRsa };

struct SchemeRow {
  Scheme scheme;
  std::string_view name;
  Kind kind;
  const char* digest;  ///< nullptr: the scheme has its own
};
constexpr SchemeRow kSchemes[] = {
    {Scheme::kEd25519, "ed25519", Kind::kEd25519, nullptr},
    {Scheme::kEcdsaP256, "ecdsa-sha2-nistp256", Kind::kP256, "SHA256"},
    {Scheme::kEcdsaP384, "ecdsa-sha2-nistp384", Kind::kP384, "SHA384"},
    {Scheme::kRsaPssSha256, "rsassa-pss-sha256", Kind::kRsa, "SHA256"},
    {Scheme::kRsaPssSha384, "rsassa-pss-sha384", Kind::kRsa, "SHA384"},
    {Scheme::kRsaPssSha512, "rsassa-pss-sha512", Kind::kRsa, "SHA512"},
};

const SchemeRow& row_of(Scheme scheme) {
  for (const SchemeRow& row : kSchemes) {
    if (row.scheme == scheme) return row;
  }
  return kSchemes[0];
}

struct Freer {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

std::optional<Kind> kind_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return Kind::kEd25519;
  if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits >= kLeastRsaBits && bits <= kMostRsaBits) return Kind::kRsa;
    return std::nullopt;
  }
  std::array<char, 32> group{};
  if (EVP_PKEY_is_a(key, "EC") != 1 ||
      EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) {
    return std::nullopt;
  }
  const std::string_view name = group.data();
  if (name == "prime256v1") return Kind::kP256;
  if (name == "secp384r1") return Kind::kP384;
  return std::nullopt;
}

EVP_PKEY* key_in_pem(BIO* bio, const std::string& pem) {
  if (pem.find("-----BEGIN CERTIFICATE-----") != std::string::npos) {
    const Handle<X509> certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
    return certificate ? X509_get_pubkey(certificate.get()) : nullptr;
  }
  // Reads "RSA PUBLIC KEY" too.
  return PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
}

}  // namespace

std::string_view name_of(Scheme scheme) { return row_of(scheme).name; }

std::optional<Scheme> scheme_named(std::string_view name) {
  for (const SchemeRow& row : kSchemes) {
    if (row.name == name) return row.scheme;
  }
  return std::nullopt;
}

struct VerificationKey::State {
  Handle<EVP_PKEY> key;
  Kind kind;
  Bytes spki;
};

Result<VerificationKey> VerificationKey::adopt(void* evp_pkey) {
  Handle<EVP_PKEY> key(static_cast<EVP_PKEY*>(evp_pkey));
  ERR_clear_error();
  if (!key) return fail(Rsc::kBadRequest, "not a public key");
  const auto kind = kind_of(key.get());
  if (!kind) return fail(Rsc::kBadRequest, "not a key of a supported kind and size");
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key.get(), &der);
  Bytes spki;
  if (length > 0) spki.assign(der, der + length);
  OPENSSL_free(der);
  return VerificationKey(
      std::make_shared<const State>(State{std::move(key), *kind, std::move(spki)}));
}

Result<VerificationKey> VerificationKey::from_pem(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return fail(Rsc::kBadRequest, "the PEM text is too long");
  const std::string text(pem);
  const Handle<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  EVP_PKEY* key = key_in_pem(bio.get(), text);
  return adopt(key);
}

Result<VerificationKey> VerificationKey::from_ed25519(ByteView raw) {
  return adopt(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
}

Result<VerificationKey> VerificationKey::from_point(ByteView point) {
  const bool p384 = point.size() == 97 || point.size() == 49;
  if (!p384 && point.size() != 65 && point.size() != 33) {
    return fail(Rsc::kBadRequest, "not a point on P-256 or P-384");
  }
  std::string group = p384 ? "secp384r1" : "prime256v1";
  Bytes copy(point.begin(), point.end());
  const std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
      OSSL_PARAM_construct_end()};
  const Handle<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(parameters.data())) != 1) {
    key = nullptr;
  }
  return adopt(key);
}

Scheme VerificationKey::default_scheme() const {
  for (const SchemeRow& row : kSchemes) {
    if (row.kind == state_->kind) return row.scheme;
  }
  return Scheme::kEd25519;
}

bool VerificationKey::fits(Scheme scheme) const { return row_of(scheme).kind == state_->kind; }

const Bytes& VerificationKey::spki_der() const { return state_->spki; }

bool VerificationKey::verify(Scheme scheme, ByteView message, ByteView signature) const {
  const SchemeRow& row = row_of(scheme);
  if (row.kind != state_->kind) return false;
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  bool good = EVP_DigestVerifyInit_ex(context.get(), &key_context, row.digest, nullptr, nullptr,
                                      state_->key.get(), nullptr) == 1;
  if (good && row.kind == Kind::kRsa) {
    good = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_AUTO) == 1;
  }
  good = good && EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                  message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace gatehouse::crypto

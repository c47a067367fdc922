#include "ae-apps/attestation/quote/attestation_key.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "ae-apps/attestation/quote/openssl_key.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxKeyFileBytes = 64 * 1024;
constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 4096;

struct Freer {
  void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
  void operator()(EVP_MD* p) const { EVP_MD_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

Bytes bytes_of_number(const BIGNUM* number) {
  Bytes out(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, out.data());
  return out;
}

/// Empty if r or s is no number that fits.
Bytes der_of(const Signature& signature) {
  const Handle<ECDSA_SIG> pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.r.data(), static_cast<int>(signature.r.size()), nullptr);
  BIGNUM* s = BN_bin2bn(signature.s.data(), static_cast<int>(signature.s.size()), nullptr);
  if (!pair || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &der);
  Bytes out;
  if (length > 0) out.assign(der, der + length);
  OPENSSL_free(der);
  return out;
}

const EVP_MD* md_of(HashAlg alg) {
  static const Handle<EVP_MD> kSha256(EVP_MD_fetch(nullptr, "SHA2-256", nullptr));
  static const Handle<EVP_MD> kSha384(EVP_MD_fetch(nullptr, "SHA2-384", nullptr));
  static const Handle<EVP_MD> kSha512(EVP_MD_fetch(nullptr, "SHA2-512", nullptr));
  switch (alg) {
    case HashAlg::kSha256:
      return kSha256.get();
    case HashAlg::kSha384:
      return kSha384.get();
    case HashAlg::kSha512:
      return kSha512.get();
    case HashAlg::kSha1:
      break;  // never for a signature
  }
  return nullptr;
}

}  // namespace

struct AttestationKey::State {
  PkeyHandle key;
  const Curve* curve = nullptr;  ///< of an EC key
  std::uint16_t scheme = kSchemeEcdsa;
  HashAlg hash = HashAlg::kSha256;
  std::optional<Bytes> name;
};

Result<AttestationKey> AttestationKey::adopt(void* evp_pkey, std::optional<std::uint16_t> scheme,
                                             HashAlg hash, std::optional<Bytes> name) {
  auto state = std::make_shared<State>();
  state->key.reset(static_cast<EVP_PKEY*>(evp_pkey));
  state->hash = hash;
  state->name = std::move(name);
  const bool rsa = EVP_PKEY_is_a(state->key.get(), "RSA") == 1;
  if (rsa) {
    const int bits = EVP_PKEY_get_bits(state->key.get());
    if (bits < kLeastRsaBits || bits > kMostRsaBits) {
      return fail(Rsc::kNotAcceptable, "key: RSA of " + std::to_string(bits) + " bits");
    }
    state->scheme = scheme.value_or(kSchemeRsaSsa);
  } else {
    state->curve = curve_of(state->key.get());
    if (state->curve == nullptr) {
      return fail(Rsc::kNotAcceptable, "key: neither RSA nor of P-256, P-384 or P-521");
    }
    state->scheme = scheme.value_or(kSchemeEcdsa);
  }
  if (rsa == (state->scheme == kSchemeEcdsa)) {
    return fail(Rsc::kNotAcceptable, "key: its scheme is one of another kind of key");
  }
  if (md_of(hash) == nullptr) return fail(Rsc::kNotAcceptable, "key: signatures over SHA-1");
  return AttestationKey(std::move(state));
}

Result<AttestationKey> AttestationKey::from_public_area(const PublicArea& area, HashAlg hash) {
  if (const auto fit = check_attestation_key(area); !fit) return fail(fit.error());
  auto key = pkey_of(area);
  if (!key) return fail(key.error());
  std::optional<std::uint16_t> scheme;
  if (area.scheme != kAlgNull) scheme = area.scheme;
  return adopt(key->release(), scheme, area.scheme_hash.value_or(hash), area.name());
}

Result<AttestationKey> AttestationKey::from_bytes(ByteView bytes, HashAlg hash,
                                                  std::uint16_t rsa_scheme) {
  if (bytes.size() > kMaxKeyFileBytes) return fail(Rsc::kBadRequest, "key: the file is too long");
  if (text_of(bytes).find("-----BEGIN ") != std::string_view::npos) {
    auto key = pkey_of_pem(text_of(bytes));
    if (!key) return fail(key.error());
    const bool rsa = EVP_PKEY_is_a(key->get(), "RSA") == 1;
    return adopt(key->release(), rsa ? rsa_scheme : kSchemeEcdsa, hash, std::nullopt);
  }
  const auto area = parse_public_area(bytes);
  if (!area) return fail(area.error().rsc, "key: neither PEM nor a " + area.error().detail);
  return from_public_area(*area, hash);
}

std::uint16_t AttestationKey::scheme() const { return state_->scheme; }
HashAlg AttestationKey::hash() const { return state_->hash; }
bool AttestationKey::is_rsa() const { return state_->curve == nullptr; }
const std::optional<Bytes>& AttestationKey::name() const { return state_->name; }

std::string AttestationKey::to_pem() const {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), state_->key.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Result<Signature> AttestationKey::read_signature(ByteView bytes) const {
  auto parsed = parse_signature(bytes);
  if (parsed) return parsed;
  Signature plain;
  plain.scheme = scheme();
  plain.hash = hash();
  if (is_rsa()) {
    if (bytes.size() != static_cast<std::size_t>(EVP_PKEY_get_size(state_->key.get()))) {
      return parsed;
    }
    plain.rsa.assign(bytes.begin(), bytes.end());
    return plain;
  }
  if (bytes.empty() || bytes[0] != 0x30) return parsed;
  const unsigned char* at = bytes.data();
  const Handle<ECDSA_SIG> pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(bytes.size())));
  ERR_clear_error();
  if (!pair || at != bytes.data() + bytes.size()) return parsed;
  plain.r = bytes_of_number(ECDSA_SIG_get0_r(pair.get()));
  plain.s = bytes_of_number(ECDSA_SIG_get0_s(pair.get()));
  return plain;
}

Result<void> AttestationKey::verify(ByteView message, const Signature& signature) const {
  if (signature.scheme != scheme() || signature.hash != hash()) {
    return fail(Rsc::kNotAcceptable,
                "signature: made by " + std::string(scheme_name(signature.scheme)) + " over " +
                    std::string(name_of(signature.hash)) + ", this key signs by " +
                    std::string(scheme_name(scheme())) + " over " + std::string(name_of(hash())));
  }
  const bool ec = !is_rsa();
  if (ec && (signature.r.size() > state_->curve->size_bytes ||
             signature.s.size() > state_->curve->size_bytes)) {
    return fail(Rsc::kNotAcceptable, "signature: r or s is longer than the key");
  }
  const Bytes raw = ec ? der_of(signature) : signature.rsa;
  const Bytes hashed = digest(signature.hash, {message});
  const PkeyContext context(EVP_PKEY_CTX_new(state_->key.get(), nullptr));
  bool good = context && EVP_PKEY_verify_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_signature_md(context.get(), md_of(hash())) == 1;
  if (!ec) {
    const bool pss = scheme() == kSchemeRsaPss;
    good = good && EVP_PKEY_CTX_set_rsa_padding(
                       context.get(), pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1;
    // TPMs differ in the length of the salt; any is as safe.
    if (pss) {
      good = good && EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_AUTO) == 1;
    }
  }
  good = good &&
         EVP_PKEY_verify(context.get(), raw.data(), raw.size(), hashed.data(), hashed.size()) == 1;
  ERR_clear_error();
  if (!good) return fail(Rsc::kNotAcceptable, "signature: not one of this key over this message");
  return {};
}

}  // namespace gatehouse::attest

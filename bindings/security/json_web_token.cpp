#include "bindings/security/json_web_token.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <vector>

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxTokenBytes = 16u << 10;
constexpr std::size_t kSignatureBytes = 64;  // r and s of P-256

tl::unexpected<Error> refused(std::string why) {
  return fail(Rsc::kOriginatorHasNoPrivilege, "token: " + std::move(why));
}

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
using Signature = std::unique_ptr<ECDSA_SIG, Release<ECDSA_SIG, ECDSA_SIG_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;

/// r || s as OpenSSL wants it: a DER sequence of two integers.
std::vector<unsigned char> der_of(const std::string& raw) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  const Signature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes, kSignatureBytes / 2, nullptr);
  BIGNUM* s = BN_bin2bn(bytes + kSignatureBytes / 2, kSignatureBytes / 2, nullptr);
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::vector<unsigned char> copy(der, der + size);
  OPENSSL_free(der);
  return copy;
}

bool is_signed_by(evp_pkey_st* key, std::string_view text, const std::string& raw_signature) {
  const std::vector<unsigned char> der = der_of(raw_signature);
  const DigestContext context(EVP_MD_CTX_new());
  return !der.empty() && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), der.data(), der.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

Result<Value> json_part(std::string_view encoded, const char* what) {
  const auto text = decode_base64url(encoded);
  if (!text) return refused(std::string(what) + " is no base64url");
  auto value = parse_json(*text, DecodeLimits{});
  if (!value || !value->is_object()) return refused(std::string(what) + " is no JSON object");
  return value;
}

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFu;
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xFFu);
  }
  // What is left over says nothing: one text, one meaning.
  return (bits & ((1u << count) - 1)) == 0 ? std::optional(std::move(out)) : std::nullopt;
}

Result<void> TokenIssuers::add(const std::string& issuer, const std::string& pem_file) {
  const std::unique_ptr<BIO, int (*)(BIO*)> file(BIO_new_file(pem_file.c_str(), "r"), BIO_free);
  if (!file) return fail(Rsc::kInternalServerError, pem_file + ": cannot be read");
  EVP_PKEY* key = PEM_read_bio_PUBKEY(file.get(), nullptr, nullptr, nullptr);
  if (!key && BIO_reset(file.get()) == 0) {
    const Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (certificate) key = X509_get_pubkey(certificate.get());
  }
  std::shared_ptr<evp_pkey_st> owned(key, EVP_PKEY_free);
  char group[32] = {};
  if (!key || EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1 ||
      std::string_view(group) != "prime256v1") {
    return fail(Rsc::kInternalServerError, pem_file + ": holds no public key on P-256");
  }
  keys_[issuer] = std::move(owned);
  return {};
}

Result<Value> TokenIssuers::verify(std::string_view token) const {
  if (token.size() > kMaxTokenBytes) return refused("is longer than 16 KiB");
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return refused("is no JWS in compact form");
  auto header = json_part(token.substr(0, first), "the header");
  if (!header) return header;
  if (header->string_at("alg") != "ES256") return refused("alg must be ES256");
  if (header->string_at("typ") != "JWT") return refused("typ must be JWT");
  if (header->contains("crit") || header->contains("cty"))
    return refused("crit and cty are not taken");
  auto claims = json_part(token.substr(first + 1, second - first - 1), "the claim set");
  if (!claims) return claims;
  const auto key = keys_.find(claims->string_at("iss"));
  if (key == keys_.end()) return refused("its issuer is not known here");
  const auto signature = decode_base64url(token.substr(second + 1));
  if (!signature || signature->size() != kSignatureBytes ||
      !is_signed_by(key->second.get(), token.substr(0, second), *signature)) {
    return refused("its signature is not that of its issuer");
  }
  return claims;
}

}  // namespace gatehouse

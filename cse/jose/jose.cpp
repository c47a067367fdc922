#include "cse/jose/jose.h"

#include <cjose/cjose.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "cse/codec/json.h"

namespace gatehouse::jose {
namespace {

constexpr std::size_t kMaxBytes = 8u << 20;
constexpr std::size_t kMaxHeaderBytes = 8u << 10;
constexpr std::size_t kTagCharacters = 22;  // 128 bits; a shorter tag would be a weaker one
constexpr std::size_t kIvCharacters = 16;   // 96 bits
constexpr int kCoordinateBytes = 32;

struct Freer {
  void operator()(cjose_jwk_t* p) const { cjose_jwk_release(p); }
  void operator()(cjose_jwe_t* p) const { cjose_jwe_release(p); }
  void operator()(cjose_jws_t* p) const { cjose_jws_release(p); }
  void operator()(cjose_header_t* p) const { cjose_header_release(p); }
  void operator()(char* p) const { std::free(p); }
  void operator()(std::uint8_t* p) const { std::free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIGNUM* p) const { BN_clear_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Freer>;

tl::unexpected<Error> refused(std::string why) {
  ERR_clear_error();
  return fail(Rsc::kOriginatorHasNoPrivilege, "JOSE: " + std::move(why));
}
tl::unexpected<Error> cannot(std::string why) {
  ERR_clear_error();
  return fail(Rsc::kInternalServerError, "JOSE: " + std::move(why));
}

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::optional<const char*> encryption_for(const SharedKey& key) {
  if (key.bytes.size() == 16) return CJOSE_HDR_ENC_A128GCM;
  if (key.bytes.size() == 32) return CJOSE_HDR_ENC_A256GCM;
  return std::nullopt;
}

Owned<cjose_jwk_t> to_cjose(const SharedKey& key) {
  return Owned<cjose_jwk_t>(
      cjose_jwk_create_oct_spec(bytes_of(key.bytes), key.bytes.size(), nullptr));
}

/// The coordinates, and the private number where the key has one.
Owned<cjose_jwk_t> to_cjose(const EcKey& key) {
  const auto number = [&key](const char* name) {
    BIGNUM* made = nullptr;
    EVP_PKEY_get_bn_param(key.get(), name, &made);
    const Owned<BIGNUM> owned(made);
    std::string bytes(made ? kCoordinateBytes : 0, '\0');
    if (made) BN_bn2binpad(made, reinterpret_cast<unsigned char*>(bytes.data()), kCoordinateBytes);
    return bytes;
  };
  std::string x = number(OSSL_PKEY_PARAM_EC_PUB_X), y = number(OSSL_PKEY_PARAM_EC_PUB_Y),
              d = number(OSSL_PKEY_PARAM_PRIV_KEY);
  const auto data = [](std::string& text) {
    return text.empty() ? nullptr : reinterpret_cast<std::uint8_t*>(text.data());
  };
  cjose_jwk_ec_keyspec spec{};
  spec.crv = CJOSE_JWK_EC_P_256;
  spec.x = data(x);
  spec.xlen = x.size();
  spec.y = data(y);
  spec.ylen = y.size();
  spec.d = data(d);
  spec.dlen = d.size();
  Owned<cjose_jwk_t> made(cjose_jwk_create_EC_spec(&spec, nullptr));
  OPENSSL_cleanse(d.data(), d.size());
  return made;
}

/// Texts, lists and objects; cjose takes nothing else.
Owned<cjose_header_t> to_cjose(const Value& header) {
  Owned<cjose_header_t> made(cjose_header_new(nullptr));
  for (const Member& member : *header.as_object()) {
    const char* name = member.name.c_str();
    const std::string* text = member.value.as_string();
    const bool set = made && (text ? cjose_header_set(made.get(), name, text->c_str(), nullptr)
                                   : cjose_header_set_raw(made.get(), name,
                                                          to_json(member.value).c_str(), nullptr));
    if (!set) return nullptr;
  }
  return made;
}

/// The parts between the dots.
std::vector<std::string_view> split(std::string_view compact) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t dot = compact.find('.');
    parts.push_back(compact.substr(0, dot));
    if (dot == compact.npos || parts.size() > 5) return parts;
    compact.remove_prefix(dot + 1);
  }
}

/// What cjose may see: it ends the program by an assertion for some other texts.
bool is_base64url(std::string_view part) {
  return part.size() % 4 != 1 && std::all_of(part.begin(), part.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

/// The header of a form and algorithm that we take.
Result<Value> checked_header(std::string_view compact, std::size_t parts, std::string_view alg,
                             std::string_view enc, const std::string& kid) {
  if (compact.size() > kMaxBytes) return refused("is too long");
  const auto split_up = split(compact);
  if (split_up.size() != parts) return refused("is of another form");
  if (!std::all_of(split_up.begin(), split_up.end(), is_base64url)) {
    return refused("is no base64url");
  }
  auto header = header_of(compact);
  if (!header) return header;
  if (header->string_at("alg") != alg || header->string_at("enc") != enc) {
    return refused("is of another algorithm than the key's: alg \"" + header->string_at("alg") +
                   "\"");
  }
  if (header->contains("crit") || header->contains("zip")) return refused("crit or zip");
  if (header->string_at("kid") != kid) return refused("is of another key");
  return header;
}

template <class Key>
Result<std::string> sign_by(std::string_view payload, const Key& key, const std::string& id,
                            const char* algorithm, Value header) {
  header.set("alg", algorithm).set("kid", id);
  const Owned<cjose_jwk_t> jwk = to_cjose(key);
  const Owned<cjose_header_t> protected_header = to_cjose(header);
  if (!jwk || !protected_header) return cannot("the key '" + id + "' does not sign");
  const Owned<cjose_jws_t> made(cjose_jws_sign(jwk.get(), protected_header.get(), bytes_of(payload),
                                               payload.size(), nullptr));
  const char* compact = nullptr;
  if (!made || !cjose_jws_export(made.get(), &compact, nullptr)) {
    return cannot("the key '" + id + "' does not sign");
  }
  return std::string(compact);
}

template <class Key>
Result<Opened> verify_by(std::string_view jws, const Key& key, const std::string& id,
                         const char* algorithm) {
  auto header = checked_header(jws, 3, algorithm, "", id);
  if (!header) return fail(header.error());
  const Owned<cjose_jwk_t> jwk = to_cjose(key);
  const Owned<cjose_jws_t> read(cjose_jws_import(jws.data(), jws.size(), nullptr));
  if (!jwk || !read) return refused("is no JWS");
  if (!cjose_jws_verify(read.get(), jwk.get(), nullptr)) return refused("the signature is wrong");
  std::uint8_t* payload = nullptr;  // the JWS keeps it
  std::size_t size = 0;
  if (!cjose_jws_get_plaintext(read.get(), &payload, &size, nullptr)) return refused("is no JWS");
  return Opened{std::string(reinterpret_cast<const char*>(payload), size), *std::move(header)};
}

Result<std::shared_ptr<evp_pkey_st>> read_key(const std::string& file, bool is_private) {
  const Owned<BIO> in(BIO_new_file(file.c_str(), "r"));
  if (!in) return cannot("the file '" + file + "' cannot be read");
  const auto no_question = [](char*, int, int, void*) { return 0; };
  EVP_PKEY* key = is_private ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_question, nullptr)
                             : PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr);
  if (!key && !is_private && BIO_reset(in.get()) == 0) {
    const Owned<X509> certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (certificate) key = X509_get_pubkey(certificate.get());
  }
  std::shared_ptr<evp_pkey_st> owned(key, [](EVP_PKEY* k) { EVP_PKEY_free(k); });
  char group[32] = {};
  if (!key || EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1 ||
      std::string_view(group) != "prime256v1") {
    return cannot("the file '" + file + "' holds no key on P-256");
  }
  return owned;
}

}  // namespace

Result<EcKey> EcKey::load_private(const std::string& id, const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return cannot("everybody on this machine may read the key '" + file + "'; chmod 600");
  }
  auto key = read_key(file, true);
  if (!key) return fail(key.error());
  return EcKey(id, *std::move(key));
}

Result<EcKey> EcKey::load_public(const std::string& id, const std::string& file) {
  auto key = read_key(file, false);
  if (!key) return fail(key.error());
  return EcKey(id, *std::move(key));
}

Result<std::string> encrypt(std::string_view payload, const SharedKey& key, Value header) {
  const auto encryption = encryption_for(key);
  if (!encryption) return cannot("a key that encrypts has 16 or 32 bytes");
  header.set("alg", CJOSE_HDR_ALG_DIR).set("enc", *encryption).set("kid", key.id);
  const Owned<cjose_jwk_t> jwk = to_cjose(key);
  const Owned<cjose_header_t> protected_header = to_cjose(header);
  if (!jwk || !protected_header) return cannot("the key '" + key.id + "' does not encrypt");
  const Owned<cjose_jwe_t> made(cjose_jwe_encrypt(jwk.get(), protected_header.get(),
                                                  bytes_of(payload), payload.size(), nullptr));
  const Owned<char> compact(made ? cjose_jwe_export(made.get(), nullptr) : nullptr);
  if (!compact) return cannot("the key '" + key.id + "' does not encrypt");
  return std::string(compact.get());
}

Result<Opened> decrypt(std::string_view jwe, const SharedKey& key) {
  const auto encryption = encryption_for(key);
  if (!encryption) return cannot("a key that encrypts has 16 or 32 bytes");
  auto header = checked_header(jwe, 5, CJOSE_HDR_ALG_DIR, *encryption, key.id);
  if (!header) return fail(header.error());
  const auto parts = split(jwe);
  if (!parts[1].empty() || parts[2].size() != kIvCharacters || parts[4].size() != kTagCharacters) {
    return refused("is no JWE of a shared key");
  }
  const Owned<cjose_jwk_t> jwk = to_cjose(key);
  const Owned<cjose_jwe_t> read(cjose_jwe_import(jwe.data(), jwe.size(), nullptr));
  if (!jwk || !read) return refused("is no JWE");
  std::size_t size = 0;
  const Owned<std::uint8_t> payload(cjose_jwe_decrypt(read.get(), jwk.get(), &size, nullptr));
  if (!payload) return refused("the tag is wrong: another key, or changed on its way");
  return Opened{std::string(reinterpret_cast<const char*>(payload.get()), size),
                *std::move(header)};
}

Result<std::string> sign(std::string_view payload, const SharedKey& key, Value header) {
  if (key.bytes.size() < 32) return cannot("a key that signs has 32 bytes or more");
  return sign_by(payload, key, key.id, CJOSE_HDR_ALG_HS256, std::move(header));
}

Result<std::string> sign(std::string_view payload, const EcKey& key, Value header) {
  return sign_by(payload, key, key.id(), CJOSE_HDR_ALG_ES256, std::move(header));
}

Result<Opened> verify(std::string_view jws, const SharedKey& key) {
  if (key.bytes.size() < 32) return cannot("a key that signs has 32 bytes or more");
  return verify_by(jws, key, key.id, CJOSE_HDR_ALG_HS256);
}

Result<Opened> verify(std::string_view jws, const EcKey& key) {
  return verify_by(jws, key, key.id(), CJOSE_HDR_ALG_ES256);
}

Result<Value> header_of(std::string_view compact) {
  const std::string_view part = compact.substr(0, compact.find('.'));
  if (part.empty() || part.size() > kMaxHeaderBytes) return refused("has no header");
  if (!is_base64url(part)) return refused("the header is no base64url");
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (!cjose_base64url_decode(part.data(), part.size(), &bytes, &size, nullptr)) {
    return refused("the header is no base64url");
  }
  const Owned<std::uint8_t> owned(bytes);
  auto header = parse_json(std::string_view(reinterpret_cast<const char*>(bytes), size));
  if (!header || !header->is_object()) return refused("the header is no JSON object");
  return header;
}

std::size_t parts_of(std::string_view compact) { return split(compact).size(); }

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string mac(32, '\0');
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
            reinterpret_cast<unsigned char*>(mac.data()), &size)) {
    throw std::runtime_error("HMAC-SHA256 is not available");
  }
  return mac;
}

std::string random_text(std::size_t bytes) {
  std::string drawn(bytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(drawn.data()), static_cast<int>(bytes)) != 1) {
    throw std::runtime_error("no random numbers");
  }
  char* text = nullptr;
  std::size_t size = 0;
  cjose_base64url_encode(bytes_of(drawn), bytes, &text, &size, nullptr);
  const Owned<char> owned(text);
  return {text, size};
}

}  // namespace gatehouse::jose

#include "ae-apps/ota/crypto/keys.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/pkcs11.h"

namespace gatehouse::crypto {
namespace {

constexpr std::size_t kMaxPemBytes = 64 * 1024;

struct Freer {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EC_GROUP* p) const { EC_GROUP_free(p); }
  void operator()(EC_POINT* p) const { EC_POINT_free(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

Handle<BIO> bio_of(std::string_view text) {
  return Handle<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

/// An encrypted PEM is an error, never a question on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::optional<Algorithm> algorithm_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return Algorithm::kEd25519;
  char group[32] = {};
  if (EVP_PKEY_is_a(key, "EC") == 1 &&
      EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
      std::string_view(group) == "prime256v1") {
    return Algorithm::kEcdsaP256;
  }
  return std::nullopt;
}

const EVP_MD* digest_of(Algorithm algorithm) {
  return algorithm == Algorithm::kEd25519 ? nullptr : EVP_sha256();
}

Bytes spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  Bytes out;
  if (length > 0) out.assign(der, der + length);
  OPENSSL_free(der);
  return out;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  return algorithm == Algorithm::kEd25519 ? "ed25519" : "ecdsa-p256-sha256";
}

std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (const Algorithm algorithm : {Algorithm::kEcdsaP256, Algorithm::kEd25519}) {
    if (name == name_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

// --- PublicKey -------------------------------------------------------------------------------

struct PublicKey::State {
  State(Handle<EVP_PKEY> k, Algorithm a, Bytes s)
      : made(std::move(k)), algorithm(a), spki(std::move(s)), key_id(sha256(spki)) {}
  /// What from_spki() has put off; nullptr: OpenSSL does not want it.
  EVP_PKEY* key() const {
    std::call_once(once, [this] {
      if (made) return;
      const unsigned char* at = spki.data();
      made.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
      ERR_clear_error();
    });
    return made.get();
  }
  mutable Handle<EVP_PKEY> made;
  mutable std::once_flag once;
  Algorithm algorithm;
  Bytes spki;
  KeyId key_id;
};

/// Source: RFC 5480 clause 2, RFC 8410 clause 4.
Result<PublicKey> PublicKey::from_spki(ByteView der) {
  constexpr std::array<std::uint8_t, 27> kP256 = {
      0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
      0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
  constexpr std::array<std::uint8_t, 12> kEd25519 = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                                     0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
  constexpr std::size_t kPoint = kP256.size() - 1;
  const auto begins = [&](const auto& front, std::size_t size) {
    return der.size() == size && std::equal(front.begin(), front.end(), der.begin());
  };
  std::optional<Algorithm> algorithm;
  if (begins(kEd25519, kEd25519.size() + 32)) algorithm = Algorithm::kEd25519;
  if (begins(kP256, kP256.size() + 64)) {
    static const Handle<EC_GROUP> group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
    const Handle<EC_POINT> point(EC_POINT_new(group.get()));
    if (EC_POINT_oct2point(group.get(), point.get(), der.data() + kPoint, der.size() - kPoint,
                           nullptr) == 1) {
      algorithm = Algorithm::kEcdsaP256;
    }
    ERR_clear_error();
  }
  if (!algorithm) return fail(Rsc::kBadRequest, "no key of P-256 or Ed25519 in its usual form");
  return PublicKey(
      std::make_shared<const State>(nullptr, *algorithm, Bytes(der.begin(), der.end())));
}

Result<PublicKey> PublicKey::from_der(ByteView der) {
  const unsigned char* at = der.data();
  const auto length = static_cast<long>(der.size());
  Handle<EVP_PKEY> key(d2i_PUBKEY(nullptr, &at, length));
  if (!key) {
    at = der.data();
    const Handle<X509> certificate(d2i_X509(nullptr, &at, length));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  }
  const bool all_used = at == der.data() + der.size();
  ERR_clear_error();
  if (!key || !all_used) return fail(Rsc::kBadRequest, "not a public key or certificate");
  const auto algorithm = algorithm_of(key.get());
  if (!algorithm) return fail(Rsc::kBadRequest, "the key is neither P-256 nor Ed25519");
  Bytes spki = spki_of(key.get());
  return PublicKey(std::make_shared<const State>(std::move(key), *algorithm, std::move(spki)));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const Handle<BIO> bio = bio_of(pem.substr(0, kMaxPemBytes));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &length) != 1) {
    ERR_clear_error();
    return fail(Rsc::kBadRequest, "no PEM block");
  }
  const std::string_view kind = name;
  const bool known = kind == "PUBLIC KEY" || kind == "CERTIFICATE";
  Result<PublicKey> key =
      known ? from_der({data, static_cast<std::size_t>(length)})
            : Result<PublicKey>(
                  fail(Rsc::kBadRequest, "the PEM block is no public key or certificate"));
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_clear_free(data, static_cast<std::size_t>(length));
  return key;
}

Result<PublicKey> PublicKey::load(const std::string& path) {
  const Result<Bytes> content = read_file(path, kMaxPemBytes);
  if (!content) return fail(content.error());
  Result<PublicKey> key = content->empty() || content->front() != 0x30 ? from_pem(text_of(*content))
                                                                       : from_der(*content);
  if (!key) return fail(key.error().rsc, path + ": " + key.error().detail);
  return key;
}

Algorithm PublicKey::algorithm() const { return state_->algorithm; }
const KeyId& PublicKey::key_id() const { return state_->key_id; }
const Bytes& PublicKey::spki_der() const { return state_->spki; }

std::string PublicKey::to_pem() const {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), state_->key());
  return text_in(bio.get());
}

bool PublicKey::verify(ByteView message, ByteView signature) const {
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, digest_of(state_->algorithm),
                                         nullptr, state_->key()) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     message.data(), message.size()) == 1;
  ERR_clear_error();
  return good;
}

// --- SigningKey ------------------------------------------------------------------------------

struct SigningKey::State {
  Handle<EVP_PKEY> key;
  bool in_token = false;
  std::string token_pin;
  std::mutex token_mutex;
};

Result<SigningKey> SigningKey::adopt(void* evp_pkey, bool in_token) {
  Handle<EVP_PKEY> key(static_cast<EVP_PKEY*>(evp_pkey));
  if (!key) return fail(Rsc::kBadRequest, "not a private key");
  Result<PublicKey> public_key = PublicKey::from_der(spki_of(key.get()));
  if (!public_key) return fail(public_key.error());
  auto state = std::make_shared<State>();
  state->key = std::move(key);
  state->in_token = in_token;
  return SigningKey(std::move(state), *std::move(public_key));
}

Result<SigningKey> SigningKey::generate(Algorithm algorithm) {
  EVP_PKEY* key = algorithm == Algorithm::kEd25519
                      ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  return adopt(key, false);
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const Handle<BIO> bio = bio_of(pem.substr(0, kMaxPemBytes));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  ERR_clear_error();
  if (key == nullptr) return fail(Rsc::kBadRequest, "no private key in PEM without a passphrase");
  return adopt(key, false);
}

Result<SigningKey> SigningKey::load(const std::string& source) {
  if (source.starts_with("pkcs11:")) {
    Result<TokenKey> opened = open_pkcs11_key(source);
    if (!opened) return fail(opened.error());
    Result<SigningKey> key = adopt(opened->evp_pkey, true);
    if (key) key->state_->token_pin = std::move(opened->pin);
    return key;
  }
  if (const auto closed = refuse_readable_by_others(source); !closed) return fail(closed.error());
  Result<Bytes> content = read_file(source, kMaxPemBytes);
  if (!content) return fail(content.error());
  Result<SigningKey> key = from_pem(text_of(*content));
  wipe(*content);
  if (!key) return fail(key.error().rsc, source + ": " + key.error().detail);
  return key;
}

Result<std::string> SigningKey::to_pem() const {
  if (in_token()) return fail(Rsc::kNotAcceptable, "a key does not leave its token");
  const Handle<BIO> bio(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), state_->key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    ERR_clear_error();
    return fail(Rsc::kInternalServerError, "the key cannot be written");
  }
  return text_in(bio.get());
}

Result<void> SigningKey::save(const std::string& path) const {
  Result<std::string> pem = to_pem();
  if (!pem) return fail(pem.error());
  Result<void> outcome = create_secret_file(path, view_of(*pem));
  OPENSSL_cleanse(pem->data(), pem->size());
  return outcome;
}

bool SigningKey::in_token() const { return state_->in_token; }
void* SigningKey::native() const { return state_->key.get(); }

Result<Bytes> SigningKey::sign(ByteView message) const {
  std::unique_lock<std::mutex> lock(state_->token_mutex, std::defer_lock);
  if (state_->in_token) lock.lock();
  const PinAtHand pin(state_->token_pin);
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t length = 0;
  Bytes signature;
  bool good = EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm()), nullptr,
                                 state_->key.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &length, message.data(), message.size()) == 1;
  if (good) {
    signature.resize(length);
    good = EVP_DigestSign(context.get(), signature.data(), &length, message.data(),
                          message.size()) == 1;
  }
  ERR_clear_error();
  if (!good) return fail(Rsc::kInternalServerError, "the key does not sign");
  signature.resize(length);
  return signature;
}

}  // namespace gatehouse::crypto

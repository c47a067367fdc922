#include "ae-apps/ota/crypto/encryption.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace gatehouse::crypto {
namespace {

struct Freer {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

constexpr std::string_view kPurpose = "GATEHOUSE-WRAP-1";

void must(bool good) {
  if (!good) throw std::runtime_error("OpenSSL cannot encrypt");
}

/// Both directions; the key, the nonce and the associated data are set.
Handle<EVP_CIPHER_CTX> cipher_of(ByteView key, ByteView nonce, ByteView associated, int encrypts) {
  must(key.size() == kContentKeyBytes && nonce.size() == kNonceBytes);
  Handle<EVP_CIPHER_CTX> out(EVP_CIPHER_CTX_new());
  must(out != nullptr && EVP_CipherInit_ex(out.get(), EVP_aes_256_gcm(), nullptr, key.data(),
                                           nonce.data(), encrypts) == 1);
  int done = 0;
  if (!associated.empty()) {
    must(EVP_CipherUpdate(out.get(), nullptr, &done, associated.data(),
                          static_cast<int>(associated.size())) == 1);
  }
  return out;
}

Handle<EVP_PKEY> public_key_of(ByteView spki) {
  const unsigned char* at = spki.data();
  return Handle<EVP_PKEY>(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
}

/// Empty if these two have no secret in common.
Bytes agree(EVP_PKEY* own, EVP_PKEY* peer) {
  const Handle<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(own, nullptr));
  std::size_t size = 0;
  if (!context || peer == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1) {
    return {};
  }
  Bytes out(size);
  if (EVP_PKEY_derive(context.get(), out.data(), &size) != 1) return {};
  out.resize(size);
  return out;
}

/// HKDF with one block of output. Both public keys are part of it, so that the wrapped key is bound
/// to them.
Bytes key_of(Bytes secret, ByteView ephemeral, const PublicKey& recipient, ByteView context) {
  const Sha256Digest extracted = hmac_sha256(ephemeral, secret);
  Bytes info = bytes_of(kPurpose);
  append(info, recipient.spki_der());
  append(info, sha256(context));
  info.push_back(1);
  const Sha256Digest out = hmac_sha256(extracted, info);
  wipe(secret);
  return Bytes(out.begin(), out.end());
}

/// The key that it seals is used once, so the nonce may be always the same.
constexpr std::array<std::uint8_t, kNonceBytes> kOnlyNonce{};

}  // namespace

Bytes seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain) {
  const auto cipher = cipher_of(key, nonce, associated, 1);
  Bytes out(plain.size() + kTagBytes);
  int done = 0;
  int rest = 0;
  must(EVP_EncryptUpdate(cipher.get(), out.data(), &done, plain.data(),
                         static_cast<int>(plain.size())) == 1 &&
       EVP_EncryptFinal_ex(cipher.get(), out.data() + done, &rest) == 1 &&
       EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                           out.data() + plain.size()) == 1);
  return out;
}

Result<Bytes> unseal(ByteView key, ByteView nonce, ByteView associated, ByteView sealed) {
  const auto refused = [] {
    return fail(Rsc::kNotAcceptable, "what was encrypted is altered, or for another key");
  };
  if (sealed.size() < kTagBytes) return refused();
  const auto cipher = cipher_of(key, nonce, associated, 0);
  const std::size_t size = sealed.size() - kTagBytes;
  Bytes tag(sealed.begin() + static_cast<std::ptrdiff_t>(size), sealed.end());
  Bytes out(size + 1);  // never empty, so that there is an address
  int done = 0;
  int rest = 0;
  must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1);
  must(EVP_DecryptUpdate(cipher.get(), out.data(), &done, sealed.data(), static_cast<int>(size)) ==
       1);
  if (EVP_DecryptFinal_ex(cipher.get(), out.data() + done, &rest) != 1) return refused();
  out.resize(size);
  return out;
}

Result<Bytes> wrap_key(ByteView content_key, const PublicKey& recipient, ByteView context) {
  if (recipient.algorithm() != Algorithm::kEcdsaP256) {
    return fail(Rsc::kBadRequest, "images are encrypted for keys on P-256 only");
  }
  const auto ephemeral = SigningKey::generate(Algorithm::kEcdsaP256);
  if (!ephemeral) return fail(ephemeral.error());
  const Handle<EVP_PKEY> peer = public_key_of(recipient.spki_der());
  Bytes secret = agree(static_cast<EVP_PKEY*>(ephemeral->native()), peer.get());
  must(!secret.empty());
  const Bytes& spki = ephemeral->public_key().spki_der();
  Bytes key = key_of(std::move(secret), spki, recipient, context);
  Bytes out{static_cast<std::uint8_t>(spki.size())};
  append(out, spki);
  append(out, seal(key, kOnlyNonce, {}, content_key));
  wipe(key);
  return out;
}

Result<Bytes> unwrap_key(ByteView wrapped, const SigningKey& recipient, ByteView context) {
  const auto malformed = [] {
    return fail(Rsc::kBadRequest, "the encrypted content key has another form");
  };
  if (wrapped.empty() || wrapped.size() != 1U + wrapped[0] + kContentKeyBytes + kTagBytes) {
    return malformed();
  }
  const ByteView spki = wrapped.subspan(1, wrapped[0]);
  const auto ephemeral = PublicKey::from_der(spki);
  if (!ephemeral || ephemeral->algorithm() != Algorithm::kEcdsaP256) return malformed();
  const Handle<EVP_PKEY> peer = public_key_of(ephemeral->spki_der());
  Bytes secret = agree(static_cast<EVP_PKEY*>(recipient.native()), peer.get());
  if (secret.empty()) return fail(Rsc::kNotAcceptable, "the own key cannot decrypt");
  Bytes key = key_of(std::move(secret), spki, recipient.public_key(), context);
  auto out = unseal(key, kOnlyNonce, {}, wrapped.subspan(1U + wrapped[0]));
  wipe(key);
  return out;
}

}  // namespace gatehouse::crypto

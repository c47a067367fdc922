#pragma once
#include <memory>
#include <optional>
#include <string>

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::crypto {

/// What a key can do. Other kinds of keys are refused when they are loaded.
enum class Algorithm : std::uint8_t {
  kEcdsaP256 = 1,  ///< over SHA-256 of the message, signature in DER
  kEd25519 = 2,    ///< over the message itself, signature of 64 bytes
};
/// "ecdsa-p256-sha256" or "ed25519".
std::string_view name_of(Algorithm algorithm);
std::optional<Algorithm> algorithm_named(std::string_view name);

/// Names a key: SHA-256 of its SubjectPublicKeyInfo in DER.
using KeyId = Sha256Digest;

/// A public key. Cheap to copy, immutable, safe to use from several threads.
class PublicKey {
 public:
  /// "PUBLIC KEY" or "CERTIFICATE" in PEM; the first block counts. A certificate gives its key and
  /// is not itself verified. Errors: kBadRequest if it is neither, or the key is neither P-256 nor
  /// Ed25519.
  static Result<PublicKey> from_pem(std::string_view pem);
  /// SubjectPublicKeyInfo or an X.509 certificate, in DER.
  static Result<PublicKey> from_der(ByteView der);
  /// SubjectPublicKeyInfo in DER in its one usual form (91 bytes for P-256, 44 for Ed25519). Cheap,
  /// for very many: what verification needs is made when the key is used first. Errors: kBadRequest
  /// for anything else, also for what is no point of the curve.
  static Result<PublicKey> from_spki(ByteView der);
  /// A file with one of the above. Errors: kNotFound if it cannot be read.
  static Result<PublicKey> load(const std::string& path);

  Algorithm algorithm() const;
  const KeyId& key_id() const;
  const Bytes& spki_der() const;
  std::string to_pem() const;
  /// False for a signature that is wrong in any way, also in its form.
  bool verify(ByteView message, ByteView signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) {
    return a.key_id() == b.key_id();
  }

 private:
  friend class SigningKey;
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// A private key, in memory or in a PKCS#11 token. Cheap to copy (the copies share the key).
/// Threading: any thread; tokens are used by one thread at a time.
class SigningKey {
 public:
  static Result<SigningKey> generate(Algorithm algorithm);
  static Result<SigningKey> from_pem(std::string_view pem);
  /// The path of a PEM file, or an RFC 7512 URI "pkcs11:token=…;object=…?pin-source=file:…".
  /// The PIN: pin-value or pin-source of the URI, else the environment variable
  /// GATEHOUSE_PKCS11_PIN. The module: module-path of the URI, else the environment variable
  /// PKCS11_MODULE_PATH, else SoftHSM2. Errors: kNotFound (no such file, token or object),
  /// kOriginatorHasNoPrivilege (a key file that others may read, a wrong PIN), kBadRequest (not a
  /// usable key). No text of an error holds a PIN.
  static Result<SigningKey> load(const std::string& source);

  /// Writes a new file with mode 0600. Errors: kAlreadyExists rather than to overwrite;
  /// kNotAcceptable for a key in a token.
  Result<void> save(const std::string& path) const;
  Result<std::string> to_pem() const;

  Algorithm algorithm() const { return public_key_.algorithm(); }
  const PublicKey& public_key() const { return public_key_; }
  bool in_token() const;
  /// Errors: kInternalServerError if the token is gone.
  Result<Bytes> sign(ByteView message) const;

  /// An EVP_PKEY* for those who must hand the key to OpenSSL (certificates, TLS); belongs to this
  /// object.
  void* native() const;

 private:
  struct State;
  SigningKey(std::shared_ptr<State> state, PublicKey public_key)
      : state_(std::move(state)), public_key_(std::move(public_key)) {}
  static Result<SigningKey> adopt(void* evp_pkey, bool in_token);
  std::shared_ptr<State> state_;
  PublicKey public_key_;
};

}  // namespace gatehouse::crypto

#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::crypto {

/// How a signature is made, in the words of TUF and Uptane metadata.
enum class Scheme : std::uint8_t {
  kEd25519 = 1,   ///< "ed25519"
  kEcdsaP256,     ///< "ecdsa-sha2-nistp256", signature in DER
  kEcdsaP384,     ///< "ecdsa-sha2-nistp384", signature in DER
  kRsaPssSha256,  ///< "rsassa-pss-sha256", salt of any length
  kRsaPssSha384,  ///< "rsassa-pss-sha384"
  kRsaPssSha512,  ///< "rsassa-pss-sha512"
};
std::string_view name_of(Scheme scheme);
std::optional<Scheme> scheme_named(std::string_view name);

/// A public key of the kinds that metadata of others uses: only for verification. Cheap to copy,
/// immutable, safe to use from several threads.
class VerificationKey {
 public:
  /// "PUBLIC KEY", "RSA PUBLIC KEY" or "CERTIFICATE" in PEM (the certificate is not verified).
  /// Errors: kBadRequest for any other text and for keys that no Scheme can use.
  static Result<VerificationKey> from_pem(std::string_view pem);
  /// The 32 bytes of an Ed25519 key.
  static Result<VerificationKey> from_ed25519(ByteView raw);
  /// A point on P-256 or P-384, compressed or not.
  static Result<VerificationKey> from_point(ByteView point);

  /// The scheme that is meant if nobody says one.
  Scheme default_scheme() const;
  bool fits(Scheme scheme) const;
  /// SubjectPublicKeyInfo: equal for the same key, however it was written.
  const Bytes& spki_der() const;
  /// False for a signature that is wrong in any way, also in its form, and for a scheme that does
  /// not fit.
  bool verify(Scheme scheme, ByteView message, ByteView signature) const;

 private:
  struct State;
  explicit VerificationKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  static Result<VerificationKey> adopt(void* evp_pkey);
  std::shared_ptr<const State> state_;
};

}  // namespace gatehouse::crypto

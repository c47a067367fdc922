#pragma once
#include <memory>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::attest {

/// One side of a Diffie-Hellman exchange on P-256, with a key that is made for it alone and gone
/// with it. Throws std::runtime_error if OpenSSL is broken.
class KeyAgreement {
 public:
  static constexpr std::size_t kPointBytes = 64, kSecretBytes = 32;

  KeyAgreement();
  KeyAgreement(KeyAgreement&&) noexcept;
  KeyAgreement& operator=(KeyAgreement&&) noexcept;
  ~KeyAgreement();

  /// Both coordinates of our public point, one behind the other.
  const Bytes& public_point() const;
  /// The x coordinate of the shared point. Errors: kBadRequest for a point that is not one of the
  /// curve.
  Result<Bytes> shared_with(ByteView point) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::attest

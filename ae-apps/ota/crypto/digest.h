#pragma once
#include <array>
#include <memory>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of data that comes in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(ByteView bytes);
  /// The digest of all bytes so far; then starts again with none.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest sha256(ByteView bytes);

/// HMAC with SHA-256 (RFC 2104). A key of any length, also empty.
Sha256Digest hmac_sha256(ByteView key, ByteView message);

/// Equal length and content; the time taken tells nothing about where the two differ.
bool equal_constant_time(ByteView a, ByteView b);

/// Overwrites a secret so that the compiler cannot leave it out.
void wipe(Bytes& secret);

}  // namespace gatehouse::crypto

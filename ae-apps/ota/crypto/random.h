#pragma once
#include <cstdint>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::crypto {

/// The seam through which randomness enters. Threading: any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual Bytes bytes(std::size_t count) = 0;
};

/// The generator of OpenSSL, seeded by the system. Throws std::runtime_error if that is broken:
/// nothing may go on then.
class SystemRandom final : public Random {
 public:
  Bytes bytes(std::size_t count) override;
};

/// The same bytes for the same seed: for tests only, one thread at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  Bytes bytes(std::size_t count) override;

 private:
  std::uint64_t state_;
};

}  // namespace gatehouse::crypto

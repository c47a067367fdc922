#include "ae-apps/ota/crypto/random.h"

#include <openssl/rand.h>

#include <stdexcept>

namespace gatehouse::crypto {

Bytes SystemRandom::bytes(std::size_t count) {
  Bytes out(count);
  if (count != 0 && RAND_bytes(out.data(), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the random number generator gives no numbers");
  }
  return out;
}

Bytes SeededRandom::bytes(std::size_t count) {
  Bytes out(count);
  for (std::uint8_t& byte : out) {  // splitmix64
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    byte = static_cast<std::uint8_t>(z >> 56);
  }
  return out;
}

}  // namespace gatehouse::crypto

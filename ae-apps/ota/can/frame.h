#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

/// CAN and CAN FD frames as values, and how long they take on a wire. Pure. Source: ISO 11898-1.
namespace gatehouse::can {

using Time = std::chrono::nanoseconds;

inline constexpr std::uint32_t kMaxStandardId = 0x7FF;
inline constexpr std::uint32_t kMaxExtendedId = 0x1FFFFFFF;
inline constexpr std::size_t kMaxClassicBytes = 8;
inline constexpr std::size_t kMaxFdBytes = 64;

struct Frame {
  std::uint32_t id = 0;
  bool extended = false;         ///< 29 bits of identifier instead of 11
  bool fd = false;               ///< CAN FD
  bool bit_rate_switch = false;  ///< of CAN FD: the data go at the data bit rate
  std::uint8_t size = 0;         ///< bytes of data
  std::array<std::uint8_t, kMaxFdBytes> data{};

  ByteView payload() const { return {data.data(), size}; }
  friend bool operator==(const Frame&, const Frame&) = default;
};

/// A frame with this payload; its length is not checked. Longer than 64 bytes is cut.
Frame make_frame(std::uint32_t id, bool extended, bool fd, ByteView payload);

/// The least length that a data length code can say and that holds so many bytes: 0 to 8, 12, 16,
/// 20, 24, 32, 48, 64. nullopt above 64.
std::optional<std::size_t> fd_length_for(std::size_t bytes);
/// Why no controller could send it; nullopt if it is good.
std::optional<std::string> fault_of(const Frame& frame);

/// Less is more urgent: the order in which nodes that begin at the same moment win the bus. A
/// standard identifier wins against an extended one with the same first 11 bits.
std::uint64_t priority_of(const Frame& frame);

struct BitRates {
  std::uint32_t nominal = 500'000;  ///< bit/s
  std::uint32_t data = 2'000'000;   ///< bit/s of the data of CAN FD frames that switch
};

/// Bits of a frame on the wire with its stuff bits and the space behind it.
struct WireBits {
  std::uint32_t nominal = 0;
  std::uint32_t data = 0;  ///< at the data bit rate
};
WireBits wire_bits(const Frame& frame);
Time duration_of(const WireBits& bits, const BitRates& rates);
Time duration_of(const Frame& frame, const BitRates& rates);

}  // namespace gatehouse::can

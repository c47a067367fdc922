#include "ae-apps/ota/can/frame.h"

#include <algorithm>
#include <iterator>

namespace gatehouse::can {
namespace {

/// Lengths above 8 bytes that a data length code can say.
constexpr std::size_t kFdLengths[] = {12, 16, 20, 24, 32, 48, 64};

constexpr std::uint32_t kCrc15 = 0x4599;
constexpr std::uint32_t kTailBits = 1 + 1 + 1 + 7 + 3;  ///< CRC delimiter, ACK, its delimiter,
                                                        ///< end of frame, space between frames
constexpr std::uint32_t kFdTailBits = 1 + 1 + 7 + 3;

/// Counts bits as they go onto the wire: after five equal ones comes one more, of the other kind.
class BitCounter {
 public:
  void put(std::uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) put_bit((value >> i & 1u) != 0);
  }
  void put_bit(bool bit) {
    const bool next = ((crc_ >> 14 & 1u) != 0) != bit;
    crc_ = (crc_ << 1 & 0x7FFF) ^ (next ? kCrc15 : 0);
    put_stuffed(bit);
  }
  /// The checksum itself is stuffed, too.
  void put_crc() {
    const std::uint32_t crc = crc_;
    for (int i = 14; i >= 0; --i) put_stuffed((crc >> i & 1u) != 0);
  }
  std::uint32_t bits() const { return bits_; }

 private:
  void put_stuffed(bool bit) {
    ++bits_;
    run_ = bit == last_ ? run_ + 1 : 1;
    last_ = bit;
    if (run_ < 5) return;
    ++bits_;
    last_ = !last_;
    run_ = 1;
  }
  std::uint32_t bits_ = 0;
  std::uint32_t crc_ = 0;
  bool last_ = true;  ///< an idle bus is recessive
  int run_ = 0;
};

std::uint32_t length_code(std::size_t size) {
  if (size <= kMaxClassicBytes) return static_cast<std::uint32_t>(size);
  const auto* found = std::lower_bound(std::begin(kFdLengths), std::end(kFdLengths), size);
  return 9 + static_cast<std::uint32_t>(found - std::begin(kFdLengths));
}

void put_identifier(BitCounter& out, const Frame& frame, std::uint32_t bit_behind) {
  out.put(0, 1);  // start of frame
  if (!frame.extended) {
    out.put(frame.id, 11);
    out.put(bit_behind, 1);
    out.put(0, 1);  // IDE: standard
    return;
  }
  out.put(frame.id >> 18, 11);
  out.put(3, 2);  // SRR, IDE
  out.put(frame.id & 0x3FFFF, 18);
  out.put(bit_behind, 1);
}

WireBits classic_bits(const Frame& frame) {
  BitCounter out;
  put_identifier(out, frame, 0);
  out.put(0, frame.extended ? 2 : 1);  // reserved
  out.put(length_code(frame.size), 4);
  for (const std::uint8_t byte : frame.payload()) out.put(byte, 8);
  out.put_crc();
  return {out.bits() + kTailBits, 0};
}

WireBits fd_bits(const Frame& frame) {
  BitCounter out;
  put_identifier(out, frame, 0);
  out.put(1, 1);  // FDF
  out.put(0, 1);  // reserved
  out.put(frame.bit_rate_switch ? 1 : 0, 1);
  const std::uint32_t before_switch = out.bits();
  out.put(0, 1);  // ESI: error active
  out.put(length_code(frame.size), 4);
  for (const std::uint8_t byte : frame.payload()) out.put(byte, 8);
  // Stuff count (4), checksum, a fixed stuff bit before each 4 of these bits, CRC delimiter.
  const std::uint32_t checked = 4 + (frame.size <= 16 ? 17 : 21);
  const std::uint32_t behind = out.bits() - before_switch + checked + (checked + 3) / 4 + 1;
  if (frame.bit_rate_switch) return {before_switch + kFdTailBits, behind};
  return {before_switch + behind + kFdTailBits, 0};
}

}  // namespace

Frame make_frame(std::uint32_t id, bool extended, bool fd, ByteView payload) {
  Frame out;
  out.id = id;
  out.extended = extended;
  out.fd = fd;
  out.bit_rate_switch = fd;
  out.size = static_cast<std::uint8_t>(std::min(payload.size(), kMaxFdBytes));
  std::copy_n(payload.begin(), out.size, out.data.begin());
  return out;
}

std::optional<std::size_t> fd_length_for(std::size_t bytes) {
  if (bytes <= kMaxClassicBytes) return bytes;
  const auto* found = std::lower_bound(std::begin(kFdLengths), std::end(kFdLengths), bytes);
  if (found == std::end(kFdLengths)) return std::nullopt;
  return *found;
}

std::optional<std::string> fault_of(const Frame& frame) {
  if (frame.id > (frame.extended ? kMaxExtendedId : kMaxStandardId)) {
    return "the identifier is too large";
  }
  if (!frame.fd && frame.size > kMaxClassicBytes) return "a CAN frame holds at most 8 bytes";
  if (!frame.fd && frame.bit_rate_switch) return "only CAN FD switches the bit rate";
  if (frame.size > kMaxFdBytes || fd_length_for(frame.size) != frame.size) {
    return "no data length code for " + std::to_string(frame.size) + " bytes";
  }
  return std::nullopt;
}

std::uint64_t priority_of(const Frame& frame) {
  if (!frame.extended) return std::uint64_t{frame.id} << 20;
  return std::uint64_t{frame.id >> 18} << 20 | 1u << 19 | (frame.id & 0x3FFFF);
}

WireBits wire_bits(const Frame& frame) { return frame.fd ? fd_bits(frame) : classic_bits(frame); }

Time duration_of(const WireBits& bits, const BitRates& rates) {
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  return Time(static_cast<Time::rep>(bits.nominal * kNanoseconds / rates.nominal +
                                     bits.data * kNanoseconds / rates.data));
}

Time duration_of(const Frame& frame, const BitRates& rates) {
  return duration_of(wire_bits(frame), rates);
}

}  // namespace gatehouse::can

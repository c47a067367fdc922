#pragma once
#include "ae-apps/ota/can/frame.h"

namespace gatehouse::isotp {

/// Two ends of one ISO-TP connection, seen from one of them. Source: ISO 15765-2 (addressing).
struct Address {
  std::uint32_t send_id = 0;
  std::uint32_t receive_id = 0;
  bool extended_ids = false;  ///< 29 bits
  /// Extended addressing: the receiver's address. Mixed: the address extension. Before everything.
  std::optional<std::uint8_t> send_prefix = {};
  std::optional<std::uint8_t> receive_prefix = {};
  /// One to many: a tester sends to it, an ECU hears it too. Single frames only.
  std::optional<std::uint32_t> functional_id = {};
  std::optional<std::uint8_t> functional_prefix = {};

  std::size_t prefix_bytes() const { return send_prefix ? 1 : 0; }
};

inline Address normal(std::uint32_t send_id, std::uint32_t receive_id) {
  return {send_id, receive_id, send_id > can::kMaxStandardId || receive_id > can::kMaxStandardId};
}
/// 29 bits with both addresses in the identifier; functional messages to 0x33.
inline Address normal_fixed(std::uint8_t own, std::uint8_t peer, bool is_tester) {
  const std::uint32_t there = std::uint32_t{peer} << 8 | own;
  const std::uint32_t back = std::uint32_t{own} << 8 | peer;
  Address out{0x18DA0000u | there, 0x18DA0000u | back, true};
  out.functional_id = 0x18DB3300u | (is_tester ? own : peer);
  return out;
}
inline Address extended(std::uint32_t send_id, std::uint32_t receive_id, std::uint8_t peer,
                        std::uint8_t own) {
  Address out = normal(send_id, receive_id);
  out.send_prefix = peer;
  out.receive_prefix = own;
  return out;
}
inline Address mixed(std::uint32_t send_id, std::uint32_t receive_id, std::uint8_t extension) {
  return extended(send_id, receive_id, extension, extension);
}
inline Address mixed_fixed(std::uint8_t own, std::uint8_t peer, std::uint8_t extension) {
  const std::uint32_t there = std::uint32_t{peer} << 8 | own;
  const std::uint32_t back = std::uint32_t{own} << 8 | peer;
  Address out{0x18CE0000u | there, 0x18CE0000u | back, true, extension, extension};
  return out;
}

}  // namespace gatehouse::isotp

#pragma once
#include "ae-apps/ota/can/port.h"

/// What nodes and the bus program say to each other: one packet each, all numbers big-endian.
///   kind(1: 0 frame, 1 sent, 2 bus-off, 3 back) flags(1: 1 extended, 2 FD, 4 switch) id(4) data
/// Pure; the decoder is total.
namespace gatehouse::can {

inline constexpr std::size_t kMaxPacketBytes = 6 + kMaxFdBytes;

Bytes encode_event(const Event& event);
/// nullopt for anything that encode_event would not write, or that no controller could send.
std::optional<Event> decode_event(ByteView packet);

}  // namespace gatehouse::can

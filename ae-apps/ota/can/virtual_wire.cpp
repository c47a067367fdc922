#include "ae-apps/ota/can/virtual_wire.h"

namespace gatehouse::can {
namespace {

constexpr std::uint8_t kExtended = 1, kFd = 2, kSwitch = 4;
constexpr std::size_t kHeaderBytes = 6;

}  // namespace

Bytes encode_event(const Event& event) {
  const Frame& frame = event.frame;
  const int flags = (frame.extended ? kExtended : 0) | (frame.fd ? kFd : 0) |
                    (frame.bit_rate_switch ? kSwitch : 0);
  Bytes out{static_cast<std::uint8_t>(event.kind),     static_cast<std::uint8_t>(flags),
            static_cast<std::uint8_t>(frame.id >> 24), static_cast<std::uint8_t>(frame.id >> 16),
            static_cast<std::uint8_t>(frame.id >> 8),  static_cast<std::uint8_t>(frame.id)};
  append(out, frame.payload());
  return out;
}

std::optional<Event> decode_event(ByteView packet) {
  if (packet.size() < kHeaderBytes || packet.size() > kMaxPacketBytes) return std::nullopt;
  if (packet[0] > static_cast<std::uint8_t>(Event::Kind::kBusIsBack)) return std::nullopt;
  if (packet[1] > (kExtended | kFd | kSwitch)) return std::nullopt;
  Event out;
  out.kind = static_cast<Event::Kind>(packet[0]);
  std::uint32_t id = 0;
  for (const std::uint8_t byte : packet.subspan(2, 4)) id = id << 8 | byte;
  out.frame = make_frame(id, (packet[1] & kExtended) != 0, (packet[1] & kFd) != 0,
                         packet.subspan(kHeaderBytes));
  out.frame.bit_rate_switch = (packet[1] & kSwitch) != 0;
  if (fault_of(out.frame)) return std::nullopt;
  return out;
}

}  // namespace gatehouse::can

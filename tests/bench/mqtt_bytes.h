#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::bench::mqtt {

/// The few packets of MQTT 3.1.1 that a measuring client and an echo need. Clauses of the OASIS
/// standard in brackets.
inline std::string text(std::string_view value) {
  std::string out;
  out += static_cast<char>(value.size() >> 8);
  out += static_cast<char>(value.size() & 0xff);
  return out.append(value);
}
inline std::string packet(unsigned char first, std::string_view rest) {
  std::string out(1, static_cast<char>(first));
  std::size_t length = rest.size();
  do {
    const auto low = static_cast<unsigned char>(length % 128);
    length /= 128;
    out += static_cast<char>(length > 0 ? low | 0x80 : low);
  } while (length > 0);
  return out.append(rest);
}
/// [3.1] Clean session, a minute to live.
inline std::string connect(std::string_view client_id) {
  return packet(0x10, text("MQTT") + std::string("\x04\x02\x00\x3c", 4) + text(client_id));
}
/// [3.8] With QoS 1.
inline std::string subscribe(std::string_view filter) {
  return packet(0x82, std::string("\0\1", 2) + text(filter) + '\1');
}
/// [3.3] With QoS 1.
inline std::string publish(std::string_view topic, std::uint16_t id, std::string_view payload) {
  std::string rest = text(topic);
  rest += static_cast<char>(id >> 8);
  rest += static_cast<char>(id & 0xff);
  return packet(0x32, rest.append(payload));
}

struct Packet {
  unsigned char type = 0;  ///< upper half of the first byte
  std::string_view rest;
  std::size_t size = 0;  ///< with its head
};
/// The packet at the start of `input`; nullopt: it is not whole yet.
inline std::optional<Packet> front(std::string_view input) {
  std::size_t length = 0, at = 1;
  for (int shift = 0; shift < 28; shift += 7, ++at) {
    if (at >= input.size()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(input[at]);
    length |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  ++at;
  if (input.size() < at + length) return std::nullopt;
  return Packet{static_cast<unsigned char>(static_cast<unsigned char>(input[0]) >> 4),
                input.substr(at, length), at + length};
}

struct Message {
  std::string_view topic, payload;
  std::string acknowledgement;
};
/// Of a PUBLISH with QoS 1.
inline Message message_of(const Packet& packet) {
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(packet.rest[0]) << 8 |
                                               static_cast<unsigned char>(packet.rest[1]));
  const std::string_view id = packet.rest.substr(2 + length, 2);
  return {packet.rest.substr(2, length), packet.rest.substr(4 + length), mqtt::packet(0x40, id)};
}
constexpr unsigned char kPublish = 3, kSubscribed = 9;

}  // namespace gatehouse::bench::mqtt

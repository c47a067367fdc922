#include "certs/sim/apdu.h"

namespace gatehouse::sim {
namespace {

constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kShortMaximum = 256;
constexpr std::size_t kExtendedMaximum = 65536;
constexpr std::size_t kMaxTagBytes = 3;

/// Ne of an Le field: zero stands for the maximum of its form.
std::size_t expected_of(std::size_t field, std::size_t maximum) {
  return field == 0 ? maximum : field;
}

std::size_t number(ByteView two_bytes) {
  return static_cast<std::size_t>(two_bytes[0]) << 8 | two_bytes[1];
}

/// What stands behind a command's header in the short form: nothing, Le, Lc and data, or all.
bool read_short_body(ByteView body, Command& command) {
  if (body.size() == 1) {
    command.expected = expected_of(body[0], kShortMaximum);
    return true;
  }
  const std::size_t length = body[0];
  if (length == 0 || body.size() < 1 + length || body.size() > 2 + length) return false;
  command.data.assign(body.begin() + 1, body.begin() + 1 + static_cast<std::ptrdiff_t>(length));
  if (body.size() == 2 + length) command.expected = expected_of(body.back(), kShortMaximum);
  return true;
}

/// The same in the extended form, which begins with a zero byte.
bool read_extended_body(ByteView body, Command& command) {
  if (body.size() == 3) {
    command.expected = expected_of(number(body.subspan(1)), kExtendedMaximum);
    return true;
  }
  if (body.size() < 3) return false;
  const std::size_t length = number(body.subspan(1));
  if (length == 0 || (body.size() != 3 + length && body.size() != 5 + length)) return false;
  const ByteView data = body.subspan(3, length);
  command.data.assign(data.begin(), data.end());
  if (body.size() == 5 + length) {
    command.expected = expected_of(number(body.subspan(3 + length)), kExtendedMaximum);
  }
  return true;
}

/// The bytes of a tag at the front; 0 if they are none.
std::size_t tag_bytes(ByteView from) {
  constexpr std::uint8_t kMore = 0x80;
  constexpr std::uint8_t kInFollowingBytes = 0x1F;
  if (from.empty()) return 0;
  if ((from[0] & kInFollowingBytes) != kInFollowingBytes) return 1;
  for (std::size_t i = 1; i < kMaxTagBytes && i < from.size(); ++i) {
    if ((from[i] & kMore) == 0) return i + 1;
  }
  return 0;
}

struct Length {
  std::size_t field_bytes;
  std::size_t value;
};
std::optional<Length> read_length(ByteView from) {
  if (from.empty()) return std::nullopt;
  if (from[0] < 0x80) return Length{1, from[0]};
  if (from[0] == 0x81 && from.size() >= 2) return Length{2, from[1]};
  if (from[0] == 0x82 && from.size() >= 3) return Length{3, number(from.subspan(1))};
  return std::nullopt;
}

}  // namespace

std::variant<Command, Status> parse_command(ByteView bytes) {
  if (bytes.size() < kHeaderBytes) return Status::kWrongLength;
  Command command{bytes[0], bytes[1], bytes[2], bytes[3], {}, std::nullopt};
  const ByteView body = bytes.subspan(kHeaderBytes);
  if (body.empty()) return command;
  const bool extended = body.size() > 1 && body[0] == 0;
  const bool good = extended ? read_extended_body(body, command) : read_short_body(body, command);
  if (!good) return Status::kWrongLength;
  return command;
}

Bytes answer(ByteView data, Status status) {
  Bytes out(data.begin(), data.end());
  const auto code = static_cast<std::uint16_t>(status);
  out.push_back(static_cast<std::uint8_t>(code >> 8));
  out.push_back(static_cast<std::uint8_t>(code & 0xFF));
  return out;
}

std::optional<Tlv> read_tlv(ByteView& rest) {
  const std::size_t tag_size = tag_bytes(rest);
  if (tag_size == 0) return std::nullopt;
  const auto length = read_length(rest.subspan(tag_size));
  if (!length) return std::nullopt;
  const std::size_t begin = tag_size + length->field_bytes;
  if (rest.size() - begin < length->value) return std::nullopt;
  Tlv out;
  for (std::size_t i = 0; i < tag_size; ++i) out.tag = out.tag << 8 | rest[i];
  out.value = rest.subspan(begin, length->value);
  rest = rest.subspan(begin + length->value);
  return out;
}

std::optional<ByteView> find_tlv(ByteView objects, std::uint32_t tag) {
  while (const auto object = read_tlv(objects)) {
    if (object->tag == tag) return object->value;
  }
  return std::nullopt;
}

void append_tlv(Bytes& out, std::uint32_t tag, ByteView value) {
  for (int shift = 16; shift >= 0; shift -= 8) {
    if (shift == 0 || tag >> shift != 0) out.push_back(static_cast<std::uint8_t>(tag >> shift));
  }
  if (value.size() >= 0x100) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
  } else if (value.size() >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
}

Bytes tlv(std::uint32_t tag, ByteView value) {
  Bytes out;
  append_tlv(out, tag, value);
  return out;
}

}  // namespace gatehouse::sim

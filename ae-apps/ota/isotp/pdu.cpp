#include "ae-apps/ota/isotp/pdu.h"

#include <algorithm>

namespace gatehouse::isotp {
namespace {

constexpr std::size_t kShortFirstLimit = 0xFFF;
constexpr std::uint8_t kDefaultPadding = 0xCC;

std::optional<Pdu> decode_single(ByteView bytes, std::size_t frame_bytes) {
  const std::size_t low = bytes[0] & 15u;
  if (frame_bytes <= can::kMaxClassicBytes) {
    if (low == 0 || low > bytes.size() - 1) return std::nullopt;
    return SingleFrame{bytes.subspan(1, low)};
  }
  if (low != 0 || bytes.size() < 2) return std::nullopt;  // CAN FD: the length is one byte further
  const std::size_t length = bytes[1];
  if (length == 0 || length > bytes.size() - 2) return std::nullopt;
  return SingleFrame{bytes.subspan(2, length)};
}

std::optional<Pdu> decode_first(ByteView bytes, std::size_t frame_bytes, std::size_t prefix_bytes) {
  if (frame_bytes < can::kMaxClassicBytes) return std::nullopt;  // uses its whole frame
  std::uint64_t length = (bytes[0] & 15u) << 8 | bytes[1];
  ByteView data = bytes.subspan(2);
  if (length == 0) {
    for (const std::uint8_t byte : bytes.subspan(2, 4)) length = length << 8 | byte;
    data = bytes.subspan(6);
    if (length <= kShortFirstLimit) return std::nullopt;
  }
  // What a single frame of this size could hold must come as one.
  const Shape shape{frame_bytes > can::kMaxClassicBytes, frame_bytes, {}};
  if (length <= single_frame_limit(shape, prefix_bytes)) return std::nullopt;
  return FirstFrame{length, data};
}

}  // namespace

std::optional<Pdu> decode(ByteView frame_data, std::size_t prefix_bytes) {
  if (frame_data.size() < prefix_bytes + 2) return std::nullopt;
  const ByteView bytes = frame_data.subspan(prefix_bytes);
  switch (bytes[0] >> 4) {
    case 0:
      return decode_single(bytes, frame_data.size());
    case 1:
      return decode_first(bytes, frame_data.size(), prefix_bytes);
    case 2:
      return ConsecutiveFrame{static_cast<std::uint8_t>(bytes[0] & 15u), bytes.subspan(1)};
    case 3:
      if (bytes.size() < 3) return std::nullopt;
      return FlowControl{static_cast<std::uint8_t>(bytes[0] & 15u), bytes[1], bytes[2]};
    default:
      return std::nullopt;
  }
}

std::size_t single_frame_limit(const Shape& shape, std::size_t prefix_bytes) {
  const std::size_t header = shape.frame_bytes > can::kMaxClassicBytes ? 2 : 1;
  return shape.frame_bytes - prefix_bytes - header;
}

Bytes encode_single(ByteView message, const Shape& shape, std::size_t prefix_bytes) {
  Bytes out;
  // A frame of CAN FD that ends up within 8 bytes has the short header.
  Shape small = shape;
  small.frame_bytes = can::kMaxClassicBytes;
  if (message.size() <= single_frame_limit(small, prefix_bytes)) {
    out = {static_cast<std::uint8_t>(message.size())};
  } else {
    out = {0, static_cast<std::uint8_t>(message.size())};
  }
  append(out, message);
  return out;
}

Bytes encode_first(ByteView message, const Shape& shape, std::size_t prefix_bytes) {
  const std::size_t length = message.size();
  Bytes out;
  if (length <= kShortFirstLimit) {
    out = {static_cast<std::uint8_t>(0x10 | length >> 8), static_cast<std::uint8_t>(length)};
  } else {
    out = {0x10,
           0x00,
           static_cast<std::uint8_t>(length >> 24),
           static_cast<std::uint8_t>(length >> 16),
           static_cast<std::uint8_t>(length >> 8),
           static_cast<std::uint8_t>(length)};
  }
  append(out, message.first(shape.frame_bytes - prefix_bytes - out.size()));
  return out;
}

Bytes encode_consecutive(std::uint8_t sequence, ByteView data) {
  Bytes out{static_cast<std::uint8_t>(0x20 | (sequence & 15u))};
  append(out, data);
  return out;
}

Bytes encode_flow(FlowStatus status, std::uint8_t block_size, std::uint8_t st_min) {
  return {static_cast<std::uint8_t>(0x30 | static_cast<unsigned>(status)), block_size, st_min};
}

can::Frame frame_of(std::uint32_t id, bool extended_ids, std::optional<std::uint8_t> prefix,
                    ByteView pdu, const Shape& shape) {
  Bytes data;
  if (prefix) data.push_back(*prefix);
  append(data, pdu);
  std::size_t length = data.size();
  if (shape.padding && length < can::kMaxClassicBytes) length = can::kMaxClassicBytes;
  if (shape.fd) length = can::fd_length_for(length).value_or(can::kMaxFdBytes);
  data.resize(length, shape.padding.value_or(kDefaultPadding));
  return can::make_frame(id, extended_ids, shape.fd, data);
}

Time separation_of(std::uint8_t st_min) {
  constexpr std::uint8_t kLongest = 0x7F;
  if (st_min <= kLongest) return std::chrono::milliseconds(st_min);
  if (st_min >= 0xF1 && st_min <= 0xF9) return std::chrono::microseconds(100 * (st_min - 0xF0));
  return std::chrono::milliseconds(kLongest);
}

}  // namespace gatehouse::isotp

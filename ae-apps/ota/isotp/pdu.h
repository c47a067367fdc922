#pragma once
#include <variant>

#include "ae-apps/ota/isotp/address.h"

/// Protocol data units as frames and as values. Pure; the decoder is total. Source: ISO 15765-2.
namespace gatehouse::isotp {

using Time = can::Time;

struct SingleFrame {
  ByteView data;
};
struct FirstFrame {
  std::uint64_t message_bytes = 0;
  ByteView data;
};
struct ConsecutiveFrame {
  std::uint8_t sequence = 0;  ///< 0 to 15
  ByteView data;              ///< with the padding of the last one
};
enum class FlowStatus : std::uint8_t { kContinue = 0, kWait = 1, kOverflow = 2 };
struct FlowControl {
  std::uint8_t status = 0;  ///< more than 2 is an error that the sender has to tell
  std::uint8_t block_size = 0;
  std::uint8_t st_min = 0;
};
using Pdu = std::variant<SingleFrame, FirstFrame, ConsecutiveFrame, FlowControl>;

/// The view is into the frame's data. nullopt: one that ISO 15765-2 says is to be ignored.
std::optional<Pdu> decode(ByteView frame_data, std::size_t prefix_bytes);

/// How frames are made.
struct Shape {
  bool fd = false;
  std::size_t frame_bytes = 8;                ///< 8 (CAN), or 8 to 64 (CAN FD)
  std::optional<std::uint8_t> padding = 0xCC; /**< CAN frames are filled up to 8 bytes; CAN FD's
                                                   only to a length that exists, with CC if none */
};
/// The longest message that a single frame holds.
std::size_t single_frame_limit(const Shape& shape, std::size_t prefix_bytes);

/// The bytes behind the prefix of a single frame, of a first frame, and of a flow control; the data
/// of the first frame are the beginning of `message`, as many as fit.
Bytes encode_single(ByteView message, const Shape& shape, std::size_t prefix_bytes);
Bytes encode_first(ByteView message, const Shape& shape, std::size_t prefix_bytes);
Bytes encode_consecutive(std::uint8_t sequence, ByteView data);
Bytes encode_flow(FlowStatus status, std::uint8_t block_size, std::uint8_t st_min);
/// Padded as the shape says.
can::Frame frame_of(std::uint32_t id, bool extended_ids, std::optional<std::uint8_t> prefix,
                    ByteView pdu, const Shape& shape);

/// 00-7F: milliseconds; F1-F9: hundreds of microseconds; all else counts as 127 ms.
Time separation_of(std::uint8_t st_min);

}  // namespace gatehouse::isotp

#include "ae-apps/ota/uds/message.h"

namespace gatehouse::uds {

std::uint64_t number_in(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

void append_number(Bytes& out, std::uint64_t value, int width_bytes) {
  for (int shift = (width_bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

Bytes encode_simple(Sid sid, ByteView data) {
  Bytes out{static_cast<std::uint8_t>(sid)};
  append(out, data);
  return out;
}

Bytes encode_subfunction(Sid sid, std::uint8_t subfunction, ByteView data) {
  Bytes out{static_cast<std::uint8_t>(sid), subfunction};
  append(out, data);
  return out;
}

Bytes encode_read(Did did) {
  Bytes out{static_cast<std::uint8_t>(Sid::kReadDataByIdentifier)};
  append_number(out, did, 2);
  return out;
}

Bytes encode_write(Did did, ByteView value) {
  Bytes out{static_cast<std::uint8_t>(Sid::kWriteDataByIdentifier)};
  append_number(out, did, 2);
  append(out, value);
  return out;
}

Bytes encode_routine(std::uint8_t type, RoutineId routine, ByteView record) {
  Bytes out{static_cast<std::uint8_t>(Sid::kRoutineControl), type};
  append_number(out, routine, 2);
  append(out, record);
  return out;
}

Bytes encode_download(const Download& download) {
  Bytes out{static_cast<std::uint8_t>(Sid::kRequestDownload), download.format, 0x44};
  append_number(out, download.address, 4);
  append_number(out, download.size_bytes, 4);
  return out;
}

std::optional<Download> decode_download(ByteView data) {
  if (data.size() < 2) return std::nullopt;
  const std::size_t size_width = data[1] >> 4;
  const std::size_t address_width = data[1] & 15;
  if (size_width < 1 || size_width > 8 || address_width < 1 || address_width > 8) {
    return std::nullopt;
  }
  if (data.size() != 2 + address_width + size_width) return std::nullopt;
  return Download{data[0], number_in(data.subspan(2, address_width)),
                  number_in(data.subspan(2 + address_width))};
}

Bytes encode_transfer(std::uint8_t block_counter, ByteView data) {
  Bytes out;
  out.reserve(data.size() + 2);
  out.push_back(static_cast<std::uint8_t>(Sid::kTransferData));
  out.push_back(block_counter);
  append(out, data);
  return out;
}

Bytes encode_negative(std::uint8_t sid, Nrc nrc) {
  return {kNegativeSid, sid, static_cast<std::uint8_t>(nrc)};
}

Bytes encode_download_response(std::uint32_t max_block_bytes) {
  Bytes out{0x74, 0x40};
  append_number(out, max_block_bytes, 4);
  return out;
}

std::optional<Response> decode_response(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes[0] == kNegativeSid) {
    if (bytes.size() != 3) return std::nullopt;
    return Response{bytes[1], static_cast<Nrc>(bytes[2]), {}};
  }
  if ((bytes[0] & kPositive) == 0) return std::nullopt;
  const ByteView data = bytes.subspan(1);
  return Response{static_cast<std::uint8_t>(bytes[0] - kPositive), std::nullopt,
                  Bytes(data.begin(), data.end())};
}

std::optional<std::uint64_t> decode_download_response(ByteView data) {
  if (data.empty()) return std::nullopt;
  const std::size_t width = data[0] >> 4;
  if (width < 1 || width > 8 || data.size() != 1 + width) return std::nullopt;
  const std::uint64_t value = number_in(data.subspan(1));
  if (value < 3) return std::nullopt;
  return value;
}

}  // namespace gatehouse::uds

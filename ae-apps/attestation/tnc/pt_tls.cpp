#include "ae-apps/attestation/tnc/pt_tls.h"

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kMostEchoed = 1024;

tl::unexpected<Error> malformed(std::string text) {
  return fail(Rsc::kBadRequest, "PT-TLS: " + std::move(text));
}

}  // namespace

Bytes encode(const PtMessage& message) {
  Writer out;
  out.u32(message.vendor & 0xFFFFFF).u32(message.type);
  out.u32(static_cast<std::uint32_t>(kHeaderBytes + message.value.size())).u32(message.id);
  return out.bytes(message.value).take();
}

void PtReader::feed(ByteView bytes) {
  if (broken_) return;
  if (at_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<long>(at_));
    at_ = 0;
  }
  append(buffer_, bytes);
}

Result<std::optional<PtMessage>> PtReader::next() {
  const auto refuse = [this](std::string text) {
    broken_ = true;
    buffer_.clear();
    at_ = 0;
    return malformed(std::move(text));
  };
  if (broken_) return malformed("the stream is broken");
  const ByteView left = ByteView(buffer_).subspan(at_);
  if (left.size() < kHeaderBytes) return std::optional<PtMessage>();
  Reader in(left);
  PtMessage out;
  const std::uint8_t reserved = in.u8();
  out.vendor = std::uint32_t{in.u8()} << 16;
  out.vendor |= in.u16();
  out.type = in.u32();
  const std::uint32_t length = in.u32();
  out.id = in.u32();
  if (reserved != 0) return refuse("the reserved byte is not zero");
  if (length < kHeaderBytes) return refuse("a length below that of its header");
  if (length > max_bytes_) return refuse("a message over the limit");
  if (out.vendor == 0xFFFFFF || out.type == 0xFFFFFFFF) return refuse("a reserved type");
  if (out.id != next_id_) return refuse("message ids do not count up");
  if (left.size() < length) return std::optional<PtMessage>();
  const ByteView value = in.bytes(length - kHeaderBytes);
  out.value = Bytes(value.begin(), value.end());
  at_ += length;
  ++next_id_;
  return std::optional(std::move(out));
}

Bytes encode(const VersionRequest& request) {
  return {0, request.least, request.most, request.preferred};
}

Result<VersionRequest> parse_version_request(ByteView value) {
  if (value.size() != 4) return malformed("a version request of another length than 4");
  const VersionRequest out{value[1], value[2], value[3]};
  if (out.least > out.most || out.preferred < out.least || out.preferred > out.most) {
    return malformed("impossible versions");
  }
  return out;
}

Bytes version_response(std::uint8_t version) { return {0, 0, 0, version}; }

Result<std::uint8_t> parse_version_response(ByteView value) {
  if (value.size() != 4) return malformed("a version response of another length than 4");
  return value[3];
}

Bytes error_body(PtErrorCode code, ByteView offending) {
  Writer out;
  out.u32(kIetf).u32(static_cast<std::uint32_t>(code));
  return out.bytes(offending.first(std::min(offending.size(), kMostEchoed))).take();
}

Result<std::pair<std::uint32_t, Bytes>> parse_error_body(ByteView value) {
  Reader in(value);
  in.u32();
  const std::uint32_t code = in.u32();
  if (!in.good()) return malformed("an error without a code");
  const ByteView copy = in.bytes(in.left());
  if (copy.size() > kMostEchoed) return malformed("an error that echoes too much");
  return std::pair(code, Bytes(copy.begin(), copy.end()));
}

}  // namespace gatehouse::tnc

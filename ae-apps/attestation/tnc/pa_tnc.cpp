#include "ae-apps/attestation/tnc/pa_tnc.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kNoSkip = 0x80;
constexpr std::size_t kMessageHeaderBytes = 8;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kMaxAttributes = 1024;

/// Vendor and number in one word, the vendor in its lower 24 bits.
std::uint32_t vendor_word(std::uint8_t high, std::uint32_t vendor) {
  return std::uint32_t{high} << 24 | (vendor & 0xFFFFFF);
}

PaFault fault_at(std::uint32_t message_id, std::size_t offset, const char* text,
                 PaErrorCode code = PaErrorCode::kInvalidParameter) {
  return {0,
          static_cast<std::uint32_t>(code),
          message_id,
          static_cast<std::uint32_t>(offset),
          std::string("PA-TNC: ") + text,
          {}};
}

}  // namespace

Bytes encode(const PaMessage& message) {
  Writer out;
  out.u8(kVersion).u8(0).u16(0).u32(message.id);
  for (const PaAttribute& attribute : message.attributes) {
    out.u32(vendor_word(attribute.no_skip ? kNoSkip : 0, attribute.vendor)).u32(attribute.type);
    out.u32(static_cast<std::uint32_t>(kHeaderBytes + attribute.value.size()));
    out.bytes(attribute.value);
  }
  return out.take();
}

PaResult<PaMessage> parse_pa_message(ByteView bytes) {
  Reader in(bytes);
  PaMessage out;
  std::size_t at = 0;
  const auto wrong = [&](std::size_t offset, const char* text,
                         PaErrorCode code = PaErrorCode::kInvalidParameter) {
    return tl::unexpected<PaFault>(fault_at(out.id, offset, text, code));
  };
  const std::uint8_t version = in.u8();
  in.bytes(3);  // reserved, not looked at
  out.id = in.u32();
  if (!in.good()) return wrong(0, "the header is cut off");
  if (version != kVersion) return wrong(0, "another version than 1", PaErrorCode::kVersion);
  while (in.left() > 0) {
    at = bytes.size() - in.left();
    if (out.attributes.size() == kMaxAttributes) return wrong(at, "too many attributes");
    PaAttribute attribute;
    const std::uint32_t vendor = in.u32();
    attribute.no_skip = (vendor >> 24 & kNoSkip) != 0;
    attribute.vendor = vendor & 0xFFFFFF;
    attribute.type = in.u32();
    const std::uint32_t length = in.u32();
    if (!in.good()) return wrong(at, "an attribute is cut off");
    if (length < kHeaderBytes || length - kHeaderBytes > in.left()) {
      return wrong(at + 8, "an attribute of an impossible length");
    }
    if (attribute.vendor == 0xFFFFFF || attribute.type == 0xFFFFFFFF) {
      return wrong(at, "a reserved type of attribute");
    }
    const ByteView value = in.bytes(length - kHeaderBytes);
    attribute.value = Bytes(value.begin(), value.end());
    attribute.message_id = out.id;
    attribute.offset = static_cast<std::uint32_t>(at);
    out.attributes.push_back(std::move(attribute));
  }
  return out;
}

PaAttribute error_attribute(const PaFault& fault) {
  Writer value;
  value.u32(vendor_word(0, fault.vendor)).u32(fault.code);
  if (fault.vendor == kTcg) {
    value.bytes(fault.information);
  } else {
    value.u8(kVersion).u8(0).u16(0).u32(fault.message_id);
    switch (static_cast<PaErrorCode>(fault.code)) {
      case PaErrorCode::kInvalidParameter:
        value.u32(fault.offset);
        break;
      case PaErrorCode::kVersion:
        value.u8(kVersion).u8(kVersion).u16(0);
        break;
      case PaErrorCode::kUnsupportedType:
        value.bytes(fault.information);
        break;
    }
  }
  return {true, 0, kPaError, value.take()};
}

std::string complaint_of(const PaAttribute& error) {
  Reader in(error.value);
  const std::uint32_t vendor = in.u32() & 0xFFFFFF;
  const std::uint32_t code = in.u32();
  if (!in.good()) return "an error without a code";
  if (vendor == kTcg) return "error " + std::to_string(code) + " of PTS";
  if (vendor != 0) return "error " + std::to_string(code) + " of vendor " + std::to_string(vendor);
  in.bytes(kMessageHeaderBytes);
  const std::uint32_t offset = in.u32();
  if (code == static_cast<std::uint32_t>(PaErrorCode::kInvalidParameter) && in.good()) {
    return "invalid parameter at byte " + std::to_string(offset);
  }
  return "error " + std::to_string(code);
}

PaFault fault_in(const PaAttribute& attribute, std::string detail) {
  PaFault out;
  out.message_id = attribute.message_id;
  out.offset = attribute.offset + static_cast<std::uint32_t>(kHeaderBytes);
  out.detail = std::move(detail);
  return out;
}

PaFault fault_in(const PaAttribute& attribute, PtsErrorCode code, Bytes information,
                 std::string detail) {
  PaFault out = fault_in(attribute, std::move(detail));
  out.vendor = kTcg;
  out.code = static_cast<std::uint32_t>(code);
  out.information = std::move(information);
  return out;
}

}  // namespace gatehouse::tnc

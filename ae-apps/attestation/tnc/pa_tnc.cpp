#include "ae-apps/attestation/tnc/pa_tnc.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kNoSkip = 0x80;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kMaxAttributes = 1024;

tl::unexpected<Error> wrong(const char* text) {
  return fail(Rsc::kBadRequest, std::string("PA-TNC: ") + text);
}

}  // namespace

Bytes encode(const PaMessage& message) {
  Writer out;
  out.u8(kVersion).u8(0).u16(0).u32(message.id);
  for (const PaAttribute& attribute : message.attributes) {
    out.u8(attribute.no_skip ? kNoSkip : 0).u8(static_cast<std::uint8_t>(attribute.vendor >> 16));
    out.u16(static_cast<std::uint16_t>(attribute.vendor)).u32(attribute.type);
    out.u32(static_cast<std::uint32_t>(kHeaderBytes + attribute.value.size()));
    out.bytes(attribute.value);
  }
  return out.take();
}

Result<PaMessage> parse_pa_message(ByteView bytes) {
  Reader in(bytes);
  PaMessage out;
  const std::uint8_t version = in.u8();
  in.bytes(3);  // reserved, not looked at
  out.id = in.u32();
  if (!in.good()) return wrong("the header is cut off");
  if (version != kVersion) return wrong("another version than 1");
  while (in.left() > 0) {
    if (out.attributes.size() == kMaxAttributes) return wrong("too many attributes");
    PaAttribute attribute;
    attribute.no_skip = (in.u8() & kNoSkip) != 0;
    attribute.vendor = std::uint32_t{in.u8()} << 16;
    attribute.vendor |= in.u16();
    attribute.type = in.u32();
    const std::uint32_t length = in.u32();
    if (!in.good()) return wrong("an attribute is cut off");
    if (length < kHeaderBytes || length - kHeaderBytes > in.left()) {
      return wrong("an attribute of an impossible length");
    }
    if (attribute.vendor == 0xFFFFFF || attribute.type == 0xFFFFFFFF) {
      return wrong("a reserved type of attribute");
    }
    const ByteView value = in.bytes(length - kHeaderBytes);
    attribute.value = Bytes(value.begin(), value.end());
    out.attributes.push_back(std::move(attribute));
  }
  return out;
}

}  // namespace gatehouse::tnc

#include "ae-apps/attestation/tnc/pts.h"

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::uint8_t kNakedKey = 0x80;

PaAttribute attribute(PtsType type, Bytes value) {
  return {true, kTcg, static_cast<std::uint32_t>(type), std::move(value)};
}

tl::unexpected<Error> wrong(const char* text) {
  return fail(Rsc::kBadRequest, std::string("PTS: ") + text);
}

const PaAttribute* find_type(const PaMessage& message, std::uint32_t vendor, std::uint32_t type) {
  const auto found = std::ranges::find_if(message.attributes, [&](const PaAttribute& each) {
    return each.vendor == vendor && each.type == type;
  });
  return found == message.attributes.end() ? nullptr : &*found;
}

}  // namespace

PaAttribute request_capabilities(std::uint32_t bits) {
  return attribute(PtsType::kRequestCapabilities, Writer().u32(bits).take());
}
PaAttribute capabilities(std::uint32_t bits) {
  return attribute(PtsType::kCapabilities, Writer().u32(bits).take());
}
PaAttribute request_algorithms(std::uint16_t bits) {
  return attribute(PtsType::kRequestAlgorithms, Writer().u16(0).u16(bits).take());
}
PaAttribute algorithm(std::uint16_t bit) {
  return attribute(PtsType::kAlgorithm, Writer().u16(0).u16(bit).take());
}
PaAttribute request_aik() { return attribute(PtsType::kRequestAik, Writer().u32(0).take()); }
PaAttribute aik(ByteView spki) {
  return attribute(PtsType::kAik, Writer().u8(kNakedKey).bytes(spki).take());
}
PaAttribute own(OwnType type, std::string_view text) {
  return {true, kOwnVendor, static_cast<std::uint32_t>(type), bytes_of(text)};
}

Result<std::uint32_t> parse_capabilities(ByteView value) {
  Reader in(value);
  const std::uint32_t bits = in.u32();
  if (!in.finished()) return wrong("capabilities of another length than 4");
  return bits;
}

Result<std::uint16_t> parse_algorithms(ByteView value) {
  Reader in(value);
  in.u16();
  const std::uint16_t bits = in.u16();
  if (!in.finished()) return wrong("algorithms of another length than 4");
  return bits;
}

Result<Bytes> parse_aik(ByteView value) {
  Reader in(value);
  const std::uint8_t flags = in.u8();
  const ByteView key = in.bytes(in.left());
  if (!in.good() || key.empty()) return wrong("an empty attestation key");
  if ((flags & kNakedKey) == 0) return wrong("an attestation key must be naked here");
  return Bytes(key.begin(), key.end());
}

const PaAttribute* find(const PaMessage& message, PtsType type) {
  return find_type(message, kTcg, static_cast<std::uint32_t>(type));
}

const PaAttribute* find(const PaMessage& message, OwnType type) {
  return find_type(message, kOwnVendor, static_cast<std::uint32_t>(type));
}

}  // namespace gatehouse::tnc

#include "ae-apps/attestation/tnc/pts.h"

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::HashAlg;
using attest::Reader;
using attest::Writer;

constexpr std::uint8_t kNakedKey = 0x80;
constexpr std::uint16_t kTpm2 = 0x0200;
constexpr std::size_t kVendorBytes = 4;

constexpr std::pair<HashAlg, std::uint16_t> kHashes[] = {{HashAlg::kSha1, kPtsSha1},
                                                         {HashAlg::kSha256, kPtsSha256},
                                                         {HashAlg::kSha384, kPtsSha384},
                                                         {HashAlg::kSha512, kPtsSha512}};

tl::unexpected<Error> wrong(const char* text) {
  return fail(Rsc::kBadRequest, std::string("PTS: ") + text);
}

Bytes copy(ByteView view) { return Bytes(view.begin(), view.end()); }

}  // namespace

std::uint16_t pts_bit(HashAlg alg) {
  return std::ranges::find(kHashes, alg, &std::pair<HashAlg, std::uint16_t>::first)->second;
}

std::optional<HashAlg> hash_of_bit(std::uint16_t bit) {
  for (const auto& [alg, of] : kHashes) {
    if (of == bit) return alg;
  }
  return std::nullopt;
}

PaAttribute pts(PtsType type, Bytes value) {
  return {true, kTcg, static_cast<std::uint32_t>(type), std::move(value)};
}
PaAttribute request_capabilities(std::uint32_t bits) {
  return pts(PtsType::kRequestCapabilities, Writer().u32(bits).take());
}
PaAttribute capabilities(std::uint32_t bits) {
  return pts(PtsType::kCapabilities, Writer().u32(bits).take());
}
PaAttribute request_algorithms(std::uint16_t bits) {
  return pts(PtsType::kRequestAlgorithms, Writer().u16(0).u16(bits).take());
}
PaAttribute algorithm(std::uint16_t bit) {
  return pts(PtsType::kAlgorithm, Writer().u16(0).u16(bit).take());
}
PaAttribute request(PtsType type) { return pts(type, Writer().u32(0).take()); }
PaAttribute aik(ByteView spki) {
  return pts(PtsType::kAik, Writer().u8(kNakedKey).bytes(spki).take());
}
PaAttribute own(OwnType type, std::string_view text, bool no_skip) {
  return {no_skip, kOwnVendor, static_cast<std::uint32_t>(type), bytes_of(text)};
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
  return copy(key);
}

Result<void> parse_request(ByteView value) {
  if (value.size() != 4) return wrong("a request of another length than 4");
  return {};
}

// --- the nonce ---------------------------------------------------------------------------------

PaAttribute encode(const NonceRequest& request) {
  return pts(PtsType::kRequestNonce,
             Writer().u8(0).u8(request.least_bytes).u16(request.groups).take());
}

PaAttribute encode(const NonceResponse& response) {
  Writer out;
  out.u8(0).u16(0).u8(static_cast<std::uint8_t>(response.nonce.size()));
  out.u16(response.group).u16(response.hashes).bytes(response.nonce).bytes(response.point);
  return pts(PtsType::kNonce, out.take());
}

PaAttribute encode(const NonceFinish& finish) {
  Writer out;
  out.u8(0).u8(static_cast<std::uint8_t>(finish.nonce.size())).u16(finish.hash);
  out.bytes(finish.point).bytes(finish.nonce);
  return pts(PtsType::kNonceFinish, out.take());
}

Result<NonceRequest> parse_nonce_request(ByteView value) {
  Reader in(value);
  NonceRequest out;
  in.u8();
  out.least_bytes = in.u8();
  out.groups = in.u16();
  if (!in.finished()) return wrong("a request for a nonce of another length than 4");
  return out;
}

Result<NonceResponse> parse_nonce_response(ByteView value) {
  Reader in(value);
  NonceResponse out;
  in.u8();
  in.u16();
  const std::uint8_t length = in.u8();
  out.group = in.u16();
  out.hashes = in.u16();
  out.nonce = copy(in.bytes(length));
  out.point = copy(in.bytes(in.left()));
  if (!in.good()) return wrong("a nonce that is cut off");
  if (length < kLeastNonceBytes) return wrong("a nonce below 17 bytes");
  if (out.point.size() != kPointBytes) return wrong("a public value of another length than 64");
  return out;
}

Result<NonceFinish> parse_nonce_finish(ByteView value) {
  Reader in(value);
  NonceFinish out;
  in.u8();
  const std::uint8_t length = in.u8();
  out.hash = in.u16();
  out.point = copy(in.bytes(kPointBytes));
  out.nonce = copy(in.bytes(length));
  if (!in.finished()) return wrong("the end of a nonce of an impossible length");
  if (length < kLeastNonceBytes) return wrong("a nonce below 17 bytes");
  return out;
}

// --- the TPM -----------------------------------------------------------------------------------

PaAttribute encode(const TpmVersion& version) {
  Writer out;
  out.u16(kTpm2).u8(0).u8(version.locality).u32(version.revision).u32(version.year);
  std::string vendor = version.vendor;
  vendor.resize(kVendorBytes);
  return pts(PtsType::kTpmVersion, out.bytes(view_of(vendor)).take());
}

Result<TpmVersion> parse_tpm_version(ByteView value) {
  Reader in(value);
  TpmVersion out;
  const std::uint16_t tag = in.u16();
  in.u8();
  out.locality = in.u8();
  out.revision = in.u32();
  out.year = in.u32();
  const ByteView vendor = in.bytes(kVendorBytes);
  if (in.good() && tag != kTpm2) return wrong("a TPM of another version than 2.0");
  if (!in.finished()) return wrong("a version of a TPM of another length than 16");
  out.vendor = std::string(text_of(vendor));
  while (out.vendor.ends_with('\0')) out.vendor.pop_back();
  return out;
}

// --- finding -----------------------------------------------------------------------------------

const PaAttribute* find(const PaMessage& message, std::uint32_t vendor, std::uint32_t type) {
  const auto found = std::ranges::find_if(message.attributes, [&](const PaAttribute& each) {
    return each.vendor == vendor && each.type == type;
  });
  return found == message.attributes.end() ? nullptr : &*found;
}

const PaAttribute* find(const PaMessage& message, PtsType type) {
  return find(message, kTcg, static_cast<std::uint32_t>(type));
}

const PaAttribute* find(const PaMessage& message, OwnType type) {
  return find(message, kOwnVendor, static_cast<std::uint32_t>(type));
}

}  // namespace gatehouse::tnc

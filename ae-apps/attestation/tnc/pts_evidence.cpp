#include "ae-apps/attestation/tnc/pts_evidence.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::uint8_t kPcrIncluded = 0x80;
constexpr std::uint8_t kValidated = 0x40;  // it passed or failed, by the policy that is named
constexpr std::uint8_t kChain = 0x80;      // measured on the way of the trust chain
constexpr std::uint8_t kNoTransformation = 1;
constexpr std::string_view kTimeUnknown = "0000-00-00T00:00:00Z";
constexpr std::uint8_t kTpm2Quote = 0x10;
constexpr std::uint8_t kDirectory = 0x80;
constexpr std::size_t kComponentRequestBytes = 12, kMaxComponentRequests = 64;
constexpr std::size_t kClockBytes = 17, kFirmwareBytes = 8;
constexpr std::size_t kMaxFiles = 100'000;

tl::unexpected<Error> wrong(const char* text) {
  return fail(Rsc::kBadRequest, std::string("PTS: ") + text);
}

Bytes copy(ByteView view) { return Bytes(view.begin(), view.end()); }

void write_name(Writer& out, const ComponentName& name) {
  out.u8(static_cast<std::uint8_t>(name.vendor >> 16)).u16(static_cast<std::uint16_t>(name.vendor));
  out.u8(name.qualifier).u32(name.name);
}

std::uint32_t u24(Reader& in) {
  const std::uint32_t high = in.u8();
  return high << 16 | in.u16();
}

ComponentName read_name(Reader& in) {
  ComponentName out;
  out.vendor = u24(in);
  out.qualifier = in.u8();
  out.name = in.u32();
  return out;
}

}  // namespace

// --- components --------------------------------------------------------------------------------

PaAttribute encode(const std::vector<ComponentRequest>& requests) {
  Writer out;
  for (const ComponentRequest& request : requests) {
    out.u32(std::uint32_t{request.flags} << 24 | (request.depth & 0xFFFFFF));
    write_name(out, request.name);
  }
  return pts(PtsType::kRequestComponents, out.take());
}

Result<std::vector<ComponentRequest>> parse_component_requests(ByteView value) {
  if (value.empty() || value.size() % kComponentRequestBytes != 0 ||
      value.size() > kMaxComponentRequests * kComponentRequestBytes) {
    return wrong("requests for components must be 1 to 64, of 12 bytes each");
  }
  std::vector<ComponentRequest> out;
  Reader in(value);
  while (in.left() > 0) {
    ComponentRequest request;
    request.flags = in.u8();
    request.depth = u24(in);
    request.name = read_name(in);
    out.push_back(request);
  }
  return out;
}

PaAttribute encode(const ComponentEvidence& evidence) {
  Writer out;
  out.u8(kPcrIncluded).u8(0).u16(0);  // not validated here; depth 0
  write_name(out, evidence.name);
  out.u32(std::uint32_t{kChain} << 24 | (evidence.pcr & 0xFFFFFF));
  out.u16(evidence.hash).u8(kNoTransformation).u8(0).bytes(view_of(kTimeUnknown));
  out.sized16(evidence.before).bytes(evidence.after).bytes(evidence.measurement);
  return pts(PtsType::kComponent, out.take());
}

Result<ComponentEvidence> parse_component(ByteView value) {
  Reader in(value);
  ComponentEvidence out;
  const std::uint8_t flags = in.u8();
  u24(in);  // depth
  out.name = read_name(in);
  in.u8();  // how it was measured
  out.pcr = u24(in);
  out.hash = in.u16();
  in.u8();  // transformation
  in.u8();
  in.bytes(kTimeUnknown.size());
  if (in.good() && (flags & kPcrIncluded) == 0) return wrong("a component without its PCR");
  if ((flags & kValidated) != 0) in.sized16();
  const std::uint16_t length = in.u16();
  out.before = copy(in.bytes(length));
  out.after = copy(in.bytes(length));
  out.measurement = copy(in.bytes(in.left()));
  if (!in.good()) return wrong("evidence of a component that is cut off");
  const auto alg = hash_of_bit(out.hash);
  if (!alg) return wrong("evidence of a component with an unknown hash");
  if (out.pcr >= attest::kPcrCount) return wrong("evidence of a component in an unknown PCR");
  if (out.before.size() != attest::size_of(*alg) ||
      out.measurement.size() != attest::size_of(*alg)) {
    return wrong("evidence of a component with a value of another length than its hash");
  }
  return out;
}

// --- the quote ---------------------------------------------------------------------------------

PaAttribute encode(const EvidenceFinal& evidence) {
  Writer out;
  out.u8(kTpm2Quote).u8(0).u16(evidence.hash).sized32(evidence.pcr_digest);
  out.sized16(evidence.qualified_signer).sized16(evidence.clock_info);
  out.sized16(evidence.firmware).sized16(evidence.selection).sized32(evidence.signature);
  return pts(PtsType::kEvidenceFinal, out.take());
}

Result<EvidenceFinal> parse_final(ByteView value) {
  Reader in(value);
  EvidenceFinal out;
  const std::uint8_t flags = in.u8();
  in.u8();
  out.hash = in.u16();
  if (in.good() && flags != kTpm2Quote) return wrong("a quote that is none of a TPM 2.0");
  out.pcr_digest = copy(in.sized32());
  out.qualified_signer = copy(in.sized16());
  out.clock_info = copy(in.sized16());
  out.firmware = copy(in.sized16());
  out.selection = copy(in.sized16());
  out.signature = copy(in.sized32());
  if (!in.finished()) return wrong("a quote of an impossible length");
  const auto alg = hash_of_bit(out.hash);
  if (!alg || out.pcr_digest.size() != attest::size_of(*alg)) {
    return wrong("a quote whose digest is not as long as its hash");
  }
  if (out.clock_info.size() != kClockBytes || out.firmware.size() != kFirmwareBytes) {
    return wrong("a quote with a clock or a version of another length");
  }
  if (out.signature.empty() || out.signature.size() % 2 != 0) {
    return wrong("a signature that is not two numbers of one length");
  }
  return out;
}

// --- files -------------------------------------------------------------------------------------

PaAttribute encode(const FileRequest& request) {
  Writer out;
  out.u8(request.directory ? kDirectory : 0).u8(0).u16(request.id).u32(request.delimiter);
  return pts(PtsType::kRequestFiles, out.bytes(view_of(request.path)).take());
}

Result<FileRequest> parse_file_request(ByteView value) {
  Reader in(value);
  FileRequest out;
  out.directory = (in.u8() & kDirectory) != 0;
  in.u8();
  out.id = in.u16();
  out.delimiter = in.u32();
  if (!in.good()) return wrong("a request for files that is cut off");
  out.path = std::string(text_of(in.bytes(in.left())));
  return out;
}

PaAttribute encode(const FileMeasurements& measurements) {
  Writer out;
  out.u64(measurements.files.size()).u16(measurements.id);
  const std::size_t length = measurements.files.empty() ? 0 : measurements.files[0].first.size();
  out.u16(static_cast<std::uint16_t>(length));
  for (const auto& [digest, path] : measurements.files) out.bytes(digest).sized16(view_of(path));
  return pts(PtsType::kFiles, out.take());
}

Result<FileMeasurements> parse_files(ByteView value) {
  Reader in(value);
  FileMeasurements out;
  const std::uint64_t count = in.u64();
  out.id = in.u16();
  const std::uint16_t length = in.u16();
  if (!in.good()) return wrong("measurements of files that are cut off");
  if (count > kMaxFiles) return wrong("measurements of too many files");
  for (std::uint64_t i = 0; i < count && in.good(); ++i) {
    Bytes digest = copy(in.bytes(length));
    out.files.emplace_back(std::move(digest), std::string(text_of(in.sized16())));
  }
  if (!in.finished()) return wrong("measurements of files of an impossible length");
  return out;
}

}  // namespace gatehouse::tnc

#include "ae-apps/attestation/support/boot_log.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr std::uint32_t kNoAction = 3, kAction = 5;
constexpr std::size_t kSha1Bytes = 20;

/// Source: TCG PC Client Platform Firmware Profile clause 10.4.5.1 (Spec ID event).
Bytes spec_id() {
  Writer out(Endian::kLittle);
  out.bytes(view_of(std::string_view("Spec ID Event03\0", 16)));
  out.u32(0).u8(0).u8(2).u8(0).u8(2);  // class, version 2.0, errata, words of 64 bits
  out.u32(1).u16(static_cast<std::uint16_t>(HashAlg::kSha256));
  out.u16(static_cast<std::uint16_t>(size_of(HashAlg::kSha256))).u8(0);
  return out.take();
}

}  // namespace

Bytes make_boot_log(const std::vector<BootStage>& stages) {
  Writer out(Endian::kLittle);
  out.u32(0).u32(kNoAction).zeros(kSha1Bytes).sized32(spec_id());
  for (const BootStage& stage : stages) {
    out.u32(stage.pcr).u32(kAction).u32(1).u16(static_cast<std::uint16_t>(HashAlg::kSha256));
    out.bytes(digest(HashAlg::kSha256, {view_of(stage.name)})).sized32(view_of(stage.name));
  }
  return out.take();
}

}  // namespace gatehouse::attest

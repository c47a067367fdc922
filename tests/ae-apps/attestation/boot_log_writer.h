#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/quote/event_log.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {

/// Writes a TCG boot log of the banks SHA-1 and SHA-256.
class BootLogWriter {
 public:
  static constexpr std::uint32_t kSeparator = 4, kAction = 5, kIpl = 13, kNoAction = 3;

  BootLogWriter() {
    Writer spec(Endian::kLittle);
    spec.bytes(view_of(std::string_view("Spec ID Event03\0", 16))).u32(0).u8(0).u8(2).u8(0).u8(2);
    spec.u32(2).u16(4).u16(20).u16(0xB).u16(32).u8(0);
    const Bytes event = spec.take();
    out_.u32(0).u32(kNoAction).zeros(20).sized32(event);
  }

  static std::map<HashAlg, Bytes> hashed(ByteView content) {
    return {{HashAlg::kSha1, digest(HashAlg::kSha1, {content})},
            {HashAlg::kSha256, digest(HashAlg::kSha256, {content})}};
  }

  /// Of what is in the event itself.
  std::map<HashAlg, Bytes> add(unsigned pcr, std::uint32_t type, std::string_view event) {
    return add(pcr, type, event, hashed(view_of(event)));
  }
  std::map<HashAlg, Bytes> add(unsigned pcr, std::uint32_t type, std::string_view event,
                               const std::map<HashAlg, Bytes>& digests) {
    out_.u32(pcr).u32(type).u32(static_cast<std::uint32_t>(digests.size()));
    for (const auto& [alg, value] : digests) {
      out_.u16(static_cast<std::uint16_t>(alg)).bytes(value);
    }
    out_.sized32(view_of(event));
    return digests;
  }
  Bytes take() { return out_.take(); }

 private:
  Writer out_{Endian::kLittle};
};

}  // namespace gatehouse::attest

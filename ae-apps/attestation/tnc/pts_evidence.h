#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/tnc/pts.h"

namespace gatehouse::tnc {

/// Name of a functional component. Source: TCG PTS Protocol: Binding to TNC IF-M clause 5.1.
struct ComponentName {
  std::uint32_t vendor = kTcg;
  std::uint8_t qualifier = 0;  ///< the upper two bits are the family, 0 here
  std::uint32_t name = 0;
  friend bool operator==(const ComponentName&, const ComponentName&) = default;
};
constexpr std::uint8_t kFamilyBits = 0xC0;
constexpr std::uint8_t kEveryQualifier = 0x0F;  ///< as type of a request: all of that vendor

// Flags of a request for a component. Source: clause 3.16.
constexpr std::uint8_t kWantChain = 0x80, kWantCurrent = 0x20, kWantPcr = 0x10;

struct ComponentRequest {
  std::uint8_t flags = kWantChain | kWantCurrent | kWantPcr;
  std::uint32_t depth = 0;  ///< 24 bits; 0: all sub-components
  ComponentName name;
};
PaAttribute encode(const std::vector<ComponentRequest>& requests);
/// At most 64 of them. Errors of all readers here: kBadRequest.
Result<std::vector<ComponentRequest>> parse_component_requests(ByteView value);

/// One extension of a PCR: what was measured, and what it held before and after. Source: clause
/// 3.18 (simple component evidence).
struct ComponentEvidence {
  ComponentName name;
  std::uint32_t pcr = 0;  ///< 24 bits
  std::uint16_t hash = kPtsSha256;
  Bytes before, after;  ///< of the same length
  Bytes measurement;
  friend bool operator==(const ComponentEvidence&, const ComponentEvidence&) = default;
};
/// Its time is "not known": the logs have none.
PaAttribute encode(const ComponentEvidence& evidence);
Result<ComponentEvidence> parse_component(ByteView value);

/// A quote of a TPM 2.0, the nonce left out. The flag for it is strongSwan's extension of clause
/// 3.19 (simple evidence final): the TCG's text knows quotes of TPM 1.2 only.
struct EvidenceFinal {
  std::uint16_t hash = kPtsSha256;  ///< of the digest, and of the signature
  Bytes pcr_digest;
  Bytes qualified_signer;
  Bytes clock_info;  ///< TPMS_CLOCK_INFO, 17 bytes
  Bytes firmware;    ///< 8 bytes
  Bytes selection;   ///< TPML_PCR_SELECTION
  Bytes signature;   ///< ECDSA: r and s, of the same length
  friend bool operator==(const EvidenceFinal&, const EvidenceFinal&) = default;
};
PaAttribute encode(const EvidenceFinal& evidence);
Result<EvidenceFinal> parse_final(ByteView value);

/// Source: clause 3.22 (request file measurement).
struct FileRequest {
  bool directory = false;  ///< all that is below the path
  std::uint16_t id = 0;
  std::uint32_t delimiter = '/';
  std::string path;
};
PaAttribute encode(const FileRequest& request);
Result<FileRequest> parse_file_request(ByteView value);

/// Source: clause 3.23 (file measurement).
struct FileMeasurements {
  std::uint16_t id = 0;
  std::vector<std::pair<Bytes, std::string>> files;  ///< digest and path; all digests as long
  friend bool operator==(const FileMeasurements&, const FileMeasurements&) = default;
};
PaAttribute encode(const FileMeasurements& measurements);
Result<FileMeasurements> parse_files(ByteView value);

}  // namespace gatehouse::tnc

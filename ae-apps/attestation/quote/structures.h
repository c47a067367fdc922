#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ae-apps/attestation/quote/hash.h"

namespace gatehouse::attest {

/// Some PCRs of one bank. Bit n of the mask is PCR n.
struct PcrBank {
  HashAlg alg;
  std::uint32_t mask;
  friend bool operator==(const PcrBank&, const PcrBank&) = default;
};

/// TPML_PCR_SELECTION: the banks in the order in which they are hashed, none twice.
struct PcrSelection {
  std::vector<PcrBank> banks;

  /// True if both name the same PCRs, in whatever order of the banks. A bank without PCRs counts.
  bool same_pcrs(const PcrSelection& other) const;
  const PcrBank* bank(HashAlg alg) const;
  bool contains(HashAlg alg, unsigned pcr) const;
  friend bool operator==(const PcrSelection&, const PcrSelection&) = default;
};

/// PCRs that anybody may reset while the system runs (the debug PCR and the application PCR): they
/// prove nothing. Source: TCG PC Client Platform TPM Profile.
constexpr std::uint32_t kResettablePcrs = 1u << 16 | 1u << 23;
constexpr unsigned kPcrCount = 32;

/// As tpm2-tools write it: "sha1:0+sha256:1,2". Errors: kBadRequest with the reason.
Result<PcrSelection> parse_pcr_list(std::string_view text);
std::string to_text(const PcrSelection& selection);

/// TPMS_CLOCK_INFO.
struct ClockInfo {
  std::uint64_t clock_ms = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = false;
  friend bool operator==(const ClockInfo&, const ClockInfo&) = default;
};

struct QuoteInfo {
  PcrSelection selection;
  Bytes pcr_digest;
};
struct CertifyInfo {
  Bytes name;
  Bytes qualified_name;
};
struct NvInfo {
  Bytes index_name;
  std::uint16_t offset = 0;
  Bytes contents;
};
struct TimeInfo {
  std::uint64_t time_ms = 0;
  ClockInfo clock;
  std::uint64_t firmware_version = 0;
};

constexpr std::uint32_t kAttestMagic = 0xFF544347;  ///< "\xFFTCG": made inside a TPM
constexpr std::uint16_t kAttestNv = 0x8014;
constexpr std::uint16_t kAttestCertify = 0x8017;
constexpr std::uint16_t kAttestQuote = 0x8018;
constexpr std::uint16_t kAttestTime = 0x8019;

/// TPMS_ATTEST. Source: TPM 2.0 Library part 2 clause 10.12.
struct Attest {
  std::uint32_t magic = kAttestMagic;
  Bytes qualified_signer;
  Bytes extra_data;  ///< the caller's nonce
  ClockInfo clock;
  std::uint64_t firmware_version = 0;
  std::variant<QuoteInfo, CertifyInfo, NvInfo, TimeInfo> body;

  std::uint16_t type() const;
};

/// Strict: the magic, a type of the four above, and nothing behind the end. Errors: kBadRequest;
/// the text begins with "magic:", "type:" or "structure:".
Result<Attest> parse_attest(ByteView bytes);
Bytes encode(const Attest& attest);

constexpr std::uint16_t kSchemeRsaSsa = 0x0014;
constexpr std::uint16_t kSchemeRsaPss = 0x0016;
constexpr std::uint16_t kSchemeEcdsa = 0x0018;
constexpr std::uint16_t kAlgNull = 0x0010;

/// TPMT_SIGNATURE of a signing scheme that is used for quotes.
struct Signature {
  std::uint16_t scheme = kSchemeEcdsa;
  HashAlg hash = HashAlg::kSha256;
  Bytes r, s;  ///< kSchemeEcdsa
  Bytes rsa;   ///< the others
};

/// Errors: kBadRequest; the text begins with "signature:".
Result<Signature> parse_signature(ByteView bytes);
Bytes encode(const Signature& signature);

/// "ecdsa", "rsassa", "rsapss"; empty for others.
std::string_view scheme_name(std::uint16_t scheme);

}  // namespace gatehouse::attest

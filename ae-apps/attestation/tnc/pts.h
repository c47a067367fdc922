#pragma once
#include <optional>
#include <string>

#include "ae-apps/attestation/quote/structures.h"
#include "ae-apps/attestation/tnc/pa_tnc.h"

namespace gatehouse::tnc {

/// Types of kTcg's attributes for kPtsSubtype. Source: TCG Attestation PTS Protocol: Binding to TNC
/// IF-M, clause 4.
enum class PtsType : std::uint32_t {
  kRequestCapabilities = 0x01000000,
  kCapabilities = 0x02000000,
  kRequestNonce = 0x03000000,  ///< D-H nonce: parameters, request
  kNonce = 0x04000000,         ///< D-H nonce: parameters, response
  kNonceFinish = 0x05000000,   ///< D-H nonce: finish
  kRequestAlgorithms = 0x06000000,
  kAlgorithm = 0x07000000,
  kRequestTpmVersion = 0x08000000,
  kTpmVersion = 0x09000000,
  kRequestAik = 0x0D000000,
  kAik = 0x0E000000,
  kRequestComponents = 0x00100000,
  kGenerateEvidence = 0x00200000,
  kComponent = 0x00300000,      ///< simple component evidence
  kEvidenceFinal = 0x00400000,  ///< simple evidence final
  kRequestFiles = 0x00C00000,
  kFiles = 0x00D00000,
};

/// Types of our own attributes, for what the TCG has no words for.
enum class OwnType : std::uint32_t {
  kChallenge = 1,  ///< from the validator: attest::encode(Challenge)
  kEvidence = 2,   ///< from the collector: attest::encode(AttestationEvidence), the whole of it
  kRefusal = 3,    ///< from the collector: why there is none
  kRemainder = 4,  ///< from the collector: what PTS' attributes cannot say of the evidence
};
/// Private enterprise number for documentation and examples. Source: RFC 5612.
constexpr std::uint32_t kOwnVendor = 32473;

// Bits of capabilities. Source: clause 4.3.
constexpr std::uint32_t kPtsCurrentEvidence = 16, kPtsVerification = 8, kPtsNonce = 4;
constexpr std::uint32_t kPtsTrustedPlatform = 2;  ///< T: there is a TPM
// Bits of measurement algorithms. Source: clause 4.6.
constexpr std::uint16_t kPtsSha1 = 0x8000, kPtsSha256 = 0x4000, kPtsSha384 = 0x2000,
                        kPtsSha512 = 0x1000;
// Bits of groups. Source: clause 3.8.
constexpr std::uint16_t kPtsP256 = 0x1000;
constexpr std::size_t kLeastNonceBytes = 17, kMostNonceBytes = 255, kPointBytes = 64;
constexpr std::uint8_t kWantedNonceBytes = 32;

/// The bit of that hash, and the hash of that one bit.
std::uint16_t pts_bit(attest::HashAlg alg);
std::optional<attest::HashAlg> hash_of_bit(std::uint16_t bit);

// --- attributes of capabilities, algorithms, keys ------------------------------------------------
PaAttribute pts(PtsType type, Bytes value);
PaAttribute request_capabilities(std::uint32_t bits);
PaAttribute capabilities(std::uint32_t bits);
PaAttribute request_algorithms(std::uint16_t bits);
PaAttribute algorithm(std::uint16_t bit);
/// One of kRequestAik, kRequestTpmVersion, kGenerateEvidence: 32 reserved bits.
PaAttribute request(PtsType type);
/// A naked key: SubjectPublicKeyInfo, DER.
PaAttribute aik(ByteView spki);
/// What need not be understood is skipped by who does not know it.
PaAttribute own(OwnType type, std::string_view text, bool no_skip = true);

/// The bits of either attribute of capabilities.
Result<std::uint32_t> parse_capabilities(ByteView value);
Result<std::uint16_t> parse_algorithms(ByteView value);
/// The naked key. Errors of all: kBadRequest, here also for a certificate.
Result<Bytes> parse_aik(ByteView value);
Result<void> parse_request(ByteView value);

// --- the nonce ---------------------------------------------------------------------------------

/// Groups and the least length of a nonce that the validator takes.
struct NonceRequest {
  std::uint8_t least_bytes = kWantedNonceBytes;
  std::uint16_t groups = kPtsP256;
};
/// The collector's choice, its nonce and its public value.
struct NonceResponse {
  std::uint16_t group = kPtsP256;
  std::uint16_t hashes = kPtsSha256;
  Bytes nonce, point;
};
/// The validator's.
struct NonceFinish {
  std::uint16_t hash = kPtsSha256;
  Bytes point, nonce;
};
PaAttribute encode(const NonceRequest& request);
PaAttribute encode(const NonceResponse& response);
PaAttribute encode(const NonceFinish& finish);
/// As the attribute says it; lengths of nonce and point that cannot be are refused: the point's are
/// those of P-256.
Result<NonceRequest> parse_nonce_request(ByteView value);
Result<NonceResponse> parse_nonce_response(ByteView value);
Result<NonceFinish> parse_nonce_finish(ByteView value);

// --- the TPM -----------------------------------------------------------------------------------

/// A TPM 2.0 about itself. Layout of strongSwan's: the TCG's attribute has room for any, and
/// defines none for 2.0.
struct TpmVersion {
  std::uint8_t locality = 0;  ///< at start
  std::uint32_t revision = 0, year = 0;
  std::string vendor;  ///< four letters at most
  friend bool operator==(const TpmVersion&, const TpmVersion&) = default;
};
PaAttribute encode(const TpmVersion& version);
Result<TpmVersion> parse_tpm_version(ByteView value);

/// nullptr if the message has none.
const PaAttribute* find(const PaMessage& message, PtsType type);
const PaAttribute* find(const PaMessage& message, OwnType type);
const PaAttribute* find(const PaMessage& message, std::uint32_t vendor, std::uint32_t type);

}  // namespace gatehouse::tnc

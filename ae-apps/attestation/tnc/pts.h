#pragma once
#include <optional>
#include <string>

#include "ae-apps/attestation/tnc/pa_tnc.h"

namespace gatehouse::tnc {

/// Types of kTcg's attributes for kPtsSubtype. Source: TCG Attestation PTS Protocol: Binding to TNC
/// IF-M, clause 4.
enum class PtsType : std::uint32_t {
  kRequestCapabilities = 0x01000000,
  kCapabilities = 0x02000000,
  kRequestAlgorithms = 0x06000000,
  kAlgorithm = 0x07000000,
  kRequestAik = 0x0D000000,
  kAik = 0x0E000000,
};

/// Types of our own attributes, for which TCG has none: it knows no evidence that is larger than
/// one quote of one TPM.
enum class OwnType : std::uint32_t {
  kChallenge = 1,  ///< from the validator: attest::encode(Challenge)
  kEvidence = 2,   ///< from the collector: attest::encode(AttestationEvidence)
  kRefusal = 3,    ///< from the collector: why there is none
};
/// Private enterprise number for documentation and examples. Source: RFC 5612.
constexpr std::uint32_t kOwnVendor = 32473;

// Bits of capabilities. Source: clause 4.3.
constexpr std::uint32_t kPtsVerification = 8;     ///< V: evidence can be verified
constexpr std::uint32_t kPtsTrustedPlatform = 2;  ///< T: there is a TPM
// Bits of measurement algorithms. Source: clause 4.6.
constexpr std::uint16_t kPtsSha1 = 0x8000, kPtsSha256 = 0x4000, kPtsSha384 = 0x2000;

PaAttribute request_capabilities(std::uint32_t bits);
PaAttribute capabilities(std::uint32_t bits);
PaAttribute request_algorithms(std::uint16_t bits);
PaAttribute algorithm(std::uint16_t bit);
PaAttribute request_aik();
/// A naked key: SubjectPublicKeyInfo, DER.
PaAttribute aik(ByteView spki);
PaAttribute own(OwnType type, std::string_view text);

/// The bits of either attribute of capabilities. Errors: kBadRequest.
Result<std::uint32_t> parse_capabilities(ByteView value);
Result<std::uint16_t> parse_algorithms(ByteView value);
/// The naked key. Errors: kBadRequest, also for a certificate.
Result<Bytes> parse_aik(ByteView value);

/// nullptr if the message has none.
const PaAttribute* find(const PaMessage& message, PtsType type);
const PaAttribute* find(const PaMessage& message, OwnType type);

}  // namespace gatehouse::tnc

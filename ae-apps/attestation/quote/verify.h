#pragma once
#include <optional>

#include "ae-apps/attestation/quote/attestation_key.h"
#include "ae-apps/attestation/quote/pcr_values.h"

namespace gatehouse::attest {

/// What a quote must be. The key comes from the enrolment, never from the evidence.
struct QuoteExpectation {
  AttestationKey key;
  Bytes nonce;  ///< as it stands in extraData; at least one byte
  PcrSelection selection;
  /// A quote over PCRs that anybody can reset proves nothing about them, and is refused unless this
  /// is set.
  bool allow_resettable = false;
};

/// The files of a quote, as they came.
struct QuoteEvidence {
  ByteView message;    ///< TPMS_ATTEST
  ByteView signature;  ///< TPMT_SIGNATURE, or its plain form
  std::optional<ByteView> pcr_values;
};

struct VerifiedQuote {
  Attest attest;
  std::optional<PcrValues> values;
  const QuoteInfo& info() const { return std::get<QuoteInfo>(attest.body); }
};

/// All that can be said of a quote without a log and a memory, in this order: the signature over
/// the exact bytes; structure, magic and type; the nonce; the selection of PCRs; the digest of
/// their values. Errors: kBadRequest (malformed) or kNotAcceptable; the text begins with the name
/// of the check: "signature:", "structure:", "magic:", "type:", "nonce:", "selection:", "PCR
/// values:". Source: TPM 2.0 Library part 1 clause 31; the selection: CVE-2024-29039.
Result<VerifiedQuote> verify_quote(const QuoteExpectation& expected, const QuoteEvidence& evidence);

/// The signed value of an NV counter. Errors: as above, and "counter: …" unless it is the whole of
/// the index with this name.
Result<std::uint64_t> verify_counter(const AttestationKey& key, ByteView nonce, ByteView index_name,
                                     ByteView message, ByteView signature);

/// The part of the last accepted attestation of a TPM that the next one is held against.
struct ClockMemory {
  Bytes qualified_signer;
  ClockInfo clock;
  std::uint64_t firmware_version = 0;
  friend bool operator==(const ClockMemory&, const ClockMemory&) = default;
};
ClockMemory memory_of(const Attest& attest);

enum class ClockChange : std::uint8_t {
  kRunning,    ///< no reset and no restart in between
  kRestarted,  ///< suspended and resumed: PCRs are kept
  kReset,      ///< rebooted: PCRs began anew
};

/// Errors: kNotAcceptable, "clock: …": cleared, rolled back, or another TPM.
Result<ClockChange> check_clock(const ClockMemory& last, const Attest& now);

}  // namespace gatehouse::attest

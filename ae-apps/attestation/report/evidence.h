#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::attest {

/// What two sides added to the verifier's nonce by a Diffie-Hellman exchange, so that the quote is
/// of no use in another dialogue. Source: TCG PTS Protocol: Binding to TNC IF-M clause 3.8 (D-H
/// nonce).
struct NonceExchange {
  Bytes responder_nonce;  ///< the gateway's
  Bytes shared_secret;    ///< x coordinate, P-256
  friend bool operator==(const NonceExchange&, const NonceExchange&) = default;
};

/// Why an attestation was asked for. The nonce was issued for it, and is used up.
struct Challenge {
  Bytes nonce;
  std::string purpose;                         ///< "before", "after", "periodic"
  std::string operation;                       ///< the maintenance, if any
  std::uint32_t resets_expected = 0;           ///< reboots that the maintenance asks for, at most
  std::optional<NonceExchange> exchange = {};  ///< only on its way to the TPM: never issued

  friend bool operator==(const Challenge&, const Challenge&) = default;
};

/// All that a gateway says about itself at one time.
struct AttestationEvidence {
  Bytes message, signature;  ///< TPMS_ATTEST and TPMT_SIGNATURE of the quote
  Bytes pcr_values;
  std::vector<Bytes> logs;
  /// TPMS_ATTEST and signature of TPM2_NV_Certify
  std::optional<std::pair<Bytes, Bytes>> counter = {};
  /// JSON list of the reports of ECUs, as they came; its hash is in the quote. Empty: none came
  /// along.
  std::string inventory = {};
  std::optional<NonceExchange> exchange = {};  ///< that the nonce of the quote came from, if any

  friend bool operator==(const AttestationEvidence&, const AttestationEvidence&) = default;
};

/// `{"counter":["…","…"],"exchange":["…","…"],"inventory":"[…]","logs":["…"],"message":"…",
///   "pcrs":"…","signature":"…","v":1}`: canonical, so that the same evidence is the same bytes,
///   whatever carried it.
std::string encode(const AttestationEvidence& evidence);
/// Errors: kBadRequest, "evidence: …", for anything that encode() does not make.
Result<AttestationEvidence> parse_evidence(std::string_view text);
/// SHA-256 of the encoding, hexadecimal: names the evidence in verdicts and records.
std::string hash_of(const AttestationEvidence& evidence);

constexpr std::size_t kMaxEvidenceBytes = 4u << 20;
constexpr std::size_t kMaxEvidenceLogs = 16;

/// `{"exchange":["…","…"],"nonce":"…","operation":"…","purpose":"…","resets":0}`
std::string encode(const Challenge& challenge);
/// Errors: kBadRequest, "challenge: …".
Result<Challenge> parse_challenge(std::string_view text);

/// The verifier's nonce, or what the exchange made of it: SHA-256 of '1', the verifier's nonce, the
/// gateway's and the shared secret.
Bytes effective_nonce(const Challenge& challenge);
/// What the quote's extraData must be: effective_nonce() without reports, else bound_nonce().
Bytes quote_nonce(const Challenge& challenge, std::string_view inventory);
/// What the quote's extraData must be when reports of ECUs come along: purpose, operation and all
/// reports are endorsed by the quote itself.
Bytes bound_nonce(const Challenge& challenge, std::string_view inventory);
/// The nonce for the ECUs, which follows from the verifier's: none of them can be asked before it.
Bytes ecu_nonce(const Challenge& challenge);

}  // namespace gatehouse::attest

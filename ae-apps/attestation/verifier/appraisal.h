#pragma once
#include <map>
#include <set>

#include "ae-apps/attestation/quote/replay.h"
#include "ae-apps/attestation/quote/verify.h"
#include "ae-apps/attestation/report/evidence.h"
#include "ae-apps/attestation/verifier/policy.h"
#include "ae-apps/attestation/verifier/white_list.h"

namespace gatehouse::attest {

/// What the verifier keeps of a gateway between two attestations. The caller stores it.
struct Enrolment {
  std::string id;
  AttestationKey key;
  bool revoked = false;
  bool emulator = false;              ///< its TPM is software: the weaker level of assurance
  std::optional<Bytes> counter_name;  ///< of the NV counter that must come along, if any

  std::optional<ClockMemory> last;  ///< of the last accepted attestation
  std::uint64_t last_counter = 0;
  /// ECUs of the last accepted inventory; none yet: nothing can be new.
  std::optional<std::set<std::string>> known;

  /// Who signs for an ECU: its own key, or the gateway's report key for one that can only make
  /// MACs. nullopt: reports of ECUs are not looked at.
  std::optional<std::map<std::string, crypto::PublicKey>> ecu_keys = {};
};

struct ComponentResult {
  std::string component;
  std::string version;  ///< of the white list, or as reported
  Finding finding = Finding::kUnverifiable;
  std::string reason;            ///< a sentence; empty for a match
  std::string replacement = {};  ///< of a superseded version: the one that is allowed
  bool spoken_for = false;       ///< an ECU that cannot sign: the gateway says it
};

/// Values of the assessment result. Source: RFC 5792 clause 4.2.9.
enum class Overall : std::uint8_t { kCompliant = 0, kMinor = 1, kMajor = 2, kError = 3 };

struct Appraisal {
  Overall overall = Overall::kError;
  Recommendation recommendation = Recommendation::kDenied;
  /// The first thing that is not as it should be; names the first diverging measurement.
  std::string reason;
  bool authentic = false;  ///< the quote and the logs are this TPM's, and fresh
  std::vector<ComponentResult> components;
  std::optional<ClockChange> change;
  std::uint32_t resets = 0;  ///< since the last accepted one
  std::optional<std::uint64_t> counter;
  std::string evidence_hash;  ///< SHA-256 of all parts, hexadecimal

  /// The enrolment as it stands after this, if the evidence was authentic.
  std::optional<Enrolment> next;
};

/// Judges evidence. Fails closed: whatever cannot be checked, a white list that is not there
/// included, is "denied, because …". Deterministic: the same input gives the same appraisal.
Appraisal appraise(const Enrolment& enrolment, const Challenge& challenge, const Policy& policy,
                   const Result<WhiteList>& white_list, const AttestationEvidence& evidence,
                   Timestamp now);

}  // namespace gatehouse::attest

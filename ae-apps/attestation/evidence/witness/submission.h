#pragma once
#include <functional>
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/log.h"
#include "ae-apps/attestation/evidence/witness/witness.h"

namespace gatehouse::evidence {

/// A witness as the log sees it.
struct WitnessLink {
  std::string url;  ///< submission prefix, without a slash at its end
  VerifierKey key;
};

/// Sends a POST and waits for the answer. Errors: kTargetNotReachable.
using WitnessTransport =
    std::function<Result<WitnessAnswer>(const std::string& url, const std::string& body)>;

/// The body of an add-checkpoint request. Source: C2SP tlog-witness.
std::string submission_of(std::uint64_t old_size, const Proof& proof, const Note& checkpoint);

/// Has the published checkpoint cosigned by one witness. Errors: kTargetNotReachable; kConflict if
/// the witness has seen a larger tree (this log was rolled back) or another one (it was forked);
/// kNotAcceptable for an answer without a good cosignature.
Result<NoteSignature> ask_witness(const Log& log, const WitnessLink& witness,
                                  const WitnessTransport& transport);

/// Asks all, and keeps their cosignatures with the checkpoint. Errors: kTargetNotReachable with
/// what each said if fewer than `quorum` cosigned it: then nothing may be built on it.
Result<SignedCheckpoint> collect_cosignatures(Log& log, const std::vector<WitnessLink>& witnesses,
                                              std::size_t quorum,
                                              const WitnessTransport& transport);

}  // namespace gatehouse::evidence

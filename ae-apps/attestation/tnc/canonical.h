#pragma once
#include <optional>
#include <vector>

#include "ae-apps/attestation/report/evidence.h"
#include "ae-apps/attestation/tnc/pts_evidence.h"

namespace gatehouse::tnc {

/// What a validator asked for, beside the quote.
struct PtsQuestions {
  std::vector<ComponentRequest> components;
  std::optional<FileRequest> files;
};
/// All that there is: the components of all names that are in use here, and all files.
PtsQuestions all_questions();

/// More entries of logs than this are not said one by one.
constexpr std::size_t kMaxComponents = 4096;

/// The evidence in PTS' own attributes: each entry of a log up to the quote as a component with its
/// PCR before and after, measured files, the quote; and in ours what those cannot say: the entries'
/// content, the NV counter and the reports of ECUs. See README.md. Errors: kNotAcceptable if that
/// would not give the very same bytes again.
Result<std::vector<PaAttribute>> split(const attest::AttestationEvidence& evidence,
                                       const attest::Challenge& challenge,
                                       const PtsQuestions& asked);

/// The same evidence from its attributes. What they say twice must be the same: with our attribute
/// there, all others must be what split() makes of it, in its order. Without it (of another's
/// collector) there are no logs.
PaResult<attest::AttestationEvidence> join(const PaMessage& answer,
                                           const attest::Challenge& challenge,
                                           const PtsQuestions& asked);

/// Faults that a request for files can have; nullopt if it has none.
std::optional<PaFault> fault_of(const PaAttribute& attribute, const FileRequest& request);
std::optional<PaFault> fault_of(const PaAttribute& attribute,
                                const std::vector<ComponentRequest>& requests);

}  // namespace gatehouse::tnc

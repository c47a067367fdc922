#pragma once
#include "ae-apps/attestation/verifier/appraisal.h"
#include "cse/primitive/value.h"

namespace gatehouse::attest {

constexpr std::string_view kVerdictType = "eat+jwt";

/// The claims of a verdict: those of an attestation result (AR4SI's trust vector and tiers, the
/// EAT's nonce, entity and time) and, under "gatehouse", the findings, the bundle and the policy by
/// number and hash, the evidence by hash. The status is never better than the worst claim, so a
/// software TPM is a "warning" also where the policy allows it; the recommendation is the policy's.
/// The profile and its names with dots are those that libraries read; the draft has since renamed
/// them. Source: RFC 9711, draft-ietf-rats-ar4si, draft-ietf-rats-ear.
Value verdict_claims(const Appraisal& appraisal, const Enrolment& enrolment,
                     const Challenge& challenge, const Policy& policy,
                     const Result<WhiteList>& white_list, Timestamp now);

/// The claims as a compact JWS of the verifier's key. Errors: those of the key.
Result<std::string> sign_verdict(const crypto::SigningKey& key, const Value& claims);

}  // namespace gatehouse::attest

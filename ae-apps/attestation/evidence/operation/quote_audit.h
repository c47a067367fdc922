#pragma once
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::evidence {

/// One attestation of an operation, as the certificate has it.
struct AttestedState {
  std::string purpose;  ///< "before", "after"
  std::uint64_t operation = 0;
  std::string nonce;     ///< hexadecimal, of the challenge's record
  std::string evidence;  ///< the file
  std::string verdict;   ///< the file, a JWS
};

struct QuoteFinding {
  std::vector<std::string> proven;  ///< sentences
  std::uint64_t counter = 0;        ///< of the TPM; 0: none came along
};

/// Looks at the TPM's own words again: the verdict is the verifier's and about this evidence, the
/// quote is signed by the attestation key that the verdict names, answers the nonce, and endorses
/// purpose, operation and the ECUs' reports; the logs lead to it; the counter is certified by the
/// same key. Errors: kNotAcceptable with the reason.
Result<QuoteFinding> audit_quote(const AttestedState& state, const std::string& device,
                                 const crypto::PublicKey& verifier);

}  // namespace gatehouse::evidence

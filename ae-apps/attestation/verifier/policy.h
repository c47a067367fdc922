#pragma once
#include <array>
#include <string>

#include "ae-apps/attestation/quote/structures.h"

namespace gatehouse::attest {

/// What is found of one component.
enum class Finding : std::uint8_t {
  kMatch,
  kSupersededAllowed,
  kUnknown,
  kRevoked,
  kMissing,
  kNewAuthorised,
  kNewUnauthorised,
  kUnverifiable,
};
constexpr std::size_t kFindings = 8;
/// "match", "superseded-allowed", "unknown", …
std::string_view name_of(Finding finding);

/// From the best to the worst.
enum class Recommendation : std::uint8_t { kAllowed, kQuarantined, kDenied };
std::string_view name_of(Recommendation recommendation);

/// What follows from what is found: data, so that a verdict can name it by its hash.
struct Policy {
  std::string id;
  std::uint64_t version = 0;
  PcrSelection selection;
  std::array<Recommendation, kFindings> findings{};
  Recommendation emulator = Recommendation::kQuarantined;          ///< a TPM of software
  Recommendation unexpected_reset = Recommendation::kQuarantined;  ///< outside a maintenance
  std::string hash;  ///< SHA-256 of the text, hexadecimal

  Recommendation of(Finding finding) const {
    return findings.at(static_cast<std::size_t>(finding));
  }
};

/// `{"id":"car","version":3,"pcrs":"sha256:0,4,10,11","emulator":"allowed",
///   "findings":{"unknown":"quarantined"}}`. What is not named is denied, but a match, what is
/// superseded and allowed, and what is new and authorised. A profile (../profiles), which has the
/// policy as a member, will do too; the hash is then that of the member. Errors: kBadRequest,
/// "policy: …", for any unknown member too.
Result<Policy> parse_policy(std::string_view json);

}  // namespace gatehouse::attest

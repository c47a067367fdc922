#pragma once
#include <string>
#include <vector>

#include "cse/core/cse.h"
#include "cse/services/subscription/notification.h"

namespace gatehouse {

/// Whom the creator of a subscription wants to be told.
struct TargetQuestion {
  const Cse& cse;
  const Request& request;
  const std::string& originator;  ///< who creates or changes the subscription
};

/// Is the notification target the originator itself (its stem, AE-ID or <AE> resource)?
Result<bool> is_originator(const std::string& target, const std::string& originator,
                           const CseSettings& cse, ResourceReader& resources);

/// The wanted targets that are neither the originator nor a <crossResourceSubscription> of this
/// CSE. An <AE> of this CSE that has policies leaves to them whether the creator may notify it; one
/// without is asked itself. Errors: 4101.
Result<std::vector<std::string>> targets_to_verify(const TargetQuestion& question,
                                                   const std::vector<std::string>& wanted,
                                                   ResourceReader& resources);

/// Sends a NOTIFY {vrq: true} to each target; every one must answer 2000, else 5204 (a receiver's
/// 4101 or 5205 is handed on). Source: TS-0004 clauses 7.4.8.2.1 and 7.5.1.2.3.
/// DEVIATION: TS-0001 clause 10.2.10.2 leaves targets in URL format out; here they are asked too,
/// so that nobody makes this CSE send to hosts that do not want it.
void verify_targets(Cse& cse, const SubscriptionSettings& settings, const TargetQuestion& question,
                    const std::vector<std::string>& targets, const std::string& reference,
                    Prepared done);

/// The identifier of a subscription is named to its targets before it exists. Verification and
/// CREATE see the same request, so both can make it from that. `prefix`: "sub", "crs".
ResourceId identifier_for(const char* prefix, const Request& request,
                          const std::string& originator);

/// The object below the root of a request's content; null if there is none.
const Value* requested_attributes(const Request& request);

}  // namespace gatehouse

#pragma once
#include <memory>
#include <string>

#include "cse/core/behaviour.h"

namespace gatehouse {

/// May an AE with that App-ID and AE-ID-Stem register here? The rules are data: below an
/// <m2mServiceSubscriptionProfile> a <serviceSubscribedNode> names this CSE (`csi`) and links to
/// <serviceSubscribedAppRule>s, of which one must fit: its credentials (`apci`; absent: without
/// security association), App-IDs (`aai`) and AE-IDs (`aae`), each a list of patterns with '*', and
/// absent: any. A CSE without any profile takes all registrations, as it has no subscription to
/// check. Only profiles of this CSE are read; those of the IN-CSE count where it is asked for the
/// AE-ID.
/// Source: TS-0004 clause 7.3.2.7, TS-0001 clauses 9.6.19, 9.6.29 and 10.2.2.2.
/// Errors: kServiceSubscriptionNotEstablished (4128): no node of the profiles is this CSE;
/// kAppRuleValidationFailed (4126): no rule fits.
struct Registree {
  std::string app_id, stem;
  std::string cse_id;  ///< of the CSE at which the AE registers
  bool proven = false;
  std::vector<std::string> credentials;  ///< what the credential is called, or allows to be
};
Result<void> check_service_subscription(const Registree& registree, OperationContext& context);

/// An AE that registers at this CSE with this request.
Registree registree_of(std::string app_id, std::string stem, const OperationContext& context);

/// What the rules themselves must say. <serviceSubscribedAppRule>: patterns of App-IDs that can
/// fit one; <serviceSubscribedNode>: rules only for a node that is a CSE.
/// Source: TS-0004 clauses 7.4.20.2 and 7.4.29.2. Errors: kBadRequest.
std::shared_ptr<const TypeBehaviour> app_rule_behaviour();
std::shared_ptr<const TypeBehaviour> subscribed_node_behaviour();

}  // namespace gatehouse

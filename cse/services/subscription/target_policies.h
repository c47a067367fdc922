#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// m2m:notificationTargetPolicyAction
enum class RemovalAction : std::int64_t { kAccept = 1, kReject = 2, kSeekConsent = 3, kInform = 4 };

struct TargetPolicySettings {
  /// Of the provider's default policy, a <notificationTargetPolicy> that every CSE has.
  RemovalAction default_action = RemovalAction::kReject;
  std::string default_name = "defaultNTP";
  /// How long the creator of a subscription may take to consent.
  std::chrono::milliseconds consent_timeout{10'000};
};

/// How a notification target leaves a subscription: DELETE of <notificationTargetSelfReference>
/// (ntsr), decided by <notificationTargetMgmtPolicyRef>, <notificationTargetPolicy> and
/// <policyDeletionRules>. Source: TS-0001 clauses 9.6.31 to 9.6.34 and 10.2.10.8, TS-0004
/// clauses 7.4.30 to 7.4.33. `cse` outlives the behaviours. Before cse.start().
void add_target_policies(Cse& cse, TargetPolicySettings settings = {});

}  // namespace gatehouse

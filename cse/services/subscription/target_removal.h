#pragma once
#include "cse/services/subscription/target_policies.h"

namespace gatehouse {

/// Do the <policyDeletionRules> of a policy (at most two) let its action happen now? Rules of one
/// resource are joined by drr (OR unless AND is said), two resources by `relation` (rrs: AND unless
/// OR is said). No rules: yes. A rule on the location of the target never holds: this CSE does not
/// know where targets are. Source: TS-0001 clauses 9.6.32 and 9.6.33.
bool rules_hold(const std::vector<Value>& deletion_rules, std::int64_t relation, Timestamp now);

/// <notificationTargetSelfReference>. Source: TS-0004 clause 7.4.33, TS-0001 clause 10.2.10.8.
class TargetSelfReference final : public VirtualResource {
 public:
  TargetSelfReference(Cse& cse, TargetPolicySettings settings) : cse_(cse), settings_(settings) {}
  void handle(Request request, const ResourcePtr& parent, std::vector<std::string> rest,
              const std::string& originator, std::function<void(Response&&)> reply) override;

 private:
  struct Removal;
  Result<ResourcePtr> policy_for(const Removal& removal, ResourceReader& resources) const;
  Result<ResourcePtr> default_policy(const std::string& creator, ResourceReader& resources) const;
  Result<bool> applies(const Resource& policy, ResourceReader& resources) const;
  void act(RemovalAction action, const std::shared_ptr<Removal>& removal);
  void remove(const std::shared_ptr<Removal>& removal);
  void ask_creator(const std::shared_ptr<Removal>& removal, const char* indication,
                   std::function<void(bool consents)> done);

  Cse& cse_;
  const TargetPolicySettings settings_;
};

}  // namespace gatehouse

#pragma once
#include "cse/core/cse.h"
#include "cse/services/subscription/subscription_rules.h"

namespace gatehouse {

/// <subscription>: who may subscribe to what, and the verification of notification targets.
/// Source: TS-0001 clause 9.6.8, TS-0004 clause 7.4.8.
///
/// Before a CREATE each target that is not the originator itself gets a NOTIFY {vrq: true}, URLs
/// too; every one must answer 2000, else 5204 (a receiver's 4101 or 5205 is handed on).
/// DEVIATION: targets added by an UPDATE are not verified; an UPDATE has no step that may wait.
class SubscriptionType final : public TypeBehaviour {
 public:
  SubscriptionType(Cse& cse, SubscriptionSettings settings) : cse_(cse), settings_(settings) {}

  Result<void> on_create(Draft& draft, OperationContext& context) const override;
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override;
  bool needs_preparation(const Request& request) const override;
  void prepare_create(const Request& request, const ResourcePtr& parent,
                      const std::string& originator, Prepared done) const override;

 private:
  Result<std::vector<std::string>> targets_to_verify(const Request& request,
                                                     const std::string& originator) const;
  Result<void> check_notify_privilege(const std::string& target, const Request& request,
                                      const std::string& originator,
                                      ResourceReader& resources) const;
  Request verification(const Request& request, const std::string& reference,
                       const std::string& originator) const;

  Cse& cse_;
  const SubscriptionSettings settings_;
};

}  // namespace gatehouse

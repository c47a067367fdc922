#pragma once
#include "cse/core/cse.h"
#include "cse/services/subscription/subscription_rules.h"

namespace gatehouse {

/// <subscription>: who may subscribe to what, and the verification of notification targets, at a
/// CREATE of all and at an UPDATE of those that are new in nu.
/// Source: TS-0001 clause 9.6.8, TS-0004 clause 7.4.8.
///
/// `creator` is set if a target is a resource that is not the originator's. Whose a URL is, this
/// CSE does not know: a creator who wants to be named asks for it (cr: null).
/// A <crossResourceSubscription> of this CSE goes when a subscription that it needs is deleted, or
/// no longer names it in acrs.
class SubscriptionType final : public TypeBehaviour {
 public:
  SubscriptionType(Cse& cse, SubscriptionSettings settings) : cse_(cse), settings_(settings) {}

  Result<void> on_create(Draft& draft, OperationContext& context) const override;
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override;
  Result<void> on_delete(const ResourcePtr& self, OperationContext& context) const override;
  bool needs_preparation(const Request& request) const override;
  void prepare_create(const Request& request, const ResourcePtr& parent,
                      const std::string& originator, Prepared done) const override;
  bool update_needs_preparation(const ResourcePtr& target, const Request& request) const override;
  void prepare_update(const Request& request, const ResourcePtr& target,
                      const std::string& originator, Prepared done) const override;

 private:
  Result<void> check_blocking(const Draft& draft, OperationContext& context) const;

  Cse& cse_;
  const SubscriptionSettings settings_;
};

}  // namespace gatehouse

#pragma once
#include "cse/core/cse.h"
#include "cse/services/subscription/cross_resource_window.h"
#include "cse/services/subscription/notification.h"

namespace gatehouse {

/// What the CSE keeps beside the attributes of a <crossResourceSubscription>: its subscriptions and
/// the window. {"subs": ["sub1", …], "from": µs or absent, "told": ["sub1", …]}
struct CrossResourceState {
  std::vector<std::string> subscriptions;  ///< identifiers, rrat in order, then srat
  std::optional<Timestamp> window_from;    ///< absent: a sliding window that has not begun
  std::vector<std::string> reported;       ///< of `subscriptions`, in this window
};
CrossResourceState state_of(const Resource& cross_resource_subscription);
ResourcePtr set_state(const ResourcePtr& cross_resource_subscription,
                      const CrossResourceState& state, OperationContext& context);

WindowType window_type_of(const Value& attributes);
std::chrono::microseconds window_size_of(const Value& attributes);

/// <crossResourceSubscription>: makes the subscriptions of its regular targets (rrat), enters
/// itself into those that exist (srat), and undoes both when it goes, all in the transaction of the
/// request. Source: TS-0001 clause 9.6.58, TS-0004 clause 7.4.58.
/// DEVIATION: targets at other CSEs are refused (5221).
class CrossResourceType final : public TypeBehaviour {
 public:
  CrossResourceType(Cse& cse, SubscriptionSettings settings) : cse_(cse), settings_(settings) {}

  std::optional<bool> allows(const Resource& self, const std::string& originator,
                             Operation operation) const override;
  Result<void> on_create(Draft& draft, OperationContext& context) const override;
  Result<void> created(const ResourcePtr& self, OperationContext& context) const override;
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override;
  Result<void> on_delete(const ResourcePtr& self, OperationContext& context) const override;
  bool needs_preparation(const Request& request) const override;
  void prepare_create(const Request& request, const ResourcePtr& parent,
                      const std::string& originator, Prepared done) const override;

 private:
  Result<ResourcePtr> subscribe(const Resource& self, const std::string& target,
                                const Value& criteria, OperationContext& context) const;
  Result<ResourcePtr> join(const Resource& self, const std::string& target,
                           OperationContext& context) const;
  static Result<void> leave(const Resource& self, const std::string& target,
                            OperationContext& context);

  Cse& cse_;
  const SubscriptionSettings settings_;
};

}  // namespace gatehouse

#pragma once
#include "cse/services/subscription/deliverer.h"
#include "cse/services/subscription/subscription_index.h"
#include "cse/services/subscription/subscription_type.h"

namespace gatehouse {

/// The subscription service: matches the changes of every request with the subscriptions, in the
/// request's own transaction, and leaves what has to be told in the store's outbox. So a
/// notification is as durable as its cause. Source: TS-0001 clause 10.2.10, TS-0004 clause 7.5.1.2.
///
/// Events: update (net 1) and deletion (2) of the resource itself, creation (3) and deletion (4) of
/// a direct child, operation monitors (om) for those. What the CSE does by itself (counters,
/// evictions) is no event; of a deleted branch each subscription to a deletion below is served.
/// DEVIATION: expirationCounter counts notifications when they are made, not when they are
/// delivered, so that it is part of the transaction.
class Subscriptions final : public TransactionParticipant, public CommitListener {
 public:
  /// Adds itself to `cse`, which with `deliverer` outlives this. Before cse.start().
  Subscriptions(Cse& cse, Deliverer& deliverer, SubscriptionSettings settings = {});

  Result<void> on_changes(std::span<const Change> changes, OperationContext& context) override;
  void committed(const Committed& event) override;

  /// Other processes have changed the store. Threading: the write lane.
  void invalidate() { index_.invalidate(); }

 private:
  Result<void> on_change(const Change& change, std::span<const Change> all,
                         OperationContext& context);
  Result<void> tell(const Event& event, const std::vector<ResourcePtr>& subscriptions,
                    OperationContext& context);
  Result<void> count_down(const ResourcePtr& subscription, OperationContext& context);
  void put(const ResourceId& queue, const OutboxNotification& entry, OperationContext& context);

  Deliverer& deliverer_;
  const SubscriptionSettings settings_;
  SubscriptionIndex index_;
  bool wrote_ = false;  ///< of the write lane
};

}  // namespace gatehouse

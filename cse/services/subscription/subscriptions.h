#pragma once
#include "cse/services/subscription/blocking_updates.h"
#include "cse/services/subscription/deliverer.h"
#include "cse/services/subscription/subscription_index.h"
#include "cse/services/subscription/subscription_type.h"

namespace gatehouse {

/// The subscription service: matches the changes of every request with the subscriptions, in the
/// request's own transaction, and leaves what has to be told in the store's outbox. So a
/// notification is as durable as its cause. Source: TS-0001 clause 10.2.10, TS-0004 clause 7.5.1.2.
///
/// Events: update (net 1) and deletion (2) of the resource itself, creation (3) and deletion (4) of
/// a direct child; retrieving a <container> without instances (5), triggers (6) and missing data
/// (8) through EventSink; operation monitors (om) of every operation, also of those that fail. What
/// the CSE does by itself (counters, evictions) is no event; of a deleted branch each subscription
/// to a deletion below is served.
/// Also: prior events (psn) of created children; blocking updates; statistics and the expiration
/// counter, which count when a notification has been delivered. The answer to a request that
/// deletes a subscription waits until its subscriberURI has been told, or could not be.
class Subscriptions final : public TransactionParticipant, public CommitListener, public EventSink {
 public:
  /// Adds itself to `cse`, which with `deliverer` outlives this. Before cse.start().
  Subscriptions(Cse& cse, Deliverer& deliverer, SubscriptionSettings settings = {});

  /// After cse.start(): reads which resources are watched, what an earlier run left to deliver.
  void start();

  Result<void> missing_data(const ResourcePtr& series, const std::string& generation_time,
                            OperationContext& context) override;
  Result<void> trigger_received(const ResourcePtr& ae, const Value& payload,
                                OperationContext& context) override;
  bool watches(const ResourceId& target) const override {
    return index_.attentive().has_watchers(target);
  }
  void attempted(const Request& request, const std::string& originator, const ResourcePtr& target,
                 const Response& response) override;

  Result<void> on_changes(std::span<const Change> changes, OperationContext& context) override;
  void committed(const Committed& event) override;

  /// Other processes have changed the store. Threading: the write lane.
  void invalidate() { index_.invalidate(); }

 private:
  Result<void> on_change(const Change& change, std::span<const Change> all,
                         OperationContext& context);
  Result<void> tell(const Event& event, const std::vector<ResourcePtr>& subscriptions,
                    OperationContext& context);
  Result<void> tell_one(const Event& event, ResourcePtr subscription, OperationContext& context);
  Result<void> tell_prior(const ResourcePtr& subscription, OperationContext& context);
  Result<std::vector<std::string>> enter(std::span<const Receipt> receipts,
                                         OperationContext& context);
  DeliveryQueue::Pending pending_rule(const std::string& queue);
  void wake_after_commit();
  void put(const ResourceId& queue, const OutboxNotification& entry, OperationContext& context);

  Result<void> tell_attempt(const Request& request, const std::string& originator,
                            const ResourcePtr& target, OperationContext& context);
  void tell_end(const Resource& subscription, OperationContext& context, bool always = false);

  Cse& cse_;
  Deliverer& deliverer_;
  const SubscriptionSettings settings_;
  SubscriptionIndex index_;
  BlockingUpdates blocking_;
  bool wrote_ = false;  ///< of the write lane
};

}  // namespace gatehouse

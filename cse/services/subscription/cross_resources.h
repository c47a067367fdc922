#pragma once
#include <memory>

#include "cse/services/subscription/cross_resource_type.h"
#include "cse/services/subscription/deliverer.h"

namespace gatehouse {

/// Cross-resource notifications: takes the notifications of the subscriptions of a
/// <crossResourceSubscription>, and decides at the end of each time window whether one of its own
/// follows. A periodic window follows the last without a gap; a sliding one begins with the first
/// notification. The window stands in the store, so it goes on after a restart; one that ended
/// meanwhile is decided then. Source: TS-0001 clause 10.2.10.26, TS-0004 clause 7.5.1.2.18.
///
/// Threading: NOTIFYs come from any thread; state changes are jobs of the write lane.
class CrossResources final : public CommitListener, public TransactionParticipant {
 public:
  /// Adds itself to `cse`, which with `deliverer` outlives this. Before cse.start(), after
  /// Subscriptions.
  CrossResources(Cse& cse, Deliverer& deliverer, SubscriptionSettings settings = {});
  /// After cse.start(): the windows that an earlier run left.
  void start();

  Result<void> on_changes(std::span<const Change> changes, OperationContext& context) override;
  void committed(const Committed& event) override;

 private:
  class Work;
  std::shared_ptr<Work> work_;
};

}  // namespace gatehouse

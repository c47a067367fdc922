#pragma once
#include <deque>
#include <mutex>
#include <unordered_map>

#include "cse/core/cse.h"
#include "cse/services/subscription/attentive_index.h"
#include "cse/services/subscription/notification.h"

namespace gatehouse {

/// Subscriptions to blocking updates (net 7): an UPDATE that has been found valid and permitted
/// waits for the consent of the one notification target. While it waits, other UPDATEs and DELETEs
/// of the resource wait behind it. An unreachable target refuses with 5107, one that says no with
/// 4127. Source: TS-0001 clause 10.2.10.7, TS-0004 clause 7.5.1.2.19.
class BlockingUpdates final : public Turnstile {
 public:
  /// Both outlive this.
  BlockingUpdates(Cse& cse, const AttentiveIndex& index, SubscriptionSettings settings)
      : cse_(cse), index_(index), settings_(settings) {}

  bool guards(const ResourceId& target) const override;
  void pass(Passage passage) override;

 private:
  using Shared = std::shared_ptr<Passage>;
  void start(const Shared& passage);
  void ask(const Shared& passage);
  void run(const Shared& passage);
  void refuse(const Shared& passage, const Error& error);
  void finish(const Shared& passage, Response response);

  Cse& cse_;
  const AttentiveIndex& index_;
  const SubscriptionSettings settings_;
  mutable std::mutex mutex_;
  std::unordered_map<ResourceId, std::deque<Shared>> queues_;  ///< the first one is under way
};

}  // namespace gatehouse

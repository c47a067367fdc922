#pragma once
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cse/core/cse.h"
#include "cse/services/subscription/attentive_index.h"

namespace gatehouse {

/// The <subscription>s of each resource, in memory, so that a change of a resource that has none
/// costs one look-up. What it holds are hints: the working set decides whether a subscription
/// exists for the work at hand. So a subscription is known as soon as the job that creates it has
/// run (later jobs of its batch see it), and a hint goes only after the commit that deletes it.
/// Threading: the write lane only.
class SubscriptionIndex {
 public:
  explicit SubscriptionIndex(Cse& cse) : cse_(cse) {}

  /// Subscriptions of `parent` that exist now, oldest first. The first call reads all of the store.
  Result<std::vector<ResourcePtr>> of(const ResourceId& parent, ResourceReader& resources);
  Result<void> created(const Resource& subscription);
  /// Has it <schedule> children, as far as is known? Then the working set decides.
  bool may_have_schedule(const ResourceId& subscription) const {
    return schedules_.contains(subscription);
  }
  void schedule_created(const Resource& schedule) { schedules_.insert(schedule.parent()); }
  /// After a commit: forgets what was deleted, and what never came to be.
  void committed(const std::vector<Change>& changes);
  /// Reads all of the store, unless that has been done.
  Result<void> load();
  /// Threading: any.
  const AttentiveIndex& attentive() const { return attentive_; }
  /// Another process has changed the store: everything is read again.
  void invalidate() { loaded_ = false; }

 private:
  Result<void> load_schedules(Snapshot& snapshot);
  void note_attentive(const Record& record);
  void forget(const ResourceId& parent, const ResourceId& subscription);

  Cse& cse_;
  bool loaded_ = false;
  AttentiveIndex attentive_;
  std::unordered_map<ResourceId, std::vector<ResourceId>> by_parent_;
  std::unordered_set<ResourceId> schedules_;  ///< parents of <schedule>s, also of former ones
  std::set<std::pair<ResourceId, ResourceId>> missed_;  ///< (parent, subscription): not found
};

}  // namespace gatehouse

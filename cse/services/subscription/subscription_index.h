#pragma once
#include <bitset>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cse/core/cse.h"
#include "cse/services/subscription/attentive_index.h"

namespace gatehouse {

/// The <subscription>s of each resource and type of event, in memory, so that a change costs one
/// look-up and what is found, however many subscriptions wait for something else. What it holds are
/// hints: the working set decides whether a subscription exists for the work at hand, and its
/// criteria whether it is told. So a subscription is known as soon as the job that creates or
/// changes it has run (later jobs of its batch see it), and a hint goes only after a commit.
/// Threading: the write lane only.
class SubscriptionIndex {
 public:
  explicit SubscriptionIndex(Cse& cse) : cse_(cse) {}

  /// Subscriptions of `parent` that exist now and may wait for this type of event (event_type),
  /// oldest first; operation monitors may wait for any. The first call reads all of the store.
  Result<std::vector<ResourcePtr>> of(const ResourceId& parent, int event_type,
                                      ResourceReader& resources);
  /// Created or updated by the running job.
  Result<void> changed(const Resource& subscription);
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
  /// A bit for each event_type.
  static constexpr std::int64_t kEventTypes = 16;
  using EventTypes = std::bitset<kEventTypes>;
  /// For each type of event those that may wait for it, by their order of creation.
  using Waiting = std::map<int, std::map<std::int64_t, ResourceId>>;
  struct Missed {
    ResourceId parent, subscription;
  };

  static EventTypes awaited(const Value& attributes);
  Result<void> load_schedules(Snapshot& snapshot);
  void note(const Record& record);
  void add(const ResourceId& parent, const ResourceId& subscription, std::int64_t order,
           EventTypes types);
  /// Takes the hint from all types of event but `kept`.
  void keep_only(const ResourceId& parent, const ResourceId& subscription, EventTypes kept);

  Cse& cse_;
  bool loaded_ = false;
  AttentiveIndex attentive_;
  std::unordered_map<ResourceId, Waiting> by_parent_;
  std::unordered_map<ResourceId, std::int64_t> orders_;  ///< of each subscription
  std::unordered_set<ResourceId> schedules_;  ///< parents of <schedule>s, also of former ones
  std::vector<Missed> missed_;                ///< looked for in vain since the last commit
};

}  // namespace gatehouse

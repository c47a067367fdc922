#pragma once
#include <set>
#include <shared_mutex>
#include <unordered_map>

#include "cse/core/resource.h"

namespace gatehouse {

/// Which resources have subscriptions that a reader or a request on its way must know of: operation
/// monitors and events of reading (net 5), and blocking updates (net 7).
/// Threading: any; changed by the write lane after commits.
class AttentiveIndex {
 public:
  /// A subscription as it is now; one without such criteria is forgotten.
  void note(const ResourceId& parent, const ResourceId& subscription, const Value& attributes);
  void forget(const ResourceId& parent, const ResourceId& subscription);
  void clear();

  bool has_watchers(const ResourceId& parent) const;
  /// The subscription to blocking updates of that resource; empty if there is none.
  ResourceId blocking(const ResourceId& parent) const;

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<ResourceId, std::set<ResourceId>> watchers_;
  std::unordered_map<ResourceId, ResourceId> blocking_;
};

}  // namespace gatehouse

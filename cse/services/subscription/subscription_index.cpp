#include "cse/services/subscription/subscription_index.h"

#include <algorithm>

namespace gatehouse {

Result<void> SubscriptionIndex::load() {
  auto snapshot = cse_.store().read();
  if (!snapshot) return fail(snapshot.error());
  by_parent_.clear();
  Page page;
  for (;;) {
    auto entries = (*snapshot)->all_of_type(type_number::kSubscription, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      auto record = (*snapshot)->find(entry.id);
      if (!record) return fail(record.error());
      if (*record) by_parent_[(*record)->parent].push_back(entry.id);
      page.after = entry.order;
    }
    if (entries->size() < page.limit) break;
  }
  loaded_ = true;
  return {};
}

Result<std::vector<ResourcePtr>> SubscriptionIndex::of(const ResourceId& parent,
                                                       ResourceReader& resources) {
  if (!loaded_) {
    if (auto loaded = load(); !loaded) return fail(loaded.error());
  }
  std::vector<ResourcePtr> present;
  const auto known = by_parent_.find(parent);
  if (known == by_parent_.end()) return present;
  for (const ResourceId& id : known->second) {
    auto subscription = resources.find(id);
    if (!subscription) return fail(subscription.error());
    if (*subscription) {
      present.push_back(*std::move(subscription));
    } else {
      missed_.insert({parent, id});
    }
  }
  return present;
}

Result<void> SubscriptionIndex::created(const Resource& subscription) {
  if (!loaded_) {  // what is not committed yet is not in the snapshot
    if (auto loaded = load(); !loaded) return loaded;
  }
  std::vector<ResourceId>& ids = by_parent_[subscription.parent()];
  if (std::find(ids.begin(), ids.end(), subscription.id()) == ids.end()) {
    ids.push_back(subscription.id());
  }
  return {};
}

void SubscriptionIndex::forget(const ResourceId& parent, const ResourceId& subscription) {
  const auto known = by_parent_.find(parent);
  if (known == by_parent_.end()) return;
  std::erase(known->second, subscription);
  if (known->second.empty()) by_parent_.erase(known);
}

void SubscriptionIndex::committed(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    const Resource& resource = change.resource();
    if (resource.type() != type_number::kSubscription) continue;
    if (change.kind == Change::Kind::kDeleted) missed_.insert({resource.parent(), resource.id()});
  }
  if (missed_.empty()) return;
  CommittedView resources = cse_.view();
  for (const auto& [parent, subscription] : missed_) {
    const auto found = resources.find(subscription);
    if (found && !*found) forget(parent, subscription);
  }
  missed_.clear();
}

}  // namespace gatehouse

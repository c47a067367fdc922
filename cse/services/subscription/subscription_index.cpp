#include "cse/services/subscription/subscription_index.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse {

/// Most subscriptions are to nothing of that kind: their text tells, without being decoded.
void SubscriptionIndex::note_attentive(const Record& record) {
  const std::size_t types = record.body.find("\"net\":[");
  const std::string_view listed =
      types == std::string::npos
          ? std::string_view()
          : std::string_view(record.body).substr(types, record.body.find(']', types) - types);
  const bool worth_it = record.body.find("\"om\":") != std::string::npos ||
                        listed.find_first_of("57") != std::string_view::npos;
  if (!worth_it) return;
  const auto content = parse_json(record.body);
  const Value* attributes = content ? content->find("m2m:sub") : nullptr;
  if (attributes) attentive_.note(record.parent, record.id, *attributes);
}

Result<void> SubscriptionIndex::load() {
  if (loaded_) return {};
  auto snapshot = cse_.store().read();
  if (!snapshot) return fail(snapshot.error());
  by_parent_.clear();
  attentive_.clear();
  Page page;
  for (;;) {
    auto entries = (*snapshot)->all_of_type(type_number::kSubscription, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      auto record = (*snapshot)->find(entry.id);
      if (!record) return fail(record.error());
      if (*record) {
        by_parent_[(*record)->parent].push_back(entry.id);
        note_attentive(**record);
      }
      page.after = entry.order;
    }
    if (entries->size() < page.limit) break;
  }
  if (auto loaded = load_schedules(**snapshot); !loaded) return loaded;
  loaded_ = true;
  return {};
}

Result<void> SubscriptionIndex::load_schedules(Snapshot& snapshot) {
  schedules_.clear();
  Page page;
  for (;;) {
    auto entries = snapshot.all_of_type(type_number::kSchedule, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      auto record = snapshot.find(entry.id);
      if (!record) return fail(record.error());
      if (*record) schedules_.insert((*record)->parent);
      page.after = entry.order;
    }
    if (entries->size() < page.limit) return {};
  }
}

Result<std::vector<ResourcePtr>> SubscriptionIndex::of(const ResourceId& parent,
                                                       ResourceReader& resources) {
  if (auto loaded = load(); !loaded) return fail(loaded.error());
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
  // What is not committed yet is not in the snapshot.
  if (auto loaded = load(); !loaded) return loaded;
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
    if (change.kind == Change::Kind::kDeleted) {
      missed_.insert({resource.parent(), resource.id()});
      attentive_.forget(resource.parent(), resource.id());
    } else {
      attentive_.note(resource.parent(), resource.id(), resource.attributes());
    }
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

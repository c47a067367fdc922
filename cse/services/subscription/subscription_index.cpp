#include "cse/services/subscription/subscription_index.h"

#include "cse/codec/json.h"

namespace gatehouse {

/// All that the criteria may let through. Source: TS-0001 table 9.6.8-3
/// (eventNotificationCriteria).
SubscriptionIndex::EventTypes SubscriptionIndex::awaited(const Value& attributes) {
  const Value* criteria = attributes.find("enc");
  const Value* types = criteria ? criteria->find("net") : nullptr;
  if (!types || !types->as_array() || criteria->contains("om")) return EventTypes().set();
  EventTypes awaited;
  for (const Value& type : *types->as_array()) {
    const auto number = type.as_integer();
    if (!number || *number < 0 || *number >= kEventTypes) return EventTypes().set();
    awaited.set(static_cast<std::size_t>(*number));
  }
  return awaited;
}

void SubscriptionIndex::note(const Record& record) {
  const auto content = parse_json(record.body);
  const Value* attributes = content ? content->find("m2m:sub") : nullptr;
  if (!attributes) return;
  add(record.parent, record.id, record.order, awaited(*attributes));
  attentive_.note(record.parent, record.id, *attributes);
}

void SubscriptionIndex::add(const ResourceId& parent, const ResourceId& subscription,
                            std::int64_t order, EventTypes types) {
  // A job that was tried and not done may have left a hint with another order.
  const auto [known, fresh] = orders_.try_emplace(subscription, order);
  if (!fresh && known->second != order) {
    keep_only(parent, subscription, {});
    orders_[subscription] = order;
  }
  Waiting& waiting = by_parent_[parent];
  for (std::size_t type = 0; type < types.size(); ++type) {
    if (types[type]) waiting[static_cast<int>(type)].emplace(order, subscription);
  }
}

void SubscriptionIndex::keep_only(const ResourceId& parent, const ResourceId& subscription,
                                  EventTypes kept) {
  const auto known = by_parent_.find(parent);
  const auto order = orders_.find(subscription);
  if (known == by_parent_.end() || order == orders_.end()) return;
  for (auto& [type, waiting] : known->second) {
    if (!kept[static_cast<std::size_t>(type)]) waiting.erase(order->second);
  }
  std::erase_if(known->second, [](const auto& waiting) { return waiting.second.empty(); });
  if (known->second.empty()) by_parent_.erase(known);
  if (kept.none()) orders_.erase(order);
}

Result<void> SubscriptionIndex::load() {
  if (loaded_) return {};
  auto snapshot = cse_.store().read();
  if (!snapshot) return fail(snapshot.error());
  by_parent_.clear();
  orders_.clear();
  attentive_.clear();
  Page page;
  for (;;) {
    auto entries = (*snapshot)->all_of_type(type_number::kSubscription, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      auto record = (*snapshot)->find(entry.id);
      if (!record) return fail(record.error());
      if (*record) note(**record);
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

Result<std::vector<ResourcePtr>> SubscriptionIndex::of(const ResourceId& parent, int event_type,
                                                       ResourceReader& resources) {
  if (auto loaded = load(); !loaded) return fail(loaded.error());
  std::vector<ResourcePtr> present;
  const auto known = by_parent_.find(parent);
  if (known == by_parent_.end()) return present;
  const auto waiting = known->second.find(event_type);
  if (waiting == known->second.end()) return present;
  for (const auto& [order, id] : waiting->second) {
    auto subscription = resources.find(id);
    if (!subscription) return fail(subscription.error());
    if (*subscription) {
      present.push_back(*std::move(subscription));
    } else {
      missed_.push_back({parent, id});
    }
  }
  return present;
}

Result<void> SubscriptionIndex::changed(const Resource& subscription) {
  // What is not committed yet is not in the snapshot.
  if (auto loaded = load(); !loaded) return loaded;
  add(subscription.parent(), subscription.id(), subscription.order(),
      awaited(subscription.attributes()));
  return {};
}

void SubscriptionIndex::committed(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    const Resource& resource = change.resource();
    if (resource.type() != type_number::kSubscription) continue;
    if (change.kind == Change::Kind::kDeleted) {
      missed_.push_back({resource.parent(), resource.id()});
      attentive_.forget(resource.parent(), resource.id());
    } else {
      const EventTypes types = awaited(resource.attributes());
      add(resource.parent(), resource.id(), resource.order(),
          types);  // an earlier one took it away
      keep_only(resource.parent(), resource.id(), types);
      attentive_.note(resource.parent(), resource.id(), resource.attributes());
    }
  }
  if (missed_.empty()) return;
  CommittedView resources = cse_.view();
  for (const Missed& missed : missed_) {
    const auto found = resources.find(missed.subscription);
    if (found && !*found) keep_only(missed.parent, missed.subscription, {});
  }
  missed_.clear();
}

}  // namespace gatehouse

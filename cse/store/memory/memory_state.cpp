#include "cse/store/memory/memory_state.h"

#include <climits>

namespace gatehouse {
namespace {

constexpr std::int64_t kNever = INT64_MAX;

ChildEntry entry_of(const Record& record) {
  return {record.id, record.name, record.type, record.order};
}

/// The part of a listing that belongs to `scope`, as `page` asks.
template <class Listing, class Scope>
std::vector<ChildEntry> list(const Listing& listing, const Scope& scope, const Page& page) {
  std::vector<ChildEntry> entries;
  if (page.limit == 0) return entries;
  const auto visit = [&](const auto& key, const auto& record) {
    if (key.first != scope) return false;
    entries.push_back(entry_of(*record));
    return entries.size() < page.limit;
  };
  if (!page.newest_first) {
    const std::pair<Scope, std::int64_t> after{scope, page.after};
    listing.ascend([&](const auto& key) { return key <= after; }, visit);
  } else {
    const bool from_newest = page.after == INT64_MIN;
    const std::pair<Scope, std::int64_t> before{scope, from_newest ? INT64_MAX : page.after};
    listing.descend(
        [&](const auto& key) { return before < key || (key == before && !from_newest); }, visit);
  }
  return entries;
}

IndexEntry index_entry_of(const Record& record, Timestamp time) {
  return {record.id, record.parent, record.type, record.order, time};
}

/// What is behind `after` and before `until`.
template <class Listing>
std::vector<IndexEntry> list_by_time(const Listing& listing, const TimePosition& after,
                                     std::int64_t until, std::size_t limit) {
  std::vector<IndexEntry> entries;
  if (limit == 0) return entries;
  const std::pair<std::int64_t, std::int64_t> last{after.time.microseconds, after.order};
  listing.ascend([&](const auto& key) { return key <= last; },
                 [&](const auto& key, const auto& record) {
                   if (key.first >= until) return false;
                   entries.push_back(index_entry_of(*record, {key.first}));
                   return entries.size() < limit;
                 });
  return entries;
}

template <class Map, class Key>
std::shared_ptr<const Record> record_at(const Map& map, const Key& key) {
  const auto* found = map.find(key);
  return found ? *found : nullptr;
}

}  // namespace

std::shared_ptr<const Record> MemoryState::find(const ResourceId& id) const {
  return record_at(by_id_, id.text);
}

std::shared_ptr<const Record> MemoryState::find_child(const ResourceId& parent,
                                                      const std::string& name) const {
  return record_at(by_name_, std::pair{parent.text, name});
}

std::shared_ptr<const Record> MemoryState::find_order(std::int64_t order) const {
  return record_at(by_order_, order);
}

std::vector<ChildEntry> MemoryState::children(const ResourceId& parent, const Page& page) const {
  return list(by_parent_, parent.text, page);
}

std::vector<ChildEntry> MemoryState::children_of_type(const ResourceId& parent, int type,
                                                      const Page& page) const {
  return list(by_parent_type_, std::pair{parent.text, type}, page);
}

std::vector<ChildEntry> MemoryState::all_of_type(int type, const Page& page) const {
  return list(by_type_, type, page);
}

std::vector<int> MemoryState::child_types(const ResourceId& parent) const {
  std::vector<int> types;
  std::pair<std::pair<std::string, int>, std::int64_t> last{{parent.text, INT_MIN}, INT64_MAX};
  for (;;) {
    bool found = false;
    by_parent_type_.ascend([&](const auto& key) { return key <= last; },
                           [&](const auto& key, const auto&) {
                             found = key.first.first == parent.text;
                             last.first.second = key.first.second;
                             return false;
                           });
    if (!found) return types;
    types.push_back(last.first.second);
  }
}

std::vector<IndexEntry> MemoryState::all(std::int64_t after, std::size_t limit) const {
  std::vector<IndexEntry> entries;
  if (limit == 0) return entries;
  by_order_.ascend([&](std::int64_t order) { return order <= after; },
                   [&](std::int64_t, const auto& record) {
                     entries.push_back(index_entry_of(*record, {0}));
                     return entries.size() < limit;
                   });
  return entries;
}

std::optional<std::string> MemoryState::next_label(const std::string& from) const {
  std::optional<std::string> label;
  by_label_.ascend([&](const auto& key) { return key.first.first < from; },
                   [&](const auto& key, const auto&) {
                     label = key.first.first;
                     return false;
                   });
  return label;
}

std::optional<ResourceId> MemoryState::next_labelled_parent(const std::string& label,
                                                            const ResourceId& after) const {
  std::optional<ResourceId> parent;
  by_label_.ascend(
      [&](const auto& key) {
        return key.first <= std::pair{label, after.text};
      },
      [&](const auto& key, const auto&) {
        if (key.first.first == label) parent = ResourceId{key.first.second};
        return false;
      });
  return parent;
}

std::vector<ChildEntry> MemoryState::labelled_children(const std::string& label,
                                                       const ResourceId& parent,
                                                       const Page& page) const {
  return list(by_label_, std::pair{label, parent.text}, page);
}

std::vector<IndexEntry> MemoryState::by_modification(const TimePosition& after,
                                                     std::size_t limit) const {
  return list_by_time(by_modification_, after, INT64_MAX, limit);
}

std::vector<IndexEntry> MemoryState::by_expiration(const TimePosition& after, Timestamp until,
                                                   std::size_t limit) const {
  return list_by_time(by_expiry_, after, until.microseconds, limit);
}

std::vector<OutboxEntry> MemoryState::outbox(std::int64_t after, std::size_t limit) const {
  std::vector<OutboxEntry> entries;
  if (limit == 0) return entries;
  outbox_.ascend([&](std::int64_t order) { return order <= after; },
                 [&](std::int64_t, const OutboxEntry& entry) {
                   entries.push_back(entry);
                   return entries.size() < limit;
                 });
  return entries;
}

std::optional<std::string> MemoryState::setting(const std::string& name) const {
  const std::string* value = settings_.find(name);
  return value ? std::optional(*value) : std::nullopt;
}

void MemoryState::add(const Record& record) {
  const auto shared = std::make_shared<const Record>(record);
  by_id_.put(record.id.text, shared);
  by_order_.put(record.order, shared);
  by_name_.put({record.parent.text, record.name}, shared);
  by_parent_.put({record.parent.text, record.order}, shared);
  by_parent_type_.put({{record.parent.text, record.type}, record.order}, shared);
  by_type_.put({record.type, record.order}, shared);
  if (record.expires.microseconds != kNever) {
    by_expiry_.put({record.expires.microseconds, record.order}, shared);
  }
  if (record.modified.microseconds != 0) {
    by_modification_.put({record.modified.microseconds, record.order}, shared);
  }
  for (const std::string& label : record.labels) {
    by_label_.put({{label, record.parent.text}, record.order}, shared);
  }
}

void MemoryState::remove(const Record& record) {
  by_id_.erase(record.id.text);
  by_order_.erase(record.order);
  by_name_.erase({record.parent.text, record.name});
  by_parent_.erase({record.parent.text, record.order});
  by_parent_type_.erase({{record.parent.text, record.type}, record.order});
  by_type_.erase({record.type, record.order});
  by_expiry_.erase({record.expires.microseconds, record.order});
  by_modification_.erase({record.modified.microseconds, record.order});
  for (const std::string& label : record.labels) {
    by_label_.erase({{label, record.parent.text}, record.order});
  }
}

}  // namespace gatehouse

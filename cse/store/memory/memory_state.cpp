#include "cse/store/memory/memory_state.h"

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

std::vector<ResourceId> MemoryState::expired(Timestamp until, std::size_t limit) const {
  std::vector<ResourceId> ids;
  if (limit == 0) return ids;
  by_expiry_.ascend([](const auto&) { return false; },
                    [&](const auto& key, const auto& record) {
                      if (key.first >= until.microseconds) return false;
                      ids.push_back(record->id);
                      return ids.size() < limit;
                    });
  return ids;
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
}

void MemoryState::remove(const Record& record) {
  by_id_.erase(record.id.text);
  by_order_.erase(record.order);
  by_name_.erase({record.parent.text, record.name});
  by_parent_.erase({record.parent.text, record.order});
  by_parent_type_.erase({{record.parent.text, record.type}, record.order});
  by_type_.erase({record.type, record.order});
  by_expiry_.erase({record.expires.microseconds, record.order});
}

}  // namespace gatehouse

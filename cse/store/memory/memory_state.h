#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cse/store/memory/persistent_map.h"
#include "cse/store/store.h"

namespace gatehouse {

/// Everything that a MemoryStore holds at one moment, with its indexes. Copies are free (see
/// PersistentMap), so a snapshot and a transaction each own one.
class MemoryState {
 public:
  std::shared_ptr<const Record> find(const ResourceId& id) const;
  std::shared_ptr<const Record> find_child(const ResourceId& parent, const std::string& name) const;
  std::shared_ptr<const Record> find_order(std::int64_t order) const;
  std::vector<ChildEntry> children(const ResourceId& parent, const Page& page) const;
  std::vector<ChildEntry> children_of_type(const ResourceId& parent, int type,
                                           const Page& page) const;
  std::vector<ChildEntry> all_of_type(int type, const Page& page) const;
  std::vector<int> child_types(const ResourceId& parent) const;
  std::vector<IndexEntry> all(std::int64_t after, std::size_t limit) const;
  std::optional<std::string> next_label(const std::string& from) const;
  std::optional<ResourceId> next_labelled_parent(const std::string& label,
                                                 const ResourceId& after) const;
  std::vector<ChildEntry> labelled_children(const std::string& label, const ResourceId& parent,
                                            const Page& page) const;
  std::vector<IndexEntry> by_modification(const TimePosition& after, std::size_t limit) const;
  std::vector<IndexEntry> by_expiration(const TimePosition& after, Timestamp until,
                                        std::size_t limit) const;
  std::vector<OutboxEntry> outbox(std::int64_t after, std::size_t limit) const;
  std::optional<std::string> setting(const std::string& name) const;
  std::size_t count() const { return by_id_.size(); }

  /// The caller has checked that neither id, name nor order is taken.
  void add(const Record& record);
  void remove(const Record& record);
  void put_outbox(const OutboxEntry& entry) { outbox_.put(entry.order, entry); }
  void erase_outbox(std::int64_t order) { outbox_.erase(order); }
  void put_setting(const std::string& name, const std::string& value) {
    settings_.put(name, value);
  }

 private:
  using Shared = std::shared_ptr<const Record>;
  PersistentMap<std::string, Shared> by_id_;
  PersistentMap<std::int64_t, Shared> by_order_;
  PersistentMap<std::pair<std::string, std::string>, Shared> by_name_;  // parent, name
  template <class Scope>
  using Listing = PersistentMap<std::pair<Scope, std::int64_t>, Shared>;  // scope, order
  Listing<std::string> by_parent_;
  Listing<std::pair<std::string, int>> by_parent_type_;
  Listing<int> by_type_;
  Listing<std::int64_t> by_expiry_;                        // those that expire
  Listing<std::int64_t> by_modification_;                  // those that were changed
  Listing<std::pair<std::string, std::string>> by_label_;  // label and parent
  PersistentMap<std::int64_t, OutboxEntry> outbox_;
  PersistentMap<std::string, std::string> settings_;
};

}  // namespace gatehouse

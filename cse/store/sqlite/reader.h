#pragma once
#include <string>
#include <vector>

#include "cse/store/sqlite/connection.h"
#include "cse/store/store.h"

namespace gatehouse::sqlite {

Result<std::optional<Record>> find(Connection& connection, const ResourceId& id);
Result<std::optional<Record>> find_child(Connection& connection, const ResourceId& parent,
                                         const std::string& name);
Result<std::vector<ChildEntry>> children(Connection& connection, const ResourceId& parent,
                                         const Page& page);
Result<std::vector<ChildEntry>> children_of_type(Connection& connection, const ResourceId& parent,
                                                 int type, const Page& page);
Result<std::vector<ChildEntry>> all_of_type(Connection& connection, int type, const Page& page);
Result<std::vector<int>> child_types(Connection& connection, const ResourceId& parent);
Result<std::vector<IndexEntry>> all(Connection& connection, std::int64_t after, std::size_t limit);
Result<std::optional<std::string>> next_label(Connection& connection, const std::string& from);
Result<std::optional<ResourceId>> next_labelled_parent(Connection& connection,
                                                       const std::string& label,
                                                       const ResourceId& after);
Result<std::vector<ChildEntry>> labelled_children(Connection& connection, const std::string& label,
                                                  const ResourceId& parent, const Page& page);
Result<std::vector<IndexEntry>> by_modification(Connection& connection, const TimePosition& after,
                                                std::size_t limit);
Result<std::vector<IndexEntry>> by_expiration(Connection& connection, const TimePosition& after,
                                              Timestamp until, std::size_t limit);
Result<std::vector<OutboxEntry>> outbox(Connection& connection, std::int64_t after,
                                        std::size_t limit);
Result<std::optional<std::string>> setting(Connection& connection, const std::string& name);
Result<std::int64_t> count(Connection& connection);

/// The reading half of Snapshot and Transaction, over whatever connection() sees.
template <class Interface>
class Reader : public Interface {
 public:
  Result<std::optional<Record>> find(const ResourceId& id) override {
    return sqlite::find(connection(), id);
  }
  Result<std::optional<Record>> find_child(const ResourceId& parent,
                                           const std::string& name) override {
    return sqlite::find_child(connection(), parent, name);
  }
  Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) override {
    return sqlite::children(connection(), parent, page);
  }
  Result<std::vector<ChildEntry>> children_of_type(const ResourceId& parent, int type,
                                                   const Page& page) override {
    return sqlite::children_of_type(connection(), parent, type, page);
  }
  Result<std::vector<ChildEntry>> all_of_type(int type, const Page& page) override {
    return sqlite::all_of_type(connection(), type, page);
  }
  Result<std::vector<int>> child_types(const ResourceId& parent) override {
    return sqlite::child_types(connection(), parent);
  }
  Result<std::vector<IndexEntry>> all(std::int64_t after, std::size_t limit) override {
    return sqlite::all(connection(), after, limit);
  }
  Result<std::optional<std::string>> next_label(const std::string& from) override {
    return sqlite::next_label(connection(), from);
  }
  Result<std::optional<ResourceId>> next_labelled_parent(const std::string& label,
                                                         const ResourceId& after) override {
    return sqlite::next_labelled_parent(connection(), label, after);
  }
  Result<std::vector<ChildEntry>> labelled_children(const std::string& label,
                                                    const ResourceId& parent,
                                                    const Page& page) override {
    return sqlite::labelled_children(connection(), label, parent, page);
  }
  Result<std::vector<IndexEntry>> by_modification(const TimePosition& after,
                                                  std::size_t limit) override {
    return sqlite::by_modification(connection(), after, limit);
  }
  Result<std::vector<IndexEntry>> by_expiration(const TimePosition& after, Timestamp until,
                                                std::size_t limit) override {
    return sqlite::by_expiration(connection(), after, until, limit);
  }
  Result<std::vector<OutboxEntry>> outbox(std::int64_t after, std::size_t limit) override {
    return sqlite::outbox(connection(), after, limit);
  }
  Result<std::optional<std::string>> setting(const std::string& name) override {
    return sqlite::setting(connection(), name);
  }

 protected:
  virtual Connection& connection() = 0;
};

}  // namespace gatehouse::sqlite

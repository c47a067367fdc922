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
Result<std::vector<ResourceId>> expired(Connection& connection, Timestamp until, std::size_t limit);
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
  Result<std::vector<ResourceId>> expired(Timestamp until, std::size_t limit) override {
    return sqlite::expired(connection(), until, limit);
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

#pragma once
#include <string>
#include <unordered_set>

#include "cse/store/sqlite/checkpointer.h"
#include "cse/store/sqlite/reader.h"
#include "cse/store/sqlite/write_lane.h"
#include "cse/store/stale_list.h"

namespace gatehouse::sqlite {

/// The one writer's unit of work. Checks at once, since nobody writes beside it. `expect` compares
/// with what this transaction sees, its own changes included.
class SqliteTransaction final : public Reader<Transaction> {
 public:
  /// The lane has been entered and BEGIN IMMEDIATE has succeeded.
  SqliteTransaction(Connection& connection, WriteLane& lane)
      : connection_(connection), lane_(lane) {}
  ~SqliteTransaction() override { close(); }

  Result<void> put(const Record& record) override;
  Result<void> erase(const ResourceId& id, std::int64_t version) override;
  Result<void> expect(const ResourceId& id, std::int64_t version) override;
  Result<void> put_outbox(const OutboxEntry& entry) override;
  Result<void> erase_outbox(std::int64_t order) override;
  Result<void> put_setting(const std::string& name, const std::string& value) override;
  std::optional<CommitFailure> commit() override;

 protected:
  Connection& connection() override { return connection_; }

 private:
  Result<void> insert(const Record& record);
  Result<void> replace(const Record& record);
  Result<void> insert_row(const Record& record);
  Result<bool> erase_row(const ResourceId& id, std::int64_t version);
  Result<void> change_labels(Sql change, const std::vector<std::string>& labels,
                             const std::string& parent, std::int64_t order);
  Result<bool> name_is_stored_otherwise(const Record& record);
  Result<void> note_clash(const Record& record, const ResourceId& missing_parent);
  Result<void> stale(const ResourceId& id, const char* why);
  Result<bool> parent_exists(const ResourceId& parent);
  Result<void> write(Query& query);
  Result<void> usable() const;
  Result<void>
  broken();  ///< after SQLite refused a statement: nothing of this transaction may be kept
  std::optional<CommitFailure> write_out();
  void roll_back();
  void close();

  Connection& connection_;
  WriteLane& lane_;
  std::unordered_set<std::string> known_parents_;
  StaleList stale_;
  std::optional<Error> failed_;
  bool closed_ = false;
};

}  // namespace gatehouse::sqlite

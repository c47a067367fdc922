#include "cse/store/sqlite/transaction.h"

#include <utility>

#include "cse/store/sqlite/label_list.h"
#include "cse/store/sqlite/schema.h"

namespace gatehouse::sqlite {
namespace {

/// Parameters 1 to 12 in the order of GATEHOUSE_RECORD_COLUMNS. `labels`: see label_list.h; lives
/// as long as the query.
void bind_record(Query& query, const Record& record, const std::string& labels) {
  query.bind(record.order).bind(record.id.text).bind(record.parent.text);
  if (record.name == record.id.text) {
    query.bind_null();
  } else {
    query.bind(record.name);
  }
  query.bind(std::int64_t{record.type}).bind(record.version);
  if (record.expires.microseconds == INT64_MAX) {
    query.bind_null();
  } else {
    query.bind(record.expires.microseconds);
  }
  query.bind(record.originator).bind(record.body).bind(record.internal);
  query.bind(record.modified.microseconds == 0 ? std::nullopt
                                               : std::optional(record.modified.microseconds));
  if (labels.empty()) {
    query.bind_null();
  } else {
    query.bind(labels);
  }
}

Result<std::optional<std::string>> first_text(Query& query) {
  const Result<bool> row = query.step();
  if (!row) return fail(row.error());
  return *row ? std::optional(query.text(0)) : std::nullopt;
}

}  // namespace

Result<void> SqliteTransaction::put(const Record& record) {
  if (auto ready = usable(); !ready) return ready;
  if (record.version < 1) {
    return fail(Rsc::kInternalServerError, "store: a stored version starts at 1");
  }
  auto done = record.version == 1 ? insert(record) : replace(record);
  if (!done) failed_ = done.error();  // half of it may be done
  return done;
}

Result<void> SqliteTransaction::insert(const Record& record) {
  if (record.parent.empty()) return insert_row(record);
  const auto there = parent_exists(record.parent);
  if (!there) return fail(there.error());
  return *there ? insert_row(record) : note_clash(record, record.parent);
}

Result<void> SqliteTransaction::insert_row(const Record& record) {
  const auto sibling = name_is_stored_otherwise(record);
  if (!sibling) return fail(sibling.error());
  if (*sibling) return note_clash(record, {});
  int code = SQLITE_OK;
  {
    const std::string labels = joined(record.labels);
    Query query(connection_, Sql::kInsert);
    bind_record(query, record, labels);
    code = query.run();
  }
  if (code == SQLITE_DONE)
    return change_labels(Sql::kAddLabel, record.labels, record.parent.text, record.order);
  if ((code & 0xff) == SQLITE_CONSTRAINT) return note_clash(record, {});
  return broken();
}

Result<void> SqliteTransaction::change_labels(Sql change, const std::vector<std::string>& labels,
                                              const std::string& parent, std::int64_t order) {
  for (const std::string& label : labels) {
    Query query(connection_, change);
    if (auto done = write(query.bind(label).bind(parent).bind(order)); !done) return done;
  }
  return {};
}

/// A sibling may have the name in the other way of storing it, which no unique index sees: see
/// schema.cpp.
Result<bool> SqliteTransaction::name_is_stored_otherwise(const Record& record) {
  const bool unnamed = record.name == record.id.text;
  Query query(connection_, unnamed ? Sql::kIdOfNamed : Sql::kIsUnnamedChild);
  return query.bind(record.parent.text).bind(record.name).step();
}

/// Finds why an insert cannot be, the id first. `missing_parent` is empty if the parent is there.
Result<void> SqliteTransaction::note_clash(const Record& record, const ResourceId& missing_parent) {
  const auto same_id = first_text(Query(connection_, Sql::kIdOfId).bind(record.id.text));
  if (!same_id) return fail(same_id.error());
  if (*same_id) return stale(record.id, "is there already");
  if (!missing_parent.empty()) return stale(missing_parent, "is gone");
  const auto sibling = find_child(record.parent, record.name);
  if (!sibling) return fail(sibling.error());
  if (*sibling) return stale((*sibling)->id, "has taken the name");
  const auto same_order = first_text(Query(connection_, Sql::kIdOfOrder).bind(record.order));
  if (!same_order) return fail(same_order.error());
  if (*same_order) return stale({**same_order}, "has taken the order");
  return fail(Rsc::kInternalServerError, "store: a constraint failed without a cause");
}

Result<void> SqliteTransaction::stale(const ResourceId& id, const char* why) {
  stale_.note(id, why);
  return {};
}

Result<bool> SqliteTransaction::parent_exists(const ResourceId& parent) {
  if (known_parents_.contains(parent.text)) return true;
  Query query(connection_, Sql::kVersion);
  const Result<bool> row = query.bind(parent.text).step();
  if (row && *row) known_parents_.insert(parent.text);
  return row;
}

Result<void> SqliteTransaction::replace(const Record& record) {
  const std::string labels = joined(record.labels);
  {
    // The common case: nothing changes that an index holds.
    Query query(connection_, Sql::kUpdate);
    bind_record(query, record, labels);
    if (query.run() != SQLITE_DONE) return broken();
    if (sqlite3_changes(connection_.handle()) == 1) return {};
  }
  bool same_place = false;
  std::string old_labels;
  {
    Query query(connection_, Sql::kPlace);
    query.bind(record.id.text).bind(record.version - 1);
    if (record.name == record.id.text)
      query.bind_null();
    else
      query.bind(record.name);
    const Result<bool> row = query.bind(std::int64_t{record.type}).step();
    if (!row) return fail(row.error());
    if (!*row) return stale(record.id, "is not at the expected version");
    same_place = query.number(0) == record.order && query.text(1) == record.parent.text &&
                 query.number(3) == 1;
    old_labels = query.text(2);
  }
  if (!same_place) {
    if (auto gone = erase_row(record.id, record.version - 1); !gone) return fail(gone.error());
    return insert_row(record);
  }
  {
    Query query(connection_, Sql::kUpdateIndexed);
    bind_record(query, record, labels);
    if (query.run() != SQLITE_DONE) return broken();
  }
  if (old_labels == labels) return {};
  const std::string& parent = record.parent.text;
  if (auto d = change_labels(Sql::kEraseLabel, split(old_labels), parent, record.order); !d)
    return d;
  return change_labels(Sql::kAddLabel, record.labels, parent, record.order);
}

/// False: there is none at that version.
Result<bool> SqliteTransaction::erase_row(const ResourceId& id, std::int64_t version) {
  std::int64_t order = 0;
  std::string parent, labels;
  {
    Query query(connection_, Sql::kErase);
    const int code = query.bind(id.text).bind(version).run();
    if (code == SQLITE_DONE) return false;
    if (code != SQLITE_ROW) return fail(broken().error());
    order = query.number(0);
    parent = query.text(1);
    labels = query.text(2);
    if (query.run() != SQLITE_DONE) return fail(broken().error());
  }
  if (auto done = change_labels(Sql::kEraseLabel, split(labels), parent, order); !done)
    return fail(done.error());
  return true;
}

Result<void> SqliteTransaction::erase(const ResourceId& id, std::int64_t version) {
  if (auto ready = usable(); !ready) return ready;
  known_parents_.erase(id.text);
  const auto erased = erase_row(id, version);
  if (!erased) return fail(erased.error());
  return *erased ? Result<void>() : stale(id, "is not at the expected version");
}

Result<void> SqliteTransaction::expect(const ResourceId& id, std::int64_t version) {
  if (auto ready = usable(); !ready) return ready;
  Query query(connection_, Sql::kVersion);
  const Result<bool> row = query.bind(id.text).step();
  if (!row) return fail(row.error());
  if (*row && query.number(0) == version) return {};
  return stale(id, "is not at the expected version");
}

Result<void> SqliteTransaction::put_outbox(const OutboxEntry& entry) {
  if (auto ready = usable(); !ready) return ready;
  Query query(connection_, Sql::kPutOutbox);
  return write(query.bind(entry.order).bind(entry.queue).bind(entry.body));
}

Result<void> SqliteTransaction::erase_outbox(std::int64_t order) {
  if (auto ready = usable(); !ready) return ready;
  Query query(connection_, Sql::kEraseOutbox);
  return write(query.bind(order));
}

Result<void> SqliteTransaction::put_setting(const std::string& name, const std::string& value) {
  if (auto ready = usable(); !ready) return ready;
  Query query(connection_, Sql::kPutSetting);
  return write(query.bind(name).bind(value));
}

std::optional<Transaction::CommitFailure> SqliteTransaction::commit() {
  if (closed_) return CommitFailure{CommitError::kFailed, "store: this transaction has ended", {}};
  std::optional<CommitFailure> failure;
  if (failed_) {
    failure = CommitFailure{CommitError::kFailed, failed_->detail, {}};
  } else if (failure = stale_.failure(); !failure) {
    failure = write_out();
  }
  close();
  return failure;
}

std::optional<Transaction::CommitFailure> SqliteTransaction::write_out() {
  if (Query(connection_, Sql::kCommit).run() == SQLITE_DONE) return std::nullopt;
  const CommitFailure failure{CommitError::kFailed, connection_.error().detail, {}};
  roll_back();
  // A commit that failed at its fsync has left its frames behind the end of the log, whole. Should
  // the machine die now, recovery would take them for a commit. So a small commit overwrites them;
  // if that fails too, the next one does.
  (void)rewrite_schema_version(connection_);
  return failure;
}

Result<void> SqliteTransaction::write(Query& query) {
  if (query.run() == SQLITE_DONE) return {};
  return broken();
}

Result<void> SqliteTransaction::usable() const {
  if (closed_) return fail(Rsc::kInternalServerError, "store: this transaction has ended");
  if (failed_) return fail(*failed_);
  return {};
}

// SQLite rolls back by itself after some errors; what ran later would then commit one by one.
Result<void> SqliteTransaction::broken() {
  failed_ = connection_.error();
  return fail(*failed_);
}

void SqliteTransaction::roll_back() {
  if (sqlite3_get_autocommit(connection_.handle())) return;
  sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteTransaction::close() {
  if (closed_) return;
  closed_ = true;
  roll_back();
  lane_.leave_transaction();
}

}  // namespace gatehouse::sqlite

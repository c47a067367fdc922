#include "cse/store/sqlite/connection.h"

namespace gatehouse::sqlite {
namespace {

constexpr int kBusyMilliseconds = 5000;

/// One sentence for the few codes that an operator can act on; SQLite's own words for the others.
std::string described(int extended_code, const char* message) {
  switch (extended_code & 0xff) {
    case SQLITE_NOTADB:
      return "the file is not a database";
    case SQLITE_CORRUPT:
      return "the database is damaged";
    case SQLITE_FULL:
      return "the disk or the database's limit is full";
    case SQLITE_CANTOPEN:
      return "the database file cannot be opened or created";
    case SQLITE_READONLY:
      return "the database file is not writable";
    case SQLITE_IOERR:
      return "the disk failed";
    default:
      return message;
  }
}

Error error_of(int extended_code, const char* message) {
  return {Rsc::kInternalServerError, "store: " + described(extended_code, message) + " (SQLite " +
                                         std::to_string(extended_code) + ")"};
}

std::string cache_pragma(std::int64_t bytes) {
  return "PRAGMA cache_size=-" + std::to_string(bytes / 1024);
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const SqliteSettings& settings, Mode mode) {
  // SQLite's statistics of memory cost a lock at each allocation, and nobody reads them. The
  // setting is refused, which does no harm, where this process has used SQLite before.
  static const int kNoStatistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)kNoStatistics;
  sqlite3* handle = nullptr;
  const bool writes = mode == Mode::kWrite;
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  const int code = sqlite3_open_v2(settings.path.c_str(), &handle, flags,
                                   settings.vfs.empty() ? nullptr : settings.vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(handle));  // closes it, come what may
  if (code != SQLITE_OK) {
    return fail(error_of(code, handle ? sqlite3_errmsg(handle) : "out of memory"));
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  const auto cache = cache_pragma(writes ? settings.cache_bytes : settings.reader_cache_bytes);
  for (const char* sql : {cache.c_str(), "PRAGMA trusted_schema=0", "PRAGMA synchronous=FULL",
                          "PRAGMA wal_autocheckpoint=0", "PRAGMA temp_store=MEMORY"}) {
    if (auto done = connection->execute(sql); !done) return fail(done.error());
  }
  return connection;
}

Connection::~Connection() {
  for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<void> Connection::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error());
  return {};
}

Result<std::string> Connection::text(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK) return fail(error());
  Result<std::string> answer = std::string();
  if (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* bytes = sqlite3_column_text(statement, 0);
    if (bytes) answer = std::string(reinterpret_cast<const char*>(bytes));
  } else {
    answer = fail(error());
  }
  sqlite3_finalize(statement);
  return answer;
}

Result<std::int64_t> Connection::number(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK) return fail(error());
  Result<std::int64_t> answer = 0;
  if (sqlite3_step(statement) == SQLITE_ROW) {
    answer = sqlite3_column_int64(statement, 0);
  } else {
    answer = fail(error());
  }
  sqlite3_finalize(statement);
  return answer;
}

sqlite3_stmt* Connection::prepared(Sql which) {
  const auto index = static_cast<std::size_t>(which);
  if (!statements_[index]) {
    sqlite3_prepare_v3(handle_, kSqlTexts[index], -1, SQLITE_PREPARE_PERSISTENT,
                       &statements_[index], nullptr);
  }
  return statements_[index];
}

Error Connection::error() const {
  return error_of(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_));
}

Query& Query::bind(std::string_view text) {
  // SQLite takes a null pointer for NULL, which an empty view may hold.
  const char* data = text.data() ? text.data() : "";
  if (statement_) {
    sqlite3_bind_text64(statement_, next_parameter_++, data, text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  }
  return *this;
}

Query& Query::bind(std::int64_t number) {
  if (statement_) sqlite3_bind_int64(statement_, next_parameter_++, number);
  return *this;
}

Query& Query::bind(std::optional<std::int64_t> n) { return n ? bind(*n) : bind_null(); }

Query& Query::bind_null() {
  if (statement_) sqlite3_bind_null(statement_, next_parameter_++);
  return *this;
}

int Query::run() { return statement_ ? sqlite3_step(statement_) : SQLITE_ERROR; }

Result<bool> Query::step() {
  const int code = run();
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(connection_.error());
}

std::string Query::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes ? std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size))
               : std::string();
}

}  // namespace gatehouse::sqlite

#pragma once
// Of this folder: the only header that includes sqlite3.h.
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cse/primitive/result.h"
#include "cse/store/sqlite/sqlite_store.h"
#include "cse/store/sqlite/statements.h"

namespace gatehouse::sqlite {

/// One SQLite connection with its prepared statements. Threading: one thread at a time.
class Connection {
 public:
  enum class Mode { kWrite, kRead };

  /// Opens, and creates the file for kWrite. Errors: kInternalServerError, without the path.
  static Result<std::unique_ptr<Connection>> open(const SqliteSettings& settings, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs constant SQL without parameters or rows of interest.
  Result<void> execute(const char* sql);
  /// The first column of the first row of constant SQL, for pragmas.
  Result<std::int64_t> number(const char* sql);
  Result<std::string> text(const char* sql);

  /// The statement, compiled at first use; nullptr if that fails (see error()).
  sqlite3_stmt* prepared(Sql which);
  /// What SQLite says about the last call, as an Error.
  Error error() const;
  sqlite3* handle() const { return handle_; }

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}

  sqlite3* handle_;
  std::array<sqlite3_stmt*, kSqlCount> statements_{};
};

/// One run of a prepared statement. Bound texts must live as long as the Query.
class Query {
 public:
  Query(Connection& connection, Sql which)
      : connection_(connection), statement_(connection.prepared(which)) {}
  ~Query() {
    if (statement_) sqlite3_reset(statement_);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::string_view text);          ///< binds the next parameter
  Query& bind(std::int64_t number);            ///< the same
  Query& bind(std::optional<std::int64_t> n);  ///< the same; NULL for none
  Query& bind_null();                          ///< the same

  /// True while there is a row.
  Result<bool> step();
  /// For statements without rows: the SQLite result code (SQLITE_DONE when well).
  int run();

  std::string text(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
  int next_parameter_ = 1;
};

}  // namespace gatehouse::sqlite

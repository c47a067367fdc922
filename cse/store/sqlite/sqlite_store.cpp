#include "cse/store/sqlite/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "cse/store/sqlite/checkpointer.h"
#include "cse/store/sqlite/file_lock.h"
#include "cse/store/sqlite/reader.h"
#include "cse/store/sqlite/reader_pool.h"
#include "cse/store/sqlite/schema.h"
#include "cse/store/sqlite/transaction.h"

namespace gatehouse {
namespace sqlite {
namespace {

class SqliteSnapshot final : public Reader<Snapshot> {
 public:
  SqliteSnapshot(std::unique_ptr<Connection> connection, std::shared_ptr<ReaderPool> pool)
      : connection_(std::move(connection)), pool_(std::move(pool)) {}
  ~SqliteSnapshot() override {
    Query(*connection_, Sql::kCommit).run();
    pool_->give_back(std::move(connection_));
  }

  /// Fixes the state that this snapshot sees: BEGIN alone would wait for the first read.
  Result<void> pin() {
    if (auto begun = Query(*connection_, Sql::kBeginRead).step(); !begun) {
      return fail(begun.error());
    }
    if (auto row = Query(*connection_, Sql::kPin).step(); !row) return fail(row.error());
    return {};
  }

 protected:
  Connection& connection() override { return *connection_; }

 private:
  std::unique_ptr<Connection> connection_;
  std::shared_ptr<ReaderPool> pool_;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(const SqliteSettings& settings, FileLock lock, std::unique_ptr<Connection> writer,
              std::unique_ptr<Connection> copier, int threshold_pages)
      : lock_(std::move(lock)),
        writer_(std::move(writer)),
        readers_(std::make_shared<ReaderPool>(settings)),
        checkpointer_(std::move(copier), lane_, threshold_pages) {
    sqlite3_wal_hook(writer_->handle(), &SqliteStore::on_commit, &checkpointer_);
  }

  Result<std::unique_ptr<Snapshot>> read() override {
    auto connection = readers_->take();
    if (!connection) return fail(connection.error());
    auto snapshot = std::make_unique<SqliteSnapshot>(*std::move(connection), readers_);
    if (auto pinned = snapshot->pin(); !pinned) return fail(pinned.error());
    return snapshot;
  }

  Result<std::unique_ptr<Transaction>> begin() override {
    if (!lane_.enter_transaction()) {
      return fail(Rsc::kInternalServerError, "store: a transaction is open already");
    }
    if (auto begun = Query(*writer_, Sql::kBeginWrite).step(); !begun) {
      lane_.leave_transaction();
      return fail(begun.error());
    }
    return std::make_unique<SqliteTransaction>(*writer_, lane_);
  }

  Result<std::int64_t> count() override {
    auto connection = readers_->take();
    if (!connection) return fail(connection.error());
    Result<std::int64_t> answer = sqlite::count(**connection);
    readers_->give_back(*std::move(connection));
    return answer;
  }

 private:
  static int on_commit(void* checkpointer, sqlite3*, const char*, int pages_in_log) {
    static_cast<Checkpointer*>(checkpointer)->log_has(pages_in_log);
    return SQLITE_OK;
  }

  // Destroyed from the end: the thread, then the readers, then the writer, whose close empties the
  // log.
  FileLock lock_;
  WriteLane lane_;
  std::unique_ptr<Connection> writer_;
  std::shared_ptr<ReaderPool> readers_;
  Checkpointer checkpointer_;
};

Result<void> check_settings(const SqliteSettings& settings) {
  const std::int64_t page = settings.page_bytes;
  if (settings.path.empty() || settings.path.front() == ':' || settings.path.starts_with("file:")) {
    return fail(Rsc::kInternalServerError, "store: the path must name a file");
  }
  if (page < 512 || page > 65536 || (page & (page - 1)) != 0) {
    return fail(Rsc::kInternalServerError,
                "store: page_bytes must be a power of two from 512 to 65536");
  }
  if (settings.max_readers == 0 || settings.checkpoint_bytes <= 0 || settings.cache_bytes <= 0 ||
      settings.reader_cache_bytes <= 0) {
    return fail(Rsc::kInternalServerError, "store: sizes and counts must be positive");
  }
  return {};
}

}  // namespace
}  // namespace sqlite

Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteSettings& settings,
                                                 std::span<const SqliteMigration> migrations) {
  using sqlite::Connection;
  if (auto sane = sqlite::check_settings(settings); !sane) return fail(sane.error());
  auto lock = sqlite::FileLock::take(settings.path + ".lock");
  if (!lock) return fail(lock.error());
  auto writer = Connection::open(settings, Connection::Mode::kWrite);
  if (!writer) return fail(writer.error());
  auto ready = sqlite::prepare_schema(**writer, settings, migrations);
  if (!ready) return fail(ready.error());
  const auto page_bytes = (*writer)->number("PRAGMA page_size");
  if (!page_bytes) return fail(page_bytes.error());
  auto copier = Connection::open(settings, Connection::Mode::kWrite);
  if (!copier) return fail(copier.error());
  sqlite3_busy_timeout((*copier)->handle(), 0);  // never waits with the lane held
  const auto pages = static_cast<int>(
      std::clamp<std::int64_t>(settings.checkpoint_bytes / *page_bytes, 16, INT32_MAX / 2));
  return std::make_unique<sqlite::SqliteStore>(settings, *std::move(lock), *std::move(writer),
                                               *std::move(copier), pages);
}

}  // namespace gatehouse

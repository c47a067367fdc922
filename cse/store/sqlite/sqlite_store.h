#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cse/store/store.h"

namespace gatehouse {

/// Where and how a SqliteStore keeps its records.
struct SqliteSettings {
  /// The database file, created when absent; beside it live `-wal`, `-shm` and `.lock`.
  std::string path;
  std::int64_t page_bytes = 4096;             ///< of a new file; a power of two, 512 to 65536
  std::int64_t cache_bytes = 8 << 20;         ///< page cache of the writer
  std::int64_t reader_cache_bytes = 1 << 20;  ///< page cache of each reader
  std::size_t idle_readers = 4;               ///< connections kept open between snapshots
  std::size_t max_readers = 128;  ///< snapshots at one time; read() answers an Error beyond
  /// Size of the write-ahead log at which the second thread copies it into the database.
  std::int64_t checkpoint_bytes = 16 << 20;
  /// The log file is cut to this size when it is empty again (a long snapshot can make it grow).
  std::int64_t wal_keep_bytes = 64 << 20;
  std::int64_t max_bytes = 0;  ///< of the database; commits fail beyond. 0: as large as the disk
  /// Name of a registered SQLite VFS: the seam through which a test's disk fails. Empty: the
  /// system's files.
  std::string vfs;
};

/// One step of the schema: the SQL that leads from `version - 1` to `version`. Applied in one
/// transaction.
struct SqliteMigration {
  int version;
  const char* sql;
};

/// The steps to the present schema, rising from 1 without a gap. Released steps are never changed:
/// add one.
std::span<const SqliteMigration> sqlite_migrations();

/// Opens or creates the store and brings its schema up to the last of `migrations`. One process at
/// a time. commit() returns after an fsync of the log (WAL, synchronous=FULL); group many requests
/// in one transaction. Snapshots and transactions must be gone before the store is. Errors
/// (kInternalServerError, none names the path): the file cannot be opened or created, is no SQLite
/// database, belongs to another program, is damaged, was written by a newer Gatehouse, or is in use
/// by another process.
Result<std::unique_ptr<Store>> open_sqlite_store(
    const SqliteSettings& settings,
    std::span<const SqliteMigration> migrations = sqlite_migrations());

}  // namespace gatehouse

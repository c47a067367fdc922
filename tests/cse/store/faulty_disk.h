#pragma once
#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string>

namespace gatehouse {

/// A disk that fails on command: an SQLite VFS over the system's, registered while it lives. Counts
/// down calls, and answers an error to those that come at or after zero, until it is healed.
/// Threading: any.
class FaultyDisk {
 public:
  FaultyDisk() : real_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *real_;
    vfs_.zName = kName;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.pNext = nullptr;
    vfs_.xOpen = &FaultyDisk::open;
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~FaultyDisk() { sqlite3_vfs_unregister(&vfs_); }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  std::string name() const { return kName; }
  /// Lets `calls` syncs pass and fails `failures` after them.
  void fail_syncs(int calls, int failures) { set(syncs_, calls, failures); }
  /// The same for writes to the database and its log.
  void fail_writes(int calls, int failures) { set(writes_, calls, failures); }
  void heal() {
    syncs_.failures = 0;
    writes_.failures = 0;
  }
  /// Failures answered so far.
  int failed() const { return failed_; }

 private:
  static constexpr const char* kName = "gatehouse-faulty";

  struct Fuse {
    std::atomic<int> passes = 0;
    std::atomic<int> failures = 0;
  };
  struct File {
    sqlite3_file base;
    FaultyDisk* disk;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static void set(Fuse& fuse, int calls, int failures) {
    fuse.passes = calls;
    fuse.failures = failures;
  }
  bool blows(Fuse& fuse) {
    if (fuse.failures <= 0 || fuse.passes-- > 0) return false;
    --fuse.failures;
    ++failed_;
    return true;
  }

  static File* mine(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static const sqlite3_io_methods& methods(sqlite3_file* file) {
    return *mine(file)->real()->pMethods;
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
    File* self = mine(file);
    self->disk = disk;
    self->base.pMethods = nullptr;
    const int code = disk->real_->xOpen(disk->real_, path, self->real(), flags, out);
    if (self->real()->pMethods) self->base.pMethods = &kMethods;
    return code;
  }

  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    FaultyDisk& disk = *mine(file)->disk;
    if (disk.blows(disk.writes_)) return SQLITE_IOERR_WRITE;
    return methods(file).xWrite(mine(file)->real(), data, size, offset);
  }

  static int sync(sqlite3_file* file, int flags) {
    FaultyDisk& disk = *mine(file)->disk;
    if (disk.blows(disk.syncs_)) return SQLITE_IOERR_FSYNC;
    return methods(file).xSync(mine(file)->real(), flags);
  }

  // clang-format off
  static constexpr sqlite3_io_methods kMethods = {
      2,
      [](sqlite3_file* f) { return methods(f).xClose(mine(f)->real()); },
      [](sqlite3_file* f, void* d, int n, sqlite3_int64 o) { return methods(f).xRead(mine(f)->real(), d, n, o); },
      &FaultyDisk::write,
      [](sqlite3_file* f, sqlite3_int64 n) { return methods(f).xTruncate(mine(f)->real(), n); },
      &FaultyDisk::sync,
      [](sqlite3_file* f, sqlite3_int64* n) { return methods(f).xFileSize(mine(f)->real(), n); },
      [](sqlite3_file* f, int l) { return methods(f).xLock(mine(f)->real(), l); },
      [](sqlite3_file* f, int l) { return methods(f).xUnlock(mine(f)->real(), l); },
      [](sqlite3_file* f, int* r) { return methods(f).xCheckReservedLock(mine(f)->real(), r); },
      [](sqlite3_file* f, int op, void* a) { return methods(f).xFileControl(mine(f)->real(), op, a); },
      [](sqlite3_file* f) { return methods(f).xSectorSize(mine(f)->real()); },
      [](sqlite3_file* f) { return methods(f).xDeviceCharacteristics(mine(f)->real()); },
      [](sqlite3_file* f, int p, int s, int e, void volatile** m) { return methods(f).xShmMap(mine(f)->real(), p, s, e, m); },
      [](sqlite3_file* f, int o, int n, int l) { return methods(f).xShmLock(mine(f)->real(), o, n, l); },
      [](sqlite3_file* f) { methods(f).xShmBarrier(mine(f)->real()); },
      [](sqlite3_file* f, int d) { return methods(f).xShmUnmap(mine(f)->real(), d); },
      nullptr,
      nullptr,
  };
  // clang-format on

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  Fuse syncs_;
  Fuse writes_;
  std::atomic<int> failed_ = 0;
};

}  // namespace gatehouse

#include "tests/ae-apps/ota/gateway/disk_cuts.h"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <mutex>
#include <shared_mutex>

// The headers that declare these would make some of them inline, or give them other names.
extern "C" {
struct _IO_FILE;
int open(const char* path, int flags, ...);
int open64(const char* path, int flags, ...);
_IO_FILE* fopen(const char* path, const char* mode);
_IO_FILE* fopen64(const char* path, const char* mode);
ssize_t sendfile(int out, int in, off_t* offset, std::size_t bytes);
ssize_t sendfile64(int out, int in, off_t* offset, std::size_t bytes);
ssize_t copy_file_range(int in, off_t* in_at, int out, off_t* out_at, std::size_t bytes,
                        unsigned flags);
int rename(const char* from, const char* to) noexcept;
int remove(const char* path) noexcept;
}

namespace gatehouse::gateway {
namespace {

struct Watched {
  std::string folder;
  DiskWatch::Judge judge;
};
std::atomic<bool> watching{false};
std::shared_mutex mutex;
Watched watched;

DiskFate fate(const char* how, const char* path) {
  if (!watching.load(std::memory_order_acquire)) return DiskFate::kDone;
  const std::shared_lock lock(mutex);
  const std::string where(path);
  if (!watching || !where.starts_with(watched.folder)) return DiskFate::kDone;
  return watched.judge({how, where});
}

DiskFate fate(const char* how, int fd) {
  if (!watching.load(std::memory_order_acquire)) return DiskFate::kDone;
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path - 1);
  if (length <= 0 || path[0] != '/') return DiskFate::kDone;  // a socket, a pipe
  path[length] = '\0';
  return fate(how, path);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int no_disk() {
  errno = EIO;
  return -1;
}

/// Half of it, and the caller hears that it failed.
template <class Write>
ssize_t cut(const char* how, int fd, std::size_t bytes, const Write& write) {
  switch (fate(how, fd)) {
    case DiskFate::kDone:
      return write(bytes);
    case DiskFate::kHalf:
      if (bytes > 1) (void)write(bytes / 2);
      break;
    case DiskFate::kGone:
      break;
  }
  return no_disk();
}

constexpr int kWriteFlags = 01 | 02;  // O_WRONLY, O_RDWR
constexpr int kCreate = 0100, kTruncate = 01000;

bool may_open(const char* path, int flags) {
  // A new file is no loss to anybody, an emptied one is.
  if ((flags & kWriteFlags) == 0) return true;
  if ((flags & kTruncate) != 0 && ::access(path, F_OK) == 0) {
    return fate("truncate", path) == DiskFate::kDone;
  }
  return (flags & kCreate) == 0 || fate("create", path) == DiskFate::kDone;
}

bool may_open(const char* path, const char* mode) {
  return mode[0] != 'w' || may_open(path, kWriteFlags | kTruncate | kCreate);
}

}  // namespace

DiskWatch::DiskWatch(std::string folder, Judge judge) {
  const std::unique_lock lock(mutex);
  watched = {std::move(folder), std::move(judge)};
  watching.store(true, std::memory_order_release);
}

DiskWatch::~DiskWatch() {
  const std::unique_lock lock(mutex);
  watching = false;
  watched = {};
}

}  // namespace gatehouse::gateway

using namespace gatehouse::gateway;  // NOLINT(google-build-using-namespace): for what is C below

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = va_arg(more, unsigned);
  va_end(more);
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  return may_open(path, flags) ? real(path, flags, mode) : no_disk();
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = va_arg(more, unsigned);
  va_end(more);
  static const auto real = next<int (*)(const char*, int, ...)>("open64");
  return may_open(path, flags) ? real(path, flags, mode) : no_disk();
}

_IO_FILE* fopen(const char* path, const char* mode) {
  static const auto real = next<_IO_FILE* (*)(const char*, const char*)>("fopen");
  if (may_open(path, mode)) return real(path, mode);
  errno = EIO;
  return nullptr;
}

_IO_FILE* fopen64(const char* path, const char* mode) {
  static const auto real = next<_IO_FILE* (*)(const char*, const char*)>("fopen64");
  if (may_open(path, mode)) return real(path, mode);
  errno = EIO;
  return nullptr;
}

ssize_t write(int fd, const void* bytes, std::size_t count) {
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t)>("write");
  return cut("write", fd, count, [&](std::size_t part) { return real(fd, bytes, part); });
}

ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
  return cut("write", fd, count, [&](std::size_t part) { return real(fd, bytes, part, at); });
}

ssize_t sendfile(int out, int in, off_t* offset, std::size_t bytes) {
  static const auto real = next<ssize_t (*)(int, int, off_t*, std::size_t)>("sendfile");
  return cut("write", out, bytes, [&](std::size_t part) { return real(out, in, offset, part); });
}

ssize_t sendfile64(int out, int in, off_t* offset, std::size_t bytes) {
  static const auto real = next<ssize_t (*)(int, int, off_t*, std::size_t)>("sendfile64");
  return cut("write", out, bytes, [&](std::size_t part) { return real(out, in, offset, part); });
}

ssize_t copy_file_range(int in, off_t* in_at, int out, off_t* out_at, std::size_t bytes,
                        unsigned flags) {
  using Real = ssize_t (*)(int, off_t*, int, off_t*, std::size_t, unsigned);
  static const auto real = next<Real>("copy_file_range");
  return cut("write", out, bytes,
             [&](std::size_t part) { return real(in, in_at, out, out_at, part, flags); });
}

int ftruncate(int fd, off_t length) {
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  return fate("truncate", fd) == DiskFate::kDone ? real(fd, length) : no_disk();
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  // One of what is not there changes nothing.
  if (::access(from, F_OK) == 0 && fate("rename", to) != DiskFate::kDone) return no_disk();
  return real(from, to);
}

int remove(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("remove");
  if (::access(path, F_OK) == 0 && fate("remove", path) != DiskFate::kDone) return no_disk();
  return real(path);
}

int unlink(const char* path) {
  static const auto real = next<int (*)(const char*)>("unlink");
  if (::access(path, F_OK) == 0 && fate("remove", path) != DiskFate::kDone) return no_disk();
  return real(path);
}

}  // extern "C"

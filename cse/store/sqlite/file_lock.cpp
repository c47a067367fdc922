#include "cse/store/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gatehouse::sqlite {

Result<FileLock> FileLock::take(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(Rsc::kInternalServerError,
                std::string("store: the lock file beside the database cannot be created: ") +
                    std::strerror(errno));
  }
  FileLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return fail(Rsc::kInternalServerError, "store: the database is in use by another process");
  }
  return fail(Rsc::kInternalServerError,
              std::string("store: the database cannot be locked: ") + std::strerror(errno));
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace gatehouse::sqlite

#include "ae-apps/attestation/evidence/log/medium.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace gatehouse::evidence {
namespace {

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool open() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

  bool write(ByteView bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return true;
  }
  /// False: the medium failed. Reads no more than max_bytes + 1.
  bool read(Bytes& out, std::size_t max_bytes) const {
    std::uint8_t chunk[16384];
    while (out.size() <= max_bytes) {
      const ssize_t got = ::read(fd_, chunk, sizeof chunk);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return false;
      if (got == 0) return true;
      append(out, {chunk, static_cast<std::size_t>(got)});
    }
    return true;
  }

 private:
  int fd_;
};

tl::unexpected<Error> broken(const std::string& name) {
  return fail(Rsc::kInternalServerError, name + ": " + std::strerror(errno));
}

void make_folder_above(const std::string& path) {
  std::error_code ignored;  // the file that comes next says if it did not work
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
}

}  // namespace

std::string folder_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

Result<void> replace_durably(Medium& medium, const std::string& name, ByteView content) {
  const std::string draft = name + ".new";
  if (auto done = medium.write(draft, content); !done) return done;
  if (auto done = medium.sync(draft); !done) return done;
  if (auto done = medium.rename(draft, name); !done) return done;
  return medium.sync_folder(folder_of(name));
}

// --- RealMedium ------------------------------------------------------------------------------

Result<std::unique_ptr<RealMedium>> RealMedium::for_writing(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  Descriptor lock(folder + "/lock", O_RDWR | O_CREAT);
  if (!lock.open()) return broken("lock");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Rsc::kConflict, "another process writes here");
  }
  return std::unique_ptr<RealMedium>(new RealMedium(folder, lock.release()));
}

Result<std::unique_ptr<RealMedium>> RealMedium::for_reading(const std::string& folder) {
  if (!std::filesystem::is_directory(folder)) return fail(Rsc::kNotFound, "no such folder");
  return std::unique_ptr<RealMedium>(new RealMedium(folder, -1));
}

RealMedium::~RealMedium() {
  if (lock_ >= 0) ::close(lock_);
}

Result<std::optional<Bytes>> RealMedium::read(const std::string& name, std::size_t max_bytes) {
  const Descriptor file(path(name), O_RDONLY);
  if (!file.open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Bytes>();
    return broken(name);
  }
  Bytes content;
  if (!file.read(content, max_bytes)) return broken(name);
  if (content.size() > max_bytes) return fail(Rsc::kNotAcceptable, name + " is too large");
  return std::optional<Bytes>(std::move(content));
}

Result<void> RealMedium::write(const std::string& name, ByteView content) {
  const std::string file_path = path(name);
  make_folder_above(file_path);
  const Descriptor file(file_path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.open() || !file.write(content)) return broken(name);
  return {};
}

Result<void> RealMedium::append(const std::string& name, ByteView bytes) {
  const Descriptor file(path(name), O_WRONLY | O_CREAT | O_APPEND);
  if (!file.open() || !file.write(bytes)) return broken(name);
  return {};
}

Result<void> RealMedium::truncate(const std::string& name, std::uint64_t bytes) {
  if (::truncate(path(name).c_str(), static_cast<off_t>(bytes)) != 0) return broken(name);
  return {};
}

Result<void> RealMedium::sync(const std::string& name) {
  const Descriptor file(path(name), O_RDONLY);
  if (!file.open() || ::fdatasync(file.get()) != 0) return broken(name);
  return {};
}

Result<void> RealMedium::sync_folder(const std::string& name) {
  const Descriptor folder(path(name), O_RDONLY | O_DIRECTORY);
  if (!folder.open() || ::fsync(folder.get()) != 0) return broken(name);
  return {};
}

Result<void> RealMedium::rename(const std::string& from, const std::string& to) {
  if (::rename(path(from).c_str(), path(to).c_str()) != 0) return broken(to);
  return {};
}

Result<void> RealMedium::remove_folder(const std::string& name) {
  std::error_code problem;
  std::filesystem::remove_all(path(name), problem);
  if (problem) return fail(Rsc::kInternalServerError, name + ": " + problem.message());
  return {};
}

}  // namespace gatehouse::evidence

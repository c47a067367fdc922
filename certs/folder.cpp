#include "certs/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace gatehouse::pki {
namespace {

constexpr std::uintmax_t kMaxFileBytes = 4u << 20;
constexpr mode_t kPublicMode = 0644;
constexpr mode_t kSecretMode = 0600;
constexpr mode_t kFolderMode = 0700;

tl::unexpected<Error> system_failure(const std::string& tried) {
  return fail(Rsc::kInternalServerError, tried + ": " + std::strerror(errno));
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Result<Folder> Folder::create(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    if (!std::filesystem::is_directory(path, error) || !std::filesystem::is_empty(path, error)) {
      return fail(Rsc::kAlreadyExists, "'" + path.string() + "' exists and is not an empty folder");
    }
    if (::chmod(path.c_str(), kFolderMode) != 0) return system_failure("'" + path.string() + "'");
    return Folder(path);
  }
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), kFolderMode) != 0) return system_failure("'" + path.string() + "'");
  return Folder(path);
}

Result<Folder> Folder::open(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    return fail(Rsc::kNotFound, "there is no folder '" + path.string() + "'");
  }
  return Folder(path);
}

bool Folder::has(std::string_view file) const {
  std::error_code error;
  return std::filesystem::exists(path_ / file, error);
}

Result<std::string> Folder::read(std::string_view file) const {
  const std::filesystem::path path = path_ / file;
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return fail(Rsc::kNotFound, "'" + path.string() + "' cannot be read");
  if (size > kMaxFileBytes) return fail(Rsc::kNotAcceptable, "'" + path.string() + "' is too long");
  std::string content(size, '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in.read(content.data(), static_cast<std::streamsize>(size))) {
    return fail(Rsc::kNotFound, "'" + path.string() + "' cannot be read");
  }
  return content;
}

Result<void> Folder::write_public(std::string_view file, std::string_view content) const {
  return write(file, content, kPublicMode);
}

Result<void> Folder::write_secret(std::string_view file, std::string_view content) const {
  return write(file, content, kSecretMode);
}

Result<void> Folder::write(std::string_view file, std::string_view content, unsigned mode) const {
  const std::string final_path = (path_ / file).string();
  const std::string new_path = final_path + ".new";
  ::unlink(new_path.c_str());  // what an interrupted run left
  const int descriptor =
      ::open(new_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0) return system_failure("'" + new_path + "' cannot be made");
  const bool good =
      ::fchmod(descriptor, mode) == 0 && write_all(descriptor, content) && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!good || ::rename(new_path.c_str(), final_path.c_str()) != 0) {
    const auto failure = system_failure("'" + final_path + "' cannot be written");
    ::unlink(new_path.c_str());
    return failure;
  }
  return {};
}

Result<FolderLock> FolderLock::take(const Folder& folder) {
  const int descriptor = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_failure("the folder of the authority");
  FolderLock lock(descriptor);
  while (::flock(descriptor, LOCK_EX) != 0) {
    if (errno != EINTR) return system_failure("the lock of the authority's folder");
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace gatehouse::pki

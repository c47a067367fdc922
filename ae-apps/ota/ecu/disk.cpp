#include "ae-apps/ota/ecu/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gatehouse::ecu {
namespace {

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool open() const { return fd_ >= 0; }
  bool sync() const { return ::fsync(fd_) == 0; }

  bool write(ByteView bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno != EINTR) return false;
      if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return true;
  }
  /// nullopt: the medium failed.
  std::optional<Bytes> read(std::uint64_t offset, std::size_t max_bytes) const {
    Bytes out(max_bytes);
    std::size_t have = 0;
    while (have < max_bytes) {
      const ssize_t got =
          ::pread(fd_, out.data() + have, max_bytes - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::nullopt;
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
  }

 private:
  int fd_;
};

tl::unexpected<Error> broken(const std::string& name) {
  return fail(Rsc::kInternalServerError, name + ": " + std::strerror(errno));
}

}  // namespace

RealDisk::RealDisk(std::string folder) : folder_(std::move(folder)) {
  ::mkdir(folder_.c_str(), 0700);  // if it cannot be made, the first write says so
}

Result<std::optional<Bytes>> RealDisk::read(const std::string& name, std::size_t max_bytes) {
  const File file(folder_ + "/" + name, O_RDONLY);
  if (!file.open()) {
    if (errno == ENOENT) return std::optional<Bytes>();
    return broken(name);
  }
  auto content = file.read(0, max_bytes + 1);
  if (!content) return broken(name);
  if (content->size() > max_bytes) return fail(Rsc::kNotAcceptable, name + " is too large");
  return content;
}

Result<Bytes> RealDisk::read_at(const std::string& name, std::uint64_t offset,
                                std::size_t max_bytes) {
  const File file(folder_ + "/" + name, O_RDONLY);
  if (!file.open()) {
    if (errno == ENOENT) return Bytes();
    return broken(name);
  }
  auto bytes = file.read(offset, max_bytes);
  if (!bytes) return broken(name);
  return *std::move(bytes);
}

Result<void> RealDisk::replace(const std::string& name, ByteView content) {
  const std::string path = folder_ + "/" + name;
  const std::string draft = path + ".new";
  {
    const File file(draft, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.open() || !file.write(content) || !file.sync()) return broken(name);
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return broken(name);
  return sync(".");  // the rename itself
}

Result<void> RealDisk::erase(const std::string& name) {
  const File file(folder_ + "/" + name, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.open() || !file.sync()) return broken(name);
  return sync(".");
}

Result<void> RealDisk::append(const std::string& name, ByteView bytes) {
  const File file(folder_ + "/" + name, O_WRONLY | O_CREAT | O_APPEND);
  if (!file.open() || !file.write(bytes)) return broken(name);
  return {};
}

Result<void> RealDisk::sync(const std::string& name) {
  const File file(folder_ + "/" + name, O_RDONLY);
  if (!file.open() || !file.sync()) return broken(name);
  return {};
}

// --- SimulatedDisk ---------------------------------------------------------------------------

Result<std::optional<Bytes>> SimulatedDisk::read(const std::string& name, std::size_t max_bytes) {
  const auto found = files_.find(name);
  if (found == files_.end()) return std::optional<Bytes>();
  if (found->second.content.size() > max_bytes) {
    return fail(Rsc::kNotAcceptable, name + " is too large");
  }
  return std::optional<Bytes>(found->second.content);
}

Result<Bytes> SimulatedDisk::read_at(const std::string& name, std::uint64_t offset,
                                     std::size_t max_bytes) {
  const auto found = files_.find(name);
  if (found == files_.end() || offset >= found->second.content.size()) return Bytes();
  const ByteView rest = ByteView(found->second.content).subspan(static_cast<std::size_t>(offset));
  const ByteView part = rest.first(std::min(max_bytes, rest.size()));
  return Bytes(part.begin(), part.end());
}

Result<void> SimulatedDisk::replace(const std::string& name, ByteView content) {
  files_[name] = File{Bytes(content.begin(), content.end()), content.size()};
  return {};
}

Result<void> SimulatedDisk::erase(const std::string& name) {
  files_[name] = File{};
  return {};
}

Result<void> SimulatedDisk::append(const std::string& name, ByteView bytes) {
  gatehouse::append(files_[name].content, bytes);
  return {};
}

Result<void> SimulatedDisk::sync(const std::string& name) {
  File& file = files_[name];
  file.durable_bytes = file.content.size();
  return {};
}

void SimulatedDisk::power_cut() {
  for (auto& [name, file] : files_) {
    const std::size_t at_risk = file.content.size() - file.durable_bytes;
    file.content.resize(file.durable_bytes + at_risk / 2);
    file.durable_bytes = file.content.size();
  }
}

// --- FaultyDisk ------------------------------------------------------------------------------

void FaultyDisk::cut_power_at(std::uint64_t n, bool appends_only, Cut cut) {
  countdown_ = n;
  appends_only_ = appends_only;
  cut_ = std::move(cut);
}

bool FaultyDisk::due(bool is_append) {
  ++writes_;
  if (countdown_ == 0 || (appends_only_ && !is_append)) return false;
  return --countdown_ == 0;
}

Result<void> FaultyDisk::replace(const std::string& name, ByteView content) {
  if (due(false)) cut_();
  return disk_.replace(name, content);
}

Result<void> FaultyDisk::erase(const std::string& name) {
  if (due(false)) cut_();
  return disk_.erase(name);
}

Result<void> FaultyDisk::append(const std::string& name, ByteView bytes) {
  if (due(true)) {
    (void)disk_.append(name, bytes.first(bytes.size() / 2));
    cut_();
  }
  return disk_.append(name, bytes);
}

Result<void> FaultyDisk::sync(const std::string& name) {
  if (due(false)) cut_();
  return disk_.sync(name);
}

}  // namespace gatehouse::ecu

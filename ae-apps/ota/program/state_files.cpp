#include "ae-apps/ota/program/state_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>

#include "ae-apps/ota/crypto/files.h"
#include "cse/codec/json.h"

namespace gatehouse::ota {
namespace {

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : fd_(::open(path.c_str(), flags, 0600)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }
  bool sync() const { return ::fsync(fd_) == 0; }
  /// nullopt: it is empty, or cannot be read.
  std::optional<char> last_byte() const {
    char out = 0;
    const off_t size = ::lseek(fd_, 0, SEEK_END);
    if (size <= 0 || ::pread(fd_, &out, 1, size - 1) != 1) return std::nullopt;
    return out;
  }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> disk_failure(const std::filesystem::path& file) {
  return fail(Rsc::kInternalServerError, file.filename().string() + ": cannot be written");
}

bool sync_folder_of(const std::filesystem::path& file) {
  const Descriptor folder(file.parent_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return folder.open() && folder.sync();
}

}  // namespace

Result<void> replace_file(const std::filesystem::path& file, std::string_view content) {
  const std::filesystem::path fresh = file.string() + ".new";
  {
    const Descriptor out(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    if (!out.open() || !out.write_all(content) || !out.sync()) return disk_failure(file);
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0 || !sync_folder_of(file)) {
    return disk_failure(file);
  }
  return {};
}

namespace {

constexpr std::size_t kCopyBytes = 64 * 1024;

/// Up to so many of the next bytes; fewer only at the end, or if they cannot be read.
std::string_view next_of(std::ifstream& in, std::string& buffer) {
  in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  return std::string_view(buffer).substr(0, static_cast<std::size_t>(in.gcount()));
}

bool same_content(const std::filesystem::path& one, const std::filesystem::path& other) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(one, error);
  if (error || bytes != std::filesystem::file_size(other, error) || error) return false;
  std::ifstream a(one, std::ios::binary), b(other, std::ios::binary);
  std::string buffer_a(kCopyBytes, '\0'), buffer_b(kCopyBytes, '\0');
  for (std::uintmax_t compared = 0; compared < bytes;) {
    const std::string_view part = next_of(a, buffer_a);
    if (part.empty() || part != next_of(b, buffer_b)) return false;
    compared += part.size();
  }
  return true;
}

bool write_copy(const std::filesystem::path& fresh, std::ifstream& in) {
  const Descriptor out(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  if (!out.open()) return false;
  std::string buffer(kCopyBytes, '\0');
  for (std::string_view part = next_of(in, buffer); !part.empty(); part = next_of(in, buffer)) {
    if (!out.write_all(part)) return false;
  }
  return !in.bad() && out.sync();
}

}  // namespace

Result<void> replace_with_copy(const std::filesystem::path& file,
                               const std::filesystem::path& source) {
  std::ifstream in(source, std::ios::binary);
  std::error_code error;
  if (!in && std::filesystem::exists(source, error)) return disk_failure(source);
  if (!in) return fail(Rsc::kNotFound, source.filename().string() + ": is gone from the disk");
  std::filesystem::create_directories(file.parent_path(), error);
  if (same_content(file, source)) {
    const Descriptor there(file, O_RDONLY | O_CLOEXEC);
    if (!there.open() || !there.sync()) return disk_failure(file);
  } else {
    const std::filesystem::path fresh = file.string() + ".new";
    if (!write_copy(fresh, in) || ::rename(fresh.c_str(), file.c_str()) != 0) {
      return disk_failure(file);
    }
  }
  if (!sync_folder_of(file) || !sync_folder_of(file.parent_path())) return disk_failure(file);
  return {};
}

namespace {

/// What replace_files() is about to do: complete, or not there.
constexpr const char* kPlan = "replacing.json";
constexpr std::size_t kMaxPlanBytes = 512u << 20;

Result<void> carry_out(const std::filesystem::path& folder,
                       const std::vector<NamedContent>& files) {
  for (const auto& [name, content] : files) {
    if (auto done = replace_file(folder / name, content); !done) return done;
  }
  return {};
}

/// The next durable change of the folder makes this one durable too.
void forget_plan(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder / kPlan, ignored);
}

}  // namespace

Result<void> replace_files(const std::filesystem::path& folder,
                           const std::vector<NamedContent>& files) {
  if (files.size() < 2) return carry_out(folder, files);
  Value plan = Value::object();
  for (const auto& [name, content] : files) plan.set(name, content);
  if (auto done = replace_file(folder / kPlan, to_json(plan)); !done) return done;
  if (auto done = carry_out(folder, files); !done) return done;
  forget_plan(folder);
  return {};
}

Result<void> finish_replacing(const std::filesystem::path& folder) {
  const Result<std::string> text = read_text(folder / kPlan, kMaxPlanBytes);
  if (!text) return fail(text.error());
  if (text->empty()) return {};
  const Result<Value> plan = parse_json(*text, {.max_bytes = kMaxPlanBytes, .max_depth = 2});
  if (!plan || !plan->is_object()) {
    return fail(Rsc::kNotAcceptable, std::string(kPlan) + ": cannot be read");
  }
  std::vector<NamedContent> files;
  for (const Member& each : *plan->as_object()) {
    const std::string* content = each.value.as_string();
    if (content == nullptr || std::filesystem::path(each.name).filename() != each.name) {
      return fail(Rsc::kNotAcceptable, std::string(kPlan) + ": cannot be read");
    }
    files.emplace_back(each.name, *content);
  }
  if (auto done = carry_out(folder, files); !done) return done;
  forget_plan(folder);
  return {};
}

namespace {

/// A line that a loss of power cut off: what is added must not become a part of it.
bool is_cut_off(const std::filesystem::path& file) {
  const Descriptor in(file, O_RDONLY | O_CLOEXEC);
  return in.open() && in.last_byte().value_or('\n') != '\n';
}

}  // namespace

Result<void> append_line(const std::filesystem::path& file, std::string_view line) {
  const std::string whole = (is_cut_off(file) ? "\n" : "") + std::string(line) + '\n';
  const Descriptor out(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  if (!out.open() || !out.write_all(whole) || !out.sync()) return disk_failure(file);
  return {};
}

Result<std::string> read_text(const std::filesystem::path& file, std::size_t max_bytes) {
  const Result<Bytes> bytes = crypto::read_file(file.string(), max_bytes);
  if (bytes) return std::string(text_of(*bytes));
  if (bytes.error().rsc == Rsc::kNotFound) return std::string();
  return fail(bytes.error());
}

}  // namespace gatehouse::ota

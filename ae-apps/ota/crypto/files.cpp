#include "ae-apps/ota/crypto/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::crypto {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<Bytes> read_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return fail(Rsc::kNotFound, "cannot open " + path);
  Bytes out;
  std::uint8_t chunk[16384];
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Rsc::kNotFound, "cannot read " + path);
    if (got == 0) return out;
    append(out, {chunk, static_cast<std::size_t>(got)});
    if (out.size() > max_bytes) return fail(Rsc::kNotAcceptable, path + " is too large");
  }
}

Result<void> create_secret_file(const std::string& path, ByteView content) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    if (errno == EEXIST) return fail(Rsc::kAlreadyExists, path + " exists already");
    return fail(Rsc::kInternalServerError, "cannot create " + path);
  }
  while (!content.empty()) {
    const ssize_t put = ::write(file.get(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) break;
    content = content.subspan(static_cast<std::size_t>(put));
  }
  if (!content.empty() || ::fsync(file.get()) != 0) {
    ::unlink(path.c_str());
    return fail(Rsc::kInternalServerError, "cannot write " + path);
  }
  return {};
}

Result<void> refuse_readable_by_others(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail(Rsc::kNotFound, "cannot open " + path);
  if ((status.st_mode & 077) != 0) {
    return fail(Rsc::kOriginatorHasNoPrivilege, path + " may be read by others; chmod 600 it");
  }
  return {};
}

Result<Bytes> load_secret(const std::string& path) {
  if (const auto closed = refuse_readable_by_others(path); !closed) return fail(closed.error());
  Result<Bytes> content = read_file(path, 256);
  if (!content) return content;
  std::string_view text = text_of(*content);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  Result<Bytes> key = text.size() >= 32 ? from_hex(text) : Result<Bytes>(*content);
  if (!key) key = *content;  // raw bytes
  if (key->size() < 16 || key->size() > 64) {
    wipe(*key);
    wipe(*content);
    return fail(Rsc::kBadRequest, path + " holds no key of 16 to 64 bytes");
  }
  wipe(*content);
  return key;
}

}  // namespace gatehouse::crypto

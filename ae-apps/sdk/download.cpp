#include "ae-apps/sdk/download.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <thread>
#include <utility>

#include "bindings/http/client.h"

namespace gatehouse::sdk {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMaxRestarts = 3;
constexpr std::size_t kMaxEtagBytes = 1'024;

void default_wait(unsigned attempt) {
  const unsigned doublings = std::min(attempt - 1, 6u);
  std::this_thread::sleep_for(
      std::min(std::chrono::milliseconds(100u << doublings), std::chrono::milliseconds(5'000)));
}

fs::path beside(const fs::path& file, const char* suffix) { return fs::path(file) += suffix; }

/// The bytes that are there already, and what they belong to.
class PartFile {
 public:
  explicit PartFile(const fs::path& file)
      : final_(file), part_(beside(file, ".part")), tag_(beside(file, ".etag")) {}
  ~PartFile() {
    if (file_ >= 0) ::close(file_);
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  Result<void> open() {
    file_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat facts {};
    if (file_ < 0 || ::fstat(file_, &facts) != 0) return disk_error("cannot be opened");
    std::ifstream tag(tag_, std::ios::binary);
    std::getline(tag, etag_);
    if (etag_.size() > kMaxEtagBytes) etag_.clear();
    size_ = static_cast<std::uint64_t>(facts.st_size);
    return etag_.empty() ? restart({}) : Result<void>{};
  }

  std::uint64_t size() const { return size_; }
  const std::string& etag() const { return etag_; }

  /// Empties it; what comes now belongs to `etag`.
  Result<void> restart(const std::string& etag) {
    if (::ftruncate(file_, 0) != 0) return disk_error("cannot be emptied");
    size_ = 0;
    etag_ = etag;
    std::ofstream tag(tag_, std::ios::binary | std::ios::trunc);
    tag << etag << '\n';
    tag.close();
    return tag ? Result<void>{} : disk_error("has no room for its tag");
  }

  Result<void> append(const std::string& block) {
    std::size_t written = 0;
    while (written < block.size()) {
      const ssize_t count = ::pwrite(file_, block.data() + written, block.size() - written,
                                     static_cast<off_t>(size_ + written));
      if (count <= 0) return disk_error("cannot be written");
      written += static_cast<std::size_t>(count);
    }
    if (::fdatasync(file_) != 0) return disk_error("cannot be written");
    size_ += block.size();
    return {};
  }

  Result<void> complete() {
    std::error_code error;
    fs::rename(part_, final_, error);
    if (error) return disk_error("cannot be renamed");
    fs::remove(tag_, error);
    const fs::path folder = final_.has_parent_path() ? final_.parent_path() : fs::path(".");
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      (void)::fsync(directory);
      ::close(directory);
    }
    return {};
  }

 private:
  static tl::unexpected<Error> disk_error(const std::string& what) {
    return fail(Rsc::kInternalServerError, "the file of the download " + what);
  }

  const fs::path final_, part_, tag_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  std::string etag_;
};

class Download {
 public:
  Download(const std::string& url, const fs::path& file, const DownloadSettings& settings)
      : url_(url), settings_(settings), part_(file), client_(client_settings(settings), codecs_) {}

  Result<Downloaded> run() {
    if (!client_.serves(url_)) return fail(Rsc::kBadRequest, "the URL cannot be fetched: " + url_);
    if (auto opened = part_.open(); !opened) return fail(opened.error());
    unsigned failures = 0;
    while (!total_ || part_.size() < *total_) {
      const Result<void> step = fetch_block();
      if (step) {
        failures = 0;
        if (!go_on()) return fail(Rsc::kRequestTimeout, "the download was stopped");
        continue;
      }
      if (step.error().rsc != Rsc::kTargetNotReachable) return fail(step.error());
      if (++failures > settings_.max_failures) return fail(step.error());
      ++outcome_.failures;
      settings_.wait ? settings_.wait(failures) : default_wait(failures);
    }
    if (auto completed = part_.complete(); !completed) return fail(completed.error());
    outcome_.bytes = *total_;
    return outcome_;
  }

 private:
  static http::ClientSettings client_settings(const DownloadSettings& settings) {
    http::ClientSettings client;
    client.tls = settings.tls;
    client.request_timeout = settings.request_timeout;
    client.max_body_bytes = settings.block_bytes;
    return client;
  }

  bool go_on() const {
    return !settings_.progress || settings_.progress(part_.size(), total_.value_or(0));
  }

  Result<http::Fetched> fetch(std::uint64_t first, const std::string& etag) {
    std::promise<Result<http::Fetched>> promise;
    auto answer = promise.get_future();
    client_.fetch_range(
        url_, first, first + settings_.block_bytes - 1, etag,
        [&promise](Result<http::Fetched> fetched) { promise.set_value(std::move(fetched)); });
    return answer.get();
  }

  /// A weak tag says nothing about bytes, so it cannot go into If-Range (RFC 9110 clause 13.1.5).
  static bool is_strong(const std::string& etag) {
    return !etag.empty() && !etag.starts_with("W/") && etag.size() <= kMaxEtagBytes;
  }

  Result<void> fetch_block() {
    const std::uint64_t first = part_.size();
    const Result<http::Fetched> fetched = fetch(first, first > 0 ? part_.etag() : "");
    if (!fetched) {
      // The whole of a changed resource does not fit a block; one that shrank has no such range.
      const bool changed = fetched.error().rsc == Rsc::kContentsUnacceptable ||
                           fetched.error().rsc == Rsc::kBadRequest;
      if (changed && first > 0) return restart();
      return fail(fetched.error());
    }
    if (fetched->status == 206 && fetched->first_byte == first && !fetched->body.empty()) {
      return take_part(*fetched);
    }
    if (first > 0) return restart();
    if (fetched->status != 200) {
      return fail(Rsc::kTargetNotReachable, "the server sent another range than asked for");
    }
    total_ = fetched->body.size();  // the server knows no ranges
    outcome_.fetched_bytes += fetched->body.size();
    return part_.append(fetched->body);
  }

  Result<void> take_part(const http::Fetched& fetched) {
    outcome_.fetched_bytes += fetched.body.size();
    if (!fetched.total_bytes) {
      return fail(Rsc::kTargetNotReachable, "the server does not tell the size");
    }
    if (*fetched.total_bytes > settings_.max_bytes) {
      return fail(Rsc::kNotAcceptable,
                  "the resource is larger than " + std::to_string(settings_.max_bytes) + " bytes");
    }
    const bool other_size = total_ && *total_ != *fetched.total_bytes;
    if (part_.size() > 0 && (other_size || fetched.etag != part_.etag())) return restart();
    total_ = *fetched.total_bytes;
    if (part_.size() == 0) {
      const std::string tag = is_strong(fetched.etag) ? fetched.etag : std::string();
      if (tag.empty() && *total_ > fetched.body.size()) {
        return fail(Rsc::kNotAcceptable, "the server gives no strong ETag to resume by");
      }
      if (auto begun = part_.restart(tag); !begun) return begun;
    }
    return part_.append(fetched.body);
  }

  Result<void> restart() {
    if (++outcome_.restarts > kMaxRestarts) {
      return fail(Rsc::kNotAcceptable, "the resource changes again and again");
    }
    total_.reset();
    return part_.restart({});
  }

  const std::string url_;
  const DownloadSettings& settings_;
  PartFile part_;
  const Codecs codecs_ = standard_codecs();
  http::Client client_;  ///< last: its thread ends first
  std::optional<std::uint64_t> total_;
  Downloaded outcome_;
};

}  // namespace

Result<Downloaded> download(const std::string& url, const fs::path& file,
                            const DownloadSettings& settings) {
  if (settings.block_bytes == 0) return fail(Rsc::kBadRequest, "block_bytes: must be positive");
  if (url.starts_with("https://") && !settings.tls) {
    return fail(Rsc::kBadRequest, "tls: an https URL needs it");
  }
  try {
    Download work(url, file, settings);
    return work.run();
  } catch (const std::runtime_error& error) {  // http::Client throws for TLS files
    return fail(Rsc::kBadRequest, error.what());
  }
}

}  // namespace gatehouse::sdk

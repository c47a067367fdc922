#include "bindings/http/file_page.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string>

#include "bindings/http/entity_tag.h"
#include "bindings/http/media_type.h"
#include "bindings/http/url.h"

namespace gatehouse::http {
namespace {

namespace fs = std::filesystem;

/// An open file, read by position.
class FileSource final : public BodySource {
 public:
  explicit FileSource(int file) : file_(file) {}
  ~FileSource() override { ::close(file_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  void seek(std::uint64_t position) { position_ = position; }
  int descriptor() const { return file_; }
  std::size_t read(char* buffer, std::size_t capacity) override {
    const ssize_t got = ::pread(file_, buffer, capacity, static_cast<off_t>(position_));
    if (got <= 0) return 0;
    position_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

 private:
  int file_;
  std::uint64_t position_ = 0;
};

struct ByteRange {
  std::uint64_t first, last;  ///< both inclusive
};

enum class RangeVerdict { kWhole, kPart, kUnsatisfiable };

std::optional<std::uint64_t> read_position(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// One range of RFC 9110 clause 14.1.2: "bytes=5-9", "bytes=5-", "bytes=-5". What cannot be read is
/// ignored, as the RFC asks.
RangeVerdict read_range(std::string_view field, std::uint64_t size, ByteRange& range) {
  constexpr std::string_view kUnit = "bytes=";
  if (!equal_ignoring_case(field.substr(0, kUnit.size()), kUnit)) return RangeVerdict::kWhole;
  const std::string_view text = trimmed(field.substr(kUnit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) {
    return RangeVerdict::kWhole;
  }
  const auto first = read_position(text.substr(0, dash));
  const auto last = read_position(text.substr(dash + 1));
  if (dash == 0) {
    if (!last) return RangeVerdict::kWhole;
    if (*last == 0 || size == 0) return RangeVerdict::kUnsatisfiable;
    range = {size - std::min(*last, size), size - 1};
    return RangeVerdict::kPart;
  }
  if (!first || (dash + 1 < text.size() && !last)) return RangeVerdict::kWhole;
  if (last && *last < *first) return RangeVerdict::kWhole;
  if (*first >= size) return RangeVerdict::kUnsatisfiable;
  range = {*first, std::min(last.value_or(size - 1), size - 1)};
  return RangeVerdict::kPart;
}

bool is_safe_segment(std::string_view segment) {
  if (segment.empty() || segment.front() == '.') return false;
  return segment.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+@:") ==
         std::string_view::npos;
}

/// Opens the file below `folder`, or nothing. Symbolic links are followed within `folder` only.
std::unique_ptr<FileSource> open_below(const fs::path& folder, std::string_view encoded) {
  const auto name = percent_decode(encoded);
  if (!name || name->empty()) return nullptr;
  fs::path path = folder;
  for (std::string_view rest = *name;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (!is_safe_segment(segment)) return nullptr;
    path /= fs::path(segment);
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return nullptr;
  const fs::path base = fs::canonical(folder, error);
  if (error) return nullptr;
  const fs::path relative = real.lexically_relative(base);
  if (relative.empty() || *relative.begin() == "..") return nullptr;
  const int file = ::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  return file < 0 ? nullptr : std::make_unique<FileSource>(file);
}

std::string etag_of(const struct stat& facts) {
  char text[80];
  const int size = std::snprintf(
      text, sizeof text, "\"%llx-%llx-%llx%08lx\"", static_cast<unsigned long long>(facts.st_ino),
      static_cast<unsigned long long>(facts.st_size),
      static_cast<unsigned long long>(facts.st_mtim.tv_sec), facts.st_mtim.tv_nsec);
  return std::string(text, static_cast<std::size_t>(size));
}

Page problem(int status, std::string_view text) {
  Page page;
  page.status = status;
  page.body = text;
  return page;
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(size);
}

/// Sets status, range and length of a page whose file is open.
void apply_range(const PageRequest& request, const std::string& etag, std::uint64_t size,
                 FileSource& file, Page& page) {
  ByteRange range{0, size - 1};
  const std::string_view if_range = find_header(*request.headers, "If-Range");
  const bool may_be_part = if_range.empty() || if_range == etag;
  const RangeVerdict verdict = may_be_part
                                   ? read_range(find_header(*request.headers, "Range"), size, range)
                                   : RangeVerdict::kWhole;
  page.source_bytes = size;
  if (verdict == RangeVerdict::kUnsatisfiable) {
    page.status = 416;
    page.source_bytes = 0;
    page.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
  } else if (verdict == RangeVerdict::kPart) {
    page.status = 206;
    page.source_bytes = range.last - range.first + 1;
    page.headers.emplace_back("Content-Range", content_range(range, size));
    file.seek(range.first);
  }
}

}  // namespace

Page file_page(const PageRequest& request, const fs::path& folder, std::string_view name,
               std::string_view content_type) {
  if (request.method != "GET" && request.method != "HEAD") {
    Page page = problem(405, "only GET and HEAD\n");
    page.headers.emplace_back("Allow", "GET, HEAD");
    return page;
  }
  std::unique_ptr<FileSource> file = open_below(folder, name);
  struct stat facts {};
  if (!file || ::fstat(file->descriptor(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return problem(404, "there is no such file\n");
  }
  Page page;
  const std::string etag = etag_of(facts);
  page.headers.emplace_back("ETag", etag);
  page.headers.emplace_back("Accept-Ranges", "bytes");
  page.content_type = content_type;
  if (names_tag(find_header(*request.headers, "If-None-Match"), etag, true)) {
    page.status = 304;
    return page;
  }
  apply_range(request, etag, static_cast<std::uint64_t>(facts.st_size), *file, page);
  page.source = std::move(file);
  return page;
}

PageHandler folder_pages(std::string prefix, fs::path folder) {
  return [prefix = std::move(prefix),
          folder = std::move(folder)](const PageRequest& request) -> std::optional<Page> {
    if (!request.path.starts_with(prefix)) return std::nullopt;
    return file_page(request, folder, request.path.substr(prefix.size()));
  };
}

}  // namespace gatehouse::http

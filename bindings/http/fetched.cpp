#include "bindings/http/fetched.h"

#include <charconv>

namespace gatehouse::http {
namespace {

/// "bytes 5-9/20": first, last, and the total if it is told.
struct ContentRange {
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> total;
};

std::optional<ContentRange> read_content_range(std::string_view text) {
  ContentRange range;
  if (!text.starts_with("bytes ")) return std::nullopt;
  const char* at = text.data() + 6;
  const char* const end = text.data() + text.size();
  const auto number = [&at, end](std::uint64_t& value) {
    const auto [stop, error] = std::from_chars(at, end, value);
    at = stop;
    return error == std::errc{};
  };
  if (!number(range.first) || at == end || *at++ != '-') return std::nullopt;
  if (!number(range.last) || at == end || *at++ != '/') return std::nullopt;
  if (end - at == 1 && *at == '*') return range;
  std::uint64_t total = 0;
  if (!number(total) || at != end) return std::nullopt;
  range.total = total;
  return range;
}

}  // namespace

Result<Fetched> read_fetched(const ResponseParts& parts, std::uint64_t first,
                             std::optional<std::uint64_t> last) {
  Fetched fetched;
  fetched.status = parts.status;
  fetched.etag = find_header(*parts.headers, "ETag");
  fetched.body = parts.body;
  if (parts.status == 200) {
    fetched.total_bytes = parts.body.size();
    return fetched;
  }
  const std::string status = "the server answered " + std::to_string(parts.status);
  if (parts.status == 404) return fail(Rsc::kNotFound, status);
  // Too many requests: there, but not now (RFC 6585 section 4).
  if (parts.status == 429) return fail(Rsc::kTargetNotReachable, status);
  if (parts.status / 100 == 4) return fail(Rsc::kBadRequest, status);
  if (parts.status != 206) return fail(Rsc::kTargetNotReachable, status);
  const auto range = read_content_range(find_header(*parts.headers, "Content-Range"));
  const bool fits = range && range->first == first && range->last >= first &&
                    (!last || range->last <= *last) &&
                    range->last - range->first + 1 == parts.body.size();
  if (!fits) return fail(Rsc::kContentsUnacceptable, "the server sent another range than asked");
  fetched.first_byte = first;
  fetched.total_bytes = range->total;
  return fetched;
}

}  // namespace gatehouse::http

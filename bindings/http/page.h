#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {
struct Peer;
}

namespace gatehouse::http {

/// A header field as it stands on the wire.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

/// The value of the first field of that name (names compare without regard to case); empty if there
/// is none.
std::string_view find_header(const std::vector<HeaderField>& headers, std::string_view name);

/// What a server knows of a request that is not a oneM2M primitive. The views live for the call.
struct PageRequest {
  std::string_view method;  ///< "GET", "HEAD", "POST" …
  std::string_view path;    ///< as sent, percent-encoded, without the query: "/health/live"
  std::string_view query;   ///< without '?'
  const std::vector<HeaderField>* headers = nullptr;
  std::string_view body;
  const Peer* peer = nullptr;
};

/// A body that is read block by block while it is sent. Used by one thread at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fills up to `capacity` bytes; fewer than 1 before the promised length ends the connection.
  virtual std::size_t read(char* buffer, std::size_t capacity) = 0;
};

/// An answer for people, monitors or downloads. Content-Length, Date and Connection are added by
/// the server; HEAD gets no body.
struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  ///< further fields; no CR, LF
  std::string body;                                          ///< used if there is no source
  std::shared_ptr<BodySource> source;  ///< streamed; gives exactly source_bytes
  std::uint64_t source_bytes = 0;
};

/// nullopt: not a page of ours.
using PageHandler = std::function<std::optional<Page>(const PageRequest&)>;

}  // namespace gatehouse::http

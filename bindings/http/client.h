#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/security/tls_settings.h"
#include "cse/codec/codec.h"
#include "cse/primitive/handler.h"

namespace gatehouse::http {

struct ClientSettings {
  unsigned threads = 1;
  std::optional<TlsSettings> tls;                    ///< needed for https URLs
  std::chrono::milliseconds connect_timeout{3'000};  ///< name, TCP and TLS together
  std::chrono::milliseconds request_timeout{
      10'000};  ///< whole request; a shorter or longer rqet takes its place
  std::chrono::milliseconds idle_timeout{30'000};  ///< an unused connection is closed after it
  std::size_t max_connections_per_host = 8;
  std::size_t max_waiting_per_host = 10'000;  ///< more requests are refused at once (5103)
  std::size_t max_body_bytes = 8u << 20;
  std::size_t max_header_bytes = 16u << 10;
};

/// Bytes of a resource fetched by plain GET.
struct Fetched {
  int status = 0;  ///< 200: the server sent the whole resource, 206: the range asked for
  std::string body;
  std::uint64_t first_byte = 0;              ///< of `body` within the resource
  std::optional<std::uint64_t> total_bytes;  ///< of the resource, where the server told it
  std::string etag;                          ///< as sent, with quotes
};

using FetchCallback = std::function<void(Result<Fetched>)>;

/// What a server said to a plain PUT or POST, whatever the status.
struct Stored {
  int status = 0;
  std::string body;  ///< for people
};

using StoreCallback = std::function<void(Result<Stored>)>;

/// HTTP/1.1 client side of the binding. Keeps connections open, one request at a time on each.
/// A request that failed on a kept connection before an answer began is sent once more if it is
/// idempotent or if none of it was sent. Source: TS-0009; RFC 9112 clause 9.3.1.
class Client final : public PrimitiveSender {
 public:
  /// `codecs` must outlive the client. Throws std::runtime_error if a TLS file cannot be used.
  Client(ClientSettings settings, const Codecs& codecs);
  ~Client() override;  ///< stops
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool serves(std::string_view url) const override;  ///< http, and https if the settings have TLS
  /// NOTIFY goes to `url` exactly if it has a path or a query and `request.to` is empty or equal to
  /// `url`; otherwise the path of `url` is the prefix before the address of `request.to`. An answer
  /// without X-M2M-RSC to a NOTIFY counts as kOk if its status is 2xx, else as kTargetNotReachable;
  /// one to any other operation is kTargetNotReachable. Past the deadline: kRequestTimeout if the
  /// request had reached the peer, else kTargetNotReachable.
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override;

  /// GET with `Range: bytes=first-last` (both inclusive; no last: to the end). `etag`, if not
  /// empty, goes as If-Range: when the resource has changed, the answer is 200 with all of it.
  /// Errors: kTargetNotReachable, kNotFound (404), kBadRequest (416 and other 4xx),
  /// kContentsUnacceptable (body beyond max_body_bytes, or a Content-Range other than asked).
  void fetch_range(const std::string& url, std::uint64_t first, std::optional<std::uint64_t> last,
                   const std::string& etag, FetchCallback callback);

  /// PUT of the bytes as they are. Idempotent: sent once more if a kept connection was lost before
  /// an answer. Errors: kTargetNotReachable, kRequestTimeout, kContentsUnacceptable (answer too
  /// long).
  void put(const std::string& url, std::string_view content_type, std::string_view body,
           StoreCallback callback);
  /// POST of the bytes as they are; otherwise as put(), but never sent twice.
  void post(const std::string& url, std::string_view content_type, std::string_view body,
            StoreCallback callback);

  /// Fails what is under way with kTargetNotReachable, closes and joins. Not from a reply.
  void stop();

 private:
  struct Impl;
  struct PlainBody {
    std::string_view content_type, bytes;
  };
  void store(std::string_view method, const std::string& url, PlainBody body,
             StoreCallback callback);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::http

#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/http/page.h"
#include "bindings/security/bearer_tokens.h"
#include "bindings/security/tls_settings.h"
#include "cse/codec/codec.h"
#include "cse/primitive/handler.h"

namespace gatehouse::http {

/// Which web pages of other origins may send requests from a browser.
struct CorsSettings {
  bool enabled = false;
  std::vector<std::string> origins;  ///< "https://console.example"; "*" alone: every origin
};

struct ServerSettings {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal to listen at
  std::uint16_t port = 0;             ///< 0: a free port, told by Server::port()
  unsigned threads = 1;               ///< each with its own listening socket (SO_REUSEPORT)
  std::optional<TlsSettings> tls;     ///< present: https
  std::size_t max_body_bytes = 8u << 20;
  std::size_t max_header_bytes = 16u << 10;  ///< request line and header fields together
  std::size_t max_connections = 10'000;      ///< over all threads; more are closed at once
  /// Also HTTP/2: for clients that ask for it by ALPN ("h2"), or begin with its preface where there
  /// is no TLS.
  bool http2 = true;
  std::size_t max_pipelined = 64;  ///< unanswered requests per connection before reading pauses
  std::chrono::milliseconds header_timeout{
      10'000};  ///< from the first byte of a request (or TLS) to its header's end
  std::chrono::milliseconds body_timeout{30'000};   ///< from the header's end to the body's end
  std::chrono::milliseconds idle_timeout{60'000};   ///< between requests on a connection
  std::chrono::milliseconds write_timeout{30'000};  ///< for a peer that does not take its answer
  std::chrono::milliseconds drain_timeout{5'000};   ///< stop() waits so long for requests in flight
  /// After the last answer on a connection: how long the peer may take to close, too.
  std::chrono::milliseconds linger_timeout{1'000};
  CorsSettings cors;
  /// Whom bearer tokens stand for (RFC 6750); null: an Authorization field is not looked at. A
  /// token that is unknown or expired is answered with 401 and 4106.
  std::shared_ptr<const BearerTokens> tokens;
  /// Refuse primitives of whoever has proven nothing, by certificate or by token: 401 with 4106, or
  /// 4107 for a CSE-ID.
  bool require_proof = false;
};

/// Figures since start.
struct ServerCounters {
  std::uint64_t connections_accepted = 0, connections_refused = 0, connections_open = 0;
  std::uint64_t requests = 0, handshake_failures = 0, timeouts = 0;
};

/// Server side of the binding. HTTP/1.1: keep-alive, pipelining (answers leave in the order of the
/// requests, whatever the order of the replies); HTTP/2: answers leave as they are ready. TLS.
/// Source: TS-0009. Threading: the handler and the pages are called on the server's threads and
/// must not block; replies may come from any thread, also after stop().
class Server {
 public:
  /// `handler` and `codecs` must outlive the server.
  Server(ServerSettings settings, PrimitiveHandler& handler, const Codecs& codecs);
  ~Server();  ///< stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Asked for every request that has no X-M2M-RI header; nullopt passes the request on as a
  /// primitive. Before start().
  void set_pages(PageHandler pages);

  /// Binds and starts the threads. Errors: kInternalServerError: address in use, bad address, bad
  /// TLS file.
  Result<void> start();
  /// Accepts no more, lets requests in flight finish (drain_timeout), closes and joins. Not from a
  /// server thread.
  void stop();

  std::uint16_t port() const;  ///< after start()
  ServerCounters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::http

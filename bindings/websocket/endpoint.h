#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/security/tls_settings.h"
#include "bindings/websocket/exchange.h"
#include "cse/codec/codec.h"
#include "cse/primitive/handler.h"

namespace gatehouse::websocket {

/// Where connections are accepted.
struct ListenerSettings {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 0;             ///< 0: a free port, told by Endpoint::port()
  std::optional<TlsSettings> tls;     ///< present: wss
};

/// An entity to which a connection is kept, so that it can reach us: our registrar.
struct KeptConnection {
  std::string url;  ///< "wss://in.example:8181"
  std::string
      to;  ///< its CSEBase, "/id-in/cse-in": asked once per connection, which shows who we are
};

struct EndpointSettings {
  std::string id;  ///< who we are: "/id-in"
  std::vector<ListenerSettings> listeners;
  std::vector<KeptConnection> kept;
  std::optional<TlsSettings> client_tls;  ///< needed for wss URLs
  /// Web pages that may connect from a browser ("https://console.example"; "*": any). Without it
  /// a page of anybody could speak to this node from its reader's browser.
  std::vector<std::string> allowed_origins;
  ExchangeLimits limits;
  std::size_t max_connections = 10'000;      ///< accepted; more are closed at once
  std::size_t max_outgoing = 1'000;          ///< connections that we opened
  std::size_t max_message_bytes = 8u << 20;  ///< a longer one ends the connection (1009)
  std::size_t max_queued_bytes = 32u << 20;  ///< for a peer that does not read; then it ends
  std::size_t max_waiting = 1'000;           ///< requests until a connection is open
  std::chrono::milliseconds handshake_timeout{10'000};  ///< TCP, TLS and upgrade together
  std::chrono::milliseconds message_timeout{30'000};    ///< from a message's first bytes to its end
  std::chrono::milliseconds idle_timeout{60'000};  ///< a ping after half of it, the end after all
  std::chrono::milliseconds close_timeout{1'000};  ///< stop() waits so long for closing handshakes
  std::chrono::milliseconds reconnect_min{500};    ///< doubles with each failure
  std::chrono::milliseconds reconnect_max{30'000};
};

/// Figures since start.
struct EndpointCounters {
  std::uint64_t connections_accepted = 0, connections_refused = 0, connections_open = 0;
  std::uint64_t connections_opened = 0;  ///< by us
  std::uint64_t handshake_failures = 0, requests_received = 0, requests_sent = 0;
};

/// oneM2M over WebSocket, server and client side. There is one connection between two nodes, and
/// requests travel on it in both directions: an entity that connected is reached on its connection,
/// whatever lies between. Which connection is whose: its certificate says so, or a request on it
/// that the CSE took as that originator's; the newest connection of an entity counts. Source:
/// TS-0020. Sub-protocols oneM2M.json, oneM2M.cbor, oneM2M.xml; no compression. Threading: every
/// function from any thread; the handler and replies run on the endpoint's thread.
class Endpoint final : public PrimitiveSender, public Connections {
 public:
  /// `handler` and `codecs` must outlive the endpoint. Throws std::runtime_error if a TLS file of
  /// the client side cannot be used.
  Endpoint(EndpointSettings settings, PrimitiveHandler& handler, const Codecs& codecs);
  ~Endpoint() override;  ///< stops
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Binds and starts the thread. Errors: kInternalServerError: address in use, bad TLS file.
  Result<void> start();
  /// Fails what is pending with 5103, closes all connections (1001), joins. Not from a reply.
  void stop();

  bool serves(std::string_view url) const override;  ///< ws, and wss if the settings have TLS
  /// Over the receiver's connection if it has one, else over one to `url`, which is opened if need
  /// be. In `request.serialization` if a connection is opened for it.
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override;
  bool send_if_connected(const std::string& receiver_id, const Request& request,
                         const Reply& reply) override;

  std::uint16_t port(std::size_t listener = 0) const;  ///< after start()
  EndpointCounters counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace gatehouse::websocket

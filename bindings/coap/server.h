#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bindings/coap/option_table.h"
#include "bindings/security/psk_table.h"
#include "bindings/security/tls_settings.h"
#include "cse/codec/codec.h"
#include "cse/primitive/handler.h"

namespace gatehouse::coap {

struct ServerSettings {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal to listen at
  std::uint16_t port =
      0;  ///< for UDP and TCP; 0: one that is free for both, told by Server::port()
  bool udp = true, tcp = true;
  /// One of them present: DTLS and TLS in place of UDP and TCP. A peer takes what it has: a
  /// certificate or a key.
  std::optional<TlsSettings> tls;
  std::optional<PskTable> psk;
  std::shared_ptr<PskSource> psk_source;  ///< in place of the table; asked on libcoap's thread
  /// Of answers to requests that do not show it.
  OptionNumbers option_numbers = OptionNumbers::kRegistered;
  std::size_t max_body_bytes = 8u << 20;
  std::size_t max_sessions = 1'000;  ///< over TCP; beyond, the one idle for longest over UDP goes
  /// In progress, those of forged addresses included; libcoap gives each 30 seconds.
  std::size_t max_handshakes = 1'000;
  std::size_t max_pending = 64;   ///< requests of one peer being served; more get 5.03
  std::size_t max_transfers = 4;  ///< block-wise, of one peer and direction
  std::size_t max_transfer_bytes = 256u << 20;  ///< of all peers
  std::chrono::milliseconds transfer_timeout{60'000};
  std::chrono::seconds idle_timeout{
      300};  ///< a peer without a whole request for so long is forgotten
  std::chrono::seconds handshake_timeout{10};
  std::chrono::seconds message_timeout{30};  ///< over TCP, from a message's first bytes to its end
};

/// Figures since start.
struct ServerCounters {
  std::uint64_t requests = 0, duplicates = 0, handshake_failures = 0, sessions_refused = 0;
  std::uint64_t sessions_open = 0;
};

/// CoAP server side of the binding: UDP and TCP, or DTLS and TLS. Answers that are there at once
/// travel with the acknowledgement, others as a message of their own; repeated requests are
/// answered, not served again; bodies go block by block where they do not fit. Source: TS-0008,
/// RFC 7252, RFC 7959, RFC 8323. Threading: the handler is called on the server's one thread and
/// must not block; replies may come from any thread, also after stop().
class Server {
 public:
  /// `handler` and `codecs` must outlive the server.
  Server(ServerSettings settings, PrimitiveHandler& handler, const Codecs& codecs);
  ~Server();  ///< stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Errors: kInternalServerError: address in use, bad address, bad TLS file.
  Result<void> start();
  void stop();

  std::uint16_t port() const;  ///< after start()
  ServerCounters counters() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::coap

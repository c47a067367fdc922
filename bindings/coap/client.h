#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/coap/option_table.h"
#include "bindings/security/psk_table.h"
#include "bindings/security/tls_settings.h"
#include "cse/codec/codec.h"
#include "cse/primitive/handler.h"

namespace gatehouse::coap {

struct ClientSettings {
  /// One of them is needed for coaps URLs; with both, certificates are used.
  std::optional<TlsSettings> tls;
  std::optional<PskEntry> psk;
  OptionNumbers option_numbers = OptionNumbers::kRegistered;
  /// Whole request, connection included; a shorter or longer rqet takes its place.
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds ack_timeout{2'000};  ///< before the first repetition over UDP and DTLS
  unsigned max_repetitions = 4;                  ///< each after twice the time
  std::chrono::milliseconds idle_timeout{60'000};  ///< an unused session is closed after it
  std::size_t max_peers = 256;
  std::size_t max_in_flight = 8;    ///< requests to one peer; the next wait
  std::size_t max_waiting = 1'000;  ///< for one peer; more are refused at once (5103)
  std::size_t max_body_bytes = 8u << 20;
};

/// CoAP client side of the binding, for coap, coaps, coap+tcp and coaps+tcp URLs; one session for
/// each entity, kept open. Requests are confirmable; bodies go block by block where they do not
/// fit. Source: TS-0008, RFC 7252, RFC 7959, RFC 8323.
class Client final : public PrimitiveSender {
 public:
  /// `codecs` must outlive the client. Throws std::runtime_error if a TLS file cannot be used.
  Client(ClientSettings settings, const Codecs& codecs);
  ~Client() override;  ///< stops
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool serves(std::string_view url) const override;  ///< coaps only with tls or psk
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override;
  /// Requests in flight fail with kTargetNotReachable. Not from a reply.
  void stop();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::coap

#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bindings/security/tls_context.h"

namespace gatehouse::contract {

/// A TCP connection to a port of loopback that says any bytes, maybe inside of TLS.
class RawTcp {
 public:
  explicit RawTcp(std::uint16_t port);
  /// Not connected if the handshake fails.
  RawTcp(std::uint16_t port, const TlsSettings& tls);
  ~RawTcp();
  RawTcp(RawTcp&& other) noexcept : socket_(other.socket_), tls_(std::move(other.tls_)) {
    other.socket_ = -1;
  }
  RawTcp(const RawTcp&) = delete;
  RawTcp& operator=(const RawTcp&) = delete;

  bool connected() const { return socket_ >= 0; }
  /// All of it, or as much as the peer takes before it closes.
  void say(std::string_view bytes) const;
  /// What comes until `enough` says so, the peer closes, or ten seconds are over.
  template <class Enough>
  std::string hear(Enough&& enough) const {
    std::string heard;
    while (!enough(heard) && hear_more(heard)) {
    }
    return heard;
  }
  /// True once the peer has closed; false after ten seconds.
  bool is_closed() const;
  /// What comes is thrown away.
  bool closes_within(int milliseconds) const;

 private:
  bool hear_more(std::string& heard) const;
  bool wait(int milliseconds) const;
  /// Bytes; 0: none yet (TLS); below: closed.
  int read(char* buffer, int size) const;
  void write(std::string_view bytes) const;
  int socket_ = -1;
  std::shared_ptr<ssl_st> tls_;
};

/// A client's WebSocket message in one frame (RFC 6455 clause 5.2), masked with zeros.
std::string websocket_frame(unsigned char opcode, std::string_view payload);
/// Its upgrade request.
std::string websocket_upgrade(const std::string& codec);
/// A CoAP message over TCP (RFC 8323 clause 3.2) without token; `options` are encoded already.
std::string coap_tcp_message(unsigned char code, std::string_view options,
                             std::string_view payload);

}  // namespace gatehouse::contract

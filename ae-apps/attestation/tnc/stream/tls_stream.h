#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"
#include "bindings/security/tls_context.h"

namespace gatehouse::tnc {

/// A TLS connection whose both sides have shown certificates, used by one thread that waits. Every
/// wait has an end. The process ignores SIGPIPE. Errors: kTargetNotReachable, also when the peer
/// takes too long.
class TlsStream {
 public:
  static Result<TlsStream> connect(const std::string& host, std::uint16_t port,
                                   const TlsSettings& settings, std::chrono::seconds limit);
  /// Takes the socket over, whatever comes of it.
  static Result<TlsStream> accept(int socket, const TlsContext& context,
                                  std::chrono::seconds limit);
  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) = delete;
  ~TlsStream();

  /// At least one byte; empty: the peer has closed.
  Result<Bytes> read();
  Result<void> write(ByteView bytes);
  /// oneM2M identities in the peer's certificate.
  std::vector<std::string> peer() const;
  /// SHA-256 (hexadecimal) of the public key with which the peer has proven itself.
  std::string peer_key() const;

 private:
  struct State;
  explicit TlsStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A socket that listens at that address. Returns it and its port. Errors: kInternalServerError.
Result<std::pair<int, std::uint16_t>> listen_at(const std::string& address, std::uint16_t port);

}  // namespace gatehouse::tnc

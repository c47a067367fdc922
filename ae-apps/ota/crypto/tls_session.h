#pragma once
#include <memory>
#include <string>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::crypto {

/// What one side of TLS 1.3 with certificates on both sides has and believes. Immutable; any
/// thread.
class TlsCredentials {
 public:
  /// PEM files; the key may also be a pkcs11: URI. Errors: as SigningKey::load; kBadRequest.
  static Result<TlsCredentials> load(const std::string& certificate_file, const std::string& key,
                                     const std::string& ca_file);

 private:
  friend class TlsSession;
  struct State;
  explicit TlsCredentials(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// One TLS connection without a socket: bytes of the wire in and out. Threading: one thread at a
/// time. Source: RFC 8446.
class TlsSession {
 public:
  enum class Side : std::uint8_t { kServer, kClient };
  TlsSession(const TlsCredentials& credentials, Side side);
  ~TlsSession();
  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;

  /// Bytes from the peer; gives what they say in plain text. Errors: kOriginatorNotAuthenticated if
  /// the handshake fails or a record is not genuine; then the connection is to be closed.
  Result<Bytes> receive(ByteView wire);
  /// Errors: kTargetNotReachable before the handshake is over.
  Result<void> send(ByteView plain);
  /// What is due to the peer; also after receive(), and at the beginning of a client.
  Bytes take_wire();
  bool established() const;
  /// Common name of the peer's certificate.
  std::string peer_name() const;

 private:
  Result<void> shake_hands();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::crypto

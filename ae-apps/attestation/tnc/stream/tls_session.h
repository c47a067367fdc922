#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"
#include "bindings/security/tls_context.h"

namespace gatehouse::tnc {

/// The accepting side of a TLS connection for a thread that never waits.
class TlsSession {
 public:
  enum class Step : std::uint8_t {
    kDone,
    kWait,    ///< for the peer
    kClosed,  ///< by the peer, or for a reason that failure() says
  };
  /// What the first bytes of a connection, of which so many are there, are to TLS.
  enum class Hello : std::uint8_t { kIncomplete, kWhole, kNone };
  static constexpr std::size_t kHelloHeaderBytes = 5;
  /// Before any session: who says half a hello costs a socket and nothing more.
  static Hello look_at(ByteView header, std::size_t available);

  /// The socket does not block, and outlives this. Errors: kInternalServerError.
  static Result<TlsSession> begin(int socket, const TlsContext& context);
  TlsSession(TlsSession&&) noexcept;
  ~TlsSession();

  Step handshake();
  /// What came is put behind `out`, up to so many bytes in all. kDone: there may be more.
  Step read(Bytes& out, std::size_t most);
  /// How many were taken is added to `written`.
  Step write(ByteView bytes, std::size_t& written);
  /// Says goodbye, without waiting for an answer.
  void close();

  /// oneM2M identities in the peer's certificate.
  std::vector<std::string> peer() const;
  /// SHA-256 (hexadecimal) of the public key with which the peer has proven itself.
  std::string peer_key() const;
  const std::string& failure() const;

 private:
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::tnc

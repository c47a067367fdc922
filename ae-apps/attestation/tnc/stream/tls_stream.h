#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"
#include "bindings/security/tls_context.h"

namespace gatehouse::tnc {

/// The calling side of a TLS connection with certificates on both sides, for a thread that waits.
/// Every wait has an end. The process ignores SIGPIPE. Errors: kTargetNotReachable, also when the
/// peer takes too long.
class TlsStream {
 public:
  static Result<TlsStream> connect(const std::string& host, std::uint16_t port,
                                   const TlsSettings& settings, std::chrono::seconds limit);
  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) = delete;
  ~TlsStream();

  /// At least one byte; empty: the peer has closed.
  Result<Bytes> read();
  Result<void> write(ByteView bytes);

 private:
  struct State;
  explicit TlsStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A socket that listens at that address. Returns it and its port. Errors: kInternalServerError.
Result<std::pair<int, std::uint16_t>> listen_at(const std::string& address, std::uint16_t port);

}  // namespace gatehouse::tnc

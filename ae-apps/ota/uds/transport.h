#pragma once
#include <chrono>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::uds {

/// A way for UDS messages to one ECU and back: DoIP here, ISO-TP on CAN in ../isotp.
/// Threading: one thread at a time. Errors: kTargetNotReachable (not connected, refused, gone),
/// kRequestTimeout (no message in time).
class Transport {
 public:
  virtual ~Transport() = default;
  /// Connects, or connects again after the ECU was reset.
  virtual Result<void> connect() = 0;
  virtual void disconnect() = 0;
  virtual bool connected() const = 0;
  /// Returns once the ECU's side has taken the message.
  virtual Result<void> send(ByteView uds) = 0;
  virtual Result<Bytes> receive(std::chrono::milliseconds limit) = 0;
};

}  // namespace gatehouse::uds

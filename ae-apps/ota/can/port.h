#pragma once
#include <memory>
#include <optional>
#include <string>

#include "ae-apps/ota/can/frame.h"

namespace gatehouse::can {

/// What a node learns from its bus.
struct Event {
  enum class Kind : std::uint8_t {
    kFrame,     ///< another node's frame
    kSent,      ///< our own oldest frame is on the bus
    kBusOff,    ///< our controller had to leave; what waited is lost
    kBusIsBack  ///< and may send again
  };
  Kind kind = Kind::kFrame;
  Frame frame;
};

/// A node's place on a bus: SocketCAN where the kernel has it, our virtual bus everywhere.
/// Threading: one thread at a time. Errors: kTargetNotReachable if the bus is gone.
class Port {
 public:
  virtual ~Port() = default;
  /// Queued; its Event::kSent comes later. Waits while the bus takes no more, at most a second.
  virtual Result<void> send(const Frame& frame) = 0;
  /// nullopt: nothing within the limit.
  virtual Result<std::optional<Event>> receive(std::chrono::microseconds limit) = 0;
  /// To be polled for reading.
  virtual int handle() const = 0;
};

/// `virtual:/path/of/socket` (see gatehouse-can) or `socketcan:can0`. Errors: kBadRequest for any
/// other text, kTargetNotReachable.
Result<std::unique_ptr<Port>> open_port(const std::string& bus);
/// Whether open_port() would understand the text.
bool names_a_bus(const std::string& bus);

/// Errors: kTargetNotReachable, also if the kernel has no CAN.
Result<std::unique_ptr<Port>> open_socketcan(const std::string& interface);
Result<std::unique_ptr<Port>> open_virtual(const std::string& path);

}  // namespace gatehouse::can

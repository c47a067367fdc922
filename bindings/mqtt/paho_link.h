#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bindings/mqtt/connection.h"

namespace gatehouse::mqtt {

/// What one attempt to be connected reports, from Paho's threads; some while Paho holds its locks,
/// so nothing of Paho may be called from there.
struct LinkEvents {
  std::function<void(bool session_kept)> connected;
  std::function<void(std::string why)> failed;  ///< could not connect, or the connection is lost
  std::function<void(std::string topic, std::string payload)> message;
  std::function<void(std::uint64_t id, bool accepted)> published;
  std::function<void(std::uint64_t batch, bool accepted)> subscribed;  ///< once per filter
};

/// One Paho client for one attempt to be connected: it is thrown away when the connection breaks,
/// so nothing of Paho's own queues outlives it and what is sent again, and in which order, is
/// decided in Connection alone.
class PahoLink final {
 public:
  PahoLink(const ConnectionSettings& settings, LinkEvents events);
  ~PahoLink();
  PahoLink(const PahoLink&) = delete;
  PahoLink& operator=(const PahoLink&) = delete;

  // Each returns false if Paho refuses at once; no event follows then.
  bool connect(std::string& why);
  bool subscribe(const std::vector<std::string>& filters, std::uint64_t batch);
  void unsubscribe(const std::vector<std::string>& filters);
  bool publish(const Outgoing& message, std::uint64_t id);
  /// Says good-bye to the broker; waits up to that time.
  void disconnect(std::chrono::milliseconds at_most);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Throws std::invalid_argument for settings that Paho cannot honour.
void check_tls(const ConnectionSettings& settings);

}  // namespace gatehouse::mqtt

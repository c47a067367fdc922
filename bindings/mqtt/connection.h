#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/mqtt/broker_url.h"
#include "bindings/mqtt/worker.h"
#include "bindings/security/tls_settings.h"

namespace gatehouse::mqtt {

struct ConnectionSettings {
  BrokerUrl broker;
  std::string client_id;
  std::optional<TlsSettings> tls;
  bool mqtt_5 = false;
  bool keep_session = true;  ///< false: the broker forgets us with the connection
  std::chrono::seconds keep_alive{30};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds reconnect_min{100}, reconnect_max{10'000};
  std::size_t max_inflight = 64, max_queued = 10'000, max_received = 4'096;
};

/// What the broker made of a message.
enum class Published { kAcknowledged, kRefused, kExpired, kQueueFull, kStopped };

struct Outgoing {
  std::string topic;
  std::shared_ptr<const std::string> payload;
  SteadyTime expires;                   ///< not sent after it
  std::function<void(Published)> done;  ///< may be empty
};

/// Called on the worker's thread.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  /// Connected and subscribed; waiting messages go out right after. `session_kept`: the broker kept
  /// our session, so nothing was lost that it had acknowledged.
  virtual void on_ready(bool session_kept) = 0;
  virtual void on_connect_failed(const std::string& why) = 0;
  virtual void on_lost(const std::string& why) = 0;
  virtual void on_message(const std::string& topic, const std::string& payload) = 0;
  /// A message was dropped because the worker is max_received behind. On any thread.
  virtual void on_overflow() = 0;
};

/// The one place that knows Paho. Connects, and connects again, with growing pauses; each time
/// subscribes first, then sends from its own bounded outbox, QoS 1, never retained, session kept by
/// the broker (clean session false). A message that the broker had not acknowledged when the
/// connection broke is sent again. Source: TS-0010 clauses 6.1 to 6.3. Threading: the worker's
/// thread only, but for the constructor.
class Connection {
 public:
  /// Throws std::invalid_argument if the TLS settings cannot work with Paho.
  Connection(ConnectionSettings settings, Worker& worker, ConnectionListener& listener);
  ~Connection();

  void start(std::vector<std::string> filters);
  /// Replaces the subscriptions; not ready until the broker has acknowledged the new ones.
  void set_filters(std::vector<std::string> filters);
  void publish(Outgoing message);
  /// Disconnects (waits up to a second for the broker) and gives up what waits.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace gatehouse::mqtt

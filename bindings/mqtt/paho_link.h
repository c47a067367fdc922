#pragma once
#include <mqtt/async_client.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/mqtt/connection.h"
#include "bindings/mqtt/paho_tls.h"

namespace gatehouse::mqtt {

/// What one attempt to be connected reports, from Paho's threads.
struct LinkEvents {
  std::function<void(bool session_kept)> connected;
  std::function<void(std::string why)> failed;  ///< could not connect, or the connection is lost
  std::function<void(std::string topic, std::string payload)> message;
  std::function<void(std::uint64_t id, bool accepted)> published;
  std::function<void(std::uint64_t batch, bool accepted)> subscribed;  ///< once per filter
};

/// One Paho client for one attempt to be connected: it is thrown away when the connection breaks,
/// so nothing of Paho's own queues outlives it and what is sent again, and in which order, is
/// decided in Connection alone. Included by connection.cpp and paho_link.cpp only.
class PahoLink final : private ::mqtt::callback {
 public:
  PahoLink(const ConnectionSettings& settings, LinkEvents events);
  ~PahoLink() override;

  // Each returns false if Paho refuses at once; no event follows then.
  bool connect(std::string& why);
  bool subscribe(const std::vector<std::string>& filters, std::uint64_t batch);
  void unsubscribe(const std::vector<std::string>& filters);
  bool publish(const Outgoing& message, std::uint64_t id);
  /// Says good-bye to the broker; waits up to that time.
  void disconnect(std::chrono::milliseconds at_most);

 private:
  struct Listener : ::mqtt::iaction_listener {
    using Handler = std::function<void(const ::mqtt::token&, bool)>;
    explicit Listener(Handler handler) : handler_(std::move(handler)) {}
    void on_success(const ::mqtt::token& token) override { handler_(token, true); }
    void on_failure(const ::mqtt::token& token) override { handler_(token, false); }
    Handler handler_;
  };
  void connection_lost(const std::string& cause) override;
  void message_arrived(::mqtt::const_message_ptr message) override;
  ::mqtt::connect_options options() const;

  const ConnectionSettings& settings_;
  LinkEvents events_;
  std::optional<NamedContext> tls_;  ///< outlives the client
  Listener on_connect_, on_subscribe_, on_publish_;
  std::unique_ptr<::mqtt::async_client> client_;
};

/// Throws std::invalid_argument for settings that Paho cannot honour.
void check_tls(const ConnectionSettings& settings);

}  // namespace gatehouse::mqtt

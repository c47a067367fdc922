#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <vector>

#include "ae-apps/ota/uds/doip.h"

namespace gatehouse::doip {

struct EntitySettings {
  Identity identity;
  Address functional_address = 0xE400;
  std::vector<Address> testers = {0x0E00, 0x0E80, 0x0F00};  ///< others are refused
  std::size_t max_sockets = 4;                              ///< more are closed at once
  std::size_t max_payload_bytes = 256 * 1024;
  std::chrono::milliseconds initial_inactivity{2000};     ///< T_TCP_Initial_Inactivity
  std::chrono::milliseconds general_inactivity{300'000};  ///< T_TCP_General_Inactivity
  std::chrono::milliseconds alive_check{500};             ///< T_TCP_Alive_Check
};

/// The rules of a DoIP entity over any number of connections, without a socket or a clock: bytes
/// and time in, bytes out. One tester at a time is active; a second one is let in only if the first
/// no longer answers an alive check. Threading: one thread at a time.
class Entity {
 public:
  using ConnectionId = int;
  using Time = std::chrono::milliseconds;
  /// What happens outside. Called within the functions below.
  class Output {
   public:
    virtual ~Output() = default;
    virtual void send(ConnectionId to, ByteView bytes) = 0;
    /// The connection is forgotten already; do not call closed().
    virtual void close(ConnectionId id) = 0;
    /// A UDS request from the active tester. `answer` may be called any number of times before this
    /// returns.
    virtual void diagnose(ByteView uds, bool functional,
                          const std::function<void(Bytes)>& answer) = 0;
  };
  struct Counters {
    std::uint64_t refused_activations = 0;
    std::uint64_t refused_messages = 0;  ///< no activation, a foreign source or target
    std::uint64_t malformed = 0;
  };

  Entity(EntitySettings settings, Output& output)
      : settings_(std::move(settings)), output_(output) {}

  void opened(ConnectionId id, Time now);
  void received(ConnectionId id, ByteView bytes, Time now);
  void closed(ConnectionId id);
  /// Timers. Call it at least every 100 ms.
  void tick(Time now);
  /// As before a reset.
  void close_all();

  std::size_t open_sockets() const { return connections_.size(); }
  const Counters& counters() const { return counters_; }
  const EntitySettings& settings() const { return settings_; }

 private:
  struct Connection {
    explicit Connection(std::size_t max_payload_bytes) : decoder(max_payload_bytes) {}
    Decoder decoder;
    std::optional<Address> tester;
    Time last_heard{};
    std::optional<Time> alive_asked;  ///< an answer to 0007 is due
    std::optional<Address> waits_as;  ///< activation waits for another connection's alive check
  };

  bool take(ConnectionId id, const Message& message, Time now);
  void activate(ConnectionId id, const RoutingRequest& request, Time now);
  void answer_activation(ConnectionId id, Address tester, Activation code);
  void diagnose(ConnectionId id, const Message& message, Time now);
  std::optional<ConnectionId> active_connection() const;
  void settle_waiting(bool first_is_alive, std::optional<Address> first);
  void drop(ConnectionId id);

  EntitySettings settings_;
  Output& output_;
  std::map<ConnectionId, Connection> connections_;
  Counters counters_;
};

}  // namespace gatehouse::doip

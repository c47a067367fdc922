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
  std::size_t max_testers = 3;                              ///< active at the same time
  bool require_tls = false;  ///< testers without TLS are sent there (activation code 07)
  std::size_t max_payload_bytes = 256 * 1024;
  std::chrono::milliseconds initial_inactivity{2000};     ///< T_TCP_Initial_Inactivity
  std::chrono::milliseconds general_inactivity{300'000};  ///< T_TCP_General_Inactivity
  std::chrono::milliseconds alive_check{500};             ///< T_TCP_Alive_Check
  unsigned max_faults = 20;                               ///< of one address within fault_window
  std::chrono::milliseconds fault_window{10'000};
  std::chrono::milliseconds ban{10'000};  ///< for an address with more: nothing is taken
  unsigned max_datagrams = 20;            ///< that are answered within a second
};

/// The rules of a DoIP entity over any number of connections, without a socket or a clock: bytes
/// and time in, bytes out. Several testers may be active; one more, or one with the address of
/// another, is let in only if somebody no longer answers an alive check. An address that keeps on
/// breaking the rules is shut out for a while. Threading: one thread at a time.
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
    /// The connection of an active tester is gone.
    virtual void left(Address tester) = 0;
    /// A UDS request from an active tester. `answer` may be called any number of times before this
    /// returns.
    virtual void diagnose(Address tester, ByteView uds, bool functional,
                          const std::function<void(Bytes)>& answer) = 0;
  };
  struct Counters {
    std::uint64_t refused_activations = 0;
    std::uint64_t refused_messages = 0;  ///< no activation, a foreign source or target
    std::uint64_t malformed = 0;
    std::uint64_t refused_connections = 0;  ///< too many, or of an address that is shut out
    std::uint64_t dropped_datagrams = 0;    ///< more than are answered

    std::uint64_t all() const {
      return refused_activations + refused_messages + malformed + refused_connections +
             dropped_datagrams;
    }
  };

  Entity(EntitySettings settings, Output& output)
      : settings_(std::move(settings)), output_(output) {}

  /// `peer`: where it comes from, without the port. `secured`: by TLS.
  void opened(ConnectionId id, Time now, const std::string& peer = {}, bool secured = false);
  void received(ConnectionId id, ByteView bytes, Time now);
  void closed(ConnectionId id);
  /// TLS failed; counted against the address. The connection is still to be closed().
  void distrusted(ConnectionId id, Time now);
  /// Timers. Call it at least every 100 ms.
  void tick(Time now);
  /// Whether a datagram may be answered now; counts it.
  bool takes_datagram(Time now);
  /// As before a reset.
  void close_all();

  std::size_t open_sockets() const { return connections_.size(); }
  const Counters& counters() const { return counters_; }
  const EntitySettings& settings() const { return settings_; }

 private:
  struct Connection {
    explicit Connection(std::size_t max_payload_bytes) : decoder(max_payload_bytes) {}
    Decoder decoder;
    std::string peer;
    bool secured = false;
    std::optional<Address> tester;
    Time opened{}, last_heard{};
    std::optional<Time> alive_asked;  ///< an answer to 0007 is due
    std::optional<Address> waits_as;  ///< activation waits for another connection's alive check
  };

  /// What an address has done wrong of late.
  struct Offender {
    unsigned faults = 0;
    Time since{};
    std::optional<Time> banned_until;
  };
  bool take(ConnectionId id, const Message& message, Time now);
  void blame(ConnectionId id, Time now);
  bool is_banned(const std::string& peer, Time now);
  void ask_if_alive(ConnectionId id, Time now);
  void settle(ConnectionId id);
  void activate(ConnectionId id, const RoutingRequest& request, Time now);
  void answer_activation(ConnectionId id, Address tester, Activation code);
  void diagnose(ConnectionId id, const Message& message, Time now);
  std::optional<Activation> fault_of_request(const Connection& connection,
                                             const RoutingRequest& request) const;
  void settle_all();
  void drop(ConnectionId id);

  EntitySettings settings_;
  Output& output_;
  std::map<ConnectionId, Connection> connections_;
  std::map<std::string, Offender> offenders_;  ///< bounded
  Time datagrams_since_{};
  unsigned datagrams_ = 0;
  Counters counters_;
};

}  // namespace gatehouse::doip

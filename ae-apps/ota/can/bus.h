#pragma once
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "ae-apps/ota/can/frame.h"

namespace gatehouse::can {

/// What goes wrong on a bus, out of a million frames each.
struct Faults {
  std::uint32_t lost = 0;        ///< a receiver misses a frame that the sender saw acknowledged
  std::uint32_t bit_errors = 0;  ///< destroyed by an error frame, and sent again
  std::uint64_t seed = 1;
};

struct BusSettings {
  BitRates rates;
  Faults faults;
  std::size_t max_queued = 64;  ///< frames of one node that wait for the bus
  bool recovers = true;         ///< a node that is bus-off comes back after 128 x 11 bits
};

/// Error confinement of a controller. Source: ISO 11898-1 (fault confinement).
enum class NodeState : std::uint8_t { kErrorActive, kErrorPassive, kBusOff };
std::string_view name_of(NodeState state);

struct BusCounters {
  std::uint64_t frames = 0;      ///< that were acknowledged
  std::uint64_t lost = 0;        ///< deliveries that a receiver missed
  std::uint64_t bit_errors = 0;  ///< frames that had to be sent again
  std::uint64_t bus_off = 0;     ///< nodes that had to leave
};

/// One CAN bus without a socket or a clock: time in, events out. Of the frames that wait when the
/// bus becomes free the most urgent one goes first; it takes its bits' time; all other nodes get
/// it, or an error frame destroys it for all and it is sent again. A frame that nobody else is
/// there to acknowledge waits. Deterministic for a seed. Threading: one thread at a time.
class Bus {
 public:
  using NodeId = int;
  /// Called within advance(). Do not call back, but for queue().
  class Output {
   public:
    virtual ~Output() = default;
    virtual void received(NodeId to, const Frame& frame, Time at) = 0;
    /// The oldest frame of the sender is on all other nodes; the next is due.
    virtual void sent(NodeId from, const Frame& frame, Time at) = 0;
    virtual void state_changed(NodeId node, NodeState state, Time at) = 0;
  };
  Bus(BusSettings settings, Output& output)
      : settings_(settings), output_(output), random_(settings.faults.seed) {}

  void attach(NodeId node);
  void detach(NodeId node);
  /// False if the node is bus-off, its queue is full, or no controller could send the frame.
  bool queue(NodeId from, const Frame& frame, Time now);
  std::size_t queued(NodeId node) const;
  /// Does all that happens up to `now`.
  void advance(Time now);
  /// When advance() has something to do again; nullopt: nothing is under way.
  std::optional<Time> next() const;

  NodeState state_of(NodeId node) const;
  /// Destroys the next `count` frames of a node: what a broken transceiver does.
  void break_next(NodeId node, unsigned count);
  const BusCounters& counters() const { return counters_; }

 private:
  struct Waiting {
    Frame frame;
    Time since;
  };
  struct Node {
    std::deque<Waiting> queue;
    unsigned transmit_errors = 0;
    unsigned receive_errors = 0;
    unsigned to_break = 0;
    std::optional<Time> off_until;  ///< bus-off; Time::max(): for good
    NodeState told = NodeState::kErrorActive;
  };
  struct Transmission {
    NodeId from;
    Time ends;
    bool broken;
  };
  void begin(Time not_before);
  void end(const Transmission& transmission);
  void deliver(NodeId from, Time at);
  void punish(NodeId from, Time at);
  void recover(Time now);
  void tell(NodeId id, Node& node, Time at);
  bool chance(std::uint32_t of_a_million);
  std::size_t present() const;

  BusSettings settings_;
  Output& output_;
  std::mt19937_64 random_;
  std::map<NodeId, Node> nodes_;
  std::optional<Transmission> now_on_wire_;
  Time free_since_{0};
  BusCounters counters_;
};

}  // namespace gatehouse::can

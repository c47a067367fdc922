#pragma once
#include <deque>

#include "ae-apps/ota/isotp/pdu.h"

namespace gatehouse::isotp {

/// Why a message did not get through: N_Result of ISO 15765-2.
enum class Failure : std::uint8_t {
  kTimeoutA,       ///< the bus did not take a frame (N_As, N_Ar)
  kTimeoutBs,      ///< no flow control
  kTimeoutCr,      ///< no consecutive frame
  kWrongSequence,  ///< a consecutive frame is missing, or came twice
  kInvalidFlow,    ///< a flow control that means nothing
  kUnexpected,     ///< a new message before the end of the one before
  kTooManyWaits,   ///< N_WFTmax
  kTooLong,        ///< the receiver has no room for it
  kBusLost,        ///< bus-off
};
std::string_view text_of(Failure failure);

struct Settings {
  Shape shape;
  std::uint8_t block_size = 0;                 ///< that we ask for; 0: all at once
  std::uint8_t st_min = 0;                     ///< that we ask for, as coded in the flow control
  Time n_a = std::chrono::milliseconds(1000);  ///< N_As and N_Ar
  Time n_bs = std::chrono::milliseconds(1000);
  Time n_cr = std::chrono::milliseconds(1000);
  unsigned max_waits = 10;                              ///< N_WFTmax, as a sender and as a receiver
  Time wait_interval = std::chrono::milliseconds(400);  ///< between two WAIT that we send
  std::size_t max_message_bytes = 128 * 1024;           ///< that we take; longer: OVERFLOW
  std::size_t max_queued = 8;                           ///< messages that wait to be sent
  unsigned in_flight = 1; /**< consecutive frames given to the bus before the first is on it; more
                               than one hides the way to another process. With STmin 0 only */
};

struct Counters {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t ignored = 0;  ///< frames that mean nothing, or nothing now
  std::uint64_t failed = 0;
};

/// Messages of any length to one peer and back, over frames; both ways at once. No bus and no
/// clock: frames and time in, frames out. Threading: one thread at a time. Source: ISO 15765-2.
class Channel {
 public:
  /// Called within the functions below; may call send(), nothing else.
  class Output {
   public:
    virtual ~Output() = default;
    /// To the bus. Each one is followed by transmitted(), or by bus_lost(), in this order.
    virtual void transmit(const can::Frame& frame) = 0;
    virtual void received(Bytes message, bool functional) = 0;
    /// The oldest message is on the bus as a whole.
    virtual void sent() = 0;
    /// The oldest message is given up.
    virtual void send_failed(Failure failure) = 0;
    virtual void receive_failed(Failure failure) = 0;
  };
  Channel(Address address, Settings settings, Output& output)
      : address_(address), settings_(settings), output_(output) {}

  /// Errors: kBadRequest for an empty message, or a functional one that needs more than one frame;
  /// kTargetNotReachable if too many wait.
  Result<void> send(Bytes message, bool functional, Time now);
  /// Any frame of the bus; those of others are left alone.
  void heard(const can::Frame& frame, Time now);
  /// The oldest frame that was given to transmit() is on the bus.
  void transmitted(Time now);
  /// Bus-off: what was given to transmit() is gone.
  void bus_lost();
  void tick(Time now);
  /// When tick() has something to do.
  std::optional<Time> next() const;

  /// While held, a long message that begins, or whose block ends, is answered by WAIT.
  void hold(bool held, Time now);
  bool sending() const { return !outgoing_.empty(); }
  const Counters& counters() const { return counters_; }

 private:
  enum class Given : std::uint8_t { kMessageEnd, kFirst, kConsecutive, kBlockEnd, kFlow, kDropped };
  struct Outgoing {
    Bytes message;
    bool functional = false;
  };
  /// The message that is being sent.
  struct Sender {
    enum class State : std::uint8_t { kIdle, kAwaitsFlow, kSends, kEnds } state = State::kIdle;
    std::size_t offset = 0;
    std::uint8_t sequence = 1;
    bool flow_seen = false;
    std::uint8_t block_size = 0;
    Time separation{0};
    unsigned block_left = 0;  ///< of this block; 0 with block_size 0
    unsigned waits = 0;
    Time due{0};               ///< not before
    std::optional<Time> n_bs;  ///< deadline
  };
  struct Receiver {
    bool active = false;
    Bytes message;
    std::size_t expected_bytes = 0;
    std::size_t frame_bytes = 0;  ///< of the first frame, and so of all but the last
    std::uint8_t sequence = 1;
    unsigned in_block = 0;
    unsigned waits = 0;
    bool owes_flow = false;  ///< held: CONTINUE is still to be said
    std::optional<Time> next_wait;
    std::optional<Time> n_cr;  ///< deadline
  };

  void give(const can::Frame& frame, Given what, Time now);
  can::Frame frame_to_peer(ByteView pdu, bool functional) const;
  void begin(Time now);
  void pump(Time now);
  void send_next_consecutive(Time now);
  void end_sending(std::optional<Failure> failure, Time now);
  unsigned own_in_flight() const;

  void take(const SingleFrame& single, bool functional, Time now);
  void take(const FirstFrame& first, std::size_t frame_bytes, Time now);
  void take(const ConsecutiveFrame& consecutive, std::size_t frame_bytes, Time now);
  void take(const FlowControl& flow, Time now);
  void say_flow(FlowStatus status, Time now);
  void ask_for_block(Time now);
  void end_receiving(Failure failure);

  Address address_;
  Settings settings_;
  Output& output_;
  Sender sender_;
  Receiver receiver_;
  std::deque<Outgoing> outgoing_;  ///< the first one is being sent
  std::deque<Given> given_;
  std::optional<Time> n_a_;  ///< deadline of the oldest of given_
  bool held_ = false;
  Counters counters_;
};

}  // namespace gatehouse::isotp

#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cse/codec/codec.h"
#include "cse/primitive/handler.h"

namespace gatehouse::websocket {

struct ExchangeLimits {
  std::size_t max_pending = 1'024;  ///< requests of ours without an answer; more are refused (5103)
  std::size_t max_serving = 64;     ///< requests of theirs in the handler before reading pauses
  std::chrono::milliseconds request_timeout{10'000};  ///< of a request of ours without rqet
  std::chrono::milliseconds max_request_timeout{300'000};
  DecodeLimits decode;
  bool coerce_scalars = false;  ///< the dialect of that name: numbers in texts are read
};

/// What both ends of one connection say to each other, without its socket: messages in, requests
/// handed on, answers out, in both directions at once; what belongs together is known by the
/// request identifier. Source: TS-0020 clauses 5.2 and 6.5.
/// Threading: one thread at a time.
class Exchange {
 public:
  using Clock = std::chrono::steady_clock;
  /// How it reaches the world. All are called from within the calls below.
  struct Outside {
    std::function<void(std::string message)> transmit;
    /// A request of theirs; answer() is to be called with that number, now or later.
    std::function<void(Request request, std::uint64_t number)> serve;
    /// The other end has shown that it is this entity; see connection_name().
    std::function<void(const std::string& name)> met;
  };

  /// `codec` outlives this. `own_cse`: "/id-in".
  Exchange(const Codec& codec, const ExchangeLimits& limits, std::string own_cse, Outside outside);
  ~Exchange();  ///< fails what is pending
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// One whole message came. What is no primitive is answered by a response 4000 without rqi,
  /// because nobody knows which request it was; an answer to nothing is dropped.
  void take(std::string_view message);
  /// The handler's answer to a request of theirs; a second one is dropped.
  void answer(std::uint64_t number, Response response);
  /// Sends a request of ours. `reply` gets 5103 when no answer comes in time, when there is no room
  /// or when the connection ends. A request identifier that is under way already travels under
  /// another one.
  void send(Request request, Reply reply);
  /// Gives up what has waited too long.
  void check_deadlines(Clock::time_point now);
  /// Fails what is pending: 5103 with `why`.
  void fail_all(const std::string& why);

  /// False: enough requests are in the handler; read on after the next answer().
  bool has_room() const { return serving_.size() < limits_.max_serving; }
  bool is_idle() const { return serving_.empty() && pending_.empty(); }
  const Codec& codec() const { return codec_; }

 private:
  struct Pending {
    std::string request_identifier;  ///< as the sender knows it
    Reply reply;
    Clock::time_point deadline;
  };
  struct Serving {
    Request asked;  ///< without its content
    bool silent = false;
  };

  void take_request(const Value& value);
  void take_response(const Value& value);
  void refuse(const std::string& request_identifier, const Error& error);
  static void give_up(const Pending& pending, const std::string& why);

  const Codec& codec_;
  const ExchangeLimits limits_;
  const std::string own_cse_;
  const Outside outside_;
  std::unordered_map<std::string, Pending> pending_;  ///< by the request identifier on the wire
  std::map<std::uint64_t, Serving> serving_;
  std::uint64_t next_number_ = 1;
};

}  // namespace gatehouse::websocket

#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "bindings/coap/message.h"

namespace gatehouse::coap {

using Time = std::chrono::steady_clock::time_point;

/// The confirmable requests that one peer sent lately, by message ID: one that comes again is
/// answered again, not served again. libcoap 4.3 leaves that to us. Bounded in number and age.
/// Source: RFC 7252 clauses 4.5 and 4.8.2 (EXCHANGE_LIFETIME).
class ExchangeWindow {
 public:
  struct Limits {
    std::size_t entries = 64;
    std::chrono::milliseconds age{247'000};
  };
  enum class Seen : std::uint8_t { kNew, kInProgress, kAnswered };
  struct Lookup {
    Seen seen = Seen::kNew;
    const Message* answer = nullptr;  ///< for kAnswered; nullptr: it went as a message of its own
  };

  explicit ExchangeWindow(Limits limits) : limits_(limits) {}

  /// Looks a request up, and notes it as in progress if it is new. A message ID that comes with
  /// another token is a new request.
  Lookup begin(std::uint16_t id, const std::string& token, Time now);
  /// The answer that went with the acknowledgement.
  void finish(std::uint16_t id, const Message& answer);
  /// The answer went, or will go, as a message of its own.
  void finish_separately(std::uint16_t id);
  /// The request may be served again: it was a GET.
  void forget(std::uint16_t id);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string token;
    Time seen;
    bool in_progress = true, has_answer = false;
    Message answer;
  };
  void evict(Time now);

  Limits limits_;
  std::map<std::uint16_t, Entry> entries_;
  std::deque<std::uint16_t> order_;  ///< oldest first
};

}  // namespace gatehouse::coap

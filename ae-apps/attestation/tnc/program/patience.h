#pragma once
#include <chrono>

namespace gatehouse::tnc {

/// How long one connection may take; all from outside.
struct PatienceLimits {
  std::chrono::milliseconds handshake{10'000};  ///< from the connection to the proof
  std::chrono::milliseconds turn{60'000};       ///< for a whole answer; a TPM of hardware is slow
  std::chrono::milliseconds dialogue{300'000};
};

/// Until when a connection is waited for. Bytes alone gain it nothing: a whole batch does, so one
/// byte a second is not enough for long. What we take for ourselves does not count.
class Patience {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Patience(const PatienceLimits& limits, Time now)
      : limits_(limits), until_(now + limits.handshake), last_(until_) {}

  void proven(Time now) {
    last_ = now + limits_.dialogue;
    until_ = now + limits_.turn;
  }
  /// We have something to do for it.
  void work_began(Time now) { began_ = now; }
  /// That is done. `answered`: the peer had said all that it had to in this turn.
  void work_ended(Time now, bool answered) {
    last_ += now - began_;
    until_ = answered ? now + limits_.turn : until_ + (now - began_);
  }
  bool over(Time now) const { return now >= until_ || now >= last_; }

 private:
  PatienceLimits limits_;
  Time until_, last_, began_{};
};

}  // namespace gatehouse::tnc

#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "ae-apps/ota/program/step_log.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::gateway {

/// Answers to the user's question that the display did not take, as lines `STEP F
/// event=answer-refused by reason status`. So many in a minute are told one by one; the others are
/// counted, and told with the next line (`untold`), so that a flood of them fills no disk.
/// Threading: any thread.
class RefusedAnswers {
 public:
  static constexpr unsigned kToldInAMinute = 10;
  using Clock = std::function<Timestamp()>;

  /// `log` outlives it.
  RefusedAnswers(ota::StepLog& log, Clock clock) : log_(log), clock_(std::move(clock)) {}

  /// `status` of HTTP; `by`: "the display (127.0.0.1)".
  void take(int status, const std::string& reason, const std::string& by);
  std::uint64_t count() const;  ///< since the start

 private:
  ota::StepLog& log_;
  const Clock clock_;
  mutable std::mutex mutex_;  ///< of what follows
  Timestamp minute_;          ///< its begin
  unsigned told_ = 0;         ///< in it
  std::uint64_t untold_ = 0, count_ = 0;
};

}  // namespace gatehouse::gateway

#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse::gateway {

/// What the user is asked.
struct Question {
  std::string job;  ///< Job::id
  std::string ecu, name, from_version, to_version, notes;
  std::uint64_t image_bytes = 0;
  std::string answer_by;  ///< m2m:timestamp; afterwards it counts as no answer
};

enum class Decision : std::uint8_t {
  kAccepted,
  kDeclined,
  kNoAnswer,  ///< in time
  kStopped,   ///< the gateway ends; the question stays open
};

/// An answer as it is kept, and shown later on.
struct Answer {
  std::string job, ecu, from_version, to_version;
  std::string decision;  ///< "accepted", "declined", "postponed", "no-answer"
  std::string by;        ///< "the display (127.0.0.1)", "--yes", "nobody"
  std::string at;        ///< m2m:timestamp
};

/// Where updates wait for the user. One question at a time. Every answer is added to a file, one
/// JSON object per line, before it counts. Threading: any thread.
class ConsentDesk {
 public:
  static constexpr std::size_t kMaxShown = 20;  ///< answers in history()

  /// Errors: kNotAcceptable if the file is too large to be read.
  Result<void> open(const std::string& file);

  /// Waits for answer(), the limit, or stop(). Errors: kInternalServerError if the answer cannot be
  /// kept; then it does not count.
  Result<Decision> ask(const Question& question, std::chrono::milliseconds limit);
  /// Keeps a decision that needed no question.
  Result<void> record(const Question& question, Decision decision, const std::string& by);

  /// False if that job does not ask (any more).
  bool answer(const std::string& job, bool accept, const std::string& by);
  /// Asks again after the pause, if the limit is not over by then; that is recorded, too. False as
  /// above.
  bool postpone(const std::string& job, std::chrono::milliseconds pause, const std::string& by);
  std::optional<Question> pending() const;
  std::vector<Answer> history() const;  ///< newest first
  void stop();

 private:
  Result<void> record_locked(const Question& question, std::string_view decision,
                             const std::string& by);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string file_;
  std::optional<Question> pending_;
  std::optional<std::pair<bool, std::string>> given_;  ///< accepted, by
  struct Later {
    std::chrono::milliseconds pause;
    std::string by;
  };
  std::optional<Later> later_;
  std::vector<Answer> history_;  ///< oldest first
  bool stopped_ = false;
};

}  // namespace gatehouse::gateway

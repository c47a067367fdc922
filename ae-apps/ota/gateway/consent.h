#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::gateway {

/// What the user is asked.
struct Question {
  std::string job;  ///< Job::id
  std::string ecu, name, from_version, to_version, notes;
  std::uint64_t duration_s = 0;  ///< of the installation
  std::string unavailable;       ///< what does not work meanwhile; empty: the maker does not say
  std::string answer_by;         ///< m2m:timestamp; afterwards it counts as no answer
  std::map<std::string, std::string> signed_by = {};  ///< by serial number: "ecu", "gateway"
};

enum class Decision : std::uint8_t {
  kAccepted,
  kDeclined,
  kNoAnswer,   ///< in time
  kPostponed,  ///< to be asked again; the question stays open
  kOpen,       ///< nothing was said yet
};
std::string_view name_of(Decision decision);  ///< "accepted"

/// What was said to a question.
struct UserReply {
  Decision decision = Decision::kOpen;
  std::string by;  ///< "the display (127.0.0.1)", "nobody"
};

/// An answer as it is kept, and shown later on.
struct Answer {
  std::string job, ecu, from_version, to_version;
  std::string decision;  ///< "accepted", "declined", "postponed", "no-answer"
  std::string by;        ///< "the display (127.0.0.1)", "--yes", "nobody"
  std::string at;        ///< m2m:timestamp
};

/// Where updates ask the user. Nobody waits here: a question is put, and looked after again.
/// Several may be open; the user sees one at a time, in the order in which they were put. Every
/// answer is added to a file, one JSON object per line, before it counts. Threading: any thread.
class ConsentDesk {
 public:
  static constexpr std::size_t kMaxShown = 20;  ///< answers in history()

  /// Errors: kNotAcceptable if the file is too large to be read.
  Result<void> open(const std::string& file);

  /// Called after each answer and postponement, on their thread. Set before the first.
  void on_answer(std::function<void()> call) { on_answer_ = std::move(call); }

  /// Puts the question unless it is open already, and hands out what was said, the oldest first:
  /// each postponement once, also when an answer came behind it; others end the question. kNoAnswer
  /// from `answer_by` on. Errors: kInternalServerError if the answer cannot be kept; then it does
  /// not count, and the question is ended.
  Result<UserReply> ask(const Question& question, Timestamp now);
  /// The question does not matter any more.
  void withdraw(const std::string& job);
  /// Keeps a decision that needed no question.
  Result<void> record(const Question& question, Decision decision, const std::string& by);

  /// False if that job does not ask (any more).
  bool answer(const std::string& job, bool accept, const std::string& by);
  /// Shows the question again after the pause, if it is open then; that is recorded, too. False as
  /// above.
  bool postpone(const std::string& job, std::chrono::milliseconds pause, const std::string& by);
  /// What the user is to be shown.
  std::optional<Question> pending() const;
  std::vector<Answer> history() const;  ///< newest first
  /// Takes no answer any more; the questions stay open for the next start.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Open {
    Question question;
    std::optional<std::pair<bool, std::string>> given;  ///< accepted, by
    std::deque<std::string> postponed_by;               ///< not handed out yet, oldest first
    Clock::time_point again;                            ///< not shown before
  };
  bool is_shown(const Open& open) const { return !open.given && open.again <= Clock::now(); }
  Open* shown_locked(const std::string& job);
  Result<void> record_locked(const Question& question, std::string_view decision,
                             const std::string& by);

  std::function<void()> on_answer_;
  mutable std::mutex mutex_;
  std::string file_;
  std::vector<Open> open_;       ///< oldest first
  std::vector<Answer> history_;  ///< oldest first
  bool stopped_ = false;
};

}  // namespace gatehouse::gateway

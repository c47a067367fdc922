#include "ae-apps/ota/gateway/consent.h"

#include <sstream>

#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/program/step_log.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMaxFileBytes = 16u << 20;

std::string_view word_for(Decision decision) {
  if (decision == Decision::kAccepted) return "accepted";
  return decision == Decision::kDeclined ? "declined" : "no-answer";
}

std::string line_of(const Answer& answer) {
  return to_json(Value::object({{"at", answer.at},
                                {"job", answer.job},
                                {"ecu", answer.ecu},
                                {"from", answer.from_version},
                                {"to", answer.to_version},
                                {"decision", answer.decision},
                                {"by", answer.by}}));
}

}  // namespace

Result<void> ConsentDesk::open(const std::string& file) {
  const Result<std::string> text = ota::read_text(file, kMaxFileBytes);
  if (!text) return fail(text.error());
  const std::lock_guard lock(mutex_);
  file_ = file;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const Result<Value> tree = parse_json(line, {.max_bytes = 16 * 1024, .max_depth = 2});
    if (!tree) continue;  // cut by a loss of power
    history_.push_back({tree->string_at("job"), tree->string_at("ecu"), tree->string_at("from"),
                        tree->string_at("to"), tree->string_at("decision"), tree->string_at("by"),
                        tree->string_at("at")});
    if (history_.size() > kMaxShown) history_.erase(history_.begin());
  }
  return {};
}

Result<void> ConsentDesk::record_locked(const Question& question, std::string_view decision,
                                        const std::string& by) {
  const Answer answer{question.job,        question.ecu,          question.from_version,
                      question.to_version, std::string(decision), by,
                      ota::timestamp_now()};
  if (auto kept = ota::append_line(file_, line_of(answer)); !kept) return kept;
  history_.push_back(answer);
  if (history_.size() > kMaxShown) history_.erase(history_.begin());
  return {};
}

Result<void> ConsentDesk::record(const Question& question, Decision decision,
                                 const std::string& by) {
  const std::lock_guard lock(mutex_);
  return record_locked(question, word_for(decision), by);
}

Result<Decision> ConsentDesk::ask(const Question& question, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    pending_ = question;
    given_.reset();
    later_.reset();
    changed_.wait_until(lock, deadline, [this] { return given_ || later_ || stopped_; });
    pending_.reset();
    if (given_ || !later_) break;
    if (auto kept = record_locked(question, "postponed", later_->by); !kept) {
      return fail(kept.error());
    }
    const auto again = std::min(deadline, std::chrono::steady_clock::now() + later_->pause);
    changed_.wait_until(lock, again, [this] { return stopped_; });
  }
  if (!given_ && stopped_) return Decision::kStopped;
  Decision decision = Decision::kNoAnswer;
  if (given_) decision = given_->first ? Decision::kAccepted : Decision::kDeclined;
  const std::string by = given_ ? given_->second : "nobody";
  if (auto kept = record_locked(question, word_for(decision), by); !kept) {
    return fail(kept.error());
  }
  return decision;
}

bool ConsentDesk::answer(const std::string& job, bool accept, const std::string& by) {
  const std::lock_guard lock(mutex_);
  if (!pending_ || pending_->job != job || given_ || later_) return false;
  given_ = {accept, by};
  changed_.notify_all();
  return true;
}

bool ConsentDesk::postpone(const std::string& job, std::chrono::milliseconds pause,
                           const std::string& by) {
  const std::lock_guard lock(mutex_);
  if (!pending_ || pending_->job != job || given_ || later_) return false;
  later_ = Later{pause, by};
  changed_.notify_all();
  return true;
}

std::optional<Question> ConsentDesk::pending() const {
  const std::lock_guard lock(mutex_);
  return given_ || later_ ? std::nullopt : pending_;
}

std::vector<Answer> ConsentDesk::history() const {
  const std::lock_guard lock(mutex_);
  return {history_.rbegin(), history_.rend()};
}

void ConsentDesk::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace gatehouse::gateway

#include "ae-apps/ota/gateway/consent.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/program/step_log.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMaxFileBytes = 16u << 20;

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

std::string_view name_of(Decision decision) {
  static constexpr std::string_view kNames[] = {"accepted", "declined", "no-answer", "postponed",
                                                "open"};
  return kNames[static_cast<std::size_t>(decision)];
}

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
  return record_locked(question, name_of(decision), by);
}

Result<UserReply> ConsentDesk::ask(const Question& question, Timestamp now) {
  const std::lock_guard lock(mutex_);
  auto open = std::find_if(open_.begin(), open_.end(),
                           [&](const Open& each) { return each.question.job == question.job; });
  if (open == open_.end()) open = open_.insert(open_.end(), Open{question, {}, {}, {}});
  UserReply out;
  if (!open->postponed_by.empty()) {
    out = {Decision::kPostponed, std::move(open->postponed_by.front())};
    open->postponed_by.pop_front();
  } else if (open->given) {
    out = {open->given->first ? Decision::kAccepted : Decision::kDeclined, open->given->second};
  } else if (parse_timestamp(question.answer_by).value_or(now) <= now) {
    out = {Decision::kNoAnswer, "nobody"};
  } else {
    return out;
  }
  auto kept = record_locked(question, name_of(out.decision), out.by);
  if (!kept || out.decision != Decision::kPostponed) open_.erase(open);
  if (!kept) return fail(kept.error());
  return out;
}

void ConsentDesk::withdraw(const std::string& job) {
  const std::lock_guard lock(mutex_);
  std::erase_if(open_, [&](const Open& each) { return each.question.job == job; });
}

ConsentDesk::Open* ConsentDesk::shown_locked(const std::string& job) {
  for (Open& each : open_) {
    if (each.question.job == job && is_shown(each) && !stopped_) return &each;
  }
  return nullptr;
}

bool ConsentDesk::answer(const std::string& job, bool accept, const std::string& by) {
  {
    const std::lock_guard lock(mutex_);
    Open* open = shown_locked(job);
    if (open == nullptr) return false;
    open->given = {accept, by};
  }
  if (on_answer_) on_answer_();
  return true;
}

bool ConsentDesk::postpone(const std::string& job, std::chrono::milliseconds pause,
                           const std::string& by) {
  {
    const std::lock_guard lock(mutex_);
    Open* open = shown_locked(job);
    if (open == nullptr) return false;
    open->again = Clock::now() + pause;
    open->postponed_by.push_back(by);
  }
  if (on_answer_) on_answer_();
  return true;
}

std::optional<Question> ConsentDesk::pending() const {
  const std::lock_guard lock(mutex_);
  for (const Open& each : open_) {
    if (is_shown(each)) return each.question;
  }
  return std::nullopt;
}

std::vector<Answer> ConsentDesk::history() const {
  const std::lock_guard lock(mutex_);
  return {history_.rbegin(), history_.rend()};
}

void ConsentDesk::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

}  // namespace gatehouse::gateway

#include "ae-apps/ota/gateway/refused_answers.h"

namespace gatehouse::gateway {

void RefusedAnswers::take(int status, const std::string& reason, const std::string& by) {
  std::vector<ota::StepLog::Field> fields = {
      {"by", by}, {"reason", reason}, {"status", std::to_string(status)}};
  const Timestamp now = clock_();
  {
    const std::lock_guard lock(mutex_);
    ++count_;
    // A clock that was put back begins a minute, too: nothing is silent for longer.
    if (now < minute_ || now >= minute_ + std::chrono::minutes(1)) {
      minute_ = now;
      told_ = 0;
    }
    if (told_ == kToldInAMinute) {
      ++untold_;
      return;
    }
    ++told_;
    if (untold_ > 0) fields.emplace_back("untold", std::to_string(untold_));
    untold_ = 0;
  }
  log_.step('F', "answer-refused", fields);
}

std::uint64_t RefusedAnswers::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace gatehouse::gateway

#include "cse/primitive/simulated_scheduler.h"

#include <utility>

namespace gatehouse {

Timestamp SimulatedScheduler::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

void SimulatedScheduler::at(Timestamp when, Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.emplace(std::max(when, now_), std::move(task));
}

std::size_t SimulatedScheduler::run_ready() {
  const Timestamp until = now();
  std::size_t count = 0;
  while (run_next(until)) ++count;
  return count;
}

void SimulatedScheduler::advance(std::chrono::microseconds span) {
  const Timestamp until = now() + span;
  while (run_next(until)) {
  }
  const std::lock_guard lock(mutex_);
  now_ = until;
}

bool SimulatedScheduler::run_next(Timestamp until) {
  Task task;
  {
    const std::lock_guard lock(mutex_);
    const auto first = tasks_.begin();
    if (first == tasks_.end() || first->first > until) return false;
    now_ = std::max(now_, first->first);
    task = std::move(first->second);
    tasks_.erase(first);
  }
  task();
  return true;
}

}  // namespace gatehouse

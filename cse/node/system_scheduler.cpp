#include "cse/node/system_scheduler.h"

#include <algorithm>

namespace gatehouse::node {

SystemScheduler::SystemScheduler() : thread_([this] { run(); }) {}

Timestamp SystemScheduler::now() const {
  using namespace std::chrono;
  return Timestamp{duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

void SystemScheduler::at(Timestamp when, Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.emplace(when, std::move(task));
  }
  wake_.notify_one();
}

void SystemScheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  tasks_.clear();
}

void SystemScheduler::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (tasks_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto first = tasks_.begin();
    const auto remaining = first->first - now();
    if (remaining.count() > 0) {
      // At most a second at a time: the wall clock may be set while we wait.
      wake_.wait_for(lock, std::min<std::chrono::microseconds>(remaining, std::chrono::seconds(1)));
      continue;
    }
    const Task task = std::move(first->second);
    tasks_.erase(first);
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace gatehouse::node

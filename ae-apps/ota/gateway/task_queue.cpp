#include "ae-apps/ota/gateway/task_queue.h"

#include <utility>

namespace gatehouse::gateway {

TaskQueue::TaskQueue() : thread_([this] { run(); }) {}

TaskQueue::~TaskQueue() { stop(); }

bool TaskQueue::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || waiting_.size() + later_.size() >= kMaxWaiting) return false;
  waiting_.push_back(std::move(task));
  changed_.notify_all();
  return true;
}

bool TaskQueue::post_after(std::chrono::milliseconds span, std::function<void()> task,
                           std::string_view group) {
  if (span.count() <= 0) return post(std::move(task));
  const std::lock_guard lock(mutex_);
  if (stopped_ || waiting_.size() + later_.size() >= kMaxWaiting) return false;
  later_.emplace(Clock::now() + span, Later{std::move(task), std::string(group)});
  changed_.notify_all();
  return true;
}

void TaskQueue::wake(std::string_view group) {
  const std::lock_guard lock(mutex_);
  for (auto task = later_.begin(); task != later_.end();) {
    if (task->second.group != group) {
      ++task;
      continue;
    }
    waiting_.push_back(std::move(task->second.task));
    task = later_.erase(task);
  }
  changed_.notify_all();
}

bool TaskQueue::pause(std::chrono::milliseconds span) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, span, [this] { return stopped_; });
}

bool TaskQueue::settle(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most,
                           [this] { return waiting_.empty() && later_.empty() && !running_; });
}

void TaskQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    waiting_.clear();
    later_.clear();
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void TaskQueue::take_what_is_due() {
  const auto due = later_.upper_bound(Clock::now());
  for (auto task = later_.begin(); task != due; task = later_.erase(task)) {
    waiting_.push_back(std::move(task->second.task));
  }
}

void TaskQueue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    take_what_is_due();
    if (stopped_) return;
    if (waiting_.empty()) {
      if (later_.empty()) {
        changed_.wait(lock);
      } else {
        const Clock::time_point due = later_.begin()->first;  // stop() may clear it meanwhile
        changed_.wait_until(lock, due);
      }
      continue;
    }
    const std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = true;
    lock.unlock();
    task();
    lock.lock();
    running_ = false;
    changed_.notify_all();
  }
}

}  // namespace gatehouse::gateway

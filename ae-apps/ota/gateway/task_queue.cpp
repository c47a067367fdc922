#include "ae-apps/ota/gateway/task_queue.h"

#include <utility>

namespace gatehouse::gateway {

TaskQueue::TaskQueue() : thread_([this] { run(); }) {}

TaskQueue::~TaskQueue() { stop(); }

bool TaskQueue::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back(std::move(task));
  changed_.notify_all();
  return true;
}

bool TaskQueue::pause(std::chrono::milliseconds span) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, span, [this] { return stopped_; });
}

bool TaskQueue::settle(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [this] { return waiting_.empty() && !running_; });
}

void TaskQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    waiting_.clear();
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void TaskQueue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (stopped_) return;
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

#include "bindings/mqtt/worker.h"

#include <utility>

namespace gatehouse::mqtt {

void Worker::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Worker::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return true;  // the thread has been woken for the first one
  }
  wake_.notify_one();
  return true;
}

bool Worker::at(SteadyTime when, Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    timed_.emplace(when, std::move(task));
  }
  wake_.notify_one();
  return true;
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!timed_.empty() && timed_.begin()->first <= now) {
      tasks_.push_back(std::move(timed_.begin()->second));
      timed_.erase(timed_.begin());
    }
    if (!tasks_.empty()) {
      std::deque<Task> batch;
      batch.swap(tasks_);
      lock.unlock();
      for (Task& task : batch) {
        task();
        task = nullptr;  // what it captured ends here, not with the batch
      }
      lock.lock();
      continue;
    }
    if (stopping_) return;
    if (timed_.empty()) {
      wake_.wait(lock);
    } else {
      wake_.wait_until(lock, timed_.begin()->first);
    }
  }
}

}  // namespace gatehouse::mqtt

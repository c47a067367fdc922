#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace gatehouse::gateway {

/// One thread that does one thing after the other. Threading: any thread, but a task must not wait
/// for its own queue.
class TaskQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 256;

  TaskQueue();
  ~TaskQueue();  ///< stops
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// False if too much waits already, or it is stopped.
  bool post(std::function<void()> task);
  /// Within a task: waits so long; false if stop() came first.
  bool pause(std::chrono::milliseconds span);
  /// True once nothing waits and nothing runs; false if that takes longer.
  bool settle(std::chrono::milliseconds at_most);
  /// What waits is dropped, what runs is waited for.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool running_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::gateway

#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
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
  /// The same, not before so long; what comes meanwhile goes first. `group`: whom wake() wakes.
  bool post_after(std::chrono::milliseconds span, std::function<void()> task,
                  std::string_view group = {});
  /// What waits for its time in this group is due now.
  void wake(std::string_view group);
  /// Within a task: waits so long; false if stop() came first.
  bool pause(std::chrono::milliseconds span);
  /// True once nothing waits, also not for its time, and nothing runs; false if that takes longer.
  bool settle(std::chrono::milliseconds at_most);
  /// What waits is dropped, what runs is waited for.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  void take_what_is_due();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  struct Later {
    std::function<void()> task;
    std::string group;
  };
  std::multimap<Clock::time_point, Later> later_;
  bool running_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::gateway

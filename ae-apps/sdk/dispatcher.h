#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace gatehouse::sdk {

/// The thread on which an AE's callbacks run, one after the other, in the order of post().
/// Private to this folder.
class Dispatcher {
 public:
  using Task = std::function<void()>;
  explicit Dispatcher(std::size_t max_queued) : max_queued_(max_queued) {}
  ~Dispatcher() { stop(); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void start();
  /// Lets the task at hand finish, drops the others, joins. Not from a task.
  void stop();
  /// False if it is stopped or max_queued tasks wait.
  bool post(Task task);
  /// True once nothing waits or runs; false after `at_most`.
  bool settle(std::chrono::milliseconds at_most);
  bool on_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void run();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Task> tasks_;
  bool busy_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::sdk

#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace gatehouse::mqtt {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One thread that owns the state of an endpoint: everything that touches it is a task here, one
/// after the other. Paho's callbacks only post, because one receive thread serves every Paho client
/// of the process.
class Worker {
 public:
  using Task = std::function<void()>;
  Worker() = default;
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  /// Runs what is queued now, drops what is timed, joins. Later posts do nothing. Not from a task.
  void stop();
  /// False once stopped.
  bool post(Task task);
  bool at(SteadyTime when, Task task);
  bool after(std::chrono::steady_clock::duration delay, Task task) {
    return at(std::chrono::steady_clock::now() + delay, std::move(task));
  }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  std::multimap<SteadyTime, Task> timed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::mqtt

#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "cse/primitive/scheduler.h"

namespace gatehouse::node {

/// Real time: one thread that runs tasks when they are due.
class SystemScheduler final : public Scheduler {
 public:
  SystemScheduler();
  ~SystemScheduler() override { stop(); }
  Timestamp now() const override;
  void post(Task task) override { at(Timestamp{0}, std::move(task)); }
  void at(Timestamp when, Task task) override;
  /// Runs no further task and joins. Not from a task.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<Timestamp, Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::node

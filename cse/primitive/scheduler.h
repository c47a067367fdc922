#pragma once
#include <functional>

#include "cse/primitive/timestamp.h"

namespace gatehouse {

/// The seam through which time enters. Real: SystemScheduler in cse/node; simulated:
/// SimulatedScheduler here. Threading: every function may be called from any thread; tasks run one
/// after the other, never inside the caller.
class Scheduler {
 public:
  using Task = std::function<void()>;
  virtual ~Scheduler() = default;
  virtual Timestamp now() const = 0;
  /// Runs the task soon.
  virtual void post(Task task) = 0;
  /// Runs the task at that time, or soon if it has passed. There is no cancel: a task checks
  /// whether it is still wanted.
  virtual void at(Timestamp when, Task task) = 0;
  void after(std::chrono::microseconds delay, Task task) { at(now() + delay, std::move(task)); }
};

}  // namespace gatehouse

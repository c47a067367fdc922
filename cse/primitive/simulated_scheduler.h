#pragma once
#include <map>
#include <mutex>

#include "cse/primitive/scheduler.h"

namespace gatehouse {

/// Time that moves only when a test says so. Tasks of the same instant run in the order in which
/// they were given.
class SimulatedScheduler final : public Scheduler {
 public:
  explicit SimulatedScheduler(Timestamp start = Timestamp{1'800'000'000'000'000}) : now_(start) {}

  Timestamp now() const override;
  void post(Task task) override { at(now(), std::move(task)); }
  void at(Timestamp when, Task task) override;

  /// Runs everything that is due now, also what those tasks post. Returns the number of tasks run.
  std::size_t run_ready();
  /// Moves time forward by `span`, running each task at its own instant.
  void advance(std::chrono::microseconds span);

 private:
  bool run_next(Timestamp until);

  mutable std::mutex mutex_;
  Timestamp now_;
  std::multimap<Timestamp, Task> tasks_;
};

}  // namespace gatehouse

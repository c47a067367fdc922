#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cse/core/extensions.h"
#include "cse/core/working_set.h"

namespace gatehouse {

/// One piece of work on the lane.
class WriteJob {
 public:
  virtual ~WriteJob() = default;
  /// Runs on the working set and answers; an unsuccessful answer undoes what it did. May run again
  /// when another process was faster (Transaction::CommitError::kStale), so it takes its input
  /// unchanged.
  virtual Response work(WorkingSet& resources) = 0;
  /// What it holds in memory while it waits, roughly.
  virtual std::size_t bytes() const { return 0; }
  /// After the commit, with the answer and the changes; or with 5000 when the store failed. `self`
  /// is the lane's only hold on this job, for whoever wants to free it elsewhere.
  virtual void done(std::shared_ptr<WriteJob> self, Response&& response,
                    std::vector<Change>&& changes) = 0;
};

/// A job of two functions, as declared above.
std::shared_ptr<WriteJob> make_job(std::function<Response(WorkingSet&)> work,
                                   std::function<void(Response, std::vector<Change>)> done);

/// The one place where resources change: a thread that runs jobs one after the other, gathers those
/// that wait into one transaction (group commit), and answers after it is on disk.
class WriteLane {
 public:
  WriteLane(Store& store, ResourceCache& cache, const Schemas& schemas, IdGenerator& ids,
            const Scheduler& clock, std::size_t max_batch, std::size_t max_queued,
            std::size_t max_queued_bytes = SIZE_MAX);
  ~WriteLane() { stop(); }
  /// Takes no more, runs what is queued, and ends its thread. May be called again.
  void stop();

  /// False: the queue is full, by count or by bytes; `done` is not called. A job alone may be
  /// larger. Threading: any.
  bool submit(std::shared_ptr<WriteJob> job);
  /// For a single thread of control (tests): no thread of its own; run_pending() does the work.
  struct Manual {};
  WriteLane(Manual, Store& store, ResourceCache& cache, const Schemas& schemas, IdGenerator& ids,
            const Scheduler& clock);
  std::size_t run_pending();

 private:
  struct Outcome {
    Response response;
    std::vector<Change> changes;
  };
  void run();
  using Batch = std::vector<std::shared_ptr<WriteJob>>;
  void process(Batch& batch);
  /// True when the batch is settled; false: stale, run it again.
  bool attempt(const Batch& batch, std::vector<Outcome>& outcomes);
  static void fail_all(std::vector<Outcome>& outcomes, std::size_t count, const std::string& why);

  Store& store_;
  ResourceCache& cache_;
  const Schemas& schemas_;
  IdGenerator& ids_;
  const Scheduler& clock_;
  const std::size_t max_batch_, max_queued_, max_queued_bytes_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<WriteJob>> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  /// What the last batch touched. The answers hold it too, on other threads; given up here one
  /// batch later it is freed by the thread that allocated it, which is cheaper by far.
  WorkingSet::Entries last_batch_;
  std::thread thread_;
};

}  // namespace gatehouse

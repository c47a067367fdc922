#include "cse/core/write_lane.h"

#include <algorithm>
#include <exception>

namespace gatehouse {
namespace {

/// How often a batch is run again because other processes were faster, before its requests are
/// refused.
constexpr int kMaxAttempts = 16;

class FunctionJob final : public WriteJob {
 public:
  FunctionJob(std::function<Response(WorkingSet&)> work,
              std::function<void(Response, std::vector<Change>)> done)
      : work_(std::move(work)), done_(std::move(done)) {}
  Response work(WorkingSet& resources) override { return work_(resources); }
  void done(std::shared_ptr<WriteJob>, Response&& response,
            std::vector<Change>&& changes) override {
    done_(std::move(response), std::move(changes));
  }

 private:
  std::function<Response(WorkingSet&)> work_;
  std::function<void(Response, std::vector<Change>)> done_;
};

}  // namespace

std::shared_ptr<WriteJob> make_job(std::function<Response(WorkingSet&)> work,
                                   std::function<void(Response, std::vector<Change>)> done) {
  return std::make_shared<FunctionJob>(std::move(work), std::move(done));
}

WriteLane::WriteLane(Store& store, ResourceCache& cache, const Schemas& schemas, IdGenerator& ids,
                     const Scheduler& clock, std::size_t max_batch, std::size_t max_queued,
                     std::size_t max_queued_bytes)
    : store_(store),
      cache_(cache),
      schemas_(schemas),
      ids_(ids),
      clock_(clock),
      max_batch_(max_batch),
      max_queued_(max_queued),
      max_queued_bytes_(max_queued_bytes),
      thread_([this] { run(); }) {}

WriteLane::WriteLane(Manual, Store& store, ResourceCache& cache, const Schemas& schemas,
                     IdGenerator& ids, const Scheduler& clock)
    : store_(store),
      cache_(cache),
      schemas_(schemas),
      ids_(ids),
      clock_(clock),
      max_batch_(256),
      max_queued_(100'000),
      max_queued_bytes_(SIZE_MAX) {}

void WriteLane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool WriteLane::submit(std::shared_ptr<WriteJob> job) {
  const std::size_t bytes = job->bytes();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    if (!queue_.empty() && bytes > max_queued_bytes_ - std::min(max_queued_bytes_, queued_bytes_))
      return false;
    queued_bytes_ += bytes;
    queue_.push_back(std::move(job));
    if (queue_.size() > 1) return true;  // the lane is awake already
  }
  wake_.notify_one();
  return true;
}

std::size_t WriteLane::run_pending() {
  std::size_t total = 0;
  for (;;) {
    Batch batch;
    {
      const std::lock_guard lock(mutex_);
      batch.reserve(std::min(queue_.size(), max_batch_));
      while (!queue_.empty() && batch.size() < max_batch_) {
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
        queued_bytes_ -= batch.back()->bytes();
      }
    }
    if (batch.empty()) return total;
    total += batch.size();
    process(batch);
  }
}

void WriteLane::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_ && queue_.empty()) return;
    }
    run_pending();
  }
}

void WriteLane::fail_all(std::vector<Outcome>& outcomes, std::size_t count,
                         const std::string& why) {
  outcomes.clear();
  for (std::size_t i = 0; i < count; ++i) {
    Outcome outcome;
    outcome.response.rsc = Rsc::kInternalServerError;
    outcome.response.content = Value::object({{"m2m:dbg", why}});
    outcomes.push_back(std::move(outcome));
  }
}

void WriteLane::process(Batch& batch) {
  std::vector<Outcome> outcomes;
  bool settled = false;
  for (int i = 0; i < kMaxAttempts && !settled; ++i) settled = attempt(batch, outcomes);
  if (!settled && batch.size() > 1) {  // whoever causes it must not take the others along
    for (std::shared_ptr<WriteJob>& job : batch) {
      Batch alone;
      alone.push_back(std::move(job));
      process(alone);
    }
    return;
  }
  if (!settled)
    fail_all(outcomes, batch.size(),
             "other processes of this CSE change the same resources too fast");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    WriteJob& job = *batch[i];
    job.done(std::move(batch[i]), std::move(outcomes[i].response), std::move(outcomes[i].changes));
  }
}

bool WriteLane::attempt(const Batch& batch, std::vector<Outcome>& outcomes) {
  outcomes.clear();
  outcomes.reserve(batch.size());
  auto transaction = store_.begin();
  if (!transaction) {
    fail_all(outcomes, batch.size(), transaction.error().detail);
    return true;
  }
  WorkingSet resources(**transaction, cache_, schemas_, ids_, clock_.now());
  for (const std::shared_ptr<WriteJob>& job : batch) {
    resources.begin_job();
    Outcome outcome;
    try {
      outcome.response = job->work(resources);
    } catch (const std::exception&) {  // a bug: this request is refused, the others go on
      outcome.response.rsc = Rsc::kInternalServerError;
      outcome.response.content =
          Value::object({{"m2m:dbg", "internal error while the request was processed"}});
    }
    if (is_success(outcome.response.rsc)) {
      outcome.changes = resources.finish_job();
    } else {
      resources.abort_job();
    }
    outcomes.push_back(std::move(outcome));
  }
  if (auto flushed = resources.flush(); !flushed) {
    fail_all(outcomes, batch.size(), flushed.error().detail);
    return true;
  }
  if (const auto failure = (*transaction)->commit()) {
    for (const ResourceId& id : failure->stale) cache_.drop(id);
    if (failure->reason == Transaction::CommitError::kStale) return false;
    fail_all(outcomes, batch.size(), failure->detail);
    return true;
  }
  resources.publish();
  last_batch_ = resources.take_entries();
  return true;
}

}  // namespace gatehouse

#include "ae-apps/attestation/evidence/log/log_lane.h"

#include <iterator>

namespace gatehouse::evidence {

LogLane::LogLane(Log& log, LaneSettings settings)
    : log_(log), settings_(settings), thread_([this] { work(); }) {}

LogLane::~LogLane() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogLane::append(Bytes entry, Appended done) {
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= settings_.max_waiting_entries) {
    lock.unlock();
    return done(fail(Rsc::kTargetNotReachable, "too many entries wait for the disk"));
  }
  waiting_.push_back({std::move(entry), std::move(done), {}});
  lock.unlock();
  wake_.notify_one();
}

void LogLane::publish(Published done) {
  run([done = std::move(done)](Log& log) { done(log.publish()); });
}

void LogLane::run(Task task) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({{}, {}, std::move(task)});
  }
  wake_.notify_one();
}

/// Entries up to a limit, or one task; empty: the lane ends.
std::vector<LogLane::Waiting> LogLane::next_batch() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  std::size_t bytes = 0;
  auto end = waiting_.begin();
  while (end != waiting_.end() && !end->task &&
         std::distance(waiting_.begin(), end) <
             static_cast<std::ptrdiff_t>(settings_.max_batch_entries) &&
         bytes < settings_.max_batch_bytes) {
    bytes += end->entry.size();
    ++end;
  }
  if (end == waiting_.begin() && end != waiting_.end()) ++end;  // a task
  std::vector<Waiting> batch(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return batch;
}

void LogLane::commit(std::vector<Waiting>& batch) {
  if (batch.front().task) return batch.front().task(log_);
  // One entry that is too long must not take its neighbours with it.
  std::vector<Bytes> entries;
  std::vector<Appended> callbacks;
  for (Waiting& one : batch) {
    if (one.entry.size() > kMaxEntryBytes) {
      one.done(fail(Rsc::kBadRequest, "an entry has at most 65535 bytes"));
      continue;
    }
    entries.push_back(std::move(one.entry));
    callbacks.push_back(std::move(one.done));
  }
  if (entries.empty()) return;
  const auto first = log_.append(entries);
  for (std::size_t i = 0; i < callbacks.size(); ++i) {
    callbacks[i](first ? Result<std::uint64_t>(*first + i) : first);
  }
}

void LogLane::work() {
  for (std::vector<Waiting> batch = next_batch(); !batch.empty(); batch = next_batch()) {
    commit(batch);
  }
}

}  // namespace gatehouse::evidence

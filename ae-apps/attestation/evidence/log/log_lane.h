#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "ae-apps/attestation/evidence/log/log.h"

namespace gatehouse::evidence {

struct LaneSettings {
  std::size_t max_batch_entries = 4'096;
  std::size_t max_batch_bytes = 8u << 20;
  std::size_t max_waiting_entries = 100'000;
};

/// Appends of many threads share one write to the disk: while one batch is written, the next
/// gathers. Threading: any thread; callbacks come on the lane's own thread, in the order of the
/// indexes, and do not block.
class LogLane {
 public:
  using Appended = std::function<void(Result<std::uint64_t>)>;
  using Published = std::function<void(Result<SignedCheckpoint>)>;
  using Task = std::function<void(Log&)>;

  /// The log outlives the lane and is used by nobody else meanwhile.
  LogLane(Log& log, LaneSettings settings = {});
  ~LogLane();  ///< finishes what waits
  LogLane(const LogLane&) = delete;
  LogLane& operator=(const LogLane&) = delete;

  /// Called back when the entry is durable, with its index; or with the reason why it is not there.
  /// Errors beside those of Log::append: kTargetNotReachable if too many wait.
  void append(Bytes entry, Appended done);
  /// After all entries that were handed over before.
  void publish(Published done);
  /// Anything else with the log, in its turn.
  void run(Task task);

 private:
  struct Waiting {
    Bytes entry;
    Appended done;
    Task task;  ///< instead of an entry
  };
  void work();
  std::vector<Waiting> next_batch();
  void commit(std::vector<Waiting>& batch);

  Log& log_;
  const LaneSettings settings_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Waiting> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::evidence

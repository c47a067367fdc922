#pragma once
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "cse/store/sqlite/connection.h"
#include "cse/store/sqlite/write_lane.h"

namespace gatehouse::sqlite {

/// Copies the write-ahead log into the database on a thread of its own, so that no commit waits for
/// it: most of the log beside the writer, only the small rest while the write lane is held. A
/// snapshot that stays open for long keeps the log from being reused; then it grows, and each
/// `threshold_pages` more are another attempt.
class Checkpointer {
 public:
  Checkpointer(std::unique_ptr<Connection> connection, WriteLane& lane, int threshold_pages);
  ~Checkpointer();  ///< waits for the attempt that is under way

  /// Tells the size of the log after a commit. Threading: the write lane.
  void log_has(int pages);

 private:
  void run();
  /// Both answer the pages that the log still holds and the database does not; -1 on failure.
  int copy(int mode);
  void empty_log();

  std::unique_ptr<Connection> connection_;
  WriteLane& lane_;
  const int threshold_pages_;

  std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  bool wanted_ = false;
  bool stop_ = false;
  int trigger_pages_;

  std::thread thread_;  // last: it uses all above
};

}  // namespace gatehouse::sqlite

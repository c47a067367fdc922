#include "cse/store/sqlite/checkpointer.h"

#include <utility>

namespace gatehouse::sqlite {
namespace {

constexpr int kRoundsBesideWriter = 4;
constexpr int kSmallRestDivisor = 16;  // a rest below threshold / 16 is copied with the lane held

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<Connection> connection, WriteLane& lane,
                           int threshold_pages)
    : connection_(std::move(connection)),
      lane_(lane),
      threshold_pages_(threshold_pages),
      trigger_pages_(threshold_pages),
      thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::log_has(int pages) {
  {
    const std::lock_guard lock(mutex_);
    if (pages < trigger_pages_ || wanted_) return;
    wanted_ = true;
  }
  wake_.notify_one();
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || stop_; });
    if (stop_) return;
    lock.unlock();
    empty_log();
    lock.lock();
    wanted_ = false;
  }
}

void Checkpointer::empty_log() {
  for (int round = 0; round < kRoundsBesideWriter; ++round) {
    const int rest = copy(SQLITE_CHECKPOINT_PASSIVE);
    if (rest >= 0 && rest < threshold_pages_ / kSmallRestDivisor) break;
  }
  lane_.enter_checkpoint();
  copy(SQLITE_CHECKPOINT_RESTART);
  lane_.leave_checkpoint();
}

int Checkpointer::copy(int mode) {
  int in_log = -1;
  int copied = -1;
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), "main", mode, &in_log, &copied);
  if (mode == SQLITE_CHECKPOINT_RESTART) {
    const std::lock_guard lock(mutex_);
    // Not emptied (a snapshot reads it, or the disk failed): the next attempt when it has grown
    // again.
    trigger_pages_ = threshold_pages_ + (code == SQLITE_OK || in_log < 0 ? 0 : in_log);
  }
  return code == SQLITE_OK ? in_log - copied : -1;
}

}  // namespace gatehouse::sqlite

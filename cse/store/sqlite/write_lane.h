#pragma once
#include <condition_variable>
#include <mutex>

namespace gatehouse::sqlite {

/// Who may write: one transaction, or the checkpointer while it empties the log. Threading: any.
class WriteLane {
 public:
  /// Waits for the checkpointer. False if a transaction is open already.
  bool enter_transaction() {
    std::unique_lock lock(mutex_);
    if (transaction_open_) return false;
    changed_.wait(lock, [this] { return !checkpoint_wanted_; });
    if (transaction_open_) return false;
    return transaction_open_ = true;
  }
  void leave_transaction() {
    const std::lock_guard lock(mutex_);
    transaction_open_ = false;
    changed_.notify_all();
  }

  /// Waits for the open transaction; no other starts before it has been served.
  void enter_checkpoint() {
    std::unique_lock lock(mutex_);
    checkpoint_wanted_ = true;
    changed_.wait(lock, [this] { return !transaction_open_; });
  }
  void leave_checkpoint() {
    const std::lock_guard lock(mutex_);
    checkpoint_wanted_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool transaction_open_ = false;
  bool checkpoint_wanted_ = false;
};

}  // namespace gatehouse::sqlite

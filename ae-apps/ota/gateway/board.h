#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace gatehouse::gateway {

/// What is to be seen on the display about each ECU. Threading: any thread.
class Board {
 public:
  struct Row {
    std::string version = "unknown";
    std::string state = "idle"; /**< "idle", "not answering", "delayed" (by an ECU that a
                                      release waits for), or that of the job */
    int percent = 0;            ///< of a download or a transfer
    std::string last;           ///< how the last update ended, a sentence
  };
  void change(const std::string& serial, const std::function<void(Row&)>& how) {
    const std::lock_guard lock(mutex_);
    how(rows_[serial]);
  }
  Row row(const std::string& serial) const {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(serial);
    return found == rows_.end() ? Row() : found->second;
  }
  /// When the user last asked the server for updates; m2m:timestamp, empty: never.
  void set_checked(std::string at) {
    const std::lock_guard lock(mutex_);
    checked_at_ = std::move(at);
  }
  std::string checked_at() const {
    const std::lock_guard lock(mutex_);
    return checked_at_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;
  std::string checked_at_;
};

}  // namespace gatehouse::gateway

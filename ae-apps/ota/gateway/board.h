#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace gatehouse::gateway {

/// What is to be seen on the display about each ECU. Threading: any thread.
class Board {
 public:
  struct Row {
    std::string version = "unknown";
    std::string state = "idle";  ///< "idle", "not answering", or that of the job
    int percent = 0;             ///< of a download or a transfer
    std::string last;            ///< how the last update ended, a sentence
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

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;
};

}  // namespace gatehouse::gateway

#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "cse/store/sqlite/connection.h"

namespace gatehouse::sqlite {

/// Read-only connections, each serving one snapshot at a time. Threading: any.
class ReaderPool {
 public:
  explicit ReaderPool(const SqliteSettings& settings) : settings_(settings) {}

  /// Errors: kInternalServerError when max_readers are out, or none can be opened.
  Result<std::unique_ptr<Connection>> take();
  void give_back(std::unique_ptr<Connection> connection);

 private:
  const SqliteSettings settings_;
  std::mutex mutex_;  // guards all below
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t out_ = 0;
};

}  // namespace gatehouse::sqlite

#pragma once
#include <string>
#include <utility>

#include "cse/primitive/result.h"

namespace gatehouse::sqlite {

/// An advisory lock on a file of its own, let go with the object or the process, however that ends.
class FileLock {
 public:
  /// Errors: kInternalServerError when another holder has it, or the file cannot be created.
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace gatehouse::sqlite

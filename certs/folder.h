#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "cse/primitive/result.h"

namespace gatehouse::pki {

/// The folder of an authority on the disk. Whatever is written is synced, and replaces the old file
/// in one step. Names come from this program or passed check_file_name().
class Folder {
 public:
  /// Makes a folder for its owner alone (mode 0700). Errors: kAlreadyExists if there is one that
  /// holds something; kInternalServerError.
  static Result<Folder> create(const std::filesystem::path& path);
  /// Errors: kNotFound.
  static Result<Folder> open(const std::filesystem::path& path);

  /// Errors: kNotFound; kNotAcceptable for more than 4 MiB.
  Result<std::string> read(std::string_view file) const;
  bool has(std::string_view file) const;
  /// Mode 0644: certificates, lists.
  Result<void> write_public(std::string_view file, std::string_view content) const;
  /// Mode 0600 from its first byte on: keys.
  Result<void> write_secret(std::string_view file, std::string_view content) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  Result<void> write(std::string_view file, std::string_view content, unsigned mode) const;
  std::filesystem::path path_;
};

/// Keeps other processes out of the folder while it lives.
class FolderLock {
 public:
  /// Waits for its turn. Errors: kInternalServerError.
  static Result<FolderLock> take(const Folder& folder);
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace gatehouse::pki

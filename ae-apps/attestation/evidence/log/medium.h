#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::evidence {

/// The seam to the disk. Names are relative, parts split by '/'; folders come into being with their
/// files. What is written is durable after sync() of the file and sync_folder() of all folders
/// above it. Threading: one thread at a time. Errors: kInternalServerError if the medium fails.
class Medium {
 public:
  virtual ~Medium() = default;
  /// nullopt: no such file. kNotAcceptable: larger than the limit.
  virtual Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) = 0;
  /// Creates the file, or replaces its content.
  virtual Result<void> write(const std::string& name, ByteView content) = 0;
  virtual Result<void> append(const std::string& name, ByteView bytes) = 0;
  virtual Result<void> truncate(const std::string& name, std::uint64_t bytes) = 0;
  virtual Result<void> sync(const std::string& name) = 0;
  /// "" is the uppermost folder.
  virtual Result<void> sync_folder(const std::string& name) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// A folder with its files, if it is there. Need not be durable.
  virtual Result<void> remove_folder(const std::string& name) = 0;
};

/// The old content or the new one, whatever happens in between; durable on return.
Result<void> replace_durably(Medium& medium, const std::string& name, ByteView content);
/// "a/b" of "a/b/c"; "" of "c".
std::string folder_of(const std::string& name);

/// Files below one folder of the real disk.
class RealMedium final : public Medium {
 public:
  /// For one who writes: creates the folder (mode 0755: a log is public) and holds it until
  /// destroyed. Errors: kConflict if another process writes there; kInternalServerError.
  static Result<std::unique_ptr<RealMedium>> for_writing(const std::string& folder);
  /// For those who only read. Errors: kNotFound if there is no such folder.
  static Result<std::unique_ptr<RealMedium>> for_reading(const std::string& folder);
  ~RealMedium() override;
  RealMedium(const RealMedium&) = delete;
  RealMedium& operator=(const RealMedium&) = delete;

  Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) override;
  Result<void> write(const std::string& name, ByteView content) override;
  Result<void> append(const std::string& name, ByteView bytes) override;
  Result<void> truncate(const std::string& name, std::uint64_t bytes) override;
  Result<void> sync(const std::string& name) override;
  Result<void> sync_folder(const std::string& name) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove_folder(const std::string& name) override;

 private:
  RealMedium(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
  int lock_;  ///< descriptor of the locked file; -1: none
};

/// Thrown by SimulatedMedium at the write point that was chosen: the process "dies" there.
struct PowerCut {};

/// Files in memory that remember what is durable; for tests. After a cut, what was not synced is
/// there in full, in part, or not at all, as the seed says. Every call but read() is a write point.
class SimulatedMedium final : public Medium {
 public:
  explicit SimulatedMedium(std::uint64_t seed = 1) : random_(seed) {}
  /// Cuts the power at the n-th write point from now on (1: the next), halfway through it.
  void cut_power_at(std::uint64_t n) { countdown_ = n; }
  /// The n-th append() from now on writes half of its bytes and fails: the disk is full.
  void fail_append_at(std::uint64_t n) { full_at_ = n; }
  std::uint64_t write_points() const { return write_points_; }
  /// What a restart finds. Called after PowerCut, or at any time.
  void power_cut();
  /// For those who tamper.
  std::map<std::string, Bytes> contents() const;
  void tamper(const std::string& name, Bytes content);
  void lose(const std::string& name) { names_.erase(name), durable_names_.erase(name); }

  Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) override;
  Result<void> write(const std::string& name, ByteView content) override;
  Result<void> append(const std::string& name, ByteView bytes) override;
  Result<void> truncate(const std::string& name, std::uint64_t bytes) override;
  Result<void> sync(const std::string& name) override;
  Result<void> sync_folder(const std::string& name) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove_folder(const std::string& name) override;

 private:
  struct File {
    Bytes content, durable;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  bool cut_here();
  File* find(const std::string& name);
  void settle(File& file);

  std::mt19937_64 random_;
  std::uint64_t countdown_ = 0, full_at_ = 0, write_points_ = 0;
  Names names_, durable_names_;
};

}  // namespace gatehouse::evidence

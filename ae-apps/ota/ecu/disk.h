#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::ecu {

/// The seam through which an ECU keeps anything. File names are plain ("slot_a.img"). Threading:
/// one thread at a time. Errors: kInternalServerError if the medium fails.
class Disk {
 public:
  virtual ~Disk() = default;
  /// nullopt: no such file. kNotAcceptable: larger than the limit.
  virtual Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) = 0;
  /// Up to `max_bytes` from `offset` on; empty at the end, or if there is no such file.
  virtual Result<Bytes> read_at(const std::string& name, std::uint64_t offset,
                                std::size_t max_bytes) = 0;
  /// The old content or the new one, whatever happens in between; durable on return.
  virtual Result<void> replace(const std::string& name, ByteView content) = 0;
  /// Empties the file, or creates it.
  virtual Result<void> erase(const std::string& name) = 0;
  /// Durable only after sync().
  virtual Result<void> append(const std::string& name, ByteView bytes) = 0;
  virtual Result<void> sync(const std::string& name) = 0;
};

/// Files of one folder, which it creates (mode 0700).
class RealDisk final : public Disk {
 public:
  explicit RealDisk(std::string folder);
  Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) override;
  Result<Bytes> read_at(const std::string& name, std::uint64_t offset,
                        std::size_t max_bytes) override;
  Result<void> replace(const std::string& name, ByteView content) override;
  Result<void> erase(const std::string& name) override;
  Result<void> append(const std::string& name, ByteView bytes) override;
  Result<void> sync(const std::string& name) override;

 private:
  std::string folder_;
};

/// Files in memory, which remember what is durable. power_cut() forgets half of what is not.
class SimulatedDisk final : public Disk {
 public:
  Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) override;
  Result<Bytes> read_at(const std::string& name, std::uint64_t offset,
                        std::size_t max_bytes) override;
  Result<void> replace(const std::string& name, ByteView content) override;
  Result<void> erase(const std::string& name) override;
  Result<void> append(const std::string& name, ByteView bytes) override;
  Result<void> sync(const std::string& name) override;
  void power_cut();
  /// As somebody does who has the medium in his hands.
  void remove(const std::string& name) { files_.erase(name); }

 private:
  struct File {
    Bytes content;
    std::size_t durable_bytes = 0;
  };
  std::map<std::string, File> files_;
};

/// Cuts the power at a chosen write point: `cut` is called instead of the n-th write or halfway
/// through it, and does not return. Writes are erase, append, sync and replace.
class FaultyDisk final : public Disk {
 public:
  using Cut = std::function<void()>;
  explicit FaultyDisk(Disk& disk) : disk_(disk) {}
  /// From now on; 1 is the next write. `appends_only` counts blocks of a download instead of all
  /// writes.
  void cut_power_at(std::uint64_t n, bool appends_only, Cut cut);
  std::uint64_t writes() const { return writes_; }

  Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) override {
    return disk_.read(name, max_bytes);
  }
  Result<Bytes> read_at(const std::string& name, std::uint64_t offset,
                        std::size_t max_bytes) override {
    return disk_.read_at(name, offset, max_bytes);
  }
  Result<void> replace(const std::string& name, ByteView content) override;
  Result<void> erase(const std::string& name) override;
  Result<void> append(const std::string& name, ByteView bytes) override;
  Result<void> sync(const std::string& name) override;

 private:
  bool due(bool is_append);

  Disk& disk_;
  std::uint64_t writes_ = 0;
  std::uint64_t countdown_ = 0;  ///< 0: none planned
  bool appends_only_ = false;
  Cut cut_;
};

}  // namespace gatehouse::ecu

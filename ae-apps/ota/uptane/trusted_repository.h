#pragma once
#include <map>
#include <optional>
#include <string>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse::uptane {

/// What a client keeps of a repository between two updates: its root, and the versions under which
/// nothing may fall.
struct TrustedRepository {
  struct TimestampRecord {
    std::uint64_t version = 0;
    std::uint64_t snapshot_version = 0;
    friend bool operator==(const TimestampRecord&, const TimestampRecord&) = default;
  };
  struct SnapshotRecord {
    std::uint64_t version = 0;
    std::map<std::string, std::uint64_t, std::less<>> files;  ///< "targets.json" -> version
    friend bool operator==(const SnapshotRecord&, const SnapshotRecord&) = default;
  };

  std::string root;  ///< the whole file; empty: none is trusted yet
  std::optional<TimestampRecord> timestamp;
  std::optional<SnapshotRecord> snapshot;
  std::optional<std::uint64_t> targets_version;

  friend bool operator==(const TrustedRepository&, const TrustedRepository&) = default;
};

Value to_value(const TrustedRepository& trusted);
/// Errors: kBadRequest for anything that to_value would not give.
Result<TrustedRepository> trusted_repository_of(const Value& value);

}  // namespace gatehouse::uptane

#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cse/store/store.h"

namespace gatehouse {

/// What a backend's transaction keeps of checks that failed, until commit() tells. See
/// Transaction::put.
class StaleList {
 public:
  /// `why` completes a sentence: "is gone".
  void note(const ResourceId& id, const std::string& why) {
    if (ids_.empty()) detail_ = "resource " + id.text + " " + why;
    if (std::find(ids_.begin(), ids_.end(), id) == ids_.end()) ids_.push_back(id);
  }

  /// nullopt when no check has failed.
  std::optional<Transaction::CommitFailure> failure() const {
    if (ids_.empty()) return std::nullopt;
    return Transaction::CommitFailure{Transaction::CommitError::kStale, detail_, ids_};
  }

 private:
  std::vector<ResourceId> ids_;
  std::string detail_;
};

}  // namespace gatehouse

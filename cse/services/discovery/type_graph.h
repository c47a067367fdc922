#pragma once
#include <map>
#include <set>

#include "cse/schema/schema.h"

namespace gatehouse {

/// Which types can stand below which, at any depth: so that a search does not look where nothing it
/// wants can be.
class TypeGraph {
 public:
  explicit TypeGraph(const Schemas& schemas);
  /// May one of `wanted` be below a resource of that type? Empty: may anything be?
  bool reaches(int type, const std::set<int>& wanted) const;

 private:
  std::map<int, std::set<int>> below_;
};

}  // namespace gatehouse

#pragma once
#include <functional>
#include <string>

#include "cse/services/discovery/judge.h"

namespace gatehouse {

/// A way through the candidates of a search, which can be left anywhere and taken up again.
class Walk {
 public:
  virtual ~Walk() = default;
  /// Shown what belongs into the answer; false: enough.
  using Visitor = std::function<bool(const ResourcePtr&)>;
  enum class Stopped { kAtEnd, kByVisitor, kByWork };
  virtual Result<Stopped> go_on(ResourceReader& resources, Work& work, const Visitor& visitor) = 0;
  /// Where it stands, for go_on of another Walk of the same kind over the same search.
  virtual std::string position() const = 0;
};

/// The orders that resources created in a span of time can have. Orders rise with the clock, also
/// while it is behind what it once showed: `clock_step` says by how much that can have been.
struct OrderRange {
  std::int64_t after = INT64_MIN;  ///< exclusive
  std::int64_t last = INT64_MAX;
};
Result<OrderRange> orders_of(const FilterNeeds& needs, ResourceReader& resources);

}  // namespace gatehouse

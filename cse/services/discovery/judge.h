#pragma once
#include "cse/services/discovery/filter.h"
#include "cse/services/discovery/places.h"

namespace gatehouse {

/// Decides on single candidates of a search: is it there, does it match, may the originator see it?
class Judge {
 public:
  Judge(const SearchScope& scope, const Filter& filter) : scope_(scope), filter_(filter) {
    if (scope.request.filter)
      for (const std::int64_t sum : scope.request.filter->operations) needed_ |= sum;
  }

  /// The resource if it belongs into the answer, else null. `place`: of its parent.
  Result<ResourcePtr> look_at(const ResourceId& id, int type, Place& place,
                              ResourceReader& resources, Work& work) const;
  const Filter& filter() const { return filter_; }

 private:
  Result<bool> allowed(const ResourcePtr& resource, Place& place, ResourceReader& resources) const;

  const SearchScope& scope_;
  const Filter& filter_;
  std::int64_t needed_ = 0;  ///< operations that the originator must be allowed (`ops`)
};

}  // namespace gatehouse

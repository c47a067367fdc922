#pragma once
#include <vector>

#include "cse/services/discovery/child_stream.h"

namespace gatehouse {

/// Walks the descendants of the top of a search in order of creation, a parent before its children.
/// The cost follows the resources that can hold something wanted, and the answer.
class TreeWalk final : public Walk {
 public:
  /// `position`: of an earlier walk; empty: from the beginning. All else outlives the walk.
  TreeWalk(const SearchScope& scope, const Judge& judge, Places& places, const TypeGraph& graph,
           OrderRange orders, std::string position = {});

  Result<Stopped> go_on(ResourceReader& resources, Work& work, const Visitor& visitor) override;
  std::string position() const override;

  /// Direct children of the top that the walk has come to, and passes over without a look.
  /// Source: TS-0001 clause 8.1.2 (offset).
  std::int64_t direct_children() const { return direct_children_; }
  Result<void> pass_over(std::int64_t count, ResourceReader& resources, Work& work);
  /// Order of the direct child before the one that the walk is at.
  std::int64_t before_direct_child() const { return before_direct_child_; }
  /// Begins behind the direct child of that order, which is the `count`th.
  void begin_behind(std::int64_t order, std::int64_t count);

 private:
  void enter(const ResourceId& parent, std::int64_t after);
  Result<void> descend(const ChildEntry& entry, ResourceReader& resources, Work& work);

  const SearchScope& scope_;
  const Judge& judge_;
  Places& places_;
  const TypeGraph& graph_;
  const OrderRange orders_;
  std::vector<ChildStream> levels_;
  std::int64_t direct_children_ = 0;
  std::int64_t direct_child_ = INT64_MIN, before_direct_child_ = INT64_MIN;
};

}  // namespace gatehouse

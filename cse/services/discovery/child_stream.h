#pragma once
#include <deque>
#include <vector>

#include "cse/services/discovery/type_graph.h"
#include "cse/services/discovery/walk.h"

namespace gatehouse {

/// The children of one resource that can match, or have something below them that can, by order. Of
/// types that cannot hold anything wanted, only those that the filter's types, labels and times of
/// creation name are read from the store.
class ChildStream {
 public:
  /// `after`: the order to begin behind. All references outlive the stream.
  ChildStream(ResourceId parent, const FilterNeeds& needs, const TypeGraph& graph,
              const OrderRange& orders, std::int64_t after)
      : parent_(std::move(parent)), needs_(needs), graph_(graph), orders_(orders), after_(after) {}
  /// nullopt: at the end.
  Result<std::optional<ChildEntry>> next(ResourceReader& resources, Work& work);
  const ResourceId& parent() const { return parent_; }
  /// Order of the last child that was given, or where the stream began.
  std::int64_t after() const { return after_; }

 private:
  /// One listing of the store.
  struct Source {
    std::string label;  ///< empty: all children of `type`
    int type = 0;
    Page page;
    std::int64_t last = INT64_MAX;
    std::deque<ChildEntry> read;
    bool at_end = false;
  };
  Result<void> open(ResourceReader& resources, Work& work);
  Result<void> fill(Source& source, ResourceReader& resources, Work& work);

  ResourceId parent_;
  const FilterNeeds& needs_;
  const TypeGraph& graph_;
  const OrderRange& orders_;
  std::int64_t after_;
  std::vector<Source> sources_;
  bool open_ = false;
};

}  // namespace gatehouse

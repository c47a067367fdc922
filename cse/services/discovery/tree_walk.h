#pragma once
#include <functional>
#include <optional>

#include "cse/core/cse.h"

namespace gatehouse {

/// Walks the descendants of a resource in order of creation, a parent before its children, and
/// shows those that the originator may see and that match. Reads the store page by page: the cost
/// follows what is looked at.
class TreeWalk {
 public:
  struct Found {
    const ChildEntry& entry;
    const std::string& path;
    ResourcePtr resource;  ///< loaded if the filter needed it or `load` is set, else null
    int level;             ///< 1: direct child
  };
  /// False ends the walk.
  using Visitor = std::function<bool(const Found&)>;

  TreeWalk(const Cse& cse, const Request& request, const std::string& originator,
           Privilege privilege, bool load)
      : cse_(cse), request_(request), originator_(originator), privilege_(privilege), load_(load) {}

  /// Errors: of the filter, or the store's.
  Result<void> run(const ResourcePtr& top, ResourceReader& resources, const Visitor& visitor);

 private:
  Result<bool> descend(const ResourcePtr& parent, int level, ResourceReader& resources,
                       const Visitor& visitor);
  Result<std::optional<Found>> look_at(const ChildEntry& entry, const ResourcePtr& parent,
                                       const std::string& path, int level,
                                       std::optional<bool>& inherited, ResourceReader& resources);

  const Cse& cse_;
  const Request& request_;
  const std::string& originator_;
  const Privilege privilege_;
  const bool load_;
};

}  // namespace gatehouse

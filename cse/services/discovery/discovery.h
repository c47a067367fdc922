#pragma once
#include <memory>
#include <mutex>

#include "cse/core/cse.h"
#include "cse/services/discovery/search.h"

namespace gatehouse {

/// Discovery, RETRIEVE with children, and what an originator may do (rcn 12). Source: TS-0001
/// clauses 10.2.6 and 8.1.2, TS-0004 clause 7.3.3.17. Plugs itself into `cse`, which outlives it.
/// Threading: any.
class Discovery final : public Retrieval {
 public:
  explicit Discovery(Cse& cse) : cse_(cse) { cse.extensions().retrieval = this; }

  Response discover(const Request& request, const ResourcePtr& target, ResourceReader& resources,
                    const std::string& originator) override;
  Response with_children(const Request& request, const ResourcePtr& target,
                         ResourceReader& resources, const std::string& originator) override;
  Result<bool> matches(const FilterCriteria& filter, const ResourcePtr& resource,
                       ResourceReader& resources) override;

 private:
  struct Branches {
    std::vector<ResourcePtr> found;
    std::optional<std::int64_t> next_offset;  ///< direct child at which the rest begins
  };
  Response permissions(const Request& request, const ResourcePtr& target, ResourceReader& resources,
                       const std::string& originator);
  Response references(const SearchScope& scope, const SearchPart& part, std::int64_t skip,
                      ResourceReader& resources);
  Result<Branches> children_of(const SearchScope& scope, const Filter& filter,
                               ResourceReader& resources);
  Result<Value> nested(const SearchScope& scope, const Branches& part, ResourceReader& resources);
  Result<Filter> prepared(const FilterCriteria& criteria, const std::string& originator);
  const TypeGraph& graph();

  Cse& cse_;
  Bookmarks bookmarks_;
  std::once_flag graph_made_;
  std::unique_ptr<TypeGraph> graph_;
};

}  // namespace gatehouse

#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Discovery, and RETRIEVE with children. Source: TS-0001 clauses 10.2.6 and 8.1.2, TS-0004
/// clause 7.3.3.17. Plugs itself into `cse`, which outlives it.
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
  Cse& cse_;
};

}  // namespace gatehouse

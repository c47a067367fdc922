#pragma once
#include <set>

#include "cse/primitive/request.h"
#include "cse/schema/schema.h"

namespace gatehouse {

/// Which types a resource that fulfils all criteria can have, by what the criteria ask for: only
/// what has a contentSize fulfils sizeAbove. nullopt: any. So a search by an attribute passes over
/// the types without it unread.
std::optional<std::set<int>> implied_types(const FilterCriteria& criteria, const Schemas& schemas);

}  // namespace gatehouse

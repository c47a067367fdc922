#pragma once
#include <memory>

#include "cse/services/discovery/walk.h"

namespace gatehouse {

/// A walk over the index of the store that names the fewest candidates for the filter: of labels,
/// of creation, expiration or modification times, or of types. Null if its conditions have none.
/// The cost follows the candidates in the whole store, wherever the search begins.
std::unique_ptr<Walk> index_walk(const SearchScope& scope, const Judge& judge, Places& places,
                                 OrderRange orders, const std::string& position);

}  // namespace gatehouse

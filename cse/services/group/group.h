#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// <group> and its virtual child <fanOutPoint>. Source: TS-0001 clauses 9.6.13, 9.6.14, 10.2.7;
/// TS-0004 clauses 7.4.13, 7.4.14. `cse` outlives what is added.
void add_groups(Cse& cse);

}  // namespace gatehouse

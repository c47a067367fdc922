#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Data management and repository: <container>, <contentInstance>, <latest>, <oldest>.
/// Source: TS-0001 clauses 9.6.6, 9.6.7, 9.6.27, 9.6.28; TS-0004
/// clauses 7.4.6, 7.4.7, 7.4.27, 7.4.28. `cse` outlives the behaviours.
void add_containers(Cse& cse);

}  // namespace gatehouse

#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// <flexContainer> and what is kept of its history: <flexContainerInstance>, <latest>, <oldest>.
/// Source: TS-0001 clause 9.6.35, TS-0004 clause 7.4.37. `cse` outlives the behaviours.
void add_flex_containers(Cse& cse);

}  // namespace gatehouse

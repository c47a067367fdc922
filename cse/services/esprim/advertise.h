#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Says on the CSEBase that this CSE takes ESPrim with provisioned keys: e2eSecInfo (esi) with the
/// supported feature 13. At each start. Source: TS-0001 clause 9.6.3, TS-0004 (m2m:e2eSecInfo,
/// m2m:suid).
void advertise_esprim(Cse& cse);

}  // namespace gatehouse

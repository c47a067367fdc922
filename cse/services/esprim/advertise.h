#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Says on the CSEBase that this CSE takes ESPrim: e2eSecInfo (esi) with the supported features 13
/// (provisioned keys) and 33 (keys of a MAF). At each start. Source: TS-0001 clause 9.6.3, TS-0004
/// (m2m:e2eSecInfo, m2m:suid).
void advertise_esprim(Cse& cse, bool provisioned, bool maf);

}  // namespace gatehouse

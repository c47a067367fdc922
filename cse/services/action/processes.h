#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// <processManagement> and <state> (R4): kept and checked, not run. A process begins Disabled, its
/// states not active; what it is made of (initialState, activateConditions, endConditions) changes
/// only while it is Disabled (4005), and initialState is one of its <state>s (4142
/// INVALID_PROCESS_CONFIGURATION). Disable, pause and reactivate are refused as the status of the
/// process says (4005). DEVIATION: no text of Release 4 was at hand that says how a process runs,
/// so Enable is answered 5001 NOT_IMPLEMENTED. Source: TS-0001 (R4) clauses 9.6.63 and 9.6.64.
///
/// Before cse.start(); `cse` outlives what is added.
void add_processes(Cse& cse);

}  // namespace gatehouse

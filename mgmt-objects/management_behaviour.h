#pragma once
#include <memory>

#include "cse/core/behaviour.h"

namespace gatehouse {

/// Own rules of <mgmtObj>, whatever its specialisation: action attributes that contradict each
/// other are refused. Source: TS-0004 clause 7.4.15, TS-0001 clause 10.2.8.
std::shared_ptr<const TypeBehaviour> management_object_behaviour();

}  // namespace gatehouse

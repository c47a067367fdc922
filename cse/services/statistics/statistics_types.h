#pragma once
#include "cse/core/behaviour.h"

namespace gatehouse {

/// Own rules of <eventConfig>: what goes with which eventType (4000), and its eventID.
/// Source: TS-0004 clause 7.4.24.2.
std::shared_ptr<const TypeBehaviour> event_config_behaviour();
/// Own rules of <statsCollect>: an eventID that some <eventConfig> has (4000), and its
/// statsCollectID. Source: TS-0004 clause 7.4.25.2.
std::shared_ptr<const TypeBehaviour> stats_collect_behaviour();

}  // namespace gatehouse

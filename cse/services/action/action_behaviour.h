#pragma once
#include <memory>

#include "cse/core/access_control.h"

namespace gatehouse {

/// Rules of <action> beside its table: what it refers to exists and may be read by who refers to
/// it, the primitive is from that originator, evalControlParam stands only with a mode that has it.
/// Errors: kBadRequest. `access` outlives it.
std::shared_ptr<const TypeBehaviour> action_behaviour(const AccessControl& access);
/// The same for <dependency>.
std::shared_ptr<const TypeBehaviour> dependency_behaviour(const AccessControl& access);

/// The resource whose attribute an action looks at: sri, or its parent; null if it is not here.
Result<ResourcePtr> subject_of(const Value& action, const CseSettings& settings,
                               ResourceReader& resources);

}  // namespace gatehouse

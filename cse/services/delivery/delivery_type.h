#pragma once
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

/// Rules of <delivery>: it is made, changed and deleted by CSEs that are registered here, or where
/// this CSE is registered, never over Mca (4005); its lifespan is in the future, its target is this
/// CSE or behind another one than the originator; each of its requests is a valid one in the name
/// of somebody for whom the originator may speak. Errors: kOperationNotAllowed,
/// kOriginatorHasNoPrivilege, kBadRequest, kNotFound (no way to the target), those of
/// check_request and proven_originator. Source: TS-0004 clause 7.4.11.2, TS-0001 table 10.2.5.8-1.
std::shared_ptr<const TypeBehaviour> delivery_behaviour();

/// The <remoteCSE> over which a CSE is reached: its own, that of the CSE it is below, or our
/// registrar's; null: none.
Result<ResourcePtr> next_cse(const std::string& target, ResourceReader& resources);

/// The requests of aggregatedRequest (arq); {} if there is none. Errors: kBadRequest.
Result<std::vector<Request>> requests_of(const Value& delivery);

}  // namespace gatehouse

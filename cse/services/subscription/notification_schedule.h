#pragma once
#include "cse/core/resource_reader.h"

namespace gatehouse {

/// When the <schedule> children of a subscription let notifications through: `now` if they do (or
/// there are none), the next such moment otherwise, Timestamp{INT64_MAX} if there is none.
/// Source: TS-0004 clause 7.5.1.2.2, step 3.0.
Result<Timestamp> notifications_open_from(const ResourceId& subscription, ResourceReader& resources,
                                          Timestamp now);

}  // namespace gatehouse

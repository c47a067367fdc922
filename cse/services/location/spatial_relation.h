#pragma once
#include "cse/schema/geometry.h"

namespace gatehouse {

/// m2m:geoSpatialFunctionType (R4).
enum class SpatialRelation { kWithin = 1, kContains, kIntersects };

/// Does `a` stand in that relation to `b`? As OGC simple features define it: a point on the border
/// of an area intersects it and is not within it. Lines between positions are straight in longitude
/// and latitude (RFC 7946 clause 3.1.1). Errors: kBadRequest for an area whose border crosses
/// itself so that it has no inside.
Result<bool> stands_in(SpatialRelation relation, const Geometry& a, const Geometry& b);

}  // namespace gatehouse

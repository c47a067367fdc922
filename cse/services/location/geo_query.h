#pragma once
#include "cse/core/extensions.h"

namespace gatehouse {

/// The geo query of filter criteria: geometryType, geometry and geoSpatialFunction (gmty, geom,
/// gsf), all three. A resource fulfils it if the given geometry is within, contains or intersects
/// its attribute `loc`; a resource without one does not. Source: TS-0001 (R4) clause 8.1.2.
class GeoQuery final : public FilterCondition {
 public:
  /// Errors: kBadRequest for a parameter that is missing or wrong.
  Result<Test> prepare(const FilterCriteria& filter, const std::string& originator) override;
};

}  // namespace gatehouse

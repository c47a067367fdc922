#include "cse/services/location/geo_query.h"

#include "cse/services/location/spatial_relation.h"

namespace gatehouse {

Result<FilterCondition::Test> GeoQuery::prepare(const FilterCriteria& filter, const std::string&) {
  if (!filter.geometry_type || !filter.geometry || !filter.geo_spatial_function) {
    return fail(Rsc::kBadRequest,
                "gmty, geom, gsf (geo query): all three are needed, or none of them");
  }
  const std::int64_t function = *filter.geo_spatial_function;
  if (function < 1 || function > 3) {
    return fail(Rsc::kBadRequest,
                "gsf (geoSpatialFunction): must be 1 (within), 2 (contains) or 3 (intersects)");
  }
  auto wanted = parse_geometry(*filter.geometry_type, Value(*filter.geometry));
  if (!wanted) return fail(Rsc::kBadRequest, "geom (geometry): " + wanted.error().detail);
  const auto relation = static_cast<SpatialRelation>(function);
  if (auto sound = stands_in(SpatialRelation::kIntersects, *wanted, *wanted); !sound)
    return fail(Rsc::kBadRequest, "geom (geometry): " + sound.error().detail);
  return Test([geometry = *std::move(wanted), relation](const ResourcePtr& resource,
                                                        ResourceReader&) -> Result<bool> {
    const Value* location = resource->attributes().find("loc");
    const Value* coordinates = location ? location->find("crd") : nullptr;
    if (!coordinates) return false;
    const auto place = parse_geometry(location->integer_at("typ"), *coordinates);
    if (!place) return false;
    const auto holds = stands_in(relation, geometry, *place);
    return holds && *holds;  // a location without sense is in no relation to anything
  });
}

}  // namespace gatehouse

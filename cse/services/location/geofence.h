#pragma once
#include <optional>

#include "cse/schema/geometry.h"

namespace gatehouse {

/// The area of geographicalTargetArea (gta): a GeoJSON polygon ({"type":"Polygon",
/// "coordinates":[…]}), m2m:geoCoordinates of type 3, a list of positions, or the JSON text of one
/// of them. A ring that is not closed is closed. Errors: kBadRequest with what is wrong.
/// Source: TS-0001 table 9.6.10-2 (the perimeter's corner points, in no given syntax).
Result<Geometry> parse_target_area(const Value& area);

/// The position that a device has reported: a GeoJSON point, m2m:geoCoordinates of type 1, or the
/// JSON text of one; nullopt if the content is none (an event, say).
std::optional<Geometry> parse_reported_position(const Value& content);

/// m2m:geofenceEventCriteria, of two looks one after the other. Source: TS-0001 figure 9.6.10-1.
enum class GeofenceEvent { kEntering = 1, kLeaving, kInside, kOutside };
constexpr GeofenceEvent geofence_event(bool was_inside, bool is_inside) {
  if (was_inside) return is_inside ? GeofenceEvent::kInside : GeofenceEvent::kLeaving;
  return is_inside ? GeofenceEvent::kEntering : GeofenceEvent::kOutside;
}

}  // namespace gatehouse

#pragma once
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse {

/// m2m:geometryType (R4), after GeoJSON.
enum class GeometryType {
  kPoint = 1,
  kLineString,
  kPolygon,
  kMultiPoint,
  kMultiLineString,
  kMultiPolygon
};

/// Longitude and latitude in degrees of WGS 84; a third coordinate (altitude) is not kept.
struct Position {
  double longitude = 0, latitude = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// A GeoJSON geometry, flattened to one shape for all types: parts of lines of positions.
///   Point {{{p}}}, LineString and MultiPoint {{{p, p, …}}}, MultiLineString {{line, line, …}},
///   Polygon {{outer ring, holes …}}, MultiPolygon {{outer ring, holes …}, …}
struct Geometry {
  using Line = std::vector<Position>;
  GeometryType type = GeometryType::kPoint;
  std::vector<std::vector<Line>> parts;
};

/// Reads coordinates of a geometry of that type: a list, or its JSON text ("[8.5, 49.0]"). A
/// polygon is a list of rings (GeoJSON) or, for short, its outer ring alone; a multi-polygon
/// likewise. Source: RFC 7946 clause 3.1; TS-0004 (R4) m2m:geoCoordinates.
/// Errors: kBadRequest with what is wrong, to be put behind the attribute's name: too few
/// positions, a ring that is not closed, more than 10,000 positions, nesting that is not the
/// type's.
Result<Geometry> parse_geometry(std::int64_t type, const Value& coordinates);

/// For attribute `loc` and others of m2m:geoCoordinates: what is wrong with it, or an empty text.
std::string what_is_wrong_with_location(const Value& location);

}  // namespace gatehouse

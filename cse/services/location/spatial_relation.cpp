#include "cse/services/location/spatial_relation.h"

#include <boost/geometry.hpp>
#include <boost/geometry/geometries/linestring.hpp>
#include <boost/geometry/geometries/multi_linestring.hpp>
#include <boost/geometry/geometries/multi_point.hpp>
#include <boost/geometry/geometries/multi_polygon.hpp>
#include <boost/geometry/geometries/point_xy.hpp>
#include <boost/geometry/geometries/polygon.hpp>
#include <variant>

// The only file that sees Boost.Geometry: it costs seconds.

namespace gatehouse {
namespace {

namespace bg = boost::geometry;
using Point = bg::model::d2::point_xy<double>;
using Line = bg::model::linestring<Point>;
using Area = bg::model::polygon<Point>;
using Points = bg::model::multi_point<Point>;
using Lines = bg::model::multi_linestring<Line>;
using Areas = bg::model::multi_polygon<Area>;
/// Always the multiple form: one point is a set of one. That leaves three shapes to compare.
using Shape = std::variant<Points, Lines, Areas>;

Point point_of(const Position& position) { return {position.longitude, position.latitude}; }

template <class Range>
Range range_of(const Geometry::Line& line) {
  Range range;
  for (const Position& position : line) bg::append(range, point_of(position));
  return range;
}

Area area_of(const std::vector<Geometry::Line>& rings) {
  Area area;
  for (std::size_t i = 0; i < rings.size(); ++i) {
    auto ring = range_of<Area::ring_type>(rings[i]);
    if (i == 0) {
      area.outer() = std::move(ring);
    } else {
      area.inners().push_back(std::move(ring));
    }
  }
  bg::correct(area);  // either direction of a ring is accepted
  return area;
}

Shape shape_of(const Geometry& geometry) {
  switch (geometry.type) {
    case GeometryType::kPoint:
    case GeometryType::kMultiPoint: {
      return range_of<Points>(geometry.parts[0][0]);
    }
    case GeometryType::kLineString:
    case GeometryType::kMultiLineString: {
      Lines lines;
      for (const auto& line : geometry.parts[0]) lines.push_back(range_of<Line>(line));
      return lines;
    }
    case GeometryType::kPolygon:
    case GeometryType::kMultiPolygon:
      break;
  }
  Areas areas;
  for (const auto& rings : geometry.parts) areas.push_back(area_of(rings));
  return areas;
}

template <class A, class B>
bool is_within(const A& a, const B& b) {
  if constexpr (bg::topological_dimension<A>::value > bg::topological_dimension<B>::value) {
    return false;  // an area is within no line, a line within no point
  } else {
    return bg::within(a, b);
  }
}

bool is_within(const Shape& a, const Shape& b) {
  return std::visit([](const auto& left, const auto& right) { return is_within(left, right); }, a,
                    b);
}

}  // namespace

Result<bool> stands_in(SpatialRelation relation, const Geometry& a, const Geometry& b) {
  const Shape left = shape_of(a), right = shape_of(b);
  try {  // the library throws for borders that it cannot make sense of
    switch (relation) {
      case SpatialRelation::kWithin:
        return is_within(left, right);
      case SpatialRelation::kContains:
        return is_within(right, left);
      case SpatialRelation::kIntersects:
        return std::visit([](const auto& x, const auto& y) { return bg::intersects(x, y); }, left,
                          right);
    }
  } catch (const bg::exception&) {
    return fail(Rsc::kBadRequest, "the border of an area crosses itself");
  }
  return false;
}

}  // namespace gatehouse

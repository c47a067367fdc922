#include "cse/schema/geometry.h"

#include <cmath>

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

using Line = Geometry::Line;

constexpr std::size_t kMaxPositions = 10'000;

/// What a type asks of its coordinates.
struct Shape {
  GeometryType type;
  const char* name;
  int depth;          ///< lists around a position; rings of a polygon may be left out by one level
  std::size_t least;  ///< positions of each line
  bool closed;        ///< first and last position of each line are the same
};
constexpr Shape kShapes[] = {
    {GeometryType::kPoint, "Point", 0, 1, false},
    {GeometryType::kLineString, "LineString", 1, 2, false},
    {GeometryType::kPolygon, "Polygon", 2, 4, true},
    {GeometryType::kMultiPoint, "MultiPoint", 1, 1, false},
    {GeometryType::kMultiLineString, "MultiLineString", 2, 2, false},
    {GeometryType::kMultiPolygon, "MultiPolygon", 3, 4, true},
};

/// Lists around the first number, less the position's own; -1 if there is no number.
int depth_of(const Value& value) {
  int depth = -1;
  const Value* at = &value;
  for (; at->as_array() && !at->as_array()->empty(); at = &at->as_array()->front()) ++depth;
  return at->is_number() ? depth : -1;
}

class Reader {
 public:
  explicit Reader(const Shape& shape) : shape_(shape) {}

  /// `value` at `depth` lists above a position, as one list of lines.
  Result<std::vector<Line>> lines(const Value& value, int depth) {
    std::vector<Line> lines;
    if (depth <= 1) {
      auto one = line(value, depth);
      if (!one) return fail(one.error());
      lines.push_back(*std::move(one));
      return lines;
    }
    if (!value.as_array() || value.size() == 0) return wrong_nesting();
    for (const Value& item : *value.as_array()) {
      auto one = line(item, 1);
      if (!one) return fail(one.error());
      lines.push_back(*std::move(one));
    }
    return lines;
  }
  tl::unexpected<Error> wrong_nesting() const {
    return fail(Rsc::kBadRequest,
                std::string("the coordinates are not nested as those of a ") + shape_.name);
  }

 private:
  Result<Line> line(const Value& value, int depth) {
    Line line;
    if (depth == 0) {
      auto only = position(value);
      if (!only) return fail(only.error());
      line.push_back(*only);
      return line;
    }
    if (!value.as_array()) return wrong_nesting();
    for (const Value& item : *value.as_array()) {
      auto next = position(item);
      if (!next) return fail(next.error());
      line.push_back(*next);
    }
    if (line.size() < shape_.least) {
      return fail(Rsc::kBadRequest, std::string("a ") + shape_.name + " needs at least " +
                                        std::to_string(shape_.least) + " positions" +
                                        (shape_.closed ? " in each ring" : ""));
    }
    if (shape_.closed && line.front() != line.back()) {
      return fail(Rsc::kBadRequest, std::string("the first and the last position of a ring of a ") +
                                        shape_.name + " must be the same");
    }
    return line;
  }

  Result<Position> position(const Value& value) {
    const Value::Array* numbers = value.as_array();
    if (!numbers || numbers->size() < 2 || numbers->size() > 3) return wrong_nesting();
    for (const Value& number : *numbers) {
      if (!number.as_number() || !std::isfinite(*number.as_number())) return wrong_nesting();
    }
    if (++positions_ > kMaxPositions) {
      return fail(Rsc::kBadRequest, "more than " + std::to_string(kMaxPositions) + " positions");
    }
    return Position{*(*numbers)[0].as_number(), *(*numbers)[1].as_number()};
  }

  const Shape& shape_;
  std::size_t positions_ = 0;
};

}  // namespace

Result<Geometry> parse_geometry(std::int64_t type, const Value& coordinates) {
  Value parsed;
  const Value* tree = &coordinates;
  if (const std::string* text = coordinates.as_string()) {
    auto read = parse_json(*text);
    if (!read) return fail(Rsc::kBadRequest, "the coordinates are no JSON: " + read.error().detail);
    parsed = *std::move(read);
    tree = &parsed;
  }
  if (type < 1 || type > static_cast<std::int64_t>(std::size(kShapes))) {
    return fail(Rsc::kBadRequest, "there is no geometry type " + std::to_string(type));
  }
  const Shape& shape = kShapes[type - 1];
  Reader reader(shape);
  const int depth = depth_of(*tree);
  const bool outer_rings_only = shape.closed && depth == shape.depth - 1;
  if (depth != shape.depth && !outer_rings_only) return reader.wrong_nesting();
  Geometry geometry{shape.type, {}};
  if (depth < 3 && !(outer_rings_only && depth == 2)) {
    auto lines = reader.lines(*tree, depth);
    if (!lines) return fail(lines.error());
    geometry.parts.push_back(*std::move(lines));
    return geometry;
  }
  if (!tree->as_array()) return reader.wrong_nesting();
  for (const Value& part : *tree->as_array()) {
    auto lines = reader.lines(part, depth - 1);
    if (!lines) return fail(lines.error());
    geometry.parts.push_back(*std::move(lines));
  }
  return geometry;
}

std::string what_is_wrong_with_location(const Value& location) {
  const Value* coordinates = location.find("crd");
  if (!coordinates) return "crd (coordinates) is missing";
  auto geometry = parse_geometry(location.integer_at("typ"), *coordinates);
  return geometry ? std::string() : geometry.error().detail;
}

}  // namespace gatehouse

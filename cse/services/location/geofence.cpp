#include "cse/services/location/geofence.h"

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

struct TypedCoordinates {
  std::int64_t type;
  Value coordinates;
};

/// Takes apart what names its type in one way or the other; bare coordinates are of `bare_type`.
std::optional<TypedCoordinates> take_apart(const Value& value, std::int64_t bare_type,
                                           std::string_view geojson_name) {
  if (const std::string* text = value.as_string()) {
    auto parsed = parse_json(*text);
    return parsed && !parsed->is_string() ? take_apart(*parsed, bare_type, geojson_name)
                                          : std::nullopt;
  }
  if (value.is_array()) return TypedCoordinates{bare_type, value};
  if (const Value* list = value.find("coordinates")) {
    const std::int64_t type = value.string_at("type") == geojson_name ? bare_type : 0;
    return TypedCoordinates{type, *list};
  }
  if (const Value* list = value.find("crd"))
    return TypedCoordinates{value.integer_at("typ"), *list};
  return std::nullopt;
}

bool is_position(const Value& value) {
  return value.as_array() && !value.as_array()->empty() && value.as_array()->front().is_number();
}

/// Appends the first position to a ring that does not end with it.
void close_rings(Value& coordinates) {
  Value::Array* items = coordinates.as_array();
  if (!items || items->empty()) return;
  if (!is_position(items->front())) {
    for (Value& inner : *items) close_rings(inner);
    return;
  }
  if (!(items->front() == items->back())) items->push_back(Value(items->front()));
}

}  // namespace

Result<Geometry> parse_target_area(const Value& area) {
  constexpr auto kPolygon = static_cast<std::int64_t>(GeometryType::kPolygon);
  auto typed = take_apart(area, kPolygon, "Polygon");
  if (!typed || typed->type != kPolygon) {
    return fail(
        Rsc::kBadRequest,
        "must be a polygon such as {\"type\":\"Polygon\",\"coordinates\":[[[8.4,49.0],…]]}");
  }
  if (const std::string* text = typed->coordinates.as_string()) {
    auto parsed = parse_json(*text);
    if (!parsed) return fail(Rsc::kBadRequest, "the coordinates are no JSON");
    typed->coordinates = *std::move(parsed);
  }
  close_rings(typed->coordinates);
  return parse_geometry(typed->type, typed->coordinates);
}

std::optional<Geometry> parse_reported_position(const Value& content) {
  constexpr auto kPoint = static_cast<std::int64_t>(GeometryType::kPoint);
  const auto typed = take_apart(content, kPoint, "Point");
  if (!typed || typed->type != kPoint) return std::nullopt;
  auto point = parse_geometry(typed->type, typed->coordinates);
  return point ? std::optional(*std::move(point)) : std::nullopt;
}

}  // namespace gatehouse

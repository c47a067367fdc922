#include "cse/services/location/geofence.h"

#include <gtest/gtest.h>

#include "cse/services/location/geo_query.h"
#include "cse/services/location/spatial_relation.h"

namespace gatehouse {
namespace {

constexpr const char* kSquare = "[[0.0,0.0],[1.0,0.0],[1.0,1.0],[0.0,1.0],[0.0,0.0]]";

struct Relation {
  const char* name;
  int query_type;
  const char* query;
  int place_type;
  const char* place;
  const char* holds;  ///< of "wci": within, contains, intersects
};

class Relations : public testing::TestWithParam<Relation> {};

// OGC simple features; TS-0001 (R4) clause 8.1.2 (geoSpatialFunction)
TEST_P(Relations, HoldBetweenTheQueryAndThePlace) {
  const auto query = parse_geometry(GetParam().query_type, Value(GetParam().query));
  const auto place = parse_geometry(GetParam().place_type, Value(GetParam().place));
  ASSERT_TRUE(query && place);

  std::string held;
  for (const auto& [relation, letter] :
       {std::pair{SpatialRelation::kWithin, 'w'}, std::pair{SpatialRelation::kContains, 'c'},
        std::pair{SpatialRelation::kIntersects, 'i'}}) {
    const auto holds = stands_in(relation, *query, *place);
    ASSERT_TRUE(holds) << holds.error().detail;
    if (*holds) held += letter;
  }

  EXPECT_EQ(held, GetParam().holds);
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, Relations,
    testing::Values(
        Relation{"point_inside", 1, "[0.5,0.5]", 3, kSquare, "wi"},
        Relation{"point_outside", 1, "[2.0,2.0]", 3, kSquare, ""},
        Relation{"point_on_border", 1, "[0.0,0.5]", 3, kSquare, "i"},
        Relation{"same_point", 1, "[1.0,1.0]", 1, "[1.0,1.0]", "wci"},
        Relation{"end_of_line", 1, "[1.0,1.0]", 2, "[[1.0,1.0],[2.0,2.0]]", "i"},
        Relation{"middle_of_line", 1, "[1.5,1.5]", 2, "[[1.0,1.0],[2.0,2.0]]", "wi"},
        Relation{"one_of_points", 1, "[1.0,0.0]", 4, "[[0.0,0.0],[1.0,0.0]]", "wi"},
        Relation{"crossing_lines", 2, "[[2.0,1.0],[1.0,2.0]]", 2, "[[1.0,1.0],[2.0,2.0]]", "i"},
        Relation{"line_inside", 2, "[[0.5,0.5],[0.6,0.6]]", 3, kSquare, "wi"},
        Relation{"area_around_point", 3, kSquare, 1, "[0.5,0.5]", "ci"},
        Relation{"area_of_other_direction", 3, "[[0,0],[0,1],[1,1],[1,0],[0,0]]", 3, kSquare,
                 "wci"},
        Relation{"area_in_hole", 3, "[[4,4],[5,4],[5,5],[4,5],[4,4]]", 3,
                 "[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[6,3],[6,6],[3,6],[3,3]]]", ""},
        Relation{"overlapping_areas", 3, "[[0.5,0.5],[2,0.5],[2,2],[0.5,2],[0.5,0.5]]", 3, kSquare,
                 "i"},
        Relation{"points_of_which_one_is_out", 4, "[[0.5,0.5],[2.0,2.0]]", 3, kSquare, "i"},
        Relation{"points_around_point", 4, "[[0.5,0.5],[0.6,0.6]]", 1, "[0.5,0.5]", "ci"},
        Relation{"areas_of_which_one_holds", 6,
                 "[[[0,0],[2,0],[2,2],[0,2],[0,0]],[[7,7],[8,7],[8,8],[7,8],[7,7]]]", 3, kSquare,
                 "ci"},
        Relation{"lines_in_lines", 5, "[[[1,1],[2,2]]]", 5, "[[[0,0],[3,3]],[[5,5],[6,6]]]", "wi"}),
    [](const auto& test) { return test.param.name; });

struct Query {
  const char* name;
  std::optional<int> type, function;
  std::optional<std::string> geometry;
  const char* wrong;
};
class GeoQueries : public testing::TestWithParam<Query> {};

TEST_P(GeoQueries, AreRefusedWithTheParameterThatIsWrong) {
  FilterCriteria filter;
  filter.geometry_type = GetParam().type;
  filter.geo_spatial_function = GetParam().function;
  filter.geometry = GetParam().geometry;

  const auto refused = GeoQuery{}.prepare(filter, "CAE");

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rsc, Rsc::kBadRequest);
  EXPECT_NE(refused.error().detail.find(GetParam().wrong), std::string::npos)
      << refused.error().detail;
}

INSTANTIATE_TEST_SUITE_P(Wrong, GeoQueries,
                         testing::Values(Query{"type_only", 1, {}, {}, "all three"},
                                         Query{"function_only", {}, 1, {}, "all three"},
                                         Query{"geometry_only", {}, {}, "[1.0,2.0]", "all three"},
                                         Query{"no_list", 1, 1, "1.0", "geom"},
                                         Query{"other_type", 3, 1, "[[2.0,2.0],[3.0,3.0]]", "geom"},
                                         Query{"unknown_function", 1, 4, "[1.0,2.0]", "gsf"},
                                         Query{"unknown_type", 7, 1, "[1.0,2.0]", "geom"}),
                         [](const auto& test) { return test.param.name; });

struct Area {
  const char* name;
  const char* json;
  bool accepted;
};
class TargetAreas : public testing::TestWithParam<Area> {};

TEST_P(TargetAreas, AreReadInSeveralForms) {
  EXPECT_EQ(parse_target_area(Value(GetParam().json)).has_value(), GetParam().accepted);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, TargetAreas,
    testing::Values(Area{"geojson",
                         R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]})", true},
                    Area{"geojson_not_closed",
                         R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]})", true},
                    Area{"onem2m", R"({"typ":3,"crd":"[[0,0],[1,0],[1,1],[0,0]]"})", true},
                    Area{"corners", "[[0,0],[1,0],[1,1]]", true},
                    Area{"two_corners", "[[0,0],[1,0]]", false},
                    Area{"point", R"({"type":"Point","coordinates":[0,0]})", false},
                    Area{"word", "wrong", false}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace gatehouse

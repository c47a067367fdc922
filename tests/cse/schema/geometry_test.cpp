#include "cse/schema/geometry.h"

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

struct Case {
  const char* name;
  int type;
  const char* coordinates;
  const char* wrong;  ///< in the text of the refusal; empty: accepted
};

class Coordinates : public testing::TestWithParam<Case> {};

// RFC 7946 clause 3.1; m2m:geoCoordinates
TEST_P(Coordinates, AreAcceptedOnlyInTheShapeOfTheirType) {
  const Value location = Value::object({{"typ", GetParam().type}, {"crd", GetParam().coordinates}});

  const std::string wrong = what_is_wrong_with_location(location);

  if (*GetParam().wrong == '\0') {
    EXPECT_EQ(wrong, "");
  } else {
    EXPECT_NE(wrong.find(GetParam().wrong), std::string::npos) << wrong;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Coordinates,
    testing::Values(
        Case{"point", 1, "[8.5, 49.0]", ""},
        Case{"point_with_altitude", 1, "[8.5, 49.0, 110.0]", ""},
        Case{"point_of_one_number", 1, "[8.5]", "not nested"},
        Case{"point_of_text", 1, "[\"8.5\", 49.0]", "not nested"},
        Case{"point_that_is_a_line", 1, "[[1.0, 2.0], [3.0, 4.0]]",
             "not nested as those of a Point"},
        Case{"no_json", 1, "wrong", "no JSON"}, Case{"empty", 4, "[]", "not nested"},
        Case{"line", 2, "[[1.0, 2.0], [3.0, 4.0]]", ""},
        Case{"line_of_one_position", 2, "[[1.0, 2.0]]", "at least 2"},
        Case{"polygon_as_rings", 3, "[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]", ""},
        Case{"polygon_as_outer_ring", 3, "[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]", ""},
        Case{"polygon_of_three", 3, "[[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]", "at least 4"},
        Case{"polygon_not_closed", 3, "[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]",
             "first and the last"},
        Case{"polygon_as_line_of_lines", 3, "[[[[0.0, 0.0]]]]", "not nested"},
        Case{"points", 4, "[[1.0, 2.0], [3.0, 4.0]]", ""},
        Case{"points_without_list", 4, "[1.0, 2.0]", "not nested"},
        Case{"points_too_deep", 4, "[[[1.0, 2.0], [3.0, 4.0]]]", "not nested"},
        Case{"lines", 5, "[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]", ""},
        Case{"lines_that_are_one", 5, "[[1.0, 2.0], [3.0, 4.0]]", "not nested"},
        Case{"lines_with_a_short_one", 5, "[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]]", "at least 2"},
        Case{"polygons", 6, "[[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]]", ""},
        Case{"polygons_as_outer_rings", 6, "[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]",
             ""},
        Case{"polygons_not_closed", 6, "[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]",
             "first and the last"},
        Case{"polygons_mixed", 6, "[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]], [[[0.0]]]]",
             "not nested"},
        Case{"unknown_type", 7, "[1.0, 2.0]", "no geometry type 7"}),
    [](const auto& test) { return test.param.name; });

TEST(Geometry, KeepsRingsAndHolesApart) {
  const auto polygon =
      parse_geometry(3, Value("[[[0,0],[9,0],[9,9],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]"));

  ASSERT_TRUE(polygon) << polygon.error().detail;
  ASSERT_EQ(polygon->parts.size(), 1u);
  ASSERT_EQ(polygon->parts[0].size(), 2u);
  EXPECT_EQ(polygon->parts[0][1][1], (Position{2, 1}));
}

TEST(Geometry, RefusesMoreThanTenThousandPositions) {
  Value line = Value::array();
  for (int i = 0; i <= 10'000; ++i) line.push_back(Value::array({i * 0.001, 1.0}));

  const auto refused = parse_geometry(2, line);

  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("10000"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse

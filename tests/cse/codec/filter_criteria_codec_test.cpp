#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

Result<FilterCriteria> read(std::string_view text) {
  return filter_criteria_from_value(parse_json(text).value());
}

struct ConditionCase {
  std::string name;
  std::string right;  ///< a value that round trips
  std::string wrong;  ///< a value that is refused
};
const ConditionCase kConditions[] = {
    {"crb", R"("20261121T120000")", "1"},
    {"cra", R"("20261121T120000")", "1"},
    {"ms", R"("20261121T120000")", "true"},
    {"us", R"("20261121T120000")", "null"},
    {"sts", "5", "-5"},
    {"stb", "0", R"("0")"},
    {"exb", R"("20261121T120000")", "1"},
    {"exa", R"("20261121T120000")", "[]"},
    {"lbl", R"(["a","b:c"])", "[1]"},
    {"clbl", R"(["a"])", "{}"},
    {"palb", R"(["a"])", "1"},
    {"lbq", R"("a EQ b")", "[]"},
    {"ty", "[3,4]", R"(["3"])"},
    {"chty", "[3]", "true"},
    {"pty", "[2]", "[2.5]"},
    {"sza", "100", "1.5"},
    {"szb", "100", "-1"},
    {"cty", R"(["application/json"])", "[null]"},
    {"atr", R"([{"nm":"rn","val":"a*"},{"nm":"cr","val":"C"}])", R"([{"nm":"rn"}])"},
    {"catr", R"([{"nm":"rn","val":"a"}])", R"([{"nm":"rn","val":"a","x":1}])"},
    {"patr", R"([{"nm":"rn","val":"a"}])", R"(["rn=a"])"},
    {"smf", R"(["SELECT"])", "1"},
    {"cfs", "1", R"("jsonpath")"},
    {"cfq", R"("$.x")", "1"},
    {"gmty", "1", "null"},
    {"geom", R"("[1,2]")", "[1,2]"},
    {"gsf", "2", R"("within")"},
    {"ops", "[1,2]", R"(["C"])"},
    {"fu", "1", R"("discovery")"},
    {"fo", "2", "2.5"},
    {"lim", "10", "-1"},
    {"lvl", "1", "true"},
    {"ofst", "1", R"("1")"},
    {"arp", R"("a/b")", "1"},
};
class FilterCondition : public testing::TestWithParam<ConditionCase> {};

// TS-0004 clause 6.3.5.8, table 8.2.5-1
TEST_P(FilterCondition, RoundTrips) {
  const std::string text = "{\"" + GetParam().name + "\":" + GetParam().right + "}";

  const Result<FilterCriteria> filter = read(text);

  ASSERT_TRUE(filter) << filter.error().detail;
  EXPECT_NE(*filter, FilterCriteria{});
  EXPECT_EQ(to_json(to_value(*filter)), text);
}
TEST_P(FilterCondition, OfTheWrongTypeIsRefusedByName) {
  const Result<FilterCriteria> filter =
      read("{\"" + GetParam().name + "\":" + GetParam().wrong + "}");

  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().rsc, Rsc::kBadRequest);
  EXPECT_THAT(filter.error().detail, StartsWith("fc/" + GetParam().name + ": must "));
}
INSTANTIATE_TEST_SUITE_P(Each, FilterCondition, testing::ValuesIn(kConditions),
                         [](const auto& each) { return each.param.name; });

TEST(FilterCriteriaCodec, UnderstandsAListSentAsItsOnlyItem) {
  const Result<FilterCriteria> filter =
      read(R"({"ty":4,"lbl":"a","atr":{"nm":"mni","val":10},"fu":1})");

  ASSERT_TRUE(filter) << filter.error().detail;
  EXPECT_THAT(filter->resource_types, ElementsAre(4));
  EXPECT_THAT(filter->labels, ElementsAre("a"));
  EXPECT_THAT(filter->attributes, ElementsAre(AttributeCondition{"mni", "10"}));
}

TEST(FilterCriteriaCodec, RefusesWhatIsNoCondition) {
  const Result<FilterCriteria> filter = read(R"({"fu":1,"limit":3})");

  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().detail, "fc/limit: there is no such filter condition");
}

}  // namespace
}  // namespace gatehouse

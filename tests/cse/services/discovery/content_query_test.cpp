// contentFilterQuery in JSON-path syntax. Source: TS-0001 annex J.2, TS-0004 clause 7.3.3.17.13.
#include "cse/services/discovery/content_query.h"

#include <gmock/gmock.h>

#include "cse/services/discovery/discovery.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

constexpr const char* kData =
    R"({"t":21.5,"state":"on","room":[{"max temp":30,"n":"a.b"},{"max temp":40}],"note":"far too hot",
        "flag":true,"no":null})";

struct QueryCase {
  std::string name, query;
  bool matches;
};
class ContentQueryCase : public testing::TestWithParam<QueryCase> {};

TEST_P(ContentQueryCase, LooksIntoTheData) {
  const auto query = ContentQuery::parse(GetParam().query);
  ASSERT_TRUE(query) << query.error().detail;

  EXPECT_EQ(query->matches(*parse_json(kData)), GetParam().matches);
}
INSTANTIATE_TEST_SUITE_P(
    Keywords, ContentQueryCase,
    testing::Values(
        QueryCase{"eq_number", "$.t EQ 21.5", true}, QueryCase{"eq_other", "$.t EQ 21", false},
        QueryCase{"eq_text", "$.state EQ on", true},
        QueryCase{"eq_text_quoted", "$.state EQ \"on\"", true},
        QueryCase{"ne_number", "$.t NE 5", true}, QueryCase{"ne_same", "$.t NE 21.5", false},
        QueryCase{"ne_text", "$.state NE off", true}, QueryCase{"gt", "$.t GT 21", true},
        QueryCase{"gt_equal", "$.t GT 21.5", false}, QueryCase{"ge_equal", "$.t GE 21.5", true},
        QueryCase{"lt", "$.t LT 22", true}, QueryCase{"lt_equal", "$.t LT 21.5", false},
        QueryCase{"le_equal", "$.t LE 21.5", true}, QueryCase{"le_less", "$.t LE 21", false},
        QueryCase{"match", "$.note MATCH \"too hot\"", true},
        QueryCase{"match_not", "$.note MATCH cold", false},
        QueryCase{"list", "$.room[1].\"max temp\" EQ 40", true},
        QueryCase{"list_other", "$.room[0].\"max temp\" EQ 40", false},
        QueryCase{"behind_the_list", "$.room[2].\"max temp\" EQ 40", false},
        QueryCase{"no_list", "$.t[0] EQ 40", false}, QueryCase{"no_object", "$.t.x EQ 40", false},
        QueryCase{"not_there", "$.none NE 1", false},
        QueryCase{"text_is_no_number", "$.state EQ 1", false},
        QueryCase{"number_is_no_text", "$.t EQ \"21.5\"", false},
        QueryCase{"boolean_is_neither", "$.flag NE 1", false},
        QueryCase{"null_is_neither", "$.no NE x", false},
        QueryCase{"and", "$.t GT 1 AND $.state EQ on", true},
        QueryCase{"and_not", "$.t GT 1 AND $.state EQ off", false},
        QueryCase{"or", "$.t GT 100 OR $.state EQ on", true},
        QueryCase{"and_binds_first", "$.t GT 1 OR $.t GT 1 AND $.state EQ off", true},
        QueryCase{"spaces", "  $.t   GT 1  ", true}),
    [](const auto& each) { return each.param.name; });

TEST(ContentQueryText, IsRefusedWithTheWordAtFault) {
  std::string many = "$.a EQ 1";
  for (int i = 0; i < 64; ++i) many += " AND $.a EQ 1";
  std::string deep = "$";
  for (int i = 0; i < 33; ++i) deep += ".a";
  const std::pair<std::string, std::string> cases[] = {
      {"", "condition"},
      {"$.a", "condition"},
      {"$.a EQ", "condition"},
      {"a EQ 1", "'$'"},
      {"$a EQ 1", "no path"},
      {"$..a EQ 1", "no path"},
      {"$.a[x] EQ 1", "no path"},
      {"$.a[1 EQ 1", "no path"},
      {"$.a[-1] EQ 1", "no path"},
      {"$.a[99999999999999999999] EQ 1", "no path"},
      {"$.a IS 1", "IS"},
      {"$.a GT warm", "warm"},
      {"$.a MATCH 5", "MATCH"},
      {"$.a EQ 1 XOR $.a EQ 2", "XOR"},
      {"$.a EQ 1 AND", "condition"},
      {"$.\"a EQ 1", "second"},
      {many, "64"},
      {deep + " EQ 1", "no path"}};
  for (const auto& [query, said] : cases) {
    const auto parsed = ContentQuery::parse(query);
    ASSERT_FALSE(parsed) << query;
    EXPECT_EQ(parsed.error().rsc, Rsc::kBadRequest);
    EXPECT_THAT(parsed.error().detail, testing::HasSubstr(said)) << query;
  }
}

class ContentDiscovery : public testing::Test {
 protected:
  ContentDiscovery() : discovery(node.cse()) {
    node.create("CAdmin", "cse-in", 3, Value::object({{"rn", "c"}}));
    const auto add = [this](const char* name, Value content, const char* info) {
      node.create("CAdmin", "cse-in/c", 4,
                  Value::object({{"rn", name}, {"con", std::move(content)}, {"cnf", info}}));
    };
    add("warm", R"({"t":25})", "application/json:0");
    add("cold", R"({"t":5})", "application/json:0");
    add("vendor", R"({"t":30})", "application/vnd.x+json:0");
    add("text", R"({"t":25})", "text/plain:0");
    add("broken", R"({"t":)", "application/json:0");
    add("wrapped", "eyJ0IjoyNX0=", "application/json:1");
  }
  Response ask(std::optional<std::int64_t> syntax, std::optional<std::string> query) {
    Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
    request.filter = FilterCriteria{};
    request.filter->filter_usage = 1;
    request.filter->content_filter_syntax = syntax;
    request.filter->content_filter_query = std::move(query);
    return node.ask(std::move(request));
  }
  TestCse node;
  Discovery discovery;
};

TEST_F(ContentDiscovery, FindsInstancesByTheJsonThatTheyHold) {
  const Response found = ask(1, "$.t GT 20");

  EXPECT_THAT(tree_of(found.content)->strings_at("m2m:uril"),
              testing::ElementsAre("cse-in/c/warm", "cse-in/c/vendor"));
}

TEST_F(ContentDiscovery, NeedsSyntaxAndQuery) {
  EXPECT_EQ(ask(1, std::nullopt).rsc, Rsc::kBadRequest);
  EXPECT_EQ(ask(std::nullopt, "$.t GT 20").rsc, Rsc::kBadRequest);
  EXPECT_EQ(ask(2, "$.t GT 20").rsc, Rsc::kBadRequest);
  EXPECT_EQ(ask(1, "t > 20").rsc, Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

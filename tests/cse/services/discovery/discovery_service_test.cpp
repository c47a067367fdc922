#include <gmock/gmock.h>

#include "cse/schema/flex_containers.h"
#include "cse/services/discovery/discovery.h"
#include "cse/services/discovery/filter.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

/// cse-in/{house{kitchen{v1,v2},hall}} with labels, sizes and creators.
class DiscoveryTree : public testing::Test {
 protected:
  DiscoveryTree() : discovery(node.cse()) {
    node.add_ae("CAE1");
    node.create("CAdmin", "cse-in", 3,
                Value::object({{"rn", "house"}, {"lbl", Value::array({"floor:1", "warm"})}}));
    node.advance(std::chrono::seconds(10));
    node.create("CAdmin", "cse-in/house", 3,
                Value::object({{"rn", "kitchen"}, {"lbl", Value::array({"floor:2"})}, {"mni", 7}}));
    node.create("CAdmin", "cse-in/house", 3, Value::object({{"rn", "hall"}}));
    node.create("CAdmin", "cse-in/house/kitchen", 4,
                Value::object({{"rn", "v1"}, {"con", "12345"}, {"cnf", "text/plain:0"}}));
    node.create("CAdmin", "cse-in/house/kitchen", 4,
                Value::object({{"rn", "v2"}, {"con", "1"}, {"cnf", "application/json:0"}}));
  }

  std::vector<std::string> find(FilterCriteria filter, const std::string& who = "CAdmin",
                                const std::string& where = "cse-in/house",
                                std::optional<std::int64_t> drt = {}) {
    filter.filter_usage = 1;
    Request request = TestCse::request(Operation::kRetrieve, who, where);
    request.filter = filter;
    request.desired_identifier_result_type = drt;
    last = node.ask(request);
    EXPECT_EQ(last.rsc, Rsc::kOk) << TestCse::debug_text(last);
    auto tree = tree_of(last.content);
    return tree ? tree->strings_at("m2m:uril") : std::vector<std::string>{};
  }

  TestCse node;
  Discovery discovery;
  Response last;
};

struct FilterCase {
  std::string name;
  std::function<void(FilterCriteria&)> set;
  std::vector<std::string> found;  ///< names
};
class DiscoveryFilter : public DiscoveryTree, public testing::WithParamInterface<FilterCase> {};

// TS-0001 table 8.1.2-1
TEST_P(DiscoveryFilter, FindsWhatMatches) {
  FilterCriteria filter;
  GetParam().set(filter);

  std::vector<std::string> names;
  for (const std::string& path : find(filter)) names.push_back(path.substr(path.rfind('/') + 1));

  EXPECT_THAT(names, testing::ElementsAreArray(GetParam().found));
}
const std::string kEarly = "20270115T080005";  // between the house and what is in it
INSTANTIATE_TEST_SUITE_P(
    Conditions, DiscoveryFilter,
    testing::Values(
        FilterCase{"nothing", [](FilterCriteria&) {}, {"kitchen", "v1", "v2", "hall"}},
        FilterCase{"ty", [](FilterCriteria& f) { f.resource_types = {4}; }, {"v1", "v2"}},
        FilterCase{"ty_two",
                   [](FilterCriteria& f) {
                     f.resource_types = {3, 4};
                   },
                   {"kitchen", "v1", "v2", "hall"}},
        FilterCase{"lbl", [](FilterCriteria& f) { f.labels = {"floor:2"}; }, {"kitchen"}},
        FilterCase{"lbl_wildcard", [](FilterCriteria& f) { f.labels = {"floor:*"}; }, {"kitchen"}},
        FilterCase{"lbq_eq", [](FilterCriteria& f) { f.labels_query = "floor EQ 2"; }, {"kitchen"}},
        FilterCase{"lbq_not",
                   [](FilterCriteria& f) { f.labels_query = "NT floor"; },
                   {"v1", "v2", "hall"}},
        FilterCase{"cty", [](FilterCriteria& f) { f.content_types = {"text/plain"}; }, {"v1"}},
        FilterCase{"sza", [](FilterCriteria& f) { f.size_above = 5; }, {"v1"}},
        FilterCase{"szb", [](FilterCriteria& f) { f.size_below = 5; }, {"v2"}},
        FilterCase{"atr",
                   [](FilterCriteria& f) {
                     f.attributes = {{"mni", "7"}};
                   },
                   {"kitchen"}},
        FilterCase{"atr_wildcard",
                   [](FilterCriteria& f) {
                     f.attributes = {{"rn", "h*"}};
                   },
                   {"hall"}},
        FilterCase{"chty", [](FilterCriteria& f) { f.child_resource_types = {4}; }, {"kitchen"}},
        FilterCase{
            "pty", [](FilterCriteria& f) { f.parent_labels = {"warm"}; }, {"kitchen", "hall"}},
        FilterCase{"patr",
                   [](FilterCriteria& f) {
                     f.parent_attributes = {{"mni", "7"}};
                   },
                   {"v1", "v2"}},
        FilterCase{"stb", [](FilterCriteria& f) { f.state_tag_bigger = 2; }, {"kitchen", "v2"}},
        FilterCase{"and",
                   [](FilterCriteria& f) {
                     f.resource_types = {3};
                     f.labels = {"floor:2"};
                   },
                   {"kitchen"}},
        FilterCase{"or",
                   [](FilterCriteria& f) {
                     f.resource_types = {4};
                     f.labels = {"floor:2"};
                     f.filter_operation = 2;
                   },
                   {"kitchen", "v1", "v2"}},
        FilterCase{"xor",
                   [](FilterCriteria& f) {
                     f.resource_types = {3};
                     f.labels = {"floor:2"};
                     f.filter_operation = 3;
                   },
                   {"hall"}},
        FilterCase{"lvl", [](FilterCriteria& f) { f.level = 1; }, {"kitchen", "hall"}},
        FilterCase{"lim", [](FilterCriteria& f) { f.limit = 2; }, {"kitchen", "v1"}},
        FilterCase{"ofst", [](FilterCriteria& f) { f.offset = 3; }, {"v2", "hall"}},
        FilterCase{"arp",
                   [](FilterCriteria& f) {
                     f.resource_types = {3};
                     f.apply_relative_path = "v1";
                   },
                   {"v1"}},
        FilterCase{"arp_latest",
                   [](FilterCriteria& f) {
                     f.labels = {"floor:2"};
                     f.apply_relative_path = "la";
                   },
                   {"la"}}),
    [](const auto& each) { return each.param.name; });

TEST_F(DiscoveryTree, ALimitedAnswerSaysWhereTheRestBegins) {
  FilterCriteria filter;
  filter.limit = 3;
  find(filter);

  EXPECT_EQ(last.content_status, 1);
  EXPECT_EQ(last.content_offset, 4);
}

// TS-0004 clause 7.3.3.17: DISCOVERY privilege per resource, others skipped in silence
TEST_F(DiscoveryTree, ShowsNothingThatTheOriginatorMayNotDiscover) {
  EXPECT_TRUE(find({}, "CAE1").empty());
}

TEST_F(DiscoveryTree, NamesResourcesByIdentifierWhenAskedTo) {
  FilterCriteria filter;
  filter.labels = {"floor:2"};

  EXPECT_EQ(find(filter, "CAdmin", "cse-in/house", 2),
            std::vector<std::string>{node.find("cse-in/house/kitchen")->id().text});
}

// TS-0001 clause 10.2.6.1: who names itself SP-relative asks from elsewhere, or over another CSE.
TEST(DiscoveredAddresses, AreInTheFormInWhichTheOriginatorIsNamed) {
  CseSettings open;
  open.admit_unregistered = true;
  TestCse node(open);
  Discovery discovery(node.cse());
  const std::pair<const char*, const char*> cases[] = {
      {"CAdmin", "cse-in/acpAdministrator"}, {"/id-in/CAdmin", "/id-in/cse-in/acpAdministrator"}};
  for (const auto& [from, expected] : cases) {
    Request request = TestCse::request(Operation::kRetrieve, from, "cse-in");
    request.filter = FilterCriteria{};
    request.filter->filter_usage = 1;
    request.filter->limit = 1;
    request.peer = std::make_shared<Peer>();

    const Response answer = node.ask(std::move(request));

    EXPECT_EQ(tree_of(answer.content)->strings_at("m2m:uril"), std::vector<std::string>{expected});
  }
}

// TS-0001 clause 8.1.2 (rcn 4): children inside their parents
TEST_F(DiscoveryTree, NestsChildrenInsideTheirParents) {
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/house");
  request.result_content = 4;

  const Value house = TestCse::attributes(node.ask(request));

  const Value* containers = house.find("m2m:cnt");
  ASSERT_TRUE(containers && containers->size() == 2);
  EXPECT_EQ(house.string_at("rn"), "house");
  EXPECT_EQ(containers->as_array()->front().find("m2m:cin")->size(), 2u);
}

TEST_F(DiscoveryTree, Rcn8LeavesOutTheAttributesOfTheTarget) {
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/house");
  request.result_content = 8;

  const Value house = TestCse::attributes(node.ask(request));

  EXPECT_FALSE(house.contains("rn"));
  EXPECT_TRUE(house.contains("m2m:cnt"));
}

TEST_F(DiscoveryTree, Rcn6GivesReferences) {
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/house");
  request.result_content = 6;
  request.filter = FilterCriteria{};
  request.filter->level = 1;

  const Value references = TestCse::attributes(node.ask(request));

  const Value* list = references.find("rrf");
  ASSERT_TRUE(list && list->size() == 2);
  EXPECT_EQ(list->as_array()->front().string_at("nm"), "kitchen");
  EXPECT_EQ(list->as_array()->front().integer_at("typ"), 3);
  EXPECT_EQ(list->as_array()->front().string_at("val"), "cse-in/house/kitchen");
}

// TS-0004 clause 7.3.3.7: a conditional request without a match is 4004
TEST_F(DiscoveryTree, AConditionalRequestNeedsAMatch) {
  Request request = TestCse::request(Operation::kDelete, "CAdmin", "cse-in/house/hall");
  request.filter = FilterCriteria{};
  request.filter->labels = {"floor:2"};

  EXPECT_EQ(node.ask(request).rsc, Rsc::kNotFound);
  EXPECT_NE(node.find("cse-in/house/hall"), nullptr);
}

// TS-0004 clause 7.3.3.17.9: a condition is on an attribute
TEST_F(DiscoveryTree, ANameThatIsNoAttributeIsRefused) {
  node.schemas().set_specialisations(std::make_shared<FlexContainers>());
  const auto ask = [this](const char* name, bool discover,
                          std::vector<AttributeCondition> FilterCriteria::*list) {
    Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/house");
    request.filter = FilterCriteria{};
    if (discover) request.filter->filter_usage = 1;
    (*request.filter.*list).push_back({name, "1"});
    return node.ask(request);
  };

  for (const bool discover : {true, false}) {
    for (const auto list : {&FilterCriteria::attributes, &FilterCriteria::child_attributes,
                            &FilterCriteria::parent_attributes}) {
      const Response refused = ask("wrong", discover, list);
      EXPECT_EQ(refused.rsc, Rsc::kBadRequest);
      EXPECT_THAT(TestCse::debug_text(refused), testing::HasSubstr("\"wrong\""));
    }
    // Universal, of another type, and of a flexContainer only (cod:tempe).
    for (const char* known : {"ri", "cr", "aei", "curT0"}) {
      EXPECT_NE(ask(known, discover, &FilterCriteria::attributes).rsc, Rsc::kBadRequest) << known;
    }
  }
}

// TS-0001 table 9.6.6-2 (disableRetrieval), clause 10.2.6.2: references are to what the originator
// may RETRIEVE.
TEST_F(DiscoveryTree, InstancesThatCannotBeRetrievedAreNotShownWithTheirContainer) {
  node.update("CAdmin", "cse-in/house/kitchen", "m2m:cnt", Value::object({{"disr", true}}));
  node.create("CAdmin", "cse-in/house/kitchen", 3, Value::object({{"rn", "table"}}));
  for (const int wanted : {4, 5, 6, 8}) {
    SCOPED_TRACE(wanted);
    Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/house/kitchen");
    request.result_content = wanted;

    const std::string answer = to_json(*tree_of(node.ask(request).content));

    EXPECT_THAT(answer, testing::Not(testing::HasSubstr("\"v1\"")));
    EXPECT_THAT(answer, testing::HasSubstr("\"table\""));
  }
}

TEST_F(DiscoveryTree, UnsupportedConditionsAreNamed) {
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/house");
  request.filter = FilterCriteria{};
  request.filter->filter_usage = 1;
  request.filter->semantics_filters = {"SELECT ?x"};

  const Response refused = node.ask(request);

  EXPECT_EQ(refused.rsc, Rsc::kNotImplemented);
  EXPECT_THAT(TestCse::debug_text(refused), testing::HasSubstr("smf"));
}

}  // namespace
}  // namespace gatehouse::test

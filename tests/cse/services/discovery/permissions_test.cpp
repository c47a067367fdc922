#include <gmock/gmock.h>

#include "cse/services/discovery/discovery.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

/// cse-in/{open{a}, shut}: CAE1 may look at all of it, and do everything below "open".
class Permitted : public testing::Test {
 protected:
  Permitted() : discovery(node.cse()) {
    node.add_ae("CAE1");
    policy("look", 2 + 32);
    policy("all", 63);
    put("cse-in", "open", "all");
    put("cse-in/open", "a", "all");
    put("cse-in", "shut", "look");
  }
  void policy(const char* name, int operations) {
    const Value rule =
        Value::object({{"acor", Value::array({"CAE1"})}, {"acop", std::int64_t{operations}}});
    const Value own = Value::object({{"acor", Value::array({"CAdmin"})}, {"acop", 63}});
    const auto rules = [](const Value& one) {
      return Value::object({{"acr", Value::array({one})}});
    };
    node.create("CAdmin", "cse-in", 1,
                Value::object({{"rn", name}, {"pv", rules(rule)}, {"pvs", rules(own)}}));
  }
  void put(const std::string& parent, const char* name, const std::string& its_policy) {
    node.create("CAdmin", parent, 3,
                Value::object({{"rn", name}, {"acpi", Value::array({"cse-in/" + its_policy})}}));
  }
  Response ask(const std::string& to, std::int64_t rcn, std::vector<std::int64_t> operations,
               const std::string& who = "CAE1") {
    Request request = TestCse::request(Operation::kRetrieve, who, to);
    if (rcn != 0) request.result_content = rcn;
    if (!operations.empty() || rcn == 0) {
      request.filter.emplace();
      request.filter->operations = std::move(operations);
      if (rcn == 0) request.filter->filter_usage = 1;
      if (rcn != 12) request.filter->resource_types = {3};
    }
    return node.ask(request);
  }
  /// accessControlOperations of the one rule; 0: there is none.
  static std::int64_t shown(const Response& response) {
    const Value attributes = TestCse::attributes(response);
    const Value* privileges = attributes.find("pv");
    if (!privileges || !privileges->find("acr")->as_array()) return -1;
    const Value::Array& rules = *privileges->find("acr")->as_array();
    return rules.empty() ? 0 : rules.front().integer_at("acop");
  }

  TestCse node;
  Discovery discovery;
};

// TS-0001 table 8.1.2-1 (resultContent 12)
TEST_F(Permitted, AnswersWhatTheOriginatorMayDo) {
  EXPECT_EQ(shown(ask("cse-in/open", 12, {})), 63);
  EXPECT_EQ(shown(ask("cse-in/shut", 12, {})), 34);
}

TEST_F(Permitted, AnswersOnlyTheOperationsAskedFor) {
  EXPECT_EQ(shown(ask("cse-in/open", 12, {1 + 4})), 5);
  EXPECT_EQ(shown(ask("cse-in/shut", 12, {2 + 4})), 2);
  EXPECT_EQ(shown(ask("cse-in/shut", 12, {8})), 0);
}

TEST_F(Permitted, SaysNothingToWhoMayNotRetrieve) {
  EXPECT_EQ(ask("cse-in/shut", 12, {}, "CAE9").rsc, Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(Permitted, ObeysTheOtherCriteria) {
  Request request = TestCse::request(Operation::kRetrieve, "CAE1", "cse-in/open");
  request.result_content = 12;
  request.filter.emplace();
  request.filter->resource_types = {2};

  EXPECT_EQ(node.ask(request).rsc, Rsc::kNotFound);
}

// TS-0001 table 8.1.2-2 (operations)
TEST_F(Permitted, DiscoveryFindsWhereTheOperationsAreAllowed) {
  const auto found = [this](std::int64_t operations) {
    const Response response = ask("cse-in", 0, {operations});
    return tree_of(response.content)->strings_at("m2m:uril");
  };

  EXPECT_THAT(found(2), testing::ElementsAre("cse-in/open", "cse-in/open/a", "cse-in/shut"));
  EXPECT_THAT(found(2 + 1), testing::ElementsAre("cse-in/open", "cse-in/open/a"));
}

TEST_F(Permitted, ChildrenAreShownWhereTheOperationsAreAllowed) {
  const Response response = ask("cse-in", 6, {8});

  const Value list = *tree_of(response.content)->find("m2m:rrl");
  ASSERT_EQ(list.find("rrf")->size(), 2u) << to_json(list);
}

TEST_F(Permitted, WhatIsNoSumOfOperationsIsRefused) {
  EXPECT_EQ(ask("cse-in", 0, {64}).rsc, Rsc::kBadRequest);
  EXPECT_EQ(ask("cse-in/open", 12, {0}).rsc, Rsc::kBadRequest);
}

TEST_F(Permitted, IsNoConditionOfASingleResource) {
  EXPECT_EQ(ask("cse-in/open", 1, {2}).rsc, Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

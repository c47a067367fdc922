// How a notification target leaves a subscription.
#include "cse/services/subscription/target_removal.h"

#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using test::RecordingSender;
using test::SubscriptionNode;
using test::TestCse;

class Leaving : public testing::Test {
 protected:
  Leaving() {
    add_target_policies(node.node.cse());
    node.add_container();
    node.node.add_ae("CAE2", Value::object({{"poa", Value::array({"http://ae2"})}}));
    EXPECT_EQ(node.subscribe("sub", Value::object({{"nu", Value::array({"CAE2"})}})).rsc,
              Rsc::kCreated);
    node.http.sent.clear();
  }
  Response create(const std::string& to, int type, const std::string& json) {
    return node.node.create("CAE1", to, type, *parse_json(json));
  }
  std::string policy(int action, const std::string& label, const std::string& more = "") {
    const Response made = create("cse-in", type_number::kNotificationTargetPolicy,
                                 R"({"rn":"ntp","acn":)" + std::to_string(action) + R"(,"plbl":")" +
                                     label + "\"" + more + "}");
    EXPECT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
    return TestCse::attributes(made).string_at("ri");
  }
  void refer(const std::string& id) {
    EXPECT_EQ(create("CAE1/cnt/sub", type_number::kNotificationTargetMgmtPolicyRef,
                     R"({"ntu":["CAE2"],"npi":")" + id + "\"}")
                  .rsc,
              Rsc::kCreated);
  }
  Rsc leave(const std::string& who = "CAE2") {
    return node.node.remove(who, "CAE1/cnt/sub/ntsr").rsc;
  }
  bool is_target() {
    return !node.node.find("CAE1/cnt/sub")->attributes().strings_at("nu").empty();
  }
  SubscriptionNode node;
};

struct ActionCase {
  std::string name;
  int action;
  Rsc creator, expected;
  std::string indication;  ///< told to the creator; empty: nothing
};
class Actions : public Leaving, public testing::WithParamInterface<ActionCase> {};

// TS-0004 clause 7.4.33.2.4
TEST_P(Actions, AreThoseOfTheCreatorsDefaultPolicy) {
  policy(GetParam().action, "Default");
  node.http.answers = [](const RecordingSender::Sent&) { return GetParam().creator; };

  EXPECT_EQ(leave(), GetParam().expected);

  EXPECT_EQ(is_target(), GetParam().expected != Rsc::kDeleted);
  const auto told = node.http.notifications("http://ae1");
  ASSERT_EQ(told.size(), GetParam().indication.empty() ? 0u : 1u);
  if (told.empty()) return;
  EXPECT_TRUE(told[0].bool_at(GetParam().indication));
  EXPECT_EQ(told[0].string_at("ntt"), "CAE2");
}
INSTANTIATE_TEST_SUITE_P(
    All, Actions,
    testing::Values(ActionCase{"accept", 1, Rsc::kOk, Rsc::kDeleted, ""},
                    ActionCase{"reject", 2, Rsc::kOk, Rsc::kOriginatorHasNoPrivilege, ""},
                    ActionCase{"consent", 3, Rsc::kOk, Rsc::kDeleted, "tra"},
                    ActionCase{"no_consent", 3, Rsc::kOriginatorHasNoPrivilege,
                               Rsc::kOriginatorHasNoPrivilege, "tra"},
                    ActionCase{"inform", 4, Rsc::kOk, Rsc::kOriginatorHasNoPrivilege, "trr"}),
    [](const auto& each) { return each.param.name; });

TEST_F(Leaving, WithoutAPolicyTheProvidersDecides) {
  EXPECT_EQ(leave(), Rsc::kOriginatorHasNoPrivilege);
  EXPECT_TRUE(node.node.find("cse-in/defaultNTP"));
}

TEST_F(Leaving, OnlyATargetMayLeave) {
  policy(1, "Default");
  EXPECT_EQ(leave("CAE1"), Rsc::kOriginatorHasNoPrivilege);
  EXPECT_TRUE(is_target());
}

TEST_F(Leaving, AReferenceComesBeforeTheDefault) {
  refer(policy(1, "other"));
  EXPECT_EQ(leave(), Rsc::kDeleted);
}

TEST_F(Leaving, AReferenceToNothingIsNone) {
  refer("none");
  EXPECT_EQ(leave(), Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(Leaving, TheVirtualResourceKnowsOnlyDelete) {
  EXPECT_EQ(node.node.retrieve("CAE1", "CAE1/cnt/sub/ntsr").rsc, Rsc::kOperationNotAllowed);
  EXPECT_EQ(node.node.update("CAE1", "CAE1/cnt/sub/ntsr", "m2m:sub", Value::object()).rsc,
            Rsc::kOperationNotAllowed);
}

struct RuleCase {
  std::string name;
  std::vector<std::string> rules;
  std::int64_t relation;
  bool expected;
};
class DeletionRules : public testing::TestWithParam<RuleCase> {};

// TS-0001 clauses 9.6.32 and 9.6.33. It is 08:00:00 on 2027-01-15.
TEST_P(DeletionRules, SayWhenTheActionHolds) {
  std::vector<Value> rules;
  for (const std::string& text : GetParam().rules) rules.push_back(*parse_json(text));

  EXPECT_EQ(rules_hold(rules, GetParam().relation, *parse_timestamp("20270115T080000")),
            GetParam().expected);
}
constexpr const char* kNever = R"({"dr":{"tod":["* * 9 * * * *"]}})";
constexpr const char* kNow = R"({"dr":{"tod":["* * 8 * * * *"]}})";
INSTANTIATE_TEST_SUITE_P(
    Table, DeletionRules,
    testing::Values(
        RuleCase{"none", {}, 1, true}, RuleCase{"empty", {"{}"}, 1, true},
        RuleCase{"empty_list", {R"({"dr":{"tod":[]}})"}, 1, true}, RuleCase{"now", {kNow}, 1, true},
        RuleCase{"later", {kNever}, 1, false},
        RuleCase{"either", {R"({"dr":{"tod":["* * 9 * * * *","* * 8 * * * *"]}})"}, 1, true},
        RuleCase{"both", {R"({"drr":1,"dr":{"tod":["* * 9 * * * *","* * 8 * * * *"]}})"}, 1, false},
        RuleCase{"unknown_place", {R"({"dr":{"lr":[{"accc":["KR"]}]}})"}, 1, false},
        RuleCase{"two_and", {kNow, kNever}, 1, false}, RuleCase{"two_or", {kNow, kNever}, 2, true}),
    [](const auto& each) { return each.param.name; });

TEST_F(Leaving, OnlyWhileTheRulesHold) {
  refer(policy(1, "other"));
  create("cse-in/ntp", type_number::kPolicyDeletionRules, R"({"dr":{"tod":["* * 9 * * * *"]}})");

  EXPECT_EQ(leave(), Rsc::kOriginatorHasNoPrivilege);
}

// TS-0004 clauses 7.4.30.2.1 and 7.4.32.2.1
TEST_F(Leaving, PoliciesAreUnambiguous) {
  const std::string id = policy(1, "other");
  refer(id);
  EXPECT_EQ(create("CAE1/cnt/sub", type_number::kNotificationTargetMgmtPolicyRef,
                   R"({"ntu":["x","CAE2"]})")
                .rsc,
            Rsc::kConflict);
  EXPECT_EQ(
      create("cse-in", type_number::kNotificationTargetPolicy, R"({"acn":2,"plbl":"other"})").rsc,
      Rsc::kBadRequest);
  for (const Rsc expected : {Rsc::kCreated, Rsc::kCreated, Rsc::kConflict}) {
    EXPECT_EQ(create("cse-in/ntp", type_number::kPolicyDeletionRules, "{}").rsc, expected);
  }
  EXPECT_EQ(
      create("cse-in/ntp", type_number::kPolicyDeletionRules, R"({"dr":{"tod":["never"]}})").rsc,
      Rsc::kConflict);
}

TEST_F(Leaving, TheProvidersPolicyStays) {
  EXPECT_EQ(node.node.remove("CAdmin", "cse-in/defaultNTP").rsc, Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse

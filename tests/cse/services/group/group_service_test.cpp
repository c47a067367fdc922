#include <gmock/gmock.h>

#include "cse/services/group/group.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class Groups : public testing::Test {
 protected:
  Groups() {
    add_groups(node.cse());
    node.add_ae("CAE1");
    node.add_ae("CAE2");
    for (const char* name : {"a", "b", "c"}) {
      node.create("CAdmin", "cse-in", 3, Value::object({{"rn", name}}));
    }
  }

  Response make_group(Value members, Value more = Value::object()) {
    more.set("rn", "g");
    more.set("mid", std::move(members));
    if (!more.contains("mnm")) more.set("mnm", 10);
    return node.create("CAdmin", "cse-in", 9, std::move(more));
  }
  static std::vector<std::int64_t> codes(const Response& response) {
    std::vector<std::int64_t> list;
    const Value answers = TestCse::attributes(response);
    if (const Value* each = answers.find("m2m:rsp")) {
      for (const Value& one : *each->as_array()) list.push_back(one.integer_at("rsc"));
    }
    return list;
  }

  TestCse node;
};

// TS-0004 clause 7.4.13.2.1
TEST_F(Groups, DropDuplicateMembersAndCountTheRest) {
  const Response made = make_group(Value::array({"cse-in/a", "cse-in/b", "cse-in/a"}));

  ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  EXPECT_EQ(TestCse::attributes(made).integer_at("cnm"), 2);
  EXPECT_EQ(TestCse::attributes(made).strings_at("mid"),
            (std::vector<std::string>{"cse-in/a", "cse-in/b"}));
  EXPECT_TRUE(TestCse::attributes(made).bool_at("mtv"));
}

// TS-0004 clause 7.4.13.2.1
TEST_F(Groups, RefuseMoreMembersThanAllowed) {
  const Response made =
      make_group(Value::array({"cse-in/a", "cse-in/b"}), Value::object({{"mnm", 1}}));

  EXPECT_EQ(made.rsc, Rsc::kMaxNumberOfMemberExceeded);
  EXPECT_THAT(TestCse::debug_text(made), testing::HasSubstr("mid (memberIDs)"));
}

struct StrategyCase {
  std::string name;
  int strategy;
  Rsc expected;
  std::size_t members;
  std::int64_t member_type;
};
class GroupStrategy : public Groups, public testing::WithParamInterface<StrategyCase> {};

// TS-0001 table 9.6.13-2 (consistencyStrategy)
TEST_P(GroupStrategy, DecidesAboutAMemberOfAnotherType) {
  const StrategyCase& c = GetParam();

  const Response made = make_group(Value::array({"cse-in/a", "CAE1"}),
                                   Value::object({{"mt", 3}, {"csy", c.strategy}}));

  EXPECT_EQ(made.rsc, c.expected) << TestCse::debug_text(made);
  if (made.rsc != Rsc::kCreated) return;
  EXPECT_EQ(TestCse::attributes(made).strings_at("mid").size(), c.members);
  EXPECT_EQ(TestCse::attributes(made).integer_at("mt"), c.member_type);
}
INSTANTIATE_TEST_SUITE_P(Each, GroupStrategy,
                         testing::Values(StrategyCase{"abandon_member", 1, Rsc::kCreated, 1, 3},
                                         StrategyCase{"abandon_group", 2,
                                                      Rsc::kGroupMemberTypeInconsistent, 0, 0},
                                         StrategyCase{"set_mixed", 3, Rsc::kCreated, 2, 0}),
                         [](const auto& each) { return each.param.name; });

// TS-0004 clause 7.4.14.2
TEST_F(Groups, FanOutReachesEveryMemberAndGathersTheAnswers) {
  make_group(Value::array({"cse-in/a", "cse-in/b", "cse-in/c"}));

  const Response answer = node.create("CAdmin", "cse-in/g/fopt", 4, Value::object({{"con", "x"}}));

  EXPECT_EQ(answer.rsc, Rsc::kOk);
  EXPECT_THAT(codes(answer), testing::ElementsAre(2001, 2001, 2001));
  for (const char* member : {"a", "b", "c"}) {
    EXPECT_EQ(node.find(std::string("cse-in/") + member)->attributes().integer_at("cni"), 1)
        << member;
  }
}

// TS-0004 clause 7.4.14.1
TEST_F(Groups, FanOutAppendsThePathBehindIt) {
  make_group(Value::array({"cse-in/a", "cse-in/b"}));
  node.create("CAdmin", "cse-in/a", 4, Value::object({{"con", "in a"}}));

  const Response answer = node.retrieve("CAdmin", "cse-in/g/fopt/la");

  EXPECT_EQ(answer.rsc, Rsc::kOk);
  EXPECT_THAT(codes(answer), testing::UnorderedElementsAre(2000, 4004));
}

// TS-0004 clause 7.4.14.2.4
TEST_F(Groups, MembersDeletedThroughTheGroupLeaveIt) {
  make_group(Value::array({"cse-in/a", "cse-in/b"}));

  const Response answer = node.remove("CAdmin", "cse-in/g/fopt");
  node.settle();

  EXPECT_THAT(codes(answer), testing::ElementsAre(2002, 2002));
  EXPECT_EQ(node.find("cse-in/g")->attributes().integer_at("cnm"), 0);
  EXPECT_EQ(node.find("cse-in/a"), nullptr);
}

TEST_F(Groups, FanOutOfAnEmptyGroupIsRefused) {
  make_group(Value::array());

  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/g/fopt").rsc, Rsc::kNoMembers);
}

// TS-0004 clause 7.3.2.6.1 (gid)
TEST_F(Groups, TheSameGroupRequestIdentifierIsRefusedTheSecondTime) {
  make_group(Value::array({"cse-in/a"}));
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/g/fopt");
  request.group_request_identifier = "gid-1";

  EXPECT_EQ(node.ask(request).rsc, Rsc::kOk);
  EXPECT_EQ(node.ask(request).rsc, Rsc::kGroupRequestIdentifierExists);
}

TEST_F(Groups, OnlyTargetMembersAreAskedWhenTheRequestNamesThem) {
  make_group(Value::array({"cse-in/a", "cse-in/b"}));
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in/g/fopt");
  request.group_request_target_members = {"cse-in/b"};

  EXPECT_EQ(codes(node.ask(request)).size(), 1u);
  request.group_request_target_members = {"cse-in/c"};
  EXPECT_EQ(node.ask(request).rsc, Rsc::kBadRequest);
}

TEST_F(Groups, MembersPolicyDecidesWhoMayFanOut) {
  const Value everybody = Value::object(
      {{"acr", Value::array({Value::object({{"acor", Value::array({"CAE2"})}, {"acop", 2}})})}});
  node.create("CAdmin", "cse-in", 1,
              Value::object({{"rn", "p"}, {"pv", everybody}, {"pvs", everybody}}));
  make_group(Value::array({"cse-in/a"}), Value::object({{"macp", Value::array({"cse-in/p"})}}));

  EXPECT_EQ(node.retrieve("CAE2", "cse-in/g/fopt").rsc, Rsc::kOk);
  EXPECT_EQ(node.retrieve("CAE1", "cse-in/g/fopt").rsc, Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(Groups, FewerAllowedThanPresentIsRefusedOnUpdate) {
  make_group(Value::array({"cse-in/a", "cse-in/b"}));

  EXPECT_EQ(node.update("CAdmin", "cse-in/g", "m2m:grp", Value::object({{"mnm", 1}})).rsc,
            Rsc::kMaxNumberOfMemberExceeded);
}

}  // namespace
}  // namespace gatehouse::test

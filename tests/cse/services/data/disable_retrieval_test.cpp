// disableRetrieval and deletionCnt. Source: TS-0001 tables 9.6.6-2 and 9.6.7-1.
#include "cse/services/data/containers.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class DisableRetrieval : public testing::Test {
 protected:
  DisableRetrieval() {
    node.create("CAdmin", "cse-in", 3, Value::object({{"rn", "c"}, {"disr", true}}));
    node.create("CAdmin", "cse-in/c", 4, Value::object({{"rn", "i"}, {"con", "x"}}));
  }
  Rsc set(Value disr) {
    return node.update("CAdmin", "cse-in/c", "m2m:cnt", Value::object({{"disr", disr}})).rsc;
  }
  TestCse node;
};

TEST_F(DisableRetrieval, HidesEveryInstance) {
  for (const char* name : {"i", "la", "ol"}) {
    SCOPED_TRACE(name);
    const std::string to = std::string("cse-in/c/") + name;
    EXPECT_EQ(node.retrieve("CAdmin", to).rsc, Rsc::kOperationNotAllowed);
    EXPECT_EQ(node.remove("CAdmin", to).rsc, Rsc::kOperationNotAllowed);
  }
}

TEST_F(DisableRetrieval, WhatCameMeanwhileGoesWhenItEnds) {
  ASSERT_EQ(set(false), Rsc::kUpdated);

  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/i").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.find("cse-in/c")->attributes().integer_at("cni"), 0);
  EXPECT_EQ(node.find("cse-in/c")->attributes().integer_at("cbs"), 0);
}

TEST_F(DisableRetrieval, ItsRemovalEndsItToo) {
  ASSERT_EQ(set({}), Rsc::kUpdated);
  node.create("CAdmin", "cse-in/c", 4, Value::object({{"rn", "j"}, {"con", "x"}}));

  ASSERT_EQ(set(false), Rsc::kUpdated);

  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/j").rsc, Rsc::kOk) << "it could be read before";
}

TEST_F(DisableRetrieval, TheContainerCanBeDeleted) {
  EXPECT_EQ(node.remove("CAdmin", "cse-in/c").rsc, Rsc::kDeleted);
}

TEST_F(DisableRetrieval, PrivilegeComesFirst) {
  node.add_ae("CAE1");

  EXPECT_EQ(node.retrieve("CAE1", "cse-in/c/i").rsc, Rsc::kOriginatorHasNoPrivilege);
}

// TS-0001 table 9.6.7-1 (deletionCnt)
TEST(DeletionCount, AnInstanceGoesWithItsLastRead) {
  TestCse node;
  node.create("CAdmin", "cse-in", 3, Value::object({{"rn", "c"}}));
  node.create("CAdmin", "cse-in/c", 4, Value::object({{"rn", "i"}, {"con", "x"}, {"dcnt", 3}}));
  const auto read = [&node](const char* to) {
    return TestCse::attributes(node.retrieve("CAdmin", to)).integer_at("dcnt");
  };

  EXPECT_EQ(read("cse-in/c/i"), 3);
  EXPECT_EQ(read("cse-in/c/la"), 2);
  EXPECT_EQ(read("cse-in/c/i"), 1);

  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/i").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.find("cse-in/c")->attributes().integer_at("cni"), 0);
}

TEST(DeletionCount, WhoMayNotReadUsesNothingUp) {
  TestCse node;
  node.add_ae("CAE1");
  node.create("CAdmin", "cse-in", 3, Value::object({{"rn", "c"}}));
  node.create("CAdmin", "cse-in/c", 4, Value::object({{"rn", "i"}, {"con", "x"}, {"dcnt", 1}}));

  EXPECT_EQ(node.retrieve("CAE1", "cse-in/c/i").rsc, Rsc::kOriginatorHasNoPrivilege);

  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/i").rsc, Rsc::kOk);
}

}  // namespace
}  // namespace gatehouse::test

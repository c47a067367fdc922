// The way of a request through the whole core.
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

class Requests : public testing::Test {
 protected:
  Requests() {
    node.add_ae("CAE1");
    node.add_ae("CAE2");
  }
  TestCse node;
};

TEST_F(Requests, TheBaseIsThereAndSeenByAll) {
  const Response answer = node.retrieve("CAE1", "cse-in");

  EXPECT_EQ(answer.rsc, Rsc::kOk);
  EXPECT_EQ(TestCse::attributes(answer).string_at("csi"), "/id-in");
}

TEST_F(Requests, CreateRetrieveUpdateDelete) {
  const Response made = node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}, {"mni", 3}}));
  ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  EXPECT_EQ(made.content_location, "cse-in/CAE1/cnt");

  const Response changed =
      node.update("CAE1", "cse-in/CAE1/cnt", "m2m:cnt", Value::object({{"mni", 5}}));
  EXPECT_EQ(changed.rsc, Rsc::kUpdated);

  const Value read = TestCse::attributes(node.retrieve("CAE1", "/id-in/cse-in/CAE1/cnt"));
  EXPECT_EQ(read.integer_at("mni"), 5);
  EXPECT_EQ(read.integer_at("st"), 1);

  EXPECT_EQ(node.remove("CAE1", read.string_at("ri")).rsc, Rsc::kDeleted);
  EXPECT_EQ(node.retrieve("CAE1", "cse-in/CAE1/cnt").rsc, Rsc::kNotFound);
}

TEST_F(Requests, AnIdentifierAndAllFormsOfAPathNameTheSame) {
  const Value made =
      TestCse::attributes(node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}})));
  const std::string ri = made.string_at("ri");

  for (const std::string& to :
       {ri, "/id-in/" + ri, std::string("cse-in/CAE1/cnt"), std::string("-/CAE1/cnt"),
        std::string("CAE1/cnt"), std::string("//gatehouse.example/id-in/-/CAE1/cnt")}) {
    EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", to)).string_at("ri"), ri) << to;
  }
}

TEST_F(Requests, AStrangerHasNoAccess) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));

  EXPECT_EQ(node.retrieve("CAE2", "CAE1/cnt").rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(node.remove("CAE2", "CAE1/cnt").rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(node.create("CAE2", "CAE1/cnt", 4, Value::object({{"con", "x"}})).rsc,
            Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(node.retrieve("CAdmin", "CAE1/cnt").rsc, Rsc::kOk);
}

// TS-0004 clause 7.3.3.5: a name is unique among siblings.
TEST_F(Requests, ATakenNameIsAConflictAndLeavesNoTrace) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));

  EXPECT_EQ(node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}})).rsc, Rsc::kConflict);

  EXPECT_EQ(node.remove("CAE1", "CAE1/cnt").rsc, Rsc::kDeleted);
  EXPECT_FALSE(node.find("CAE1/cnt"));
}

TEST_F(Requests, AWholeBranchIsDeletedWithItsTop) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "a"}}));
  node.create("CAE1", "CAE1/a", 3, Value::object({{"rn", "b"}}));
  node.create("CAE1", "CAE1/a/b", 4, Value::object({{"rn", "c"}, {"con", "x"}}));
  const auto before = node.store()->count();

  EXPECT_EQ(node.remove("CAE1", "CAE1/a").rsc, Rsc::kDeleted);

  EXPECT_EQ(*node.store()->count(), *before - 3);
}

// TS-0004 clause 7.4.7.2.1
TEST_F(Requests, OnlyTheNewestInstancesStay) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}, {"mni", 2}}));
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(node.create("CAE1", "CAE1/cnt", 4, Value::object({{"con", std::to_string(i)}})).rsc,
              Rsc::kCreated);
  }

  EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt")).integer_at("cni"), 2);
  EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt/la")).string_at("con"), "5");
  EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt/ol")).string_at("con"), "4");
}

TEST_F(Requests, WritesOfOneBatchSeeEachOther) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));
  std::vector<std::shared_ptr<std::optional<Response>>> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(
        node.send(node.create_request("CAE1", "CAE1/cnt", 4, Value::object({{"con", "12"}}))));
  }
  auto clash = node.send(node.create_request("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}})));
  node.settle();

  for (const auto& answer : answers) EXPECT_EQ((*answer)->rsc, Rsc::kCreated);
  EXPECT_EQ((*clash)->rsc, Rsc::kConflict);
  const Value read = TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt"));
  EXPECT_EQ(read.integer_at("cni"), 50);
  EXPECT_EQ(read.integer_at("cbs"), 100);
}

TEST_F(Requests, StateSurvivesARestart) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));
  node.create("CAE1", "CAE1/cnt", 4, Value::object({{"con", "kept"}}));

  TestCse again({}, node.store(), node.shared_clock());
  again.start();

  EXPECT_EQ(TestCse::attributes(again.retrieve("CAE1", "CAE1/cnt/la")).string_at("con"), "kept");
}

TEST(Restart, RefusesTheStoreOfAnotherCse) {
  TestCse node;
  node.start();
  CseSettings settings;
  settings.cse_id = "/id-other";

  TestCse other(settings, node.store(), node.shared_clock());

  auto ready = other.cse().start_manual();
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().rsc, Rsc::kConflict);
}

/// The store's answers when a neighbour was faster, or the disk failed.
TEST(Commit, RunsABatchAgainWhenAnotherProcessWasFaster) {
  auto store = std::make_shared<MemoryStore>();
  TestCse node({}, store);
  node.add_ae("CAE1");
  int faults = 3;
  store->set_commit_fault([&faults]() -> std::optional<Transaction::CommitFailure> {
    if (faults-- <= 0) return std::nullopt;
    return Transaction::CommitFailure{Transaction::CommitError::kStale, "faster", {}};
  });

  const Response made = node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));

  EXPECT_EQ(made.rsc, Rsc::kCreated);
  EXPECT_TRUE(node.find("CAE1/cnt"));
}

TEST(Commit, ANotWrittenBatchIsRefusedAndUnseen) {
  auto store = std::make_shared<MemoryStore>();
  TestCse node({}, store);
  node.add_ae("CAE1");
  store->set_commit_fault([]() -> std::optional<Transaction::CommitFailure> {
    return Transaction::CommitFailure{Transaction::CommitError::kFailed, "disk full", {}};
  });

  const Response made = node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));

  EXPECT_EQ(made.rsc, Rsc::kInternalServerError);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt").rsc, Rsc::kNotFound);
}

}  // namespace
}  // namespace gatehouse

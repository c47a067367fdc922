// A subtree that is too large for one transaction is gone at once and swept out by and by.
#include "cse/core/expiration.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using std::chrono::seconds;
using test::TestCse;

constexpr int kInstances = 2'300;  // more than one DELETE takes out at once

/// Counts what it is told of deletions.
struct Deletions final : CommitListener {
  void committed(const Committed& event) override {
    for (const Change& change : event.changes) {
      if (change.kind != Change::Kind::kDeleted) continue;
      ++all;
      if (!change.side_effect) plain.push_back(change.before->path());
    }
  }
  int all = 0;
  std::vector<std::string> plain;
};

class LargeSubtree : public testing::Test {
 protected:
  LargeSubtree() {
    node.cse().extensions().listeners.push_back(&deletions);
    node.add_ae("CAE1");
    empty = stored();
    create("CAE1", 3, Value::object({{"rn", "log"}}));
    create("CAE1/log", 3, Value::object({{"rn", "old"}, {"lbl", Value::array({"dusty"})}}));
    for (int i = 0; i < kInstances; ++i) fill();
    node.settle();
    Page newest;
    newest.newest_first = true;
    CommittedView all = node.cse().view();
    instance = all.children_of_type(node.find("CAE1/log/old")->id(), 4, newest)->front().id.text;
    EXPECT_EQ(node.retrieve("CAE1", instance).rsc, Rsc::kOk);  // and is in the cache now
  }
  void create(const std::string& parent, int type, Value attributes) {
    EXPECT_EQ(node.create("CAE1", parent, type, std::move(attributes)).rsc, Rsc::kCreated);
  }
  void fill(const std::string& parent = "CAE1/log/old") {
    node.send(node.create_request("CAE1", parent, 4, Value::object({{"con", "x"}})));
  }
  std::int64_t stored() { return *node.store()->count(); }
  static void sweep(TestCse& one) {
    Expiration expiration(one.cse(), {});
    expiration.start();
    one.advance(seconds(3));
  }

  TestCse node;
  Deletions deletions;
  std::int64_t empty = 0;
  std::string instance;
};

TEST_F(LargeSubtree, IsAbsentAsSoonAsItsDeletionIsAnswered) {
  EXPECT_EQ(node.remove("CAE1", "CAE1/log").rsc, Rsc::kDeleted);

  EXPECT_EQ(node.retrieve("CAE1", "CAE1/log").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/log/old").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/log/old/la").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.retrieve("CAE1", instance).rsc, Rsc::kNotFound);
  EXPECT_EQ(node.create("CAE1", instance, 4, Value::object({{"con", "x"}})).rsc, Rsc::kNotFound);
  EXPECT_EQ(deletions.plain, std::vector<std::string>{"cse-in/CAE1/log"});
  EXPECT_GT(stored(), empty + kInstances) << "not swept out yet";
}

TEST_F(LargeSubtree, GivesItsNameFreeAtOnce) {
  EXPECT_EQ(node.remove("CAE1", "CAE1/log/old").rsc, Rsc::kDeleted);

  create("CAE1/log", 3, Value::object({{"rn", "old"}}));

  EXPECT_EQ(node.retrieve("CAE1", "CAE1/log/old/la").rsc, Rsc::kNotFound);
}

TEST_F(LargeSubtree, IsSweptOutInBoundedTransactions) {
  EXPECT_EQ(node.remove("CAE1", "CAE1/log").rsc, Rsc::kDeleted);

  sweep(node);

  EXPECT_EQ(stored(), empty);
  EXPECT_EQ(deletions.plain, std::vector<std::string>{"cse-in/CAE1/log"}) << "told once";
}

// What a crash after the DELETE leaves is what a restart finds.
TEST_F(LargeSubtree, StaysDeletedOverARestart) {
  EXPECT_EQ(node.remove("CAE1", "CAE1/log").rsc, Rsc::kDeleted);

  TestCse again({}, node.store(), node.shared_clock());
  EXPECT_EQ(again.retrieve("CAE1", instance).rsc, Rsc::kNotFound);
  EXPECT_EQ(again.retrieve("CAE1", "CAE1/log").rsc, Rsc::kNotFound);
  sweep(again);

  EXPECT_EQ(stored(), empty);
}

TEST_F(LargeSubtree, GoesInAResetToo) {
  bool done = false;
  node.cse().reset([&](Response response) { done = is_success(response.rsc); });
  node.settle();

  EXPECT_TRUE(done);
  EXPECT_LT(stored(), empty + 5);
}

TEST_F(LargeSubtree, GoesTheSameWayWhenItExpires) {
  const std::int64_t before = stored();
  create("CAE1", 3,
         Value::object({{"rn", "brief"}, {"et", to_text(node.clock().now() + seconds(5))}}));
  for (int i = 0; i < kInstances; ++i) fill("CAE1/brief");
  node.settle();

  node.advance(seconds(5));
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/brief").rsc, Rsc::kNotFound);
  EXPECT_GT(stored(), before + kInstances);

  sweep(node);

  EXPECT_EQ(stored(), before);
}

}  // namespace
}  // namespace gatehouse

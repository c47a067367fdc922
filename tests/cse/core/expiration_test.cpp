// What has expired is not seen, and then removed. Source: TS-0001 clause 9.6.1.3.2.
#include "cse/core/expiration.h"

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::TestCse;

class Expired : public testing::Test {
 protected:
  Expired() {
    node.add_ae("CAE1");
    create("CAE1", 3, Value::object({{"rn", "cnt"}}));
  }
  void create(const std::string& parent, int type, Value attributes) {
    const Response made = node.create("CAE1", parent, type, std::move(attributes));
    ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  }
  std::string in(seconds span) { return to_text(node.clock().now() + span); }
  void start(Expiration::Settings settings = {}) {
    expiration.emplace(node.cse(), settings);
    expiration->start();
  }
  Value container() { return TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt")); }
  std::int64_t stored() { return *node.store()->count(); }

  TestCse node;
  std::optional<Expiration> expiration;
};

TEST_F(Expired, IsNotSeenEvenBeforeItIsRemoved) {
  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(seconds(10))}}));
  create("CAE1/cnt/sub", 3, Value::object({{"rn", "leaf"}}));
  create("CAE1/cnt", 4, Value::object({{"rn", "i"}, {"con", "x"}, {"et", in(seconds(10))}}));
  const std::int64_t before = stored();
  ASSERT_EQ(node.retrieve("CAE1", "CAE1/cnt/sub").rsc, Rsc::kOk);

  node.advance(seconds(10));

  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt/sub").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt/sub/leaf").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt/la").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.update("CAE1", "CAE1/cnt/sub", "m2m:cnt", Value::object({{"mni", 1}})).rsc,
            Rsc::kNotFound);
  EXPECT_EQ(node.remove("CAE1", "CAE1/cnt/sub").rsc, Rsc::kNotFound);
  EXPECT_EQ(stored(), before) << "nobody removes here";
}

TEST_F(Expired, IsRemovedWithEverythingBelow) {
  start();
  const std::int64_t before = stored();
  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(seconds(10))}}));
  create("CAE1/cnt/sub", 3, Value::object({{"rn", "leaf"}}));
  create("CAE1/cnt/sub/leaf", 4, Value::object({{"con", "x"}}));

  node.advance(seconds(9));
  EXPECT_EQ(stored(), before + 3);
  node.advance(seconds(3));
  EXPECT_EQ(stored(), before);
}

// TS-0001 clause 9.6.6: currentNrOfInstances and currentByteSize follow.
TEST_F(Expired, InstancesLeaveTheCountersOfTheirContainer) {
  start();
  create("CAE1/cnt", 4, Value::object({{"con", "123"}, {"et", in(seconds(5))}}));
  create("CAE1/cnt", 4, Value::object({{"con", "4567"}}));
  create("CAE1/cnt", 4, Value::object({{"con", "89"}, {"et", in(seconds(5))}}));
  ASSERT_EQ(container().integer_at("cni"), 3);
  ASSERT_EQ(container().integer_at("cbs"), 9);

  node.advance(seconds(8));

  EXPECT_EQ(container().integer_at("cni"), 1);
  EXPECT_EQ(container().integer_at("cbs"), 4);
  EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt/la")).string_at("con"), "4567");
}

TEST_F(Expired, MoreTimeGivenInTimeKeepsIt) {
  start();
  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(seconds(10))}}));
  node.advance(seconds(9));
  node.update("CAE1", "CAE1/cnt/sub", "m2m:cnt", Value::object({{"et", in(seconds(100))}}));

  node.advance(seconds(20));

  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt/sub").rsc, Rsc::kOk);
}

TEST_F(Expired, ALongListGoesInBatchesWithoutPause) {
  node.cse().pace().expiration_interval = seconds(60);
  start({10});
  const std::int64_t before = stored();
  for (int i = 0; i < 95; ++i)
    create("CAE1/cnt", 4, Value::object({{"con", "x"}, {"et", in(seconds(30))}}));

  node.advance(seconds(61), seconds(1));

  EXPECT_EQ(stored(), before);
  EXPECT_EQ(container().integer_at("cni"), 0);
  EXPECT_EQ(container().integer_at("cbs"), 0);
}

TEST_F(Expired, ItsNameIsFreeAgain) {
  start();
  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(seconds(10))}}));
  node.advance(seconds(12));

  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}}));
}

TEST_F(Expired, ItsNameIsFreeEvenBeforeItIsRemoved) {
  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(seconds(10))}, {"mni", 1}}));
  create("CAE1/cnt/sub", 4, Value::object({{"con", "x"}}));
  node.advance(seconds(11));

  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"mni", 2}}));

  EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt/sub")).integer_at("mni"), 2);
}

TEST_F(Expired, NoTimeMayLieInThePastOrBeyondTheParents) {
  create("CAE1", 3, Value::object({{"rn", "short"}, {"et", in(seconds(60))}}));

  EXPECT_EQ(node.create("CAE1", "CAE1", 3, Value::object({{"et", in(seconds(0))}})).rsc,
            Rsc::kBadRequest);
  create("CAE1/short", 3, Value::object({{"rn", "c"}, {"et", in(seconds(600))}}));
  EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", "CAE1/short/c")).string_at("et"),
            in(seconds(60)));
}

class Told final : public CommitListener {
 public:
  void committed(const Committed& event) override {
    for (const Change& change : event.changes) {
      if (change.kind == Change::Kind::kDeleted && !change.side_effect)
        removed.push_back(change.before->name());
    }
  }
  std::vector<std::string> removed;
};

TEST_F(Expired, IsToldLikeADelete) {
  Told listener;
  node.cse().extensions().listeners.push_back(&listener);
  start();
  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(seconds(10))}}));
  create("CAE1/cnt/sub", 3, Value::object({{"rn", "leaf"}}));

  node.advance(seconds(12));

  EXPECT_EQ(listener.removed, std::vector<std::string>{"sub"});
}

TEST_F(Expired, StaysOnceStopped) {
  start();
  create("CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(seconds(10))}}));
  const std::int64_t before = stored();
  expiration->stop();

  node.advance(seconds(20));

  EXPECT_EQ(stored(), before);
}

}  // namespace
}  // namespace gatehouse

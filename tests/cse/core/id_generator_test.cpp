// Orders and identifiers that rise, whatever the clock does.
#include "cse/core/id_generator.h"

#include <set>
#include <thread>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
constexpr Timestamp kNow{1'800'000'000'000'000};

TEST(Orders, RiseWhileTheClockStands) {
  SimulatedScheduler clock(kNow);
  IdGenerator ids(clock, 1);
  std::int64_t last = ids.next_order();

  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t next = ids.next_order();
    ASSERT_GT(next, last);
    last = next;
  }
}

TEST(Orders, FollowTheClock) {
  SimulatedScheduler clock(kNow);
  IdGenerator ids(clock, 1);
  const std::int64_t before = ids.next_order();

  clock.advance(std::chrono::seconds(1));

  EXPECT_EQ((ids.next_order() >> 10) - (before >> 10), 1'000'000);
}

TEST(Orders, OfTwoProcessesDiffer) {
  SimulatedScheduler clock(kNow);
  IdGenerator one(clock, 1), two(clock, 2);

  std::set<std::int64_t> orders;
  for (int i = 0; i < 100; ++i) orders.insert({one.next_order(), two.next_order()});

  EXPECT_EQ(orders.size(), 200u);
}

TEST(Orders, AreEachGivenOnceToManyThreads) {
  SimulatedScheduler clock(kNow);
  IdGenerator ids(clock, 1);
  std::vector<std::vector<std::int64_t>> given(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : given)
      threads.emplace_back([&ids, &mine] {
        for (int i = 0; i < 2'000; ++i) mine.push_back(ids.next_order());
      });
  }
  std::set<std::int64_t> all;
  for (const auto& mine : given) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 8'000u);
}

TEST(Orders, StayAboveWhatWasGivenBeforeTheClockWentBack) {
  SimulatedScheduler earlier(kNow - std::chrono::hours(24));
  IdGenerator ids(earlier, 7);
  SimulatedScheduler clock(kNow);
  const std::int64_t known = IdGenerator(clock, 1023).next_order();

  ids.stay_above(known);

  EXPECT_GT(ids.next_order(), known);
}

TEST(Orders, ABeginningBeforeTheirTimeStillRises) {
  SimulatedScheduler clock(Timestamp{0});  // a device without a clock
  IdGenerator ids(clock, 1);
  const std::int64_t first = ids.next_order();

  EXPECT_GT(first, 0);
  EXPECT_GT(ids.next_order(), first);
}

TEST(Identifiers, SortAsTheirOrdersDo) {
  SimulatedScheduler clock(kNow);
  IdGenerator ids(clock, 1);
  std::string last;
  for (int i = 0; i < 5'000; ++i) {
    clock.advance(std::chrono::microseconds(i * 37));
    const std::string next = IdGenerator::identifier("cin", ids.next_order());
    ASSERT_EQ(next.size(), 16u);
    ASSERT_GT(next, last);
    last = next;
  }
}

// A battery-less clock, or an administrator, puts the clock back while the CSE is down.
TEST(Restart, WithTheClockPutBackKeepsTheOrderOfInstances) {
  TestCse first;
  first.add_ae("CAE1");
  first.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));
  first.create("CAE1", "CAE1/cnt", 4, Value::object({{"con", "old"}}));
  auto earlier = std::make_shared<SimulatedScheduler>(kNow - std::chrono::hours(48));

  TestCse again({}, first.store(), earlier);
  again.create("CAE1", "CAE1/cnt", 4, Value::object({{"con", "new"}}));

  EXPECT_EQ(TestCse::attributes(again.retrieve("CAE1", "CAE1/cnt/la")).string_at("con"), "new");
  EXPECT_EQ(TestCse::attributes(again.retrieve("CAE1", "CAE1/cnt/ol")).string_at("con"), "old");
}

TEST(Restart, WithTheClockPutBackKeepsTheOrderOfTheOutbox) {
  TestCse first;
  first.start();
  const auto put = [](TestCse& node, const char* text) {
    node.cse().submit([text](OperationContext& context) {
      context.resources.put_outbox("q", Value::object({{"text", text}}));
      return Response{};
    });
    node.settle();
  };
  for (const char* text : {"a", "b", "c"}) put(first, text);
  auto earlier = std::make_shared<SimulatedScheduler>(kNow - std::chrono::hours(48));

  TestCse again({}, first.store(), earlier);
  again.start();
  put(again, "d");

  const auto entries = again.outbox();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_NE(entries.back().body.find("\"d\""), std::string::npos) << entries.back().body;
}

}  // namespace
}  // namespace gatehouse

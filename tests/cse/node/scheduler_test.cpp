// Tasks on real time: order, and an end.
#include <gtest/gtest.h>

#include <future>

#include "cse/node/system_scheduler.h"

namespace gatehouse::node {
namespace {

constexpr std::chrono::seconds kPatience{20};

TEST(SystemSchedulerTest, RunsPostedTasksInTheirOrderOnOneThread) {
  std::vector<int> seen;
  std::set<std::thread::id> threads;
  std::promise<void> done;
  SystemScheduler scheduler;
  for (int i = 0; i < 1'000; ++i) {
    scheduler.post([&seen, &threads, i] {
      seen.push_back(i);
      threads.insert(std::this_thread::get_id());
    });
  }
  scheduler.post([&done] { done.set_value(); });

  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(seen.size(), 1'000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(threads.size(), 1u);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(SystemSchedulerTest, RunsTasksByTheirTimeNotByTheirComing) {
  std::vector<int> seen;
  std::promise<void> done;
  SystemScheduler scheduler;
  const Timestamp soon = scheduler.now() + std::chrono::milliseconds(50);
  scheduler.at(soon + std::chrono::milliseconds(20), [&] {
    seen.push_back(3);
    done.set_value();
  });
  scheduler.at(soon + std::chrono::milliseconds(10), [&seen] { seen.push_back(2); });
  scheduler.at(soon, [&seen] { seen.push_back(1); });

  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST(SystemSchedulerTest, RunsNothingBeforeItsTime) {
  std::promise<Timestamp> ran;
  SystemScheduler scheduler;
  const Timestamp wanted = scheduler.now() + std::chrono::milliseconds(30);
  scheduler.at(wanted, [&] { ran.set_value(scheduler.now()); });

  auto when = ran.get_future();
  ASSERT_EQ(when.wait_for(kPatience), std::future_status::ready);
  EXPECT_GE(when.get(), wanted);
}

TEST(SystemSchedulerTest, ATaskMayGiveTasks) {
  std::promise<int> done;
  SystemScheduler scheduler;
  scheduler.post([&] { scheduler.post([&] { scheduler.post([&] { done.set_value(3); }); }); });

  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(SystemSchedulerTest, StopsWithoutWaitingForWhatIsLater) {
  bool ran = false;
  const auto guard = std::make_shared<int>(1);
  SystemScheduler scheduler;
  scheduler.at(scheduler.now() + std::chrono::hours(1), [&ran, guard] { ran = true; });

  scheduler.stop();
  scheduler.post([&ran] { ran = true; });

  EXPECT_FALSE(ran);
  EXPECT_EQ(guard.use_count(), 1) << "what a task holds is let go";
}

}  // namespace
}  // namespace gatehouse::node

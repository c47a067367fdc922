#include "cse/primitive/simulated_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class SimulatedTime : public testing::Test {
 protected:
  SimulatedScheduler scheduler{Timestamp{1'000}};
  std::vector<std::string> ran;
  Scheduler::Task noting(std::string what) {
    return
        [this, what] { ran.push_back(what + "@" + std::to_string(scheduler.now().microseconds)); };
  }
};

TEST_F(SimulatedTime, NeverRunsATaskInsideTheCaller) {
  scheduler.post(noting("a"));
  EXPECT_THAT(ran, IsEmpty());

  EXPECT_EQ(scheduler.run_ready(), 1u);

  EXPECT_THAT(ran, ElementsAre("a@1000"));
}

TEST_F(SimulatedTime, RunsEachTaskAtItsOwnInstantAndInOrder) {
  scheduler.after(30us, noting("late"));
  scheduler.after(10us, noting("early"));
  scheduler.after(10us, noting("early too"));

  scheduler.advance(50us);

  EXPECT_THAT(ran, ElementsAre("early@1010", "early too@1010", "late@1030"));
  EXPECT_EQ(scheduler.now(), Timestamp{1'050});
}

TEST_F(SimulatedTime, StopsBeforeWhatIsNotDue) {
  scheduler.after(51us, noting("a"));

  scheduler.advance(50us);
  EXPECT_THAT(ran, IsEmpty());
  scheduler.advance(1us);

  EXPECT_THAT(ran, ElementsAre("a@1051"));
}

TEST_F(SimulatedTime, RunsWhatIsPastAtOnce) {
  scheduler.at(Timestamp{1}, noting("past"));

  scheduler.run_ready();

  EXPECT_THAT(ran, ElementsAre("past@1000"));
}

TEST_F(SimulatedTime, RunsWhatTasksAddWhileTimeMoves) {
  scheduler.after(10us, [this] {
    noting("first")();
    scheduler.after(10us, noting("second"));
    scheduler.post(noting("same instant"));
  });

  scheduler.advance(20us);

  EXPECT_THAT(ran, ElementsAre("first@1010", "same instant@1010", "second@1020"));
}

}  // namespace
}  // namespace gatehouse

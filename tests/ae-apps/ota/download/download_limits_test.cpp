#include "ae-apps/ota/download/download_limits.h"

#include <gtest/gtest.h>

#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ota {
namespace {

using std::chrono::milliseconds;

/// A line of a given speed with a simulated clock.
struct Line {
  milliseconds now{0};
  milliseconds paused{0};
  DownloadLimits limits(DownloadLimits::Settings settings) {
    return {settings, [this] { return now; },
            [this](milliseconds wait) {
              now += wait;
              paused += wait;
              return true;
            }};
  }
};

TEST(DownloadLimitsTest, ADownloadIsNeverFasterThanAllowed) {
  Line line;
  DownloadLimits limits = line.limits({.most_bytes_per_second = 10'000});
  const std::uint64_t bytes = 1'000'000;

  for (std::uint64_t total = 10'000; total <= bytes; total += 10'000) {
    line.now += milliseconds(10);  // the line itself is a hundred times faster
    ASSERT_TRUE(limits.block(total));
  }

  const double seconds = static_cast<double>(line.now.count()) / 1000;
  EXPECT_GE(static_cast<double>(bytes - (64U << 10)) / seconds, 9'000);
  EXPECT_LE(static_cast<double>(bytes - (64U << 10)) / seconds, 10'000);
}

TEST(DownloadLimitsTest, WithoutACapNothingWaits) {
  Line line;
  DownloadLimits limits = line.limits({});

  EXPECT_TRUE(limits.block(1'000'000'000));
  EXPECT_EQ(line.paused.count(), 0);
}

TEST(DownloadLimitsTest, TooSlowIsNamedButTheCapIsNot) {
  DownloadLimits::Settings settings;
  settings.most_bytes_per_second = 100;  // below the least rate
  settings.least = {1'000, std::chrono::seconds(10), std::chrono::hours(1)};
  Line line;
  DownloadLimits limits = line.limits(settings);
  std::uint64_t total = 0;
  for (; line.now < std::chrono::minutes(30); total += 10'000) {
    line.now += milliseconds(5'000);  // 2,000 bytes/s, less the waiting
    ASSERT_TRUE(limits.block(total));
  }

  line.now += std::chrono::minutes(25);  // one byte in 25 minutes

  EXPECT_FALSE(limits.block(total + 1));
  EXPECT_TRUE(limits.too_slow());
}

TEST(DownloadLimitsTest, AStopEndsTheWaiting) {
  DownloadLimits limits(
      {.most_bytes_per_second = 10}, [] { return milliseconds(0); },
      [](milliseconds) { return false; });

  EXPECT_FALSE(limits.block(1'000'000));
  EXPECT_FALSE(limits.too_slow());
}

// --- with the disk that it comes to ------------------------------------------------------------

class DownloadWatchTest : public testing::Test {
 protected:
  DownloadWatch watch(DownloadLimits::Settings rate = {}) {
    return {{rate, folder_.path(), min_free_bytes_},
            stopping_,
            [this] { return line_.now; },
            [this](milliseconds wait) {
              line_.now += wait;
              return true;
            }};
  }

  TemporaryFolder folder_;
  std::uint64_t min_free_bytes_ = 0;
  std::atomic<bool> stopping_{false};
  Line line_;
};

TEST_F(DownloadWatchTest, WhatWasThereBeforeDoesNotCountForTheRate) {
  DownloadWatch watch = this->watch();
  ASSERT_TRUE(watch.block(1'000'000, 2'000'000));  // the first word of a download that goes on

  line_.now += std::chrono::seconds(31);

  EXPECT_FALSE(watch.block(1'000'001, 2'000'000)) << "one byte in 31 s";
  ASSERT_TRUE(watch.refusal());
  EXPECT_EQ(watch.refusal()->rsc, Rsc::kRequestTimeout);
  EXPECT_EQ(watch.refusal()->detail.find("slow-retrieval: "), 0U);
}

TEST_F(DownloadWatchTest, RoomIsLookedAtForAllThatIsToCome) {
  DownloadWatch watch = this->watch();
  EXPECT_TRUE(watch.block(1'000, 2'000));
  EXPECT_FALSE(watch.refusal());

  EXPECT_FALSE(watch.block(2'000, std::uint64_t{1} << 60));

  ASSERT_TRUE(watch.refusal());
  EXPECT_EQ(watch.refusal()->rsc, Rsc::kNotAcceptable);
}

TEST_F(DownloadWatchTest, RoomHasToBeLeft) {
  min_free_bytes_ = std::uint64_t{1} << 60;

  EXPECT_FALSE(watch().fits(1));
  EXPECT_FALSE(watch().block(1, 1));
}

TEST_F(DownloadWatchTest, AStopIsNoRefusal) {
  DownloadWatch watch = this->watch();
  stopping_ = true;

  EXPECT_FALSE(watch.block(1, 2));
  EXPECT_FALSE(watch.refusal());
}

}  // namespace
}  // namespace gatehouse::ota

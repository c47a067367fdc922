#include "cse/primitive/token_buckets.h"

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Timestamp kStart{1'000'000'000};

TEST(TokenBuckets, GiveTheBurstThenTheRate) {
  TokenBuckets buckets({2, 3}, 10);

  for (int i = 0; i < 3; ++i) EXPECT_EQ(buckets.take("a", kStart), 0) << i;
  EXPECT_DOUBLE_EQ(buckets.take("a", kStart), 0.5);
  EXPECT_EQ(buckets.take("b", kStart), 0) << "each key has its own";
  EXPECT_GT(buckets.take("a", kStart + milliseconds(499)), 0);
  EXPECT_EQ(buckets.take("a", kStart + milliseconds(1'000)), 0);
}

TEST(TokenBuckets, HoldNoMoreThanTheBurst) {
  TokenBuckets buckets({100, 2}, 10);
  const Timestamp later = kStart + seconds(3600);
  buckets.take("a", kStart);

  EXPECT_EQ(buckets.take("a", later), 0);
  EXPECT_EQ(buckets.take("a", later), 0);
  EXPECT_GT(buckets.take("a", later), 0);
}

TEST(TokenBuckets, OfAClockThatWasPutBackGainNothing) {
  TokenBuckets buckets({1, 1}, 10);
  buckets.take("a", kStart);

  EXPECT_GT(buckets.take("a", kStart - seconds(100)), 0);
}

TEST(TokenBuckets, WithoutRateAreEndless) {
  TokenBuckets buckets({0, 0}, 10);

  for (int i = 0; i < 1000; ++i) ASSERT_EQ(buckets.take("a", kStart), 0);
  EXPECT_EQ(buckets.size(), 0u);
}

TEST(TokenBuckets, AreBounded) {
  TokenBuckets buckets({1, 1}, 3);
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(buckets.take(key, kStart), 0);

  EXPECT_EQ(buckets.take("d", kStart), 0) << "the bucket of all others";
  EXPECT_GT(buckets.take("e", kStart), 0) << "which they share";
  EXPECT_EQ(buckets.take("f", kStart + seconds(1)), 0) << "full ones are forgotten";
  EXPECT_LE(buckets.size(), 4u);
}

}  // namespace
}  // namespace gatehouse

#include "cse/services/subscription/target_slots.h"

#include <gtest/gtest.h>

#include <vector>

namespace gatehouse {
namespace {

class Slots : public testing::Test {
 protected:
  void take(TargetSlots& slots, const std::string& target, int times) {
    for (int i = 0; i < times; ++i) {
      slots.take(target, [this, target] { started.push_back(target); });
    }
  }
  std::vector<std::string> started;
};

TEST_F(Slots, ASlowTargetTakesItsOwnPlacesOnly) {
  TargetSlots slots(2, 10);

  take(slots, "http://slow/a", 100);
  take(slots, "http://quick", 1);

  EXPECT_EQ(started, (std::vector<std::string>{"http://slow/a", "http://slow/a", "http://quick"}));
}

TEST_F(Slots, WhatWaitsStartsWhenAPlaceIsGivenBack) {
  TargetSlots slots(1, 10);
  take(slots, "CAE1", 3);
  EXPECT_EQ(started.size(), 1u);

  slots.give_back("CAE1");
  slots.give_back("CAE1");
  EXPECT_EQ(started.size(), 3u);
  slots.give_back("CAE1");

  EXPECT_EQ(slots.taken(), 0u);
}

TEST_F(Slots, TargetsTakeTurnsForThePlacesInAll) {
  TargetSlots slots(8, 1);
  take(slots, "CAE1", 2);
  take(slots, "CAE2", 1);
  take(slots, "CAE1", 1);

  for (int i = 0; i < 4; ++i) slots.give_back(started[static_cast<std::size_t>(i)]);

  EXPECT_EQ(started, (std::vector<std::string>{"CAE1", "CAE1", "CAE2", "CAE1"}));
}

TEST(TargetKey, IsTheHostOfAUrl) {
  EXPECT_EQ(TargetSlots::key_of("http://h:1/a/b?c"), "http://h:1");
  EXPECT_EQ(TargetSlots::key_of("http://h:1?ct=cbor"), "http://h:1");
  EXPECT_EQ(TargetSlots::key_of("/id-mn/CAE1"), "/id-mn/CAE1");
}

}  // namespace
}  // namespace gatehouse

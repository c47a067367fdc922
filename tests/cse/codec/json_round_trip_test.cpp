#include <gtest/gtest.h>

#include "cse/codec/json.h"
#include "tests/cse/codec/random_values.h"

namespace gatehouse {
namespace {

using test::RandomValues;

TEST(JsonRoundTrip, GivesBackEveryValueAndTheSameText) {
  RandomValues random(20261121);
  for (int round = 0; round < 3000; ++round) {
    const Value value = random.value();
    const std::string text = to_json(value);

    const Result<Value> back = parse_json(text);

    ASSERT_TRUE(back) << "round " << round << ": " << back.error().detail;
    ASSERT_EQ(*back, value) << "round " << round << ": " << text;
    ASSERT_EQ(to_json(*back), text) << "round " << round;
  }
}

TEST(JsonRoundTrip, RefusesEveryPrefixOfAnObject) {
  RandomValues random(7);
  for (int round = 0; round < 20; ++round) {
    const std::string text = to_json(Value::object({{"a", random.value()}}));
    for (std::size_t length = 0; length < text.size() && length < 2000; ++length) {
      ASSERT_FALSE(parse_json(std::string_view(text).substr(0, length))) << text.substr(0, length);
    }
  }
}

}  // namespace
}  // namespace gatehouse

#include "cse/primitive/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Value, ReadersOfTheWrongTypeGiveNothing) {
  const Value text("abc");

  EXPECT_EQ(text.as_bool(), std::nullopt);
  EXPECT_EQ(text.as_integer(), std::nullopt);
  EXPECT_EQ(text.as_number(), std::nullopt);
  EXPECT_EQ(text.as_array(), nullptr);
  EXPECT_EQ(text.as_object(), nullptr);
  EXPECT_EQ(text.find("abc"), nullptr);
  EXPECT_EQ(text.size(), 0u);
}

TEST(Value, IsAnIntegerOrADoubleAsItWasMade) {
  EXPECT_EQ(Value(7).as_integer(), 7);
  EXPECT_EQ(Value(7).as_number(), 7.0);
  EXPECT_EQ(Value(7.0).as_integer(), std::nullopt);
  EXPECT_NE(Value(7), Value(7.0));
}

TEST(Value, MembersKeepTheOrderInWhichTheyWereSet) {
  Value object;
  object.set("z", 1).set("a", 2).set("z", 3);

  std::vector<std::string> names;
  for (const Member& member : *object.as_object()) names.push_back(member.name);

  EXPECT_THAT(names, ElementsAre("z", "a"));
  EXPECT_EQ(object.integer_at("z"), 3);
}

TEST(Value, ComparesObjectsWithoutRegardToOrder) {
  EXPECT_EQ(Value::object({{"a", 1}, {"b", 2}}), Value::object({{"b", 2}, {"a", 1}}));
  EXPECT_NE(Value::object({{"a", 1}, {"b", 2}}), Value::object({{"a", 1}}));
  EXPECT_NE(Value::object({{"a", 1}}), Value::object({{"b", 1}}));
  EXPECT_NE(Value::array({1, 2}), Value::array({2, 1}));
}

TEST(Value, SetAndPushBackTurnOnlyNullIntoAContainer) {
  Value null_then_object, null_then_list, text("x");

  null_then_object.set("a", 1);
  null_then_list.push_back(1);
  text.set("a", 1);
  text.push_back(1);

  EXPECT_EQ(null_then_object, Value::object({{"a", 1}}));
  EXPECT_EQ(null_then_list, Value::array({1}));
  EXPECT_EQ(text, Value("x"));
}

TEST(Value, EraseSaysWhetherThereWasOne) {
  Value object = Value::object({{"a", 1}, {"b", 2}});

  EXPECT_TRUE(object.erase("a"));
  EXPECT_FALSE(object.erase("a"));
  EXPECT_FALSE(Value(1).erase("a"));
  EXPECT_EQ(object, Value::object({{"b", 2}}));
}

TEST(Value, ReadsMembersWithAFallback) {
  const Value object = Value::object(
      {{"text", "x"}, {"number", 5}, {"truth", true}, {"list", Value::array({"a", 1, "b"})}});

  EXPECT_EQ(object.string_at("text"), "x");
  EXPECT_EQ(object.string_at("number", "none"), "none");
  EXPECT_EQ(object.integer_at("number"), 5);
  EXPECT_EQ(object.integer_at("absent", -1), -1);
  EXPECT_TRUE(object.bool_at("truth"));
  EXPECT_THAT(object.strings_at("list"), ElementsAre("a", "b"));
  EXPECT_THAT(object.strings_at("text"), ElementsAre("x"));
  EXPECT_THAT(object.strings_at("number"), IsEmpty());
}

TEST(Value, NamesItsKindForErrorTexts) {
  EXPECT_EQ(Value().kind_name(), "null");
  EXPECT_EQ(Value(false).kind_name(), "boolean");
  EXPECT_EQ(Value(1).kind_name(), "integer");
  EXPECT_EQ(Value(1.5).kind_name(), "number");
  EXPECT_EQ(Value("").kind_name(), "string");
  EXPECT_EQ(Value::array().kind_name(), "list");
  EXPECT_EQ(Value::object().kind_name(), "object");
}

}  // namespace
}  // namespace gatehouse

#include "ae-apps/ota/campaign/definition.h"

#include <gmock/gmock.h>

#include "tests/ae-apps/ota/campaign/fake_updates.h"

namespace gatehouse::campaign {
namespace {

using testing::StartsWith;

/// A good definition with one member in place of its own; null: without it.
std::string refusal(const std::string& member, const std::string& value) {
  Value definition = json(R"({"name":"winter","images":[")" + kBrake + R"("]})");
  definition.erase(member);
  if (!value.empty()) definition.set(member, json(value));
  const auto parsed = parse_definition(definition, "/id-in/CAdmin");
  return parsed ? "accepted" : parsed.error().detail;
}

TEST(DefinitionTest, HasDefaultsThatAreCautious) {
  const auto parsed = parse_definition(Value(R"({"name":"winter","images":[")" + kBrake + R"("]})"),
                                       "/id-in/CAdmin");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->author, "/id-in/CAdmin");
  ASSERT_EQ(parsed->stages.size(), 1u);
  EXPECT_EQ(parsed->stages[0].success_percent, 100u);
  EXPECT_EQ(parsed->stages[0].error_percent, 0u);
  EXPECT_EQ(parsed->approvals, 1u);
  EXPECT_TRUE(parsed->filter.empty());
  EXPECT_TRUE(parsed->terms.allow_gateway_level) << "as older definitions, which do not say";
}

TEST(DefinitionTest, EachFaultNamesItsMember) {
  const struct {
    const char *member, *value, *reason;
  } rows[] = {
      {"name", "", "name: is missing"},
      {"name", "7", "name: must be a string"},
      {"name", "\"\"", "name: must not be empty"},
      {"name", "\"a/b\"", "name: must be 1 to 48"},
      {"name", "\"../x\"", "name: must be 1 to 48"},
      {"images", "", "images: must hold at least one item"},
      {"images", "[]", "images: must hold at least one item"},
      {"images", "\"all\"", "images: must be a list"},
      {"images", "[\"abc\"]", "images[0]: must be a SHA-256"},
      {"images", "[7]", "images: must be a list of strings"},
      {"filter", "[]", "filter: must be an object"},
      {"filter", R"({"labels":[]})", "filter.labels: must hold at least one item"},
      {"filter", R"({"label":["x"]})", "filter.label: is no member"},
      {"filter", R"({"vehicles":"all"})", "filter.vehicles: must be a list"},
      {"stages", "[]", "stages: must hold at least one item"},
      {"stages", "[7]", "stages[0].: must be an object"},
      {"stages", "[{}]", "stages[0].name: is missing"},
      {"stages", R"([{"name":"a","percent":0}])", "stages[0].percent: must be a whole number"},
      {"stages", R"([{"name":"a","percent":10.5}])", "stages[0].percent: must be a whole number"},
      {"stages", R"([{"name":"a","percent":10}])", "stages[0].percent: the last stage takes all"},
      {"stages", R"([{"name":"a","vehicles":3}])", "stages[0].vehicles: the last stage takes all"},
      {"stages", R"([{"name":"a","filter":{"labels":["x"]}}])", "stages[0].filter: the last stage"},
      {"stages", R"([{"name":"a","vehicles":1,"percent":1},{"name":"b"}])", "stages[0].percent: v"},
      {"stages", R"([{"name":"a","percent":1},{"name":"a"}])", "stages[1].name: is the name of"},
      {"stages", R"([{"name":"a","percent":1,"error_percent":50},{"name":"b"}])",
       "stages[0].error_percent: and success_percent"},
      {"stages", R"([{"name":"a","soak_s":-1}])", "stages[0].soak_s: must be a whole number"},
      {"stages", R"([{"name":"a","hold":1}])", "stages[0].hold: must be true or false"},
      {"approvals", "0", "approvals: must be a whole number from 1 to 8"},
      {"rate_per_minute", "0", "rate_per_minute: must be a whole number"},
      {"rate_per_minute", "\"many\"", "rate_per_minute: must be a whole number"},
      {"max_open", "0", "max_open: must be a whole number"},
      {"attempts", "11", "attempts: must be a whole number from 1 to 10"},
      {"start", "\"tomorrow\"", "start: must be an m2m:timestamp"},
      {"window", R"({"from":"22:00"})", "window.to: is missing"},
      {"window", R"({"from":"25:00","to":"05:00"})", "window.from: must be a time of day"},
      {"window", R"({"from":"05:00","to":"05:00"})", "window.to: must not be the same"},
      {"user_information", R"({"purpose":7})", "user_information.purpose: must be a string"},
      {"user_information", R"({"colour":"red"})", "user_information.colour: is no member"},
      {"compatibility", "7", "compatibility: must be an object"},
      {"allow_gateway_level", "\"no\"", "allow_gateway_level: must be true or false"},
      {"allow_gateway_level", "0", "allow_gateway_level: must be true or false"},
      {"author", "\"CBob\"", "author: is no member"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(refusal(row.member, row.value), StartsWith(row.reason))
        << row.member << " = " << row.value;
  }
  EXPECT_EQ(refusal("description", "\"d\""), "accepted");
  EXPECT_EQ(refusal("allow_gateway_level", "false"), "accepted");
}

TEST(DefinitionTest, WhatIsNoDefinitionAtAllIsRefused) {
  for (const Value& content : {Value(), Value(7), Value("{"), Value("[]"), Value("{\"name\":"),
                               Value(std::string(Definition::kMaxBytes + 1, ' '))}) {
    const auto parsed = parse_definition(content, "CAdmin");
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().detail, StartsWith("con (content): "));
  }
}

TEST(DefinitionTest, AnAuthorMustBeKnown) {
  const auto parsed = parse_definition(json(R"({"name":"w","images":[")" + kBrake + R"("]})"), "");
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().detail, StartsWith("cr (creator): is missing"));
}

TEST(DefinitionTest, EndComesAfterStart) {
  const auto parsed =
      parse_definition(json(R"({"name":"w","images":[")" + kBrake +
                            R"("],"start":"20300102T000000","end":"20300101T000000"})"),
                       "CAdmin");
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().detail, StartsWith("end: must be later"));
}

TEST(WindowTest, MayGoOverMidnight) {
  const Window night{22 * 60, 5 * 60}, day{8 * 60, 17 * 60};
  const auto at = [](const char* text) { return *parse_timestamp(text); };
  EXPECT_TRUE(night.holds(at("20300101T230000")));
  EXPECT_TRUE(night.holds(at("20300101T045959")));
  EXPECT_FALSE(night.holds(at("20300101T050000")));
  EXPECT_TRUE(day.holds(at("20300101T080000")));
  EXPECT_FALSE(day.holds(at("20300101T170000")));
}

TEST(CommandTest, FaultsNameTheirMember) {
  const struct {
    const char *text, *reason;
  } rows[] = {{R"({})", "command: is missing"},
              {R"({"command":"go","campaign":"w"})", "command: must be dry-run"},
              {R"({"command":"pause"})", "campaign: is missing"},
              {R"({"command":"pause","campaign":"w","vehicle":"/a"})", "vehicle: belongs to retry"},
              {R"({"command":"pause","campaign":"w","at":1})", "at: is no member"}};
  for (const auto& row : rows) {
    const auto parsed = parse_command(Value(row.text));
    ASSERT_FALSE(parsed) << row.text;
    EXPECT_THAT(parsed.error().detail, StartsWith(row.reason));
  }
  const auto retry = parse_command(Value(R"({"command":"retry","campaign":"w","vehicle":"/a"})"));
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->vehicle, "/a");
}

}  // namespace
}  // namespace gatehouse::campaign

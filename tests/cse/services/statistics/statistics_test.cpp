#include "cse/services/statistics/statistics.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace type_number;

class StatisticsTest : public testing::Test {
 protected:
  StatisticsTest()
      : statistics_(node_.cse(), [this](const StatisticsRecord& r) { records_.push_back(r); }) {
    for (const char* stem : {"CAE1", "CAE2"}) node_.add_ae(stem);
    statistics_.start();
    EXPECT_EQ(node_.create("CAdmin", "cse-in", kStatsConfig, Value::object({{"rn", "cfg"}})).rsc,
              Rsc::kCreated);
    EXPECT_EQ(node_.create("CAE1", "CAE1", kContainer, Value::object({{"rn", "cnt"}})).rsc,
              Rsc::kCreated);
  }

  Response configure(const char* name, Value event) {
    event.set("rn", name);
    return node_.create("CAdmin", "cse-in/cfg", kEventConfig, std::move(event));
  }
  Response collect(const std::string& event, Value more = Value::object()) {
    Value attributes = Value::object(
        {{"cei", "CAdmin"},
         {"srs", 1},
         {"sm", 1},
         {"evi",
          TestCse::attributes(node_.retrieve("CAdmin", "cse-in/cfg/" + event)).string_at("evi")}});
    for (const Member& member : *more.as_object()) attributes.set(member.name, member.value);
    return node_.create("CAdmin", "cse-in", kStatsCollect, std::move(attributes));
  }
  Response add_instance(const char* content) {
    return node_.create("CAE1", "CAE1/cnt", kContentInstance, Value::object({{"con", content}}));
  }
  std::vector<std::string> resources() const {
    std::vector<std::string> all;
    for (const StatisticsRecord& record : records_)
      all.push_back(record.collected + ":" + std::to_string(static_cast<int>(record.operation)));
    return all;
  }

  TestCse node_;
  std::vector<StatisticsRecord> records_;
  Statistics statistics_;
};

// TS-0004 clause 7.4.25.2
TEST_F(StatisticsTest, RecordsOperationsOfTheEntitiesAndTypesNamed) {
  ASSERT_EQ(configure("e", Value::object({{"evt", 1},
                                          {"opt", Value::array({1, 2})},
                                          {"erts", Value::array({3, 4})}}))
                .rsc,
            Rsc::kCreated);
  const Response made = collect("e", Value::object({{"rn", "c"}, {"cdi", Value::array({"CAE1"})}}));
  ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);

  EXPECT_EQ(add_instance("x").rsc, Rsc::kCreated);
  node_.retrieve("CAE1", "CAE1/cnt");
  node_.retrieve("CAdmin", "CAE1/cnt");  // not of CAE1
  node_.retrieve("CAE1", "CAE1");        // not of those types
  node_.retrieve("CAE1", "CAE1/none");   // nothing there
  node_.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"lbl", Value::array({"l"})}}));

  EXPECT_THAT(resources(), ElementsAre("CAE1:1", "CAE1:2"));
  ASSERT_FALSE(records_.empty());
  EXPECT_EQ(records_[0].collecting, "CAdmin");
  EXPECT_THAT(records_[0].collect_id, HasSubstr("/id-in/"));
}

TEST_F(StatisticsTest, RecordsNothingThatAccessControlRefuses) {
  ASSERT_EQ(configure("e", Value::object({{"evt", 1}})).rsc, Rsc::kCreated);
  ASSERT_EQ(collect("e").rsc, Rsc::kCreated);
  records_.clear();

  node_.retrieve("CAE2", "CAE1/cnt");
  EXPECT_THAT(records_, IsEmpty());
}

TEST_F(StatisticsTest, StopsWhenTheRuleIsInactiveAndBeginsAgain) {
  ASSERT_EQ(
      configure(
          "e", Value::object({{"evt", 1}, {"opt", Value::array({1})}, {"erts", Value::array({4})}}))
          .rsc,
      Rsc::kCreated);
  ASSERT_EQ(collect("e", Value::object({{"rn", "c"}, {"srs", 2}})).rsc, Rsc::kCreated);
  add_instance("a");
  EXPECT_THAT(records_, IsEmpty());

  node_.update("CAdmin", "cse-in/c", "m2m:stcl", Value::object({{"srs", 1}}));
  add_instance("b");
  EXPECT_EQ(records_.size(), 1u);
  node_.update("CAdmin", "cse-in/c", "m2m:stcl", Value::object({{"srs", 2}}));
  add_instance("c");
  EXPECT_EQ(records_.size(), 1u);
}

// TS-0001 table 9.6.24-2 (dataSize)
TEST_F(StatisticsTest, RecordsWhenAResourceBecomesTooLarge) {
  ASSERT_EQ(
      configure("e", Value::object({{"evt", 2}, {"ds", 10}, {"erts", Value::array({3})}})).rsc,
      Rsc::kCreated);
  ASSERT_EQ(collect("e").rsc, Rsc::kCreated);

  add_instance("12345");
  EXPECT_THAT(records_, IsEmpty());
  add_instance("678901");
  ASSERT_EQ(records_.size(), 1u);
  EXPECT_EQ(records_[0].size_bytes, 11);
  add_instance("more");
  EXPECT_EQ(records_.size(), 1u) << "it was too large before";
}

TEST_F(StatisticsTest, RecordsWhenATimeIsOver) {
  const std::string start = to_text(node_.clock().now() + std::chrono::seconds(5));
  const std::string end = to_text(node_.clock().now() + std::chrono::seconds(10));
  ASSERT_EQ(configure("e", Value::object({{"evt", 3}, {"evs", start}, {"eve", end}})).rsc,
            Rsc::kCreated);
  ASSERT_EQ(collect("e").rsc, Rsc::kCreated);

  node_.advance(std::chrono::seconds(9), std::chrono::seconds(1));
  EXPECT_THAT(records_, IsEmpty());
  node_.advance(std::chrono::seconds(2), std::chrono::seconds(1));
  ASSERT_EQ(records_.size(), 1u);
  EXPECT_EQ(records_[0].event_type, 3);
  EXPECT_EQ(to_text(records_[0].start), start);
}

struct EventCase {
  const char* name;
  Value event;
  std::string refused;  ///< part of the text; empty: accepted
};
class Events : public StatisticsTest, public testing::WithParamInterface<EventCase> {};

// TS-0004 clause 7.4.24.2.1
TEST_P(Events, HaveWhatGoesWithTheirType) {
  const Response response = configure("e", GetParam().event);

  EXPECT_EQ(response.rsc, GetParam().refused.empty() ? Rsc::kCreated : Rsc::kBadRequest);
  EXPECT_THAT(TestCse::debug_text(response), HasSubstr(GetParam().refused));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Events,
    testing::Values(
        EventCase{"operation", Value::object({{"evt", 1}}), ""},
        EventCase{"storage", Value::object({{"evt", 2}, {"ds", 1}}), ""},
        EventCase{"storage_without_size", Value::object({{"evt", 2}}),
                  "ds (dataSize): is mandatory"},
        EventCase{"operation_with_size", Value::object({{"evt", 1}, {"ds", 1}}),
                  "ds (dataSize): stands only"},
        EventCase{"timer_with_operation", Value::object({{"evt", 3}, {"opt", Value::array({1})}}),
                  "opt (operationType): stands only"},
        EventCase{
            "ends_before_it_starts",
            Value::object({{"evt", 3}, {"evs", "20270131T120000"}, {"eve", "20270130T120000"}}),
            "eve (eventEnd): is before"},
        EventCase{
            "types_and_resources",
            Value::object({{"evt", 1}, {"erts", Value::array({3})}, {"eris", Value::array({"x"})}}),
            "eris (eventResourceIDs): may not stand beside"}),
    [](const auto& test) { return test.param.name; });

// TS-0004 clause 7.4.24.2.3
TEST_F(StatisticsTest, RefusesTypesBesideResourcesInAnUpdateToo) {
  ASSERT_EQ(configure("e", Value::object({{"evt", 1}, {"erts", Value::array({3})}})).rsc,
            Rsc::kCreated);

  EXPECT_EQ(node_
                .update("CAdmin", "cse-in/cfg/e", "m2m:evcg",
                        Value::object({{"eris", Value::array({"x"})}}))
                .rsc,
            Rsc::kBadRequest);
  EXPECT_EQ(node_
                .update("CAdmin", "cse-in/cfg/e", "m2m:evcg",
                        Value::object({{"eris", Value::array({"x"})}, {"erts", nullptr}}))
                .rsc,
            Rsc::kUpdated);
}

TEST_F(StatisticsTest, CollectsOnlyForAnEventThatIsConfigured) {
  ASSERT_EQ(configure("e", Value::object({{"evt", 1}})).rsc, Rsc::kCreated);

  EXPECT_EQ(collect("e", Value::object({{"evi", "nothing"}})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(collect("e").rsc, Rsc::kCreated);
}

}  // namespace
}  // namespace gatehouse

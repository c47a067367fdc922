#include "cse/services/data/time_series.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using std::chrono::milliseconds;
using test::TestCse;
using testing::HasSubstr;

constexpr int kSeriesType = type_number::kTimeSeries,
              kInstanceType = type_number::kTimeSeriesInstance;

class TimeSeriesService : public testing::Test {
 protected:
  TimeSeriesService() : series_(node_.cse()) {
    node_.add_ae("CAE1");
    series_.start();
  }

  Response create(Value attributes) {
    attributes.set("rn", "ts");
    return node_.create("CAE1", "CAE1", kSeriesType, std::move(attributes));
  }
  Response add(Value generated, std::string content = "value") {
    return node_.create(
        "CAE1", "cse-in/CAE1/ts", kInstanceType,
        Value::object({{"dgt", std::move(generated)}, {"con", std::move(content)}}));
  }
  /// An instance generated `offset` from now.
  Response add_at(milliseconds offset) { return add(to_text(node_.clock().now() + offset)); }
  Value series() { return node_.find("cse-in/CAE1/ts")->attributes(); }
  Response update(Value attributes) {
    return node_.update("CAE1", "cse-in/CAE1/ts", "m2m:ts", std::move(attributes));
  }

  TestCse node_;
  TimeSeries series_;
};

struct SeriesCase {
  std::string name;
  Value attributes;
  Rsc rsc;
  std::string text;
};
class TimeSeriesCreate : public TimeSeriesService,
                         public testing::WithParamInterface<SeriesCase> {};

// TS-0004 table 7.4.38.1-3
TEST_P(TimeSeriesCreate, ChecksItsParameters) {
  const Response made = create(GetParam().attributes);

  EXPECT_EQ(made.rsc, GetParam().rsc) << TestCse::debug_text(made);
  EXPECT_THAT(TestCse::debug_text(made), HasSubstr(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Parameters, TimeSeriesCreate,
    testing::Values(
        SeriesCase{"none", Value::object(), Rsc::kCreated, ""},
        SeriesCase{"detection", Value::object({{"pei", 10}, {"mdd", true}, {"mdt", 6}}),
                   Rsc::kCreated, ""},
        SeriesCase{"detection_without_timer", Value::object({{"pei", 10}, {"mdd", true}}),
                   Rsc::kBadRequest, "mdt"},
        SeriesCase{"tolerance_over_half", Value::object({{"pei", 10}, {"peid", 6}}),
                   Rsc::kBadRequest, "peid"},
        SeriesCase{"tolerance_of_half", Value::object({{"pei", 10}, {"peid", 5}}), Rsc::kCreated,
                   ""},
        SeriesCase{"timer_within_tolerance",
                   Value::object({{"pei", 10}, {"peid", 5}, {"mdd", true}, {"mdt", 5}}),
                   Rsc::kBadRequest, "mdt"},
        SeriesCase{"content_info", Value::object({{"cnf", "text/plain:0"}}), Rsc::kCreated, ""},
        SeriesCase{"no_content_info", Value::object({{"cnf", "text"}}), Rsc::kBadRequest, "cnf"},
        SeriesCase{"its_own_counter", Value::object({{"mdc", 1}}), Rsc::kBadRequest, "mdc"}),
    [](const auto& c) { return c.param.name; });

TEST_F(TimeSeriesService, FillsInWhatTheStandardGivesADefault) {
  create(Value::object({{"pei", 10'000}}));

  EXPECT_EQ(series().integer_at("peid"), 5'000);
  EXPECT_EQ(series().find("mdd")->as_bool(), false);
  EXPECT_EQ(series().integer_at("mdc", -1), 0);
  EXPECT_EQ(series().integer_at("cni", -1), 0);
  EXPECT_FALSE(series().contains("mdlt"));
}

// TS-0004 clause 7.4.39.2.1
TEST_F(TimeSeriesService, RefusesASecondInstanceOfTheSameTime) {
  create(Value::object());

  EXPECT_EQ(add("20260101T120000").rsc, Rsc::kCreated);
  EXPECT_EQ(add("20260101T120000").rsc, Rsc::kConflict);
  EXPECT_EQ(add("20260101T120000,0").rsc, Rsc::kConflict) << "another text of the same time";
  EXPECT_EQ(add("20260101T120000,1").rsc, Rsc::kCreated);
  EXPECT_EQ(series().integer_at("cni"), 2);
}

TEST_F(TimeSeriesService, TakesARelativeGenerationTime) {
  create(Value::object());
  const std::string expected = to_text(node_.clock().now() - milliseconds(1500));

  const Response made = add(-1500);

  EXPECT_EQ(TestCse::attributes(made).string_at("dgt"), expected);
}

TEST_F(TimeSeriesService, KeepsNoMoreThanItsLimits) {
  create(Value::object({{"mni", 2}, {"mbs", 8}}));

  EXPECT_EQ(add("20260101T120000", "123456789").rsc, Rsc::kNotAcceptable);
  add("20260101T120001", "1234");
  add("20260101T120002", "1234");
  add("20260101T120003", "12");
  EXPECT_EQ(series().integer_at("cni"), 2);
  EXPECT_EQ(series().integer_at("cbs"), 6);
  const Response oldest = node_.retrieve("CAE1", "cse-in/CAE1/ts/ol");
  EXPECT_EQ(TestCse::attributes(oldest).string_at("dgt"), "20260101T120002");
  const Response latest = node_.retrieve("CAE1", "cse-in/CAE1/ts/la");
  EXPECT_EQ(TestCse::attributes(latest).string_at("con"), "12");
  EXPECT_EQ(node_.remove("CAE1", "cse-in/CAE1/ts/la").rsc, Rsc::kDeleted);
  EXPECT_EQ(series().integer_at("cni"), 1);
  EXPECT_EQ(series().integer_at("cbs"), 4);
}

TEST_F(TimeSeriesService, AllowsNoUpdateOfAnInstance) {
  create(Value::object());
  add("20260101T120000");

  const auto id = TestCse::attributes(node_.retrieve("CAE1", "cse-in/CAE1/ts/la")).string_at("ri");

  EXPECT_EQ(node_.update("CAE1", id, "m2m:tsi", Value::object({{"con", "new"}})).rsc,
            Rsc::kOperationNotAllowed);
}

TEST_F(TimeSeriesService, HoldsTheContentAgainstItsContentInfo) {
  create(Value::object({{"cnf", "application/octet-stream:1"}}));

  EXPECT_EQ(add("20260101T120000", "no base64!").rsc, Rsc::kBadRequest);
  EXPECT_EQ(add("20260101T120000", "AAAA").rsc, Rsc::kCreated);
}

class Detection : public TimeSeriesService {
 protected:
  Detection() {
    create(Value::object({{"pei", 1000}, {"peid", 400}, {"mdt", 600}, {"mdd", true}, {"mdn", 3}}));
  }
  std::int64_t missing() { return series().integer_at("mdc", -1); }
};

TEST_F(Detection, FindsNothingMissingWhileAllComesInTime) {
  for (int i = 0; i < 5; ++i) {
    add_at(milliseconds(0));
    node_.advance(milliseconds(1000));
  }

  EXPECT_EQ(missing(), 0);
  EXPECT_FALSE(series().contains("mdlt"));
}

TEST_F(Detection, ListsWhatHasNotComeInTime) {
  const Timestamp first = node_.clock().now();
  add_at(milliseconds(0));

  node_.advance(milliseconds(1599));
  EXPECT_EQ(missing(), 0);
  node_.advance(milliseconds(1));
  EXPECT_EQ(missing(), 1);
  EXPECT_EQ(series().find("mdlt")->as_array()->front(), Value(to_text(first + milliseconds(1000))));
}

TEST_F(Detection, KeepsTheNewestEntriesOfTheList) {
  const Timestamp first = node_.clock().now();
  add_at(milliseconds(0));

  node_.advance(milliseconds(5700));

  EXPECT_EQ(missing(), 3);
  EXPECT_EQ(series().find("mdlt")->size(), 3u);
  EXPECT_EQ(series().find("mdlt")->as_array()->back(), Value(to_text(first + milliseconds(5000))));
}

/// Keeps what is told.
class RecordingEvents final : public EventSink {
 public:
  Result<void> missing_data(const ResourcePtr& series, const std::string& generation_time,
                            OperationContext&) override {
    missing.push_back(generation_time);
    listed = series->attributes().integer_at("mdc");
    return {};
  }
  Result<void> trigger_received(const ResourcePtr&, const Value&, OperationContext&) override {
    return {};
  }
  bool watches(const ResourceId&) const override { return false; }
  void attempted(const Request&, const std::string&, const ResourcePtr&, const Response&) override {
  }
  std::vector<std::string> missing;
  std::int64_t listed = 0;
};

// TS-0004 clause 7.5.1.2.9
TEST_F(Detection, TellsSubscribersOfEachMissingPoint) {
  RecordingEvents events;
  node_.cse().extensions().events = &events;
  const Timestamp first = node_.clock().now();
  add_at(milliseconds(0));

  node_.advance(milliseconds(2600));

  EXPECT_THAT(events.missing, testing::ElementsAre(to_text(first + milliseconds(1000)),
                                                   to_text(first + milliseconds(2000))));
  EXPECT_EQ(events.listed, 2);
  node_.cse().extensions().events = nullptr;
}

TEST_F(Detection, BeginsAnewWhenItIsSwitchedOnAgain) {
  add_at(milliseconds(0));
  node_.advance(milliseconds(2000));
  EXPECT_EQ(missing(), 1);

  EXPECT_EQ(update(Value::object({{"mdd", true}})).rsc, Rsc::kUpdated);

  EXPECT_EQ(missing(), 0);
  EXPECT_FALSE(series().contains("mdlt"));
  node_.advance(milliseconds(5000));
  EXPECT_EQ(missing(), 0) << "nothing is expected before the next instance";
}

TEST_F(Detection, KeepsWhatItFoundWhenItIsSwitchedOff) {
  add_at(milliseconds(0));
  node_.advance(milliseconds(2000));

  EXPECT_EQ(update(Value::object({{"mdd", false}})).rsc, Rsc::kUpdated);
  node_.advance(milliseconds(5000));

  EXPECT_EQ(missing(), 1);
}

TEST_F(Detection, LetsNobodyChangeItsParametersWhileItRuns) {
  for (const char* name : {"pei", "peid", "mdt", "mdn"}) {
    EXPECT_EQ(update(Value::object({{name, 5}})).rsc, Rsc::kBadRequest) << name;
    EXPECT_EQ(update(Value::object({{"mdd", false}, {name, 5}})).rsc, Rsc::kBadRequest) << name;
  }
}

TEST_F(Detection, GoesOnAfterARestart) {
  add_at(milliseconds(0));
  node_.settle();
  TestCse second({}, node_.store(), node_.shared_clock());
  TimeSeries series(second.cse());
  second.start();
  series_.stop();
  series.start();

  second.advance(milliseconds(2000));

  EXPECT_EQ(second.find("cse-in/CAE1/ts")->attributes().integer_at("mdc"), 1);
}

}  // namespace
}  // namespace gatehouse

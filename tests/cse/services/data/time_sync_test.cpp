#include "cse/services/data/time_sync.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using std::chrono::seconds;
using test::TestCse;
using testing::ElementsAre;
using testing::IsEmpty;

/// Keeps what is sent.
class RecordingMessenger final : public Messenger {
 public:
  void send_to(const std::string& target, Request request, Reply) override {
    targets.push_back(target);
    last = request.content->as_object()->front();
  }
  std::vector<std::string> targets;
  Member last;
};

class TimeSyncBeacons : public testing::Test {
 protected:
  TimeSyncBeacons() : sync_(node_.cse()) {
    node_.cse().extensions().messenger = &messenger_;
    node_.add_ae("CAE1");
    sync_.start();
  }
  Response create(Value attributes) {
    attributes.set("rn", "tsb");
    if (!attributes.contains("bcnu")) attributes.set("bcnu", Value::array({"http://x"}));
    return node_.create("CAE1", "cse-in/CAE1", type_number::kTimeSyncBeacon, std::move(attributes));
  }
  Response update(Value attributes) {
    return node_.update("CAE1", "cse-in/CAE1/tsb", "m2m:tsb", std::move(attributes));
  }
  Value beacon() { return node_.find("cse-in/CAE1/tsb")->attributes(); }
  void ask_with_time(Timestamp told) {
    Request request = TestCse::request(Operation::kRetrieve, "CAE1", "cse-in/CAE1");
    request.originating_timestamp = to_text(told);
    node_.ask(std::move(request));
  }

  TestCse node_;
  RecordingMessenger messenger_;
  TimeSync sync_;
};

struct BeaconCase {
  std::string name;
  Value attributes;
  Rsc rsc;
};
class BeaconCreate : public TimeSyncBeacons, public testing::WithParamInterface<BeaconCase> {};

// TS-0001 table 9.6.60-2
TEST_P(BeaconCreate, ChecksWhatGoesWithItsCriterion) {
  const Response made = create(GetParam().attributes);

  EXPECT_EQ(made.rsc, GetParam().rsc) << TestCse::debug_text(made);
}
INSTANTIATE_TEST_SUITE_P(
    Criteria, BeaconCreate,
    testing::Values(
        BeaconCase{"periodic", Value::object({{"bcnc", 1}}), Rsc::kCreated},
        BeaconCase{"no_target", Value::object({{"bcnc", 1}, {"bcnu", Value::array()}}),
                   Rsc::kBadRequest},
        BeaconCase{"no_criterion", Value::object(), Rsc::kBadRequest},
        BeaconCase{"unknown_criterion", Value::object({{"bcnc", 3}}), Rsc::kBadRequest},
        BeaconCase{"periodic_with_threshold", Value::object({{"bcnc", 1}, {"bcnt", 10}}),
                   Rsc::kBadRequest},
        BeaconCase{"periodic_without_interval", Value::object({{"bcnc", 1}, {"bcni", "PT0S"}}),
                   Rsc::kBadRequest},
        BeaconCase{"loss", Value::object({{"bcnc", 2}, {"bcnr", "CAE1"}}), Rsc::kCreated},
        BeaconCase{"loss_of_nobody", Value::object({{"bcnc", 2}}), Rsc::kBadRequest},
        BeaconCase{"loss_with_interval",
                   Value::object({{"bcnc", 2}, {"bcnr", "CAE1"}, {"bcni", "PT10S"}}),
                   Rsc::kBadRequest},
        BeaconCase{"threshold_as_duration",
                   Value::object({{"bcnc", 2}, {"bcnr", "CAE1"}, {"bcnt", "PT2S"}}), Rsc::kCreated},
        BeaconCase{"threshold_as_nonsense",
                   Value::object({{"bcnc", 2}, {"bcnr", "CAE1"}, {"bcnt", "soon"}}),
                   Rsc::kBadRequest}),
    [](const auto& c) { return c.param.name; });

TEST_F(TimeSyncBeacons, HaveDefaults) {
  create(Value::object({{"bcnc", 1}}));
  EXPECT_EQ(beacon().string_at("bcni"), "PT1H");

  update(Value::object({{"bcnc", 2}}));
  EXPECT_TRUE(beacon().contains("bcni")) << "refused: the requester is fixed at creation";
}

TEST_F(TimeSyncBeacons, TellTheTimeAtEachInterval) {
  create(Value::object(
      {{"bcnc", 1}, {"bcni", "PT10S"}, {"bcnu", Value::array({"http://a", "http://b"})}}));

  node_.advance(seconds(10));

  EXPECT_THAT(messenger_.targets, ElementsAre("http://a", "http://b"));
  EXPECT_EQ(messenger_.last.name, "m2m:tsbn");
  EXPECT_EQ(messenger_.last.value.string_at("tbr"), beacon().string_at("ri"));
  EXPECT_EQ(messenger_.last.value.string_at("ctm"), to_text(node_.clock().now()));
  node_.advance(seconds(20));
  EXPECT_EQ(messenger_.targets.size(), 6u);
}

TEST_F(TimeSyncBeacons, FollowAChangedIntervalAndEndWithTheResource) {
  create(Value::object({{"bcnc", 1}, {"bcni", "PT10S"}}));
  update(Value::object({{"bcni", "PT30S"}}));

  node_.advance(seconds(29));
  EXPECT_THAT(messenger_.targets, IsEmpty());
  node_.advance(seconds(1));
  EXPECT_EQ(messenger_.targets.size(), 1u);
  node_.remove("CAE1", "cse-in/CAE1/tsb");
  node_.advance(seconds(60));
  EXPECT_EQ(messenger_.targets.size(), 1u);
}

TEST_F(TimeSyncBeacons, TellTheTimeToAnEntityWhoseClockIsOff) {
  create(Value::object({{"bcnc", 2}, {"bcnr", "CAE1"}, {"bcnt", 10}}));

  ask_with_time(node_.clock().now() - seconds(10));
  EXPECT_THAT(messenger_.targets, IsEmpty());
  ask_with_time(node_.clock().now() - seconds(11));
  EXPECT_THAT(messenger_.targets, ElementsAre("http://x"));
  ask_with_time(node_.clock().now() + seconds(11));
  EXPECT_EQ(messenger_.targets.size(), 2u);
}

}  // namespace
}  // namespace gatehouse

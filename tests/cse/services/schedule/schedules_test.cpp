#include "cse/services/schedule/schedules.h"

#include <gtest/gtest.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

Value entries(const std::string& entry) { return Value::object({{"sce", Value::array({entry})}}); }
constexpr const char* kAlways = "* * * * * * *";

class Schedules : public testing::Test {
 protected:
  Schedules() {
    add_schedules(node_.cse());
    node_.create("CAdmin", "cse-in", type_number::kNode,
                 Value::object({{"rn", "nod"}, {"ni", "urn:node"}}));
    node_.add_ae("CAE1");
    node_.create("CAE1", "CAE1", type_number::kSubscription,
                 Value::object({{"rn", "sub"},
                                {"nu", Value::array({"CAE1"})},
                                {"enc", Value::object({{"net", Value::array({1})}})}}));
  }
  Response create(const std::string& parent, Value attributes) {
    if (!attributes.contains("se")) attributes.set("se", entries(kAlways));
    return node_.create("CAdmin", parent, type_number::kSchedule, std::move(attributes));
  }
  TestCse node_;
};

struct Case {
  const char* name;
  const char* parent;
  Value attributes;
  Rsc rsc;
};
class ScheduleCreate : public Schedules, public testing::WithParamInterface<Case> {};

// TS-0004 clause 7.4.9.2.1
TEST_P(ScheduleCreate, FollowsItsParent) {
  EXPECT_EQ(create(GetParam().parent, GetParam().attributes).rsc, GetParam().rsc);
}

INSTANTIATE_TEST_SUITE_P(
    Parents, ScheduleCreate,
    testing::Values(Case{"below_base", "cse-in", Value::object(), Rsc::kCreated},
                    Case{"coordinated_below_base", "cse-in", Value::object({{"nco", true}}),
                         Rsc::kContentsUnacceptable},
                    Case{"below_node", "cse-in/nod", Value::object(), Rsc::kCreated},
                    Case{"coordinated_below_node", "cse-in/nod", Value::object({{"nco", true}}),
                         Rsc::kNotImplemented},
                    Case{"not_coordinated_below_node", "cse-in/nod",
                         Value::object({{"nco", false}}), Rsc::kCreated},
                    Case{"below_subscription", "CAE1/sub", Value::object(), Rsc::kCreated},
                    Case{"with_its_name", "CAE1/sub",
                         Value::object({{"rn", "notificationSchedule"}}), Rsc::kCreated},
                    Case{"with_another_name", "CAE1/sub", Value::object({{"rn", "other"}}),
                         Rsc::kBadRequest},
                    Case{"without_sense", "cse-in/nod", Value::object({{"se", entries("* * *")}}),
                         Rsc::kBadRequest}),
    [](const auto& test) { return test.param.name; });

TEST_F(Schedules, AreNamedByTheirPlaceAndOnlyOneBelowTheBase) {
  EXPECT_EQ(TestCse::attributes(create("CAE1/sub", Value::object())).string_at("rn"),
            "notificationSchedule");
  EXPECT_EQ(create("cse-in", Value::object({{"rn", "one"}})).rsc, Rsc::kCreated);
  EXPECT_EQ(create("cse-in", Value::object({{"rn", "two"}})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(node_.update("CAdmin", "cse-in/one", "m2m:sch", Value::object({{"nco", true}})).rsc,
            Rsc::kContentsUnacceptable);
}

/// Takes everything, and tells when.
struct Recorder final : Messenger {
  explicit Recorder(SimulatedScheduler& c) : clock(c) {}
  void send_to(const std::string&, Request request, Reply reply) override {
    sent.push_back(clock.now());
    Response answer;
    answer.request_identifier = request.request_identifier;
    reply(std::move(answer));
  }
  SimulatedScheduler& clock;
  std::vector<Timestamp> sent;
};

class Reachability : public Schedules {
 protected:
  Reachability() : next_(node_.clock()), messenger_(node_.cse(), next_) {
    node_.add_ae("CAE2", Value::object({{"nl", "cse-in/nod"}}));
  }
  std::optional<Rsc> send(const std::string& target, std::optional<std::string> expires = {}) {
    Request request = TestCse::request(Operation::kNotify, "/id-in", target);
    request.request_expiration = std::move(expires);
    auto answer = std::make_shared<std::optional<Rsc>>();
    messenger_.send_to(target, std::move(request),
                       [answer](const Response& response) { *answer = response.rsc; });
    node_.settle();
    answer_ = answer;
    return *answer;
  }
  /// A schedule entry that begins `seconds` from now and lasts for a minute of the clock at least.
  std::string opens_in(int seconds) {
    // "20260101T120005,000000"
    const std::string text = to_text(node_.clock().now() + std::chrono::seconds(seconds));
    const auto field = [&text](std::size_t at) {
      return std::to_string(std::stoi(text.substr(at, 2)));
    };
    return field(13) + " " + field(11) + " " + field(9) + " * * * *";
  }
  Recorder next_;
  ScheduledMessenger messenger_;
  std::shared_ptr<std::optional<Rsc>> answer_;
};

TEST_F(Reachability, IsGivenWithoutAScheduleAndWithOneThatCoversNow) {
  EXPECT_EQ(send("CAE1"), Rsc::kOk);
  EXPECT_EQ(send("CAE2"), Rsc::kOk);

  create("cse-in/nod", Value::object());
  EXPECT_EQ(send("CAE2"), Rsc::kOk);
}

TEST_F(Reachability, ComesWhenTheScheduleOpensIfTheRequestLivesThatLong) {
  create("cse-in/nod", Value::object({{"se", entries(opens_in(5))}}));

  EXPECT_EQ(send("CAE2"), std::nullopt);
  EXPECT_TRUE(next_.sent.empty());
  node_.advance(std::chrono::seconds(6));

  EXPECT_EQ(*answer_, Rsc::kOk);
  EXPECT_EQ(next_.sent.size(), 1u);
}

TEST_F(Reachability, IsDeniedAtOnceIfTheRequestExpiresBefore) {
  create("cse-in/nod", Value::object({{"se", entries(opens_in(5))}}));

  EXPECT_EQ(send("CAE2", "2000"), Rsc::kTargetNotReachable);
  EXPECT_TRUE(next_.sent.empty());
}

TEST_F(Reachability, IsNeverGivenByAScheduleOfThePast) {
  create("cse-in/nod", Value::object({{"se", entries("* * * * * * 2001")}}));

  EXPECT_EQ(send("CAE2"), Rsc::kTargetNotReachable);
}

}  // namespace
}  // namespace gatehouse

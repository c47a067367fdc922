// Notification policies that keep books or wait: statistics, counters, schedules, prior events.
#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using namespace std::chrono_literals;
using test::RecordingSender;
using test::SubscriptionNode;
using test::TestCse;
using Strings = std::vector<std::string>;

class Policies : public testing::Test {
 protected:
  Policies() { node.add_container(); }
  void subscribe(const std::string& policies, const std::string& name = "sub") {
    Value attributes = SubscriptionNode::to_sink("sink", {3});
    const Value wanted = *parse_json(policies);
    for (const Member& member : *wanted.as_object()) attributes.set(member.name, member.value);
    const Response made = node.subscribe(name, attributes);
    ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  }
  Value update(const std::string& json) {
    return TestCse::attributes(
        node.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(json)));
  }
  Value attributes() { return node.node.find("CAE1/cnt/sub")->attributes(); }
  static Value stats(std::int64_t requests, std::int64_t responses, std::int64_t events) {
    return Value::array({Value::object(
        {{"tg", "http://sink"}, {"rqs", requests}, {"rsr", responses}, {"noec", events}})});
  }
  void answer(Rsc rsc) {
    node.http.answers = [rsc](const RecordingSender::Sent&) { return rsc; };
  }
  SubscriptionNode node;
};

// R4: notificationStatsEnable, notificationStatsInfo
TEST_F(Policies, StatisticsCountEventsRequestsAndAnswers) {
  subscribe(R"({"nse":true})");
  EXPECT_FALSE(attributes().contains("nsi"));

  node.add_instance("1");
  EXPECT_EQ(*attributes().find("nsi"), stats(1, 1, 1));

  answer(Rsc::kTargetNotReachable);
  node.add_instance("2");
  node.node.advance(40s);
  EXPECT_EQ(*attributes().find("nsi"), stats(6, 1, 2));
}

TEST_F(Policies, ABatchCountsAsItsNotifications) {
  subscribe(R"({"nse":true,"bn":{"num":3}})");
  for (int i = 0; i < 3; ++i) node.add_instance(std::to_string(i));

  EXPECT_EQ(*attributes().find("nsi"), stats(3, 3, 3));
}

TEST_F(Policies, StatisticsStopAndStartAnew) {
  subscribe(R"({"nse":true})");
  node.add_instance("1");

  EXPECT_EQ(*update(R"({"nse":false})").find("nsi"), stats(1, 1, 1));
  node.add_instance("2");
  EXPECT_EQ(*attributes().find("nsi"), stats(1, 1, 1));
  EXPECT_FALSE(update(R"({"nse":true})").contains("nsi"));
  node.add_instance("3");
  EXPECT_EQ(*attributes().find("nsi"), stats(1, 1, 1));
  EXPECT_FALSE(update(R"({"nse":true})").contains("nsi"));
  node.add_instance("4");
  EXPECT_FALSE(update(R"({"nse":null})").contains("nsi"));
}

TEST_F(Policies, StatisticsFollowTheTargets) {
  subscribe(R"({"nse":true})");
  node.add_instance("1");

  const Value list = *update(R"({"nu":["http://other"]})").find("nsi");

  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list.as_array()->front().string_at("tg"), "http://other");
  EXPECT_EQ(list.as_array()->front().integer_at("rqs"), 0);
}

// TS-0004 clause 7.5.1.2.2, step 5.0: successfully sent ones.
TEST_F(Policies, TheCounterCountsWhatHasArrived) {
  subscribe(R"({"exc":2})");
  answer(Rsc::kTargetNotReachable);
  node.add_instance("1");
  node.node.advance(40s);
  EXPECT_EQ(attributes().integer_at("exc"), 2);

  answer(Rsc::kOk);
  node.add_instance("2");
  EXPECT_EQ(attributes().integer_at("exc"), 1);
  node.add_instance("3");
  EXPECT_FALSE(node.node.find("CAE1/cnt/sub"));
}

// However many events wait, no more than the counter allows are told.
TEST_F(Policies, TheCounterHoldsForABurst) {
  subscribe(R"({"exc":2,"su":"http://owner"})");
  for (int i = 1; i <= 5; ++i) {
    node.node.send(node.node.create_request("CAE1", "CAE1/cnt", 4,
                                            Value::object({{"con", std::to_string(i)}})));
  }
  node.node.settle();

  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2"}));
  EXPECT_FALSE(node.node.find("CAE1/cnt/sub"));
  EXPECT_EQ(node.http.notifications("http://owner").size(), 1u);
  EXPECT_TRUE(node.node.outbox().empty());
}

// TS-0001 clause 10.2.10.7 (preSubscriptionNotify)
TEST_F(Policies, PriorEventsAreToldOldestFirst) {
  for (int i = 1; i <= 4; ++i) node.add_instance(std::to_string(i));

  subscribe(R"({"psn":3})");
  node.add_instance("5");

  EXPECT_EQ(node.contents("sink"), (Strings{"2", "3", "4", "5"}));
}

TEST_F(Policies, OnlyPriorEventsThatAreAskedForAreTold) {
  node.add_instance("1");
  node.add_instance("12345");
  node.add_instance("2");

  subscribe(R"({"psn":9,"enc":{"net":[3],"sza":5}})");

  EXPECT_EQ(node.contents("sink"), Strings{"12345"});
}

// R4: enableEventNotificationOriginator
TEST_F(Policies, TheOriginatorOfTheEventIsNamedOnDemand) {
  subscribe(R"({"eeno":true})");
  node.add_instance("1");

  EXPECT_EQ(node.http.notifications("http://sink")[0].string_at("cr"), "CAE1");
}

/// 2027-01-15 is when simulated time starts, at 08:00:00; the schedule opens for 10 s each minute.
class Scheduled : public Policies {
 protected:
  void schedule(const std::string& entry) {
    const Response made =
        node.node.create("CAE1", "CAE1/cnt/sub", type_number::kSchedule,
                         Value::object({{"rn", "notificationSchedule"},
                                        {"se", Value::object({{"sce", Value::array({entry})}})}}));
    ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  }
  void events() {
    schedule("50-59 * * * * * *");
    for (int i = 1; i <= 3; ++i) node.add_instance(std::to_string(i));
    EXPECT_TRUE(node.contents("sink").empty());
  }
};

// TS-0004 clause 7.5.1.2.2, steps 3.0 and 4.0
TEST_F(Scheduled, WithoutAPolicyWhatHappensMeanwhileIsLost) {
  subscribe("{}");
  events();
  node.node.advance(55s);
  EXPECT_TRUE(node.contents("sink").empty());

  node.add_instance("4");
  EXPECT_EQ(node.contents("sink"), Strings{"4"});
}

TEST_F(Scheduled, AllThatIsPendingLeavesInItsOrder) {
  subscribe(R"({"pn":2})");
  events();
  node.node.advance(49s, 1s);
  EXPECT_TRUE(node.contents("sink").empty());

  node.node.advance(2s, 1s);

  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2", "3"}));
  EXPECT_TRUE(node.node.outbox().empty());
}

TEST_F(Scheduled, OrOnlyTheLatest) {
  subscribe(R"({"pn":1})");
  events();
  node.node.advance(51s, 1s);

  EXPECT_EQ(node.contents("sink"), Strings{"3"});
  EXPECT_EQ(node.http.sent.back().request.event_category, 4);
}

TEST_F(Scheduled, ImmediateNotificationsDoNotWait) {
  subscribe(R"({"nec":2})");
  schedule("50-59 * * * * * *");
  node.add_instance("1");

  EXPECT_EQ(node.contents("sink"), Strings{"1"});
}

TEST_F(Scheduled, PendingOnesOutliveTheProcess) {
  subscribe(R"({"pn":2})");
  events();

  SubscriptionNode again({}, {}, node.node.store(), node.node.shared_clock());
  again.node.start();
  again.subscriptions.start();
  again.node.advance(51s, 1s);

  EXPECT_EQ(again.contents("sink"), (Strings{"1", "2", "3"}));
}

struct DropCase {
  std::string name;
  std::function<void(SubscriptionNode&)> act;
  Strings left;
};
class Drops : public Scheduled, public testing::WithParamInterface<DropCase> {};

// TS-0004 clauses 7.4.8.2.3 and 7.4.8.2.4
TEST_P(Drops, PendingOnesByTheNewPolicy) {
  subscribe(R"({"pn":2})");
  events();
  GetParam().act(node);
  node.node.advance(51s, 1s);

  EXPECT_EQ(node.contents("sink"), GetParam().left);
  EXPECT_TRUE(node.node.outbox().empty());
}
INSTANTIATE_TEST_SUITE_P(
    All, Drops,
    testing::Values(
        DropCase{"removed",
                 [](auto& n) {
                   n.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(R"({"pn":null})"));
                 },
                 {}},
        DropCase{"latest",
                 [](auto& n) {
                   n.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(R"({"pn":1})"));
                 },
                 {"3"}},
        DropCase{"deleted", [](auto& n) { n.node.remove("CAE1", "CAE1/cnt/sub"); }, {}}),
    [](const auto& each) { return each.param.name; });

// TS-0004 clause 7.4.8.2.3, table 10.2.10.4-1 of TS-0001: targets of an UPDATE
TEST_F(Policies, NewTargetsOfAnUpdateAreVerified) {
  subscribe("{}");
  const std::size_t before = node.http.sent.size();

  EXPECT_EQ(update(R"({"nu":["http://sink","http://new"]})").strings_at("nu").size(), 2u);
  ASSERT_EQ(node.http.sent.size(), before + 1);
  EXPECT_EQ(node.http.sent.back().url, "http://new");
  EXPECT_TRUE(node.http.sent.back().request.content->find("m2m:sgn")->bool_at("vrq"));

  answer(Rsc::kTargetNotReachable);
  EXPECT_EQ(
      node.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(R"({"nu":["http://bad"]})"))
          .rsc,
      Rsc::kSubscriptionVerificationInitiationFailed);
  EXPECT_EQ(attributes().strings_at("nu").size(), 2u);
}

// TS-0004 clause 7.4.8.2.4: Recv-6.5 comes before the response.
TEST_F(Policies, ADeletionIsAnsweredWhenTheSubscriberHasBeenTold) {
  subscribe(R"({"su":"http://owner"})");
  node.http.answers = [](const RecordingSender::Sent& sent) {
    return sent.url == "http://owner" ? std::nullopt : std::optional(Rsc::kOk);
  };

  auto answer = node.node.send(TestCse::request(Operation::kDelete, "CAE1", "CAE1/cnt"));
  node.node.settle();
  EXPECT_FALSE(*answer);
  EXPECT_EQ(node.http.notifications("http://owner").size(), 1u);

  node.http.answer_held(Rsc::kOk);
  node.node.settle();
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->rsc, Rsc::kDeleted);
}

TEST_F(Policies, ADeletionDoesNotWaitLongForASubscriberThatIsSilent) {
  subscribe(R"({"su":"http://owner"})");
  node.http.answers = [](const RecordingSender::Sent&) { return std::nullopt; };

  auto answer = node.node.send(TestCse::request(Operation::kDelete, "CAE1", "CAE1/cnt"));
  node.node.advance(11s, 1s);

  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->rsc, Rsc::kDeleted);
}

}  // namespace
}  // namespace gatehouse

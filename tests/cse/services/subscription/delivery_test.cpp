// From the outbox to the targets: order, retries, policies, restarts.
#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using namespace std::chrono_literals;
using test::RecordingSender;
using test::SubscriptionNode;
using Strings = std::vector<std::string>;

class Delivery : public testing::Test {
 protected:
  Delivery() { node.add_container(); }
  void subscribe(const std::string& sink, const std::string& policies = "{}") {
    Value attributes = SubscriptionNode::to_sink(sink, {3});
    const Value wanted = *parse_json(policies);
    for (const Member& member : *wanted.as_object()) attributes.set(member.name, member.value);
    ASSERT_EQ(node.subscribe(sink, attributes).rsc, Rsc::kCreated);
  }
  void fail(const std::string& sink, Rsc rsc = Rsc::kTargetNotReachable) {
    node.http.answers = [url = "http://" + sink, rsc](const RecordingSender::Sent& sent) {
      return sent.url == url ? rsc : Rsc::kOk;
    };
  }
  void recover() {
    node.http.answers = [](const RecordingSender::Sent&) { return Rsc::kOk; };
  }
  SubscriptionNode node;
};

TEST_F(Delivery, EverythingArrivesInOrderAndLeavesTheStore) {
  subscribe("sink");
  Strings expected;
  for (int i = 0; i < 30; ++i) {
    expected.push_back(std::to_string(i));
    node.node.send(
        node.node.create_request("CAE1", "CAE1/cnt", 4, Value::object({{"con", expected.back()}})));
  }
  node.node.settle();

  EXPECT_EQ(node.contents("sink"), expected);
  EXPECT_TRUE(node.node.outbox().empty());
  EXPECT_EQ(node.deliverer.counters().delivered, 30u);
}

TEST_F(Delivery, NothingIsSentBeforeTheCommit) {
  subscribe("sink");
  const std::size_t before = node.http.sent.size();

  node.node.send(node.node.create_request("CAE1", "CAE1/cnt", 4, Value::object({{"con", "1"}})));
  node.node.clock().run_ready();

  EXPECT_EQ(node.http.sent.size(), before);
  node.node.settle();
  EXPECT_EQ(node.http.sent.size(), before + 1);
}

/// Attempts at 0, 1, 3, 7 and 15 s.
TEST_F(Delivery, RetriesWithGrowingPausesThenGivesUp) {
  subscribe("sink");
  fail("sink");
  node.add_instance("1");

  Strings at;
  std::size_t seen = 0;
  for (int second = 0; second <= 40; ++second) {
    const std::size_t now = node.contents("sink").size();
    if (now > seen) at.push_back(std::to_string(second));
    seen = now;
    node.node.advance(1s);
  }

  EXPECT_EQ(at, (Strings{"0", "1", "3", "7", "15"}));
  EXPECT_EQ(seen, 5u);
  ASSERT_EQ(node.undelivered.size(), 1u);
  EXPECT_EQ(node.undelivered[0].target, "http://sink");
  EXPECT_EQ(node.undelivered[0].last, Rsc::kTargetNotReachable);
  EXPECT_EQ(node.deliverer.counters().given_up, 1u);
  EXPECT_TRUE(node.node.outbox().empty());
}

TEST_F(Delivery, TheOrderIsKeptOverFailures) {
  subscribe("sink");
  fail("sink");
  node.add_instance("1");
  node.add_instance("2");
  node.add_instance("3");
  EXPECT_EQ(node.contents("sink"), Strings{"1"});
  recover();

  node.node.advance(1s);

  EXPECT_EQ(node.contents("sink"), (Strings{"1", "1", "2", "3"}));
  EXPECT_TRUE(node.node.outbox().empty());
}

/// However many subscriptions tell a host that does not answer, one to another host is served.
TEST(Crowd, ATargetOfManySubscriptionsHoldsNobodyElse) {
  constexpr int kMany = 300;
  DeliverySettings settings;
  settings.max_in_flight = 8;
  settings.max_in_flight_per_target = 4;
  SubscriptionNode node({}, settings);
  node.add_container();
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(node.subscribe("slow" + std::to_string(i),
                             SubscriptionNode::to_sink("slow/" + std::to_string(i), {3}))
                  .rsc,
              Rsc::kCreated);
  }
  ASSERT_EQ(node.subscribe("quick", SubscriptionNode::to_sink("quick", {3})).rsc, Rsc::kCreated);
  node.http.sent.clear();
  node.http.answers = [](const RecordingSender::Sent& sent) -> std::optional<Rsc> {
    if (sent.url.starts_with("http://slow")) return std::nullopt;
    return Rsc::kOk;
  };

  for (int i = 1; i <= 3; ++i) node.add_instance(std::to_string(i));

  EXPECT_EQ(node.contents("quick"), (Strings{"1", "2", "3"}));
  EXPECT_EQ(node.http.held.size(), settings.max_in_flight_per_target);
  node.http.answers = [](const RecordingSender::Sent&) { return Rsc::kOk; };
  node.http.answer_held(Rsc::kOk);
  node.node.settle();
  EXPECT_EQ(node.http.sent.size(), 3u * (kMany + 1));
  EXPECT_TRUE(node.node.outbox().empty());
}

TEST_F(Delivery, ASlowSubscriberDelaysNobodyElse) {
  subscribe("slow");
  subscribe("quick");
  node.http.answers = [](const RecordingSender::Sent& sent) -> std::optional<Rsc> {
    if (sent.url == "http://slow") return std::nullopt;
    return Rsc::kOk;
  };

  for (int i = 1; i <= 3; ++i) node.add_instance(std::to_string(i));

  EXPECT_EQ(node.contents("quick"), (Strings{"1", "2", "3"}));
  EXPECT_EQ(node.contents("slow"), Strings{"1"});
  node.http.answer_held(Rsc::kOk);
  node.node.settle();
  EXPECT_EQ(node.contents("slow"), (Strings{"1", "2"}));
}

TEST_F(Delivery, ARefusalIsFinal) {
  subscribe("sink");
  fail("sink", Rsc::kOriginatorHasNoPrivilege);

  node.add_instance("1");
  node.add_instance("2");
  node.node.advance(10s);

  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2"}));
  EXPECT_EQ(node.undelivered.size(), 2u);
}

TEST_F(Delivery, OnlyTheTargetThatFailedIsTriedAgain) {
  Value attributes = SubscriptionNode::to_sink("a", {3});
  attributes.set("nu", Value::array({"http://a", "http://b", "http://a"}));
  node.subscribe("sub", attributes);
  fail("b");
  node.add_instance("1");
  recover();

  node.node.advance(1s);

  EXPECT_EQ(node.contents("a"), Strings{"1"});
  EXPECT_EQ(node.contents("b"), (Strings{"1", "1"}));
}

TEST_F(Delivery, AfterGivingUpEachGetsOneAttemptUntilOneSucceeds) {
  subscribe("sink");
  fail("sink");
  node.add_instance("1");
  node.node.advance(20s);
  node.add_instance("2");
  node.node.advance(20s);
  EXPECT_EQ(node.contents("sink"), (Strings{"1", "1", "1", "1", "1", "2"}));

  recover();
  node.add_instance("3");
  fail("sink");
  node.add_instance("4");
  recover();
  node.node.advance(1s);

  const Strings all = node.contents("sink");
  EXPECT_EQ(Strings(all.end() - 3, all.end()), (Strings{"3", "4", "4"}));
}

TEST_F(Delivery, WhatIsPendingSurvivesARestart) {
  subscribe("sink");
  fail("sink");
  node.add_instance("1");
  node.add_instance("2");
  ASSERT_EQ(node.node.outbox().size(), 2u);

  SubscriptionNode again({}, {}, node.node.store(), node.node.shared_clock());
  again.node.start();
  again.deliverer.wake();
  again.node.settle();

  EXPECT_EQ(again.contents("sink"), (Strings{"1", "2"}));
  EXPECT_TRUE(again.node.outbox().empty());
}

TEST_F(Delivery, ANotErasedEntryIsErasedLater) {
  auto store = std::make_shared<MemoryStore>();
  SubscriptionNode other({}, {}, store);
  other.add_container();
  other.subscribe("sink", SubscriptionNode::to_sink("sink", {3}));
  other.node.send(other.node.create_request("CAE1", "CAE1/cnt", 4, Value::object({{"con", "1"}})));
  other.node.cse().run_pending();
  int faults = 1;
  store->set_commit_fault([&faults]() -> std::optional<Transaction::CommitFailure> {
    if (faults-- <= 0) return std::nullopt;
    return Transaction::CommitFailure{Transaction::CommitError::kFailed, "disk full", {}};
  });

  other.node.settle();
  EXPECT_EQ(other.node.outbox().size(), 1u);
  other.node.advance(2s);

  EXPECT_TRUE(other.node.outbox().empty());
  EXPECT_EQ(other.contents("sink"), Strings{"1"});
}

struct BoundCase {
  std::string name;
  DeliverySettings settings;
};
class Bounds : public testing::TestWithParam<BoundCase> {};

/// Whatever the limits, everything arrives in order.
TEST_P(Bounds, LoseNothing) {
  SubscriptionNode node({}, GetParam().settings);
  node.add_container();
  for (const char* sink : {"a", "b", "c"}) {
    node.subscribe(sink, SubscriptionNode::to_sink(sink, {3}));
  }
  node.http.answers = [](const RecordingSender::Sent&) -> std::optional<Rsc> {
    return std::nullopt;
  };
  Strings expected;
  for (int i = 0; i < 40; ++i) {
    expected.push_back(std::to_string(i));
    node.add_instance(expected.back());
  }
  node.http.answers = [](const RecordingSender::Sent&) { return Rsc::kOk; };
  node.http.answer_held(Rsc::kOk);
  node.node.settle();

  for (const char* sink : {"a", "b", "c"}) EXPECT_EQ(node.contents(sink), expected) << sink;
  EXPECT_TRUE(node.node.outbox().empty());
}
DeliverySettings limits(std::size_t in_flight, std::size_t memory, std::size_t per_queue,
                        std::size_t page) {
  DeliverySettings settings;
  settings.max_in_flight = in_flight;
  settings.max_in_memory = memory;
  settings.max_in_memory_per_queue = per_queue;
  settings.page = page;
  return settings;
}
DeliverySettings bytes(std::size_t in_all, std::size_t per_queue) {
  DeliverySettings settings;
  settings.max_bytes_in_memory = in_all;
  settings.max_bytes_in_memory_per_queue = per_queue;
  return settings;
}
INSTANTIATE_TEST_SUITE_P(Limits, Bounds,
                         testing::Values(BoundCase{"usual", {}},
                                         BoundCase{"one_in_flight", limits(1, 100, 100, 100)},
                                         BoundCase{"little_memory", limits(10, 4, 100, 7)},
                                         BoundCase{"short_queues", limits(10, 100, 2, 5)},
                                         BoundCase{"few_bytes", bytes(1'000, 100'000)},
                                         BoundCase{"few_bytes_each", bytes(100'000, 1'000)},
                                         BoundCase{"all_small", limits(2, 1, 1, 1)}),
                         [](const auto& each) { return each.param.name; });

// TS-0001 table 9.6.8-2 (batchNotify)
TEST_F(Delivery, ABatchLeavesWhenItsNumberIsReached) {
  subscribe("sink", R"({"bn":{"num":3,"dur":"PT60S"}})");
  node.add_instance("1");
  node.add_instance("2");
  EXPECT_TRUE(node.contents("sink").empty());

  node.add_instance("3");
  node.add_instance("4");

  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2", "3"}));
  EXPECT_TRUE(node.http.sent.back().request.content->contains("m2m:agn"));
  EXPECT_EQ(node.node.outbox().size(), 1u);
}

TEST_F(Delivery, ABatchLeavesWhenItsTimeIsOver) {
  subscribe("sink", R"({"bn":{"num":10,"dur":"PT5S"}})");
  node.add_instance("1");
  node.node.advance(3s);
  node.add_instance("2");
  node.node.advance(1900ms);
  EXPECT_TRUE(node.contents("sink").empty());

  node.node.advance(100ms);

  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2"}));
}

TEST_F(Delivery, ABatchIsCollectedOverARestart) {
  subscribe("sink", R"({"bn":{"num":2,"dur":"PT60S"}})");
  node.add_instance("1");
  node.node.advance(1s);

  SubscriptionNode again({}, {}, node.node.store(), node.node.shared_clock());
  again.node.start();
  again.deliverer.wake();
  again.node.settle();
  again.add_instance("2");

  EXPECT_EQ(again.contents("sink"), (Strings{"1", "2"}));
}

// TS-0001 table 9.6.8-2 (latestNotify): only the newest, as event category "latest".
TEST_F(Delivery, OfABatchOnlyTheLatestMayBeWanted) {
  subscribe("sink", R"({"bn":{"num":3,"dur":"PT60S"},"ln":true})");
  for (int i = 1; i <= 3; ++i) node.add_instance(std::to_string(i));

  EXPECT_EQ(node.contents("sink"), Strings{"3"});
  EXPECT_EQ(node.http.sent.back().request.event_category, 4);
  EXPECT_TRUE(node.node.outbox().empty());
}

TEST_F(Delivery, TheLatestTakesThePlaceOfWhatWaits) {
  subscribe("sink", R"({"ln":true})");
  fail("sink");
  for (int i = 1; i <= 3; ++i) node.add_instance(std::to_string(i));
  recover();

  node.node.advance(1s);

  EXPECT_EQ(node.contents("sink"), (Strings{"1", "3"}));
  EXPECT_EQ(node.deliverer.counters().superseded, 2u);
  EXPECT_TRUE(node.node.outbox().empty());
}

// TS-0001 table 9.6.8-2 (rateLimit): consecutive windows.
TEST_F(Delivery, TheRateLimitMakesTheRestWait) {
  subscribe("sink", R"({"rl":{"mnn":2,"tww":"PT10S"}})");
  for (int i = 1; i <= 5; ++i) node.add_instance(std::to_string(i));
  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2"}));

  node.node.advance(9900ms);
  EXPECT_EQ(node.contents("sink").size(), 2u);
  node.node.advance(100ms);
  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2", "3", "4"}));
  node.node.advance(10s);
  EXPECT_EQ(node.contents("sink"), (Strings{"1", "2", "3", "4", "5"}));
}

TEST_F(Delivery, TheEventCategoryIsHandedOn) {
  subscribe("sink", R"({"nec":2})");
  node.add_instance("1");

  EXPECT_EQ(node.http.sent.back().request.event_category, 2);
  EXPECT_TRUE(node.http.sent.back().request.request_expiration);
}

TEST_F(Delivery, AnEntryThatCannotBeReadIsReportedAndGoes) {
  node.node.cse().submit([](OperationContext& context) {
    context.resources.put_outbox("broken", Value::object({{"nu", "http://x"}}));
    return Response{};
  });
  node.node.settle();
  node.deliverer.wake();
  node.node.settle();

  ASSERT_EQ(node.undelivered.size(), 1u);
  EXPECT_EQ(node.undelivered[0].queue, "broken");
  EXPECT_TRUE(node.node.outbox().empty());
}

}  // namespace
}  // namespace gatehouse

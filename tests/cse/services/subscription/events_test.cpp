// Which changes are told, and what is said of them.
#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using test::SubscriptionNode;
using test::TestCse;

class Events : public testing::Test {
 protected:
  Events() { node.add_container(); }
  std::vector<Value> told() const { return node.http.notifications("http://sink"); }
  SubscriptionNode node;
};

struct KindCase {
  std::string name;
  int type;
  std::function<void(SubscriptionNode&)> act;
  std::string root;  ///< of the representation
};
class Kinds : public Events, public testing::WithParamInterface<KindCase> {};

// TS-0001 table 9.6.8-3 (notificationEventType)
TEST_P(Kinds, EachIsToldToThoseThatAskForIt) {
  node.add_instance("old");
  for (const int type : {1, 2, 4, 3}) {  // 3 last: it would be told of the others
    node.subscribe("sub" + std::to_string(type),
                   SubscriptionNode::to_sink("sink" + std::to_string(type), {type}));
  }

  GetParam().act(node);
  node.node.settle();

  for (int type = 1; type <= 4; ++type) {
    const auto told = node.http.notifications("http://sink" + std::to_string(type));
    ASSERT_EQ(told.size(), type == GetParam().type ? 1u : 0u) << type;
    if (type != GetParam().type) continue;
    const Value& event = *told[0].find("nev");
    EXPECT_EQ(event.integer_at("net"), type);
    EXPECT_TRUE(event.find("rep")->contains(GetParam().root));
    EXPECT_TRUE(told[0].string_at("sur").starts_with("/id-in/sub"));
  }
}
INSTANTIATE_TEST_SUITE_P(
    All, Kinds,
    testing::Values(
        KindCase{"update", 1, [](SubscriptionNode& n) { n.label("x"); }, "m2m:cnt"},
        KindCase{"deletion", 2, [](SubscriptionNode& n) { n.node.remove("CAE1", "CAE1/cnt"); },
                 "m2m:cnt"},
        KindCase{"child_created", 3, [](SubscriptionNode& n) { n.add_instance("1"); }, "m2m:cin"},
        KindCase{"child_deleted", 4,
                 [](SubscriptionNode& n) { n.node.remove("CAE1", "CAE1/cnt/la"); }, "m2m:cin"},
        KindCase{"deletion_from_above", 2,
                 [](SubscriptionNode& n) { n.node.remove("CAE1", "CAE1"); }, "m2m:cnt"}),
    [](const auto& each) { return each.param.name; });

// TS-0004 clause 7.4.7.2.1: what goes to make room is not told.
TEST_F(Events, EvictionsAndCountersAreNone) {
  node.node.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"mni", 1}}));
  node.subscribe("sub", SubscriptionNode::to_sink("sink", {1, 4}));

  node.add_instance("1");
  node.add_instance("2");

  EXPECT_TRUE(told().empty());
}

TEST_F(Events, ARefusedRequestIsNone) {
  node.subscribe("sub", SubscriptionNode::to_sink("sink", {1, 2, 3, 4}));

  EXPECT_EQ(node.node.create("CAE1", "CAE1/cnt", 4, Value::object()).rsc, Rsc::kBadRequest);

  EXPECT_TRUE(told().empty());
  EXPECT_TRUE(node.node.outbox().empty());
}

TEST_F(Events, ASubscriptionIsNotToldOfItself) {
  node.subscribe("sub", SubscriptionNode::to_sink("sink", {3, 4}));
  node.node.remove("CAE1", "CAE1/cnt/sub");

  EXPECT_TRUE(told().empty());
}

// A subscription holds from the moment it is made, also for the next job of the same commit.
TEST_F(Events, ASubscriptionSeesWhatFollowsInItsBatch) {
  auto made = node.node.send(node.node.create_request(
      "CAE1", "CAE1/cnt", 23, *parse_json(R"({"rn":"own","nu":["CAE1"],"enc":{"net":[3]}})")));
  auto first = node.node.send(
      node.node.create_request("CAE1", "CAE1/cnt", 4, Value::object({{"con", "1"}})));
  auto removed = node.node.send(TestCse::request(Operation::kDelete, "CAE1", "CAE1/cnt/own"));
  auto second = node.node.send(
      node.node.create_request("CAE1", "CAE1/cnt", 4, Value::object({{"con", "2"}})));
  node.node.settle();

  EXPECT_EQ((*made)->rsc, Rsc::kCreated);
  EXPECT_EQ((*removed)->rsc, Rsc::kDeleted);
  EXPECT_EQ(node.contents("ae1"), std::vector<std::string>{"1"});
}

TEST_F(Events, ARefusedSubscriptionLeavesNothingBehind) {
  node.http.answers = [](const test::RecordingSender::Sent&) { return Rsc::kTargetNotReachable; };
  node.subscribe("sub", SubscriptionNode::to_sink("sink", {3}));

  node.add_instance("1");
  node.add_instance("2");

  EXPECT_TRUE(told().empty());
}

struct ContentCase {
  std::string name;
  int content_type;
  std::vector<std::string> present, absent;
};
class Contents : public Events, public testing::WithParamInterface<ContentCase> {};

// TS-0001 table 9.6.8-4 (notificationContentType)
TEST_P(Contents, FollowTheContentType) {
  node.subscribe("sub", *parse_json(R"({"nu":["http://sink"],"nct":)" +
                                    std::to_string(GetParam().content_type) + "}"));

  node.label("x");

  ASSERT_EQ(told().size(), 1u);
  const Value notification = told()[0];
  const Value& representation = *notification.find("nev")->find("rep");
  const Value* container = representation.find("m2m:cnt");
  const Value& members = container ? *container : representation;
  for (const std::string& name : GetParam().present) EXPECT_TRUE(members.contains(name)) << name;
  for (const std::string& name : GetParam().absent) EXPECT_FALSE(members.contains(name)) << name;
}
INSTANTIATE_TEST_SUITE_P(All, Contents,
                         testing::Values(ContentCase{"all", 1, {"lbl", "ty", "cni"}, {"m2m:uri"}},
                                         ContentCase{"modified", 2, {"lbl", "st"}, {"ty", "cni"}},
                                         ContentCase{"identifier", 3, {"m2m:uri"}, {"m2m:cnt"}}),
                         [](const auto& each) { return each.param.name; });

TEST_F(Events, AMonitorNamesOperationAndOriginator) {
  node.subscribe(
      "sub",
      *parse_json(R"({"nu":["http://sink"],"enc":{"om":[{"ops":4,"or":"CAd*"},{"ops":1}]}})"));

  node.label("not told");
  node.node.update("CAdmin", "CAE1/cnt", "m2m:cnt", *parse_json(R"({"lbl":["told"]})"));
  node.add_instance("told");

  ASSERT_EQ(told().size(), 2u);
  const Value update = told()[0], create = told()[1];
  EXPECT_EQ(*update.find("nev")->find("om"), Value::object({{"op", 3}, {"or", "CAdmin"}}));
  EXPECT_EQ(*create.find("nev")->find("om"), Value::object({{"op", 1}, {"or", "CAE1"}}));
  EXPECT_EQ(update.find("nev")->integer_at("net"), 1);  // mandatory: TS-0004 table 6.3.5.13-1
  EXPECT_EQ(create.find("nev")->integer_at("net"), 3);
}

// TS-0004 clause 7.5.1.2.2 (Modified Attributes): also what was set to the value that it had.
TEST_F(Events, AnAttributeSetToTheSameValueIsModified) {
  node.label("x");
  node.subscribe("sub",
                 *parse_json(R"({"nu":["http://sink"],"nct":2,"enc":{"net":[1],"atr":["lbl"]}})"));

  node.label("x");

  ASSERT_EQ(told().size(), 1u);
  EXPECT_TRUE(told()[0].find("nev")->find("rep")->find("m2m:cnt")->contains("lbl"));
}

struct EndCase {
  std::string name, policies;
  std::vector<std::string> told;
};
class Ends : public Events, public testing::WithParamInterface<EndCase> {};

// TS-0004 clause 7.5.1.2.4: what has been collected leaves before the end is told.
TEST_P(Ends, LetABatchGo) {
  Value attributes = SubscriptionNode::to_sink("sink", {3});
  const Value policies = *parse_json(GetParam().policies);
  for (const Member& member : *policies.as_object()) {
    attributes.set(member.name, member.value);
  }
  ASSERT_EQ(node.subscribe("sub", attributes).rsc, Rsc::kCreated);
  node.add_instance("1");
  node.add_instance("2");
  EXPECT_TRUE(node.contents("sink").empty());

  node.node.remove("CAE1", "CAE1/cnt/sub");

  EXPECT_EQ(node.contents("sink"), GetParam().told);
  EXPECT_TRUE(node.node.outbox().empty());
}
INSTANTIATE_TEST_SUITE_P(
    All, Ends,
    testing::Values(EndCase{"quietly", R"({"bn":{"num":5,"dur":"PT60S"}})", {"1", "2"}},
                    EndCase{
                        "with_subscriber", R"({"bn":{"num":5},"su":"http://owner"})", {"1", "2"}},
                    EndCase{"latest", R"({"bn":{"num":5,"dur":"PT60S"},"ln":true})", {"2"}}),
    [](const auto& each) { return each.param.name; });

struct CriteriaCase {
  std::string name;
  std::string criteria;  ///< members of enc beside net
  int on_update;         ///< notifications of: lbl changed
  int on_instance;       ///< notifications of: an instance of 5 bytes created
};
class Criteria : public Events, public testing::WithParamInterface<CriteriaCase> {};

// TS-0001 table 9.6.8-3. The container was made in 2027 at state tag 0; the update makes it 1, the
// instance 2.
TEST_P(Criteria, LetThroughWhatSatisfiesThem) {
  Value criteria = *parse_json(GetParam().criteria);
  criteria.set("net", Value::array({1, 3}));
  ASSERT_EQ(node.subscribe("sub", Value::object(
                                      {{"nu", Value::array({"http://sink"})}, {"enc", criteria}}))
                .rsc,
            Rsc::kCreated);

  node.label("x");
  EXPECT_EQ(told().size(), static_cast<std::size_t>(GetParam().on_update));
  node.add_instance("12345");
  EXPECT_EQ(told().size(), static_cast<std::size_t>(GetParam().on_update + GetParam().on_instance));
}
INSTANTIATE_TEST_SUITE_P(
    Conditions, Criteria,
    testing::Values(CriteriaCase{"none", R"({})", 1, 1},
                    CriteriaCase{"created_before", R"({"crb":"20300101T000000"})", 1, 1},
                    CriteriaCase{"created_before_not", R"({"crb":"20200101T000000"})", 0, 0},
                    CriteriaCase{"created_after", R"({"cra":"20200101T000000"})", 1, 1},
                    CriteriaCase{"created_after_not", R"({"cra":"20300101T000000"})", 0, 0},
                    CriteriaCase{"modified_since", R"({"ms":"20200101T000000"})", 1, 1},
                    CriteriaCase{"modified_since_not", R"({"ms":"20300101T000000"})", 0, 0},
                    CriteriaCase{"unmodified_since", R"({"us":"20300101T000000"})", 1, 1},
                    CriteriaCase{"unmodified_since_not", R"({"us":"20200101T000000"})", 0, 0},
                    CriteriaCase{"expire_before", R"({"exb":"20990101T000000"})", 1, 1},
                    CriteriaCase{"expire_before_not", R"({"exb":"20280101T000000"})", 0, 0},
                    CriteriaCase{"expire_after", R"({"exa":"20280101T000000"})", 1, 1},
                    CriteriaCase{"expire_after_not", R"({"exa":"20990101T000000"})", 0, 0},
                    CriteriaCase{"state_tag_smaller", R"({"sts":2})", 1, 0},
                    CriteriaCase{"state_tag_bigger", R"({"stb":2})", 0, 1},
                    CriteriaCase{"size_above", R"({"sza":5})", 0, 1},
                    CriteriaCase{"size_above_not", R"({"sza":6})", 0, 0},
                    CriteriaCase{"size_below", R"({"szb":6})", 0, 1},
                    CriteriaCase{"size_below_not", R"({"szb":5})", 0, 0},
                    CriteriaCase{"attribute", R"({"atr":["mni","lbl"]})", 1, 1},
                    CriteriaCase{"other_attribute", R"({"atr":["mni"]})", 0, 1},
                    CriteriaCase{"child_type", R"({"chty":[4]})", 1, 1},
                    CriteriaCase{"other_child_type", R"({"chty":[3]})", 1, 0},
                    CriteriaCase{"all_of", R"({"crb":"20300101T000000","sts":2})", 1, 0},
                    CriteriaCase{"any_of", R"({"crb":"20200101T000000","sts":2,"fo":2})", 1, 0},
                    CriteriaCase{"one_of", R"({"crb":"20300101T000000","sts":2,"fo":3})", 0, 1}),
    [](const auto& each) { return each.param.name; });

// TS-0001 table 9.6.8-2 (expirationCounter)
TEST_F(Events, TheCounterEndsTheSubscription) {
  Value attributes = SubscriptionNode::to_sink("sink", {3});
  attributes.set("exc", 2);
  attributes.set("su", "http://owner");
  node.subscribe("sub", attributes);

  node.add_instance("1");
  EXPECT_EQ(node.node.find("CAE1/cnt/sub")->attributes().integer_at("exc"), 1);
  node.add_instance("2");
  node.add_instance("3");

  EXPECT_EQ(node.contents("sink"), (std::vector<std::string>{"1", "2"}));
  EXPECT_FALSE(node.node.find("CAE1/cnt/sub"));
  const auto farewell = node.http.notifications("http://owner");
  ASSERT_EQ(farewell.size(), 1u);
  EXPECT_TRUE(farewell[0].bool_at("sud"));
}

// TS-0004 clause 7.4.8.2.4: the subscriber learns that its subscription is gone.
TEST_F(Events, TheSubscriberIsToldOfTheEndHoweverItComes) {
  Value attributes = SubscriptionNode::to_sink("sink", {1});
  attributes.set("su", "http://owner");
  node.subscribe("a", attributes);
  node.subscribe("b", attributes);

  node.node.remove("CAE1", "CAE1/cnt/a");
  node.node.remove("CAE1", "CAE1");

  EXPECT_EQ(node.http.notifications("http://owner").size(), 2u);
}

TEST_F(Events, AnUpdateOfTheSubscriptionCountsAtOnce) {
  node.subscribe("sub", SubscriptionNode::to_sink("sink", {3}));

  node.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(R"({"nu":["http://other"]})"));
  node.add_instance("1");

  EXPECT_TRUE(node.contents("sink").empty());
  EXPECT_EQ(node.contents("other"), std::vector<std::string>{"1"});
}

TEST(Index, KnowsTheSubscriptionsOfAnEarlierRun) {
  SubscriptionNode before;
  before.add_container();
  before.subscribe("sub", SubscriptionNode::to_sink("sink", {3}));

  SubscriptionNode after({}, {}, before.node.store(), before.node.shared_clock());
  after.node.start();
  after.add_instance("1");

  EXPECT_EQ(after.contents("sink"), std::vector<std::string>{"1"});
}

TEST(Index, FollowsCriteriaThatChangeTwiceInABatch) {
  SubscriptionNode node;
  node.add_container();
  ASSERT_EQ(node.subscribe("sub", node.to_sink("sink", {1})).rsc, Rsc::kCreated);
  const auto await = [&node](std::int64_t type) {
    Request request = TestCse::request(Operation::kUpdate, "CAE1", "CAE1/cnt/sub");
    request.content = Value::object(
        {{"m2m:sub", Value::object({{"enc", Value::object({{"net", Value::array({type})}})}})}});
    return node.node.send(std::move(request));
  };
  const auto first = await(2), second = await(3);
  node.node.settle();
  ASSERT_EQ((*first)->rsc, Rsc::kUpdated);
  ASSERT_EQ((*second)->rsc, Rsc::kUpdated);

  node.add_instance("1");

  EXPECT_EQ(node.contents("sink"), std::vector<std::string>{"1"});
}

// Neither what has no subscription, nor what has subscriptions to something else.
TEST(Index, WhatNobodyWaitsForCostsNoLookUp) {
  SubscriptionNode node;
  node.add_container();
  node.subscribe("sub", node.to_sink("sink", {1}));
  node.add_instance("1");

  SubscriptionIndex index(node.node.cse());
  struct NoReader final : ResourceReader {
    Result<ResourcePtr> find(const ResourceId&) override { return asked(); }
    Result<ResourcePtr> child(const Resource&, const std::string&) override { return asked(); }
    Result<std::vector<ChildEntry>> children(const ResourceId&, const Page&) override {
      return asked();
    }
    Result<std::vector<ChildEntry>> children_of_type(const ResourceId&, int, const Page&) override {
      return asked();
    }
    Result<std::vector<ChildEntry>> all_of_type(int, const Page&) override { return asked(); }
    Timestamp now() const override { return {}; }
    static tl::unexpected<Error> asked() { return fail(Rsc::kInternalServerError, "was asked"); }
  } reader;

  const auto none = index.of(node.node.find("CAE1/cnt")->id(), event_type::kChildCreated, reader);

  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

}  // namespace
}  // namespace gatehouse

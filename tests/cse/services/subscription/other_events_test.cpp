// Events that change nothing: attempts, reading, triggers, missing data.
#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using namespace std::chrono_literals;
using test::SubscriptionNode;
using test::TestCse;

class OtherEvents : public testing::Test {
 protected:
  OtherEvents() {
    node.add_container();
    node.subscriptions.start();
    node.node.settle();
  }
  std::vector<Value> told() const { return node.http.notifications("http://sink"); }
  Response read(std::int64_t result_content) {
    Request request = TestCse::request(Operation::kRetrieve, "CAE1", "CAE1/cnt");
    request.result_content = result_content;
    return node.node.ask(std::move(request));
  }
  SubscriptionNode node;
};

struct AttemptCase {
  std::string name;
  int operations;  ///< of the monitor
  std::function<void(SubscriptionNode&)> act;
  std::vector<int> told;  ///< operations, in order
};
class Attempts : public OtherEvents, public testing::WithParamInterface<AttemptCase> {};

// TS-0001 table 9.6.8-3 (operationMonitor): every attempt, performed or not.
TEST_P(Attempts, AreSeenByMonitors) {
  Value monitor = Value::object({{"ops", GetParam().operations}});
  ASSERT_EQ(node.subscribe("sub", Value::object(
                                      {{"nu", Value::array({"http://sink"})},
                                       {"enc", Value::object({{"om", Value::array({monitor})}})}}))
                .rsc,
            Rsc::kCreated);

  GetParam().act(node);
  node.node.settle();

  std::vector<int> operations;
  for (const Value& one : told()) {
    operations.push_back(static_cast<int>(one.find("nev")->find("om")->integer_at("op")));
  }
  EXPECT_EQ(operations, GetParam().told);
}
INSTANTIATE_TEST_SUITE_P(
    All, Attempts,
    testing::Values(
        AttemptCase{"retrieve", 2, [](auto& n) { n.node.retrieve("CAE1", "CAE1/cnt"); }, {2}},
        AttemptCase{
            "forbidden_retrieve", 2, [](auto& n) { n.node.retrieve("CAE2", "CAE1/cnt"); }, {2}},
        AttemptCase{"other_operation", 4, [](auto& n) { n.node.retrieve("CAE1", "CAE1/cnt"); }, {}},
        AttemptCase{"update_once", 4, [](auto& n) { n.label("x"); }, {3}},
        AttemptCase{"refused_update",
                    4,
                    [](auto& n) {
                      n.node.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"none", 1}}));
                    },
                    {3}},
        AttemptCase{"forbidden_delete", 8, [](auto& n) { n.node.remove("CAE2", "CAE1/cnt"); }, {4}},
        AttemptCase{
            "notify", 16, [](auto& n) { n.node.notify("CAE1", "CAE1/cnt", Value::object()); }, {5}},
        AttemptCase{"refused_create",
                    1,
                    [](auto& n) {
                      n.node.create("CAE1", "CAE1/cnt", 4, Value::object());
                      n.add_instance("1");
                    },
                    {1, 1}}),
    [](const auto& each) { return each.param.name; });

// TS-0001 table 9.6.8-3 (notificationEventType E)
TEST_F(OtherEvents, AskingForInstancesWhereNoneAreIsTold) {
  node.subscribe("sub", SubscriptionNode::to_sink("sink", {5}));

  read(1);
  EXPECT_TRUE(told().empty());
  read(4);
  read(8);
  ASSERT_EQ(told().size(), 2u);
  EXPECT_EQ(told()[0].find("nev")->integer_at("net"), 5);
  EXPECT_TRUE(told()[0].find("nev")->find("rep")->contains("m2m:cnt"));

  node.add_instance("1");
  read(4);
  EXPECT_EQ(told().size(), 2u);
}

TEST_F(OtherEvents, AnInstanceWhoseTimeIsOverIsNone) {
  node.node.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"mia", 5}}));
  node.add_instance("1");
  node.subscribe("sub", SubscriptionNode::to_sink("sink", {5}));
  read(4);
  EXPECT_TRUE(told().empty());

  node.node.advance(6s);
  read(4);

  EXPECT_EQ(told().size(), 1u);
}

// What watches a resource is known again after a restart.
TEST(Watching, OutlivesTheProcess) {
  SubscriptionNode before;
  before.add_container();
  before.subscribe("sub", SubscriptionNode::to_sink("sink", {5}));

  SubscriptionNode after({}, {}, before.node.store(), before.node.shared_clock());
  after.node.start();
  after.subscriptions.start();
  after.node.settle();

  EXPECT_TRUE(after.subscriptions.watches(after.node.find("CAE1/cnt")->id()));
}

TEST_F(OtherEvents, ATriggerIsToldWithItsPayload) {
  Value attributes = SubscriptionNode::to_sink("sink", {6});
  ASSERT_EQ(node.subscribe("sub", attributes, "CAE1").rsc, Rsc::kCreated);

  node.node.cse().submit([this](OperationContext& context) {
    auto ae = context.resources.find(ResourceId{"CAE1"});
    const Value payload = Value::object({{"tpe", 1}});
    auto raised = node.subscriptions.trigger_received(*ae, payload, context);
    return raised ? Response{} : error_response(context.request, raised.error());
  });
  node.node.settle();

  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(*told()[0].find("nev")->find("rep"), *parse_json(R"({"m2m:tgp":{"tpe":1}})"));
}

/// A <timeSeries> with one attribute, where the tables have no other.
class MissingData : public OtherEvents {
 protected:
  MissingData() {
    node.node.put(type_number::kContainer, "series", "CAE1", Value::object());
    EXPECT_EQ(node.subscribe("sub", SubscriptionNode::to_sink("sink", {3}), "series").rsc,
              Rsc::kCreated);
    // The rule that md needs a <timeSeries> is tested apart; here only the counting matters.
    node.node.cse().submit([](OperationContext& context) {
      auto found = find_local("series/sub", context.settings, context.resources);
      Value attributes = (*found)->attributes();
      attributes.set("nct", 5);
      attributes.set("enc", *parse_json(R"({"net":[8],"md":{"num":2,"dur":"PT10S"}})"));
      context.resources.update(*found, std::move(attributes), true);
      return Response{};
    });
    node.node.settle();
  }
  void miss(const std::string& when) {
    node.node.cse().submit([this, when](OperationContext& context) {
      auto series = context.resources.find(ResourceId{"series"});
      auto raised = node.subscriptions.missing_data(*series, when, context);
      return raised ? Response{} : error_response(context.request, raised.error());
    });
    node.node.settle();
  }
};

// TS-0004 clause 7.5.1.2.9
TEST_F(MissingData, IsReportedFromTheNumberOnUntilTheWindowIsOver) {
  miss("20270115T080001");
  EXPECT_TRUE(told().empty());
  miss("20270115T080002");
  miss("20270115T080003");
  ASSERT_EQ(told().size(), 2u);
  const Value report = *told()[1].find("nev")->find("rep")->find("m2m:tsn");
  EXPECT_EQ(report.integer_at("mdc"), 3);
  EXPECT_EQ(report.strings_at("mdlt"),
            (std::vector<std::string>{"20270115T080001", "20270115T080002", "20270115T080003"}));
  EXPECT_EQ(told()[1].find("nev")->integer_at("net"), 8);

  node.node.advance(10s);
  miss("20270115T080011");
  EXPECT_EQ(told().size(), 2u);
  miss("20270115T080012");
  EXPECT_EQ(told().size(), 3u);
  EXPECT_EQ(told()[2].find("nev")->find("rep")->find("m2m:tsn")->integer_at("mdc"), 2);
}

TEST_F(MissingData, IsCountedOnOverARestart) {
  miss("20270115T080001");
  SubscriptionNode again({}, {}, node.node.store(), node.node.shared_clock());
  again.node.start();
  again.node.cse().submit([&again](OperationContext& context) {
    auto series = context.resources.find(ResourceId{"series"});
    auto raised = again.subscriptions.missing_data(*series, "20270115T080002", context);
    return raised ? Response{} : error_response(context.request, raised.error());
  });
  again.node.settle();

  EXPECT_EQ(again.http.notifications("http://sink").size(), 1u);
}

}  // namespace
}  // namespace gatehouse

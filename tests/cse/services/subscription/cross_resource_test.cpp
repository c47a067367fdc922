// <crossResourceSubscription>: its subscriptions, its windows, its end.
#include "cse/services/delivery/notify.h"
#include "cse/services/subscription/cross_resources.h"
#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using namespace std::chrono_literals;
using test::SubscriptionNode;
using test::TestCse;

/// CAE1 has the containers "cnt" and "other".
struct CrossNode : SubscriptionNode {
  explicit CrossNode(
      std::shared_ptr<Store> store = std::make_shared<MemoryStore>(),
      std::shared_ptr<SimulatedScheduler> clock = std::make_shared<SimulatedScheduler>())
      : SubscriptionNode({}, {}, std::move(store), std::move(clock)),
        receiver(node.cse(), messenger),
        cross(node.cse(), deliverer) {
    node.cse().extensions().notify = &receiver;
  }
  void add_containers() {
    add_container();
    ASSERT_EQ(node.create("CAE1", "CAE1", 3, Value::object({{"rn", "other"}})).rsc, Rsc::kCreated);
  }
  Response cross_subscribe(const std::string& json) {
    Value attributes = *parse_json(json);
    if (!attributes.contains("rn")) attributes.set("rn", "crs");
    if (!attributes.contains("nu")) attributes.set("nu", Value::array({"http://sink"}));
    if (!attributes.contains("tws")) attributes.set("tws", "PT10S");
    return node.create("CAE1", "CAE1", type_number::kCrossResourceSubscription, attributes);
  }
  Response add_to_other(const std::string& content) {
    return node.create("CAE1", "CAE1/other", 4, Value::object({{"con", content}}));
  }
  std::size_t told() const { return http.notifications("http://sink").size(); }

  NotifyReceiver receiver;
  CrossResources cross;
};

class CrossResource : public testing::Test {
 protected:
  CrossResource() { node.add_containers(); }
  static std::string both(const std::string& more) {
    return R"({"rrat":["CAE1/cnt","CAE1/other"],"encs":{"enc":[{"net":[3]}]},)" + more + "}";
  }
  std::vector<std::string> made() {
    return node.node.find("CAE1/crs")->attributes().strings_at("rrats");
  }
  CrossNode node;
};

struct RuleCase {
  std::string name, json;
  Rsc expected;
};
class CrossRules : public CrossResource, public testing::WithParamInterface<RuleCase> {};

// TS-0004 clause 7.4.58.2.1
TEST_P(CrossRules, AreCheckedOnCreate) {
  const Response made = node.cross_subscribe(GetParam().json);

  EXPECT_EQ(made.rsc, GetParam().expected) << TestCse::debug_text(made);
  EXPECT_EQ(node.node.find("CAE1/crs") != nullptr, made.rsc == Rsc::kCreated);
  if (made.rsc == Rsc::kCreated) return;
  node.add_instance("1");  // nothing half-made is left
  node.node.advance(20s, 1s);
  EXPECT_EQ(node.told(), 0u);
  EXPECT_TRUE(node.node.outbox().empty());
}
INSTANTIATE_TEST_SUITE_P(
    Table, CrossRules,
    testing::Values(
        RuleCase{"no_target", R"({"twt":1})", Rsc::kBadRequest},
        RuleCase{"no_window_type", R"({"rrat":["CAE1/cnt"],"encs":{"encn":[{"net":[3]}]}})",
                 Rsc::kBadRequest},
        RuleCase{"wrong_window_type",
                 R"({"twt":9,"rrat":["CAE1/cnt"],"encs":{"encn":[{"net":[3]}]}})",
                 Rsc::kBadRequest},
        RuleCase{"no_criteria", R"({"twt":1,"rrat":["CAE1/cnt"]})", Rsc::kBadRequest},
        RuleCase{"empty_criteria", R"({"twt":1,"rrat":["CAE1/cnt"],"encs":{}})", Rsc::kBadRequest},
        RuleCase{"by_its_name_in_release_3",
                 R"({"twt":1,"rrat":["CAE1/cnt"],"encs":{"encn":[{"net":[3]}]}})", Rsc::kCreated},
        RuleCase{"criteria_for_each",
                 R"({"twt":1,"rrat":["CAE1/cnt","CAE1/other"],
                     "encs":{"encn":[{"net":[3]},{"net":[1]}]}})",
                 Rsc::kCreated},
        RuleCase{"too_many_criteria",
                 R"({"twt":1,"rrat":["CAE1/cnt"],"encs":{"encn":[{"net":[3]},{"net":[3]}]}})",
                 Rsc::kBadRequest},
        RuleCase{"impossible_criteria",
                 R"({"twt":1,"rrat":["CAE1/cnt"],"encs":{"encn":[{"net":[6]}]}})",
                 Rsc::kCrossResourceOperationFailure},
        RuleCase{"absent_target",
                 R"({"twt":1,"rrat":["CAE1/cnt","none"],"encs":{"encn":[{"net":[3]}]}})",
                 Rsc::kCrossResourceOperationFailure},
        RuleCase{"absent_subscription", R"({"twt":1,"srat":["none"]})",
                 Rsc::kCrossResourceOperationFailure},
        RuleCase{"no_subscription", R"({"twt":1,"srat":["CAE1/cnt"]})", Rsc::kBadRequest},
        RuleCase{"no_window", R"({"twt":1,"tws":"PT0S","rrat":["CAE1/cnt"],
                                  "encs":{"encn":[{"net":[3]}]}})",
                 Rsc::kBadRequest},
        RuleCase{"sliding_over_nothing",
                 R"({"twt":2,"eem":4,"rrat":["CAE1/cnt"],"encs":{"encn":[{"net":[3]}]}})",
                 Rsc::kBadRequest}),
    [](const auto& each) { return each.param.name; });

TEST_F(CrossResource, MakesItsSubscriptions) {
  ASSERT_EQ(node.cross_subscribe(both(R"("twt":1,"nec":2)")).rsc, Rsc::kCreated);

  const ResourcePtr self = node.node.find("CAE1/crs");
  ASSERT_EQ(made().size(), 2u);
  for (const std::string& id : made()) {
    const Value subscription = node.node.find(id)->attributes();
    const std::vector<std::string> own{"/id-in/" + self->id().text};
    EXPECT_EQ(subscription.strings_at("nu"), own);
    EXPECT_EQ(subscription.strings_at("acrs"), own);
    EXPECT_EQ(subscription.integer_at("nec"), 2);
    EXPECT_EQ(subscription.string_at("et"), self->attributes().string_at("et"));
  }
}

struct WindowCase {
  std::string name;
  int window_type, mode;
  std::vector<bool> told;  ///< with no, one, both events
};
class Windows : public CrossResource, public testing::WithParamInterface<WindowCase> {};

// TS-0001 clauses 9.6.58 and 10.2.10.26
TEST_P(Windows, AreDecidedAtTheirEnd) {
  for (std::size_t events = 0; events < 3; ++events) {
    CrossNode fresh;
    fresh.add_containers();
    ASSERT_EQ(fresh
                  .cross_subscribe(both("\"twt\":" + std::to_string(GetParam().window_type) +
                                        ",\"eem\":" + std::to_string(GetParam().mode)))
                  .rsc,
              Rsc::kCreated);
    if (events > 0) fresh.add_instance("1");
    if (events > 1) fresh.add_to_other("2");
    fresh.node.advance(9s, 1s);
    EXPECT_EQ(fresh.told(), 0u) << events;

    fresh.node.advance(1s, 1s);

    EXPECT_EQ(fresh.told(), GetParam().told[events] ? 1u : 0u) << events;
  }
}
INSTANTIATE_TEST_SUITE_P(All, Windows,
                         testing::Values(WindowCase{"periodic_all", 1, 1, {false, false, true}},
                                         WindowCase{"periodic_any", 1, 2, {false, true, true}},
                                         WindowCase{"periodic_not_all", 1, 3, {true, true, false}},
                                         WindowCase{"periodic_none", 1, 4, {true, false, false}},
                                         WindowCase{"periodic_some", 1, 5, {false, true, false}},
                                         WindowCase{"sliding_all", 2, 1, {false, false, true}},
                                         WindowCase{"sliding_any", 2, 2, {false, true, true}},
                                         WindowCase{"sliding_some", 2, 5, {false, true, false}}),
                         [](const auto& each) { return each.param.name; });

TEST_F(CrossResource, ASlidingWindowBeginsWithAnEvent) {
  node.cross_subscribe(both(R"("twt":2)"));
  node.node.advance(15s, 1s);
  node.add_instance("1");
  node.node.advance(7s, 1s);
  node.add_to_other("2");
  node.node.advance(2s, 1s);
  EXPECT_EQ(node.told(), 0u);
  node.node.advance(1s, 1s);
  EXPECT_EQ(node.told(), 1u);

  node.add_instance("3");
  node.node.advance(10s, 1s);
  node.add_to_other("4");
  node.node.advance(10s, 1s);
  EXPECT_EQ(node.told(), 1u);
}

TEST_F(CrossResource, PeriodicWindowsForgetWhatOneOfThemKnew) {
  node.cross_subscribe(both(R"("twt":1)"));
  node.node.advance(9s, 1s);
  node.add_instance("1");
  node.node.advance(2s, 1s);
  node.add_to_other("2");
  node.node.advance(20s, 1s);

  EXPECT_EQ(node.told(), 0u);
}

// TS-0004 clause 7.4.58.2.3
TEST_F(CrossResource, AnUpdateOfTheWindowRestartsIt) {
  node.cross_subscribe(both(R"("twt":1)"));
  node.node.advance(8s, 1s);
  node.node.update("CAE1", "CAE1/crs", "m2m:crs", *parse_json(R"({"tws":"PT10S"})"));
  node.add_instance("1");
  node.add_to_other("2");
  node.node.advance(9s, 1s);
  EXPECT_EQ(node.told(), 0u);
  node.node.advance(1s, 1s);

  ASSERT_EQ(node.told(), 1u);
  EXPECT_EQ(node.http.notifications("http://sink")[0].string_at("sur"),
            "/id-in/" + node.node.find("CAE1/crs")->id().text);
}

TEST_F(CrossResource, AWindowGoesOnAfterARestart) {
  node.cross_subscribe(both(R"("twt":1)"));
  node.add_instance("1");
  node.node.advance(3s, 1s);

  CrossNode again(node.node.store(), node.node.shared_clock());
  again.node.start();
  again.subscriptions.start();
  again.cross.start();
  again.add_to_other("2");
  again.node.advance(7s, 1s);

  EXPECT_EQ(again.told(), 1u);
}

TEST_F(CrossResource, CountsLikeASubscription) {
  node.cross_subscribe(both(R"("twt":2,"exc":2,"nse":true,"su":"http://owner")"));
  for (int i = 0; i < 2; ++i) {
    node.add_instance("1");
    node.add_to_other("2");
    node.node.advance(10s, 1s);
    if (i == 1) break;
    const Value attributes = node.node.find("CAE1/crs")->attributes();
    EXPECT_EQ(attributes.integer_at("exc"), 1);
    EXPECT_EQ(attributes.find("nsi")->as_array()->front().integer_at("rqs"), 1);
    EXPECT_EQ(attributes.find("nsi")->as_array()->front().integer_at("noec"), 1);
  }

  EXPECT_FALSE(node.node.find("CAE1/crs"));
  EXPECT_EQ(node.told(), 2u);
  EXPECT_EQ(node.http.notifications("http://owner").size(), 1u);
}

class CrossEnds : public CrossResource {
 protected:
  void SetUp() override {
    node.subscribe("sub", SubscriptionNode::to_sink("own", {3}));
    ASSERT_EQ(node.cross_subscribe(R"({"twt":1,"rrat":["CAE1/other"],"srat":["CAE1/cnt/sub"],
                                       "encs":{"enc":[{"net":[3]}]}})")
                  .rsc,
              Rsc::kCreated);
    own_ = made()[0];
    ASSERT_EQ(joined().strings_at("nu").size(), 2u);
    ASSERT_EQ(joined().strings_at("acrs").size(), 1u);
  }
  Value joined() { return node.node.find("CAE1/cnt/sub")->attributes(); }
  std::string own_;
};

// TS-0004 clause 7.4.58.2.4
TEST_F(CrossEnds, ItsDeletionUndoesWhatItMade) {
  EXPECT_EQ(node.node.remove("CAE1", "CAE1/crs").rsc, Rsc::kDeleted);

  EXPECT_FALSE(node.node.find(own_));
  EXPECT_EQ(joined().strings_at("nu"), std::vector<std::string>{"http://own"});
  EXPECT_FALSE(joined().contains("acrs"));
}

// TS-0004 clauses 7.4.8.2.4 and 7.5.1.2.4
TEST_F(CrossEnds, ItEndsWithASubscriptionThatItMade) {
  EXPECT_EQ(node.node.remove("CAE1", own_).rsc, Rsc::kDeleted);

  EXPECT_FALSE(node.node.find("CAE1/crs"));
  EXPECT_EQ(joined().strings_at("nu"), std::vector<std::string>{"http://own"});
}

TEST_F(CrossEnds, ItEndsWithASubscriptionThatItJoined) {
  EXPECT_EQ(node.node.remove("CAE1", "CAE1/cnt").rsc, Rsc::kDeleted);

  EXPECT_FALSE(node.node.find("CAE1/crs"));
  EXPECT_FALSE(node.node.find(own_));
}

TEST_F(CrossEnds, ItEndsWhenASubscriptionLetsItGo) {
  const Response updated = node.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub",
                                            Value::object({{"acrs", Value::array()}}));

  EXPECT_EQ(updated.rsc, Rsc::kUpdated);
  EXPECT_EQ(TestCse::attributes(updated).strings_at("nu"), std::vector<std::string>{"http://own"});
  EXPECT_FALSE(node.node.find("CAE1/crs"));
  EXPECT_FALSE(node.node.find(own_));
}

TEST_F(CrossEnds, TheWholeBranchMayGoAtOnce) {
  EXPECT_EQ(node.node.remove("CAE1", "CAE1").rsc, Rsc::kDeleted);
  EXPECT_FALSE(node.node.find("CAE1"));
}

TEST_F(CrossEnds, AForeignNotificationIsRefused) {
  const Response told = node.node.notify(
      "CAE1", "CAE1/crs",
      *parse_json(R"({"m2m:sgn":{"sur":"/id-in/CAE1/other","nev":{"net":3,"rep":{}}}})"));

  EXPECT_EQ(told.rsc, Rsc::kOriginatorHasNoPrivilege);
}

}  // namespace
}  // namespace gatehouse

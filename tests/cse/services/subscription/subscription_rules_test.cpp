// What a <subscription> may say.
#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using test::SubscriptionNode;
using test::TestCse;

struct RuleCase {
  std::string name;
  std::string json;  ///< attributes beside nu
  Rsc expected;
};
class SubscriptionRules : public testing::TestWithParam<RuleCase> {};

// TS-0004 clause 7.4.8.2.1, TS-0001 table 9.6.8-4
TEST_P(SubscriptionRules, AreCheckedOnCreate) {
  SubscriptionNode node;
  node.add_container();
  Value attributes = *parse_json(GetParam().json);
  if (!attributes.contains("nu")) attributes.set("nu", Value::array({"http://sink"}));

  const Response made = node.subscribe("sub", attributes);

  EXPECT_EQ(made.rsc, GetParam().expected) << TestCse::debug_text(made);
  EXPECT_EQ(node.node.find("CAE1/cnt/sub") != nullptr, made.rsc == Rsc::kCreated);
}
INSTANTIATE_TEST_SUITE_P(
    Table, SubscriptionRules,
    testing::Values(
        RuleCase{"least", R"({})", Rsc::kCreated},
        RuleCase{"no_target", R"({"nu":[]})", Rsc::kBadRequest},
        RuleCase{"all_events", R"({"enc":{"net":[1,2,3,4]},"nct":1})", Rsc::kCreated},
        RuleCase{"update_modified", R"({"enc":{"net":[1]},"nct":2})", Rsc::kCreated},
        RuleCase{"create_modified", R"({"enc":{"net":[3]},"nct":2})", Rsc::kBadRequest},
        RuleCase{"mixed_modified", R"({"enc":{"net":[1,2]},"nct":2})", Rsc::kBadRequest},
        RuleCase{"identifiers", R"({"enc":{"net":[1,2,3,4]},"nct":3})", Rsc::kCreated},
        RuleCase{"trigger_payload", R"({"enc":{"net":[1]},"nct":4})", Rsc::kBadRequest},
        RuleCase{"time_series", R"({"enc":{"net":[1]},"nct":5})", Rsc::kBadRequest},
        RuleCase{"monitor_alone", R"({"enc":{"om":[{"ops":8}]}})", Rsc::kCreated},
        RuleCase{"monitor_and_net", R"({"enc":{"om":[{"ops":8}],"net":[1]}})", Rsc::kBadRequest},
        RuleCase{"missing_data", R"({"enc":{"net":[1],"md":{"num":1,"dur":"PT1S"}}})",
                 Rsc::kBadRequest},
        RuleCase{"missing_data_event", R"({"enc":{"net":[8]}})", Rsc::kBadRequest},
        RuleCase{"child_type", R"({"enc":{"net":[3],"chty":[4,3]}})", Rsc::kCreated},
        RuleCase{"no_child_type", R"({"enc":{"net":[3],"chty":[2]}})", Rsc::kBadRequest},
        RuleCase{"retrieve_event", R"({"enc":{"net":[5]}})", Rsc::kCreated},
        RuleCase{"empty_monitor", R"({"enc":{"om":[{"ops":4},{}]}})", Rsc::kBadRequest},
        RuleCase{"trigger_below_a_container", R"({"enc":{"net":[6]}})", Rsc::kBadRequest},
        RuleCase{"blocking_to_url", R"({"enc":{"net":[7]}})", Rsc::kBadRequest},
        RuleCase{"blocking_two_targets", R"({"enc":{"net":[7]},"nu":["CAE1","CAE2"]})",
                 Rsc::kBadRequest},
        RuleCase{"blocking_and_update", R"({"enc":{"net":[7,1]},"nu":["CAE1"]})", Rsc::kBadRequest},
        RuleCase{"blocking_and_counter", R"({"enc":{"net":[7]},"nu":["CAE1"],"exc":3})",
                 Rsc::kBadRequest},
        RuleCase{"blocking_and_condition", R"({"enc":{"net":[7],"stb":1},"nu":["CAE1"]})",
                 Rsc::kBadRequest},
        RuleCase{"blocking", R"({"enc":{"net":[7],"atr":["lbl"]},"nu":["CAE1"]})", Rsc::kCreated},
        RuleCase{"blocking_by_default_content", R"({"enc":{"net":[7]},"nu":["CAE1"],"nct":2})",
                 Rsc::kCreated},
        RuleCase{"blocking_by_other_content", R"({"enc":{"net":[7]},"nu":["CAE1"],"nct":1})",
                 Rsc::kBadRequest},
        RuleCase{"experimental", R"({"enc":{"net":[9]}})", Rsc::kBadRequest},
        RuleCase{"batch_by_number", R"({"bn":{"num":3}})", Rsc::kCreated},
        RuleCase{"batch_by_nothing", R"({"bn":{}})", Rsc::kCreated},
        RuleCase{"pre_notify", R"({"psn":3})", Rsc::kCreated}),
    [](const auto& each) { return each.param.name; });

class Subscribing : public testing::Test {
 protected:
  Subscribing() { node.add_container(); }
  SubscriptionNode node;
};

// TS-0004 table 7.4.8.1-3: defaults
TEST_F(Subscribing, SetsWhatIsDefaulted) {
  const Value made = TestCse::attributes(node.subscribe(
      "sub",
      Value::object({{"nu", Value::array({"http://sink"})}, {"bn", Value::object({{"num", 2}})}})));

  EXPECT_EQ(made.integer_at("nct"), 1);
  EXPECT_EQ(*made.find("enc"), Value::object({{"net", Value::array({1})}}));
  EXPECT_EQ(made.find("bn")->string_at("dur"), "PT60S");
  EXPECT_FALSE(made.contains("cr"));  // nobody knows whose a URL is
}

// TS-0004 clause 7.4.8.2.1, Recv-6.5
TEST_F(Subscribing, ACreatorWhoSubscribesForOthersIsNamed) {
  node.node.add_ae("CAE2", Value::object({{"poa", Value::array({"http://ae2"})}}));

  const Value for_other =
      TestCse::attributes(node.subscribe("other", Value::object({{"nu", Value::array({"CAE2"})}})));
  const Value asked_for = TestCse::attributes(node.subscribe(
      "asked", Value::object({{"nu", Value::array({"http://a"})}, {"cr", nullptr}})));

  EXPECT_EQ(for_other.string_at("cr"), "CAE1");
  EXPECT_EQ(asked_for.string_at("cr"), "CAE1");
}

TEST_F(Subscribing, TheOriginatorAsTargetNeedsNeitherVerificationNorCreator) {
  for (const std::string& target :
       {std::string("CAE1"), std::string("/id-in/CAE1"), std::string("cse-in/CAE1")}) {
    const Value made = TestCse::attributes(node.subscribe(
        "sub" + std::to_string(target.size()), Value::object({{"nu", Value::array({target})}})));
    EXPECT_FALSE(made.contains("cr")) << target;
  }

  EXPECT_TRUE(node.http.sent.empty());
}

// TS-0004 clause 7.4.8.2.1: verification of the notification targets.
TEST_F(Subscribing, AsksEveryOtherTargetFirst) {
  const Response made = node.subscribe(
      "sub", Value::object({{"nu", Value::array({"http://a", "CAE1", "http://b"})}}));
  ASSERT_EQ(made.rsc, Rsc::kCreated);

  ASSERT_EQ(node.http.sent.size(), 2u);
  for (const auto& sent : node.http.sent) {
    const Value& content = *sent.request.content->find("m2m:sgn");
    EXPECT_TRUE(content.bool_at("vrq"));
    EXPECT_EQ(content.string_at("cr"), "CAE1");
    EXPECT_EQ(content.string_at("sur"), "/id-in/" + TestCse::attributes(made).string_at("ri"));
    EXPECT_EQ(sent.request.from, "/id-in");
  }
}

struct VerificationCase {
  std::string name;
  Rsc answer, expected;
};
class Verification : public Subscribing, public testing::WithParamInterface<VerificationCase> {};

TEST_P(Verification, DecidesWhetherTheSubscriptionIsMade) {
  node.http.answers = [](const test::RecordingSender::Sent& sent) {
    return sent.url == "http://b" ? GetParam().answer : Rsc::kOk;
  };

  const Response made =
      node.subscribe("sub", Value::object({{"nu", Value::array({"http://a", "http://b"})}}));

  EXPECT_EQ(made.rsc, GetParam().expected);
  EXPECT_EQ(node.node.find("CAE1/cnt/sub") != nullptr, made.rsc == Rsc::kCreated);
}
INSTANTIATE_TEST_SUITE_P(
    Answers, Verification,
    testing::Values(VerificationCase{"ok", Rsc::kOk, Rsc::kCreated},
                    VerificationCase{"unreachable", Rsc::kTargetNotReachable,
                                     Rsc::kSubscriptionVerificationInitiationFailed},
                    VerificationCase{"other_success", Rsc::kAccepted,
                                     Rsc::kSubscriptionVerificationInitiationFailed},
                    VerificationCase{"creator", Rsc::kSubscriptionCreatorHasNoPrivilege,
                                     Rsc::kSubscriptionCreatorHasNoPrivilege},
                    VerificationCase{"host", Rsc::kSubscriptionHostHasNoPrivilege,
                                     Rsc::kSubscriptionHostHasNoPrivilege}),
    [](const auto& each) { return each.param.name; });

TEST_F(Subscribing, WaitsForTheLastVerification) {
  node.http.answers = [](const test::RecordingSender::Sent&) { return std::nullopt; };
  Request request = node.node.create_request(
      "CAE1", "CAE1/cnt", 23,
      Value::object({{"rn", "sub"}, {"nu", Value::array({"http://a", "http://b"})}}));
  auto answer = node.node.send(request);
  node.node.settle();
  EXPECT_FALSE(*answer);
  EXPECT_FALSE(node.node.find("CAE1/cnt/sub"));

  node.http.answer_held(Rsc::kOk);
  node.node.settle();

  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->rsc, Rsc::kCreated);
}

TEST_F(Subscribing, ABadSubscriptionIsRefusedBeforeAnybodyIsAsked) {
  node.subscribe("sub", *parse_json(R"({"nu":["http://a"],"enc":{"net":[3]},"nct":2})"));

  EXPECT_TRUE(node.http.sent.empty());
}

TEST_F(Subscribing, AnAeWithPoliciesLeavesItToThemWhoMayNotifyIt) {
  const Value rules = *parse_json(R"({"acr":[{"acor":["CAE2"],"acop":63}]})");
  const Value policy = TestCse::attributes(
      node.node.create("CAdmin", "cse-in", 1, Value::object({{"pv", rules}, {"pvs", rules}})));
  node.node.add_ae("CAE2", Value::object({{"poa", Value::array({"http://ae2"})},
                                          {"acpi", Value::array({policy.string_at("ri")})}}));

  const Response made = node.subscribe("sub", Value::object({{"nu", Value::array({"CAE2"})}}));

  EXPECT_EQ(made.rsc, Rsc::kSubscriptionCreatorHasNoPrivilege);
  EXPECT_TRUE(node.http.sent.empty());
}

// TS-0001 clause 10.2.10.2: RETRIEVE privilege on what is subscribed to.
TEST_F(Subscribing, NeedsToRetrieveTheParent) {
  const Value rules = *parse_json(R"({"acr":[{"acor":["CAE2"],"acop":1}]})");
  const Value own = *parse_json(R"({"acr":[{"acor":["CAE1"],"acop":63}]})");
  const Value policy = TestCse::attributes(
      node.node.create("CAE1", "CAE1", 1, Value::object({{"pv", rules}, {"pvs", own}})));
  node.node.create(
      "CAE1", "CAE1", 3,
      Value::object({{"rn", "open"}, {"acpi", Value::array({policy.string_at("ri")})}}));

  const Response made = node.node.create("CAE2", "CAE1/open", 23,
                                         Value::object({{"nu", Value::array({"http://a"})}}));

  EXPECT_EQ(made.rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_NE(TestCse::debug_text(made).find("RETRIEVE"), std::string::npos);
}

// TS-0004 clause 7.3.3.4: 5203
TEST_F(Subscribing, WhatHasNoSubscriptionsIsNotSubscribable) {
  const std::string instance = TestCse::attributes(node.add_instance("1")).string_at("ri");

  EXPECT_EQ(
      node.subscribe("sub", Value::object({{"nu", Value::array({"http://a"})}}), instance).rsc,
      Rsc::kTargetNotSubscribable);
}

TEST_F(Subscribing, AnUpdateIsCheckedAsAWhole) {
  node.subscribe("sub", SubscriptionNode::to_sink("a", {1}));
  const auto update = [this](const char* json) {
    return node.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(json)).rsc;
  };

  EXPECT_EQ(update(R"({"nct":2})"), Rsc::kUpdated);
  EXPECT_EQ(update(R"({"enc":{"net":[3]}})"), Rsc::kBadRequest);
  EXPECT_EQ(update(R"({"enc":{"net":[3]},"nct":1})"), Rsc::kUpdated);
  EXPECT_EQ(update(R"({"enc":{"net":[7]},"nct":2})"), Rsc::kBadRequest);
  EXPECT_EQ(update(R"({"enc":null})"), Rsc::kUpdated);
  EXPECT_EQ(*node.node.find("CAE1/cnt/sub")->attributes().find("enc"),
            Value::object({{"net", Value::array({1})}}));
}

TEST_F(Subscribing, TheSameRequestIdentifierTwiceMakesTwoIdentifiers) {
  Request request = node.node.create_request("CAE1", "CAE1/cnt", 23,
                                             Value::object({{"nu", Value::array({"CAE1"})}}));
  request.request_identifier = "same";

  const Response first = node.node.ask(request), second = node.node.ask(request);

  EXPECT_EQ(second.rsc, Rsc::kCreated);
  EXPECT_NE(TestCse::attributes(first).string_at("ri"),
            TestCse::attributes(second).string_at("ri"));
}

// The dialect structured_sur.
TEST(Lenient, TheReferenceIsStructuredOnDemand) {
  SubscriptionSettings settings;
  settings.structured_reference = true;
  SubscriptionNode node(settings);
  node.add_container();
  node.subscribe("sub", SubscriptionNode::to_sink("a", {3}));

  node.add_instance("1");

  ASSERT_EQ(node.http.sent.size(), 2u);
  for (const auto& sent : node.http.sent) {
    EXPECT_EQ(sent.request.content->find("m2m:sgn")->string_at("sur"),
              "/id-in/cse-in/CAE1/cnt/sub");
  }
}

}  // namespace
}  // namespace gatehouse

// <delivery>: requests that go from CSE to CSE. Source: TS-0001 clauses 9.6.11 and 10.2.5.8,
// TS-0004 clause 7.4.11.
#include "cse/services/delivery/deliveries.h"

#include <gmock/gmock.h>

#include "cse/services/delivery/requests.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

using std::chrono::seconds;

/// The way to other CSEs.
class Road final : public Transit {
 public:
  void forward(Request request, const std::string&, Reply reply) override {
    sent.push_back(std::move(request));
    Response response;
    response.rsc = answer;
    reply(std::move(response));
  }
  std::vector<Request> sent;
  Rsc answer = Rsc::kCreated;
};

/// "/id-in" between "/id-mn" and "/id-far", which has "/id-behind" below it. Whoever is at /id-mn
/// may do everything with cse-in/cnt.
class Delivering : public testing::Test {
 protected:
  Delivering() : deliveries(node.cse()), deferred(node.cse()) {
    deferred.set_deliveries(deliveries);
    node.cse().extensions().transit = &road;
    node.put(type_number::kRemoteCse, "id-mn", "/id-mn",
             Value::object({{"csi", "/id-mn"}, {"cb", "/id-mn/cse-mn"}, {"rr", true}}));
    node.put(type_number::kRemoteCse, "id-far", "/id-far",
             Value::object({{"csi", "/id-far"},
                            {"cb", "/id-far/cse-far"},
                            {"rr", true},
                            {"dcse", Value::array({"/id-behind"})}}));
    node.create("CAdmin", "cse-in", 1,
                *parse_json(R"({"rn":"acp","pv":{"acr":[{"acor":["/id-mn/*"],"acop":63}]},
                                "pvs":{"acr":[{"acor":["CAdmin"],"acop":63}]}})"));
    node.create("CAdmin", "cse-in", 3,
                Value::object({{"rn", "cnt"}, {"acpi", Value::array({"cse-in/acp"})}}));
    deliveries.start();
  }
  static std::string instance(const std::string& to, const std::string& from = "/id-mn/CAE1") {
    return R"({"op":1,"to":")" + to + R"(","fr":")" + from +
           R"(","rqi":"r1","pc":{"m2m:cin":{"con":"x"}},"mi":{"ty":4,"rvi":"3"}})";
  }
  /// `requests`: of arq, with commas between them.
  Response deliver(const std::string& target, const std::string& requests,
                   const std::string& from = "/id-mn", const char* more = "") {
    const std::string soon = to_text(node.clock().now() + seconds(30));
    auto attributes =
        parse_json(R"({"rn":"d","sr":"/id-mn","tg":")" + target + R"(","ls":")" + soon +
                   R"(","ec":3,"dmd":{"tcop":true,"tcin":["/id-mn"]}, "arq":{"req":[)" + requests +
                   "]}" + more + "}");
    EXPECT_TRUE(attributes) << requests;
    return node.create(from, "cse-in", type_number::kDelivery, *attributes);
  }
  std::int64_t instances() { return node.find("cse-in/cnt")->attributes().integer_at("cni"); }

  TestCse node;
  Road road;
  Deliveries deliveries;
  DeferredRequests deferred;
};

TEST_F(Delivering, TheTargetDoesTheRequestsAndTheResourceGoes) {
  const std::string two = instance("/id-in/cse-in/cnt") + "," + instance("/id-in/cse-in/cnt");

  EXPECT_EQ(deliver("/id-in", two).rsc, Rsc::kCreated);

  EXPECT_EQ(instances(), 2);
  EXPECT_EQ(node.find("cse-in/d"), nullptr);
  EXPECT_TRUE(road.sent.empty());
}

TEST_F(Delivering, EachRequestHasTheRightsOfItsOriginator) {
  node.update("CAdmin", "cse-in/acp", "m2m:acp",
              *parse_json(R"({"pv":{"acr":[{"acor":["/id-mn/CAE9"],"acop":63}]}})"));

  EXPECT_EQ(deliver("/id-in", instance("/id-in/cse-in/cnt") + "," +
                                  instance("/id-in/cse-in/cnt", "/id-mn/CAE9"))
                .rsc,
            Rsc::kCreated);

  EXPECT_EQ(instances(), 1);
}

TEST_F(Delivering, ElsewhereTheNextCseGetsIt) {
  EXPECT_EQ(deliver("/id-behind", instance("/id-behind/x/cnt")).rsc, Rsc::kCreated);

  ASSERT_EQ(road.sent.size(), 1u);
  EXPECT_EQ(road.sent[0].to, "/id-far/cse-far");
  EXPECT_EQ(road.sent[0].from, "/id-in");
  EXPECT_EQ(road.sent[0].resource_type, type_number::kDelivery);
  const Value* passed = road.sent[0].content->find("m2m:dlv");
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->string_at("tg"), "/id-behind");
  EXPECT_EQ(passed->string_at("sr"), "/id-mn");
  EXPECT_THAT(passed->find("dmd")->strings_at("tcin"), testing::ElementsAre("/id-mn", "/id-in"));
  EXPECT_FALSE(passed->contains("rn"));
  EXPECT_EQ(node.find("cse-in/d"), nullptr);
}

TEST_F(Delivering, WhileTheLinkIsDownItWaits) {
  road.answer = Rsc::kTargetNotReachable;
  deliver("/id-far", instance("/id-far/x/cnt"));
  ASSERT_NE(node.find("cse-in/d"), nullptr);

  road.answer = Rsc::kCreated;
  node.advance(seconds(3));

  EXPECT_EQ(node.find("cse-in/d"), nullptr);
  EXPECT_EQ(road.sent.size(), 2u);
}

TEST_F(Delivering, ButNotLongerThanItsLifespan) {
  road.answer = Rsc::kTargetNotReachable;
  deliver("/id-far", instance("/id-far/x/cnt"));

  node.advance(seconds(100));

  EXPECT_EQ(node.find("cse-in/d"), nullptr);
  EXPECT_LT(road.sent.size(), 8u);
}

TEST_F(Delivering, AnEmptyOneWaitsForItsRequests) {
  const std::string soon = to_text(node.clock().now() + seconds(30));
  auto attributes = parse_json(
      R"({"rn":"d","sr":"/id-mn","tg":"/id-in","ec":3,"dmd":{"tcop":false},"ls":")" + soon + "\"}");
  ASSERT_EQ(node.create("/id-mn", "cse-in", type_number::kDelivery, *attributes).rsc,
            Rsc::kCreated);
  ASSERT_NE(node.find("cse-in/d"), nullptr);

  EXPECT_EQ(node.update("/id-mn", "cse-in/d", "m2m:dlv",
                        *parse_json(R"({"arq":{"req":[)" + instance("/id-in/cse-in/cnt") + "]}}"))
                .rsc,
            Rsc::kUpdated);

  EXPECT_EQ(instances(), 1);
  EXPECT_EQ(node.find("cse-in/d"), nullptr);
}

TEST_F(Delivering, WaitingOnesAreTakenUpAtAStart) {
  road.answer = Rsc::kTargetNotReachable;
  deliver("/id-far", instance("/id-far/x/cnt"));
  TestCse second({}, node.store(), node.shared_clock());
  Road again;
  second.cse().extensions().transit = &again;
  Deliveries restarted(second.cse());
  second.start();

  restarted.start();
  second.settle();

  EXPECT_EQ(again.sent.size(), 1u);
  EXPECT_EQ(second.find("cse-in/d"), nullptr);
  deliveries.stop();
}

struct RefusedDelivery {
  std::string name, target, requests, from;
  Rsc expected;
};
class RefusedDeliveries : public Delivering, public testing::WithParamInterface<RefusedDelivery> {};

TEST_P(RefusedDeliveries, AreRefused) {
  EXPECT_EQ(deliver(GetParam().target, GetParam().requests, GetParam().from).rsc,
            GetParam().expected);
  EXPECT_EQ(node.find("cse-in/d"), nullptr);
  EXPECT_EQ(instances(), 0);
}
const std::string kOne =
    R"({"op":2,"to":"/id-in/cse-in/cnt","fr":"/id-mn/CAE1","rqi":"1","mi":{"rvi":"3"}})";
INSTANTIATE_TEST_SUITE_P(
    Each, RefusedDeliveries,
    testing::Values(
        RefusedDelivery{"an_ae", "/id-in", kOne, "CAE1", Rsc::kOperationNotAllowed},
        RefusedDelivery{"the_administrator", "/id-in", kOne, "CAdmin", Rsc::kOperationNotAllowed},
        RefusedDelivery{"an_ae_elsewhere", "/id-in", kOne, "/id-mn/CAE1",
                        Rsc::kOperationNotAllowed},
        RefusedDelivery{"a_cse_that_is_no_neighbour", "/id-in", kOne, "/id-behind",
                        Rsc::kOriginatorHasNoPrivilege},
        RefusedDelivery{"a_target_that_is_no_cse", "cse-in", kOne, "/id-mn", Rsc::kBadRequest},
        RefusedDelivery{
            "no_way", "/id-nowhere",
            R"({"op":2,"to":"/id-nowhere/x","fr":"/id-mn/CAE1","rqi":"1","mi":{"rvi":"3"}})",
            "/id-mn", Rsc::kNotFound},
        RefusedDelivery{"back_where_it_comes_from", "/id-mn",
                        R"({"op":2,"to":"/id-mn/x","fr":"/id-mn/CAE1","rqi":"1","mi":{"rvi":"3"}})",
                        "/id-mn", Rsc::kNotFound},
        RefusedDelivery{
            "a_request_for_another_cse", "/id-in",
            R"({"op":2,"to":"/id-far/x","fr":"/id-mn/CAE1","rqi":"1","mi":{"rvi":"3"}})", "/id-mn",
            Rsc::kBadRequest},
        RefusedDelivery{"a_request_of_ours", "/id-in",
                        R"({"op":2,"to":"/id-in/cse-in","fr":"CAdmin","rqi":"1","mi":{"rvi":"3"}})",
                        "/id-mn", Rsc::kOriginatorHasNoPrivilege},
        RefusedDelivery{"a_request_that_is_none", "/id-in",
                        R"({"op":9,"to":"/id-in/x","fr":"/id-mn/C1","rqi":"1","mi":{"rvi":"3"}})",
                        "/id-mn", Rsc::kBadRequest},
        RefusedDelivery{"a_request_whose_time_is_over", "/id-in",
                        R"({"op":2,"to":"/id-in/cse-in","fr":"/id-mn/C1","rqi":"1",
                            "mi":{"rvi":"3","rqet":"20000101T000000"}})",
                        "/id-mn", Rsc::kRequestTimeout}),
    [](const auto& each) { return each.param.name; });

TEST_F(Delivering, WhatComesBackIsRefused) {
  const std::string soon = to_text(node.clock().now() + seconds(30));
  auto attributes =
      parse_json(R"({"rn":"d","sr":"/id-in","tg":"/id-far","ec":3,"dmd":{"tcop":false},"ls":")" +
                 soon + "\"}");

  EXPECT_EQ(node.create("/id-mn", "cse-in", type_number::kDelivery, *attributes).rsc,
            Rsc::kBadRequest);
}

TEST_F(Delivering, IsInTheNamesThatTheOtherCseMaySpeakFor) {
  Request request = node.create_request(
      "/id-mn", "cse-in", type_number::kDelivery,
      Value::object({{"sr", "/id-mn"},
                     {"tg", "/id-in"},
                     {"ls", to_text(node.clock().now() + seconds(30))},
                     {"ec", 3},
                     {"dmd", Value::object({{"tcop", false}})},
                     {"arq", *parse_json(R"({"req":[)" +
                                         instance("/id-in/cse-in/cnt", "/id-far/CAE1") + "]}")}}));
  auto peer = std::make_shared<Peer>();
  peer->authenticated = true;
  peer->identities = {"/id-mn"};
  request.peer = peer;

  EXPECT_EQ(node.ask(std::move(request)).rsc, Rsc::kOriginatorNotAuthenticated);
}

// TS-0001 clause 8.1.2 (Delivery Aggregation)
TEST_F(Delivering, ARequestWithoutResponseIsSentSoIfItAsks) {
  node.add_ae("CAE2");
  for (const bool aggregated : {false, true}) {
    SCOPED_TRACE(aggregated);
    road.sent.clear();
    Request request =
        node.create_request("CAE2", "/id-far/x/cnt", 4, Value::object({{"con", "y"}}));
    request.response_type = 5;
    request.delivery_aggregation = aggregated;

    EXPECT_EQ(node.ask(std::move(request)).rsc, Rsc::kAccepted);
    node.advance(seconds(1));

    ASSERT_EQ(road.sent.size(), 1u);
    EXPECT_EQ(road.sent[0].resource_type, aggregated ? type_number::kDelivery : 4);
    if (!aggregated) continue;
    const Value* sent = road.sent[0].content->find("m2m:dlv");
    const Value& inner = sent->find("arq")->find("req")->as_array()->front();
    EXPECT_EQ(inner.string_at("fr"), "/id-in/CAE2");
    EXPECT_EQ(inner.string_at("to"), "/id-far/x/cnt");
    EXPECT_EQ(inner.find("mi")->integer_at("ty"), 4);
    EXPECT_EQ(inner.find("pc")->find("m2m:cin")->string_at("con"), "y");
  }
}

/// Sends requests that ask for deliveryAggregation.
class Gathering : public Delivering {
 protected:
  Gathering() { node.add_ae("CAE2"); }
  void send(const std::string& to, std::int64_t category, const char* content = "y") {
    Request request =
        node.create_request("CAE2", to, 4, Value::object({{"con", std::string(content)}}));
    request.response_type = 5;
    request.delivery_aggregation = true;
    request.event_category = category;
    EXPECT_EQ(node.ask(std::move(request)).rsc, Rsc::kAccepted);
  }
  /// Requests in each <delivery> that left.
  std::vector<std::size_t> sizes() {
    std::vector<std::size_t> all;
    for (const Request& one : road.sent)
      all.push_back(one.content->find("m2m:dlv")->find("arq")->find("req")->size());
    return all;
  }
};

// TS-0004 clause H.2.4 (delivery aggregation)
TEST_F(Gathering, PutsRequestsToTheSameCseIntoOneDelivery) {
  send("/id-far/x/cnt", 3, "first");
  send("/id-far/x/other", 3, "second");
  send("/id-far/x/cnt", 3, "third");
  EXPECT_TRUE(road.sent.empty());

  node.advance(seconds(1));

  ASSERT_EQ(sizes(), std::vector<std::size_t>{3});
  const Value* list = road.sent[0].content->find("m2m:dlv")->find("arq")->find("req");
  std::vector<std::string> contents;
  for (const Value& item : *list->as_array())
    contents.push_back(item.find("pc")->find("m2m:cin")->string_at("con"));
  EXPECT_EQ(contents, (std::vector<std::string>{"first", "second", "third"}));
  EXPECT_FALSE(node.find("cse-in")->attributes().contains("dlv"));
}

TEST_F(Gathering, KeepsTargetsAndCategoriesApart) {
  send("/id-far/x/cnt", 3);
  send("/id-mn/x/cnt", 3);
  send("/id-far/x/cnt", 4);

  node.advance(seconds(1));

  EXPECT_EQ(sizes(), (std::vector<std::size_t>{1, 1, 1}));
}

TEST_F(Gathering, DoesNotHoldWhatIsImmediate) {
  send("/id-far/x/cnt", 2);

  EXPECT_EQ(sizes(), std::vector<std::size_t>{1});
}

TEST_F(Gathering, BeginsAnewAfterOneHasLeft) {
  send("/id-far/x/cnt", 3);
  node.advance(seconds(1));
  send("/id-far/x/cnt", 3);
  node.advance(seconds(1));

  EXPECT_EQ(sizes(), (std::vector<std::size_t>{1, 1}));
}

TEST_F(Gathering, LosesNothingWhenTheProcessEndsMeanwhile) {
  send("/id-far/x/cnt", 3);
  deliveries.stop();
  node.cse().stop();
  TestCse second({}, node.store(), node.shared_clock());
  Road other_road;
  Deliveries restarted(second.cse());
  second.cse().extensions().transit = &other_road;
  second.start();
  restarted.start();

  second.settle();

  ASSERT_EQ(other_road.sent.size(), 1u);
}

}  // namespace
}  // namespace gatehouse::test

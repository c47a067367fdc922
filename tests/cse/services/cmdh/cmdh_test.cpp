// Communication management and delivery handling. Source: TS-0004 annex H, TS-0001 clause D.12.
#include "cse/services/cmdh/cmdh.h"

#include <gmock/gmock.h>

#include "cse/services/schedule/schedules.h"
#include "mgmt-objects/management_behaviour.h"
#include "mgmt-objects/management_objects.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The way to other CSEs: keeps what comes, answers at once.
struct Road final : Transit {
  void forward(Request request, const std::string&, Reply reply) override {
    sent.push_back(request);
    Response response;
    response.rsc = answers.empty() ? Rsc::kOk : answers.front();
    if (!answers.empty()) answers.erase(answers.begin());
    reply(std::move(response));
  }
  std::vector<Request> sent;
  std::vector<Rsc> answers;  ///< the next ones; then 2000
};

/// A CSE with a <node> of its own, where policies can be made. Time begins at 2027-01-15T08:00:00.
class Cmdhs : public testing::Test {
 protected:
  Cmdhs() {
    add_management_objects(node.schemas());
    node.cse().behaviours().add(type_number::kMgmtObj, management_object_behaviour());
    add_schedules(node.cse());
    node.cse().extensions().transit = &road;
    cmdh.emplace(node.cse());
    node.add_ae("CAE1");
    must(node.create("CAdmin", "cse-in", 14,
                     Value::object({{"rn", "nod"}, {"ni", "urn:x:1"}, {"hcl", "cse-in"}})));
  }
  static void must(const Response& response) {
    EXPECT_EQ(response.rsc, Rsc::kCreated) << TestCse::debug_text(response);
  }
  Response object(int definition, const std::string& root, const std::string& name,
                  const std::string& attributes) {
    Request request = TestCse::request(Operation::kCreate, "CAdmin", "cse-in/nod");
    request.resource_type = type_number::kMgmtObj;
    auto content = parse_json("{" + attributes + "}");
    EXPECT_TRUE(content) << attributes;
    content->set("rn", name);
    content->set("mgd", std::int64_t{definition});
    request.content = Value::object({{root, *std::move(content)}});
    return node.ask(std::move(request));
  }
  /// `"cmlk":[…]` to objects of these names and definitions.
  static std::string links(const std::vector<std::pair<std::string, int>>& targets) {
    std::string text;
    for (const auto& [name, definition] : targets) {
      text += std::string(text.empty() ? "" : ",") + R"({"val":"cse-in/)" +
              (definition == 0 ? "" : "nod/") + name + R"(","nm":")" + name + R"(","typ":)" +
              std::to_string(definition == 0 ? 1018 : definition) + "}";
    }
    return "\"cmlk\":[" + text + "]";
  }
  void activate(const std::vector<std::pair<std::string, int>>& parts) {
    must(object(1011, "m2m:cmp", "pol", R"("cpn":"p",)" + links(parts)));
    must(object(1012, "m2m:acmp", "act", R"("acmlk":"cse-in/nod/pol")"));
  }
  static Request there(const std::string& from = "CAE1") {
    return TestCse::request(Operation::kRetrieve, from, "/id-far/x");
  }

  TestCse node;
  Road road;
  std::optional<Cmdh> cmdh;
};

TEST_F(Cmdhs, WithoutAPolicyNothingIsChanged) {
  EXPECT_EQ(node.ask(there()).rsc, Rsc::kOk);

  ASSERT_EQ(road.sent.size(), 1u);
  EXPECT_FALSE(road.sent[0].event_category);
  EXPECT_FALSE(road.sent[0].originating_timestamp);
}

/// Defaults by originator and by category.
class CmdhDefaults : public Cmdhs {
 protected:
  CmdhDefaults() {
    must(object(1014, "m2m:cmdv", "mine", R"("od":2,"dev":4,"ror":["CAE1"])"));
    must(object(1014, "m2m:cmdv", "first", R"("od":1,"dev":100,"ror":["CAE1","CAE9"])"));
    must(object(1014, "m2m:cmdv", "here", R"("od":1,"dev":101,"ror":["localAE"])"));
    must(object(1014, "m2m:cmdv", "all", R"("od":1,"dev":2,"ror":["default"])"));
    must(object(1014, "m2m:cmdv", "sometimes", R"("od":1,"dev":102,"ror":["CAE1"],"rct":{"a":1})"));
    must(object(1015, "m2m:cmpv", "hundred",
                R"("aec":[100],"dqet":5000,"dset":9000,"doet":1000,"drp":60000,"dda":false)"));
    must(object(1015, "m2m:cmpv", "others",
                R"("aec":[0],"dqet":7000,"dset":-1,"doet":0,"drp":0,"dda":true)"));
    must(object(1013, "m2m:cmdf", "def",
                links({{"mine", 1014},
                       {"first", 1014},
                       {"here", 1014},
                       {"all", 1014},
                       {"sometimes", 1014},
                       {"hundred", 1015},
                       {"others", 1015}})));
    activate({{"def", 1013}});
  }
};

// TS-0004 clause H.2.3, step 1.1
TEST_F(CmdhDefaults, GiveTheEventCategoryByOriginator) {
  node.add_ae("CAE2");
  node.ask(there("CAE1"));
  node.ask(there("CAE2"));
  node.ask(there("/id-mn/CAE7"));
  Request said = there("CAE1");
  said.event_category = 3;
  node.ask(said);

  ASSERT_EQ(road.sent.size(), 4u);
  EXPECT_EQ(road.sent[0].event_category, 100) << "of two for it the one of lower order";
  EXPECT_EQ(road.sent[1].event_category, 101);
  EXPECT_EQ(road.sent[2].event_category, 2);
  EXPECT_EQ(road.sent[3].event_category, 3);
}

// TS-0004 clause H.2.3, step 1.2
TEST_F(CmdhDefaults, GiveTimesByEventCategory) {
  const Timestamp now = node.clock().now();
  node.ask(there("CAE1"));

  ASSERT_EQ(road.sent.size(), 1u);
  const Request& sent = road.sent[0];
  EXPECT_EQ(sent.originating_timestamp, to_text(now));
  EXPECT_EQ(sent.request_expiration, to_text(now + seconds(5)));
  EXPECT_EQ(sent.result_expiration, to_text(now + seconds(9)));
  EXPECT_EQ(sent.operation_execution_time, to_text(now + seconds(1)));
  EXPECT_EQ(sent.result_persistence, to_text(now + seconds(60)));
  EXPECT_EQ(sent.delivery_aggregation, false);
}

TEST_F(CmdhDefaults, LeaveInfiniteTimesOutAndSaidOnesAlone) {
  const Timestamp now = node.clock().now();
  Request request = there("CAE1");
  request.event_category = 4;
  request.request_expiration = "2000";
  node.ask(request);

  ASSERT_EQ(road.sent.size(), 1u);
  EXPECT_EQ(road.sent[0].request_expiration, to_text(now + seconds(2))) << "absolute now";
  EXPECT_FALSE(road.sent[0].result_expiration);
  EXPECT_FALSE(road.sent[0].operation_execution_time);
  EXPECT_EQ(road.sent[0].delivery_aggregation, true);
}

TEST_F(CmdhDefaults, FollowTheActivePolicyWhenItChanges) {
  node.update("CAdmin", "cse-in/nod/first", "m2m:cmdv",
              Value::object({{"dev", std::int64_t{103}}}));
  node.ask(there("CAE1"));
  node.remove("CAdmin", "cse-in/nod/act");
  node.ask(there("CAE1"));

  ASSERT_EQ(road.sent.size(), 2u);
  EXPECT_EQ(road.sent[0].event_category, 103);
  EXPECT_FALSE(road.sent[1].event_category);
}

struct LimitCase {
  std::string name;
  std::function<void(Request&)> set;
  std::string refused;  ///< beginning of the text; empty: forwarded
};
class CmdhLimits : public Cmdhs, public testing::WithParamInterface<LimitCase> {
 protected:
  CmdhLimits() {
    must(object(1016, "m2m:cml", "lim",
                R"("od":1,"ror":["CAE1"],"lec":[2,3],"lqet":[1000,10000],"lset":[0,-1],)"
                R"("loet":[0,5000],"lrp":[0,20000],"lda":[true])"));
    activate({{"lim", 1016}});
  }
};

// TS-0004 clause H.2.3, step 2
TEST_P(CmdhLimits, RefuseWhatIsBeyondThem) {
  Request request = there("CAE1");
  GetParam().set(request);

  const Response response = node.ask(std::move(request));

  EXPECT_EQ(response.rsc, GetParam().refused.empty() ? Rsc::kOk : Rsc::kBadRequest);
  EXPECT_THAT(TestCse::debug_text(response), testing::StartsWith(GetParam().refused));
  EXPECT_EQ(road.sent.size(), GetParam().refused.empty() ? 1u : 0u);
}
INSTANTIATE_TEST_SUITE_P(
    Parameters, CmdhLimits,
    testing::Values(
        LimitCase{"nothing_said", [](Request&) {}, ""},
        LimitCase{"category", [](Request& r) { r.event_category = 4; }, "ec (eventCategory)"},
        LimitCase{"rqet_least", [](Request& r) { r.request_expiration = "1000"; }, ""},
        LimitCase{"rqet_below", [](Request& r) { r.request_expiration = "999"; }, "rqet"},
        LimitCase{"rqet_most", [](Request& r) { r.request_expiration = "10000"; }, ""},
        LimitCase{"rqet_above", [](Request& r) { r.request_expiration = "10001"; }, "rqet"},
        LimitCase{"rset_unlimited", [](Request& r) { r.result_expiration = "999999999"; }, ""},
        LimitCase{"rp_above", [](Request& r) { r.result_persistence = "20001"; }, "rp"},
        LimitCase{"da_true", [](Request& r) { r.delivery_aggregation = true; }, ""},
        LimitCase{"da_false", [](Request& r) { r.delivery_aggregation = false; }, "da"},
        LimitCase{"of_somebody_else",
                  [](Request& r) {
                    r.from = "CAE5";
                    r.event_category = 4;
                  },
                  ""}),
    [](const auto& one) { return one.param.name; });

/// The network may be used in the first ten seconds of each minute; now it is eight o'clock sharp.
class CmdhAccess : public Cmdhs {
 protected:
  void rule(const std::string& more, const std::string& buffer = R"("mbfs":1000,"sgp":5)") {
    Request request = node.create_request(
        "CAdmin", "cse-in", 18,
        Value::object(
            {{"rn", "sce"}, {"se", Value::object({{"sce", Value::array({"0-9 * * * * * *"})}})}}));
    must(node.ask(std::move(request)));
    must(object(1018, "m2m:cmwr", "rule", R"("ttn":["net"],)" + more + "," + links({{"sce", 0}})));
    must(object(1017, "m2m:cmnr", "rules", R"("aecs":[0],)" + links({{"rule", 1018}})));
    must(object(1019, "m2m:cmbf", "buf", R"("aec":[0],)" + buffer));
    activate({{"rules", 1017}, {"buf", 1019}});
    const std::int64_t second = node.clock().now().microseconds / 1'000'000 % 60;
    node.advance(seconds(70 - second));  // ten seconds past a full minute: closed
  }
  static constexpr const char* kPlain =
      R"("mrv":0,"swt":0,"bop":{"bops":[{"ibt":1000,"abt":1000,"mbt":3000}]})";
  Request patient(std::int64_t category = 3, const std::string& to = "/id-far/x") {
    Request request = TestCse::request(Operation::kRetrieve, "CAE1", to);
    request.event_category = category;
    request.request_expiration = "120000";
    return request;
  }
};

// TS-0004 clause H.2.3, step 3.2
TEST_F(CmdhAccess, HoldsARequestUntilItsTime) {
  rule(kPlain);

  const auto answer = node.send(patient());
  node.advance(seconds(45));
  EXPECT_TRUE(road.sent.empty());
  EXPECT_FALSE(*answer);
  node.advance(seconds(10));

  EXPECT_EQ(road.sent.size(), 1u);
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->rsc, Rsc::kOk);
  EXPECT_EQ(node.ask(patient()).rsc, Rsc::kOk) << "open";
}

TEST_F(CmdhAccess, LetsTheImmediatePass) {
  rule(kPlain);

  EXPECT_EQ(node.ask(patient(2)).rsc, Rsc::kOk);
}

TEST_F(CmdhAccess, RefusesWhatExpiresBefore) {
  rule(kPlain);
  Request request = patient();
  request.request_expiration = "20000";

  EXPECT_EQ(node.ask(std::move(request)).rsc, Rsc::kTargetNotReachable);
}

// TS-0004 clause H.2.3, step 3.3
TEST_F(CmdhAccess, RefusesWhatItsBufferHasNoRoomFor) {
  rule(kPlain, R"("mbfs":20,"sgp":5)");

  const auto first = node.send(patient());
  EXPECT_EQ(node.ask(patient(3, "/id-far/y")).rsc, Rsc::kTargetNotReachable);
  node.advance(seconds(60));

  EXPECT_EQ(road.sent.size(), 1u);
}

// TS-0004 clause H.2.4
TEST_F(CmdhAccess, KeepsOnlyTheLatestOfAKind) {
  rule(kPlain);

  const auto older = node.send(patient(4));
  const auto other = node.send(patient(4, "/id-far/y"));
  const auto newer = node.send(patient(4));
  node.advance(milliseconds(1));
  ASSERT_TRUE(*older);
  EXPECT_EQ((*older)->rsc, Rsc::kTargetNotReachable);
  node.advance(seconds(60));

  EXPECT_EQ(road.sent.size(), 2u);
  EXPECT_TRUE(*other && *newer);
}

TEST_F(CmdhAccess, SpreadsTheFirstUse) {
  rule(R"("mrv":0,"swt":4000,"bop":{"bops":[{"ibt":1,"abt":1,"mbt":3}]})");
  for (int i = 0; i < 20; ++i) node.send(patient(3, "/id-far/x" + std::to_string(i)));

  node.advance(seconds(50), milliseconds(10));
  const std::size_t at_once = road.sent.size();
  node.advance(seconds(5));

  EXPECT_LT(at_once, 10u);
  EXPECT_EQ(road.sent.size(), 20u);
}

TEST_F(CmdhAccess, GathersTheVolumeThatTheRuleWants) {
  rule(R"("mrv":50,"swt":0,"bop":{"bops":[{"ibt":1,"abt":1,"mbt":3}]})");
  node.advance(seconds(50));  // open now

  const auto first = node.send(patient(3, "/id-far/x"));
  node.advance(seconds(1));
  EXPECT_TRUE(road.sent.empty());
  for (int i = 0; i < 3; ++i) node.send(patient(3, "/id-far/y" + std::to_string(i)));
  node.advance(seconds(1));

  EXPECT_EQ(road.sent.size(), 4u);
  EXPECT_TRUE(*first);
}

TEST_F(CmdhAccess, TellsWhatWaitedTooLong) {
  rule(R"("mrv":4000,"swt":0,"bop":{"bops":[{"ibt":1,"abt":1,"mbt":3}]})");
  const auto answer = node.send(patient());

  node.advance(seconds(121), seconds(1));

  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->rsc, Rsc::kRequestTimeout);
  EXPECT_TRUE(road.sent.empty());
}

TEST_F(CmdhAccess, TriesAgainAfterThePausesOfTheRule) {
  rule(kPlain);
  node.advance(seconds(50));
  road.answers = {Rsc::kTargetNotReachable, Rsc::kRemoteEntityNotReachable};

  const auto answer = node.send(patient());
  node.settle();
  EXPECT_EQ(road.sent.size(), 1u);
  node.advance(milliseconds(1100));
  EXPECT_EQ(road.sent.size(), 2u) << "after initialBackoffTime";
  node.advance(milliseconds(1100));
  EXPECT_EQ(road.sent.size(), 2u) << "additionalBackoffTime more";
  node.advance(seconds(1));

  EXPECT_EQ(road.sent.size(), 3u);
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->rsc, Rsc::kOk);
}

struct UnsoundCase {
  std::string name;
  int definition;
  std::string root, attributes, refused;
};
class UnsoundPolicies : public Cmdhs, public testing::WithParamInterface<UnsoundCase> {};

// TS-0004 table 6.3.3-1 (m2m:listOfMinMax), clause D.12
TEST_P(UnsoundPolicies, AreRefused) {
  const auto& [name, definition, root, attributes, refused] = GetParam();

  const Response response = object(definition, root, "x", attributes);

  EXPECT_EQ(response.rsc, Rsc::kBadRequest);
  EXPECT_THAT(TestCse::debug_text(response), testing::StartsWith(refused));
}
std::string limits(const std::string& range, const std::string& origins = R"(["CAE1"])") {
  return R"("od":1,"ror":)" + origins + R"(,"lec":[3],"lqet":)" + range +
         R"(,"lset":[0,-1],"loet":[0,-1],"lrp":[0,-1],"lda":[true])";
}
INSTANTIATE_TEST_SUITE_P(
    Each, UnsoundPolicies,
    testing::Values(
        UnsoundCase{"one_number", 1016, "m2m:cml", limits("[5]"), "lqet (limitsRequestExpTime)"},
        UnsoundCase{"three_numbers", 1016, "m2m:cml", limits("[1,2,3]"), "lqet"},
        UnsoundCase{"reversed", 1016, "m2m:cml", limits("[5,4]"), "lqet"},
        UnsoundCase{"negative", 1016, "m2m:cml", limits("[-1,4]"), "lqet"},
        UnsoundCase{"nobody", 1016, "m2m:cml", limits("[0,4]", "[]"), "ror (requestOrigin)"},
        UnsoundCase{"time", 1015, "m2m:cmpv",
                    R"("aec":[0],"dqet":-2,"dset":0,"doet":0,"drp":0,"dda":true)", "dqet"},
        UnsoundCase{"no_category", 1019, "m2m:cmbf", R"("aec":[],"mbfs":1,"sgp":1)", "aec"},
        UnsoundCase{"priority", 1019, "m2m:cmbf", R"("aec":[0],"mbfs":1,"sgp":11)", "sgp"},
        UnsoundCase{"pauses", 1018, "m2m:cmwr",
                    R"("ttn":["n"],"mrv":0,"swt":0,"bop":{"bops":[{"ibt":5,"abt":1,"mbt":4}]},)"
                    R"("cmlk":[{"val":"cse-in/x","nm":"x","typ":1018}])",
                    "bop"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace gatehouse::test

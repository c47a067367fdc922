// Parameters of a request that no resource is needed for, and what an answer says of them.
// Source: TS-0001 clauses 8.1.2 and 8.1.3, TS-0004 clause 7.3.2.1.
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

using Text = std::optional<std::string>;

struct TimesCase {
  std::string name;
  Text rqet, rset, oet;
  Rsc expected;
};
class OrderOfTimes : public testing::TestWithParam<TimesCase> {};

TEST_P(OrderOfTimes, WhatIsDoneLaterIsStillInTime) {
  TestCse node;
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
  request.request_expiration = GetParam().rqet;
  request.result_expiration = GetParam().rset;
  request.operation_execution_time = GetParam().oet;

  EXPECT_EQ(node.ask(request).rsc, GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Times, OrderOfTimes,
    testing::Values(TimesCase{"in_order", "2000", "4000", "1000", Rsc::kOk},
                    TimesCase{"as_durations", "PT2S", "PT4S", "PT1S", Rsc::kOk},
                    TimesCase{"result_before_request", "4000", "2000", {}, Rsc::kBadRequest},
                    TimesCase{"executed_after_request", "2000", {}, "4000", Rsc::kBadRequest},
                    TimesCase{"executed_after_result", {}, "2000", "4000", Rsc::kBadRequest},
                    TimesCase{"result_in_the_past", {}, "-1", {}, Rsc::kRequestTimeout}),
    [](const auto& each) { return each.param.name; });

TEST(RequestParameters, AnUpdateNeedsAContentBeforeAnythingElse) {
  TestCse node;

  EXPECT_EQ(node.ask(TestCse::request(Operation::kUpdate, "CAdmin", "cse-in")).rsc,
            Rsc::kBadRequest);
}

TEST(RequestParameters, AnAttributeListIsForRetrieveOnly) {
  TestCse node;
  Request request = TestCse::request(Operation::kDelete, "CAdmin", "cse-in");
  request.attribute_list = {"rn"};

  EXPECT_EQ(node.ask(request).rsc, Rsc::kBadRequest);
}

// TS-0004 clause 7.3.2.1: a CSE-ID alone names no resource.
TEST(RequestParameters, ACseIdAloneIsNoTarget) {
  TestCse node;

  EXPECT_EQ(node.retrieve("CAdmin", "/id-in").rsc, Rsc::kBadRequest);
  EXPECT_EQ(node.retrieve("CAdmin", "//gatehouse.example/id-in").rsc, Rsc::kBadRequest);
  EXPECT_EQ(node.retrieve("CAdmin", "/id-in/cse-in").rsc, Rsc::kOk);
}

TEST(RequestParameters, AnAnswerRepeatsVendorInformationAndResultExpiration) {
  TestCse node;
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
  request.vendor_information = "some vendor";
  request.result_expiration = "2000";
  request.originating_timestamp = to_text(node.clock().now());

  const Response response = node.ask(request);

  EXPECT_EQ(response.vendor_information, "some vendor");
  EXPECT_EQ(response.result_expiration, "2000");
  EXPECT_EQ(response.originating_timestamp, to_text(node.clock().now()));
}

TEST(RequestParameters, AnAnswerAddsNothingThatWasNotAskedFor) {
  TestCse node;

  const Response response = node.retrieve("CAdmin", "cse-in");

  EXPECT_FALSE(response.vendor_information);
  EXPECT_FALSE(response.result_expiration);
  EXPECT_FALSE(response.originating_timestamp);
}

// TS-0004 clause 7.3.3.7
TEST(ExpirationTime, IsNotSetBeforeThatOfAChild) {
  TestCse node;
  node.add_ae("CAE1");
  const auto in = [&node](int seconds) {
    return Value(to_text(node.clock().now() + std::chrono::seconds(seconds)));
  };
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}, {"et", in(100)}}));
  node.create("CAE1", "CAE1/cnt", 3, Value::object({{"rn", "sub"}, {"et", in(50)}}));

  EXPECT_EQ(node.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"et", in(49)}})).rsc,
            Rsc::kBadRequest);
  EXPECT_EQ(node.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"et", in(50)}})).rsc,
            Rsc::kUpdated);
}

// TS-0001 clause 8.1.2 (modified attributes): what was asked for and not kept is null.
class Forgetful final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    draft.attributes.erase("lbl");
    return {};
  }
};
TEST(ModifiedAttributes, TellWhatWasNotKept) {
  TestCse node;
  node.cse().behaviours().add(type_number::kContainer, std::make_shared<Forgetful>());
  Request request =
      node.create_request("CAdmin", "cse-in", 3, Value::object({{"lbl", Value::array({"a"})}}));
  request.result_content = 9;

  const Value changed = TestCse::attributes(node.ask(request));

  ASSERT_TRUE(changed.find("lbl"));
  EXPECT_TRUE(changed.find("lbl")->is_null());
}

// The switch cse.admit_unregistered.
class Unregistered : public testing::TestWithParam<bool> {
 protected:
  static CseSettings settings(bool admits) {
    CseSettings made;
    made.admit_unregistered = admits;
    return made;
  }
  static Response ask_as(TestCse& node, const std::string& from, const std::string& to) {
    Request request = TestCse::request(Operation::kRetrieve, from, to);
    request.peer = std::make_shared<Peer>();
    return node.ask(request);
  }
};
TEST_P(Unregistered, IsRefusedUnlessPoliciesAreToJudge) {
  TestCse node(settings(GetParam()));
  node.add_ae("CAE1");

  EXPECT_EQ(ask_as(node, "Cunknown", "CAE1").rsc,
            GetParam() ? Rsc::kOriginatorHasNoPrivilege : Rsc::kOriginatorNotAuthenticated);
  EXPECT_EQ(ask_as(node, "/id-other/CAE1", "CAE1").rsc,
            GetParam() ? Rsc::kOriginatorHasNoPrivilege : Rsc::kSecurityAssociationRequired);
  EXPECT_EQ(ask_as(node, "CAE1", "CAE1").rsc, Rsc::kOk);
}
TEST_P(Unregistered, IsStillBoundToItsCredential) {
  TestCse node(settings(GetParam()));
  node.add_ae("CAE1");
  auto peer = std::make_shared<Peer>();
  peer->authenticated = true;
  peer->identities = {"COther"};
  Request request = TestCse::request(Operation::kRetrieve, "CAE1", "CAE1");
  request.peer = peer;

  EXPECT_EQ(node.ask(request).rsc, Rsc::kOriginatorNotAuthenticated);
}
INSTANTIATE_TEST_SUITE_P(Switch, Unregistered, testing::Bool());

// TS-0001 clause 7.2: "/Sxyz" does not tell the CSE where it is registered.
TEST(AeOfTheProvider, MayComeOverARegisteredCse) {
  TestCse node;
  node.add_ae("SAE1");
  node.put(type_number::kRemoteCse, "id-mn", "/id-mn",
           Value::object({{"csi", "/id-mn"}, {"cb", "/id-mn/cse-mn"}, {"rr", false}}));
  const auto ask_over = [&node](const std::string& cse, const std::string& from) {
    auto peer = std::make_shared<Peer>();
    peer->authenticated = true;
    peer->identities = {cse};
    Request request = TestCse::request(Operation::kRetrieve, from, "SAE1");
    request.peer = peer;
    return node.ask(request).rsc;
  };

  EXPECT_EQ(ask_over("/id-mn", "/SAE2"), Rsc::kOriginatorHasNoPrivilege);    // known, and judged
  EXPECT_EQ(ask_over("/id-mn", "/SAE1"), Rsc::kOriginatorNotAuthenticated);  // registered here
  EXPECT_EQ(ask_over("/id-no", "/SAE2"), Rsc::kOriginatorNotAuthenticated);
}

}  // namespace
}  // namespace gatehouse::test

// Roles that requests name, and the consultation of a DAS where access control refuses.
// Source: TS-0003 clauses 7.3.2.2 and 7.4.3, TS-0001 clauses 11.5.2 and 11.5.3.
#include "cse/services/authorization/authorization.h"

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

/// A DAS that is asked by name and answers as a test says.
class FakeDas final : public Messenger {
 public:
  struct Asked {
    std::string target;
    Value content;
  };
  void send_to(const std::string& target, Request request, Reply reply) override {
    asked.push_back({target, *request.content});
    Response response;
    response.request_identifier = request.request_identifier;
    if (unreachable.contains(target)) {
      response.rsc = Rsc::kTargetNotReachable;
    } else if (!answer.is_null()) {
      response.content = answer;
    }
    if (later) {
      waiting.push_back([reply, response] { reply(Response(response)); });
    } else {
      reply(Response(response));
    }
  }
  std::vector<Asked> asked;
  std::set<std::string> unreachable;
  Value answer;
  bool later = false;
  std::vector<std::function<void()>> waiting;
};

Value decision(Value information) {
  return Value::object(
      {{"m2m:seci",
        Value::object({{"sit", 2}, {"dres", Value::object({{"dai", std::move(information)}})}})}});
}
Value granting(const char* originator, int operations) {
  return Value::object(
      {{"gp",
        Value::object({{"acr", Value::array({Value::object({{"acor", Value::array({originator})},
                                                            {"acop", operations}})})}})}});
}

/// "res" of CAE1 with an instance, whose refusals the DAS "http://das" is asked about.
class AuthorizationTest : public testing::Test {
 protected:
  AuthorizationTest() {
    node.cse().extensions().messenger = &das;
    for (const char* stem : {"CAE1", "CAE2", "CAE3"}) node.add_ae(stem);
  }
  void put_consultation(bool enabled = true, Value more = Value::object()) {
    more.set("dae", enabled);
    if (!more.contains("dap")) more.set("dap", Value::array({"http://das"}));
    node.put(type_number::kConsultation, "dac", "CAE1", std::move(more));
  }
  void put_resource(Value attributes = Value::object()) {
    attributes.set("daci", Value::array({"dac"}));
    node.put(type_number::kContainer, "res", "CAE1", std::move(attributes));
  }
  Response ask(Operation operation, const std::string& from, const std::string& to,
               Value parameters = Value::object()) {
    Request request = TestCse::request(operation, from, to);
    request.other = std::move(parameters);
    auto peer = std::make_shared<Peer>();
    peer->address = "10.0.0.9";
    request.peer = std::move(peer);
    return node.ask(std::move(request));
  }
  Rsc retrieve(const std::string& from, const std::string& to = "cse-in/res") {
    return ask(Operation::kRetrieve, from, to).rsc;
  }
  TestCse node;
  FakeDas das;
  Authorization authorization{node.cse(), Authorization::Settings{}};
};

constexpr Rsc kNo = Rsc::kOriginatorHasNoPrivilege;

TEST_F(AuthorizationTest, AGrantBecomesAPolicyAndTheRequestRunsAgain) {
  put_consultation();
  put_resource();
  das.answer = decision(granting("CAE2", 2));

  EXPECT_EQ(retrieve("CAE2"), Rsc::kOk);
  EXPECT_EQ(retrieve("CAE2"), Rsc::kOk);

  EXPECT_EQ(das.asked.size(), 1u) << "the policy answers from then on";
  const ResourcePtr resource = node.find("cse-in/res");
  const auto links = resource->attributes().strings_at("acpi");
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(node.find(links[0])->type(), type_number::kAccessControlPolicy);
  EXPECT_EQ(retrieve("CAE1"), Rsc::kOk) << "its creator keeps his rights";
  EXPECT_EQ(retrieve("CAE3"), kNo);
}

TEST_F(AuthorizationTest, TheDasIsToldWhoWantsWhat) {
  put_consultation(true, Value::object({{"dal", "20270201T000000"}}));
  put_resource();

  retrieve("CAE2");

  ASSERT_EQ(das.asked.size(), 1u);
  EXPECT_EQ(das.asked[0].target, "http://das");
  const Value* information = das.asked[0].content.find("m2m:seci");
  ASSERT_TRUE(information);
  EXPECT_EQ(information->integer_at("sit"), 1);
  EXPECT_EQ(*information->find("dreq"),
            Value::object({{"or", "//gatehouse.example/id-in/CAE2"},
                           {"trt", 3},
                           {"op", 2},
                           {"oip", Value::object({{"ip4", "10.0.0.9"}})},
                           {"rts", "20270115T080000,000000"},
                           {"trid", "/id-in/res"},
                           {"ppl", "20270201T000000"}}));
}

TEST_F(AuthorizationTest, AGrantEndsWithItsTime) {
  put_consultation();
  put_resource();
  Value information = granting("CAE2", 2);
  information.set("pl", "20270115T090000");
  das.answer = decision(information);
  ASSERT_EQ(retrieve("CAE2"), Rsc::kOk);

  das.answer = {};
  node.advance(std::chrono::hours(1), std::chrono::minutes(10));

  EXPECT_EQ(retrieve("CAE2"), kNo);
  EXPECT_EQ(retrieve("CAE1"), Rsc::kOk) << "it belongs to its creator again";
}

TEST_F(AuthorizationTest, AnotherPolicyStaysBeside) {
  put_consultation();
  const Value rules = Value::object(
      {{"acr", Value::array({Value::object({{"acor", Value::array({"CAE3"})}, {"acop", 2}})})}});
  node.put(type_number::kAccessControlPolicy, "acp", "CAE1",
           Value::object({{"pv", rules}, {"pvs", rules}}));
  put_resource(Value::object({{"acpi", Value::array({"acp"})}}));
  das.answer = decision(granting("CAE2", 2));

  EXPECT_EQ(retrieve("CAE2"), Rsc::kOk);
  EXPECT_EQ(retrieve("CAE3"), Rsc::kOk);
  EXPECT_EQ(retrieve("CAE1"), kNo) << "who had no right gets none";
}

TEST_F(AuthorizationTest, WhatFollowsItsParentIsGrantedByIt) {
  put_consultation();
  put_resource();
  const Response made = node.create("CAE1", "cse-in/res", type_number::kContentInstance,
                                    Value::object({{"rn", "i"}, {"con", "x"}}));
  ASSERT_EQ(made.rsc, Rsc::kCreated);
  das.answer = decision(granting("CAE2", 2));

  EXPECT_EQ(retrieve("CAE2", "cse-in/res/i"), Rsc::kOk);
  EXPECT_TRUE(node.find("cse-in/res")->attributes().contains("acpi"));
}

struct RefusalCase {
  std::string name;
  bool enabled;
  Value answer;
  std::size_t asked;
};
class Refusals : public AuthorizationTest, public testing::WithParamInterface<RefusalCase> {};

TEST_P(Refusals, StayRefusals) {
  put_consultation(GetParam().enabled);
  put_resource();
  das.answer = GetParam().answer;

  EXPECT_EQ(retrieve("CAE2"), kNo);

  EXPECT_EQ(das.asked.size(), GetParam().asked);
}
Value wrong_type() {
  Value content = decision(granting("CAE2", 2));
  content.find("m2m:seci")->set("sit", 4);
  return content;
}
INSTANTIATE_TEST_SUITE_P(
    Answers, Refusals,
    testing::Values(
        RefusalCase{"disabled", false, decision(granting("CAE2", 2)), 0},
        RefusalCase{"nothing", true, {}, 1},
        RefusalCase{"another_content", true, Value::object({{"m2m:uri", "x"}}), 1},
        RefusalCase{"another_security_information", true, wrong_type(), 1},
        RefusalCase{"no_privileges", true, decision(Value::object()), 1},
        RefusalCase{"privileges_that_are_none", true, decision(Value::object({{"gp", "all"}})), 1},
        RefusalCase{"operations_that_are_none", true, decision(granting("CAE2", 64)), 1},
        RefusalCase{"another_operation", true, decision(granting("CAE2", 1)), 1},
        RefusalCase{"another_originator", true, decision(granting("CAE3", 2)), 1},
        RefusalCase{"a_time_that_is_over", true,
                    [] {
                      Value information = granting("CAE2", 2);
                      information.set("pl", "20260101T000000");
                      return decision(information);
                    }(),
                    1}),
    [](const auto& each) { return each.param.name; });

TEST_F(AuthorizationTest, ADenialIsRememberedForAMoment) {
  put_consultation();
  put_resource();

  EXPECT_EQ(retrieve("CAE2"), kNo);
  EXPECT_EQ(retrieve("CAE2"), kNo);
  EXPECT_EQ(das.asked.size(), 1u);
  EXPECT_EQ(retrieve("CAE3"), kNo);
  EXPECT_EQ(das.asked.size(), 2u) << "another question";
  node.advance(std::chrono::seconds(6), std::chrono::seconds(1));
  das.answer = decision(granting("CAE2", 2));
  EXPECT_EQ(retrieve("CAE2"), Rsc::kOk);
}

TEST_F(AuthorizationTest, ADenialIsForgottenWhenTheConsultationChanges) {
  put_consultation();
  put_resource();
  EXPECT_EQ(retrieve("CAE2"), kNo);
  das.answer = decision(granting("CAE2", 2));
  EXPECT_EQ(retrieve("CAE2"), kNo);

  Request change = TestCse::request(Operation::kUpdate, "CAE1", "cse-in/dac");
  change.content = Value::object({{"m2m:dac", Value::object({{"lbl", Value::array({"again"})}})}});
  ASSERT_EQ(node.ask(std::move(change)).rsc, Rsc::kUpdated);

  EXPECT_EQ(retrieve("CAE2"), Rsc::kOk);
}

TEST_F(AuthorizationTest, TheNextPointOfAccessIsAskedWhereOneIsNotThere) {
  put_consultation(true, Value::object({{"dap", Value::array({"http://gone", "http://das"})}}));
  put_resource();
  das.unreachable = {"http://gone"};
  das.answer = decision(granting("CAE2", 2));

  EXPECT_EQ(retrieve("CAE2"), Rsc::kOk);

  ASSERT_EQ(das.asked.size(), 2u);
  EXPECT_EQ(das.asked[1].target, "http://das");
}

TEST_F(AuthorizationTest, WithoutDasTheRefusalStands) {
  put_consultation();
  put_resource();
  das.unreachable = {"http://das"};

  EXPECT_EQ(retrieve("CAE2"), kNo);
}

TEST_F(AuthorizationTest, OthersAreServedWhileADasThinks) {
  put_consultation();
  put_resource();
  das.later = true;
  das.answer = decision(granting("CAE2", 2));
  Request request = TestCse::request(Operation::kRetrieve, "CAE2", "cse-in/res");
  request.peer = std::make_shared<Peer>();

  const auto answer = node.send(std::move(request));
  node.settle();
  EXPECT_FALSE(*answer);
  EXPECT_EQ(retrieve("CAE1"), Rsc::kOk);
  ASSERT_EQ(das.waiting.size(), 1u);
  das.waiting[0]();
  node.settle();

  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->rsc, Rsc::kOk);
}

TEST_F(AuthorizationTest, WhoAsksForATokenLearnsWhere) {
  put_consultation();
  put_resource();

  const Response plain = ask(Operation::kRetrieve, "CAE2", "cse-in/res");
  const Response asking =
      ask(Operation::kDelete, "CAE2", "cse-in/res", Value::object({{"tqi", true}}));

  EXPECT_FALSE(plain.token_request_information);
  ASSERT_TRUE(asking.token_request_information);
  const Value* systems = asking.token_request_information->find("dasi");
  ASSERT_TRUE(systems && systems->size() == 1);
  EXPECT_EQ(systems->as_array()->front().string_at("uri"), "http://das");
  EXPECT_EQ(systems->as_array()->front().find("dreq")->integer_at("op"), 4);
}

struct RoleCase {
  std::string name, holder, begins, ends;
  std::vector<std::string> named;  ///< rids of the request
  Rsc expected;
};
class Roles : public AuthorizationTest, public testing::WithParamInterface<RoleCase> {};

TEST_P(Roles, CountWhereTheyAreAssignedNow) {
  const Value rules = Value::object(
      {{"acr", Value::array({Value::object(
                   {{"acor", Value::array({"operator@authority"})}, {"acop", 2}})})}});
  node.put(type_number::kAccessControlPolicy, "acp", "CAE1",
           Value::object({{"pv", rules}, {"pvs", rules}}));
  node.put(type_number::kContainer, "res", "CAE1",
           Value::object({{"acpi", Value::array({"acp"})}}));
  node.put(type_number::kRole, "role", "CAdmin",
           Value::object({{"rlid", "operator@authority"},
                          {"tkis", "authority"},
                          {"tkhd", GetParam().holder},
                          {"tknb", GetParam().begins},
                          {"tkna", GetParam().ends}}));
  Value parameters = Value::object();
  Value list = Value::array();
  for (const std::string& name : GetParam().named) list.push_back(name);
  if (list.size() > 0) parameters.set("rids", std::move(list));

  EXPECT_EQ(ask(Operation::kRetrieve, "CAE2", "cse-in/res", parameters).rsc, GetParam().expected);
}
const std::string kPast = "20260101T000000", kFuture = "20280101T000000";
INSTANTIATE_TEST_SUITE_P(
    Assignments, Roles,
    testing::Values(
        RoleCase{"assigned", "CAE2", kPast, kFuture, {"operator@authority"}, Rsc::kOk},
        RoleCase{"sp_relative", "/id-in/CAE2", kPast, kFuture, {"operator@authority"}, Rsc::kOk},
        RoleCase{"absolute",
                 "//gatehouse.example/id-in/CAE2",
                 kPast,
                 kFuture,
                 {"operator@authority"},
                 Rsc::kOk},
        RoleCase{"one_of_two", "CAE2", kPast, kFuture, {"x", "operator@authority"}, Rsc::kOk},
        RoleCase{"of_another", "CAE3", kPast, kFuture, {"operator@authority"}, kNo},
        RoleCase{"not_named", "CAE2", kPast, kFuture, {}, kNo},
        RoleCase{"another_named", "CAE2", kPast, kFuture, {"other@authority"}, kNo},
        RoleCase{"over", "CAE2", kPast, "20270115T080000", {"operator@authority"}, kNo},
        RoleCase{"not_begun", "CAE2", "20270115T080001", kFuture, {"operator@authority"}, kNo}),
    [](const auto& each) { return each.param.name; });

/// The claims of a token that the fake issuer has signed; its text is "good".
struct TokenCase {
  std::string name;
  std::string text = "good";
  std::string holder = "//gatehouse.example/id-in/CAE2";
  Value audience = {};
  int begins = 0, ends = 2'000'000'000;
  Value permission = {};  ///< null: RETRIEVE of the resource
  Rsc expected = Rsc::kOk;
  bool by_id = false;
};
class TokenChecks : public testing::TestWithParam<TokenCase> {};

TEST_P(TokenChecks, LetInOrRefuse) {
  const TokenCase& token = GetParam();
  TestCse node;
  for (const char* stem : {"CAE1", "CAE2"}) node.add_ae(stem);
  const Value operator_may = Value::object(
      {{"acr", Value::array({Value::object(
                   {{"acor", Value::array({"operator@authority"})}, {"acop", 2}})})}});
  node.put(type_number::kAccessControlPolicy, "acp", "CAE1",
           Value::object({{"pv", operator_may}, {"pvs", operator_may}}));
  node.put(type_number::kContainer, "res", "CAE1",
           Value::object({{"acpi", Value::array({"acp"})}}));
  node.put(type_number::kToken, "tk", "CAdmin", Value::object({{"tkid", "t1"}, {"tkob", "good"}}));
  Value permission = token.permission;
  if (permission.is_null())
    permission = Value::object(
        {{"ris", Value::array({"/id-in/cse-in/res"})}, {"pv", *granting("CAE2", 2).find("gp")}});
  Value claims = Value::object({{"iss", "Cdas"},
                                {"azp", token.holder},
                                {"nbf", token.begins},
                                {"exp", token.ends},
                                {"tkps", Value::object({{"pm", Value::array({permission})}})}});
  if (!token.audience.is_null()) claims.set("aud", token.audience);
  Authorization::Settings settings;
  settings.verify = [&claims](std::string_view text) -> Result<Value> {
    if (text != "good") return fail(Rsc::kOriginatorHasNoPrivilege, "token: not signed");
    return claims;
  };
  Authorization authorization(node.cse(), settings);
  Request request = TestCse::request(Operation::kRetrieve, "CAE2", "cse-in/res");
  request.other = token.by_id ? Value::object({{"tids", Value::array({token.text})}})
                              : Value::object({{"tkns", Value::array({token.text})}});

  const Response response = node.ask(std::move(request));

  EXPECT_EQ(response.rsc, token.expected) << TestCse::debug_text(response);
}
INSTANTIATE_TEST_SUITE_P(
    Claims, TokenChecks,
    testing::Values(
        TokenCase{.name = "good"}, TokenCase{.name = "forged", .text = "bad", .expected = kNo},
        TokenCase{.name = "stolen", .holder = "//gatehouse.example/id-in/CAE1", .expected = kNo},
        TokenCase{.name = "of_a_namesake", .holder = "//other/id-in/CAE2", .expected = kNo},
        TokenCase{.name = "for_us", .audience = Value::array({"//gatehouse.example/id-in"})},
        TokenCase{.name = "for_all_of_us", .audience = Value::array({"//gatehouse.example/id-*"})},
        TokenCase{.name = "for_another",
                  .audience = Value::array({"//gatehouse.example/id-mn"}),
                  .expected = kNo},
        TokenCase{.name = "for_nobody", .audience = Value::array(), .expected = kNo},
        TokenCase{.name = "over", .ends = 1'800'000'000, .expected = kNo},
        TokenCase{.name = "not_begun", .begins = 1'800'000'001, .expected = kNo},
        TokenCase{.name = "for_another_resource",
                  .permission = Value::object({{"ris", Value::array({"CAE1"})},
                                               {"pv", *granting("CAE2", 2).find("gp")}}),
                  .expected = kNo},
        TokenCase{.name = "for_no_resource",
                  .permission = Value::object({{"pv", *granting("CAE2", 2).find("gp")}}),
                  .expected = kNo},
        TokenCase{.name = "for_another_operation",
                  .permission = Value::object({{"ris", Value::array({"res"})},
                                               {"pv", *granting("CAE2", 1).find("gp")}}),
                  .expected = kNo},
        TokenCase{.name = "role",
                  .permission = Value::object({{"rids", Value::array({"operator@authority"})}})},
        TokenCase{.name = "another_role",
                  .permission = Value::object({{"rids", Value::array({"guest@authority"})}}),
                  .expected = kNo},
        TokenCase{.name = "role_for_another_resource",
                  .permission = Value::object({{"ris", Value::array({"CAE1"})},
                                               {"rids", Value::array({"operator@authority"})}}),
                  .expected = kNo},
        TokenCase{
            .name = "malformed", .permission = Value::object({{"pv", "all"}}), .expected = kNo},
        TokenCase{.name = "kept_here", .text = "t1", .by_id = true},
        TokenCase{.name = "kept_nowhere", .text = "t2", .expected = kNo, .by_id = true}),
    [](const auto& each) { return each.param.name; });

TEST_F(AuthorizationTest, LocalTokensAndTooManyAreRefused) {
  put_resource();
  Value many = Value::array();
  for (int i = 0; i < 17; ++i) many.push_back("t");

  EXPECT_EQ(ask(Operation::kRetrieve, "CAE1", "cse-in/res",
                Value::object({{"ltids", Value::array({"l1"})}}))
                .rsc,
            Rsc::kNotImplemented);
  EXPECT_EQ(ask(Operation::kRetrieve, "CAE1", "cse-in/res", Value::object({{"tkns", many}})).rsc,
            Rsc::kBadRequest);
  EXPECT_EQ(ask(Operation::kRetrieve, "CAE1", "cse-in/res",
                Value::object({{"tkns", Value::array({"t"})}}))
                .rsc,
            kNo)
      << "no issuer is known";
}

}  // namespace
}  // namespace gatehouse

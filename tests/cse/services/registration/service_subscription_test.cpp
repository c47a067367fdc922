// Who may register as what is data. Source: TS-0004 clause 7.3.2.7, TS-0001 clause 9.6.29.
#include <gmock/gmock.h>

#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

using enum Rsc;

/// The rule in force, and a registration.
struct RuleCase {
  std::string name;
  Value rule;  ///< attributes of the <serviceSubscribedAppRule>
  std::string from, app;
  bool proven;  ///< by the credential "10-key@mef.example", or not at all
  Rsc expected;
};
class AppRules : public testing::TestWithParam<RuleCase> {
 protected:
  static Response registration(NetworkCse& cse, const RuleCase& wanted) {
    Request request = cse.core().create_request(
        wanted.from, "cse-in", type_number::kAe,
        Value::object(
            {{"rn", "ae"}, {"api", wanted.app}, {"rr", false}, {"srv", Value::array({"3"})}}));
    auto peer = std::make_shared<Peer>();
    if (wanted.proven) {
      peer->authenticated = true;
      peer->credential = "10-key@mef.example";
      peer->identities = {wanted.from};
    }
    request.peer = std::move(peer);
    return cse.ask(std::move(request));
  }
};

Value list(const char* one) { return Value::array({one}); }

TEST_P(AppRules, DecideOnRegistrations) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  Value rule = GetParam().rule;
  rule.set("rn", "rule");
  ASSERT_EQ(in.create("CAdmin", "cse-in", type_number::kServiceSubscribedAppRule, rule).rsc,
            kCreated);
  ASSERT_EQ(in.create("CAdmin", "cse-in", type_number::kServiceSubscriptionProfile,
                      Value::object({{"rn", "contract"}}))
                .rsc,
            kCreated);
  ASSERT_EQ(in.create("CAdmin", "cse-in/contract", type_number::kServiceSubscribedNode,
                      Value::object(
                          {{"ni", "urn:dev:1"}, {"csi", "/id-in"}, {"rlk", list("cse-in/rule")}}))
                .rsc,
            kCreated);

  const Response response = registration(in, GetParam());

  EXPECT_EQ(response.rsc, GetParam().expected) << TestCse::debug_text(response);
  EXPECT_EQ(static_cast<bool>(in.find("cse-in/ae")), response.rsc == kCreated);
}
INSTANTIATE_TEST_SUITE_P(
    Rules, AppRules,
    testing::Values(
        RuleCase{"anything", Value::object(), "CAE1", "Nx", false, kCreated},
        RuleCase{"app", Value::object({{"aai", list("Nlamp*")}}), "C", "Nlamp.1", false, kCreated},
        RuleCase{"other_app", Value::object({{"aai", list("Nlamp*")}}), "C", "Ndoor", false,
                 kAppRuleValidationFailed},
        RuleCase{"any_app", Value::object({{"aai", list("*")}}), "C", "Ndoor", false, kCreated},
        RuleCase{"one_of_two_apps", Value::object({{"aai", Value::array({"Na", "Nb"})}}), "C", "Nb",
                 false, kCreated},
        RuleCase{"stem", Value::object({{"aae", list("CAE1")}}), "CAE1", "Nx", false, kCreated},
        RuleCase{"other_stem", Value::object({{"aae", list("CAE1")}}), "CAE2", "Nx", false,
                 kAppRuleValidationFailed},
        RuleCase{"assigned_stem", Value::object({{"aae", list("C*")}}), "C", "Nx", false, kCreated},
        RuleCase{"assigned_stem_of_the_provider", Value::object({{"aae", list("C*")}}), "S", "Nx",
                 false, kAppRuleValidationFailed},
        RuleCase{"stem_and_app", Value::object({{"aae", list("CAE1")}, {"aai", list("Nx")}}),
                 "CAE1", "Ny", false, kAppRuleValidationFailed},
        RuleCase{"credential", Value::object({{"apci", list("10-*@mef.example")}}), "CAE1", "Nx",
                 true, kCreated},
        RuleCase{"any_credential", Value::object({{"apci", list("*")}}), "CAE1", "Nx", true,
                 kCreated},
        RuleCase{"other_credential", Value::object({{"apci", list("10-*@other")}}), "CAE1", "Nx",
                 true, kAppRuleValidationFailed},
        RuleCase{"credential_missing", Value::object({{"apci", list("*")}}), "CAE1", "Nx", false,
                 kAppRuleValidationFailed},
        RuleCase{"without_association_only", Value::object(), "CAE1", "Nx", true,
                 kAppRuleValidationFailed}),
    [](const auto& each) { return each.param.name; });

struct NodeCase {
  std::string name;
  Value node;  ///< attributes of the <serviceSubscribedNode>; null: none
  Rsc expected;
};
class SubscribedNodes : public testing::TestWithParam<NodeCase> {};

TEST_P(SubscribedNodes, NameTheCsesOfTheContract) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  in.create("CAdmin", "cse-in", type_number::kServiceSubscriptionProfile,
            Value::object({{"rn", "contract"}}));
  if (!GetParam().node.is_null()) {
    Value node = GetParam().node;
    node.set("ni", "urn:dev:1");
    ASSERT_EQ(in.create("CAdmin", "cse-in/contract", type_number::kServiceSubscribedNode, node).rsc,
              kCreated);
  }

  const Response response =
      in.create("CAE1", "cse-in", type_number::kAe,
                Value::object({{"api", "Nx"}, {"rr", false}, {"srv", Value::array({"3"})}}));

  EXPECT_EQ(response.rsc, GetParam().expected) << TestCse::debug_text(response);
}
INSTANTIATE_TEST_SUITE_P(
    Nodes, SubscribedNodes,
    testing::Values(NodeCase{"none", {}, kServiceSubscriptionNotEstablished},
                    NodeCase{"of_another_cse", Value::object({{"csi", "/id-mn"}}),
                             kServiceSubscriptionNotEstablished},
                    NodeCase{"without_cse", Value::object(), kServiceSubscriptionNotEstablished},
                    NodeCase{"without_rules", Value::object({{"csi", "/id-in"}}),
                             kAppRuleValidationFailed},
                    NodeCase{"absolute", Value::object({{"csi", "//gatehouse.example/id-in"}}),
                             kAppRuleValidationFailed},
                    NodeCase{"of_a_rule_that_is_gone",
                             Value::object({{"csi", "/id-in"}, {"rlk", list("cse-in/gone")}}),
                             kAppRuleValidationFailed},
                    NodeCase{"of_what_is_no_rule",
                             Value::object({{"csi", "/id-in"}, {"rlk", list("cse-in/contract")}}),
                             kAppRuleValidationFailed}),
    [](const auto& each) { return each.param.name; });

// TS-0004 clause 7.4.29.2.1 and .3: what no App-ID can begin with fits none.
TEST(AppRule, NamesOnlyPatternsThatAnAppIdCanFit) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  const auto rule = [](const char* name, const char* pattern) {
    return Value::object({{"rn", name}, {"aai", list(pattern)}});
  };
  constexpr int kRule = type_number::kServiceSubscribedAppRule;
  for (const char* pattern : {"*", "N*", "Rcom.example.*", "rcom.example"}) {
    const Response made = in.create("CAdmin", "cse-in", kRule, rule("rule", pattern));
    EXPECT_EQ(made.rsc, kCreated) << pattern << ": " << TestCse::debug_text(made);
    in.remove("CAdmin", "cse-in/rule");
  }
  for (const char* pattern : {"X*", "com.example"}) {
    const Response refused = in.create("CAdmin", "cse-in", kRule, rule("rule", pattern));
    EXPECT_EQ(refused.rsc, kBadRequest) << pattern;
    EXPECT_THAT(TestCse::debug_text(refused), testing::HasSubstr("aai (allowedApp-IDs)"));
  }
  ASSERT_EQ(in.create("CAdmin", "cse-in", kRule, rule("rule", "N*")).rsc, kCreated);
  EXPECT_EQ(in.update("CAdmin", "cse-in/rule", "m2m:asar", Value::object({{"aai", list("Y")}})).rsc,
            kBadRequest);
}

// TS-0004 clause 7.4.20.2.1 and .3: rules are for CSEs.
TEST(SubscribedNode, HasRulesOnlyIfItIsACse) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  ASSERT_EQ(in.create("CAdmin", "cse-in", type_number::kServiceSubscriptionProfile,
                      Value::object({{"rn", "contract"}}))
                .rsc,
            kCreated);
  const auto create = [&in](Value node) {
    node.set("ni", "urn:dev:1");
    return in.create("CAdmin", "cse-in/contract", type_number::kServiceSubscribedNode, node);
  };

  const Response refused = create(Value::object({{"rlk", list("cse-in/rule")}}));

  EXPECT_EQ(refused.rsc, kBadRequest);
  EXPECT_THAT(TestCse::debug_text(refused), testing::HasSubstr("rlk (ruleLinks)"));
  ASSERT_EQ(create(Value::object({{"rn", "node"}})).rsc, kCreated);
  EXPECT_EQ(in.update("CAdmin", "cse-in/contract/node", "m2m:svsn",
                      Value::object({{"rlk", list("cse-in/rule")}}))
                .rsc,
            kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

// Who may do what. Source: TS-0003 clause 7.1, TS-0001 clause 9.6.2.
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

/// A "res" of CAE1 below the CSEBase, with a policy where a test gives one.
class AccessControlTest : public testing::Test {
 protected:
  AccessControlTest() {
    for (const char* stem : {"CAE1", "CAE2", "CAE3", "SAE4"}) node.add_ae(stem);
  }
  static Value rules(Value::Array list) { return Value::object({{"acr", Value(std::move(list))}}); }
  static Value rule(Value originators, int operations) {
    return Value::object({{"acor", std::move(originators)}, {"acop", operations}});
  }
  void put_policy(const std::string& id, Value::Array pv, Value::Array pvs = {}) {
    node.put(type_number::kAccessControlPolicy, id, "CAE1",
             Value::object({{"pv", rules(std::move(pv))}, {"pvs", rules(std::move(pvs))}}));
  }
  void put_resource(Value attributes = Value::object()) {
    node.put(type_number::kContainer, "res", "CAE1", std::move(attributes));
  }
  void put_resource_with_policy(Value the_rule) {
    put_policy("acp", {std::move(the_rule)});
    put_resource(Value::object({{"acpi", Value::array({"acp"})}}));
  }
  bool allows(const std::string& originator, Privilege privilege, int child_type = 0,
              const Peer* peer = nullptr, const std::string& id = "res") {
    CommittedView view = node.cse().view();
    auto resource = view.find(ResourceId{id});
    const AccessRequest question{originator, privilege, child_type, peer};
    auto granted = node.cse().access().allows(*resource, question, view);
    EXPECT_TRUE(granted);
    return granted && *granted;
  }
  bool may_change_policy(const std::string& originator) {
    CommittedView view = node.cse().view();
    auto resource = view.find(ResourceId{"res"});
    const AccessRequest question{originator, Privilege::kUpdate};
    auto granted = node.cse().access().allows_policy_change(*resource, question, view);
    EXPECT_TRUE(granted);
    return granted && *granted;
  }
  static CseSettings with_locations() {
    CseSettings settings;
    settings.locations = {{"10.0.0.0/8", "DE", true, 52.52, 13.41}, {"10.9.0.0/16", "FR"}};
    return settings;
  }
  TestCse node{with_locations()};
};

struct OriginatorCase {
  std::string name;
  Value acor;
  std::string originator;
  bool allowed;
};
class Originators : public AccessControlTest, public testing::WithParamInterface<OriginatorCase> {};

// TS-0001 clause 9.6.2.1 (accessControlOriginators)
TEST_P(Originators, AreThoseOfTheRule) {
  node.put(type_number::kGroup, "grp", "CAE1",
           Value::object({{"mt", 2},
                          {"mnm", 10},
                          {"cnm", 3},
                          {"mid", Value::array({"cse-in/CAE2", "/id-in/SAE4", "/id-mn/CAE7"})}}));
  put_resource_with_policy(rule(GetParam().acor, 2));

  EXPECT_EQ(allows(GetParam().originator, Privilege::kRetrieve), GetParam().allowed);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, Originators,
    testing::Values(
        OriginatorCase{"all", Value::array({"all"}), "CAE3", true},
        OriginatorCase{"star", Value::array({"*"}), "/id-mn/CAE7", true},
        OriginatorCase{"stem", Value::array({"CAE2"}), "CAE2", true},
        OriginatorCase{"stem_of_another", Value::array({"CAE2"}), "CAE3", false},
        OriginatorCase{"second_of_the_list", Value::array({"CAE3", "CAE2"}), "CAE2", true},
        OriginatorCase{"empty_list", Value::array(), "CAE2", false},
        OriginatorCase{"stem_is_of_this_cse", Value::array({"CAE2"}), "/id-mn/CAE2", false},
        OriginatorCase{"sp_relative_of_ours", Value::array({"/id-in/CAE2"}), "CAE2", true},
        OriginatorCase{"absolute_of_ours", Value::array({"//gatehouse.example/id-in/CAE2"}), "CAE2",
                       true},
        OriginatorCase{"absolute_of_another_provider", Value::array({"//other/id-in/CAE2"}), "CAE2",
                       false},
        OriginatorCase{"s_type", Value::array({"SAE4"}), "SAE4", true},
        OriginatorCase{"s_type_sp_relative", Value::array({"/SAE4"}), "SAE4", true},
        OriginatorCase{"cse", Value::array({"/id-mn"}), "/id-mn", true},
        OriginatorCase{"cse_is_not_its_aes", Value::array({"/id-mn"}), "/id-mn/CAE7", false},
        OriginatorCase{"aes_of_a_cse", Value::array({"/id-mn/*"}), "/id-mn/CAE7", true},
        OriginatorCase{"aes_of_a_cse_not_itself", Value::array({"/id-mn/*"}), "/id-mn", false},
        OriginatorCase{"aes_of_another_cse", Value::array({"/id-mn/*"}), "/id-mn2/CAE7", false},
        OriginatorCase{"own_aes", Value::array({"/id-in/*"}), "CAE2", true},
        OriginatorCase{"own_aes_not_others", Value::array({"/id-in/*"}), "/id-mn/CAE2", false},
        OriginatorCase{"stems_beginning_with", Value::array({"CAE*"}), "CAE3", true},
        OriginatorCase{"stems_beginning_otherwise", Value::array({"CX*"}), "CAE3", false},
        OriginatorCase{"stem_pattern_is_of_this_cse", Value::array({"C*"}), "/id-mn/CAE7", false},
        OriginatorCase{"provider", Value::array({"//gatehouse.example"}), "/id-mn/CAE7", true},
        OriginatorCase{"another_provider", Value::array({"//other"}), "/id-mn/CAE7", false},
        OriginatorCase{"group_member_by_path", Value::array({"grp"}), "CAE2", true},
        OriginatorCase{"group_member_by_sp_relative_id", Value::array({"cse-in/grp"}), "SAE4",
                       true},
        OriginatorCase{"group_member_elsewhere", Value::array({"/id-in/grp"}), "/id-mn/CAE7", true},
        OriginatorCase{"no_member_of_the_group", Value::array({"grp"}), "CAE3", false},
        OriginatorCase{"not_a_group", Value::array({"res"}), "CAE3", false},
        OriginatorCase{"another_provider_by_wildcard", Value::array({"//*"}), "//other/id-x/CAE7",
                       true},
        OriginatorCase{"domain_of_another_provider", Value::array({"//other"}), "//other/id-x/CAE7",
                       true},
        OriginatorCase{"wildcard_stops_at_a_slash", Value::array({"/id-*"}), "/id-mn/CAE7", false},
        OriginatorCase{"wildcard_in_two_parts", Value::array({"/id-*/C*"}), "/id-mn/CAE7", true},
        OriginatorCase{"role_that_nobody_proved", Value::array({"role1@authority"}), "CAE3", false},
        OriginatorCase{"empty_text", Value::array({""}), "CAE3", false}),
    [](const auto& each) { return each.param.name; });

// TS-0004 clause 6.3.4.2 (m2m:accessControlOperations): one bit each.
TEST_F(AccessControlTest, EachOperationNeedsItsBit) {
  constexpr Privilege kAll[] = {Privilege::kCreate, Privilege::kRetrieve, Privilege::kUpdate,
                                Privilege::kDelete, Privilege::kNotify,   Privilege::kDiscovery};
  int number = 0;
  for (const Privilege granted : kAll) {
    const std::string policy = "acp" + std::to_string(++number), id = "r" + std::to_string(number);
    put_policy(policy, {rule(Value::array({"CAE2"}), static_cast<int>(granted))});
    node.put(type_number::kContainer, id, "CAE1",
             Value::object({{"acpi", Value::array({policy})}}));
    for (const Privilege asked : kAll) {
      EXPECT_EQ(allows("CAE2", asked, 4, nullptr, id), asked == granted)
          << static_cast<int>(granted) << " " << static_cast<int>(asked);
    }
  }
}

TEST_F(AccessControlTest, OneRuleOfOnePolicyThatGrantsIsEnough) {
  put_policy("acp1", {rule(Value::array({"CAE3"}), 2)});
  put_policy("acp2", {rule(Value::array({"CAE2"}), 4), rule(Value::array({"CAE2", "CAE3"}), 2)});
  put_resource(Value::object({{"acpi", Value::array({"gone", "acp1", "cse-in/acp2"})}}));

  EXPECT_TRUE(allows("CAE2", Privilege::kRetrieve));
  EXPECT_TRUE(allows("CAE3", Privilege::kRetrieve));
  EXPECT_TRUE(allows("CAE2", Privilege::kUpdate));
  EXPECT_FALSE(allows("CAE3", Privilege::kUpdate));
}

TEST_F(AccessControlTest, APolicyTakesThePlaceOfTheCreator) {
  put_resource_with_policy(rule(Value::array({"CAE2"}), 2));

  EXPECT_FALSE(allows("CAE1", Privilege::kRetrieve));
  EXPECT_TRUE(allows("CAdmin", Privilege::kDelete)) << "the administrator may do everything";
  EXPECT_TRUE(allows("/id-in", Privilege::kDelete)) << "so may the CSE itself";
}

TEST_F(AccessControlTest, APolicyThatIsNotHereGrantsNothing) {
  put_resource(Value::object({{"acpi", Value::array({"gone", "/id-mn/acp", "CAE2"})}}));

  EXPECT_FALSE(allows("CAE1", Privilege::kRetrieve));
  EXPECT_FALSE(allows("CAE2", Privilege::kRetrieve));
}

TEST_F(AccessControlTest, WithAllItsPoliciesGoneItBelongsToItsCreator) {
  put_policy("acp", {rule(Value::array({"CAE2"}), 63)}, {rule(Value::array({"CAE3"}), 63)});
  put_resource(Value::object({{"acpi", Value::array({"acp"})}}));
  ASSERT_FALSE(allows("CAE1", Privilege::kRetrieve));

  ASSERT_EQ(node.remove("CAE3", "cse-in/acp").rsc, Rsc::kDeleted);

  EXPECT_TRUE(allows("CAE1", Privilege::kRetrieve));
  EXPECT_TRUE(may_change_policy("CAE1"));
  EXPECT_FALSE(allows("CAE2", Privilege::kRetrieve));
  EXPECT_FALSE(may_change_policy("CAE3"));
}

TEST_F(AccessControlTest, WithoutPolicyItBelongsToItsCreator) {
  put_resource();

  EXPECT_TRUE(allows("CAE1", Privilege::kDelete));
  EXPECT_FALSE(allows("CAE2", Privilege::kRetrieve));
  EXPECT_FALSE(allows("/id-mn", Privilege::kRetrieve));
}

// TS-0001 clause 9.6.1.3.2 (custodian)
TEST_F(AccessControlTest, ACustodianTakesThePlaceOfTheCreator) {
  put_resource(Value::object({{"cstn", "CAE2"}}));

  EXPECT_TRUE(allows("CAE2", Privilege::kDelete));
  EXPECT_FALSE(allows("CAE1", Privilege::kRetrieve));
}

TEST_F(AccessControlTest, ATypeWithoutPoliciesFollowsItsParent) {
  put_resource_with_policy(rule(Value::array({"CAE2"}), 2));
  const Response made = node.create("CAdmin", "cse-in/res", type_number::kContentInstance,
                                    Value::object({{"rn", "i"}, {"con", "x"}}));
  ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  const std::string id = TestCse::attributes(made).string_at("ri");

  EXPECT_TRUE(allows("CAE2", Privilege::kRetrieve, 0, nullptr, id));
  EXPECT_FALSE(allows("CAE2", Privilege::kDelete, 0, nullptr, id));
  EXPECT_FALSE(allows("CAE3", Privilege::kRetrieve, 0, nullptr, id));
}

struct DetailCase {
  std::string name;
  Value acod;
  Privilege privilege;
  int child_type;
  bool allowed;
};
class ObjectDetails : public AccessControlTest, public testing::WithParamInterface<DetailCase> {};

// TS-0001 clause 9.6.2.4 (accessControlObjectDetails)
TEST_P(ObjectDetails, LimitWhatMayBeCreated) {
  Value the_rule = rule(Value::array({"CAE2"}), 63);
  the_rule.set("acod", GetParam().acod);
  put_resource_with_policy(std::move(the_rule));

  EXPECT_EQ(allows("CAE2", GetParam().privilege, GetParam().child_type), GetParam().allowed);
}
Value detail(std::initializer_list<Member> members) { return Value::object(members); }
INSTANTIATE_TEST_SUITE_P(
    Details, ObjectDetails,
    testing::Values(DetailCase{"child_type", Value::array({detail({{"chty", Value::array({4})}})}),
                               Privilege::kCreate, 4, true},
                    DetailCase{"other_child_type",
                               Value::array({detail({{"chty", Value::array({4})}})}),
                               Privilege::kCreate, 3, false},
                    DetailCase{"parent_and_child_type",
                               Value::array({detail({{"ty", 3}, {"chty", Value::array({4, 23})}})}),
                               Privilege::kCreate, 23, true},
                    DetailCase{"other_parent_type",
                               Value::array({detail({{"ty", 2}, {"chty", Value::array({4})}})}),
                               Privilege::kCreate, 4, false},
                    DetailCase{"second_alternative",
                               Value::array({detail({{"chty", Value::array({4})}}),
                                             detail({{"chty", Value::array({3})}})}),
                               Privilege::kCreate, 3, true},
                    // TS-0003 clause 7.1.5: res_objd applies to CREATE only.
                    DetailCase{"of_no_matter_for_retrieve",
                               Value::array({detail({{"ty", 2}, {"chty", Value::array({4})}})}),
                               Privilege::kRetrieve, 0, true},
                    DetailCase{"none", Value::array(), Privilege::kRetrieve, 0, true}),
    [](const auto& each) { return each.param.name; });

struct ContextCase {
  std::string name;
  Value acco;  ///< list of contexts
  std::string address;
  bool allowed;
};
class Contexts : public AccessControlTest, public testing::WithParamInterface<ContextCase> {};

// TS-0001 clause 9.6.2.2 (accessControlContexts). The clock stands at Friday, 2027-01-15 08:00 UTC.
TEST_P(Contexts, LimitWhenAndFromWhere) {
  Value the_rule = rule(Value::array({"CAE2"}), 2);
  the_rule.set("acco", GetParam().acco);
  put_resource_with_policy(std::move(the_rule));
  Peer peer;
  peer.address = GetParam().address;
  peer.user = "anna";

  EXPECT_EQ(allows("CAE2", Privilege::kRetrieve, 0, &peer), GetParam().allowed);
}
Value window(const char* entry) { return detail({{"actw", Value::array({entry})}}); }
Value in_country(const char* code) {
  return detail({{"aclr", detail({{"accc", Value::array({code})}})}});
}
Value around(double latitude, double longitude, double metres) {
  return detail({{"aclr", detail({{"accr", Value::array({latitude, longitude, metres})}})}});
}
Value from(const char* network) {
  return detail({{"acip", detail({{"ipv4", Value::array({network})}})}});
}
INSTANTIATE_TEST_SUITE_P(
    Conditions, Contexts,
    testing::Values(
        ContextCase{"none", Value::array(), "10.0.0.1", true},
        ContextCase{"in_the_window", Value::array({window("* * 8 * * 5 *")}), "10.0.0.1", true},
        ContextCase{"outside_the_window", Value::array({window("* * 9 * * 5 *")}), "10.0.0.1",
                    false},
        ContextCase{"from_there", Value::array({from("10.0.0.0/8")}), "10.0.0.1", true},
        ContextCase{"from_elsewhere", Value::array({from("10.0.0.0/8")}), "192.0.2.1", false},
        ContextCase{"from_nowhere", Value::array({from("10.0.0.0/8")}), "", false},
        ContextCase{
            "v6",
            Value::array({detail({{"acip", detail({{"ipv6", Value::array({"2001:db8::/32"})}})}})}),
            "2001:db8::7", true},
        ContextCase{
            "both_hold",
            Value::array({detail({{"actw", Value::array({"* * 8 * * * *"})},
                                  {"acip", detail({{"ipv4", Value::array({"10.0.0.1"})}})}})}),
            "10.0.0.1", true},
        ContextCase{
            "one_of_both_does_not",
            Value::array({detail({{"actw", Value::array({"* * 9 * * * *"})},
                                  {"acip", detail({{"ipv4", Value::array({"10.0.0.1"})}})}})}),
            "10.0.0.1", false},
        ContextCase{"second_alternative", Value::array({window("* * 9 * * * *"), from("10.0.0.1")}),
                    "10.0.0.1", true},
        ContextCase{"country", Value::array({in_country("DE")}), "10.1.2.3", true},
        ContextCase{"other_country", Value::array({in_country("FR")}), "10.1.2.3", false},
        ContextCase{"narrower_network", Value::array({in_country("FR")}), "10.9.0.1", true},
        ContextCase{"unknown_place", Value::array({in_country("DE")}), "192.0.2.1", false},
        ContextCase{"near", Value::array({around(52.5, 13.4, 5'000)}), "10.1.2.3", true},
        ContextCase{"far", Value::array({around(48.8, 2.3, 5'000)}), "10.1.2.3", false},
        ContextCase{"position_unknown", Value::array({around(48.8, 2.3, 5'000)}), "10.9.0.1",
                    false},
        ContextCase{"no_region", Value::array({detail({{"aclr", detail({})}})}), "10.1.2.3", false},
        ContextCase{"user", Value::array({detail({{"acui", Value::array({"anna"})}})}), "10.0.0.1",
                    true},
        ContextCase{"other_user", Value::array({detail({{"acui", Value::array({"bob"})}})}),
                    "10.0.0.1", false},
        ContextCase{"limit_is_not_counted", Value::array({detail({{"acl", 5}})}), "10.0.0.1",
                    false}),
    [](const auto& each) { return each.param.name; });

TEST_F(AccessControlTest, FromInsideThereIsNoAddress) {
  Value the_rule = rule(Value::array({"CAE2"}), 2);
  the_rule.set("acco", Value::array({from("0.0.0.0/0")}));
  put_resource_with_policy(std::move(the_rule));

  EXPECT_FALSE(allows("CAE2", Privilege::kRetrieve));
}

// TS-0001 clause 9.6.2.3 (accessControlAuthenticationFlag)
TEST_F(AccessControlTest, ARuleMayAskForAProvenIdentity) {
  Value the_rule = rule(Value::array({"CAE2"}), 2);
  the_rule.set("acaf", true);
  put_resource_with_policy(std::move(the_rule));
  Peer plain, proven;
  proven.authenticated = true;
  proven.identities = {"CAE2", "/id-in/CAE2"};

  EXPECT_TRUE(allows("CAE2", Privilege::kRetrieve, 0, &proven));
  EXPECT_FALSE(allows("CAE2", Privilege::kRetrieve, 0, &plain));
  EXPECT_FALSE(allows("CAE2", Privilege::kRetrieve));
}

// TS-0003 clause 7.1.2: who is registered elsewhere is not authenticated by the CSE that forwards.
TEST_F(AccessControlTest, ACseDoesNotProveTheEntitiesBehindIt) {
  Value the_rule = rule(Value::array({"all"}), 2);
  the_rule.set("acaf", true);
  put_resource_with_policy(std::move(the_rule));
  Peer gateway;
  gateway.authenticated = true;
  gateway.identities = {"/id-mn"};

  EXPECT_TRUE(allows("/id-mn", Privilege::kRetrieve, 0, &gateway));
  EXPECT_FALSE(allows("/id-mn/CAE7", Privilege::kRetrieve, 0, &gateway));
  gateway.identities = {"/id-mn/CAE7"};
  EXPECT_TRUE(allows("/id-mn/CAE7", Privilege::kRetrieve, 0, &gateway));
}

// TS-0001 clause 9.6.2: selfPrivileges are for the policy itself and for changes of acpi.
TEST_F(AccessControlTest, SelfPrivilegesDecideOnPolicies) {
  put_policy("acp", {rule(Value::array({"CAE2"}), 63)}, {rule(Value::array({"CAE3"}), 63)});
  put_resource(Value::object({{"acpi", Value::array({"acp"})}}));

  EXPECT_FALSE(may_change_policy("CAE1"));
  EXPECT_FALSE(may_change_policy("CAE2"));
  EXPECT_TRUE(may_change_policy("CAE3"));
  EXPECT_TRUE(may_change_policy("CAdmin"));
  EXPECT_TRUE(allows("CAE3", Privilege::kUpdate, 0, nullptr, "acp"));
  EXPECT_FALSE(allows("CAE2", Privilege::kRetrieve, 0, nullptr, "acp"));
  EXPECT_FALSE(allows("CAE1", Privilege::kRetrieve, 0, nullptr, "acp"));
}

TEST_F(AccessControlTest, WithoutPolicyTheCreatorMaySetOne) {
  put_resource();

  EXPECT_TRUE(may_change_policy("CAE1"));
  EXPECT_FALSE(may_change_policy("CAE2"));
}

TEST_F(AccessControlTest, AnAcpiChangesAloneAndBySelfPrivilegesOnly) {
  put_policy("acp", {rule(Value::array({"CAE2"}), 63)}, {rule(Value::array({"CAE3"}), 63)});
  put_resource(Value::object({{"acpi", Value::array({"acp"})}}));
  const Value change = Value::object({{"acpi", Value::array({"acp"})}});
  const Value both = Value::object({{"acpi", Value::array({"acp"})}, {"mni", 3}});

  EXPECT_EQ(node.update("CAE2", "cse-in/res", "m2m:cnt", change).rsc,
            Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(node.update("CAE3", "cse-in/res", "m2m:cnt", both).rsc, Rsc::kBadRequest);
  EXPECT_EQ(node.update("CAE3", "cse-in/res", "m2m:cnt", change).rsc, Rsc::kUpdated);
}

TEST(AccessWithoutAdministrator, NobodyIsTheAdministrator) {
  CseSettings settings;
  settings.administrator.clear();
  TestCse node(settings);
  node.put(type_number::kContainer, "res", "CAE1", Value::object());
  CommittedView view = node.cse().view();
  auto resource = view.find(ResourceId{"res"});
  const std::string nobody;

  auto granted =
      node.cse().access().allows(*resource, AccessRequest{nobody, Privilege::kRetrieve}, view);

  ASSERT_TRUE(granted);
  EXPECT_FALSE(*granted);
}

}  // namespace
}  // namespace gatehouse

// Who is asking, and is that proven? Source: TS-0004 clause 7.3.2.1, TS-0003 clause 8.
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

constexpr int kNoRegistration = 0;

/// The connection that brings a request.
struct Connection {
  bool inside = false;  ///< no peer: the CSE itself
  bool authenticated = false;
  std::vector<std::string> identities = {};
  std::string credential = {};
};
const Connection kInside{true, false, {}};
const Connection kPlain{};
Connection tls(std::vector<std::string> identities) { return {false, true, std::move(identities)}; }

Connection of_node(std::string id) { return {false, true, {}, "42-" + std::move(id)}; }

struct Case {
  std::string name;
  Connection connection;
  std::string from;
  int registers;                                 ///< `ty` of a CREATE; 0: a RETRIEVE
  std::variant<std::string, Rsc> expected = {};  ///< the originator, or the refusal
};

/// An IN-CSE "/id-in" with CAE1, the MN "/id-mn" and behind it the ASN "/id-asn".
/// `is_registrar`: "/id-up" is where this CSE is registered.
class OriginatorCheck : public testing::TestWithParam<Case> {
 protected:
  OriginatorCheck() {
    node.add_ae("CAE1");
    node.add_ae("SAE2");
    node.put(type_number::kRemoteCse, "id-mn", "/id-mn",
             Value::object({{"csi", "/id-mn"},
                            {"cb", "/id-mn/cse-mn"},
                            {"rr", false},
                            {"dcse", Value::array({"/id-asn"})}}));
    node.put(type_number::kRemoteCse, "id-mn2", "/id-mn2",
             Value::object({{"csi", "/id-mn2"}, {"cb", "/id-mn2/cse-mn2"}, {"rr", false}}));
    node.put(type_number::kContainer, "id-cnt", "CAE1", Value::object());
    node.put(type_number::kServiceSubscribedAppRule, "id-rule", "/id-in",
             Value::object({{"aae", Value::array({"Cnode*", "/id-asn/Cnode*"})}}));
    node.put(type_number::kServiceSubscribedNode, "id-svsn", "/id-in",
             Value::object(
                 {{"ni", "urn:dev:1"}, {"csi", "/id-mn2"}, {"rlk", Value::array({"id-rule"})}}));
  }
  void add_registrar() {
    bool done = false;
    node.cse().submit(
        [&](OperationContext& context) {
          auto base = context.resources.find(csebase_id(context.settings));
          auto made = create_internal(
              *node.schemas().find(type_number::kRemoteCse), *base, "id-up", ResourceId{"id-up"},
              "/id-in", Value::object({{"csi", "/id-up"}, {"cb", "/id-up/cse-up"}, {"rr", false}}),
              context, Value::object({{"registrar", true}}));
          return made ? Response{} : error_response(context.request, made.error());
        },
        [&done](Response response) { done = is_success(response.rsc); });
    node.settle();
    ASSERT_TRUE(done);
  }
  std::variant<std::string, Rsc> ask(const Connection& connection, const std::string& from,
                                     int registers) {
    Request request = TestCse::request(Operation::kRetrieve, from, "cse-in");
    if (registers != kNoRegistration) {
      request.operation = Operation::kCreate;
      request.resource_type = registers;
    }
    if (!connection.inside) {
      auto peer = std::make_shared<Peer>();
      peer->authenticated = connection.authenticated;
      peer->identities = connection.identities;
      peer->credential = connection.credential;
      request.peer = std::move(peer);
    }
    CommittedView view = node.cse().view();
    auto proven = proven_originator(request, node.cse().settings(), view);
    if (!proven) {
      text = proven.error().detail;
      return proven.error().rsc;
    }
    return *proven;
  }

  TestCse node;
  std::string text;
};

TEST_P(OriginatorCheck, GivesTheIdentityOrRefuses) {
  EXPECT_EQ(ask(GetParam().connection, GetParam().from, GetParam().registers), GetParam().expected)
      << text;
  if (std::holds_alternative<Rsc>(GetParam().expected)) {
    EXPECT_TRUE(text.starts_with("fr (From)")) << text;
  }
}

class RegistrarCheck : public OriginatorCheck {};
TEST_P(RegistrarCheck, LetsTheRegistrarForwardForTheRest) {
  add_registrar();

  EXPECT_EQ(ask(GetParam().connection, GetParam().from, GetParam().registers), GetParam().expected)
      << text;
}

const auto name_of_case = [](const auto& each) { return each.param.name; };
constexpr int kAe = type_number::kAe, kCsr = type_number::kRemoteCse;
const Rsc kForged = Rsc::kOriginatorNotAuthenticated,
          kUnknownCse = Rsc::kSecurityAssociationRequired, kBad = Rsc::kBadRequest;

// TS-0003 clause 8.2: what a node's certificate allows is in the service subscription.
INSTANTIATE_TEST_SUITE_P(
    OfANode, OriginatorCheck,
    testing::Values(Case{"its_cse", of_node("urn:dev:1"), "/id-mn2", 0, "/id-mn2"},
                    Case{"an_ae_of_its_rules", of_node("urn:dev:1"), "Cnode7", kAe, "Cnode7"},
                    Case{"another_ae", of_node("urn:dev:1"), "CAE1", 0, kForged},
                    Case{"another_cse", of_node("urn:dev:1"), "/id-mn", 0, kForged},
                    Case{"another_node", of_node("urn:dev:2"), "Cnode7", kAe, kForged},
                    Case{"an_ae_id_asked_for", of_node("urn:dev:2"), "C", kAe, "C"},
                    Case{"the_administrator", of_node("urn:dev:1"), "CAdmin", 0, kForged}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(Inside, OriginatorCheck,
                         testing::Values(Case{"the_cse_itself", kInside, "/id-in", 0, "/id-in"},
                                         Case{"an_ae", kInside, "CAE1", 0, "CAE1"}),
                         name_of_case);

INSTANTIATE_TEST_SUITE_P(
    WithoutCredential, OriginatorCheck,
    testing::Values(Case{"registered_ae", kPlain, "CAE1", 0, "CAE1"},
                    Case{"registered_s_type", kPlain, "SAE2", 0, "SAE2"},
                    Case{"unregistered_ae", kPlain, "CAE9", 0, kForged},
                    Case{"something_that_is_no_ae", kPlain, "id-cnt", 0, kForged},
                    Case{"nobody", kPlain, "", 0, kBad},
                    Case{"nobody_registers", kPlain, "", kAe, ""},
                    Case{"nobody_registers_a_cse", kPlain, "", kCsr, kBad},
                    Case{"stem_wanted", kPlain, "C", kAe, "C"},
                    Case{"stem_wanted_in_a_retrieve", kPlain, "C", 0, kForged},
                    Case{"new_ae_registers", kPlain, "CAE9", kAe, "CAE9"},
                    Case{"registered_cse", kPlain, "/id-mn", 0, "/id-mn"},
                    Case{"ae_of_a_registered_cse", kPlain, "/id-mn/CAE7", 0, "/id-mn/CAE7"},
                    Case{"descendant_cse", kPlain, "/id-asn/CAE7", 0, "/id-asn/CAE7"},
                    Case{"unknown_cse", kPlain, "/id-none", 0, kUnknownCse},
                    Case{"ae_of_an_unknown_cse", kPlain, "/id-none/CAE7", 0, kUnknownCse},
                    Case{"new_cse_registers", kPlain, "/id-none", kCsr, "/id-none"},
                    Case{"the_cse_itself", kPlain, "/id-in", 0, kBad},
                    Case{"own_ae_as_if_from_elsewhere", kPlain, "/id-in/CAE1", 0, kBad},
                    Case{"absolute", kPlain, "//gatehouse.example/id-mn/CAE7", 0, "/id-mn/CAE7"},
                    Case{"absolute_of_another_provider", kPlain, "//other.example/id-mn/CAE7", 0,
                         kUnknownCse},
                    Case{"administrator", kPlain, "CAdmin", 0, "CAdmin"},
                    Case{"spaces", kPlain, "CAE1 CAE2", 0, kBad},
                    Case{"line_break", kPlain, "CAE1\r\nX", 0, kBad},
                    Case{"too_long", kPlain, "C" + std::string(256, 'x'), 0, kBad}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    AeCredential, OriginatorCheck,
    testing::Values(
        Case{"itself", tls({"CAE1", "/id-in/CAE1"}), "CAE1", 0, "CAE1"},
        Case{"itself_sp_relative_only", tls({"/id-in/CAE1"}), "CAE1", 0, "CAE1"},
        Case{"itself_by_its_sp_relative_name", tls({"CAE1", "/id-in/CAE1"}), "/id-in/CAE1", 0,
             "CAE1"},
        Case{"itself_absolute", tls({"CAE1", "/id-in/CAE1"}), "//gatehouse.example/id-in/CAE1", 0,
             "CAE1"},
        Case{"another_ae", tls({"CAE1", "/id-in/CAE1"}), "SAE2", 0, kForged},
        Case{"another_ae_registers", tls({"CAE1", "/id-in/CAE1"}), "CAE9", kAe, kForged},
        Case{"asks_for_its_stem", tls({"CAE9", "/id-in/CAE9"}), "C", kAe, "C"},
        Case{"registers_itself", tls({"CAE9", "/id-in/CAE9"}), "CAE9", kAe, "CAE9"},
        Case{"not_yet_registered", tls({"CAE9", "/id-in/CAE9"}), "CAE9", 0, kForged},
        Case{"as_a_cse", tls({"CAE1", "/id-in/CAE1"}), "/id-mn", 0, kForged},
        Case{"as_an_ae_elsewhere", tls({"CAE1", "/id-in/CAE1"}), "/id-mn/CAE1", 0, kForged},
        Case{"as_the_cse_itself", tls({"CAE1", "/id-in/CAE1"}), "/id-in", 0, kForged},
        Case{"as_the_administrator", tls({"CAE1", "/id-in/CAE1"}), "CAdmin", 0, kForged},
        Case{"as_a_cse_below_its_own_id", tls({"/id-mn/CAE7"}), "/id-mn", 0, kForged},
        Case{"without_identity", tls({}), "CAE1", 0, kForged},
        Case{"the_administrator", tls({"CAdmin", "/id-in/CAdmin"}), "CAdmin", 0, "CAdmin"}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    CseCredential, OriginatorCheck,
    testing::Values(Case{"itself", tls({"/id-mn"}), "/id-mn", 0, "/id-mn"},
                    Case{"for_its_ae", tls({"/id-mn"}), "/id-mn/CAE7", 0, "/id-mn/CAE7"},
                    Case{"for_its_descendant", tls({"/id-mn"}), "/id-asn/CAE7", 0, "/id-asn/CAE7"},
                    Case{"for_its_descendant_absolute", tls({"/id-mn"}),
                         "//gatehouse.example/id-asn/CAE7", 0, "/id-asn/CAE7"},
                    Case{"for_another_registree", tls({"/id-mn"}), "/id-mn2/CAE7", 0, kForged},
                    Case{"for_a_cse_that_is_not_below_it", tls({"/id-mn2"}), "/id-asn/CAE7", 0,
                         kForged},
                    Case{"for_an_unknown_cse", tls({"/id-mn"}), "/id-none/CAE7", 0, kForged},
                    Case{"for_our_own_ae", tls({"/id-mn"}), "CAE1", 0, kForged},
                    Case{"for_our_own_ae_sp_relative", tls({"/id-mn"}), "/id-in/CAE1", 0, kForged},
                    Case{"as_this_cse", tls({"/id-mn"}), "/id-in", 0, kForged},
                    Case{"as_the_administrator", tls({"/id-mn"}), "CAdmin", 0, kForged},
                    Case{"not_registered", tls({"/id-new"}), "/id-new", 0, kUnknownCse},
                    Case{"registers", tls({"/id-new"}), "/id-new", kCsr, "/id-new"},
                    Case{"registers_another", tls({"/id-mn"}), "/id-new", kCsr, kForged}),
    name_of_case);

// A CSE whose request comes to us from above is not registered here.
INSTANTIATE_TEST_SUITE_P(
    Registrar, RegistrarCheck,
    testing::Values(
        Case{"itself", tls({"/id-up"}), "/id-up", 0, "/id-up"},
        Case{"for_anybody_elsewhere", tls({"/id-up"}), "/id-far/CAE7", 0, "/id-far/CAE7"},
        Case{"not_for_our_registree", tls({"/id-up"}), "/id-mn/CAE7", 0, kForged},
        Case{"not_for_our_ae", tls({"/id-up"}), "CAE1", 0, kForged},
        Case{"not_for_us", tls({"/id-up"}), "/id-in", 0, kForged},
        Case{"a_registree_is_no_registrar", tls({"/id-mn2"}), "/id-far/CAE7", 0, kForged}),
    name_of_case);

/// A rule of the settings, and whoever asks.
struct SettingCase {
  std::string name;
  bool admit_unregistered;  ///< the dialect
  bool administrator_needs_proof;
  Connection connection;
  std::string from;
  std::variant<std::string, Rsc> expected = {};
};
class OriginatorSettings : public testing::TestWithParam<SettingCase> {};

TEST_P(OriginatorSettings, OpenOrCloseTheDoor) {
  CseSettings settings;
  settings.administrator_needs_proof = GetParam().administrator_needs_proof;
  TestCse node(settings);
  node.add_ae("CAE1");
  Request request = TestCse::request(Operation::kRetrieve, GetParam().from, "cse-in");
  auto peer = std::make_shared<Peer>();
  peer->authenticated = GetParam().connection.authenticated;
  peer->identities = GetParam().connection.identities;
  request.peer = std::move(peer);
  CommittedView view = node.cse().view();

  const auto proven = proven_originator(
      request, node.cse().settings(), view,
      GetParam().admit_unregistered ? Admission::kEverybody : Admission::kRegistered);

  const std::variant<std::string, Rsc> answer =
      proven ? std::variant<std::string, Rsc>(*proven) : proven.error().rsc;
  EXPECT_EQ(answer, GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Settings, OriginatorSettings,
    testing::Values(
        SettingCase{"administrator_by_name", false, false, kPlain, "CAdmin", "CAdmin"},
        SettingCase{"administrator_by_name_is_not_enough", false, true, kPlain, "CAdmin", kForged},
        SettingCase{"administrator_proven", false, true, tls({"CAdmin"}), "CAdmin", "CAdmin"},
        SettingCase{"administrator_by_anothers_token", false, true, tls({"CAnna"}), "CAdmin",
                    kForged},
        SettingCase{"registered_ae", false, true, kPlain, "CAE1", "CAE1"},
        SettingCase{"unregistered_ae", false, false, kPlain, "CAE9", kForged},
        SettingCase{"unregistered_ae_accepted", true, false, kPlain, "CAE9", "CAE9"},
        SettingCase{"any_word_accepted", true, false, kPlain, "someone", "someone"},
        SettingCase{"unknown_cse_admitted", true, false, kPlain, "/id-none", "/id-none"},
        SettingCase{"ae_of_ours_in_another_form", true, false, kPlain, "/id-in/CAE9", "CAE9"},
        SettingCase{"administrator_in_another_form_is_not", true, true, kPlain, "/id-in/CAdmin",
                    kBad},
        SettingCase{"administrator_in_another_form", true, false, kPlain, "/id-in/CAdmin",
                    "CAdmin"},
        SettingCase{"the_cse_itself", true, false, kPlain, "/id-in", "/id-in"},
        SettingCase{"the_cse_itself_is_not", true, true, kPlain, "/id-in", kBad},
        SettingCase{"the_cse_itself_is_not_by_default", false, false, kPlain, "/id-in", kBad},
        SettingCase{"against_a_credential", true, false, tls({"CAE1"}), "CAE9", kForged}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace gatehouse

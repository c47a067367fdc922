// AE-IDs that the service provider assigns, asked for over Mcc.
// Source: TS-0001 clause 10.2.2.2 (cases a, b, e), TS-0004 clauses 7.4.5.2.1 and 7.4.5.2.4.
#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

using enum Rsc;
using namespace std::chrono_literals;

class ProviderAeIds : public ::testing::Test {
 protected:
  ProviderAeIds()
      : in(&network.add(1, "/id-in")),
        mn(&network.add(2, "/id-mn", "/id-in")),
        other(&network.add(2, "/id-mnx", "/id-in")) {
    network.advance(1s);
    network.log().clear();
    network.requests().clear();
  }
  static Value ae(const char* name) {
    return Value::object(
        {{"rn", name}, {"api", "Nx"}, {"rr", false}, {"srv", Value::array({"3"})}});
  }
  Response join(NetworkCse& cse, const std::string& base, const std::string& from) {
    Request request = cse.core().create_request(from, base, type_number::kAe, ae("ae"));
    request.peer = std::make_shared<Peer>();
    return cse.ask(std::move(request));
  }
  std::string link_of(const std::string& stem) {
    const ResourcePtr announced = in->find("/id-in/" + stem);
    return announced ? announced->attributes().string_at("lnk") : "none";
  }

  Network network;
  NetworkCse* in;
  NetworkCse* mn;
  NetworkCse* other;
};

TEST_F(ProviderAeIds, AreChosenByTheInCse) {
  const Response made = join(*mn, "cse-mn", "S");

  ASSERT_EQ(made.rsc, kCreated) << TestCse::debug_text(made);
  const std::string stem = TestCse::attributes(made).string_at("aei");
  EXPECT_GT(stem.size(), 1u);
  EXPECT_EQ(stem.front(), 'S');
  EXPECT_EQ(mn->find("cse-mn/ae")->id().text, stem);
  EXPECT_EQ(link_of(stem), "/id-mn/" + stem);
  ASSERT_EQ(network.requests().size(), 1u);
  EXPECT_EQ(network.requests()[0].from, "/id-mn/S");
  EXPECT_EQ(network.requests()[0].resource_type, 10002);
  EXPECT_EQ(in->find("/id-in/" + stem)->attributes().string_at("api"), "Nx");
  EXPECT_EQ(in->find("/id-in/" + stem)->attributes().strings_at("lbl"),
            std::vector<std::string>{"Credential-ID:"});
}

TEST_F(ProviderAeIds, AreEnteredWhereTheAeBringsOne) {
  ASSERT_EQ(join(*mn, "cse-mn", "Sown").rsc, kCreated);

  EXPECT_EQ(network.requests()[0].from, "/id-mn/Sown");
  EXPECT_EQ(link_of("Sown"), "/id-mn/Sown");
}

TEST_F(ProviderAeIds, StayWhenTheAeLeavesAndAreTakenUpAgain) {
  ASSERT_EQ(join(*mn, "cse-mn", "Sown").rsc, kCreated);
  ASSERT_EQ(mn->remove("Sown", "cse-mn/ae").rsc, kDeleted);
  EXPECT_EQ(link_of("Sown"), "INACTIVE");

  const Response again = join(*mn, "cse-mn", "Sown");

  EXPECT_EQ(again.rsc, kCreated) << TestCse::debug_text(again);
  EXPECT_EQ(link_of("Sown"), "/id-mn/Sown");
}

TEST_F(ProviderAeIds, FollowTheAeToAnotherCse) {
  ASSERT_EQ(join(*mn, "cse-mn", "Sown").rsc, kCreated);

  const Response moved = join(*other, "cse-mnx", "Sown");

  EXPECT_EQ(moved.rsc, kCreated) << TestCse::debug_text(moved);
  EXPECT_EQ(link_of("Sown"), "/id-mnx/Sown");
}

TEST_F(ProviderAeIds, AreNotAskedForWhenTheRegistrationIsWrongAnyway) {
  EXPECT_EQ(join(*mn, "cse-mn", "Sown").rsc, kCreated);
  network.requests().clear();

  EXPECT_EQ(join(*mn, "cse-mn", "Sother").rsc, kConflict) << "the name is taken";
  EXPECT_TRUE(network.requests().empty());
}

TEST_F(ProviderAeIds, AreRefusedWithTheInCseUnreachable) {
  network.set_down("/id-in", true);

  const Response refused = join(*mn, "cse-mn", "S");

  EXPECT_FALSE(is_success(refused.rsc));
  EXPECT_NE(TestCse::debug_text(refused).find("IN-CSE"), std::string::npos)
      << TestCse::debug_text(refused);
  EXPECT_FALSE(mn->find("cse-mn/ae"));
}

TEST_F(ProviderAeIds, AreGivenAsTheServiceSubscriptionSays) {
  ASSERT_EQ(in->create("CAdmin", "cse-in", type_number::kServiceSubscriptionProfile,
                       Value::object({{"rn", "profile"}}))
                .rsc,
            kCreated);
  ASSERT_EQ(in->create("CAdmin", "cse-in", type_number::kServiceSubscribedAppRule,
                       Value::object({{"rn", "rule"}, {"aae", Value::array({"Sgood*"})}}))
                .rsc,
            kCreated);
  const Response node = in->create(
      "CAdmin", "cse-in/profile", type_number::kServiceSubscribedNode,
      Value::object({{"ni", "node"}, {"csi", "/id-mn"}, {"rlk", Value::array({"cse-in/rule"})}}));
  ASSERT_EQ(node.rsc, kCreated) << TestCse::debug_text(node);

  EXPECT_EQ(join(*mn, "cse-mn", "Sbad").rsc, kAppRuleValidationFailed);
  EXPECT_EQ(join(*mn, "cse-mn", "Sgood1").rsc, kCreated);
  EXPECT_EQ(join(*other, "cse-mnx", "Sgood2").rsc, kServiceSubscriptionNotEstablished);
}

TEST_F(ProviderAeIds, LeadToTheAeFromEveryCse) {
  ASSERT_EQ(join(*mn, "cse-mn", "Sown").rsc, kCreated);
  in->core().add_ae("CIn");
  const Value rules =
      Value::array({Value::object({{"acor", Value::array({"all"})}, {"acop", std::int64_t{63}}})});
  const Value privileges = Value::object({{"acr", rules}});
  ASSERT_EQ(mn->create("CAdmin", "cse-mn", 1,
                       Value::object({{"rn", "acp"}, {"pv", privileges}, {"pvs", privileges}}))
                .rsc,
            kCreated);
  ASSERT_EQ(mn->create("Sown", "cse-mn/ae", 3,
                       Value::object({{"rn", "cnt"}, {"acpi", Value::array({"cse-mn/acp"})}}))
                .rsc,
            kCreated);

  EXPECT_EQ(in->retrieve("CIn", "/Sown/cnt").rsc, kOk);
  EXPECT_EQ(other->retrieve("CAdmin", "/Sown/cnt").rsc, kOk);
  EXPECT_EQ(mn->retrieve("CAdmin", "/Sown/cnt").rsc, kOk);
  EXPECT_EQ(in->retrieve("CIn", "/Snobody/cnt").rsc, kNotFound);
}

struct Claim {
  const char* what;
  const char* from;
  const char* link;
  Rsc rsc;
};

TEST_F(ProviderAeIds, AreGivenOnlyToTheCseThatAsks) {
  ASSERT_EQ(join(*mn, "cse-mn", "Sown").rsc, kCreated);
  const Claim claims[] = {
      {"of another CSE", "/id-mnx/Snew", "/id-mn/Snew", kBadRequest},
      {"of another AE", "/id-mnx/Snew", "/id-mnx/Sown", kBadRequest},
      {"one that is taken", "/id-mnx/Sown", "/id-mnx/Sown", kOriginatorHasAlreadyRegistered},
      {"a new one", "/id-mnx/Snew", "/id-mnx/Snew", kCreated},
  };
  for (const Claim& claim : claims) {
    SCOPED_TRACE(claim.what);
    const Response response =
        in->create(claim.from, "/id-in", 10002, "m2m:aeA",
                   Value::object({{"lnk", claim.link}, {"api", "Nx"}, {"et", "20301231T000000"}}));
    EXPECT_EQ(response.rsc, claim.rsc) << TestCse::debug_text(response);
  }
  const Value stolen = Value::object({{"lnk", "/id-mnx/Snew"}});
  EXPECT_EQ(in->update("/id-mnx/Snew", "/id-in/Sown", "m2m:aeA", stolen).rsc,
            kOriginatorHasNoPrivilege);
  EXPECT_EQ(in->update("/id-mn/Sown", "/id-in/Sown", "m2m:aeA", stolen).rsc, kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

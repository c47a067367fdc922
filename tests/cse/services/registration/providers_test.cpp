// Requests between two service providers (Mcc').
// Source: TS-0001 clauses 6.2.6 and 7.2, TS-0004 clauses 6.2.3 and 7.3.2.6.
#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

using enum Rsc;
using namespace std::chrono_literals;

/// //one: /id-in above /id-mn; //two: /id-far above /id-farmn. Both providers know each other.
class TwoProviders : public ::testing::Test {
 protected:
  static std::shared_ptr<Store> store() { return std::make_shared<MemoryStore>(); }
  TwoProviders()
      : in(&network.add(1, "/id-in", "", store(), "//one", {{"//two/id-far", "http://far"}})),
        mn(&network.add(2, "/id-mn", "/id-in", store(), "//one", {})),
        far(&network.add(1, "/id-far", "", store(), "//two", {{"//one/id-in", "http://in"}})),
        far_mn(&network.add(2, "/id-farmn", "/id-far", store(), "//two", {})) {
    network.advance(1s);
    mn->core().add_ae("CMn");
    fill(*far, "cse-far", "//one/id-mn/CMn");
    fill(*far_mn, "cse-farmn", "//one/id-mn/CMn");
    network.requests().clear();
  }
  /// A container that `who` may do everything with.
  static void fill(NetworkCse& cse, const std::string& base, const char* who) {
    const Value rules =
        Value::array({Value::object({{"acor", Value::array({who})}, {"acop", std::int64_t{63}}})});
    const Value privileges = Value::object({{"acr", rules}});
    ASSERT_EQ(cse.create("CAdmin", base, 1,
                         Value::object({{"rn", "acp"}, {"pv", privileges}, {"pvs", privileges}}))
                  .rsc,
              kCreated);
    ASSERT_EQ(cse.create("CAdmin", base, 3,
                         Value::object({{"rn", "cnt"}, {"acpi", Value::array({base + "/acp"})}}))
                  .rsc,
              kCreated);
  }
  Request from_outside(const char* from, const char* to, std::vector<std::string> identities) {
    Request request = TestCse::request(Operation::kRetrieve, from, to);
    auto peer = std::make_shared<Peer>();
    peer->authenticated = !identities.empty();
    peer->identities = std::move(identities);
    request.peer = std::move(peer);
    return request;
  }

  Network network;
  NetworkCse* in;
  NetworkCse* mn;
  NetworkCse* far;
  NetworkCse* far_mn;
};

TEST_F(TwoProviders, ReachEachOtherOverTheirInCses) {
  const Response response = mn->retrieve("CMn", "//two/id-far/cse-far/cnt");

  ASSERT_EQ(response.rsc, kOk) << TestCse::debug_text(response);
  ASSERT_EQ(network.requests().size(), 2u);
  EXPECT_EQ(network.requests()[0].from, "/id-mn/CMn");
  EXPECT_EQ(network.requests()[1].from, "//one/id-mn/CMn");
}

TEST_F(TwoProviders, ReachWhatIsBelowTheOtherInCse) {
  const Response made = mn->create("CMn", "//two/id-farmn/cse-farmn/cnt", 4,
                                   Value::object({{"rn", "i"}, {"con", "on"}}));

  ASSERT_EQ(made.rsc, kCreated) << TestCse::debug_text(made);
  EXPECT_EQ(network.requests().size(), 3u);
  EXPECT_EQ(far_mn->find("cse-farmn/cnt/i")->originator(), "//one/id-mn/CMn");
}

TEST_F(TwoProviders, GetAbsoluteAddressesFromDiscovery) {
  Request request = TestCse::request(Operation::kRetrieve, "CMn", "//two/id-far/cse-far");
  request.filter.emplace();
  request.filter->filter_usage = 1;
  request.filter->resource_types = {3};

  const Response response = mn->ask(std::move(request));

  ASSERT_EQ(response.rsc, kOk) << TestCse::debug_text(response);
  EXPECT_EQ(tree_of(response.content)->strings_at("m2m:uril"),
            std::vector<std::string>{"//two/id-far/cse-far/cnt"});
}

TEST_F(TwoProviders, AreToldWhereThereIsNoWay) {
  EXPECT_EQ(mn->retrieve("CMn", "//three/id-x/y").rsc, kNotFound);
  EXPECT_EQ(mn->retrieve("CMn", "//two/id-none/y").rsc, kNotFound);
}

TEST_F(TwoProviders, DoNotServeAsWayToAThird) {
  const Response response =
      in->ask(from_outside("//two/id-far", "//two/id-far/cse-far", {"/id-far", "//two/id-far"}));

  EXPECT_EQ(response.rsc, kNotFound) << TestCse::debug_text(response);
  EXPECT_TRUE(network.requests().empty());
}

struct Claim {
  const char* what;
  const char* from;
  std::vector<std::string> identities;
  Rsc rsc;
};

TEST_F(TwoProviders, SpeakForTheirOwnOnly) {
  fill(*in, "cse-in", "//two/id-far/CFar");
  const Claim claims[] = {
      {"its own", "//two/id-far/CFar", {"/id-far", "//two/id-far"}, kOk},
      {"without credentials", "//two/id-far/CFar", {}, kOk},
      {"of a provider that is not known", "//three/id-x/CFar", {}, kSecurityAssociationRequired},
      {"of another", "//two/id-far/CFar", {"/id-mn", "//one/id-mn"}, kOriginatorNotAuthenticated},
      {"ours, from there",
       "/id-far/CFar",
       {"/id-far", "//two/id-far"},
       kOriginatorNotAuthenticated},
      {"no identifier", "//two", {}, kBadRequest},
      {"a resource", "//two/id-far/CFar/x", {}, kBadRequest},
  };
  for (const Claim& claim : claims) {
    SCOPED_TRACE(claim.what);
    const Response response = in->ask(from_outside(claim.from, "cse-in/cnt", claim.identities));
    EXPECT_EQ(response.rsc, claim.rsc) << TestCse::debug_text(response);
  }
}

TEST_F(TwoProviders, AreForgottenWhenTheyAreNoLongerNamed) {
  const std::shared_ptr<Store> kept = in->store();
  EXPECT_TRUE(in->find("cse-in/sp-two"));

  in = &network.add(1, "/id-in", "", kept, "//one", {});
  network.settle();

  EXPECT_FALSE(in->find("cse-in/sp-two"));
}

struct Text {
  const char* text;
  bool sound;
};

TEST(PeerProviders, AreReadFromTheConfiguration) {
  const Text texts[] = {{"//sp.example/id-in=https://in.sp.example:8443", true},
                        {"//sp.example/id-in", false},
                        {"/id-in=https://in.sp.example", false},
                        {"//sp.example=https://in.sp.example", false},
                        {"//sp.example/id-in=in.sp.example", false}};
  for (const Text& row : texts) {
    EXPECT_EQ(parse_peer_provider(row.text).has_value(), row.sound) << row.text;
  }
}

}  // namespace
}  // namespace gatehouse::test

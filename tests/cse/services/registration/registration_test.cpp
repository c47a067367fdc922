// Registration of AEs and CSEs, and requests over several of them.
// Source: TS-0001 clauses 10.2.1 and 10.2.2, TS-0004 clauses 7.3.2.6, 7.4.4 and 7.4.5.
#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

using enum Rsc;
using namespace std::chrono_literals;

/// One registration of an AE at the CSE.
struct AeRow {
  const char* what;
  int cse_type;
  const char* from;
  const char* app;
  const char* release;
  Rsc rsc;
  const char* stem;  ///< beginning of the AE-ID if it was created
};

TEST(AeRegistration, Table) {
  const AeRow rows[] = {
      {"the CSE chooses", 1, "", "Nx", "3", kCreated, "C"},
      {"C asks for a stem of the CSE", 1, "C", "Nx", "3", kCreated, "C"},
      {"S asks for a stem of the provider, at its IN", 1, "S", "Nx", "3", kCreated, "S"},
      {"S at an MN that is registered nowhere", 2, "S", "Nx", "3", kNotImplemented, ""},
      {"a whole C stem", 1, "Cown", "Nx", "3", kCreated, "Cown"},
      {"a whole S stem", 1, "Sown", "Nx", "3", kCreated, "Sown"},
      {"a stem that is taken", 1, "Ctaken", "Nx", "3", kOriginatorHasAlreadyRegistered, ""},
      {"no stem", 1, "x", "Nx", "3", kBadRequest, ""},
      {"a registered App-ID", 1, "C", "Rorg.example", "3", kCreated, "C"},
      {"r until release 3", 1, "C", "rorg.example", "3", kCreated, "C"},
      {"r in release 4", 1, "C", "rorg.example", "4", kBadRequest, ""},
      {"another letter", 1, "C", "Xapp", "3", kBadRequest, ""},
      {"a letter alone", 1, "C", "N", "3", kBadRequest, ""},
  };
  for (const AeRow& row : rows) {
    SCOPED_TRACE(row.what);
    Network network;
    NetworkCse& cse = network.add(row.cse_type, "/id-in");
    cse.core().add_ae("Ctaken");
    Request request = cse.core().create_request(
        row.from, "cse-in", type_number::kAe,
        Value::object(
            {{"rn", "ae"}, {"api", row.app}, {"rr", false}, {"srv", Value::array({"3"})}}));
    request.release_version = row.release;
    request.peer = std::make_shared<Peer>();
    const Response response = cse.ask(request);
    EXPECT_EQ(response.rsc, row.rsc) << TestCse::debug_text(response);
    const ResourcePtr ae = cse.find("cse-in/ae");
    ASSERT_EQ(static_cast<bool>(ae), row.rsc == kCreated);
    if (!ae) continue;
    const std::string stem = ae->attributes().string_at("aei");
    EXPECT_TRUE(stem.starts_with(row.stem)) << stem;
    EXPECT_GT(stem.size(), 1u);
    EXPECT_EQ(ae->id().text, stem);
    EXPECT_EQ(cse.remove(stem, "cse-in/ae").rsc, kDeleted) << "it owns itself";
  }
}

TEST(AeRegistration, NameOfAnotherChildIsAConflict) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  const Value ae =
      Value::object({{"rn", "ae"}, {"api", "Nx"}, {"rr", false}, {"srv", Value::array({"3"})}});
  EXPECT_EQ(in.create("C1", "cse-in", 2, ae).rsc, kCreated);
  EXPECT_EQ(in.create("C2", "cse-in", 2, ae).rsc, kConflict);
  EXPECT_EQ(in.create("C1", "cse-in", 2, ae).rsc, kConflict);
}

class ThreeCses : public ::testing::Test {
 protected:
  ThreeCses()
      : in(&network.add(1, "/id-in")),
        mn(&network.add(2, "/id-mn", "/id-in")),
        asn(&network.add(3, "/id-asn", "/id-mn")) {
    network.advance(1s);
    in->core().add_ae("CIn");
    asn->core().add_ae("CAsn");
    network.settle();
  }
  static Value readable_by(const char* who) {
    const Value rules = Value::array({Value::object({{"acor", Value::array({who})}, {"acop", 3}})});
    const Value privileges = Value::object({{"acr", rules}});
    return Value::object({{"rn", "acp"}, {"pv", privileges}, {"pvs", privileges}});
  }
  /// A container of the CSE that `who` may read and fill.
  static void add_container(NetworkCse& cse, const std::string& base, const char* who) {
    ASSERT_EQ(cse.create("CAdmin", base, 1, readable_by(who)).rsc, kCreated);
    ASSERT_EQ(cse.create("CAdmin", base, 3,
                         Value::object({{"rn", "cnt"}, {"acpi", Value::array({base + "/acp"})}}))
                  .rsc,
              kCreated);
  }

  Network network;
  NetworkCse* in;
  NetworkCse* mn;
  NetworkCse* asn;
};

TEST_F(ThreeCses, RegisterAtEachOther) {
  EXPECT_FALSE(in->registration().registered());
  EXPECT_TRUE(mn->registration().registered());
  EXPECT_TRUE(asn->registration().registered());
  const ResourcePtr at_in = in->find("cse-in/id-mn");
  ASSERT_TRUE(at_in);
  EXPECT_EQ(at_in->type(), type_number::kRemoteCse);
  EXPECT_EQ(at_in->attributes().string_at("csi"), "/id-mn");
  EXPECT_EQ(at_in->attributes().string_at("cb"), "/id-mn/cse-mn");
  EXPECT_EQ(at_in->attributes().integer_at("cst"), 2);
  const ResourcePtr at_mn = mn->find("cse-mn/id-in");
  ASSERT_TRUE(at_mn) << "the registree knows its registrar";
  EXPECT_EQ(at_mn->attributes().string_at("csi"), "/id-in");
  EXPECT_TRUE(mn->find("cse-mn/id-asn"));
}

TEST_F(ThreeCses, DescendantsAreToldToTheRegistrar) {
  EXPECT_EQ(in->find("cse-in/id-mn")->attributes().strings_at("dcse"),
            std::vector<std::string>{"/id-asn"});
  ASSERT_EQ(mn->remove("CAdmin", "cse-mn/id-asn").rsc, kDeleted);
  EXPECT_FALSE(in->find("cse-in/id-mn")->attributes().contains("dcse"));
}

TEST_F(ThreeCses, RequestsCrossTwoHopsInBothDirections) {
  add_container(*in, "cse-in", "/id-asn/CAsn");
  add_container(*asn, "cse-asn", "/id-in/CIn");
  network.requests().clear();
  const Response up = asn->retrieve("CAsn", "/id-in/cse-in/cnt");
  EXPECT_EQ(up.rsc, kOk) << TestCse::debug_text(up);
  EXPECT_EQ(TestCse::attributes(up).string_at("rn"), "cnt");
  ASSERT_EQ(network.requests().size(), 2u);
  EXPECT_EQ(network.requests()[0].from, "/id-asn/CAsn");
  EXPECT_EQ(network.requests()[1].from, "/id-asn/CAsn");

  const Response down =
      in->create("CIn", "/id-asn/cse-asn/cnt", 4, Value::object({{"rn", "i"}, {"con", "on"}}));
  EXPECT_EQ(down.rsc, kCreated) << TestCse::debug_text(down);
  const ResourcePtr instance = asn->find("cse-asn/cnt/i");
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->originator(), "/id-in/CIn");

  EXPECT_EQ(in->retrieve("CIn", "//gatehouse.example/id-asn/cse-asn/cnt").rsc, kOk);
  EXPECT_EQ(in->retrieve("COther", "/id-asn/cse-asn/cnt").rsc, kOriginatorHasNoPrivilege);
}

TEST_F(ThreeCses, NoWayIsNotFoundAndEndsThere) {
  network.requests().clear();
  EXPECT_EQ(asn->retrieve("CAsn", "/id-none/x").rsc, kNotFound);
  EXPECT_EQ(network.requests().size(), 2u) << "up to the IN, and not back";
  EXPECT_EQ(in->retrieve("CIn", "//other.example/id-mn/x").rsc, kNotFound);
  network.set_down("/id-mn", true);
  EXPECT_EQ(asn->retrieve("CAsn", "/id-in/cse-in").rsc, kRemoteEntityNotReachable);
}

TEST_F(ThreeCses, RegistrationsAreNotForwarded) {
  Request request = mn->core().create_request(
      "C", "/id-in/cse-in", 2,
      Value::object({{"api", "Nx"}, {"rr", false}, {"srv", Value::array({"3"})}}));
  request.peer = std::make_shared<Peer>();
  EXPECT_EQ(mn->ask(request).rsc, kBadRequest);
}

TEST_F(ThreeCses, NobodySpeaksForACseThatIsNotBehindIt) {
  const auto ask_as = [&](const char* identity, const char* from) {
    Request request = TestCse::request(Operation::kRetrieve, from, "cse-in");
    auto peer = std::make_shared<Peer>();
    peer->authenticated = true;
    peer->identities = {identity};
    request.peer = peer;
    return in->ask(request).rsc;
  };
  EXPECT_EQ(ask_as("/id-mn", "/id-mn"), kOk);
  EXPECT_EQ(ask_as("/id-mn", "/id-asn/CAsn"), kOk) << "a descendant";
  EXPECT_EQ(ask_as("/id-mn", "/id-other/C1"), kOriginatorNotAuthenticated);
  EXPECT_EQ(ask_as("/id-mn", "CIn"), kOriginatorNotAuthenticated);
  EXPECT_EQ(ask_as("/id-other", "/id-other"), kSecurityAssociationRequired);
}

TEST(CseRegistration, OnlyACseRegistersAndOnlyAtAnInOrMn) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  NetworkCse& asn = network.add(3, "/id-asn");
  const Value csr = Value::object(
      {{"cb", "/id-x/cse-x"}, {"csi", "/id-x"}, {"rr", true}, {"srv", Value::array({"3"})}});
  EXPECT_EQ(in.create("CAE1", "cse-in", 16, csr).rsc, kOperationNotAllowed);
  EXPECT_EQ(in.create("CAE1", "cse-in", 16, Value::object()).rsc, kOperationNotAllowed)
      << "TS-0004 clause 7.2.2.2: who asks is looked at before what is wrong with the content";
  EXPECT_EQ(in.create("CAdmin", "cse-in", 16, Value::object()).rsc, kBadRequest);
  EXPECT_EQ(in.create("CAdmin", "cse-in", 16, csr).rsc, kOperationNotAllowed);
  EXPECT_EQ(asn.create("/id-x", "cse-asn", 16, csr).rsc, kOperationNotAllowed);
  EXPECT_EQ(in.create("/id-y", "cse-in", 16, csr).rsc, kBadRequest) << "csi of another CSE";
  EXPECT_EQ(in.create("/id-x", "cse-in", 16, csr).rsc, kCreated);
  EXPECT_EQ(in.create("/id-x", "cse-in", 16, csr).rsc, kOriginatorHasAlreadyRegistered);
}

TEST(CseRegistration, IsTriedAgainAndKeptAlive) {
  Network network;
  NetworkCse& mn = network.add(2, "/id-mn", "/id-in");
  network.advance(12s);
  EXPECT_FALSE(mn.registration().registered());
  NetworkCse* in = &network.add(1, "/id-in");
  network.advance(6s);
  EXPECT_TRUE(mn.registration().registered());
  const Timestamp first = in->find("cse-in/id-mn")->expires();
  network.advance(3700s);
  ASSERT_TRUE(in->find("cse-in/id-mn"));
  EXPECT_GT(in->find("cse-in/id-mn")->expires(), first);

  in = &network.add(1, "/id-in");  // it has lost everything
  network.advance(1900s);
  EXPECT_TRUE(in->find("cse-in/id-mn"));

  in = &network.add(1, "/id-in");
  mn.core().add_ae("CAE1");
  EXPECT_EQ(mn.retrieve("CAE1", "/id-in/cse-in").rsc, kSecurityAssociationRequired);
  network.settle();
  EXPECT_TRUE(in->find("cse-in/id-mn")) << "that answer was enough to register again";
  EXPECT_EQ(mn.retrieve("CAE1", "/id-in/cse-in").rsc, kOk);
}

TEST(CseRegistration, ARestartFindsItsRegistrationThere) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  const auto store = network.add(2, "/id-mn", "/id-in").store();
  network.settle();
  const std::int64_t order = in.find("cse-in/id-mn")->order();
  NetworkCse& again = network.add(2, "/id-mn", "/id-in", store);
  network.settle();
  EXPECT_TRUE(again.registration().registered());
  EXPECT_EQ(in.find("cse-in/id-mn")->order(), order) << "the same <remoteCSE>";
}

}  // namespace
}  // namespace gatehouse::test

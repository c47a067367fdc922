// What an authenticated CSE cannot gain by what it says of itself, and requests that nobody hosts.
// Source: TS-0003 clause 8.2, TS-0004 clauses 7.3.2.1 and 7.3.2.6.
#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

using enum Rsc;

std::shared_ptr<Peer> authenticated_as(const std::string& identity) {
  auto peer = std::make_shared<Peer>();
  peer->transport = "https";
  peer->authenticated = true;
  peer->identities = {identity};
  return peer;
}

TEST(Impersonation, NamingARegistreeAmongOnesDescendantsGivesNoPowerOverIt) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  network.add(2, "/id-mn", "/id-in");
  network.add(2, "/id-evil", "/id-in");
  network.settle();
  ASSERT_EQ(in.update("/id-evil", "id-evil", "m2m:csr",
                      Value::object({{"dcse", Value::array({"/id-mn", "/id-below"})}}))
                .rsc,
            kUpdated);

  Request request = TestCse::request(Operation::kRetrieve, "/id-mn/CAE1", "cse-in");
  request.peer = authenticated_as("/id-evil");
  EXPECT_EQ(in.ask(request).rsc, kOriginatorNotAuthenticated);
  request.from = "/id-mn";
  EXPECT_EQ(in.ask(request).rsc, kOriginatorNotAuthenticated);
  request.from = "/id-below/CAE1";
  EXPECT_EQ(in.ask(request).rsc, kOk) << "who is not registered here may be behind it";
}

TEST(Routes, ARequestThatNobodyHostsDoesNotCircle) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  network.add(2, "/id-mn", "/id-in");
  NetworkCse& other = network.add(2, "/id-other", "/id-in");
  network.settle();
  ASSERT_EQ(
      in.update("/id-mn", "id-mn", "m2m:csr", Value::object({{"dcse", Value::array({"/id-gone"})}}))
          .rsc,
      kUpdated);
  other.core().add_ae("CAE1");
  network.log().clear();

  EXPECT_EQ(other.retrieve("CAE1", "/id-gone/x").rsc, kNotFound);
  EXPECT_EQ(network.log().size(), 2u) << "to the IN, and to the MN that named it";
}

TEST(Names, AnAeWhoseStemIsTheNameOfAnotherResourceIsRefusedAlone) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  ASSERT_EQ(in.create("CAdmin", "cse-in", 3, Value::object({{"rn", "Cname"}})).rsc, kCreated);
  Request request = in.core().create_request(
      "Cname", "cse-in", type_number::kAe,
      Value::object({{"api", "Nx"}, {"rr", false}, {"srv", Value::array({"3"})}}));
  request.peer = std::make_shared<Peer>();

  EXPECT_EQ(in.ask(request).rsc, kConflict);
}

}  // namespace
}  // namespace gatehouse::test

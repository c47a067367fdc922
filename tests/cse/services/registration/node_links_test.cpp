// <AE> and <node>, currentTime, the list of AE contacts. Source: TS-0001
// clauses 9.6.3, 9.6.5, 9.6.18, 9.6.45.
#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

using enum Rsc;

class NodeLinks : public testing::Test {
 protected:
  NodeLinks() : cse(&network.add(1, "/id-in")) {
    one = make_node("one");
    two = make_node("two");
  }
  std::string make_node(const std::string& name) {
    const Response made = cse->create("CAdmin", "cse-in", 14,
                                      Value::object({{"rn", name}, {"ni", "urn:dev:ops:" + name}}));
    EXPECT_EQ(made.rsc, kCreated) << TestCse::debug_text(made);
    return TestCse::attributes(made).string_at("ri");
  }
  void make_ae(const std::string& stem, const std::string& node) {
    const Response made = cse->create(stem, "cse-in", 2,
                                      Value::object({{"rn", stem},
                                                     {"api", "Nx"},
                                                     {"rr", false},
                                                     {"srv", Value::array({"4"})},
                                                     {"nl", node}}));
    ASSERT_EQ(made.rsc, kCreated) << TestCse::debug_text(made);
  }
  std::vector<std::string> hosted(const std::string& node) {
    return cse->find("cse-in/" + node)->attributes().strings_at("hael");
  }
  using List = std::vector<std::string>;

  Network network;
  NetworkCse* cse;
  std::string one, two;
};

TEST_F(NodeLinks, AnAeIsListedAtItsNode) {
  make_ae("CAE1", one);
  make_ae("CAE2", "cse-in/one");

  EXPECT_EQ(hosted("one"), (List{"CAE1", "CAE2"}));
}

TEST_F(NodeLinks, AnAeThatMovesChangesBothLists) {
  make_ae("CAE1", one);

  ASSERT_EQ(cse->update("CAE1", "CAE1", "m2m:ae", Value::object({{"nl", two}})).rsc, kUpdated);

  EXPECT_FALSE(cse->find("cse-in/one")->attributes().contains("hael"));
  EXPECT_EQ(hosted("two"), List{"CAE1"});
}

TEST_F(NodeLinks, AnAeThatGoesIsListedNoMore) {
  make_ae("CAE1", one);

  ASSERT_EQ(cse->remove("CAE1", "CAE1").rsc, kDeleted);

  EXPECT_FALSE(cse->find("cse-in/one")->attributes().contains("hael"));
}

TEST_F(NodeLinks, ANodeThatGoesLeavesNoLinkBehind) {
  make_ae("CAE1", one);

  ASSERT_EQ(cse->remove("CAdmin", "cse-in/one").rsc, kDeleted);

  EXPECT_FALSE(cse->find("CAE1")->attributes().contains("nl"));
}

TEST_F(NodeLinks, ALinkThatLeadsNowhereIsLeftAlone) {
  make_ae("CAE1", "/id-other/nod1");

  EXPECT_EQ(cse->find("CAE1")->attributes().string_at("nl"), "/id-other/nod1");
}

TEST(CseBase, TellsItsTime) {
  Network network;
  NetworkCse& cse = network.add(1, "/id-in");

  const Value base = TestCse::attributes(cse.retrieve("CAdmin", "cse-in"));
  const Value part = TestCse::attributes(cse.retrieve("CAdmin", "cse-in#ctm"));

  EXPECT_EQ(base.string_at("ctm"), to_text(network.clock()->now()));
  EXPECT_FALSE(cse.find("cse-in")->attributes().contains("ctm")) << "it is not kept";
}

TEST(AeContactList, IsTheInCsesOwn) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  NetworkCse& mn = network.add(2, "/id-mn", "/id-in");
  network.settle();

  EXPECT_EQ(in.retrieve("CAdmin", "cse-in/AEContactList").rsc, kOk);
  EXPECT_EQ(mn.retrieve("CAdmin", "cse-mn/AEContactList").rsc, kNotFound);
  EXPECT_EQ(in.remove("CAdmin", "cse-in/AEContactList").rsc, kOperationNotAllowed);
  EXPECT_EQ(in.create("CAdmin", "cse-in", 43, Value::object({{"rn", "x"}})).rsc,
            kOperationNotAllowed);
  EXPECT_EQ(in.update("CAdmin", "cse-in/AEContactList", "m2m:alst", Value::object()).rsc,
            kOperationNotAllowed);
}

TEST(AeRegistrationAsCse, IsRefused) {
  Network network;
  NetworkCse& in = network.add(1, "/id-in");
  network.add(2, "/id-mn", "/id-in");
  network.settle();
  const auto register_as = [&in](const std::string& from) {
    Request request = in.core().create_request(
        from, "cse-in", 2,
        Value::object({{"api", "Nx"}, {"rr", false}, {"srv", Value::array({"4"})}}));
    request.peer = std::make_shared<Peer>();
    return in.ask(request).rsc;
  };

  EXPECT_EQ(register_as("id-in"), kSecurityAssociationRequired);
  EXPECT_EQ(register_as("id-mn"), kSecurityAssociationRequired);
}

}  // namespace
}  // namespace gatehouse::test

// An UPDATE that needs consent.
#include "tests/cse/services/subscription/subscription_fixture.h"

namespace gatehouse {
namespace {

using test::RecordingSender;
using test::SubscriptionNode;
using test::TestCse;

class BlockingUpdate : public testing::Test {
 protected:
  BlockingUpdate() {
    node.add_container();
    EXPECT_EQ(
        node.subscribe("sub", *parse_json(R"({"nu":["CAE1"],"enc":{"net":[7],"atr":["lbl"]}})"))
            .rsc,
        Rsc::kCreated);
  }
  void answer(std::optional<Rsc> rsc) {
    node.http.answers = [rsc](const RecordingSender::Sent&) { return rsc; };
  }
  Request update(const std::string& label) {
    Request request = TestCse::request(Operation::kUpdate, "CAE1", "CAE1/cnt");
    request.content = Value::object({{"m2m:cnt", Value::object({{"lbl", Value::array({label})}})}});
    return request;
  }
  std::vector<std::string> labels() {
    const ResourcePtr container = node.node.find("CAE1/cnt");
    return container ? container->attributes().strings_at("lbl") : std::vector<std::string>{"gone"};
  }
  SubscriptionNode node;
};

struct ConsentCase {
  std::string name;
  Rsc answer, expected;
};
class Consents : public BlockingUpdate, public testing::WithParamInterface<ConsentCase> {};

// TS-0004 clauses 7.5.1.2.19 and 7.3.2.9
TEST_P(Consents, DecideTheUpdate) {
  answer(GetParam().answer);

  EXPECT_EQ(node.label("x").rsc, GetParam().expected);

  EXPECT_EQ(labels().empty(), GetParam().expected != Rsc::kUpdated);
  const auto told = node.http.notifications("http://ae1");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].find("nev")->integer_at("net"), 7);
  EXPECT_EQ(*told[0].find("nev")->find("rep"), *parse_json(R"({"m2m:cnt":{"lbl":["x"]}})"));
}
INSTANTIATE_TEST_SUITE_P(Answers, Consents,
                         testing::Values(ConsentCase{"yes", Rsc::kOk, Rsc::kUpdated},
                                         ConsentCase{"no", Rsc::kOperationNotAllowed,
                                                     Rsc::kOperationDeniedByRemoteEntity},
                                         ConsentCase{"nobody_there", Rsc::kTargetNotReachable,
                                                     Rsc::kRemoteEntityNotReachable}),
                         [](const auto& each) { return each.param.name; });

/// With eeno (R4) the one that is asked learns for whom.
TEST(BlockingUpdateQuestion, SaysWhoAsks) {
  SubscriptionNode node;
  node.add_container();
  ASSERT_EQ(
      node.subscribe("sub", *parse_json(R"({"nu":["CAE1"],"enc":{"net":[7]},"eeno":true})")).rsc,
      Rsc::kCreated);
  node.http.answers = [](const RecordingSender::Sent&) { return Rsc::kOk; };

  EXPECT_EQ(node.label("x").rsc, Rsc::kUpdated);

  const auto told = node.http.notifications("http://ae1");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].string_at("cr"), "CAE1");
}

TEST_F(BlockingUpdate, NobodyIsAskedOfOtherAttributesOrOfWhatIsRefusedAnyway) {
  EXPECT_EQ(node.node.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"mni", 5}})).rsc,
            Rsc::kUpdated);
  EXPECT_EQ(node.node.update("CAE1", "CAE1/cnt", "m2m:cnt", Value::object({{"lbl", 5}})).rsc,
            Rsc::kBadRequest);
  EXPECT_EQ(node.node.update("CAE2", "CAE1/cnt", "m2m:cnt", Value::object({{"mni", 5}})).rsc,
            Rsc::kOriginatorHasNoPrivilege);

  EXPECT_TRUE(node.http.sent.empty());
}

// TS-0001 clause 10.2.10.7: other UPDATEs and DELETEs wait.
TEST_F(BlockingUpdate, WhatComesMeanwhileWaitsInItsOrder) {
  answer(std::nullopt);
  auto first = node.node.send(update("1"));
  auto second = node.node.send(update("2"));
  auto removal = node.node.send(TestCse::request(Operation::kDelete, "CAE1", "CAE1/cnt"));
  node.node.settle();
  EXPECT_FALSE(*first || *second || *removal);
  EXPECT_EQ(node.http.sent.size(), 1u);
  EXPECT_TRUE(labels().empty());

  node.http.answer_held(Rsc::kOk);
  node.node.settle();
  EXPECT_EQ((*first)->rsc, Rsc::kUpdated);
  EXPECT_EQ(labels(), std::vector<std::string>{"1"});
  EXPECT_FALSE(*second || *removal);

  node.http.answer_held(Rsc::kOperationNotAllowed);
  node.node.settle();
  EXPECT_EQ((*second)->rsc, Rsc::kOperationDeniedByRemoteEntity);
  EXPECT_EQ((*removal)->rsc, Rsc::kDeleted);
  EXPECT_EQ(labels(), std::vector<std::string>{"gone"});
}

// TS-0004 clause 7.4.8.2.1
TEST_F(BlockingUpdate, ThereIsOnlyOneOfAResource) {
  EXPECT_EQ(node.subscribe("again", *parse_json(R"({"nu":["CAE1"],"enc":{"net":[7]}})")).rsc,
            Rsc::kBlockingSubscriptionAlreadyExists);
}

TEST_F(BlockingUpdate, ItsTargetMustBeAllowedToUpdateToo) {
  node.node.add_ae("CAE2", Value::object({{"poa", Value::array({"http://ae2"})}}));
  EXPECT_EQ(
      node.subscribe("other", *parse_json(R"({"nu":["CAE2"],"enc":{"net":[7]}})"), "CAE1").rsc,
      Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(BlockingUpdate, MayNotBecomeOneByAnUpdate) {
  EXPECT_EQ(
      node.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(R"({"enc":{"net":[7]}})"))
          .rsc,
      Rsc::kBadRequest);
  EXPECT_EQ(
      node.node.update("CAE1", "CAE1/cnt/sub", "m2m:sub", *parse_json(R"({"lbl":["x"]})")).rsc,
      Rsc::kUpdated);
}

TEST_F(BlockingUpdate, EndsWithItsSubscription) {
  node.node.remove("CAE1", "CAE1/cnt/sub");

  EXPECT_EQ(node.label("x").rsc, Rsc::kUpdated);
  EXPECT_TRUE(node.http.sent.empty());
}

}  // namespace
}  // namespace gatehouse

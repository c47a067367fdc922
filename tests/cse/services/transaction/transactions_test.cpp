#include "cse/services/transaction/transactions.h"

#include <gtest/gtest.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

class Transaction : public testing::Test {
 protected:
  Transaction() : transactions_(node_.cse()) {
    node_.add_ae("CAE1");
    node_.create("CAE1", "CAE1", type_number::kContainer, Value::object({{"rn", "cnt"}}));
  }
  static Value create_container(const std::string& name, const std::string& parent = "CAE1") {
    return Value::object({{"op", 1},
                          {"to", parent},
                          {"fr", "CAE1"},
                          {"rqi", "r" + name},
                          {"ty", 3},
                          {"pc", Value::object({{"m2m:cnt", Value::object({{"rn", name}})}})}});
  }
  static Value remove(const std::string& target) {
    return Value::object({{"op", 4}, {"to", target}, {"fr", "CAE1"}, {"rqi", "d"}});
  }
  Response begin(Value requests, Value more = Value::object()) {
    more.set("rn", "tram");
    more.set("rqps", Value::object({{"m2m:rqp", std::move(requests)}}));
    if (!more.contains("tmh")) more.set("tmh", 2);
    return node_.create("CAE1", "CAE1", type_number::kTransactionMgmt, std::move(more));
  }
  std::int64_t state() { return node_.find("CAE1/tram")->attributes().integer_at("trst"); }
  std::vector<std::int64_t> answers() {
    std::vector<std::int64_t> codes;
    const Value* list = node_.find("CAE1/tram")->attributes().find("rsps")->find("m2m:rsp");
    for (const Value& answer : *list->as_array()) codes.push_back(answer.integer_at("rsc"));
    return codes;
  }
  TestCse node_;
  Transactions transactions_;
};

TEST_F(Transaction, DoesAllOfItsRequests) {
  const Response made = begin(
      Value::array({create_container("a"), create_container("b", "CAE1/a"), remove("CAE1/cnt")}));

  ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  EXPECT_TRUE(node_.find("CAE1/a/b"));
  EXPECT_FALSE(node_.find("CAE1/cnt"));
  EXPECT_EQ(state(), 4);
  EXPECT_EQ(answers(), (std::vector<std::int64_t>{2001, 2001, 2002}));
}

TEST_F(Transaction, DoesNoneOfThemIfOneIsRefused) {
  begin(Value::array({create_container("a"), remove("CAE1/cnt"), remove("CAE1/nothing")}));

  EXPECT_FALSE(node_.find("CAE1/a"));
  EXPECT_TRUE(node_.find("CAE1/cnt"));
  EXPECT_EQ(state(), 6);
  EXPECT_EQ(answers(), (std::vector<std::int64_t>{2001, 2002, 4004}));
}

TEST_F(Transaction, HasNoMorePrivilegesThanItsCreator) {
  node_.add_ae("CAE2");

  begin(Value::array({create_container("a"), remove("CAE2")}));

  EXPECT_FALSE(node_.find("CAE1/a"));
  EXPECT_TRUE(node_.find("CAE2"));
  EXPECT_EQ(answers().back(), 4103);
}

TEST_F(Transaction, BeginsAtItsTimeAlsoAfterARestart) {
  const std::string later = to_text(node_.clock().now() + std::chrono::seconds(10));
  begin(Value::array({create_container("a")}), Value::object({{"text", later}}));
  EXPECT_FALSE(node_.find("CAE1/a"));
  EXPECT_EQ(state(), 1);
  EXPECT_EQ(node_.remove("CAE1", "CAE1/tram").rsc, Rsc::kTransactionProcessingIsIncomplete);
  transactions_.stop();

  TestCse again({}, node_.store(), node_.shared_clock());
  Transactions transactions(again.cse());
  again.start();
  transactions.start();
  again.advance(std::chrono::seconds(11));

  EXPECT_TRUE(again.find("CAE1/a"));
}

TEST_F(Transaction, GoesWhenItIsDoneUnlessItShallStay) {
  begin(Value::array({create_container("a")}), Value::object({{"tmh", 1}}));

  EXPECT_TRUE(node_.find("CAE1/a"));
  EXPECT_FALSE(node_.find("CAE1/tram"));
}

TEST_F(Transaction, IsAbortedAfterItsTime) {
  const std::string passed = to_text(node_.clock().now() - std::chrono::seconds(10));

  begin(Value::array({create_container("a")}), Value::object({{"tept", passed}}));

  EXPECT_EQ(state(), 6);
  EXPECT_FALSE(node_.find("CAE1/a"));
}

struct Refusal {
  const char* name;
  Value request;
  Value more;
  Rsc rsc;
};
class Refusals : public Transaction, public testing::WithParamInterface<Refusal> {};

// TS-0004 clause 7.4.60.2.1
TEST_P(Refusals, ComeBeforeAnythingIsDone) {
  const Response refused =
      begin(Value::array({create_container("a"), GetParam().request}), GetParam().more);

  EXPECT_EQ(refused.rsc, GetParam().rsc) << TestCse::debug_text(refused);
  EXPECT_FALSE(node_.find("CAE1/a"));
}

Value with(Value request, const char* name, Value value) {
  request.set(name, std::move(value));
  return request;
}
const Value kDelete = Value::object({{"op", 4}, {"to", "CAE1/cnt"}, {"fr", "CAE1"}, {"rqi", "d"}});

INSTANTIATE_TEST_SUITE_P(
    Requests, Refusals,
    testing::Values(Refusal{"of_somebody_else", with(kDelete, "fr", "CAE2"), Value::object(),
                            Rsc::kBadRequest},
                    Refusal{"notify", with(kDelete, "op", 5), Value::object(), Rsc::kBadRequest},
                    Refusal{"at_another_cse", with(kDelete, "to", "/id-mn/x"), Value::object(),
                            Rsc::kNotImplemented},
                    Refusal{"controlled_by_creator", kDelete, Value::object({{"tmd", 2}}),
                            Rsc::kNotImplemented}),
    [](const auto& test) { return test.param.name; });

TEST_F(Transaction, IsControlledByTheCseOnly) {
  begin(Value::array({create_container("a")}));

  EXPECT_EQ(node_.update("CAE1", "CAE1/tram", "m2m:tram", Value::object({{"tctl", 5}})).rsc,
            Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse

#include "cse/services/authorization/decisions.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using namespace type_number;

/// CAE1 has a container that CAE2 may read from one network.
class DecisionsTest : public testing::Test {
 protected:
  DecisionsTest() : decisions_(node_.cse()) {
    for (const char* stem : {"CAE1", "CAE2"}) node_.add_ae(stem);
    const Value rule = Value::object(
        {{"acor", Value::array({"CAE2"})},
         {"acop", 2},
         {"acco", Value::array({Value::object(
                      {{"acip", Value::object({{"ipv4", Value::array({"10.0.0.0/8"})}})}})})}});
    const Value privileges = Value::object({{"acr", Value::array({rule})}});
    node_.put(kAccessControlPolicy, "acp", "CAE1",
              Value::object({{"pv", privileges}, {"pvs", privileges}}));
    node_.put(kContainer, "cnt", "CAE1", Value::object({{"acpi", Value::array({"acp"})}}));
    for (const int type : {kAuthorizationDecision, kAuthorizationPolicy, kAuthorizationInformation})
      EXPECT_EQ(
          node_
              .create("CAdmin", "cse-in", type, Value::object({{"rn", "t" + std::to_string(type)}}))
              .rsc,
          Rsc::kCreated);
  }

  Response ask(Value question) {
    return node_.update("CAdmin", "cse-in/t35", "m2m:auds", std::move(question));
  }
  static Value question(const char* from, int operation, const char* to, const char* address) {
    return Value::object(
        {{"fr", from}, {"op", operation}, {"to", to}, {"oip", Value::object({{"ip4", address}})}});
  }
  /// "decision status"
  static std::string answer(const Response& response) {
    const Value attributes = TestCse::attributes(response);
    return std::to_string(attributes.integer_at("dec")) + " " +
           std::to_string(attributes.integer_at("sus"));
  }

  TestCse node_;
  Decisions decisions_;
};

// TS-0004 clause 7.4.43.2.3
TEST_F(DecisionsTest, AreThoseOfAccessControl) {
  EXPECT_EQ(answer(ask(question("CAE2", 2, "cnt", "10.1.1.1"))), "1 1");
  EXPECT_EQ(answer(ask(question("/id-in/CAE2", 2, "cnt", "10.1.1.1"))), "1 1");
  EXPECT_EQ(answer(ask(question("CAE2", 2, "cnt", "192.0.2.1"))), "2 1") << "another network";
  EXPECT_EQ(answer(ask(question("CAE2", 4, "cnt", "10.1.1.1"))), "2 1") << "another operation";
  EXPECT_EQ(answer(ask(question("CAE2", 2, "nothing", "10.1.1.1"))), "0 2") << "NOT_APPLICABLE";
}

TEST_F(DecisionsTest, LeaveNothingBehind) {
  ask(question("CAE2", 2, "cnt", "10.1.1.1"));

  const Value kept = TestCse::attributes(node_.retrieve("CAdmin", "cse-in/t35"));
  for (const char* name : {"fr", "op", "to", "oip", "dec", "sus"})
    EXPECT_FALSE(kept.contains(name)) << name;
}

TEST_F(DecisionsTest, NeedAWholeQuestionAndNothingElse) {
  EXPECT_EQ(ask(Value::object({{"fr", "CAE2"}, {"to", "cnt"}})).rsc, Rsc::kBadRequest);
  Value mixed = question("CAE2", 2, "cnt", "10.1.1.1");
  mixed.set("lbl", Value::array({"l"}));
  EXPECT_EQ(ask(std::move(mixed)).rsc, Rsc::kBadRequest);
  EXPECT_EQ(ask(Value::object({{"lbl", Value::array({"l"})}})).rsc, Rsc::kUpdated);
}

// TS-0004 clause 7.4.44.2.3
TEST_F(DecisionsTest, TellThePoliciesThatGovernAResource) {
  const auto policies = [&](const char* to) {
    return TestCse::attributes(
        node_.update("CAdmin", "cse-in/t36", "m2m:aupy", Value::object({{"to", to}})));
  };

  const Value told = policies("cnt");
  EXPECT_EQ(told.integer_at("sus"), 1);
  EXPECT_EQ(told.integer_at("ca"), 1);
  ASSERT_NE(told.find("ps"), nullptr);
  EXPECT_NE(to_json(Content(*told.find("ps"))).find("10.0.0.0/8"), std::string::npos);
  EXPECT_EQ(policies("CAE1").integer_at("sus"), 2) << "no policy governs it";
  EXPECT_FALSE(TestCse::attributes(node_.retrieve("CAdmin", "cse-in/t36")).contains("ps"));
}

TEST_F(DecisionsTest, KeepInformationAsItIsWritten) {
  EXPECT_EQ(node_.update("CAdmin", "cse-in/t37", "m2m:auif", Value::object({{"fr", "CAE2"}})).rsc,
            Rsc::kUpdated);
  EXPECT_EQ(TestCse::attributes(node_.retrieve("CAdmin", "cse-in/t37")).string_at("fr"), "CAE2");
}

}  // namespace
}  // namespace gatehouse

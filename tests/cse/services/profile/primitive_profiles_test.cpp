#include "cse/services/profile/primitive_profiles.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using namespace type_number;
using testing::HasSubstr;

/// CAE1 has a container and a profile; requests go through the gate.
class PrimitiveProfilesTest : public testing::Test {
 protected:
  PrimitiveProfilesTest() : gate_(node_.cse(), node_.cse()) {
    node_.add_ae("CAE1");
    node_.put(kContainer, "cnt", "CAE1", Value::object());
  }

  Response make_profile(Value attributes) {
    attributes.set("rn", "profile");
    if (!attributes.contains("idl")) attributes.set("idl", Value::array({"CAE1"}));
    return node_.create("CAdmin", "cse-in", kPrimitiveProfile, std::move(attributes));
  }
  static Value addition(const char* name, Value value) {
    return Value::object({{"nm", name}, {"val", std::move(value)}});
  }

  Request instance(const char* from = "CAE1") {
    Request request =
        node_.create_request(from, "cse-in/cnt", kContentInstance, Value::object({{"con", "21"}}));
    request.other.set("prpi", "cse-in/profile");
    return request;
  }
  Response ask(Request request) {
    node_.start();
    request.request_identifier = "r1";
    request.release_version = "4";
    std::optional<Response> answer;
    gate_.handle(std::move(request),
                 [&answer](Response&& response) { answer = std::move(response); });
    node_.settle();
    EXPECT_TRUE(answer) << "no answer";
    return answer ? *std::move(answer) : Response{};
  }
  static std::string text_of(const Response& response) {
    const auto content = tree_of(response.content);
    return content ? content->string_at("m2m:dbg") : "";
  }

  TestCse node_;
  PrimitiveProfiles gate_;
};

TEST_F(PrimitiveProfilesTest, AddsParametersAndAttributesThatTheRequestLeavesOut) {
  ASSERT_EQ(
      make_profile(
          Value::object({{"adds", Value::array({addition("rcn", 2), addition("cnf", "text/plain:0"),
                                                addition("con", "never")})}}))
          .rsc,
      Rsc::kCreated);

  const Response made = ask(instance());

  ASSERT_EQ(made.rsc, Rsc::kCreated) << text_of(made);
  const auto content = tree_of(made.content);
  ASSERT_TRUE(content);
  const std::string address = content->string_at("m2m:uri");
  EXPECT_FALSE(address.empty()) << "rcn 2: the hierarchical address";
  const Value kept = TestCse::attributes(node_.retrieve("CAdmin", address));
  EXPECT_EQ(kept.string_at("cnf"), "text/plain:0");
  EXPECT_EQ(kept.string_at("con"), "21") << "what the request says stays";
}

TEST_F(PrimitiveProfilesTest, LeavesOutOfTheAnswerWhatItDeletes) {
  ASSERT_EQ(make_profile(
                Value::object({{"dels", Value::array({"lt", "et"})}, {"appl", Value::array({2})}}))
                .rsc,
            Rsc::kCreated);

  const Value shown = TestCse::attributes(ask(instance()));

  EXPECT_TRUE(shown.contains("ct"));
  EXPECT_FALSE(shown.contains("lt"));
  EXPECT_FALSE(shown.contains("et"));
}

TEST_F(PrimitiveProfilesTest, ActsOnlyWhereItsConditionsHold) {
  ASSERT_EQ(make_profile(Value::object({{"adds", Value::array({addition("rcn", 0)})},
                                        {"ops", Value::array({1})},
                                        {"rtys", Value::array({kContentInstance})},
                                        {"rsds", Value::array({"cse-in/cnt"})}}))
                .rsc,
            Rsc::kCreated);

  EXPECT_TRUE(ask(instance()).content.empty());
  Request read = TestCse::request(Operation::kRetrieve, "CAE1", "cse-in/cnt");
  read.other.set("prpi", "cse-in/profile");
  EXPECT_FALSE(ask(read).content.empty()) << "another operation";
  Request by_id = instance();
  by_id.to = TestCse::attributes(node_.retrieve("CAdmin", "cse-in/cnt")).string_at("ri");
  EXPECT_TRUE(ask(by_id).content.empty()) << "the same resource by its identifier";
  Request elsewhere = node_.create_request("CAE1", "CAE1", kContainer, Value::object());
  elsewhere.other.set("prpi", "cse-in/profile");
  EXPECT_FALSE(ask(elsewhere).content.empty()) << "another type, another target";
}

TEST_F(PrimitiveProfilesTest, BelongsToThoseInItsList) {
  node_.add_ae("CAE2");
  ASSERT_EQ(make_profile(Value::object({{"idl", Value::array({"/id-in/CAE1"})}})).rsc,
            Rsc::kCreated);

  EXPECT_EQ(ask(instance("CAE1")).rsc, Rsc::kCreated);
  const Response refused = ask(instance("CAE2"));
  EXPECT_EQ(refused.rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_THAT(text_of(refused), HasSubstr("IDList"));
}

TEST_F(PrimitiveProfilesTest, MustBeThere) {
  const Response refused = ask(instance());

  EXPECT_EQ(refused.rsc, Rsc::kNotFound);
  EXPECT_THAT(text_of(refused), HasSubstr("prpi (primitiveProfileID)"));
  EXPECT_EQ(ask(node_.create_request("CAE1", "cse-in/cnt", kContentInstance,
                                     Value::object({{"con", "1"}})))
                .rsc,
            Rsc::kCreated)
      << "without prpi no profile is looked for";
}

TEST_F(PrimitiveProfilesTest, MayNotSayWhoAsksWhat) {
  for (const char* name : {"op", "to", "fr", "rqi", "ty", "rvi", "prpi", "pc"}) {
    const Response added =
        make_profile(Value::object({{"adds", Value::array({addition(name, "x")})}}));
    EXPECT_EQ(added.rsc, Rsc::kBadRequest) << name;
    EXPECT_THAT(text_of(added), HasSubstr("adds (additions)"));
    const Response deleted = make_profile(Value::object({{"dels", Value::array({name})}}));
    EXPECT_EQ(deleted.rsc, Rsc::kBadRequest) << name;
    EXPECT_THAT(text_of(deleted), HasSubstr("dels (deletions)"));
  }
}

TEST_F(PrimitiveProfilesTest, ThatMakesNoPrimitiveIsNamedInTheRefusal) {
  ASSERT_EQ(make_profile(Value::object({{"adds", Value::array({addition("rcn", "many")})}})).rsc,
            Rsc::kCreated);

  const Response refused = ask(instance());

  EXPECT_EQ(refused.rsc, Rsc::kBadRequest);
  EXPECT_THAT(text_of(refused), HasSubstr("prpi (primitiveProfileID)"));
  EXPECT_THAT(text_of(refused), HasSubstr("rcn"));
}

}  // namespace
}  // namespace gatehouse

#include <gmock/gmock.h>

#include "cse/schema/releases.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using testing::HasSubstr;

CseSettings all_releases() {
  CseSettings settings;
  settings.release_versions = {"1", "2", "2a", "3", "4", "5"};
  return settings;
}

/// Requests as clients of any release send them. "-" is one without release version indicator.
class Releases : public testing::Test {
 protected:
  Releases() : node_(all_releases()) {}

  Response ask(Request request, const std::string& release) {
    // TestCse completes an absent one, so it goes the way of a binding.
    request.request_identifier = "r" + std::to_string(++count_);
    if (release != "-") request.release_version = release;
    node_.start();
    std::optional<Response> answer;
    node_.cse().handle(std::move(request), [&answer](Response r) { answer = std::move(r); });
    node_.settle();
    return answer.value_or(Response{});
  }
  Response create(int type, Value attributes, const std::string& release) {
    return ask(node_.create_request("CAdmin", "cse-in", type, std::move(attributes)), release);
  }
  Response retrieve(const std::string& to, const std::string& release, std::int64_t rcn = 1) {
    Request request = TestCse::request(Operation::kRetrieve, "CAdmin", to);
    request.result_content = rcn;
    return ask(std::move(request), release);
  }
  static Value content_of(const Response& response) {
    auto tree = tree_of(response.content);
    return tree ? *tree : Value();
  }

  TestCse node_;
  int count_ = 0;
};

Value container_with(std::string_view attribute, Value value) {
  return Value::object({{std::string(attribute), std::move(value)}});
}

struct UseCase {
  std::string name;
  int type;
  Value attributes;
  std::string release;
  Rsc rsc;
  std::string text;  ///< part of the refusal
};

class Use : public Releases, public testing::WithParamInterface<UseCase> {};

// TS-0001 clause 8.1.2: the release version indicator holds for the content.
TEST_P(Use, IsRefusedOnlyBeforeTheReleaseInWhichItCame) {
  const Response response = create(GetParam().type, GetParam().attributes, GetParam().release);

  EXPECT_EQ(response.rsc, GetParam().rsc) << TestCse::debug_text(response);
  EXPECT_THAT(TestCse::debug_text(response), HasSubstr(GetParam().text));
}

const Value kAction = *parse_json(
    R"({"evm":0,"evc":{"optr":1,"sbjt":"cni","thld":1},"orc":"cse-in","apv":{"op":2,"fr":"CAdmin","to":"cse-in","rqi":"1","rvi":"4"}})");

INSTANTIATE_TEST_SUITE_P(
    Rows, Use,
    testing::Values(
        UseCase{"attribute_of_4_in_4", 3, container_with("cstn", "CAdmin"), "4", Rsc::kCreated, ""},
        UseCase{"attribute_of_4_in_5", 3, container_with("cstn", "CAdmin"), "5", Rsc::kCreated, ""},
        UseCase{"attribute_of_4_in_3", 3, container_with("cstn", "CAdmin"), "3", Rsc::kBadRequest,
                "cstn (custodian): came with release 4, and the request is one of release 3"},
        UseCase{"attribute_of_2_in_2a", 3, container_with("disr", false), "2a", Rsc::kCreated, ""},
        UseCase{"attribute_of_2_in_1", 3, container_with("disr", false), "1", Rsc::kBadRequest,
                "disr (disableRetrieval): came with release 2"},
        UseCase{"attribute_of_2_without", 3, container_with("disr", false), "-", Rsc::kBadRequest,
                "the request is one of release 1"},
        UseCase{"attribute_of_1_in_1", 3, container_with("mni", 3), "1", Rsc::kCreated, ""},
        UseCase{"type_of_2_in_2", 26, Value::object({{"acn", 1}, {"plbl", "x"}}), "2",
                Rsc::kCreated, ""},
        UseCase{"type_of_2_in_1", 26, Value::object({{"acn", 1}, {"plbl", "x"}}), "1",
                Rsc::kBadRequest, "ty: <notificationTargetPolicy> came with release 2"},
        UseCase{"type_of_4_in_3", 65, kAction, "3", Rsc::kBadRequest,
                "ty: <action> came with release 4"},
        UseCase{"what_no_release_has", 3, container_with("nix", 1), "1", Rsc::kBadRequest,
                "nix: <container> has no such attribute"}),
    [](const auto& test) { return test.param.name; });

TEST_F(Releases, ServeAnUpdateOfAnEarlierReleaseLikewise) {
  ASSERT_EQ(create(3, Value::object({{"rn", "c"}}), "4").rsc, Rsc::kCreated);
  Request request = TestCse::request(Operation::kUpdate, "CAdmin", "cse-in/c");
  request.content = Value::object({{"m2m:cnt", container_with("cstn", "CAdmin")}});

  EXPECT_EQ(ask(request, "3").rsc, Rsc::kBadRequest);
  EXPECT_EQ(ask(request, "4").rsc, Rsc::kUpdated);
}

// TS-0001 table 9.6.5-2: supportedReleaseVersions is mandatory from Release 2 on.
TEST_F(Releases, NeedNothingOfAnAeThatCameLater) {
  const TypeSchema& ae = *node_.schemas().find(type_number::kAe);
  const Value attributes = Value::object({{"api", "Nx"}, {"rr", false}});

  EXPECT_TRUE(validate_create(ae, attributes, Release::k1));
  EXPECT_FALSE(validate_create(ae, attributes, Release::k2));
}

// TS-0001 clause 8.1.3
TEST_F(Releases, AreAnsweredWithoutWhatCameLater) {
  ASSERT_EQ(
      create(3,
             Value::object(
                 {{"rn", "c"}, {"cstn", "CAdmin"}, {"disr", false}, {"lbl", Value::array({"a"})}}),
             "4")
          .rsc,
      Rsc::kCreated);

  const Value newest = content_of(retrieve("cse-in/c", "4"));
  const Value third = content_of(retrieve("cse-in/c", "3"));
  const Value first = content_of(retrieve("cse-in/c", "1"));

  EXPECT_NE(newest.find("m2m:cnt")->find("cstn"), nullptr);
  EXPECT_EQ(third.find("m2m:cnt")->find("cstn"), nullptr);
  EXPECT_NE(third.find("m2m:cnt")->find("disr"), nullptr);
  EXPECT_EQ(first.find("m2m:cnt")->find("disr"), nullptr);
  EXPECT_NE(first.find("m2m:cnt")->find("lbl"), nullptr);
}

// m2m:resourceType is an enumeration of each release: <container>, <timeSeries>, <action>.
TEST_F(Releases, AreToldTheSupportedTypesThatTheyKnow) {
  const auto told = [this](const char* version) {
    const Value base = content_of(retrieve("cse-in", version));
    std::set<std::int64_t> types;
    for (const Value& type : *base.find("m2m:cb")->find("srt")->as_array()) {
      types.insert(*type.as_integer());
    }
    return types;
  };
  const auto newest = told("4"), third = told("3"), first = told("1");

  EXPECT_TRUE(newest.count(3) && newest.count(29) && newest.count(63));
  EXPECT_TRUE(third.count(3) && third.count(29) && !third.count(63));
  EXPECT_TRUE(first.count(3) && !first.count(29) && !first.count(63));
}

TEST_F(Releases, AreAnsweredWithTheChildrenTheyKnow) {
  ASSERT_EQ(create(3, Value::object({{"rn", "c"}, {"cstn", "CAdmin"}}), "4").rsc, Rsc::kCreated);
  ASSERT_EQ(create(26, Value::object({{"rn", "p"}, {"acn", 1}, {"plbl", "x"}}), "4").rsc,
            Rsc::kCreated);
  Value tree = Value::object(
      {{"m2m:cb",
        Value::object({{"m2m:cnt", Value::array({Value::object({{"rn", "c"}, {"cstn", "C"}})})},
                       {"m2m:ntp", Value::array({Value::object({{"rn", "p"}})})},
                       {"rn", "cse-in"}})}});

  leave_out_later(tree, node_.schemas(), Release::k1);

  const Value& base = *tree.find("m2m:cb");
  EXPECT_EQ(base.find("m2m:ntp"), nullptr) << "a type that Release 1 has not";
  EXPECT_EQ(base.find("m2m:cnt")->as_array()->front().find("cstn"), nullptr);
  EXPECT_NE(base.find("m2m:cnt")->as_array()->front().find("rn"), nullptr);
}

TEST_F(Releases, LeaveWhatAUserKeepsAsItIs) {
  const Value kept = Value::object({{"m2m:cnt", Value::object({{"cstn", "C"}, {"m2m:actr", 1}})}});
  Value content = Value::object({{"m2m:cin", Value::object({{"con", kept}, {"loc", "here"}})}});

  leave_out_later(content, node_.schemas(), Release::k1);

  EXPECT_EQ(content, Value::object({{"m2m:cin", Value::object({{"con", kept}})}}));
}

// TS-0004 clause 7.3.3.1: no release version indicator towards an entity of Release 1.
TEST_F(Releases, AreNamedInAnswersButToReleaseOne) {
  EXPECT_EQ(retrieve("cse-in", "3").release_version, "3");
  EXPECT_EQ(retrieve("cse-in", "5").release_version, "5");
  EXPECT_EQ(retrieve("cse-in", "1").release_version, std::nullopt);
  EXPECT_EQ(retrieve("cse-in", "-").release_version, std::nullopt);
}

// TS-0004 clause 7.3.2.1
TEST_F(Releases, ThatAreNotServedAreRefused) {
  TestCse node;  // serves 2a, 3 and 4
  for (const char* release : {"1", "2", "5", "6", "x", ""}) {
    Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
    request.release_version = release;
    const Response refused = node.ask(request);
    EXPECT_EQ(refused.rsc, Rsc::kReleaseVersionNotSupported) << release;
    EXPECT_THAT(TestCse::debug_text(refused), HasSubstr("this CSE supports 2a, 3, 4"));
  }
}

TEST(ReleaseTables, SayOfSpecialisationsOnlyWhatIsCommon) {
  static constexpr AttributeRule kOwn[] = {{"loc", "x", Need::kOptional, Need::kOptional, {}}};
  const TypeSchema module{
      .type = 28, .root = "cod:x", .name = "x", .rules = kOwn, .children = {}, .custom = kOwn};

  EXPECT_EQ(since(module, "loc"), Release::k2) << "the module's own";
  EXPECT_EQ(since(module, "fcied"), Release::k4);
  EXPECT_EQ(since(module), Release::k2);
}

TEST(ReleaseTables, FindWhatMayBeLaterInAText) {
  EXPECT_TRUE(may_hold_later(R"({"m2m:cnt":{"rn":"c","cstn":"C"}})", Release::k3));
  EXPECT_TRUE(may_hold_later(R"({"m2m:cb":{"m2m:actr":[{"rn":"a"}]}})", Release::k3));
  EXPECT_FALSE(may_hold_later(R"({"m2m:cnt":{"rn":"c","disr":true}})", Release::k3));
  EXPECT_TRUE(may_hold_later(R"({"m2m:cnt":{"rn":"c","disr":true}})", Release::k1));
  EXPECT_FALSE(may_hold_later(R"({"m2m:cnt":{"cstn":"C"}})", Release::k4));
  EXPECT_FALSE(may_hold_later("\":", Release::k1));
}

}  // namespace
}  // namespace gatehouse

#include "bindings/mqtt/topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse::mqtt {
namespace {

using testing::ElementsAre;

struct TopicCase {
  std::string name, text, prefix;
  Topic topic;
};
class TopicText : public testing::TestWithParam<TopicCase> {};

// TS-0010 clauses 6.4.2, 6.4.3, 6.5
TEST_P(TopicText, ReadsAndWritesTheSame) {
  const Result<Topic> parsed = parse_topic(GetParam().text, GetParam().prefix);

  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(*parsed, GetParam().topic);
  EXPECT_EQ(to_text(*parsed, GetParam().prefix), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, TopicText,
    testing::Values(TopicCase{"request",
                              "/oneM2M/req/CAE1/id-in/json",
                              "",
                              {TopicKind::kRequest, "CAE1", "id-in", "json"}},
                    TopicCase{"response",
                              "/oneM2M/resp/id-mn:CAE1/id-in/cbor",
                              "",
                              {TopicKind::kResponse, "id-mn:CAE1", "id-in", "cbor"}},
                    TopicCase{"other_service_provider",
                              "/oneM2M/req/:sp.example:id-in/id-mn/xml",
                              "",
                              {TopicKind::kRequest, ":sp.example:id-in", "id-mn", "xml"}},
                    TopicCase{"registration",
                              "/oneM2M/reg_req/10-abc@maker/id-mn/json",
                              "",
                              {TopicKind::kRegistrationRequest, "10-abc@maker", "id-mn", "json"}},
                    TopicCase{"registered",
                              "/oneM2M/reg_resp/anything/id-mn/json",
                              "",
                              {TopicKind::kRegistrationResponse, "anything", "id-mn", "json"}},
                    TopicCase{"under_a_prefix",
                              "abc/def/oneM2M/req/CAE1/id-in/json",
                              "abc/def",
                              {TopicKind::kRequest, "CAE1", "id-in", "json"}}),
    [](const auto& row) { return row.param.name; });

class BadTopic : public testing::TestWithParam<std::string> {};

TEST_P(BadTopic, IsRefused) {
  const Result<Topic> parsed = parse_topic(GetParam());

  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().rsc, Rsc::kBadRequest);
  EXPECT_TRUE(parsed.error().detail.starts_with("topic: ")) << parsed.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    Texts, BadTopic,
    testing::Values("", "/", "/oneM2M/", "/oneM2M/req", "/oneM2M/req/CAE1/id-in",
                    "/oneM2M/req/CAE1/id-in/json/more", "oneM2M/req/CAE1/id-in/json",
                    "/onem2m/req/CAE1/id-in/json", "/oneM2M/REQ/CAE1/id-in/json",
                    "/oneM2M/req//id-in/json", "/oneM2M/req/CAE1//json", "/oneM2M/req/CAE1/id-in/",
                    "/oneM2M/req/CAE1/id-in/yaml", "/oneM2M/req/C AE/id-in/json",
                    "/oneM2M/req/id-mn:/id-in/json", "/oneM2M/req/id-mn::C/id-in/json",
                    "/oneM2M/req/:/id-in/json", "/oneM2M/req/+/id-in/json",
                    "/oneM2M/req/CAE1/#/json", "/oneM2M/reg_req//id-in/json",
                    "/oneM2M/reg_req/a#b/id-in/json", "/oneM2M/reg_req/a b/id-in/json",
                    "/oneM2M/req/" + std::string(1025, 'x') + "/id-in/json",
                    "/oneM2M/req/" + std::string(5000, 'x') + "/id-in/json",
                    std::string("/oneM2M/req/C") + '\0' + "E/id-in/json"));

struct FormCase {
  std::string id, topic_id;
};
class TopicForm : public testing::TestWithParam<FormCase> {};

// TS-0010 clause 6.4.2: without the leading '/', other '/' become ':'
TEST_P(TopicForm, ConvertsBothWays) {
  EXPECT_EQ(topic_form(GetParam().id), GetParam().topic_id);
  EXPECT_EQ(id_of_topic_form(GetParam().topic_id), GetParam().id);
}
INSTANTIATE_TEST_SUITE_P(Ids, TopicForm,
                         testing::Values(FormCase{"CAE1", "CAE1"}, FormCase{"SAE1", "SAE1"},
                                         FormCase{"/id-mn", "id-mn"},
                                         FormCase{"/id-mn/CAE1", "id-mn:CAE1"},
                                         FormCase{"//sp.example/id-in", ":sp.example:id-in"},
                                         FormCase{"//sp/id-in/C1", ":sp:id-in:C1"}));

TEST(TopicFilter, ListensForWhatIsMeantForUs) {
  EXPECT_EQ(filter_for(TopicKind::kRequest, "id-in"), "/oneM2M/req/+/id-in/#");
  EXPECT_EQ(filter_for(TopicKind::kResponse, "id-in"), "/oneM2M/resp/id-in/#");
  EXPECT_EQ(filter_for(TopicKind::kRegistrationRequest, "id-in"), "/oneM2M/reg_req/+/id-in/#");
  EXPECT_EQ(filter_for(TopicKind::kRegistrationResponse, "cred"), "/oneM2M/reg_resp/cred/#");
  EXPECT_EQ(filter_for(TopicKind::kRequest, "id-in", "a/b"), "a/b/oneM2M/req/+/id-in/#");
}

TEST(TopicIdentities, AreAllFormsInWhichFromMayNameTheSender) {
  EXPECT_THAT(identities_of("CAE1", "/id-mn"), ElementsAre("CAE1", "/id-mn/CAE1"));
  EXPECT_THAT(identities_of("id-mn:CAE1", "/id-mn"), ElementsAre("/id-mn/CAE1", "CAE1"));
  EXPECT_THAT(identities_of("id-mn:CAE1", "/id-in"), ElementsAre("/id-mn/CAE1"));
  EXPECT_THAT(identities_of("id-mn", "/id-in"), ElementsAre("/id-mn"));
  EXPECT_THAT(identities_of("CAE1", ""), ElementsAre("CAE1"));
}

TEST(TopicCsePart, IsTheCseOfAnId) {
  EXPECT_EQ(cse_part("/id-mn"), "/id-mn");
  EXPECT_EQ(cse_part("/id-mn/CAE1"), "/id-mn");
  EXPECT_EQ(cse_part("//sp/id-mn/CAE1"), "//sp/id-mn");
  EXPECT_EQ(cse_part("//sp"), "");
  EXPECT_EQ(cse_part("CAE1"), "");
}

struct OriginCase {
  std::string name, topic_originator, from;
  bool allowed;
};
class Originator : public testing::TestWithParam<OriginCase> {};

TEST_P(Originator, AgreesWithTheTopicOrIsRefused) {
  EXPECT_EQ(may_originate(GetParam().topic_originator, GetParam().from, "/id-in"),
            GetParam().allowed);
}
INSTANTIATE_TEST_SUITE_P(
    AtIdIn, Originator,
    testing::Values(OriginCase{"ae_itself", "CAE1", "CAE1", true},
                    OriginCase{"ae_in_long_form", "CAE1", "/id-in/CAE1", true},
                    OriginCase{"ae_by_long_topic", "id-in:CAE1", "CAE1", true},
                    OriginCase{"other_ae", "CAE1", "CAE2", false},
                    OriginCase{"longer_name", "CAE1", "CAE11", false},
                    OriginCase{"admin", "CAE1", "CAdmin", false},
                    OriginCase{"absent", "CAE1", "", false},
                    OriginCase{"ae_as_cse", "CAE1", "/id-mn", false},
                    OriginCase{"ae_of_other_cse", "id-mn:CAE1", "/id-mn/CAE1", true},
                    OriginCase{"its_stem_is_somebody_here", "id-mn:CAE1", "CAE1", false},
                    OriginCase{"ae_as_its_cse", "id-mn:CAE1", "/id-mn", false},
                    OriginCase{"cse_itself", "id-mn", "/id-mn", true},
                    OriginCase{"cse_forwards_for_its_ae", "id-mn", "/id-mn/CAE1", true},
                    OriginCase{"cse_forwards_for_a_registree", "id-mn", "/id-asn/CAE7", true},
                    OriginCase{"cse_forwards_from_afar", "id-mn", "//sp2/id-x/C1", true},
                    OriginCase{"cse_without_slash", "id-mn", "id-mn", false},
                    OriginCase{"cse_with_a_stem", "id-mn", "CAdmin", false},
                    OriginCase{"cse_as_us", "id-mn", "/id-in", false},
                    OriginCase{"cse_as_our_admin", "id-mn", "/id-in/CAdmin", false},
                    OriginCase{"we_ourselves", "id-in", "/id-in/CAdmin", true}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace gatehouse::mqtt

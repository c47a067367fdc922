#include <gmock/gmock.h>

#include "bindings/http/mapping.h"

namespace gatehouse::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReadRequest : public testing::Test {
 protected:
  Incoming read(std::string_view method, std::string_view target,
                std::vector<HeaderField> headers = {}, std::string_view body = {}) {
    headers.push_back({"X-M2M-RI", "r1"});
    return read_request({method, target, &headers, body}, codecs_);
  }
  Codecs codecs_ = standard_codecs();
};

// TS-0009 clause 6.2.2.1
TEST_F(ReadRequest, TakesTheAddressFromThePath) {
  const std::pair<const char*, const char*> cases[] = {
      {"/cse-in/ae/cnt", "cse-in/ae/cnt"},
      {"/~/id-mn/cse-mn/x", "/id-mn/cse-mn/x"},
      {"/_/sp.example/id-mn/x", "//sp.example/id-mn/x"},
      {"/", ""},
      {"http://host:8080/cse-in", "cse-in"},
      {"http://host", ""},
      {"/cse-in/a%2Db", "cse-in/a-b"},
  };
  for (const auto& [target, to] : cases) {
    const Incoming in = read("GET", target);
    EXPECT_FALSE(in.refusal) << target;
    EXPECT_EQ(in.request.to, to) << target;
  }
}

// TS-0009 clause 6.2.2.2; a SPARQL query has several lines
TEST_F(ReadRequest, TakesLineBreaksInASemanticsFilter) {
  const Incoming in = read("GET", "/a?smf=SELECT%0A%09?x%0D%0AWHERE%20{}");

  EXPECT_FALSE(in.refusal);
  EXPECT_THAT(in.request.filter->semantics_filters, ElementsAre("SELECT\n\t?x\r\nWHERE {}"));
}

// TS-0009 clause 6.2.1
TEST_F(ReadRequest, TellsTheOperationByMethodAndType) {
  EXPECT_EQ(read("GET", "/a").request.operation, Operation::kRetrieve);
  EXPECT_EQ(read("PUT", "/a").request.operation, Operation::kUpdate);
  EXPECT_EQ(read("DELETE", "/a").request.operation, Operation::kDelete);
  EXPECT_EQ(read("POST", "/a").request.operation, Operation::kNotify);
  const Incoming create =
      read("POST", "/a", {{"content-type", "application/json; charset=utf-8; ty=4"}});
  EXPECT_EQ(create.request.operation, Operation::kCreate);
  EXPECT_EQ(create.request.resource_type, 4);
}

// TS-0009 clause 6.4
TEST_F(ReadRequest, ReadsEveryHeaderField) {
  const Incoming in = read("GET", "/a",
                           {{"x-m2m-origin", "CAE1"},
                            {"X-M2M-RVI", "3"},
                            {"X-M2M-OT", "20261121T120000"},
                            {"X-M2M-RET", "5000"},
                            {"X-M2M-RST", "6000"},
                            {"X-M2M-OET", "7000"},
                            {"X-M2M-EC", "2"},
                            {"X-M2M-GID", "g1"},
                            {"X-M2M-VSI", "v"},
                            {"X-M2M-RTU", "http://a/n&CAE2"},
                            {"X-M2M-GTM", "m1+m2"},
                            {"X-M2M-AS", "s1+s2"},
                            {"X-M2M-OMR", "o"},
                            {"X-M2M-PRPI", "p"},
                            {"X-M2M-MSU", "u"},
                            {"Authorization", "t1+t2"},
                            {"X-M2M-Unknown", "ignored"}});
  ASSERT_FALSE(in.refusal);
  const Request& r = in.request;
  EXPECT_EQ(r.request_identifier, "r1");
  EXPECT_EQ(r.from, "CAE1");
  EXPECT_EQ(r.release_version, "3");
  EXPECT_EQ(r.originating_timestamp, "20261121T120000");
  EXPECT_EQ(r.request_expiration, "5000");
  EXPECT_EQ(r.result_expiration, "6000");
  EXPECT_EQ(r.operation_execution_time, "7000");
  EXPECT_EQ(r.event_category, 2);
  EXPECT_EQ(r.group_request_identifier, "g1");
  EXPECT_EQ(r.vendor_information, "v");
  EXPECT_THAT(r.notification_uris.value(), ElementsAre("http://a/n", "CAE2"));
  EXPECT_THAT(r.group_request_target_members, ElementsAre("m1", "m2"));
  EXPECT_THAT(r.other.strings_at("aus"), ElementsAre("s1", "s2"));
  EXPECT_THAT(r.other.strings_at("tkns"), ElementsAre("t1", "t2"));
  EXPECT_EQ(r.other.string_at("omr"), "o");
  EXPECT_EQ(r.other.string_at("prpi"), "p");
  EXPECT_EQ(r.other.string_at("msu"), "u");
}

// TS-0004 clause 6.2.3
TEST_F(ReadRequest, ReadsAnAttributeBehindTheAddress) {
  for (const char* target : {"/~/id-in/cse-in/a#lbl", "/~/id-in/cse-in/a%23lbl?rcn=1"}) {
    const Incoming in = read("GET", target);
    ASSERT_FALSE(in.refusal) << target << ": " << in.refusal->detail;
    EXPECT_EQ(in.request.to, "/id-in/cse-in/a");
    EXPECT_THAT(in.request.attribute_list, ElementsAre("lbl"));
  }
  for (const char* target : {"/a#", "/a#lbl?atrl=ri"}) {
    EXPECT_TRUE(read("GET", target).refusal) << target;
  }
}

// TS-0009 table 6.2.2.2-1
TEST_F(ReadRequest, ReadsEveryQueryParameter) {
  const Incoming in = read(
      "GET",
      "/a?rcn=6&drt=2&rt=3&rp=PT10S&da=1&atrl=ri+lbl&rids=x+y&tids=t&ltids=l&tqi=true&asi=0&auri=1"
      "&sqi=false&fu=1&ty=2+3&ty=4&lbl=a+b%20c&lim=5&lvl=2&ofst=1&fo=2&crb=20260101T000000"
      "&cra=20250101T000000&ms=a&us=b&sts=7&stb=8&exb=c&exa=d&sza=9&szb=10&cty=text%2Fplain&smf=q%"
      "20r"
      "&cfs=1&cfq=f&lbq=z&clbl=k&palb=p&chty=3&pty=2&arp=x%2Fla&gmty=1&geom=g&gsf=2&ops=1+2");
  ASSERT_FALSE(in.refusal) << in.refusal->detail;
  const Request& r = in.request;
  EXPECT_EQ(r.result_content, 6);
  EXPECT_EQ(r.desired_identifier_result_type, 2);
  EXPECT_EQ(r.response_type, 3);
  EXPECT_EQ(r.result_persistence, "PT10S");
  EXPECT_EQ(r.delivery_aggregation, true);
  EXPECT_THAT(r.attribute_list, ElementsAre("ri", "lbl"));
  EXPECT_EQ(r.other, Value::object({{"rids", Value::array({"x", "y"})},
                                    {"tids", Value::array({"t"})},
                                    {"ltids", Value::array({"l"})},
                                    {"tqi", true},
                                    {"asi", false},
                                    {"auri", true},
                                    {"sqi", false}}));
  FilterCriteria wanted;
  wanted.filter_usage = 1;
  wanted.resource_types = {2, 3, 4};
  wanted.labels = {"a", "b c"};
  wanted.limit = 5;
  wanted.level = 2;
  wanted.offset = 1;
  wanted.filter_operation = 2;
  wanted.created_before = "20260101T000000";
  wanted.created_after = "20250101T000000";
  wanted.modified_since = "a";
  wanted.unmodified_since = "b";
  wanted.state_tag_smaller = 7;
  wanted.state_tag_bigger = 8;
  wanted.expire_before = "c";
  wanted.expire_after = "d";
  wanted.size_above = 9;
  wanted.size_below = 10;
  wanted.content_types = {"text/plain"};
  wanted.semantics_filters = {"q r"};
  wanted.content_filter_syntax = 1;
  wanted.content_filter_query = "f";
  wanted.labels_query = "z";
  wanted.child_labels = {"k"};
  wanted.parent_labels = {"p"};
  wanted.child_resource_types = {3};
  wanted.parent_resource_types = {2};
  wanted.apply_relative_path = "x/la";
  wanted.geometry_type = 1;
  wanted.geometry = "g";
  wanted.geo_spatial_function = 2;
  wanted.operations = {1, 2};
  EXPECT_EQ(r.filter.value(), wanted);
}

TEST_F(ReadRequest, TakesOtherShortNamesAsAttributeConditions) {
  const Incoming in = read("GET", "/a?rn=te%2Bst*&c.cnf=text&p.cr=C+1&curT0=5");
  ASSERT_FALSE(in.refusal);
  EXPECT_THAT(in.request.filter->attributes,
              ElementsAre(AttributeCondition{"rn", "te+st*"}, AttributeCondition{"curT0", "5"}));
  EXPECT_THAT(in.request.filter->child_attributes, ElementsAre(AttributeCondition{"cnf", "text"}));
  EXPECT_THAT(in.request.filter->parent_attributes, ElementsAre(AttributeCondition{"cr", "C 1"}));
}

TEST_F(ReadRequest, HasNoFilterWithoutCriteria) {
  EXPECT_FALSE(read("GET", "/a?rcn=4").request.filter.has_value());
  EXPECT_FALSE(read("GET", "/a?").request.filter.has_value());
}

struct RefusalCase {
  std::string name, method, target;
  std::vector<HeaderField> headers;
  std::string body;
  Rsc rsc;
  std::string names;
};
class Refusals : public ReadRequest, public testing::WithParamInterface<RefusalCase> {};

TEST_P(Refusals, NameWhatIsWrongAndKeepTheIdentifier) {
  const RefusalCase& c = GetParam();
  const Incoming in = read(c.method, c.target, c.headers, c.body);
  ASSERT_TRUE(in.refusal);
  EXPECT_EQ(in.refusal->rsc, c.rsc);
  EXPECT_THAT(in.refusal->detail, HasSubstr(c.names));
  EXPECT_EQ(in.request.request_identifier, "r1");
  EXPECT_NE(in.answer.codec, nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    testing::Values(
        RefusalCase{"number", "GET", "/a?rcn=x", {}, "", Rsc::kBadRequest, "rcn"},
        RefusalCase{"number_too_long",
                    "GET",
                    "/a?lim=99999999999999999999",
                    {},
                    "",
                    Rsc::kBadRequest,
                    "lim"},
        RefusalCase{"number_list", "GET", "/a?ty=2+x", {}, "", Rsc::kBadRequest, "ty"},
        RefusalCase{"boolean", "GET", "/a?da=maybe", {}, "", Rsc::kBadRequest, "da"},
        RefusalCase{"twice", "GET", "/a?rcn=1&rcn=2", {}, "", Rsc::kBadRequest, "rcn"},
        RefusalCase{"no_value", "GET", "/a?rcn", {}, "", Rsc::kBadRequest, "rcn"},
        RefusalCase{"empty_list", "GET", "/a?lbl=", {}, "", Rsc::kBadRequest, "lbl"},
        RefusalCase{"key", "GET", "/a?Foo-Bar=1", {}, "", Rsc::kBadRequest, "Foo-Bar"},
        RefusalCase{"atr", "GET", "/a?atr=x,y", {}, "", Rsc::kBadRequest, "atr"},
        RefusalCase{"escape", "GET", "/a?cfq=%4", {}, "", Rsc::kBadRequest, "cfq"},
        RefusalCase{"control", "GET", "/a?cfq=%0A", {}, "", Rsc::kBadRequest, "cfq"},
        RefusalCase{"path_escape", "GET", "/a%zz", {}, "", Rsc::kBadRequest, "request target"},
        RefusalCase{"asterisk", "GET", "*", {}, "", Rsc::kBadRequest, "request target"},
        RefusalCase{
            "header_number", "GET", "/a", {{"X-M2M-EC", "high"}}, "", Rsc::kBadRequest, "X-M2M-EC"},
        RefusalCase{"two_origins",
                    "GET",
                    "/a",
                    {{"X-M2M-Origin", "C1"}, {"X-M2M-Origin", "C2"}},
                    "",
                    Rsc::kBadRequest,
                    "X-M2M-Origin"},
        RefusalCase{"ty",
                    "POST",
                    "/a",
                    {{"Content-Type", "application/json;ty=cnt"}},
                    "{}",
                    Rsc::kBadRequest,
                    "ty"},
        RefusalCase{"method", "PATCH", "/a", {}, "", Rsc::kOperationNotAllowed, "method"},
        RefusalCase{"media_type",
                    "PUT",
                    "/a",
                    {{"Content-Type", "text/html"}},
                    "x",
                    Rsc::kUnsupportedMediaType,
                    "Content-Type"},
        RefusalCase{
            "no_media_type", "PUT", "/a", {}, "{}", Rsc::kUnsupportedMediaType, "Content-Type"},
        RefusalCase{"accept",
                    "GET",
                    "/a",
                    {{"Accept", "text/html, image/png"}},
                    "",
                    Rsc::kNotAcceptable,
                    "Accept"},
        RefusalCase{"accept_nothing",
                    "GET",
                    "/a",
                    {{"Accept", "application/json;q=0"}},
                    "",
                    Rsc::kNotAcceptable,
                    "Accept"},
        RefusalCase{
            "json", "PUT", "/a", {{"Content-Type", "application/json"}}, "{", Rsc::kBadRequest, ""},
        RefusalCase{"no_object",
                    "PUT",
                    "/a",
                    {{"Content-Type", "application/json"}},
                    "[1]",
                    Rsc::kBadRequest,
                    "body"}),
    [](const auto& test) { return test.param.name; });

// What a dialect may forgive is refused behind the binding, not by it.
TEST_F(ReadRequest, LeavesAMissingIdentifierAndAMisplacedTypeToTheCore) {
  const std::vector<HeaderField> headers = {{"Content-Type", "application/json;ty=3"}};

  const Incoming in = read_request({"PUT", "/a", &headers, "{}"}, codecs_);

  ASSERT_FALSE(in.refusal) << in.refusal->detail;
  EXPECT_EQ(in.request.request_identifier, "");
  EXPECT_EQ(in.request.resource_type, 3);
}

TEST_F(ReadRequest, ReadsTheBodyInPlainAndVendorTypes) {
  for (const char* type :
       {"application/json", "application/vnd.onem2m-res+json", "Application/JSON"}) {
    const Incoming in = read("PUT", "/a", {{"Content-Type", type}}, R"({"m2m:cnt":{"mni":1}})");
    ASSERT_FALSE(in.refusal) << type;
    EXPECT_EQ(in.request.content.value(),
              Value::object({{"m2m:cnt", Value::object({{"mni", 1}})}}));
  }
}

TEST(Negotiate, HeedsQualityAndWildcards) {
  const Codecs codecs = standard_codecs();
  const Codec& json = codecs.preferred();
  for (const char* accept : {"", "*/*", "application/*", "text/html,*/*;q=0.1", "application/json",
                             "application/nothing;q=1, application/json;q=0.5"}) {
    EXPECT_EQ(negotiate(accept, codecs, json).codec, &json) << accept;
  }
  EXPECT_TRUE(negotiate("application/vnd.onem2m-res+json", codecs, json).vendor_type);
  EXPECT_FALSE(negotiate("application/json", codecs, json).vendor_type);
  EXPECT_EQ(negotiate("text/plain", codecs, json).codec, nullptr);
}

TEST(BearerToken, IsOneToken) {
  const Codecs codecs = standard_codecs();
  const std::vector<HeaderField> bearer = {{"X-M2M-RI", "1"}, {"Authorization", "Bearer abc"}};
  const std::vector<HeaderField> basic = {{"X-M2M-RI", "1"}, {"Authorization", "Basic abc"}};
  EXPECT_THAT(read_request({"GET", "/a", &bearer, ""}, codecs).request.other.strings_at("tkns"),
              ElementsAre("abc"));
  EXPECT_FALSE(read_request({"GET", "/a", &basic, ""}, codecs).request.other.contains("tkns"));
}

}  // namespace
}  // namespace gatehouse::http

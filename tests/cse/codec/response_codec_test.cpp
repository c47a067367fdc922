#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

using testing::StartsWith;

Result<Response> read(std::string_view text) {
  return response_from_value(parse_json(text).value());
}

/// Another serialisation: it has no use for JSON text.
class TreeCodec final : public Codec {
 public:
  std::string_view name() const override { return "tree"; }
  Result<Value> decode(std::string_view, const DecodeLimits&) const override { return Value(); }
  std::string encode(const Value& value) const override { return "tree:" + to_json(value); }
  std::string encode(const Content& content) const override { return encode(*tree_of(content)); }
};

Response full_response() {
  Response response;
  response.rsc = Rsc::kCreated;
  response.request_identifier = "r\"1";
  response.release_version = "3";
  response.to = "CA";
  response.from = "/id-in";
  response.originating_timestamp = "20261121T120000";
  response.result_expiration = "5000";
  response.event_category = 2;
  response.content_status = 1;
  response.content_offset = 7;
  response.vendor_information = "v";
  response.signatures_requested = false;
  return response;
}
const std::string kFullText =
    R"({"rsc":2001,"rqi":"r\"1","rvi":"3","to":"CA","fr":"/id-in","ot":"20261121T120000",)"
    R"("rset":"5000","ec":2,"cnst":1,"cnot":7,"vsi":"v","asri":false,"pc":{"m2m:cnt":{"rn":"c"}}})";
const std::string kContentText = R"({"m2m:cnt":{"rn":"c"}})";

// TS-0004 table 7.1.2-1
TEST(ResponseCodec, RoundTripsEveryParameter) {
  const Result<Response> response = read(kFullText);

  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(to_value(*response), *parse_json(kFullText));
  EXPECT_EQ(encode_response(*response, JsonCodec()), kFullText);
  EXPECT_EQ(response->rsc, Rsc::kCreated);
  EXPECT_EQ(response->content_offset, 7);
}

TEST(ResponseCodec, SplicesReadyMadeTextAsItStands) {
  Response response = full_response();
  // Not JSON on purpose: that it comes through shows that nobody read it.
  response.content = Content::from_json(std::make_shared<const std::string>("{as it stands}"));

  const std::string text = encode_response(response, JsonCodec());

  EXPECT_EQ(text.substr(text.find("\"pc\":")), "\"pc\":{as it stands}}");
}

TEST(ResponseCodec, GivesTheSameFromTreeAndFromText) {
  Response from_tree = full_response(), from_text = full_response();
  from_tree.content = *parse_json(kContentText);
  from_text.content = Content::from_json(std::make_shared<const std::string>(kContentText));

  EXPECT_EQ(encode_response(from_tree, JsonCodec()), kFullText);
  EXPECT_EQ(encode_response(from_text, JsonCodec()), kFullText);
  EXPECT_EQ(encode_response(from_text, TreeCodec()), "tree:" + kFullText);
}

TEST(ResponseCodec, WithoutContentWritesNone) {
  Response response;
  response.request_identifier = "r";

  EXPECT_EQ(encode_response(response, JsonCodec()), R"({"rsc":2000,"rqi":"r"})");
}

TEST(ResponseCodec, AcceptsWholeFloatsTheWrapperAndUnknownMembers) {
  const Result<Response> response =
      read(R"({"m2m:rsp":{"rsc":2000.0,"rqi":"r","cnst":2.0,"tqf":{"x":1},"pc":{}}})");

  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->rsc, Rsc::kOk);
  EXPECT_EQ(response->content_status, 2);
  EXPECT_TRUE(response->content.empty());
}

struct RefusalCase {
  std::string name;
  std::string text;
  std::string reason;
};
class ResponseShape : public testing::TestWithParam<RefusalCase> {};
TEST_P(ResponseShape, IsRefusedByName) {
  const Result<Response> response = read(GetParam().text);

  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().detail, StartsWith(GetParam().reason));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, ResponseShape,
    testing::Values(
        RefusalCase{"list", "[]", "response primitive: must be an object"},
        RefusalCase{"no_rsc", R"({"rqi":"r"})", "rsc: is missing"},
        RefusalCase{"no_rqi", R"({"rsc":2000})", "rqi: is missing"},
        RefusalCase{"rsc_text", R"({"rsc":"2000","rqi":"r"})", "rsc: must be an integer"},
        RefusalCase{"rsc_fraction", R"({"rsc":2000.5,"rqi":"r"})", "rsc: must be an integer"},
        RefusalCase{"rsc_short", R"({"rsc":200,"rqi":"r"})", "rsc: must be a response status"},
        RefusalCase{"rsc_long", R"({"rsc":70000,"rqi":"r"})", "rsc: must be a response status"},
        RefusalCase{"rsc_vast", R"({"rsc":1e300,"rqi":"r"})", "rsc: must be an integer"},
        RefusalCase{"rqi", R"({"rsc":2000,"rqi":1})", "rqi: must be a string"},
        RefusalCase{"rvi", R"({"rsc":2000,"rqi":"r","rvi":3})", "rvi: must be a string"},
        RefusalCase{"to", R"({"rsc":2000,"rqi":"r","to":1})", "to: must be a string"},
        RefusalCase{"fr", R"({"rsc":2000,"rqi":"r","fr":[]})", "fr: must be a string"},
        RefusalCase{"ot", R"({"rsc":2000,"rqi":"r","ot":1})", "ot: must be a string"},
        RefusalCase{"rset", R"({"rsc":2000,"rqi":"r","rset":true})", "rset: must be a timestamp"},
        RefusalCase{"ec", R"({"rsc":2000,"rqi":"r","ec":"2"})", "ec: must be an integer"},
        RefusalCase{"cnst", R"({"rsc":2000,"rqi":"r","cnst":"1"})", "cnst: must be an integer"},
        RefusalCase{"cnot", R"({"rsc":2000,"rqi":"r","cnot":1.5})", "cnot: must be an integer"},
        RefusalCase{"vsi", R"({"rsc":2000,"rqi":"r","vsi":{}})", "vsi: must be a string"},
        RefusalCase{"pc", R"({"rsc":2000,"rqi":"r","pc":"x"})", "pc: must be an object"}),
    [](const auto& each) { return each.param.name; });

TEST(ResponseCodec, TreatsReadyMadeTextThatIsNoJsonAsABug) {
  Response response;
  response.content = Content::from_json(std::make_shared<const std::string>("{"));

  EXPECT_THROW(to_value(response), std::logic_error);
}

}  // namespace
}  // namespace gatehouse

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A valid request with one more member.
std::string with(std::string_view member) {
  std::string text = R"({"op":2,"to":"cse-in/c","fr":"CA","rqi":"r1")";
  if (!member.empty()) text += "," + std::string(member);
  return text + "}";
}

Result<Request> read(std::string_view text) { return request_from_value(parse_json(text).value()); }

struct MemberCase {
  std::string name;
  std::string member;
};
std::string name_of_case(const testing::TestParamInfo<MemberCase>& info) { return info.param.name; }

// TS-0004 table 7.1.1-1, table 8.2.2-1
class RequestParameter : public testing::TestWithParam<MemberCase> {};
TEST_P(RequestParameter, RoundTrips) {
  const Value sent = parse_json(with(GetParam().member)).value();

  const Result<Request> request = request_from_value(sent);

  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(to_value(*request), sent) << to_json(to_value(*request));
}
INSTANTIATE_TEST_SUITE_P(
    Each, RequestParameter,
    testing::Values(
        MemberCase{"none", ""}, MemberCase{"rvi", R"("rvi":"3")"}, MemberCase{"ty", R"("ty":4)"},
        MemberCase{"pc", R"("pc":{"m2m:cin":{"con":{"x":[1,2.5,null]}}})"},
        MemberCase{"pc_atrl", R"("pc":{"m2m:atrl":["ri","lbl"]})"}, MemberCase{"rcn", R"("rcn":0)"},
        MemberCase{"rtv", R"("rt":{"rtv":2})"},
        MemberCase{"nu", R"("rt":{"rtv":2,"nu":["http://h/","CA"]})"},
        MemberCase{"nu_empty", R"("rt":{"rtv":2,"nu":[]})"}, MemberCase{"drt", R"("drt":2)"},
        MemberCase{"ot", R"("ot":"20261121T120000")"}, MemberCase{"rqet", R"("rqet":"5000")"},
        MemberCase{"rset", R"("rset":"20261121T120000,5")"}, MemberCase{"oet", R"("oet":"-1")"},
        MemberCase{"rp", R"("rp":"60000")"}, MemberCase{"ec", R"("ec":4)"},
        MemberCase{"da", R"("da":false)"}, MemberCase{"gid", R"("gid":"g1")"},
        MemberCase{"grtm", R"("grtm":["a","b"])"}, MemberCase{"vsi", R"("vsi":"x")"},
        MemberCase{"rids", R"("rids":["1@a.b"])"}, MemberCase{"tkns", R"("tkns":["e.y.J"])"},
        MemberCase{"tids", R"("tids":["t@a.b"])"}, MemberCase{"ltids", R"("ltids":["l"])"},
        MemberCase{"tqi", R"("tqi":true)"}, MemberCase{"asi", R"("asi":true)"},
        MemberCase{"aus", R"("aus":["QUJD"])"}, MemberCase{"auri", R"("auri":false)"},
        MemberCase{"sqi", R"("sqi":true)"}, MemberCase{"omr", R"("omr":["m"])"},
        MemberCase{"prpi", R"("prpi":"p")"}, MemberCase{"msu", R"("msu":"u")"},
        MemberCase{"fc_empty", R"("fc":{})"},
        MemberCase{"fc", R"("fc":{"fu":1,"ty":[3,4],"lbl":["a","b"],"lim":10})"}),
    name_of_case);

// The text of the error starts with the parameter at fault.
class WrongType : public testing::TestWithParam<MemberCase> {};
TEST_P(WrongType, IsRefusedByName) {
  const Result<Request> request = read(with(GetParam().member));

  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().rsc, Rsc::kBadRequest);
  std::string path = GetParam().name;
  std::replace(path.begin(), path.end(), '_', '/');
  EXPECT_THAT(request.error().detail, StartsWith(path + ": "));
}
INSTANTIATE_TEST_SUITE_P(
    Each, WrongType,
    testing::Values(MemberCase{"rvi", R"("rvi":3)"}, MemberCase{"ty", R"("ty":"4")"},
                    MemberCase{"pc", R"("pc":"x")"}, MemberCase{"rcn", R"("rcn":1.0)"},
                    MemberCase{"rt", R"("rt":3)"}, MemberCase{"rt_rtv", R"("rt":{"rtv":"3"})"},
                    MemberCase{"rt_nu", R"("rt":{"rtv":2,"nu":"http://h"})"},
                    MemberCase{"rt_x", R"("rt":{"rtv":2,"x":1})"},
                    MemberCase{"drt", R"("drt":true)"}, MemberCase{"ot", R"("ot":1)"},
                    MemberCase{"rqet", R"("rqet":true)"}, MemberCase{"rset", R"("rset":1.5)"},
                    MemberCase{"oet", R"("oet":[])"}, MemberCase{"rp", R"("rp":null)"},
                    MemberCase{"ec", R"("ec":{})"}, MemberCase{"da", R"("da":"true")"},
                    MemberCase{"gid", R"("gid":1)"}, MemberCase{"grtm", R"("grtm":"a")"},
                    MemberCase{"vsi", R"("vsi":1)"}, MemberCase{"rids", R"("rids":"a")"},
                    MemberCase{"tkns", R"("tkns":[1])"}, MemberCase{"tids", R"("tids":{})"},
                    MemberCase{"ltids", R"("ltids":1)"}, MemberCase{"tqi", R"("tqi":1)"},
                    MemberCase{"asi", R"("asi":"x")"}, MemberCase{"aus", R"("aus":"x")"},
                    MemberCase{"auri", R"("auri":0)"}, MemberCase{"sqi", R"("sqi":"")"},
                    MemberCase{"omr", R"("omr":1)"}, MemberCase{"prpi", R"("prpi":1)"},
                    MemberCase{"msu", R"("msu":[])"}, MemberCase{"fc", R"("fc":[])"},
                    MemberCase{"fc_lim", R"("fc":{"lim":-1})"},
                    MemberCase{"pc_m2m:atrl", R"("pc":{"m2m:atrl":"ri"})"},
                    MemberCase{"unknown", R"("unknown":1)"}),
    [](const auto& each) {
      std::string name = each.param.name;
      std::replace(name.begin(), name.end(), ':', '_');
      return name;
    });

struct ShapeCase {
  std::string name;
  std::string text;
  std::string reason;
};
class RequestShape : public testing::TestWithParam<ShapeCase> {};
TEST_P(RequestShape, IsRefusedWithAReason) {
  const Result<Request> request = read(GetParam().text);

  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().rsc, Rsc::kBadRequest);
  EXPECT_THAT(request.error().detail, HasSubstr(GetParam().reason));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, RequestShape,
    testing::Values(
        ShapeCase{"list", "[]", "request primitive: must be an object, not a list"},
        ShapeCase{"null", "null", "request primitive: must be an object, not null"},
        ShapeCase{"no_op", R"({"to":"a","rqi":"r"})", "op: is missing"},
        ShapeCase{"no_to", R"({"op":2,"rqi":"r"})", "to: is missing"},
        ShapeCase{"no_rqi", R"({"op":2,"to":"a"})", "rqi: is missing"},
        ShapeCase{"empty_rqi", R"({"op":2,"to":"a","rqi":""})", "rqi: is empty"},
        ShapeCase{"op_text", R"({"op":"2","to":"a","rqi":"r"})",
                  "op: must be an integer, not a string"},
        ShapeCase{"op_0", R"({"op":0,"to":"a","rqi":"r"})", "op: must be 1"},
        ShapeCase{"op_6", R"({"op":6,"to":"a","rqi":"r"})", "op: must be 1"},
        ShapeCase{"to_number", R"({"op":2,"to":5,"rqi":"r"})",
                  "to: must be a string, not an integer"},
        ShapeCase{"fr_null", R"({"op":2,"to":"a","fr":null,"rqi":"r"})",
                  "fr: must be a string, not null"},
        ShapeCase{"rqi_number", R"({"op":2,"to":"a","rqi":5})", "rqi: must be a string"},
        ShapeCase{"hash_alone", R"({"op":2,"to":"a#","rqi":"r"})", "to: no attribute name"},
        ShapeCase{"attribute_twice", R"({"op":2,"to":"a#b","rqi":"r","pc":{"m2m:atrl":["c"]}})",
                  "already named in to"},
        ShapeCase{"empty_attribute", R"({"op":2,"to":"a","rqi":"r","pc":{"m2m:atrl":[""]}})",
                  "pc/m2m:atrl: \"\" is no attribute's name"},
        ShapeCase{"hash_in_attribute", R"({"op":2,"to":"a","rqi":"r","pc":{"m2m:atrl":["b#c"]}})",
                  "pc/m2m:atrl: \"b#c\" is no attribute's name"},
        ShapeCase{"no_attribute", R"({"op":2,"to":"a","rqi":"r","pc":{"m2m:atrl":[]}})",
                  "names no attribute"},
        ShapeCase{"pc_empty", R"({"op":1,"to":"a","rqi":"r","pc":{}})",
                  "pc: must have exactly one"},
        ShapeCase{"pc_two", R"({"op":1,"to":"a","rqi":"r","pc":{"m2m:a":1,"m2m:b":1}})",
                  "pc: must have exactly one"}),
    [](const auto& each) { return each.param.name; });

TEST(RequestCodec, ReadsEachParameterIntoItsMember) {
  const Result<Request> request = read(
      R"({"m2m:rqp":{"op":1,"to":"cse-in","fr":"S","rqi":"r9","rvi":"4","ty":2,"rqet":5000,
          "rt":{"rtv":3},"pc":{"m2m:ae":{"rr":true}}}})");

  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->operation, Operation::kCreate);
  EXPECT_EQ(request->to, "cse-in");
  EXPECT_EQ(request->from, "S");
  EXPECT_EQ(request->request_identifier, "r9");
  EXPECT_EQ(request->release_version, "4");
  EXPECT_EQ(request->resource_type, 2);
  EXPECT_EQ(request->request_expiration, "5000");
  EXPECT_EQ(request->response_type, 3);
  EXPECT_EQ(request->notification_uris, std::nullopt);
  EXPECT_EQ(request->content, Value::object({{"m2m:ae", Value::object({{"rr", true}})}}));
}

// TS-0001 clause 10.2.4 (partial RETRIEVE)
TEST(RequestCodec, SplitsTheAttributeOffTheAddress) {
  const Result<Request> request = read(R"({"op":2,"to":"cse-in/c#lbl","fr":"CA","rqi":"r"})");

  ASSERT_TRUE(request);
  EXPECT_EQ(request->to, "cse-in/c");
  EXPECT_THAT(request->attribute_list, ElementsAre("lbl"));
  EXPECT_EQ(to_value(*request).string_at("to"), "cse-in/c#lbl");
}

TEST(RequestCodec, TakesAttributeListOnlyFromARetrieve) {
  const Result<Request> request =
      read(R"({"op":5,"to":"CA","fr":"CB","rqi":"r","pc":{"m2m:atrl":["ri"]}})");

  ASSERT_TRUE(request);
  EXPECT_TRUE(request->attribute_list.empty());
  EXPECT_TRUE(request->content);
}

TEST(RequestCodec, KeepsTheIdentifierOfARefusedRequest) {
  std::string identifier;

  EXPECT_FALSE(request_from_value(parse_json(R"({"op":9,"rqi":"r7"})").value(), &identifier));

  EXPECT_EQ(identifier, "r7");
}

// The dialect coerce_scalars: what a server reads beside the standard's form.
struct CoercedCase {
  const char* text;
  bool readable;
};
class CoercedRequest : public testing::TestWithParam<CoercedCase> {};
TEST_P(CoercedRequest, IsReadOnlyIfSwitchedOnAndElseNamesTheSwitch) {
  const Value value = parse_json(GetParam().text).value();

  const auto strict = request_from_peer(value, nullptr, false);
  const auto lenient = request_from_peer(value, nullptr, true);

  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().detail.ends_with(would_accept("coerce_scalars")), GetParam().readable)
      << strict.error().detail;
  ASSERT_EQ(static_cast<bool>(lenient), GetParam().readable);
  if (lenient) {
    EXPECT_EQ(lenient->dialect, "coerce_scalars");
  }
}
INSTANTIATE_TEST_SUITE_P(
    Texts, CoercedRequest,
    testing::Values(CoercedCase{R"({"op":"1","ty":"3","to":"a","rqi":"1"})", true},
                    CoercedCase{R"({"op":2.0,"to":"a","rqi":"1"})", true},
                    CoercedCase{R"({"op":2,"to":"a","rqi":"1","da":"true"})", true},
                    CoercedCase{R"({"op":2,"to":"a","rqi":"1","tkns":"t"})", true},
                    CoercedCase{R"({"op":"two","to":"a","rqi":"1"})", false},
                    CoercedCase{R"({"op":"9","to":"a","rqi":"1"})", false},
                    CoercedCase{R"({"op":2,"rqi":"1"})", false},
                    CoercedCase{R"({"op":2,"to":"a","rqi":1})", false}));
TEST(RequestCodec, ReadsTheStandardsFormAsItIs) {
  const auto request =
      request_from_peer(parse_json(R"({"op":2,"to":"a","rqi":"1"})").value(), nullptr, true);

  ASSERT_TRUE(request);
  EXPECT_EQ(request->dialect, "");
}

TEST(RequestCodec, CutsLongNamesInErrors) {
  const Result<Request> request = read(with("\"" + std::string(100'000, 'x') + "\":1"));

  ASSERT_FALSE(request);
  EXPECT_LT(request.error().detail.size(), 200u);
}

}  // namespace
}  // namespace gatehouse

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cse/codec/primitive_codec.h"
#include "tests/cse/codec/xml/xml_fixture.h"

namespace gatehouse {
namespace {

constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
#define M2M " xmlns:m2m=\"http://www.onem2m.org/xml/protocols\""
#define XSI " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
#define XS " xmlns:xs=\"http://www.w3.org/2001/XMLSchema\""

class Xml : public test::XmlFixture, public testing::Test {};

struct Golden {
  const char* name;
  const char* json;
  const char* xml;
};

// Source: TS-0004 clause 8.3 and annex F.
constexpr Golden kGolden[] = {
    {"an_element_order_of_its_own",
     R"({"m2m:cnt":{"mni":10,"cr":"CAE1","lbl":["a","b"],)"
     R"("et":"20270131T120000","ri":"cnt1","ty":3,"rn":"t"}})",
     "<m2m:cnt" M2M " rn=\"t\"><ty>3</ty><ri>cnt1</ri><lbl>a b</lbl><et>20270131T120000</et>"
     "<cr>CAE1</cr><mni>10</mni></m2m:cnt>"},
    {"booleans_and_lists",
     R"({"m2m:ae":{"api":"Nlamp","rr":false,"poa":["http://h:1","ws://h"],)"
     R"("srv":["3","4"]}})",
     "<m2m:ae" M2M "><api>Nlamp</api><poa>http://h:1 ws://h</poa><rr>false</rr>"
     "<srv>3 4</srv></m2m:ae>"},
    {"rules_are_repeated_elements",
     R"({"m2m:acp":{"pv":{"acr":[{"acor":["CA","CB"],"acop":63},{"acor":["all"],"acop":2}]},)"
     R"("pvs":{"acr":[{"acop":63,"acor":["CA"]}]}}})",
     "<m2m:acp" M2M "><pv><acr><acor>CA CB</acor><acop>63</acop></acr><acr><acor>all</acor>"
     "<acop>2</acop></acr></pv><pvs><acr><acor>CA</acor><acop>63</acop></acr></pvs></m2m:acp>"},
    {"schedules_hold_blanks", R"({"m2m:sch":{"se":{"sce":["* 0-5 2,6,10 * * * *"]}}})",
     "<m2m:sch" M2M "><se><sce>* 0-5 2,6,10 * * * *</sce></se></m2m:sch>"},
    {"null_is_an_empty_element", R"({"m2m:grp":{"mnm":null}})", "<m2m:grp" M2M "><mnm/></m2m:grp>"},
    {"an_empty_list_is_not_null", R"({"m2m:cnt":{"lbl":[]}})",
     "<m2m:cnt" M2M XSI "><lbl xsi:nil=\"false\"/></m2m:cnt>"},
    {"a_resource_without_attributes", R"({"m2m:cnt":{}})", "<m2m:cnt" M2M "/>"},
    {"text_is_escaped", R"({"m2m:cin":{"con":"<a href=\"x\">1 & 2</a>\r\n"}})",
     "<m2m:cin" M2M "><con>&lt;a href=\"x\"&gt;1 &amp; 2&lt;/a&gt;&#13;\n</con></m2m:cin>"},
    {"a_number_where_text_may_stand", R"({"m2m:cin":{"con":21.5}})",
     "<m2m:cin" M2M XS XSI "><con xsi:type=\"xs:double\">21.5</con></m2m:cin>"},
    {"an_object_as_content", R"({"m2m:cin":{"con":{"a":"b","c":["d","e"]}}})",
     "<m2m:cin" M2M "><con><a>b</a><c>d</c><c>e</c></con></m2m:cin>"},
    {"a_list_as_content", R"({"m2m:cin":{"con":["a","b"]}})",
     "<m2m:cin" M2M "><con>a</con><con>b</con></m2m:cin>"},
    {"what_xml_cannot_say", R"({"m2m:cin":{"con":{"a b":[[1]]}}})",
     "<m2m:cin xmlns:json=\"urn:gatehouse:json\"" M2M
     "><con json:is=\"true\">{\"a b\":[[1]]}</con></m2m:cin>"},
    {"labels_with_blanks", R"({"m2m:cnt":{"lbl":["two words"]}})",
     "<m2m:cnt" M2M XS XSI "><lbl xsi:type=\"xs:string\">two words</lbl></m2m:cnt>"},
    {"references_to_children",
     R"({"m2m:ae":{"rn":"a","ch":[{"val":"c/a/x","nm":"x","typ":3},{"val":"c/a/y","nm":"y","typ":23}]}})",
     "<m2m:ae" M2M " rn=\"a\"><ch nm=\"x\" typ=\"3\">c/a/x</ch><ch nm=\"y\" typ=\"23\">c/a/y</ch>"
     "</m2m:ae>"},
    {"children",
     R"({"m2m:ae":{"rn":"a","m2m:cnt":[{"rn":"x","m2m:sub":[{"rn":"s","nu":["CA"]}]},{"rn":"y"}]}})",
     "<m2m:ae" M2M " rn=\"a\"><m2m:cnt rn=\"x\"><m2m:sub rn=\"s\"><nu>CA</nu></m2m:sub></m2m:cnt>"
     "<m2m:cnt rn=\"y\"/></m2m:ae>"},
    {"addresses", R"({"m2m:uril":["cse-in/a","cse-in/b"]})",
     "<m2m:uril" M2M ">cse-in/a cse-in/b</m2m:uril>"},
    {"debug_text", R"({"m2m:dbg":"mni: must be a number"})",
     "<m2m:dbg" M2M ">mni: must be a number</m2m:dbg>"},
    {"a_request",
     R"({"to":"//example.net/myCSE/-/Cont1","op":1,"fr":"/myCSE/C2345","rqi":"0002bf63",)"
     R"("pc":{"m2m:cin":{"cnf":"text/plain:0","con":"x"}},"ty":4})",
     "<m2m:rqp" M2M "><op>1</op><to>//example.net/myCSE/-/Cont1</to><fr>/myCSE/C2345</fr>"
     "<rqi>0002bf63</rqi><ty>4</ty><pc><m2m:cin><cnf>text/plain:0</cnf><con>x</con></m2m:cin></pc>"
     "</m2m:rqp>"},
    {"a_response", R"({"rsc":2001,"rqi":"1","rvi":"4","pc":{"m2m:cnt":{"rn":"t"}}})",
     "<m2m:rsp" M2M "><rsc>2001</rsc><rqi>1</rqi><pc><m2m:cnt rn=\"t\"/></pc><rvi>4</rvi>"
     "</m2m:rsp>"},
    {"a_notification",
     R"({"m2m:sgn":{"sur":"/id-in/sub12","nev":{"net":3,"rep":{"m2m:cin":{"con":"1"}}}}})",
     "<m2m:sgn" M2M "><nev><rep><m2m:cin><con>1</con></m2m:cin></rep><net>3</net></nev>"
     "<sur>/id-in/sub12</sur></m2m:sgn>"},
    {"an_aggregated_response",
     R"({"m2m:agr":{"m2m:rsp":[{"rsc":2000,"rqi":"1"},{"rsc":4004,"rqi":"1"}]}})",
     "<m2m:agr" M2M "><m2m:rsp><rsc>2000</rsc><rqi>1</rqi></m2m:rsp>"
     "<m2m:rsp><rsc>4004</rsc><rqi>1</rqi></m2m:rsp></m2m:agr>"},
};

TEST_F(Xml, IsWrittenByteByByte) {
  for (const Golden& golden : kGolden) {
    const std::string document = encode(golden.json);

    EXPECT_EQ(document, std::string(kDeclaration) + golden.xml) << golden.name;
  }
}

TEST_F(Xml, IsReadBack) {
  for (const Golden& golden : kGolden) {
    const Result<Value> value = xml.decode(golden.xml, {});

    ASSERT_TRUE(value) << golden.name << ": " << value.error().detail;
    Value wanted = *parse_json(golden.json);
    if (value->contains("m2m:rqp")) wanted = Value::object({{"m2m:rqp", wanted}});
    if (value->contains("m2m:rsp")) wanted = Value::object({{"m2m:rsp", wanted}});
    EXPECT_EQ(*value, wanted) << golden.name << ": " << to_json(*value);
  }
}

// What clients write who are not us.
TEST_F(Xml, IsReadHoweverItIsLaidOut) {
  constexpr std::pair<const char*, const char*> kForms[] = {
      {"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<m2m:ae" M2M " rn=\"MY_SENSOR\">\n"
       "  <api> Napp </api>\n  <lbl>Type/sensor\n    Location/home</lbl>\n  <rr>false</rr>\n"
       "</m2m:ae>\n",
       R"({"m2m:ae":{"rn":"MY_SENSOR","api":" Napp ","lbl":["Type/sensor","Location/home"],"rr":false}})"},
      {"<m2m:cnt><mni>+10</mni></m2m:cnt>", R"({"m2m:cnt":{"mni":10}})"},
      {"<o:cnt xmlns:o='http://www.onem2m.org/xml/protocols'><disr>1</disr></o:cnt>",
       R"({"m2m:cnt":{"disr":true}})"},
      {"<cnt xmlns='http://www.onem2m.org/xml/protocols'><mni>1</mni></cnt>",
       R"({"m2m:cnt":{"mni":1}})"},
      {"<m2m:ae><poa>http://a</poa><poa>http://b mqtt://c</poa></m2m:ae>",
       R"({"m2m:ae":{"poa":["http://a","http://b","mqtt://c"]}})"},
      {"<m2m:cin><con>a<!-- b --><![CDATA[<c>]]> d</con></m2m:cin>",
       R"({"m2m:cin":{"con":"a<c> d"}})"},
      {"<m2m:cin><con>&#65;&#x42;&lt;&apos;&quot;&amp;gt;</con></m2m:cin>",
       R"({"m2m:cin":{"con":"AB<'\"&gt;"}})"},
      {"<m2m:cin><con>  </con></m2m:cin>", R"({"m2m:cin":{"con":"  "}})"},
      {"<m2m:cnt><rn>t</rn></m2m:cnt>", R"({"m2m:cnt":{"rn":"t"}})"},
      {"<m2m:cnt><mni xsi:nil='true' " XSI ">1</mni></m2m:cnt>", R"({"m2m:cnt":{"mni":null}})"},
      {"<m2m:acp><pvs>\n</pvs></m2m:acp>", R"({"m2m:acp":{"pvs":null}})"},
      {"<m2m:cnt>\n</m2m:cnt>", R"({"m2m:cnt":{}})"},
      {"<m2m:cnt><unknown>5</unknown></m2m:cnt>", R"({"m2m:cnt":{"unknown":"5"}})"},
      {"<m2m:cnt><mni>ten</mni></m2m:cnt>", R"({"m2m:cnt":{"mni":"ten"}})"},
      {"<m2m:cnt><mni>99999999999999999999</mni></m2m:cnt>",
       R"({"m2m:cnt":{"mni":"99999999999999999999"}})"},
      {"<m2m:sub><enc>x</enc></m2m:sub>", R"({"m2m:sub":{"enc":"x"}})"},
      {"<m2m:sub><enc><net>1 3</net><net>4</net></enc></m2m:sub>",
       R"({"m2m:sub":{"enc":{"net":[1,3,4]}}})"},
      {"\xEF\xBB\xBF<m2m:cnt/>", R"({"m2m:cnt":{}})"},
  };
  for (const auto& [document, json] : kForms) EXPECT_EQ(decode(document), json) << document;
}

TEST_F(Xml, IsRefusedWithThePlaceAndTheReason) {
  constexpr std::pair<const char*, const char*> kForms[] = {
      {"", "XML, at byte 0: there is no element"},
      {"{}", "XML, at byte 0: text outside of the document element"},
      {"<?xml version='1.0'?>", "XML, at byte 21: there is no element"},
      {"<a", "XML, at byte 0: the end of a tag is missing"},
      {"<a>", "XML, at byte 3: the text ends within an element"},
      {"</a>", "XML, at byte 0: an end tag without its start tag"},
      {"<a/><b/>", "XML, at byte 4: a second document element"},
      {"<a/>x", "XML, at byte 4: text outside of the document element"},
      {"<!DOCTYPE a><a/>", "XML, at byte 0: a document type declaration is not allowed"},
      {"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
       "XML, at byte 0: a document type declaration is not allowed"},
      {"<a><!DOCTYPE b></a>", "XML, at byte 3: a document type declaration is not allowed"},
      {"<a>&lol;</a>", "XML, at byte 3: a reference to an entity that XML does not define"},
      {"<a>x & y</a>", "XML, at byte 5: a reference to an entity that XML does not define"},
      {"<a b='&c;'/>", "XML, at byte 6: a reference to an entity that XML does not define"},
      {"<a>&#0;</a>", "XML, at byte 3: a reference to an entity that XML does not define"},
      {"<a>&#xD800;</a>", "XML, at byte 3: a reference to an entity that XML does not define"},
      {"<a>&#x110000;</a>", "XML, at byte 3: a reference to an entity that XML does not define"},
      {"<a>&#4294967361;</a>", "XML, at byte 3: a reference to an entity that XML does not define"},
      {"<a>\x01</a>", "XML, at byte 3: a character that XML does not allow"},
      {"<a>\xEF\xBF\xBF</a>", "XML, at byte 3: a character that XML does not allow"},
      {"<a>\xFF</a>", "XML, at byte 3: bytes that are not UTF-8"},
      {"<a>\xED\xA0\x80</a>", "XML, at byte 3: bytes that are not UTF-8"},
      {"<?xml version='1.0' encoding='UTF-16'?><a/>",
       "XML, at byte 0: an encoding other than UTF-8"},
      {"<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
       "XML, at byte 0: an encoding other than UTF-8"},
      {"<a><!-- b</a>", "XML, at byte 7: the end of a comment is missing"},
      {"<a><![CDATA[b</a>", "XML, at byte 12: the end of a CDATA section is missing"},
      {"<m2m:cnt><mni>1</mni><mni>2</mni></m2m:cnt>", "XML, element \"mni\": stands twice"},
      {"<m2m:cnt rn='a' rn='b'/>", "XML, element \"m2m:cnt\": attribute \"rn\" twice"},
      {"<m2m:cnt rn='a'><rn>b</rn></m2m:cnt>", "XML, element \"rn\": stands twice"},
      {"<m2m:cnt>x<mni>1</mni></m2m:cnt>",
       "XML, element \"m2m:cnt\": text beside elements or attributes"},
      {"<m2m:cnt><lbl/><lbl>a</lbl></m2m:cnt>",
       "XML, element \"lbl\": is one of several, but empty"},
  };
  for (const auto& [document, refusal] : kForms) EXPECT_EQ(decode(document), refusal) << document;
  EXPECT_THAT(decode("<a></b>"), testing::HasSubstr("mismatch"));
}

std::string nested(std::size_t depth) {
  std::string document;
  for (std::size_t i = 0; i < depth; ++i) document += "<a>";
  document += "x";
  for (std::size_t i = 0; i < depth; ++i) document += "</a>";
  return document;
}

TEST_F(Xml, KeepsItsLimits) {
  const DecodeLimits limits{.max_bytes = 100'000, .max_depth = 64, .max_values = 100};
  std::string many = "<m2m:cnt><lbl>";
  for (int i = 0; i < 200; ++i) many += "a ";
  many += "</lbl></m2m:cnt>";
  std::string elements = "<m2m:foo>";
  for (int i = 0; i < 100; ++i) elements += "<a/>";
  std::string attributes = "<a";
  for (int i = 0; i < 65; ++i) attributes += " b" + std::to_string(i) + "=''";

  EXPECT_EQ(decode(nested(10'000), limits), "XML, at byte 192: nested deeper than 64 levels");
  EXPECT_NE(decode(nested(64), limits).find("\"x\""), std::string::npos);
  EXPECT_EQ(decode(many, limits), "XML, element \"lbl\": more than 100 values");
  EXPECT_EQ(decode(elements + "</m2m:foo>", limits), "XML, at byte 405: more than 100 values");
  EXPECT_EQ(decode(std::string(100'001, ' '), limits), "XML: longer than 100000 bytes");
  EXPECT_THAT(decode(attributes + "/>", limits), testing::HasSubstr("too many attributes"));
  EXPECT_THAT(decode("<m2m:cin xmlns:json='urn:gatehouse:json'><con json:is='true'>" +
                         std::string(1000, '[') + "</con></m2m:cin>",
                     limits),
              testing::HasSubstr("nested deeper than 64 levels"));
}

// TS-0004 clause 8.3: the way of MQTT and WebSocket
TEST_F(Xml, CarriesPrimitives) {
  const Result<Value> decoded = xml.decode(
      "<m2m:rqp" M2M
      "><op>2</op><to>cse-in</to><fr>CA</fr><rqi>5</rqi><rvi>4</rvi>"
      "<fc><ty>3 4</ty><lbl>a</lbl><atr><nm>rn</nm><val>t*</val></atr><fu>1</fu></fc></m2m:rqp>",
      {});
  ASSERT_TRUE(decoded) << decoded.error().detail;
  Response response;
  response.request_identifier = "5";
  response.content =
      Content::from_json(std::make_shared<const std::string>(R"({"m2m:uril":["cse-in/t"]})"));

  const Result<Request> request = request_from_value(*decoded);

  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->filter->resource_types, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(request->filter->attributes[0], (AttributeCondition{"rn", "t*"}));
  EXPECT_EQ(encode_response(response, xml),
            std::string(kDeclaration) +
                "<m2m:rsp" M2M
                "><rsc>2000</rsc><rqi>5</rqi><pc><m2m:uril>cse-in/t</m2m:uril></pc>"
                "</m2m:rsp>");
}

}  // namespace
}  // namespace gatehouse

// Bad input over HTTP: a clear answer that names what is wrong, and nothing changed.
#include "tests/bindings/http/test_support.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::node {
namespace {

using http::testing_support::RawClient;

struct BadInput {
  std::string name;
  std::string request;  ///< request line, headers and body; "@N@" stands for the body's length
  int expected;         ///< X-M2M-RSC
  std::string names;    ///< what the text must hold
};

std::string post(const std::string& path, int type, const std::string& body,
                 const std::string& from = "CAE1", const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\nX-M2M-Origin: " + from +
         "\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3\r\nContent-Type: application/json;ty=" +
         std::to_string(type) + "\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}
std::string put(const std::string& path, const std::string& body,
                const std::string& from = "CAE1") {
  return "PUT " + path + " HTTP/1.1\r\nHost: h\r\nX-M2M-Origin: " + from +
         "\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}
std::string remove(const std::string& path, const std::string& from) {
  return "DELETE " + path + " HTTP/1.1\r\nHost: h\r\nX-M2M-Origin: " + from +
         "\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3\r\nConnection: close\r\n\r\n";
}
std::string deep(int levels) {
  return "{\"m2m:cin\":{\"con\":" + std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']') + "}}";
}

/// CAE1 with a container "cnt"; CAE2.
class Robustness : public testing::TestWithParam<BadInput> {
 protected:
  Robustness() : node(test::in_memory()) {}
  void SetUp() override {
    ASSERT_TRUE(node.start());
    test::Asker asker(test::url_of(node));
    const Value ae = Value::object({{"api", "Ntest"}, {"rr", false}, {"srv", Value::array({"3"})}});
    for (const char* stem : {"CAE1", "CAE2"}) {
      ASSERT_EQ(asker.create("cse-in", 2, "m2m:ae", ae, stem).rsc, Rsc::kCreated);
    }
    ASSERT_EQ(asker
                  .create("CAE1", 3, "m2m:cnt",
                          Value::object({{"rn", "cnt"}, {"mni", 3}, {"mbs", 100}}), "CAE1")
                  .rsc,
              Rsc::kCreated);
    ASSERT_EQ(asker.create("CAE1/cnt", 4, "m2m:cin", Value::object({{"con", "x"}}), "CAE1").rsc,
              Rsc::kCreated);
  }
  /// Everything there is.
  Value state() {
    Request request;
    request.to = "cse-in";
    request.from = "CAdmin";
    request.result_content = 4;
    const Response response = test::Asker(test::url_of(node)).ask(std::move(request));
    const std::string all = to_json(*tree_of(response.content));
    EXPECT_NE(all.find("m2m:cin"), std::string::npos) << "the comparison must see the deepest";
    return test::attributes(response);
  }
  Node node;
};

TEST_P(Robustness, BadInputIsNamedAndChangesNothing) {
  const Value before = state();
  RawClient client(static_cast<std::uint16_t>(node.http_port()));

  client.send(GetParam().request);
  client.close_sending();
  const std::string answer = client.read_to_end();

  const std::size_t at = answer.find("X-M2M-RSC: ");
  ASSERT_NE(at, std::string::npos) << answer;
  EXPECT_EQ(std::atoi(answer.c_str() + at + 11), GetParam().expected) << answer;
  EXPECT_NE(answer.find(GetParam().names), std::string::npos) << answer;
  EXPECT_EQ(state(), before);
}

const std::string kCnt = "/cse-in/CAE1/cnt";
const std::string kAe = "/cse-in/CAE1";
INSTANTIATE_TEST_SUITE_P(
    Input, Robustness,
    testing::Values(
        BadInput{"unknown_attribute", post(kAe, 3, R"({"m2m:cnt":{"colour":1}})"), 4000, "colour"},
        BadInput{"unknown_attribute_in_update", put(kCnt, R"({"m2m:cnt":{"colour":1}})"), 4000,
                 "colour"},
        BadInput{"wrong_type", post(kAe, 3, R"({"m2m:cnt":{"mni":"3"}})"), 4000, "mni"},
        BadInput{"wrong_type_in_update", put(kCnt, R"({"m2m:cnt":{"lbl":"a"}})"), 4000, "lbl"},
        BadInput{"negative_number", post(kAe, 3, R"({"m2m:cnt":{"mni":-1}})"), 4000, "mni"},
        BadInput{"number_too_large", post(kAe, 3, R"({"m2m:cnt":{"mni":99999999999999999999999}})"),
                 4000, "64 bits"},
        BadInput{"missing_mandatory", post(kCnt, 4, R"({"m2m:cin":{"cnf":"text/plain:0"}})"), 4000,
                 "con"},
        BadInput{"assigned_by_the_cse", post(kAe, 3, R"({"m2m:cnt":{"ri":"mine"}})"), 4000, "ri"},
        BadInput{"not_updatable", put(kCnt, R"({"m2m:cnt":{"cni":0}})"), 4000, "cni"},
        BadInput{"bad_name", post(kAe, 3, R"({"m2m:cnt":{"rn":"a/b"}})"), 4000, "rn"},
        BadInput{"taken_name", post(kAe, 3, R"({"m2m:cnt":{"rn":"cnt"}})"), 4105, "cnt"},
        BadInput{"wrong_originator", post(kCnt, 4, R"({"m2m:cin":{"con":"y"}})", "CAE2"), 4103,
                 "CAE2"},
        BadInput{"unknown_originator", post(kCnt, 4, R"({"m2m:cin":{"con":"y"}})", "CAE9"), 4106,
                 "CAE9"},
        BadInput{"delete_by_another", remove(kCnt, "CAE2"), 4103, "CAE2"},
        BadInput{"delete_of_the_base", remove("/cse-in", "CAdmin"), 4005, "CSEBase"},
        BadInput{"type_and_content_disagree", post(kAe, 3, R"({"m2m:cin":{"con":"y"}})"), 4000,
                 "m2m:cin"},
        BadInput{"type_that_is_not_there", post(kAe, 9999, R"({"m2m:cnt":{}})"), 4000, "9999"},
        BadInput{"child_that_may_not_be",
                 post(kCnt, 2, R"({"m2m:ae":{"api":"Nx","rr":false}})", "CAE9"), 4108, "<AE>"},
        BadInput{"two_resources", post(kAe, 3, R"({"m2m:cnt":{},"m2m:grp":{}})"), 4000, "pc"},
        BadInput{"empty_body", post(kAe, 3, ""), 4000, "pc"},
        BadInput{"truncated", post(kAe, 3, R"({"m2m:cnt":{"rn":"half)"), 4000, "JSON"},
        BadInput{"duplicate_key", post(kAe, 3, R"({"m2m:cnt":{"rn":"a","rn":"b"}})"), 4000, "rn"},
        BadInput{"not_utf8", post(kCnt, 4, "{\"m2m:cin\":{\"con\":\"\xff\xfe\"}}"), 4000, "JSON"},
        BadInput{"too_deep", post(kCnt, 4, deep(5'000)), 4000, "deep"},
        BadInput{"too_large_for_the_container",
                 post(kCnt, 4, R"({"m2m:cin":{"con":")" + std::string(101, 'x') + "\"}}"), 5207,
                 "maxByteSize"},
        BadInput{"too_long_body",
                 "POST " + kCnt +
                     " HTTP/1.1\r\nHost: h\r\nX-M2M-Origin: CAE1\r\nX-M2M-RI: 1\r\nX-M2M-RVI: "
                     "3\r\nContent-Type: application/json;ty=4\r\nContent-Length: "
                     "999999999\r\n\r\n{\"m2m:cin\":",
                 4000, "body"},
        BadInput{"other_serialisation",
                 "POST " + kCnt +
                     " HTTP/1.1\r\nHost: h\r\nX-M2M-Origin: CAE1\r\nX-M2M-RI: 1\r\nX-M2M-RVI: "
                     "3\r\nContent-Type: application/yaml;ty=4\r\nContent-Length: 1\r\nConnection: "
                     "close\r\n\r\n-",
                 4015, "Content-Type"},
        BadInput{
            "expired_request",
            post(kCnt, 4, R"({"m2m:cin":{"con":"y"}})", "CAE1", "X-M2M-RET: 20200101T000000\r\n"),
            4008, "rqet"},
        BadInput{"no_type_means_notify",
                 "POST " + kCnt +
                     " HTTP/1.1\r\nHost: h\r\nX-M2M-Origin: CAE1\r\nX-M2M-RI: 1\r\nX-M2M-RVI: "
                     "3\r\nContent-Type: application/json\r\nContent-Length: 23\r\nConnection: "
                     "close\r\n\r\n{\"m2m:cin\":{\"con\":\"y\"}}",
                 4005, "a CREATE states ty"},
        BadInput{"unknown_release",
                 "DELETE " + kCnt +
                     " HTTP/1.1\r\nHost: h\r\nX-M2M-Origin: CAE1\r\nX-M2M-RI: 1\r\nX-M2M-RVI: "
                     "9\r\nConnection: close\r\n\r\n",
                 4001, "rvi"},
        BadInput{"absent_target", remove("/cse-in/none", "CAE1"), 4004, "none"},
        BadInput{"bad_escape_in_the_address", remove("/cse-in/%zz", "CAE1"), 4000, "percent"}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace gatehouse::node

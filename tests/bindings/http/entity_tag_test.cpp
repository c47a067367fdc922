#include "bindings/http/entity_tag.h"

#include <gmock/gmock.h>

#include "bindings/http/server.h"
#include "tests/bindings/http/test_support.h"

namespace gatehouse::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_support::RawClient;
using testing_support::RecordingHandler;

struct Named {
  const char* name;
  const char* list;
  bool strong, weak;
};
class NamesTag : public testing::TestWithParam<Named> {};

// RFC 9110 clause 8.8.3.2
TEST_P(NamesTag, ComparesStronglyAndWeakly) {
  EXPECT_EQ(names_tag(GetParam().list, "\"a\"", false), GetParam().strong);
  EXPECT_EQ(names_tag(GetParam().list, "\"a\"", true), GetParam().weak);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, NamesTag,
    testing::Values(Named{"same", "\"a\"", true, true}, Named{"weak", "W/\"a\"", false, true},
                    Named{"other", "\"b\"", false, false}, Named{"any", "*", true, true},
                    Named{"list", "\"b\" , \"a\"", true, true}, Named{"none", "", false, false}),
    [](const auto& row) { return row.param.name; });

class EntityTags : public testing::Test {
 protected:
  EntityTags() {
    handler_.answer = [this](const Request& request) {
      Response response;
      response.request_identifier = request.request_identifier;
      response.content = Value::object({{"m2m:cnt", Value::object({{"rn", state_}})}});
      return response;
    };
    EXPECT_TRUE(server_.start());
  }
  std::string ask(const std::string& method, const std::string& more) {
    RawClient client(server_.port());
    client.send(method + " /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 1\r\nConnection: close\r\n" + more +
                "\r\n");
    return client.read_to_end();
  }
  std::string tag() {
    const std::string answer = ask("GET", "");
    const std::size_t at = answer.find("ETag: ");
    EXPECT_NE(at, std::string::npos) << answer;
    return answer.substr(at + 6, answer.find("\r\n", at) - at - 6);
  }

  std::string state_ = "one";
  RecordingHandler handler_;
  const Codecs codecs_ = standard_codecs();
  Server server_{{}, handler_, codecs_};
};

// TS-0009 clause 6.4: a RETRIEVE's answer has an ETag, and what RFC 9110 makes of it is honoured.
TEST_F(EntityTags, SpareTheContentThatIsKnown) {
  const std::string before = tag();

  EXPECT_THAT(ask("GET", "If-None-Match: " + before + "\r\n"),
              AllOf(StartsWith("HTTP/1.1 304 "), HasSubstr("X-M2M-RSC: 2000\r\n"),
                    HasSubstr("ETag: " + before), Not(HasSubstr("m2m:cnt"))));
  state_ = "two";
  EXPECT_THAT(ask("GET", "If-None-Match: " + before + "\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("\"two\"")));
  EXPECT_NE(tag(), before);
}

TEST_F(EntityTags, OfAnotherStateAreRefused) {
  EXPECT_THAT(ask("GET", "If-Match: " + tag() + "\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("GET", "If-Match: \"old\"\r\n"),
              AllOf(StartsWith("HTTP/1.1 412 "), HasSubstr("X-M2M-RSC: 4000\r\n"),
                    Not(HasSubstr("m2m:cnt"))));
}

struct Change {
  const char* name;
  const char* method;
  const char* field;
  bool served;
};
class Changes : public EntityTags, public testing::WithParamInterface<Change> {};

TEST_P(Changes, NeverDependOnATag) {
  const std::string answer = ask(GetParam().method, GetParam().field);

  EXPECT_EQ(handler_.count(), GetParam().served ? 1u : 0u);
  if (!GetParam().served) EXPECT_THAT(answer, StartsWith("HTTP/1.1 412 "));
  EXPECT_THAT(answer, Not(HasSubstr("ETag")));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Changes,
    testing::Values(Change{"delete_if_match", "DELETE", "If-Match: \"a\"\r\n", false},
                    Change{"put_if_match", "PUT", "If-Match: \"a\"\r\n", false},
                    Change{"put_if_none_match", "PUT", "If-None-Match: *\r\n", false},
                    Change{"delete_whatever_there_is", "DELETE", "If-Match: *\r\n", true},
                    Change{"delete", "DELETE", "", true}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace gatehouse::http

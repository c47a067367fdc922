// Who reaches the end point of the upper tester, and how it answers. Source: TS-0019 clause 6.
#include "cse/node/upper_tester_page.h"

#include "tests/cse/core/test_cse.h"

namespace gatehouse::node {
namespace {

struct Asked {
  std::string method = "POST";
  std::string path = "/__ut__";
  std::vector<http::HeaderField> headers = {{"X-M2M-UTCMD", "Status"}};
  std::string body;
  std::string address = "127.0.0.1";
};

class UpperTesterPage : public testing::Test {
 protected:
  UpperTesterPage()
      : tester(
            cse.cse(), [this](const std::string& key) { return told_configuration(settings, key); },
            [](const std::string&) {}) {
    cse.start();
    settings.upper_tester.enabled = true;
  }
  std::optional<http::Page> ask(const Asked& asked, UpperTester* who) {
    Peer peer;
    peer.address = asked.address;
    http::PageRequest request;
    request.method = asked.method;
    request.path = asked.path;
    request.headers = &asked.headers;
    request.body = asked.body;
    request.peer = &peer;
    return upper_tester_page(who, settings.upper_tester)(request);
  }
  std::optional<http::Page> ask(const Asked& asked) { return ask(asked, &tester); }
  static std::string field(const http::Page& page, const std::string& name) {
    for (const auto& [key, value] : page.headers) {
      if (key == name) return value;
    }
    return "";
  }

  gatehouse::test::TestCse cse;
  NodeSettings settings;
  UpperTester tester;
};

TEST_F(UpperTesterPage, AnswersInHeaderFields) {
  const auto page = ask({});

  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(field(*page, "X-M2M-RSC"), "2000");
  EXPECT_EQ(field(*page, "X-M2M-UTRSP"), "STARTING");
}

TEST_F(UpperTesterPage, IsOffUnlessSwitchedOn) {
  const auto page = ask({}, nullptr);

  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 404);
  EXPECT_FALSE(NodeSettings{}.upper_tester.enabled);
}

TEST_F(UpperTesterPage, IsNotForOtherMachines) {
  Asked asked;
  asked.address = "192.0.2.1";
  EXPECT_EQ(ask(asked)->status, 403);

  settings.upper_tester.allow_remote = true;

  EXPECT_EQ(ask(asked)->status, 200);
}

TEST_F(UpperTesterPage, IsNotForWebPages) {
  Asked asked;
  asked.headers.push_back({"Origin", "https://example.com"});

  EXPECT_EQ(ask(asked)->status, 403);
}

TEST_F(UpperTesterPage, LeavesOtherPathsAlone) {
  Asked asked;
  asked.path = "/cse-in";

  EXPECT_FALSE(ask(asked));
}

TEST_F(UpperTesterPage, TakesPostOnly) {
  Asked asked;
  asked.method = "GET";

  EXPECT_EQ(ask(asked)->status, 405);
}

TEST_F(UpperTesterPage, KeepsCredentialsToItself) {
  settings.credentials.key_file = "secret.pem";
  Asked asked;
  asked.headers = {{"X-M2M-UTCMD", "GetConfig credentials.key"}};

  const auto page = ask(asked);

  EXPECT_EQ(page->status, 400);
  EXPECT_EQ(page->body.find("secret"), std::string::npos);
}

TEST_F(UpperTesterPage, TellsConfiguration) {
  settings.http.port = 4711;
  Asked asked;
  asked.headers = {{"X-M2M-UTCMD", "GetConfig http.port"}};

  EXPECT_EQ(field(*ask(asked), "X-M2M-UTRSP"), "4711");
}

TEST_F(UpperTesterPage, TakesATriggerAsBody) {
  Asked asked;
  asked.headers = {};
  asked.body = R"({"m2m:rqp":{"op":2,"to":"cse-in","rqi":"1","rvi":"4"}})";
  EXPECT_EQ(ask(asked)->status, 200);

  asked.body = R"({"m2m:rqp":)";

  EXPECT_EQ(ask(asked)->status, 400);
}

}  // namespace
}  // namespace gatehouse::node

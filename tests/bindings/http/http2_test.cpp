// HTTP/2 in front of the same mapping: what differs from HTTP/1.1 is framing.
#include <gmock/gmock.h>

#include "bindings/http/server.h"
#include "tests/bindings/http/http2_client.h"
#include "tests/bindings/http/test_support.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::http {
namespace {

using testing::HasSubstr;
using testing_support::Http2Client;
using testing_support::ok_response;
using testing_support::RawClient;
using testing_support::RecordingHandler;

Http2Client::Fields named(const std::string& identifier) {
  return {{"x-m2m-origin", "CAE1"}, {"x-m2m-ri", identifier}, {"x-m2m-rvi", "3"}};
}

class Http2Test : public testing::Test {
 protected:
  void start() {
    server_ = std::make_unique<Server>(settings_, handler_, codecs_);
    server_->set_pages(pages_);
    const auto started = server_->start();
    ASSERT_TRUE(started.has_value()) << started.error().detail;
  }
  std::uint16_t port() const { return server_->port(); }

  ServerSettings settings_;
  RecordingHandler handler_;
  Codecs codecs_ = standard_codecs();
  PageHandler pages_ = [](const PageRequest&) { return std::optional<Page>(); };
  std::unique_ptr<Server> server_;
};

// RFC 9113 clause 3.3
TEST_F(Http2Test, IsSpokenByPriorKnowledge) {
  handler_.answer = ok_response;
  start();
  Http2Client client(port());
  auto fields = named("1");
  fields.emplace_back("content-type", "application/json;ty=3");

  const auto answer = client.ask("POST", "/cse-in?rcn=0", fields, R"({"m2m:cnt":{"rn":"c"}})");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-m2m-ri"), "1");
  EXPECT_EQ(answer.field("x-m2m-rsc"), "2000");
  EXPECT_EQ(answer.field("connection"), "");
  const Request request = handler_.request(0);
  EXPECT_EQ(request.to, "cse-in");
  EXPECT_EQ(request.from, "CAE1");
  EXPECT_EQ(request.resource_type, 3);
  EXPECT_EQ(request.result_content, 0);
  EXPECT_EQ(request.content->find("m2m:cnt")->string_at("rn"), "c");
}

// RFC 7301, RFC 9113 clause 3.2
TEST_F(Http2Test, IsAgreedOnByAlpn) {
  const gatehouse::testing_support::TemporaryFolder folder;
  const gatehouse::testing_support::TestAuthority authority(folder.path());
  settings_.tls = authority.issue(
      {.name = "server", .alternative_names = "URI:m2m://sp.example/id-in,IP:127.0.0.1"});
  handler_.answer = ok_response;
  start();
  Http2Client client(
      port(),
      authority.issue({.name = "ae", .alternative_names = "URI:m2m://sp.example/id-in/CAE1"}));

  EXPECT_EQ(client.ask("GET", "/cse-in", named("1")).status, 200);

  const Request request = handler_.request(0);
  EXPECT_TRUE(request.peer->authenticated);
  EXPECT_THAT(request.peer->identities, testing::Contains("CAE1"));
}

TEST_F(Http2Test, AnswersAsTheyAreReady) {
  start();
  Http2Client client(port());
  const auto first = client.begin("GET", "/a", named("1"));
  const auto second = client.begin("GET", "/b", named("2"));
  ASSERT_TRUE(handler_.wait_for(2));

  handler_.reply(1);

  EXPECT_EQ(client.wait(second).field("x-m2m-ri"), "2");
  handler_.reply(0);
  EXPECT_EQ(client.wait(first).field("x-m2m-ri"), "1");
}

class Tens final : public BodySource {
 public:
  std::size_t read(char* buffer, std::size_t capacity) override {
    std::fill(buffer, buffer + capacity, 'x');
    return capacity;
  }
};

TEST_F(Http2Test, StreamsPagesThroughFlowControl) {
  constexpr std::uint64_t kBytes = 3'000'000;
  pages_ = [](const PageRequest&) {
    Page page;
    page.source = std::make_shared<Tens>();
    page.source_bytes = kBytes;
    return std::optional<Page>(std::move(page));
  };
  start();
  Http2Client client(port());

  EXPECT_EQ(client.ask("GET", "/image", {}).body, std::string(kBytes, 'x'));

  const auto head = client.ask("HEAD", "/image", {});
  EXPECT_EQ(head.field("content-length"), std::to_string(kBytes));
  EXPECT_EQ(head.body, "");
}

TEST_F(Http2Test, LargeBodiesArriveWhole) {
  handler_.answer = ok_response;
  start();
  Http2Client client(port());
  auto fields = named("1");
  fields.emplace_back("content-type", "application/json;ty=4");
  const std::string content(7'000'000, 'x');

  const auto answer = client.ask("POST", "/c", fields, R"({"m2m:cin":{"con":")" + content + "\"}}");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(handler_.request(0).content->find("m2m:cin")->string_at("con"), content);
}

struct Excess {
  const char* name;
  std::size_t body, header;
  int status;
};
class Http2Limits : public Http2Test, public testing::WithParamInterface<Excess> {};

TEST_P(Http2Limits, AreToldAndTheConnectionLives) {
  settings_.max_body_bytes = 1'000;
  settings_.max_header_bytes = 2'000;
  handler_.answer = ok_response;
  start();
  Http2Client client(port());
  auto fields = named("1");
  fields.emplace_back("content-type", "application/json;ty=4");
  fields.emplace_back("x-more", std::string(GetParam().header, 'h'));

  const auto answer = client.ask("POST", "/c", fields, std::string(GetParam().body, ' '));

  EXPECT_EQ(answer.status, GetParam().status);
  EXPECT_EQ(answer.field("x-m2m-rsc"), "4000");
  EXPECT_EQ(client.ask("GET", "/c", named("2")).status, 200);
}
INSTANTIATE_TEST_SUITE_P(Rows, Http2Limits,
                         testing::Values(Excess{"body", 200'000, 1, 413},
                                         Excess{"header", 10, 3'000, 431}),
                         [](const auto& row) { return row.param.name; });

TEST_F(Http2Test, RequestsThatNeverEndAreRefusedInTime) {
  settings_.body_timeout = std::chrono::milliseconds(50);
  handler_.answer = ok_response;
  start();
  Http2Client client(port());
  auto fields = named("1");
  fields.emplace_back("content-type", "application/json;ty=4");

  const auto slow = client.wait(client.begin("POST", "/c", fields, "{", false));

  EXPECT_EQ(slow.status, 408);
  EXPECT_EQ(slow.field("x-m2m-rsc"), "4008");
  EXPECT_EQ(client.ask("GET", "/c", named("2")).status, 200);
  EXPECT_EQ(server_->counters().timeouts, 1u);
}

// CVE-2023-44487: requests that are taken back at once do not count as concurrent.
TEST_F(Http2Test, TakingRequestsBackGivesNoRoomForMore) {
  settings_.max_pipelined = 4;
  start();
  Http2Client client(port());

  for (int i = 0; i < 1'000 && client.connected(); ++i) {
    client.reset(client.begin("GET", "/c", named(std::to_string(i))));
  }

  EXPECT_TRUE(client.wait_for_goodbye());
  EXPECT_LE(handler_.count(), 8u);
}

TEST_F(Http2Test, StoppingLetsRequestsInFlightFinish) {
  start();
  Http2Client client(port());
  const auto stream = client.begin("GET", "/c", named("1"));
  ASSERT_TRUE(handler_.wait_for(1));

  std::thread stopping([this] { server_->stop(); });
  EXPECT_TRUE(client.wait_for_goodbye());
  handler_.reply(0);
  EXPECT_EQ(client.wait(stream).status, 200);
  stopping.join();
}

TEST_F(Http2Test, OtherBytesBehindThePrefaceEndTheConnection) {
  start();
  RawClient client(port());
  client.send("PRI * HTTP/2.0\r\n\r\nno frames at all, but something quite different");

  client.read_to_end();

  EXPECT_EQ(handler_.count(), 0u);
}

TEST_F(Http2Test, CanBeSwitchedOff) {
  settings_.http2 = false;
  handler_.answer = ok_response;
  start();
  RawClient client(port());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  EXPECT_THAT(client.read_to_end(), HasSubstr("HTTP/1.1 400"));
}

// A method that begins like the preface is HTTP/1.1's.
TEST_F(Http2Test, IsNotTakenForAMethodOfHttp1) {
  start();
  RawClient client(port());
  client.send("PR");
  client.send("UNE / HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 1\r\nConnection: close\r\n\r\n");

  EXPECT_THAT(client.read_to_end(), HasSubstr("HTTP/1.1 405"));
}

}  // namespace
}  // namespace gatehouse::http

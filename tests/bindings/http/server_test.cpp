#include "bindings/http/server.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/bindings/http/test_support.h"

namespace gatehouse::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_support::get;
using testing_support::ok_response;
using testing_support::RawClient;
using testing_support::RecordingHandler;

class ServerTest : public testing::Test {
 protected:
  void start() {
    server_ = std::make_unique<Server>(settings_, handler_, codecs_);
    if (pages_) server_->set_pages(pages_);
    const auto started = server_->start();
    ASSERT_TRUE(started.has_value()) << started.error().detail;
  }
  std::string talk(const std::string& text) {
    RawClient client(server_->port());
    client.send(text);
    return client.read_to_end();
  }

  ServerSettings settings_;
  RecordingHandler handler_;
  Codecs codecs_ = standard_codecs();
  PageHandler pages_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, KeepsTheConnectionAndHandsOverThePeer) {
  handler_.answer = ok_response;
  start();
  RawClient client(server_->port());
  for (const char* id : {"1", "2", "3"}) {
    client.send(get("/cse-in", id));
    EXPECT_THAT(client.read_response(),
                AllOf(StartsWith("HTTP/1.1 200 \r\n"), HasSubstr(std::string("X-M2M-RI: ") + id)));
  }
  const Request request = handler_.request(2);
  EXPECT_EQ(request.to, "cse-in");
  ASSERT_NE(request.peer, nullptr);
  EXPECT_EQ(request.peer->transport, "http");
  EXPECT_EQ(request.peer->address, "127.0.0.1");
  EXPECT_FALSE(request.peer->authenticated);
  EXPECT_EQ(request.peer, handler_.request(0).peer);
  EXPECT_EQ(server_->counters().connections_accepted, 1u);
  EXPECT_EQ(server_->counters().requests, 3u);
}

TEST_F(ServerTest, AnswersAPipelineInOrderWhateverTheOrderOfReplies) {
  start();
  RawClient client(server_->port());
  client.send(get("/a", "1") + get("/b", "2") + get("/c", "3"));
  ASSERT_TRUE(handler_.wait_for(3));

  std::thread([this] {
    handler_.reply(2, "third");
    handler_.reply(0, "first");
    handler_.reply(0, "first again");
    handler_.reply(1, "second");
  }).join();

  EXPECT_THAT(client.read_response(), AllOf(HasSubstr("X-M2M-RI: 1"), HasSubstr("\"first\"")));
  EXPECT_THAT(client.read_response(), AllOf(HasSubstr("X-M2M-RI: 2"), HasSubstr("second")));
  EXPECT_THAT(client.read_response(), AllOf(HasSubstr("X-M2M-RI: 3"), HasSubstr("third")));
}

TEST_F(ServerTest, TakesALongPipelineThroughFewSlots) {
  settings_.max_pipelined = 4;
  handler_.answer = nullptr;
  start();
  RawClient client(server_->port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += get("/a", "id" + std::to_string(i));
  client.send(all);
  for (std::size_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(handler_.wait_for(i + 1)) << i;
    EXPECT_LE(handler_.count(), i + 4);
    handler_.reply(i);
    EXPECT_THAT(client.read_response(), HasSubstr("X-M2M-RI: id" + std::to_string(i) + "\r\n"));
  }
}

TEST_F(ServerTest, ReadsARequestThatComesByteByByte) {
  handler_.answer = ok_response;
  start();
  RawClient client(server_->port());
  const std::string text =
      "POST /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 1\r\nContent-Type: application/json\r\n"
      "Content-Length: 9\r\n\r\n{\"a\": 12}" +
      get("/b", "2");
  for (const char c : text) client.send(std::string_view(&c, 1));
  EXPECT_THAT(client.read_response(), HasSubstr("X-M2M-RI: 1"));
  EXPECT_THAT(client.read_response(), HasSubstr("X-M2M-RI: 2"));
  EXPECT_EQ(handler_.request(0).content, Value::object({{"a", 12}}));
}

TEST_F(ServerTest, ReadsAChunkedBodyAndIgnoresItsTrailer) {
  handler_.answer = ok_response;
  start();
  talk(
      "POST /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 1\r\nContent-Type: application/json\r\n"
      "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\n{\"a\"\r\n4\r\n:12}\r\n0\r\nX-M2M-Origin: Cevil\r\n\r\n");
  EXPECT_EQ(handler_.request(0).content, Value::object({{"a", 12}}));
  EXPECT_EQ(handler_.request(0).from, "");
}

TEST_F(ServerTest, SaysContinueWhenAsked) {
  handler_.answer = ok_response;
  start();
  RawClient client(server_->port());
  client.send(
      "PUT /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 1\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_response(), "HTTP/1.1 100 \r\n\r\n");
  client.send("{}");
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, ClosesWhenTheClientWantsIt) {
  handler_.answer = ok_response;
  start();
  EXPECT_THAT(talk(get("/a", "1", "Connection: close\r\n")), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(talk("GET /a HTTP/1.0\r\nX-M2M-RI: 1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, AnswersAPeerThatHasClosedItsDirection) {
  start();
  RawClient client(server_->port());
  client.send(get("/a", "1"));
  client.close_sending();
  ASSERT_TRUE(handler_.wait_for(1));
  handler_.reply(0);
  EXPECT_THAT(client.read_to_end(), HasSubstr("X-M2M-RI: 1"));
}

TEST_F(ServerTest, RefusesWhatIsTooLongOrNoHttp) {
  settings_.max_header_bytes = 1024;
  settings_.max_body_bytes = 100;
  start();
  EXPECT_THAT(talk(get("/a", std::string(2000, 'x'))),
              StartsWith("HTTP/1.1 431 \r\nX-M2M-RSC: 4000"));
  EXPECT_THAT(
      talk("PUT /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 7\r\nContent-Length: 101\r\n\r\n"),
      AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("X-M2M-RI: 7"), HasSubstr("Connection: close")));
  EXPECT_THAT(talk("PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                   std::string(101, 'x')),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(talk("NONSENSE\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(talk("GET /a HTTP/1.1\r\nX-M2M-RI: 1\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Host")));
  EXPECT_THAT(talk("GET /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 1\r\n folded\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(talk("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(handler_.count(), 0u);
}

TEST_F(ServerTest, AnswersWhatCameBeforeTheBadRequest) {
  handler_.answer = ok_response;
  start();
  EXPECT_THAT(talk(get("/a", "1") + "NONSENSE\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("HTTP/1.1 400 ")));
}

TEST_F(ServerTest, EndsASlowHeaderASlowBodyAndAnIdleConnection) {
  settings_.header_timeout = settings_.body_timeout = settings_.idle_timeout =
      std::chrono::milliseconds(40);
  start();
  EXPECT_THAT(talk("GET /a HTTP/1.1\r\nHost:"),
              AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("X-M2M-RSC: 4008")));
  EXPECT_THAT(talk("PUT /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 9\r\nContent-Length: 5\r\n\r\nab"),
              AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("X-M2M-RI: 9")));
  EXPECT_EQ(talk(""), "");
  EXPECT_EQ(server_->counters().timeouts >= 3, true);
}

TEST_F(ServerTest, RefusesMoreConnectionsThanAllowed) {
  settings_.max_connections = 1;
  handler_.answer = ok_response;
  start();
  RawClient first(server_->port());
  first.send(get("/a", "1"));
  first.read_response();
  RawClient second(server_->port());
  second.send(get("/a", "2"));
  EXPECT_EQ(second.read_to_end(), "");
  first.send(get("/a", "3"));
  EXPECT_THAT(first.read_response(), HasSubstr("X-M2M-RI: 3"));
  EXPECT_EQ(server_->counters().connections_refused, 1u);
}

TEST_F(ServerTest, RefusesABadPrimitiveWithItsIdentifierAndGoesOn) {
  handler_.answer = ok_response;
  start();
  RawClient client(server_->port());
  client.send(get("/a?rcn=x", "1") + get("/a", "2"));
  EXPECT_THAT(client.read_response(),
              AllOf(StartsWith("HTTP/1.1 400 \r\nX-M2M-RSC: 4000\r\nX-M2M-RI: 1\r\n"),
                    HasSubstr(R"({"m2m:dbg":"rcn: must be an integer"})")));
  EXPECT_THAT(client.read_response(), HasSubstr("X-M2M-RI: 2"));
}

TEST_F(ServerTest, SendsNoBodyToHead) {
  start();
  EXPECT_THAT(talk("HEAD /a HTTP/1.1\r\nHost: h\r\nX-M2M-RI: 1\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), testing::EndsWith("\r\n\r\n")));
}

TEST_F(ServerTest, SurvivesAHandlerThatThrows) {
  handler_.answer = [](const Request&) -> Response { throw std::runtime_error("secret"); };
  start();
  EXPECT_THAT(talk(get("/a", "1", "Connection: close\r\n")),
              AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("secret"))));
}

TEST_F(ServerTest, AnswersPreflightForAllowedOriginsOnly) {
  settings_.cors = {true, {"https://console.example"}};
  handler_.answer = ok_response;
  start();
  const auto preflight = [this](const std::string& origin) {
    return talk("OPTIONS /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nOrigin: " + origin +
                "\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  };
  EXPECT_THAT(preflight("https://console.example"),
              AllOf(StartsWith("HTTP/1.1 204 "),
                    HasSubstr("Access-Control-Allow-Origin: https://console.example\r\n"),
                    HasSubstr("Access-Control-Allow-Headers: X-M2M-Origin")));
  EXPECT_THAT(preflight("https://evil.example"), Not(HasSubstr("Access-Control")));
  EXPECT_THAT(talk(get("/a", "1", "Connection: close\r\nOrigin: https://console.example\r\n")),
              HasSubstr("Access-Control-Expose-Headers: X-M2M-RI, X-M2M-RSC"));
  EXPECT_EQ(handler_.count(), 1u);
}

TEST_F(ServerTest, AsksPagesForWhatIsNoPrimitive) {
  handler_.answer = ok_response;
  pages_ = [](const PageRequest& request) -> std::optional<Page> {
    if (request.path != "/metrics") return std::nullopt;
    Page page;
    page.body = std::string(request.method) + "?" + std::string(request.query);
    page.headers.emplace_back("X-Test", "1");
    return page;
  };
  start();
  EXPECT_THAT(talk("GET /metrics?a=b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("X-Test: 1\r\n"),
                    testing::EndsWith("\r\n\r\nGET?a=b")));
  EXPECT_THAT(talk("HEAD /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 5\r\n"), testing::EndsWith("\r\n\r\n")));
  EXPECT_THAT(talk("GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              HasSubstr("X-M2M-RSC: 2000"))
      << "the handler refuses what has no identifier, not the binding";
  EXPECT_THAT(talk(get("/metrics", "1", "Connection: close\r\n")), HasSubstr("X-M2M-RSC: 2000"));
}

TEST_F(ServerTest, StopsAfterTheRequestsInFlight) {
  settings_.linger_timeout = std::chrono::milliseconds(20);
  start();
  RawClient busy(server_->port());
  RawClient idle(server_->port());
  busy.send(get("/a", "1"));
  ASSERT_TRUE(handler_.wait_for(1));
  std::thread stopper([this] { server_->stop(); });
  EXPECT_EQ(idle.read_to_end(), "");  // idle ones go first, so the stop has begun
  handler_.reply(0);
  EXPECT_THAT(busy.read_to_end(), AllOf(HasSubstr("X-M2M-RI: 1"), HasSubstr("Connection: close")));
  stopper.join();
  EXPECT_EQ(server_->counters().connections_open, 0u);
}

TEST_F(ServerTest, ForgetsRequestsThatAreNeverAnswered) {
  settings_.drain_timeout = std::chrono::milliseconds(20);
  start();
  RawClient client(server_->port());
  client.send(get("/a", "1"));
  ASSERT_TRUE(handler_.wait_for(1));
  server_->stop();
  handler_.reply(0);  // too late, and harmless
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, SharesOnePortAmongThreads) {
  settings_.threads = 2;
  handler_.answer = ok_response;
  start();
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(talk(get("/a", "1", "Connection: close\r\n")), HasSubstr("2000"));
  ServerSettings same = settings_;
  same.port = server_->port();
  Server second(same, handler_, codecs_);
  const auto started = second.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, HasSubstr(std::to_string(same.port)));
}

TEST_F(ServerTest, NamesAnAddressItCannotUse) {
  settings_.address = "nowhere";
  Server server(settings_, handler_, codecs_);
  const auto started = server.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace gatehouse::http

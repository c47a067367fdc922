// The same rows over every transport, plain and secured.
#include <gmock/gmock.h>

#include "cse/codec/json.h"
#include "tests/bindings/coap/test_support.h"

namespace gatehouse::coap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace testing_support;

struct Transport {
  std::string name, scheme;
  bool certificates = false, keys = false;
};

class Transports : public testing::TestWithParam<Transport> {
 protected:
  Transports() : authority_(folder_.path()) {
    ServerSettings& s = server_settings_;
    ClientSettings& c = client_settings_;
    if (GetParam().certificates) {
      s.tls = authority_.issue({.name = "server", .alternative_names = "IP:127.0.0.1"});
      c.tls = authority_.issue(
          {.name = "client", .alternative_names = "URI:m2m://sp.example/id-in/CAE1"});
    }
    if (GetParam().keys) {
      const std::string line = "ae1@sp.example 00112233445566778899aabbccddeeff /id-in/CAE1\n";
      s.psk = *PskTable::load(write_keys(folder_, line));
      c.psk = s.psk->first();
    }
  }
  void start() {
    server_ = std::make_unique<Server>(server_settings_, handler_, codecs_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().detail;
    url_ = GetParam().scheme + "://127.0.0.1:" + std::to_string(server_->port());
    client_ = std::make_unique<Client>(client_settings_, codecs_);
  }
  Response ask(Request request) { return testing_support::ask(*client_, url_, std::move(request)); }

  TemporaryFolder folder_;
  TestAuthority authority_;
  Codecs codecs_ = standard_codecs();
  ServerSettings server_settings_;
  ClientSettings client_settings_;
  RecordingHandler handler_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
  std::string url_;
};

TEST_P(Transports, CarryARequestAndItsAnswer) {
  handler_.answer = ok_response;
  start();

  const Response response = ask(retrieve("/id-in/cse-in"));

  EXPECT_EQ(response.rsc, Rsc::kOk) << detail(response);
  EXPECT_EQ(response.request_identifier, "r1");
  const Request got = handler_.request();
  EXPECT_EQ(got.to, "/id-in/cse-in");
  EXPECT_EQ(got.from, "CAE1");
  EXPECT_EQ(got.release_version, "3");
  EXPECT_EQ(got.peer->transport, GetParam().scheme);
  const bool secured = GetParam().certificates || GetParam().keys;
  EXPECT_EQ(got.peer->authenticated, secured);
  if (secured) {
    EXPECT_THAT(got.peer->identities, ElementsAre("CAE1", "/id-in/CAE1"));
  }
}

TEST_P(Transports, CarryAnAnswerThatComesLater) {
  start();
  std::promise<Response> answered;

  client_->send(url_, "", create("x"), [&](Response r) { answered.set_value(std::move(r)); });
  ASSERT_TRUE(handler_.wait_for(1));
  Response late = ok_response(handler_.request());
  late.content_location = "cse-in/c/i";
  late.content = Value::object({{"m2m:cin", Value::object({{"ri", "i"}})}});
  handler_.reply(0, std::move(late));

  const Response response = answered.get_future().get();
  EXPECT_EQ(response.rsc, Rsc::kCreated) << detail(response);
  EXPECT_EQ(response.content_location, "cse-in/c/i");
  EXPECT_EQ(to_json(response.content), R"({"m2m:cin":{"ri":"i"}})");
}

// RFC 7959, and RFC 8323 where one message may hold it all.
TEST_P(Transports, CarryEightMebibytesBothWays) {
  const std::string large((8u << 20) - 100, 'x');
  handler_.answer = [](const Request& request) {
    Response response = ok_response(request);
    if (request.content) response.content = Content(*request.content);
    return response;
  };
  client_settings_.request_timeout = std::chrono::seconds(60);
  start();

  const Response response = ask(create(large));

  ASSERT_EQ(response.rsc, Rsc::kCreated) << detail(response);
  EXPECT_EQ(handler_.count(), 1u);
  EXPECT_EQ(handler_.request().content->find("m2m:cin")->string_at("con").size(), large.size());
  ASSERT_TRUE(response.content.tree());
  EXPECT_TRUE(response.content.tree()->find("m2m:cin")->string_at("con") == large);
}

TEST_P(Transports, CarryTheSerializationAskedFor) {
  handler_.answer = [](const Request& request) {
    Response response = ok_response(request);
    response.content = Content(*request.content);
    return response;
  };
  start();
  for (const char* name : {"json", "cbor"}) {
    Request request = create("x");
    request.serialization = name;

    const Response response = ask(std::move(request));

    ASSERT_EQ(response.rsc, Rsc::kCreated) << detail(response);
    EXPECT_EQ(to_json(response.content), R"({"m2m:cin":{"con":"x"}})");
  }
  EXPECT_EQ(to_json(*handler_.request(1).content), R"({"m2m:cin":{"con":"x"}})");
}

TEST_P(Transports, RefuseABodyOverTheLimit) {
  handler_.answer = ok_response;
  server_settings_.max_body_bytes = 10'000;
  start();

  const Response response = ask(create(std::string(20'000, 'x')));

  EXPECT_EQ(response.rsc, Rsc::kBadRequest) << detail(response);
  EXPECT_EQ(handler_.count(), 0u);
}

TEST_P(Transports, KeepRequestsOfOnePeerApart) {
  handler_.answer = [](const Request& request) {
    Response response = ok_response(request);
    response.content = Value::object({{"m2m:uri", request.to + std::string(5'000, '.')}});
    return response;
  };
  start();
  constexpr int kRequests = 50;
  std::vector<std::promise<Response>> answers(kRequests);

  for (int i = 0; i < kRequests; ++i) {
    client_->send(url_, "", retrieve("a" + std::to_string(i)),
                  [&answers, i](Response r) { answers[i].set_value(std::move(r)); });
  }

  for (int i = 0; i < kRequests; ++i) {
    const Response response = answers[i].get_future().get();
    ASSERT_EQ(response.rsc, Rsc::kOk) << detail(response);
    EXPECT_THAT(response.content.tree()->string_at("m2m:uri"),
                testing::StartsWith("a" + std::to_string(i) + "."));
  }
}

TEST_P(Transports, SayWhyNobodyAnswers) {
  client_settings_.request_timeout = std::chrono::milliseconds(300);
  start();
  server_->stop();

  const Response response = ask(retrieve());

  EXPECT_EQ(response.rsc, Rsc::kTargetNotReachable);
  EXPECT_THAT(detail(response), HasSubstr("127.0.0.1"));
}

TEST_P(Transports, EndWithRequestsInFlight) {
  start();
  std::promise<Response> answered;
  client_->send(url_, "", create("x"), [&](Response r) { answered.set_value(std::move(r)); });
  ASSERT_TRUE(handler_.wait_for(1));

  client_->stop();
  server_->stop();
  handler_.reply(0, {});  // nobody is there any more

  EXPECT_EQ(answered.get_future().get().rsc, Rsc::kTargetNotReachable);
}

INSTANTIATE_TEST_SUITE_P(All, Transports,
                         testing::Values(Transport{"udp", "coap"}, Transport{"tcp", "coap+tcp"},
                                         Transport{"dtls_certificate", "coaps", true},
                                         Transport{"tls_certificate", "coaps+tcp", true},
                                         Transport{"dtls_key", "coaps", false, true},
                                         Transport{"tls_key", "coaps+tcp", false, true}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace gatehouse::coap

#include "bindings/websocket/endpoint.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::websocket {
namespace {

using testing_support::TemporaryFolder;
using testing_support::TestAuthority;
using namespace std::chrono_literals;

/// Answers every request with what it was asked, and keeps it.
class Echo final : public PrimitiveHandler {
 public:
  void handle(Request&& request, Reply reply) override {
    Response response;
    response.rsc = request.operation == Operation::kCreate ? Rsc::kCreated : Rsc::kOk;
    response.request_identifier = request.request_identifier;
    if (request.content) response.content = *request.content;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
    }
    reply(std::move(response));
  }
  std::vector<Request> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::vector<Request> seen_;
};

Request request_of(Operation operation, const std::string& from) {
  static std::atomic<int> next{1};
  Request request;
  request.operation = operation;
  request.to = "cse-in";
  request.from = from;
  request.request_identifier = std::to_string(next++);
  request.release_version = "4";
  if (operation == Operation::kCreate || operation == Operation::kNotify) {
    request.content = Value::object({{"m2m:foo", Value::object({{"a", "\xC3\xBC"}})}});
  }
  return request;
}

Response send(Endpoint& from, const std::string& url, const std::string& receiver,
              const Request& request) {
  auto answer = std::make_shared<std::promise<Response>>();
  from.send(url, receiver, request,
            [answer](Response response) { answer->set_value(std::move(response)); });
  auto future = answer->get_future();
  EXPECT_EQ(future.wait_for(30s), std::future_status::ready);
  return future.get();
}

std::string debug_text(const Response& response) {
  return response.content.tree() ? response.content.tree()->string_at("m2m:dbg") : "";
}

class TwoEnds : public testing::Test {
 protected:
  static EndpointSettings server_settings() {
    EndpointSettings settings;
    settings.id = "/id-in";
    settings.listeners.push_back({});
    return settings;
  }
  static EndpointSettings client_settings() {
    EndpointSettings settings;
    settings.id = "/id-mn";
    return settings;
  }
  std::string url(const Endpoint& server) {
    return "ws://127.0.0.1:" + std::to_string(server.port());
  }

  const Codecs codecs = standard_codecs();
  Echo at_server, at_client;
};

class Serialised : public TwoEnds, public testing::WithParamInterface<const char*> {};

// TS-0020 clauses 5.2 and 6.2
TEST_P(Serialised, RequestsTravelBothWaysOnTheOneConnection) {
  Endpoint server(server_settings(), at_server, codecs);
  Endpoint client(client_settings(), at_client, codecs);
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(client.start());
  Request create = request_of(Operation::kCreate, "/id-mn");
  create.serialization = GetParam();
  create.resource_type = 16;

  const Response created = send(client, url(server), "/id-in", create);
  ASSERT_EQ(created.rsc, Rsc::kCreated) << debug_text(created);
  EXPECT_EQ(*created.content.tree(), *create.content);
  EXPECT_EQ(created.request_identifier, create.request_identifier);

  // The server knows no address of the client, but has its connection.
  const Request notify = request_of(Operation::kNotify, "/id-in");
  const Response told = send(server, "ws://nowhere.invalid", "/id-mn", notify);
  EXPECT_EQ(told.rsc, Rsc::kOk) << debug_text(told);
  ASSERT_EQ(at_client.seen().size(), 1u);
  EXPECT_EQ(at_client.seen()[0].content, notify.content);
  EXPECT_EQ(at_client.seen()[0].peer->transport, "ws");
  EXPECT_EQ(client.counters().connections_opened, 1u);
  EXPECT_EQ(server.counters().connections_opened, 0u);
}
INSTANTIATE_TEST_SUITE_P(Names, Serialised, testing::Values("json", "cbor"),
                         [](const auto& each) { return std::string(each.param); });

TEST_F(TwoEnds, WhoHasNoConnectionIsNotReachedOnOne) {
  Endpoint server(server_settings(), at_server, codecs);
  ASSERT_TRUE(server.start());

  EXPECT_FALSE(server.send_if_connected("/id-mn", request_of(Operation::kNotify, "/id-in"),
                                        [](const Response&) { ADD_FAILURE(); }));
  EXPECT_EQ(
      send(server, "ws://127.0.0.1:1", "/id-mn", request_of(Operation::kNotify, "/id-in")).rsc,
      Rsc::kTargetNotReachable);
}

TEST_F(TwoEnds, TheConnectionToTheRegistrarIsKeptAndShowsWhoWeAre) {
  auto server = std::make_unique<Endpoint>(server_settings(), at_server, codecs);
  ASSERT_TRUE(server->start());
  EndpointSettings settings = client_settings();
  settings.reconnect_min = settings.reconnect_max = 20ms;
  settings.kept.push_back({url(*server), "/id-in/cse-in"});
  EndpointSettings again = server_settings();
  again.listeners[0].port = server->port();
  Endpoint client(settings, at_client, codecs);
  ASSERT_TRUE(client.start());
  const auto reach = [&](Endpoint& from) {
    for (;;) {  // until the client's first request has come and been answered
      auto answer = std::make_shared<std::promise<Response>>();
      if (from.send_if_connected("/id-mn", request_of(Operation::kNotify, "/id-in"),
                                 [answer](Response r) { answer->set_value(std::move(r)); })) {
        return answer->get_future().get().rsc;
      }
      std::this_thread::yield();
    }
  };

  EXPECT_EQ(reach(*server), Rsc::kOk);
  server.reset();  // and it comes back
  server = std::make_unique<Endpoint>(again, at_server, codecs);
  ASSERT_TRUE(server->start());

  EXPECT_EQ(reach(*server), Rsc::kOk);
  EXPECT_EQ(at_server.seen().at(0).to, "/id-in/cse-in");
  EXPECT_EQ(at_server.seen().at(0).from, "/id-mn");
}

TEST_F(TwoEnds, AMessageThatIsTooLongEndsTheConnection) {
  EndpointSettings narrow = server_settings();
  narrow.max_message_bytes = 1000;
  Endpoint server(narrow, at_server, codecs);
  Endpoint client(client_settings(), at_client, codecs);
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(client.start());
  Request large = request_of(Operation::kCreate, "/id-mn");
  large.content = Value::object({{"m2m:foo", std::string(2000, 'x')}});

  EXPECT_EQ(send(client, url(server), "", large).rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(send(client, url(server), "", request_of(Operation::kCreate, "/id-mn")).rsc,
            Rsc::kCreated);
}

TEST_F(TwoEnds, StoppingFailsWhatWaits) {
  Endpoint client(client_settings(), at_client, codecs);
  ASSERT_TRUE(client.start());
  client.stop();

  EXPECT_EQ(send(client, "ws://127.0.0.1:1", "", request_of(Operation::kNotify, "/id-mn")).rsc,
            Rsc::kTargetNotReachable);
}

TEST_F(TwoEnds, OnlyItsOwnSchemesAreServed) {
  Endpoint client(client_settings(), at_client, codecs);

  EXPECT_TRUE(client.serves("ws://h:1"));
  EXPECT_FALSE(client.serves("wss://h:1"));  // no TLS settings
  EXPECT_FALSE(client.serves("http://h:1"));
}

// TS-0003 clause 8
TEST_F(TwoEnds, ACertificateTellsWhoIsThereBeforeAnythingIsSaid) {
  TemporaryFolder folder;
  TestAuthority authority(folder.path());
  EndpointSettings secured = server_settings();
  secured.listeners[0].tls =
      authority.issue({"server", "URI:m2m://sp.example/id-in,DNS:localhost,IP:127.0.0.1"});
  EndpointSettings known = client_settings();
  known.client_tls = authority.issue({"client", "URI:m2m://sp.example/id-mn"});
  EndpointSettings foreign = client_settings();
  TemporaryFolder elsewhere;
  TestAuthority other(elsewhere.path(), "other");
  foreign.client_tls = other.issue({"foreign", "URI:m2m://sp.example/id-mn"});
  foreign.client_tls->ca_file = known.client_tls->ca_file;
  Endpoint server(secured, at_server, codecs);
  Endpoint client(known, at_client, codecs);
  Endpoint stranger(foreign, at_client, codecs);
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(client.start());
  ASSERT_TRUE(stranger.start());
  const std::string wss = "wss://127.0.0.1:" + std::to_string(server.port());

  EXPECT_EQ(send(client, wss, "", request_of(Operation::kCreate, "/id-other")).rsc, Rsc::kCreated);
  ASSERT_EQ(at_server.seen().size(), 1u);
  EXPECT_TRUE(at_server.seen()[0].peer->authenticated);
  EXPECT_EQ(at_server.seen()[0].peer->transport, "wss");
  EXPECT_EQ(at_server.seen()[0].peer->identities,
            (std::vector<std::string>{"/id-mn", "//sp.example/id-mn"}));
  EXPECT_EQ(
      send(server, "ws://nowhere.invalid", "/id-mn", request_of(Operation::kNotify, "/id-in")).rsc,
      Rsc::kOk);
  EXPECT_EQ(send(stranger, wss, "", request_of(Operation::kCreate, "/id-mn")).rsc,
            Rsc::kTargetNotReachable);
  EXPECT_EQ(send(client, url(server), "", request_of(Operation::kCreate, "/id-mn")).rsc,
            Rsc::kTargetNotReachable);  // ws where wss is spoken
  EXPECT_EQ(at_server.seen().size(), 1u);
}

}  // namespace
}  // namespace gatehouse::websocket

// The contract of all bindings: who subscribes is verified and told on every wire, in the
// serialisation that it asked for.
#include <gtest/gtest.h>

#include <algorithm>

#include "ae-apps/ctl/conformance/runner.h"
#include "bindings/coap/server.h"
#include "bindings/http/server.h"
#include "bindings/websocket/endpoint.h"
#include "cse/codec/json.h"
#include "tests/bindings/contract/mqtt_connection.h"

namespace gatehouse::contract {
namespace {

using mqtt::FakeCse;

/// Where a subscription's notifications go, and what came there. It understands one serialisation
/// only, so what arrives was written in that one.
class Target {
 public:
  Target(World& world, const std::string& name, std::string codec)
      : world_(world), codec_(std::move(codec)), codecs_(codec_) {
    if (world.secured()) tls_ = world.credentials().ae();
    if (name.starts_with("http")) {
      listen_http(name);
    } else if (name.starts_with("coap")) {
      listen_coap(name);
    } else if (name.starts_with("ws")) {
      listen_websocket(name);
    } else if (name == "connection") {
      connect_websocket();
    } else if (name == "topic") {
      listen_at_topic();
    } else {
      serve_mqtt(name);
    }
  }
  ~Target() {
    if (websocket_) websocket_->stop();
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  const std::string& uri() const { return uri_; }  ///< notificationURI
  const Value& poa() const { return poa_; }        ///< of the <AE>; empty: none
  /// A URI is somebody else's as far as the CSE knows, who must agree; an AE asks for itself.
  bool is_verified() const { return uri_.find("://") != std::string::npos; }
  /// The AE asks on the connection on which it is told; others ask over HTTP.
  Response ask(Request request) {
    if (!client_url_.empty()) {
      request.serialization = codec_;
      return wait_for([&](Reply reply) {
        websocket_->send(client_url_, "/id-in", std::move(request), std::move(reply));
      });
    }
    if (!asking_) asking_ = open_wire(world_.secured() ? "https" : "http", codec_);
    return asking_->ask(std::move(request));
  }
  /// The first `count` notifications.
  std::vector<Request> told(std::size_t count) {
    if (uri_.find(MqttConnection::kOwnTopic) != std::string::npos) return overheard(count);
    const mqtt::FakeCse& heard = mqtt_ ? mqtt_->received : heard_;
    std::vector<Request> all = heard.received.wait_for(before_ + count);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before_));
    return all;
  }

 private:
  static std::string at(const std::string& scheme, std::uint16_t port) {
    return scheme + "://127.0.0.1:" + std::to_string(port);
  }
  void listen_http(const std::string& scheme) {
    http::ServerSettings settings;
    settings.tls = tls_;
    http_ = std::make_unique<http::Server>(settings, heard_, codecs_.get());
    EXPECT_TRUE(http_->start());
    uri_ = at(scheme, http_->port()) + "/told?ct=" + codec_;
  }
  void listen_coap(const std::string& scheme) {
    coap::ServerSettings settings;
    settings.tls = tls_;
    coap_ = std::make_unique<coap::Server>(settings, heard_, codecs_.get());
    EXPECT_TRUE(coap_->start());
    uri_ = at(scheme, coap_->port()) + "/told?ct=" + codec_;
  }
  void listen_websocket(const std::string& scheme) {
    websocket::EndpointSettings settings;
    settings.id = kSpRelative;
    settings.listeners.push_back({"127.0.0.1", 0, tls_});
    websocket_ = std::make_unique<websocket::Endpoint>(settings, heard_, codecs_.get());
    EXPECT_TRUE(websocket_->start());
    uri_ = at(scheme, websocket_->port()) + "?ct=" + codec_;
  }
  void connect_websocket() {
    websocket::EndpointSettings settings;
    settings.id = kSpRelative;
    settings.client_tls = tls_;
    websocket_ = std::make_unique<websocket::Endpoint>(settings, heard_, codecs_.get());
    EXPECT_TRUE(websocket_->start());
    client_url_ = world_.url(world_.secured() ? "wss" : "ws");
    uri_ = kSpRelative;
  }
  void listen_at_topic() {
    uri_ = world_.url("mqtt") + "/" + MqttConnection::kOwnTopic + "?ct=" + codec_;
    MqttConnection::of(world_, false);
    before_ = MqttConnection::overheard().now().size();
  }
  void serve_mqtt(const std::string& scheme) {
    mqtt_ = &MqttConnection::of(world_, false);
    before_ = mqtt_->received.received.now().size();
    poa_ = Value::array({world_.url(scheme)});
    uri_ = kSpRelative;
  }
  /// Those at a topic that is not one of oneM2M's.
  std::vector<Request> overheard(std::size_t count) const {
    std::vector<Request> all;
    for (std::size_t at = before_; all.size() < count; ++at) {
      const auto messages = MqttConnection::overheard().wait_for(at + 1);
      if (messages.size() <= at) return all;
      if (messages[at].topic != MqttConnection::kOwnTopic) continue;
      const auto value = codecs_.get().preferred().decode(messages[at].payload, {});
      const auto request = value ? request_from_value(*value) : tl::unexpected(value.error());
      EXPECT_TRUE(request) << messages[at].payload;
      if (!request) return all;
      all.push_back(*request);
    }
    return all;
  }

  World& world_;
  const std::string codec_;
  const AllCodecs codecs_;
  FakeCse heard_;
  std::optional<TlsSettings> tls_;
  std::unique_ptr<Wire> asking_;
  std::unique_ptr<http::Server> http_;
  std::unique_ptr<coap::Server> coap_;
  std::unique_ptr<websocket::Endpoint> websocket_;
  MqttConnection* mqtt_ = nullptr;
  std::size_t before_ = 0;  ///< what had come to an inbox that all tests share
  std::string uri_, client_url_;
  Value poa_;
};

Request request_of(Operation operation, std::string to) {
  static int number = 0;
  Request request;
  request.operation = operation;
  request.to = std::move(to);
  request.from = kOriginator;
  request.request_identifier = "told-" + std::to_string(++number);
  request.release_version = "3";
  return request;
}

Request create(std::string to, std::int64_t type, const std::string& root, Value attributes) {
  Request request = request_of(Operation::kCreate, std::move(to));
  request.resource_type = type;
  request.content = Value::object({{root, std::move(attributes)}});
  return request;
}

std::string why(const Response& response) {
  return std::to_string(static_cast<int>(response.rsc)) + " " + to_json(response.content);
}

struct Cell {
  const char* target;
  bool secured;
};

class Told : public testing::TestWithParam<std::tuple<Cell, const char*>> {};

TEST_P(Told, IsVerifiedAndNotified) {
  const auto& [cell, codec] = GetParam();
  World& world = cell.secured ? World::with_credentials() : World::plain();
  Target target(world, cell.target, codec);
  Value ae = Value::object({{"rn", "told"},
                            {"api", "Ntold"},
                            {"rr", true},
                            {"srv", Value::array({"3"})},
                            {"csz", Value::array({"application/" + std::string(codec)})}});
  if (!target.poa().is_null()) ae.set("poa", target.poa());
  const Value subscription = Value::object({{"nu", Value::array({target.uri()})},
                                            {"nct", 1},
                                            {"enc", Value::object({{"net", Value::array({3})}})}});

  const Response registered = target.ask(create("cse-in", 2, "m2m:ae", ae));
  ASSERT_EQ(registered.rsc, Rsc::kCreated) << why(registered);
  target.ask(create("cse-in/told", 3, "m2m:cnt", Value::object({{"rn", "c"}})));
  const Response subscribed = target.ask(create("cse-in/told/c", 23, "m2m:sub", subscription));
  EXPECT_EQ(subscribed.rsc, Rsc::kCreated) << why(subscribed);
  target.ask(create("cse-in/told/c", 4, "m2m:cin", Value::object({{"con", "<ü> 1"}})));

  const std::size_t first = target.is_verified() ? 1 : 0;
  const auto told = target.told(first + 1);
  ASSERT_EQ(told.size(), first + 1);
  if (first == 1) {
    EXPECT_TRUE(told[0].content->find("m2m:sgn")->bool_at("vrq")) << to_json(*told[0].content);
  }
  const Request& notification = told[first];
  EXPECT_EQ(notification.operation, Operation::kNotify);
  EXPECT_EQ(notification.from, "/id-in");
  for (const conformance::Expectation& wanted : {
           conformance::Expectation{"m2m:sgn/nev/rep/m2m:cin/con", "<ü> 1"},
           conformance::Expectation{"m2m:sgn/nev/net", 3},
           conformance::Expectation{"m2m:sgn/sur", Value::object({{"is", "string"}})},
       }) {
    const auto missing = conformance::unmet(wanted, *notification.content);
    EXPECT_FALSE(missing) << *missing;
  }
  if (cell.secured && notification.peer && cell.target != std::string("mqtts")) {
    EXPECT_TRUE(notification.peer->authenticated);
    ASSERT_FALSE(notification.peer->identities.empty());
    EXPECT_EQ(notification.peer->identities.front(), "/id-in");
  }
  const Response gone = target.ask(request_of(Operation::kDelete, "cse-in/told"));
  EXPECT_EQ(gone.rsc, Rsc::kDeleted) << why(gone);
}

const auto kCodecs = testing::Values("json", "cbor", "xml");
const auto kNamed = [](const testing::TestParamInfo<Told::ParamType>& row) {
  std::string name = std::string(std::get<0>(row.param).target) + "_" + std::get<1>(row.param);
  std::replace(name.begin(), name.end(), '+', '_');
  return name;
};
INSTANTIATE_TEST_SUITE_P(
    Plain, Told,
    testing::Combine(testing::Values(Cell{"http", false}, Cell{"coap", false},
                                     Cell{"coap+tcp", false}, Cell{"ws", false},
                                     Cell{"connection", false}, Cell{"topic", false},
                                     Cell{"mqtt", false}),
                     kCodecs),
    kNamed);
INSTANTIATE_TEST_SUITE_P(
    Secured, Told,
    testing::Combine(testing::Values(Cell{"https", true}, Cell{"coaps", true},
                                     Cell{"coaps+tcp", true}, Cell{"wss", true},
                                     Cell{"connection", true}, Cell{"mqtts", true}),
                     kCodecs),
    kNamed);

}  // namespace
}  // namespace gatehouse::contract

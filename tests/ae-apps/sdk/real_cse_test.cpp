// The SDK against the real CSE, over HTTP and MQTT on loopback.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "ae-apps/sdk/ae.h"
#include "cse/node/log.h"
#include "cse/node/node.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::sdk {
namespace {

constexpr std::chrono::seconds kSoon{10};

/// A port that was free just now: a CSE must know its own for its point of access.
int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(probe);
  return ntohs(address.sin_port);
}

/// A CSE of this process in memory.
class Cse {
 public:
  explicit Cse(node::NodeSettings settings) : settings_(std::move(settings)), node_(settings_) {
    const auto started = node_.start();
    EXPECT_TRUE(started) << started.error().detail;
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(settings_.http.port); }

 private:
  const node::NodeSettings settings_;
  node::Node node_;
};

node::NodeSettings infrastructure_node() {
  node::set_log_level("error");
  node::NodeSettings settings;
  settings.store.backend = "memory";
  settings.log_level = "error";
  settings.http.port = free_port();
  return settings;
}

node::NodeSettings middle_node(const std::string& registrar) {
  node::NodeSettings settings = infrastructure_node();
  settings.cse.cse_type = 2;
  settings.cse.cse_id = "/id-mn";
  settings.cse.csebase_name = "cse-mn";
  settings.registrar.cse_id = "/id-in";
  settings.registrar.url = registrar;
  settings.registrar.retry_seconds = 1;
  return settings;
}

AeSettings ae_at(const Cse& cse, const std::string& name) {
  AeSettings settings;
  settings.cse_url = cse.url();
  settings.name = name;
  settings.ae_id = "C" + name;
  return settings;
}

std::unique_ptr<Ae> connect(AeSettings settings) {
  auto made = Ae::connect(std::move(settings));
  EXPECT_TRUE(made) << made.error().detail;
  return made ? *std::move(made) : nullptr;
}

/// Collects events; outlives the subscriptions that fill it.
class Events {
 public:
  EventCallback collector() {
    return [this](const Event& event) {
      {
        const std::lock_guard lock(mutex_);
        events_.push_back(event);
      }
      arrived_.notify_all();
    };
  }
  std::vector<Event> wait_for(std::size_t number) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(arrived_.wait_for(lock, kSoon, [&] { return events_.size() >= number; }))
        << "only " << events_.size() << " of " << number << " events came";
    events_.resize(std::max(events_.size(), number));
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Event> events_;
};

/// Asks again until it succeeds or time is up.
template <class F>
auto until_success(F ask) {
  const auto deadline = std::chrono::steady_clock::now() + kSoon;
  auto answer = ask();
  while (!answer && std::chrono::steady_clock::now() < deadline) answer = ask();
  return answer;
}

void expect_instances_in_order(Ae& ae) {
  Events events;
  Container container = ae.container("temp");
  const auto made = container.ensure({.max_instances = 50});
  ASSERT_TRUE(made) << made.error().detail;
  const auto subscription = container.on_push(events.collector());
  ASSERT_TRUE(subscription) << subscription.error().detail;

  for (int i = 0; i < 20; ++i) ASSERT_TRUE(container.push(i));

  const auto seen = events.wait_for(20);
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(seen[i].attributes.integer_at("con", -1), i);
  EXPECT_EQ(*container.latest<std::int64_t>(), 19);
}

TEST(SdkAtRealCse, OverHttpBothWays) {
  const Cse cse(infrastructure_node());
  AeSettings settings = ae_at(cse, "lamp");
  settings.listener.emplace();
  const auto ae = connect(settings);
  ASSERT_TRUE(ae);

  expect_instances_in_order(*ae);
}

TEST(SdkAtRealCse, OverMqttBothWays) {
  const mqtt::TestBroker broker;
  node::NodeSettings wanted = infrastructure_node();
  wanted.mqtt.broker = broker.url();
  const Cse cse(wanted);
  AeSettings settings = ae_at(cse, "lamp");
  settings.cse_url = broker.url();
  const auto ae = connect(settings);
  ASSERT_TRUE(ae);

  expect_instances_in_order(*ae);
}

TEST(SdkAtRealCse, OverCoapBothWays) {
  for (const char* scheme : {"coap", "coap+tcp"}) {
    SCOPED_TRACE(scheme);
    node::NodeSettings wanted = infrastructure_node();
    wanted.coap.plain = {true, "127.0.0.1", free_port()};
    const Cse cse(wanted);
    AeSettings settings = ae_at(cse, "lamp");
    settings.cse_url =
        std::string(scheme) + "://127.0.0.1:" + std::to_string(wanted.coap.plain.port);
    settings.coap_listener.emplace();
    const auto ae = connect(settings);
    ASSERT_TRUE(ae);
    EXPECT_TRUE(ae->points_of_access().front().starts_with("coap://127.0.0.1:"));

    expect_instances_in_order(*ae);
  }
}

node::NodeSettings node_with_websocket() {
  node::NodeSettings wanted = infrastructure_node();
  wanted.ws.enabled = true;
  wanted.ws.port = free_port();
  return wanted;
}

AeSettings ae_over_websocket(const Cse& cse, const node::NodeSettings& wanted) {
  AeSettings settings = ae_at(cse, "lamp");
  settings.cse_url = "ws://127.0.0.1:" + std::to_string(wanted.ws.port);
  return settings;
}

// TS-0020 clause 6.4: an AE without an address is notified on the connection that it has opened.
TEST(SdkAtRealCse, OverWebSocketBothWays) {
  const node::NodeSettings wanted = node_with_websocket();
  const Cse cse(wanted);
  const auto ae = connect(ae_over_websocket(cse, wanted));
  ASSERT_TRUE(ae);
  EXPECT_TRUE(ae->points_of_access().empty());

  expect_instances_in_order(*ae);
}

TEST(SdkAtRealCse, AssignedIdOverWebSocket) {
  const node::NodeSettings wanted = node_with_websocket();
  const Cse cse(wanted);
  AeSettings settings = ae_over_websocket(cse, wanted);
  settings.ae_id.clear();
  const auto ae = connect(settings);
  ASSERT_TRUE(ae);

  EXPECT_GT(ae->id().size(), 1u);
  expect_instances_in_order(*ae);
}

TEST(SdkAtRealCse, IsNotifiedOnANewWebSocketWhenTheCseHasStartedAgain) {
  testing_support::TemporaryFolder folder;
  node::NodeSettings wanted = node_with_websocket();
  wanted.store.backend = "sqlite";
  wanted.store.path = (folder.path() / "cse.db").string();
  auto cse = std::make_unique<Cse>(wanted);
  Events events;
  const auto ae = connect(ae_over_websocket(*cse, wanted));
  ASSERT_TRUE(ae);
  Container container = ae->container("temp");
  ASSERT_TRUE(container.ensure({}));
  const auto subscription = container.on_push(events.collector());
  ASSERT_TRUE(subscription) << subscription.error().detail;

  cse.reset();
  cse = std::make_unique<Cse>(wanted);
  const auto pushed = until_success([&] { return container.push("again"); });

  ASSERT_TRUE(pushed) << pushed.error().detail;
  EXPECT_EQ(events.wait_for(1)[0].attributes.string_at("con"), "again");
}

struct BadUrl {
  const char* url;
  const char* says;
};

TEST(SdkSettings, NameWhatAUrlLacks) {
  for (const BadUrl& bad : {BadUrl{"ftp://127.0.0.1", "cse_url"}, BadUrl{"coap", "cse_url"},
                            BadUrl{"wss://127.0.0.1", "tls"}, BadUrl{"coaps://127.0.0.1", "psk"},
                            BadUrl{"coaps+tcp://127.0.0.1", "psk"}}) {
    AeSettings settings;
    settings.cse_url = bad.url;
    settings.name = "lamp";
    const auto made = Ae::connect(settings);
    ASSERT_FALSE(made) << bad.url;
    EXPECT_EQ(made.error().rsc, Rsc::kBadRequest);
    EXPECT_NE(made.error().detail.find(bad.says), std::string::npos) << made.error().detail;
  }
}

TEST(SdkAtRealCse, AssignedIdOverMqtt) {
  const mqtt::TestBroker broker;
  node::NodeSettings wanted = infrastructure_node();
  wanted.mqtt.broker = broker.url();
  const Cse cse(wanted);
  AeSettings settings = ae_at(cse, "lamp");
  settings.cse_url = broker.url();
  settings.ae_id.clear();
  const auto ae = connect(settings);
  ASSERT_TRUE(ae);

  EXPECT_GT(ae->id().size(), 1u);
  expect_instances_in_order(*ae);
}

TEST(SdkAtRealCse, ASecondRunTakesUpEverything) {
  const Cse cse(infrastructure_node());
  AeSettings settings = ae_at(cse, "lamp");
  settings.listener.emplace();
  Events events;
  auto ae = connect(settings);
  ASSERT_TRUE(ae);
  ASSERT_TRUE(ae->container("temp").ensure({.labels = {"x"}}));
  Criteria criteria;
  criteria.events = {EventType::kCreateChild};
  criteria.keep = true;
  ASSERT_TRUE(ae->subscribe("temp", criteria, events.collector()));
  const auto old_address = ae->points_of_access();

  ae = connect(settings);  // at another port, so with another point of access
  ASSERT_TRUE(ae);
  ASSERT_TRUE(ae->container("temp").ensure({.labels = {"x"}}));
  const auto subscription = ae->subscribe("temp", criteria, events.collector());

  ASSERT_TRUE(subscription) << subscription.error().detail;
  EXPECT_EQ(ae->retrieve("")->strings_at("poa"), ae->points_of_access());
  EXPECT_NE(old_address, ae->points_of_access());
  ASSERT_TRUE(ae->container("temp").push("on"));
  EXPECT_EQ(events.wait_for(1)[0].attributes.string_at("con"), "on");
  FilterCriteria filter;
  filter.labels = {"x"};
  const auto found = ae->discover("", filter);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->size(), 1u);
}

// TS-0001 clause D.2: one AE orders the update, the other is told.
TEST(SdkAtRealCse, FirmwareUpdateIsOrderedByAnotherAe) {
  const Cse cse(infrastructure_node());
  AeSettings settings = ae_at(cse, "gateway");
  settings.listener.emplace();
  Events events;
  const auto gateway = connect(settings);
  const auto server = connect(ae_at(cse, "server"));
  ASSERT_TRUE(gateway && server);
  const auto policy = gateway->ensure_policy(
      "ecus", {{{"Cgateway"}, kMayDoAll}, {{"Cserver"}, kMayRetrieve | kMayUpdate}});
  ASSERT_TRUE(policy) << policy.error().detail;
  Node node = gateway->node("ecu1");
  const auto made = node.ensure("urn:ecu:1", {}, {*policy});
  ASSERT_TRUE(made) << made.error().detail;
  Firmware firmware = node.firmware();
  const auto ready = firmware.ensure({"1.0", "brake", "http://127.0.0.1/1"}, {*policy});
  ASSERT_TRUE(ready) << ready.error().detail;
  const auto subscription = firmware.on_update_ordered(events.collector());
  ASSERT_TRUE(subscription) << subscription.error().detail;

  const auto ordered =
      server->node("ecu1").firmware().order_update({"2.0", "brake", "http://127.0.0.1/2"});

  ASSERT_TRUE(ordered) << ordered.error().detail;
  const auto seen = events.wait_for(1);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].attributes.string_at("vr"), "2.0");
  const auto reported = firmware.report(UpdateStatus::kSuccessful);
  EXPECT_TRUE(reported) << reported.error().detail;
  EXPECT_TRUE(node.device_info().ensure({"SN1", "Maker", "M1", "ECU", "2.0", "1", "H"}));
}

// The server at the IN-CSE asks the gateway at the MN-CSE, which is notified over MQTT while its
// own requests go over HTTP.
TEST(SdkAtRealCse, AsksAnAeOfAnotherCseOverMqtt) {
  const mqtt::TestBroker broker;
  const Cse infrastructure(infrastructure_node());
  node::NodeSettings wanted = middle_node(infrastructure.url());
  wanted.mqtt.broker = broker.url();
  const Cse middle(wanted);
  AeSettings settings = ae_at(middle, "gateway");
  settings.cse_id = "/id-mn";
  settings.csebase = "cse-mn";
  settings.broker = broker.url();
  const auto gateway = connect(settings);
  AeSettings at_server = ae_at(infrastructure, "server");
  at_server.listener.emplace();
  const auto server = connect(at_server);
  ASSERT_TRUE(gateway && server);
  gateway->on_message([](const Request& request) -> Result<Value> {
    const Value* asked = request.content->find("ota:ask");
    if (!asked) return fail(Rsc::kBadRequest, "ask, please");
    return Value::object({{"ota:answer", Value::object({{"of", *asked}, {"to", request.from}})}});
  });
  const auto allowed =
      gateway->allow({{{"/id-in/Cserver"}, kMayNotify | kMayCreate | kMayRetrieve}});
  ASSERT_TRUE(allowed) << allowed.error().detail;

  const auto answer = until_success([&] {
    return server->notify("/id-mn/Cgateway", Value::object({{"ota:ask", "version"}}),
                          std::chrono::seconds(5));
  });

  ASSERT_TRUE(answer) << answer.error().detail;
  const Value* body = answer->find("ota:answer");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->string_at("of"), "version");
  EXPECT_EQ(body->string_at("to"), "/id-in/Cserver");
  const auto refused = server->notify("/id-mn/Cgateway", Value::object({{"x:y", 1}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{Rsc::kBadRequest, "ask, please"}));

  // And a subscription of the server to what is on the gateway's CSE.
  Events events;
  const auto open = server->allow({{{"/id-mn"}, kMayNotify}});
  ASSERT_TRUE(open) << open.error().detail;
  Container state = gateway->container("state");
  ASSERT_TRUE(state.ensure({.policies = {"cse-mn/gateway/access"}}));
  const auto subscription =
      server->container("/id-mn/cse-mn/gateway/state").on_push(events.collector());
  ASSERT_TRUE(subscription) << subscription.error().detail;
  ASSERT_TRUE(state.push("flashing"));
  EXPECT_EQ(events.wait_for(1)[0].attributes.string_at("con"), "flashing");
}

}  // namespace
}  // namespace gatehouse::sdk

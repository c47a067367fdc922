#include "tests/bindings/contract/mqtt_connection.h"

#include <gtest/gtest.h>

#include <map>

namespace gatehouse::contract {

namespace {

auto& all_connections() {
  static std::map<std::pair<World*, bool>, std::unique_ptr<MqttConnection>> kept;
  return kept;
}

}  // namespace

MqttConnection& MqttConnection::of(World& world, bool mqtt_5) {
  auto& connection = all_connections()[{&world, mqtt_5}];
  if (!connection) connection = std::make_unique<MqttConnection>(world, mqtt_5);
  return *connection;
}

void MqttConnection::end(World& world) {
  all_connections().erase({&world, false});
  all_connections().erase({&world, true});
}

MqttConnection::MqttConnection(World& world, bool mqtt_5)
    : open_(!world.secured()), endpoint_(settings(world, mqtt_5), codecs_) {
  if (open_) listener();
  endpoint_.serve(received, false);
  endpoint_.start();
  EXPECT_TRUE(endpoint_.wait_connected(mqtt::kPatience));
  wait_for_the_cse();
}

Response MqttConnection::ask(Request request, const std::string& codec) {
  return wait_for(
      [&](Reply reply) { endpoint_.send("/id-in", std::move(request), std::move(reply), codec); });
}

std::string MqttConnection::topic_of_answer(const std::string& request_identifier) {
  if (!open_) return {};
  for (;;) {  // the listener may hear it a little later than the one who asked
    const auto messages = overheard().wait_for(heard_ + 1);
    if (messages.size() <= heard_) return "nothing heard";
    const mqtt::RawClient::Message& next = messages[heard_++];
    if (next.payload.find(request_identifier) != std::string::npos) return next.topic;
  }
}

const mqtt::Mailbox<mqtt::RawClient::Message>& MqttConnection::overheard() {
  return listener().messages;
}

mqtt::RawClient& MqttConnection::listener() {
  static mqtt::RawClient listener(World::plain().url("mqtt"),
                                  std::vector<std::string>{"/oneM2M/resp/#", kOwnTopic});
  EXPECT_TRUE(listener.wait_connected());
  return listener;
}

mqtt::EndpointSettings MqttConnection::settings(const World& world, bool mqtt_5) {
  mqtt::EndpointSettings settings =
      mqtt::settings_for(world.url(world.secured() ? "mqtts" : "mqtt"), kSpRelative);
  settings.mqtt_5 = mqtt_5;
  if (mqtt_5) settings.client_id = "A::id-in:CContract-5";
  if (world.secured()) settings.tls = world.credentials().ae();
  return settings;
}

/// Its own connection to the broker may be on the way yet.
void MqttConnection::wait_for_the_cse() {
  Request request = mqtt::request(Operation::kRetrieve, kOriginator, "");
  for (int attempt = 0; attempt < 100; ++attempt) {
    request.request_identifier = "first-" + std::to_string(attempt);
    request.request_expiration = "200";
    const Rsc rsc = ask(request, "json").rsc;
    if (rsc != Rsc::kTargetNotReachable && rsc != Rsc::kRequestTimeout) return;
  }
  ADD_FAILURE() << "the CSE does not answer through the broker";
}

}  // namespace gatehouse::contract

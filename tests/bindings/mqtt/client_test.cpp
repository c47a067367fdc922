#include "bindings/mqtt/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bindings/mqtt/server.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/mqtt/test_support.h"

namespace gatehouse::mqtt {
namespace {

using testing::SizeIs;

class MqttClient : public testing::Test {
 protected:
  MqttClient() : server(settings_for(broker.url(), "/id-in"), cse, codecs) {
    server.start();
    ClientSettings settings;
    settings.endpoint = settings_for(broker.url(), "/id-in");
    settings.max_brokers = 2;
    client.emplace(settings, codecs, &server.endpoint());
  }

  const Codecs codecs = standard_codecs();
  TestBroker broker;
  FakeCse cse;
  Server server;
  std::optional<Client> client;
};

TEST_F(MqttClient, ServesMqttOnlyUnlessItHasTls) {
  EXPECT_TRUE(client->serves("mqtt://broker"));
  EXPECT_FALSE(client->serves("mqtts://broker"));
  EXPECT_FALSE(client->serves("http://broker"));
}

TEST_F(MqttClient, ReachesAReceiverOverTheSharedConnection) {
  FakeCse notified;
  Endpoint ae(settings_for(broker.url(), "/id-in/CAE1"), codecs);
  ae.serve(notified, false);
  ae.start();
  ASSERT_TRUE(ae.wait_connected(kPatience));

  const Request notify = request(Operation::kNotify, "/id-in", "1");
  for (const char* path :
       {"", "/CAE1", "/id-in:CAE1"}) {  // a path that names the receiver is no prefix
    const Response response =
        ask([&](Reply reply) { client->send(broker.url() + path, "/id-in/CAE1", notify, reply); });
    EXPECT_EQ(response.rsc, Rsc::kOk) << path;
  }

  EXPECT_THAT(notified.received.now(), SizeIs(3));
}

TEST_F(MqttClient, TakesThePathOfAPointOfAccessAsPrefix) {
  FakeCse other;
  Server mn(settings_for(broker.url() + "/fleet/7", "/id-mn"), other, codecs);
  mn.start();
  ASSERT_TRUE(mn.endpoint().wait_connected(kPatience));

  const Response response = ask([&](Reply reply) {
    client->send(broker.url() + "/fleet/7", "/id-mn",
                 request(Operation::kCreate, "/id-in/CAE1", "1"), reply);
  });

  EXPECT_EQ(response.rsc, Rsc::kCreated);
  EXPECT_THAT(other.received.now(), SizeIs(1));
}

// TS-0010 clause 6.6: the path of a notification URI is the topic
TEST_F(MqttClient, PublishesToTheTopicOfANotificationUri) {
  RawClient listener(broker.url(), {"alarms/engine"});
  ASSERT_TRUE(listener.wait_connected());
  Request notify = request(Operation::kNotify, "/id-in", "n1");
  notify.content = Value::object({{"m2m:sgn", Value::object({{"sur", "/id-in/sub1"}})}});

  const Response response = ask([&](Reply reply) {
    client->send(broker.url() + "/alarms/engine?ct=json", "", notify, reply);
  });

  EXPECT_EQ(response.rsc, Rsc::kOk);
  EXPECT_EQ(response.request_identifier, "n1");
  const auto messages = listener.messages.wait_for(1);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].payload, to_json(to_value(notify)));
}

TEST_F(MqttClient, RefusesUrlsThatLeadNowhere) {
  const auto answer = [&](const std::string& url, const std::string& receiver) {
    return ask([&](Reply reply) {
      client->send(url, receiver, request(Operation::kNotify, "/id-in", "1"), reply);
    });
  };

  EXPECT_EQ(answer(broker.url(), "").rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(answer("mqtt://", "/id-mn").rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(answer("mqtts://127.0.0.1", "/id-mn").rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(answer(broker.url(), "/id mn").rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(answer(broker.url() + "/a?ct=yaml", "").rsc, Rsc::kTargetNotReachable);
}

TEST_F(MqttClient, OpensABoundedNumberOfConnections) {
  client->send(broker.url() + "/a", "/id-x", request(Operation::kNotify, "/id-in", "1"),
               [](Response) {});
  client->send(broker.url() + "/b", "/id-x", request(Operation::kNotify, "/id-in", "2"),
               [](Response) {});

  const Response third = ask([&](Reply reply) {
    client->send(broker.url() + "/c", "/id-x", request(Operation::kNotify, "/id-in", "3"), reply);
  });

  EXPECT_EQ(third.rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(third.request_identifier, "3");
}

}  // namespace
}  // namespace gatehouse::mqtt

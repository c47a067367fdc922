#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "bindings/mqtt/client.h"
#include "bindings/mqtt/server.h"
#include "cse/codec/json.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/mqtt/test_support.h"

namespace gatehouse::mqtt {
namespace {

using testing::Each;
using testing::Pair;
using testing::SizeIs;

constexpr int kRequests = 400;

std::map<std::string, int> times_done(const FakeCse& cse) {
  std::map<std::string, int> times;
  for (const Request& request : cse.received.now()) ++times[request.request_identifier];
  return times;
}

// The broker keeps nothing, so what it had acknowledged is gone with it.
TEST(MqttRecovery, NothingIsLostOrDoneTwiceWhenTheBrokerIsKilled) {
  const Codecs codecs = standard_codecs();
  TestBroker broker;
  FakeCse cse;
  Server server(settings_for(broker.url(), "/id-in"), cse, codecs);
  server.start();
  Mailbox<Response> answers;  // outlives those who fill it
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  ae.start();
  ASSERT_TRUE(server.endpoint().wait_connected(kPatience));
  ASSERT_TRUE(ae.wait_connected(kPatience));
  const auto send = [&](int first, int last) {
    for (int i = first; i < last; ++i) {
      Request create = request(Operation::kCreate, "CAE1", "r" + std::to_string(i));
      create.request_expiration = "30000";
      ae.send("/id-in", create, [&](Response response) { answers.put(std::move(response)); });
    }
  };

  send(0, kRequests / 2);
  answers.wait_for(10);  // it is at work
  broker.kill();
  send(kRequests / 2, kRequests);
  broker.start();
  const auto received = answers.wait_for(kRequests);

  ASSERT_THAT(received, SizeIs(kRequests));
  for (const Response& response : received) {
    EXPECT_EQ(response.rsc, Rsc::kCreated) << to_json(response.content);
  }
  EXPECT_THAT(times_done(cse), SizeIs(kRequests));
  EXPECT_THAT(times_done(cse), Each(Pair(testing::_, 1)));
  EXPECT_GE(ae.counters().connections_lost, 1u);
}

TEST(MqttRecovery, ABrokerThatComesLaterIsNoError) {
  const Codecs codecs = standard_codecs();
  TestBroker broker;
  broker.kill();
  FakeCse cse;
  Server server(settings_for(broker.url(), "/id-in"), cse, codecs);
  server.start();
  Mailbox<Response> answers;  // outlives those who fill it
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  ae.start();

  ae.send("/id-in", request(Operation::kCreate, "CAE1", "1"),
          [&](Response response) { answers.put(std::move(response)); });
  broker.start();

  ASSERT_THAT(answers.wait_for(1), SizeIs(1));
  EXPECT_EQ(answers.now()[0].rsc, Rsc::kCreated);
  EXPECT_THAT(cse.received.now(), SizeIs(1));
}

TEST(MqttRecovery, WithoutABrokerARequestFailsInItsTime) {
  const Codecs codecs = standard_codecs();
  TestBroker broker;
  broker.kill();
  EndpointSettings settings = settings_for(broker.url(), "CAE1");
  settings.request_timeout = std::chrono::milliseconds(200);
  Endpoint ae(settings, codecs);
  ae.start();

  const Response response =
      ask([&](Reply reply) { ae.send("/id-in", request(Operation::kCreate, "CAE1", "1"), reply); });

  EXPECT_EQ(response.rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(response.request_identifier, "1");
}

TEST(MqttRecovery, RequestsBeyondTheQueueFailAtOnce) {
  const Codecs codecs = standard_codecs();
  TestBroker broker;
  broker.kill();
  EndpointSettings settings = settings_for(broker.url(), "CAE1");
  settings.max_queued = 2;
  Mailbox<Response> answers;  // outlives those who fill it
  Endpoint ae(settings, codecs);
  ae.start();

  for (const char* identifier : {"1", "2", "3"}) {
    ae.send("/id-in", request(Operation::kCreate, "CAE1", identifier),
            [&](Response response) { answers.put(std::move(response)); });
  }

  ASSERT_THAT(answers.wait_for(1), SizeIs(1));
  EXPECT_EQ(answers.now()[0].request_identifier, "3");
  EXPECT_EQ(answers.now()[0].rsc, Rsc::kTargetNotReachable);
}

}  // namespace
}  // namespace gatehouse::mqtt

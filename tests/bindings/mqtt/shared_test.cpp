// Several processes of one CSE at one broker.
#include <gtest/gtest.h>

#include "bindings/mqtt/server.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/mqtt/test_support.h"

namespace gatehouse::mqtt {
namespace {

class MqttShared : public testing::TestWithParam<bool> {
 protected:
  EndpointSettings process(const std::string& name) const {
    EndpointSettings settings = settings_for(broker.url(), "/id-in");
    settings.client_id = name;
    settings.shared = true;
    settings.mqtt_5 = GetParam();
    return settings;
  }
  static void start(Server& server) {
    server.start();
    ASSERT_TRUE(server.endpoint().wait_connected(kPatience));
  }
  /// Sends so many, and waits for every answer.
  void ask_many(Endpoint& ae, const std::string& name, int count) {
    for (int i = 0; i < count; ++i) {
      const Response answer = ask([&](Reply reply) {
        ae.send("/id-in", request(Operation::kCreate, "CAE1", name + std::to_string(i)),
                std::move(reply));
      });
      ASSERT_EQ(answer.rsc, Rsc::kCreated);
    }
  }
  const Codecs codecs = standard_codecs();
  TestBroker broker;
  FakeCse one, two;
};

TEST_P(MqttShared, EachRequestGoesToOneProcessAndBothWork) {
  Server first(process("first"), one, codecs), second(process("second"), two, codecs);
  start(first);
  start(second);
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  ae.start();

  ask_many(ae, "r", 20);

  const std::size_t at_one = one.received.now().size(), at_two = two.received.now().size();
  EXPECT_EQ(at_one + at_two, 20u);
  EXPECT_GT(at_one, 0u);
  EXPECT_GT(at_two, 0u);
}

TEST_P(MqttShared, WhoIsLeftTakesAll) {
  Server first(process("first"), one, codecs);
  start(first);
  {
    Server second(process("second"), two, codecs);
    start(second);
  }
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  ae.start();

  ask_many(ae, "r", 10);

  EXPECT_EQ(one.received.now().size(), 10u);
}

TEST_P(MqttShared, AnAnswerReachesTheProcessThatAsked) {
  Server first(process("first"), one, codecs), second(process("second"), two, codecs);
  start(first);
  start(second);
  FakeCse notified;
  Endpoint ae(settings_for(broker.url(), "/id-in/CAE1"), codecs);
  ae.serve(notified, false);
  ae.start();
  ASSERT_TRUE(ae.wait_connected(kPatience));

  for (Server* server : {&first, &second}) {
    const Response answer = ask([&](Reply reply) {
      server->endpoint().send("/id-in/CAE1", request(Operation::kNotify, "/id-in", "n"),
                              std::move(reply));
    });
    EXPECT_EQ(answer.rsc, Rsc::kOk);
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, MqttShared, testing::Bool(),
                         [](const auto& row) { return row.param ? "mqtt_5" : "mqtt_3_1_1"; });

TEST(MqttSharedSettings, NeedAClientIdOfTheirOwn) {
  EndpointSettings settings = settings_for("mqtt://127.0.0.1:1", "/id-in");
  settings.shared = true;
  const Codecs codecs = standard_codecs();
  EXPECT_THROW(Endpoint(settings, codecs), std::invalid_argument);
}

}  // namespace
}  // namespace gatehouse::mqtt

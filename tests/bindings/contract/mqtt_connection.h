#pragma once
#include <optional>
#include <string>

#include "tests/bindings/contract/wires.h"
#include "tests/bindings/mqtt/test_support.h"

namespace gatehouse::contract {

/// The AE's connection to the broker of a world, and somebody who listens to all that an open
/// broker passes on. Paho takes a second for each connection that begins or ends, so they are kept
/// for all tests of this process.
class MqttConnection {
 public:
  static constexpr const char* kOwnTopic = "of/its/own";  ///< no topic of oneM2M's

  static MqttConnection& of(World& world, bool mqtt_5);
  /// Ends the connections to a world that is about to end.
  static void end(World& world);

  MqttConnection(World& world, bool mqtt_5);
  Response ask(Request request, const std::string& codec);
  /// Of the answer to that request; empty where a broker with access control lets nobody listen.
  std::string topic_of_answer(const std::string& request_identifier);

  mqtt::FakeCse received;  ///< requests to the AE
  /// What came to kOwnTopic; only of an open broker.
  static const mqtt::Mailbox<mqtt::RawClient::Message>& overheard();

 private:
  static mqtt::RawClient& listener();
  static mqtt::EndpointSettings settings(const World& world, bool mqtt_5);
  void wait_for_the_cse();

  const bool open_;  ///< the broker has no access control
  const AllCodecs codecs_;
  mqtt::Endpoint endpoint_;
  std::size_t heard_ = 0;
};

}  // namespace gatehouse::contract

#include "bindings/mqtt/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bindings/mqtt/client.h"
#include "bindings/mqtt/paho_sockets.h"
#include "bindings/mqtt/server.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/mqtt/test_support.h"

namespace gatehouse::mqtt {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

class MqttEndpoint : public testing::Test {
 protected:
  MqttEndpoint() : server(settings_for(broker.url(), "/id-in"), cse, codecs) {}

  void start_server() {
    server.start();
    ASSERT_TRUE(server.endpoint().wait_connected(kPatience));
  }

  const Codecs codecs = standard_codecs();
  TestBroker broker;
  FakeCse cse;
  Server server;
};

Request request_with_everything() {
  Request all = request(Operation::kUpdate, "CAE1", "all");
  all.to = "/id-in/cse-in/CAE1/c";
  all.content =
      Value::object({{"m2m:cnt", Value::object({{"mni", 10}, {"lbl", Value::array({"a"})}})}});
  all.result_content = 9;
  all.filter = FilterCriteria{};
  all.filter->labels = {"x", "y"};
  all.filter->limit = 5;
  all.desired_identifier_result_type = 2;
  all.response_type = 3;
  all.notification_uris = std::vector<std::string>{"mqtt://b/CAE1"};
  all.originating_timestamp = "20261121T120000,000000";
  all.request_expiration = "20990101T000000,000000";
  all.result_expiration = "20990101T000001,000000";
  all.operation_execution_time = "20990101T000002,000000";
  all.result_persistence = "20990101T000003,000000";
  all.event_category = 4;
  all.delivery_aggregation = true;
  all.group_request_identifier = "g1";
  all.vendor_information = "vendor";
  all.other.set("tids", Value::array({"t1"}));
  return all;
}

// TS-0010 clauses 6.4.2, 6.4.3
TEST_F(MqttEndpoint, CarriesEveryParameterOfARequest) {
  start_server();
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  ae.start();
  const Request sent = request_with_everything();

  const Response response = ask([&](Reply reply) { ae.send("/id-in", sent, reply); });

  EXPECT_EQ(response.rsc, Rsc::kOk);
  EXPECT_EQ(response.request_identifier, "all");
  const auto received = cse.received.wait_for(1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(to_json(to_value(received[0])), to_json(to_value(sent)));
}

TEST_F(MqttEndpoint, CarriesEveryParameterOfAResponse) {
  Response sent;
  sent.rsc = Rsc::kUpdated;
  sent.request_identifier = "1";
  sent.content = Value::object({{"m2m:cnt", Value::object({{"ri", "cnt1"}})}});
  sent.to = "CAE1";
  sent.from = "/id-mn";
  sent.release_version = "3";
  sent.originating_timestamp = "20261121T120000,000000";
  sent.result_expiration = "20990101T000000,000000";
  sent.event_category = 4;
  sent.content_status = 1;
  sent.content_offset = 7;
  sent.vendor_information = "vendor";
  FakeCse other([&](const Request&, const Reply& reply) { reply(Response(sent)); });
  Server mn(settings_for(broker.url(), "/id-mn"), other, codecs);
  mn.start();
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  ae.start();

  const Response response = ask(
      [&](Reply reply) { ae.send("/id-mn", request(Operation::kRetrieve, "CAE1", "1"), reply); });

  EXPECT_EQ(to_json(to_value(response)), to_json(to_value(sent)));
}

TEST_F(MqttEndpoint, TellsTheHandlerWhatTheTransportHasProven) {
  EndpointSettings settings = settings_for(broker.url(), "/id-mn");
  settings.trust_broker_acl = true;
  FakeCse mn_cse;
  Server mn(settings, mn_cse, codecs);
  mn.start();
  start_server();
  Endpoint ae(settings_for(broker.url(), "/id-mn/CAE1"), codecs);
  ae.start();

  ask([&](Reply reply) { ae.send("/id-mn", request(Operation::kRetrieve, "CAE1", "1"), reply); });
  ask([&](Reply reply) {
    ae.send("/id-in", request(Operation::kRetrieve, "/id-mn/CAE1", "2"), reply);
  });

  const auto trusting = mn_cse.received.wait_for(1);
  ASSERT_EQ(trusting.size(), 1u);
  EXPECT_TRUE(trusting[0].peer->authenticated);
  EXPECT_EQ(trusting[0].peer->transport, "mqtt");
  EXPECT_EQ(trusting[0].peer->address, "127.0.0.1:" + std::to_string(broker.port()));
  EXPECT_THAT(trusting[0].peer->identities, ElementsAre("/id-mn/CAE1", "CAE1"));
  const auto plain = cse.received.wait_for(1);
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_FALSE(plain[0].peer->authenticated);
  EXPECT_THAT(plain[0].peer->identities, IsEmpty());
}

// TS-0010 clause 6.5.2: registration before there is an AE-ID
TEST_F(MqttEndpoint, RegistersUnderItsCredentialAndThenUsesItsId) {
  start_server();
  EndpointSettings settings = settings_for(broker.url(), "");
  settings.credential_id = "maker-0815";
  FakeCse notified;
  Endpoint ae(settings, codecs);
  ae.serve(notified, false);
  ae.start();
  Request create = request(Operation::kCreate, "C", "r1");
  create.resource_type = 2;

  const Response registered = ask([&](Reply reply) { ae.send("/id-in", create, reply); });
  ae.set_identity("/id-in/CAE9");
  const Response used = ask([&](Reply reply) {
    ae.send("/id-in", request(Operation::kRetrieve, "/id-in/CAE9", "r2"), reply);
  });
  const Response notification = ask([&](Reply reply) {
    server.endpoint().send("/id-in/CAE9", request(Operation::kNotify, "/id-in", "n1"), reply);
  });

  EXPECT_EQ(registered.rsc, Rsc::kCreated);
  EXPECT_EQ(used.rsc, Rsc::kOk);
  EXPECT_EQ(notification.rsc, Rsc::kOk);
  EXPECT_EQ(notified.received.wait_for(1).size(), 1u);
  EXPECT_EQ(ae.identity(), "/id-in/CAE9");
}

TEST_F(MqttEndpoint, TakesNothingButRegistrationsOnTheRegistrationTopic) {
  start_server();
  RawClient client(broker.url(), {"/oneM2M/reg_resp/cred/#"});
  ASSERT_TRUE(client.wait_connected());

  client.publish("/oneM2M/reg_req/cred/id-in/json",
                 R"({"op":4,"to":"cse-in/x","fr":"CAdmin","rqi":"1","rvi":"3"})");
  client.publish("/oneM2M/reg_req/cred/id-in/json",
                 R"({"op":1,"ty":3,"to":"cse-in","fr":"CAdmin","rqi":"2","rvi":"3",)"
                 R"("pc":{"m2m:cnt":{}}})");
  const auto answers = client.messages.wait_for(2);

  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(response_of(answers[0]).rsc, Rsc::kBadRequest);
  EXPECT_EQ(response_of(answers[1]).rsc, Rsc::kBadRequest);
  EXPECT_THAT(cse.received.now(), IsEmpty());
}

TEST_F(MqttEndpoint, RefusesAFromThatIsNotTheTopicsOriginator) {
  start_server();
  RawClient forger(broker.url(), {"/oneM2M/resp/CAE1/#"});
  ASSERT_TRUE(forger.wait_connected());

  forger.publish("/oneM2M/req/CAE1/id-in/json",
                 R"({"op":4,"to":"cse-in/x","fr":"CAdmin","rqi":"f","rvi":"3"})");
  const auto answers = forger.messages.wait_for(1);

  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].topic, "/oneM2M/resp/CAE1/id-in/json");
  EXPECT_EQ(response_of(answers[0]).rsc, Rsc::kOriginatorNotAuthenticated);
  EXPECT_EQ(response_of(answers[0]).request_identifier, "f");
  EXPECT_THAT(cse.received.now(), IsEmpty());
  EXPECT_EQ(server.endpoint().counters().refused_originator, 1u);
}

// A QoS 1 message may come twice.
TEST_F(MqttEndpoint, AnswersADuplicateWithTheSameAnswerAndDoesItOnce) {
  start_server();
  RawClient client(broker.url(), {"/oneM2M/resp/CAE1/#"});
  ASSERT_TRUE(client.wait_connected());
  const std::string create = to_json(to_value(request(Operation::kCreate, "CAE1", "d1")));

  client.publish("/oneM2M/req/CAE1/id-in/json", create);
  client.messages.wait_for(1);
  client.publish("/oneM2M/req/CAE1/id-in/json", create);
  const auto answers = client.messages.wait_for(2);

  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].payload, answers[1].payload);
  EXPECT_EQ(cse.received.now().size(), 1u);
  EXPECT_EQ(server.endpoint().counters().duplicates, 1u);
}

TEST_F(MqttEndpoint, IgnoresADuplicateOfWhatIsInProgress) {
  Mailbox<Reply> held;
  FakeCse slow([&](const Request&, Reply reply) { held.put(std::move(reply)); });
  Server mn(settings_for(broker.url(), "/id-mn"), slow, codecs);
  mn.start();
  ASSERT_TRUE(mn.endpoint().wait_connected(kPatience));
  RawClient client(broker.url(), {"/oneM2M/resp/CAE1/#"});
  ASSERT_TRUE(client.wait_connected());
  const std::string topic = "/oneM2M/req/CAE1/id-mn/json";

  for (const char* identifier : {"d1", "d1", "d2"}) {  // messages keep their order
    client.publish(topic, to_json(to_value(request(Operation::kCreate, "CAE1", identifier))));
  }
  const auto replies = held.wait_for(2);
  ASSERT_EQ(replies.size(), 2u);
  for (const Reply& reply : replies) reply(Response{});
  const auto answers = client.messages.wait_for(2);

  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(response_of(answers[0]).request_identifier, "d1");
  EXPECT_EQ(response_of(answers[1]).request_identifier, "d2");
  EXPECT_EQ(mn.endpoint().counters().duplicates, 1u);
}

TEST_F(MqttEndpoint, LooksUpARepeatedRetrieveAnew) {
  start_server();
  RawClient client(broker.url(), {"/oneM2M/resp/CAE1/#"});
  ASSERT_TRUE(client.wait_connected());
  const std::string retrieve = to_json(to_value(request(Operation::kRetrieve, "CAE1", "1")));

  client.publish("/oneM2M/req/CAE1/id-in/json", retrieve);
  client.messages.wait_for(1);
  client.publish("/oneM2M/req/CAE1/id-in/json", retrieve);

  EXPECT_EQ(client.messages.wait_for(2).size(), 2u);
  EXPECT_EQ(cse.received.now().size(), 2u);
}

struct BadCase {
  std::string name, topic, payload;
  bool answered;
};
class BadMessage : public MqttEndpoint, public testing::WithParamInterface<BadCase> {};

TEST_P(BadMessage, ChangesNothingAndIsAnsweredIfItsSenderCanBe) {
  start_server();
  RawClient client(broker.url(), {"/oneM2M/resp/CAE1/#"});
  ASSERT_TRUE(client.wait_connected());

  client.publish(GetParam().topic, GetParam().payload);
  client.publish("/oneM2M/req/CAE1/id-in/json",
                 to_json(to_value(request(Operation::kRetrieve, "CAE1", "good"))));
  const auto answers = client.messages.wait_for(GetParam().answered ? 2 : 1);

  ASSERT_EQ(answers.size(), GetParam().answered ? 2u : 1u);
  EXPECT_EQ(response_of(answers.back()).request_identifier, "good");
  if (GetParam().answered) {
    EXPECT_EQ(response_of(answers[0]).rsc, Rsc::kBadRequest) << answers[0].payload;
    EXPECT_EQ(response_of(answers[0]).request_identifier, "b");
  } else {
    const EndpointCounters counters = server.endpoint().counters();
    EXPECT_EQ(counters.dropped_malformed + counters.dropped_unsolicited, 1u);
  }
  EXPECT_EQ(cse.received.now().size(), 1u);
}
INSTANTIATE_TEST_SUITE_P(
    Messages, BadMessage,
    testing::Values(
        BadCase{"empty", "/oneM2M/req/CAE1/id-in/json", "", false},
        BadCase{"no_json", "/oneM2M/req/CAE1/id-in/json", "\x01\xff{", false},
        BadCase{"cut", "/oneM2M/req/CAE1/id-in/json", R"({"op":2,"rqi":"b")", false},
        BadCase{"no_object", "/oneM2M/req/CAE1/id-in/json", "[1]", false},
        BadCase{"no_rqi", "/oneM2M/req/CAE1/id-in/json", R"({"op":2,"to":"x","fr":"CAE1"})", false},
        BadCase{"deep", "/oneM2M/req/CAE1/id-in/json", std::string(100000, '['), false},
        BadCase{"no_operation", "/oneM2M/req/CAE1/id-in/json",
                R"({"to":"x","fr":"CAE1","rqi":"b","rvi":"3"})", true},
        BadCase{"wrong_type", "/oneM2M/req/CAE1/id-in/json",
                R"({"op":"two","to":"x","fr":"CAE1","rqi":"b","rvi":"3"})", true},
        BadCase{"unknown_parameter", "/oneM2M/req/CAE1/id-in/json",
                R"({"op":2,"to":"x","fr":"CAE1","rqi":"b","rvi":"3","nonsense":1})", true},
        BadCase{"unknown_serialisation", "/oneM2M/req/CAE1/id-in/yaml", "{}", false},
        BadCase{"too_many_levels", "/oneM2M/req/CAE1/id-in/json/x", "{}", false},
        BadCase{"answer_to_nothing", "/oneM2M/resp/id-in/CAE1/json", R"({"rsc":2000,"rqi":"9"})",
                false}),
    [](const auto& row) { return row.param.name; });

TEST_F(MqttEndpoint, RefusesAnExpiredRequest) {
  start_server();
  RawClient client(broker.url(), {"/oneM2M/resp/CAE1/#"});
  ASSERT_TRUE(client.wait_connected());
  Request late = request(Operation::kCreate, "CAE1", "late");
  late.request_expiration = "20200101T000000";

  client.publish("/oneM2M/req/CAE1/id-in/json", to_json(to_value(late)));
  const auto answers = client.messages.wait_for(1);

  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(response_of(answers[0]).rsc, Rsc::kRequestTimeout);
  EXPECT_THAT(cse.received.now(), IsEmpty());
}

TEST_F(MqttEndpoint, AnswersMoreThanItCanServeWithNotReachable) {
  EndpointSettings settings = settings_for(broker.url(), "/id-mn");
  settings.max_serving = 1;
  Mailbox<Reply> held;
  FakeCse slow([&](const Request&, Reply reply) { held.put(std::move(reply)); });
  Server mn(settings, slow, codecs);
  mn.start();
  ASSERT_TRUE(mn.endpoint().wait_connected(kPatience));
  Mailbox<Response> first;  // outlives those who fill it
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  ae.start();
  ae.send("/id-mn", request(Operation::kCreate, "CAE1", "1"),
          [&](Response response) { first.put(std::move(response)); });
  ASSERT_EQ(held.wait_for(1).size(), 1u);

  const Response second =
      ask([&](Reply reply) { ae.send("/id-mn", request(Operation::kCreate, "CAE1", "2"), reply); });

  EXPECT_EQ(second.rsc, Rsc::kTargetNotReachable);
  held.now()[0](Response{});
  ASSERT_EQ(first.wait_for(1).size(), 1u);
  EXPECT_EQ(first.now()[0].rsc, Rsc::kOk);
}

TEST_F(MqttEndpoint, ReportsThatNobodyAnswered) {
  EndpointSettings settings = settings_for(broker.url(), "CAE1");
  settings.request_timeout = milliseconds(300);
  Endpoint ae(settings, codecs);
  ae.start();
  ASSERT_TRUE(ae.wait_connected(kPatience));

  const Response by_default = ask(
      [&](Reply reply) { ae.send("/id-none", request(Operation::kRetrieve, "CAE1", "1"), reply); });
  Request impatient = request(Operation::kRetrieve, "CAE1", "2");
  impatient.request_expiration = "100";
  const Response by_rqet = ask([&](Reply reply) { ae.send("/id-none", impatient, reply); });

  EXPECT_EQ(by_default.rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(by_default.request_identifier, "1");
  EXPECT_EQ(by_rqet.rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(ae.counters().requests_timed_out, 2u);
}

TEST_F(MqttEndpoint, FailsWhatIsPendingWhenStopped) {
  Mailbox<Response> answers;  // outlives those who fill it
  Endpoint ae(settings_for(broker.url(), "CAE1"), codecs);
  const auto keep = [&](Response response) { answers.put(std::move(response)); };
  ae.start();
  ASSERT_TRUE(ae.wait_connected(kPatience));
  ae.send("/id-none", request(Operation::kRetrieve, "CAE1", "1"), keep);

  ae.stop();
  ae.send("/id-none", request(Operation::kRetrieve, "CAE1", "2"), keep);

  ASSERT_EQ(answers.now().size(), 2u);
  EXPECT_EQ(answers.now()[0].rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(answers.now()[1].request_identifier, "2");
}

// Forwarded requests of several originators may carry the same rqi.
TEST_F(MqttEndpoint, KeepsRequestsWithTheSameIdentifierApart) {
  start_server();
  Endpoint mn(settings_for(broker.url(), "/id-mn"), codecs);
  mn.start();

  for (const char* from : {"/id-mn/CAE1", "/id-mn/CAE2", "/id-mn/CAE1"}) {
    const Response response =
        ask([&](Reply reply) { mn.send("/id-in", request(Operation::kCreate, from, "1"), reply); });
    EXPECT_EQ(response.rsc, Rsc::kCreated);
    EXPECT_EQ(response.request_identifier, "1");
  }

  EXPECT_EQ(cse.received.now().size(), 3u);
}

TEST_F(MqttEndpoint, SpeaksMqtt5) {
  EndpointSettings five = settings_for(broker.url(), "/id-mn");
  five.mqtt_5 = true;
  Server mn(five, cse, codecs);
  mn.start();
  five.id = "CAE1";
  Endpoint ae(five, codecs);
  ae.start();

  const Response response =
      ask([&](Reply reply) { ae.send("/id-mn", request(Operation::kCreate, "CAE1", "1"), reply); });

  EXPECT_EQ(response.rsc, Rsc::kCreated);
}

// Without our connect() one round trip takes 88 ms.
TEST_F(MqttEndpoint, TurnsNagleOffInPahosSockets) {
  const std::uint64_t before = connects_without_nagle();
  RawClient client(broker.url(), {"/x"});

  ASSERT_TRUE(client.wait_connected());

  EXPECT_EQ(connects_without_nagle(), before + 1);
}

TEST(MqttEndpointSettings, ThatCannotWorkAreRefusedAtOnce) {
  const Codecs codecs = standard_codecs();
  const auto with = [&](const std::string& broker, const std::string& id, auto change) {
    EndpointSettings settings = settings_for(broker, id);
    change(settings);
    Endpoint endpoint(settings, codecs);
  };
  const auto nothing = [](EndpointSettings&) {};

  EXPECT_THROW(with("http://b", "/id-in", nothing), std::invalid_argument);
  EXPECT_THROW(with("mqtt://b", "", nothing), std::invalid_argument);
  EXPECT_THROW(with("mqtt://b", "/id in", nothing), std::invalid_argument);
  EXPECT_THROW(with("mqtts://b", "/id-in", nothing), std::invalid_argument);
  EXPECT_THROW(with("mqtts://b", "/id-in",
                    [](EndpointSettings& s) {
                      s.tls.emplace();
                      s.tls->ca_file = "ca.pem";
                      s.tls->key_file = "pkcs11:token=x";
                    }),
               std::invalid_argument);
}

}  // namespace
}  // namespace gatehouse::mqtt

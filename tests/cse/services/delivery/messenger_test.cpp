// Reaching an entity by its identity.
#include "cse/services/delivery/messenger.h"

#include "tests/cse/core/test_cse.h"
#include "tests/cse/services/delivery/recording_sender.h"

namespace gatehouse {
namespace {

using test::RecordingSender;
using test::TestCse;

Value poa(std::initializer_list<Value> urls, bool reachable = true) {
  return Value::object({{"poa", Value::array(urls)}, {"rr", reachable}});
}

class FakePolling final : public PollingQueue {
 public:
  bool enqueue(const ResourceId& entity, const Request&, const Reply& reply) override {
    if (entity.text != has_channel) return false;
    ++queued;
    Response response;
    reply(Response(response));
    return true;
  }
  std::string has_channel;
  int queued = 0;
};

class FakeTransit final : public Transit {
 public:
  void forward(Request request, const std::string& originator, Reply reply) override {
    to.push_back(request.to);
    from = originator;
    reply(Response{});
  }
  std::vector<std::string> to;
  std::string from;
};

class Messaging : public testing::Test {
 protected:
  explicit Messaging(CseSettings settings = {}) : node(std::move(settings)) {
    messenger.set_polling(&polling);
    node.start();
  }
  Response send(const std::string& target,
                Value content = Value::object({{"m2m:sgn", Value::object({{"vrq", true}})}})) {
    Request request;
    request.operation = Operation::kNotify;
    request.content = std::move(content);
    std::optional<Response> answer;
    messenger.send_to(target, request, [&answer](Response response) {
      EXPECT_FALSE(answer);
      answer = std::move(response);
    });
    node.settle();
    EXPECT_TRUE(answer) << target;
    return answer.value_or(Response{});
  }

  TestCse node;
  RecordingSender http{"http"}, mqtt{"mqtt"};
  FakePolling polling;
  EntityMessenger messenger{node.cse(), {&http, &mqtt}};
};

struct AddressCase {
  std::string name, target, url, receiver;
};
class AddressForms : public Messaging, public testing::WithParamInterface<AddressCase> {};

// TS-0001 clause 7.2: all forms of an AE's identity lead to it.
TEST_P(AddressForms, ReachTheEntity) {
  node.add_ae("CAE1", poa({"http://ae:1/n"}));
  node.add_ae("SAE2", poa({"mqtt://broker"}));
  node.put(type_number::kRemoteCse, "id-mn", "/id-mn",
           Value::object({{"csi", "/id-mn"},
                          {"cb", "/id-mn/cse-mn"},
                          {"rr", true},
                          {"poa", Value::array({"http://mn"})}}));

  EXPECT_EQ(send(GetParam().target).rsc, Rsc::kOk);

  const auto& sent = GetParam().url.starts_with("http") ? http.sent : mqtt.sent;
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].url, GetParam().url);
  EXPECT_EQ(sent[0].receiver_id, GetParam().receiver);
  EXPECT_EQ(sent[0].request.from, "/id-in");
  EXPECT_FALSE(sent[0].request.request_identifier.empty());
  EXPECT_TRUE(sent[0].request.release_version);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, AddressForms,
    testing::Values(
        AddressCase{"stem", "CAE1", "http://ae:1/n", "/id-in/CAE1"},
        AddressCase{"sp_relative", "/id-in/CAE1", "http://ae:1/n", "/id-in/CAE1"},
        AddressCase{"absolute", "//gatehouse.example/id-in/CAE1", "http://ae:1/n", "/id-in/CAE1"},
        AddressCase{"path", "cse-in/CAE1", "http://ae:1/n", "/id-in/CAE1"},
        AddressCase{"s_type", "SAE2", "mqtt://broker", "SAE2"},
        AddressCase{"s_type_sp_relative", "/SAE2", "mqtt://broker", "SAE2"},
        AddressCase{"remote_cse", "cse-in/id-mn", "http://mn", "/id-mn"},
        AddressCase{"url", "http://sink:9/x?y=1", "http://sink:9/x?y=1", ""},
        AddressCase{"mqtt_url_of_an_ae", "mqtt://h/CAE1?ct=json", "mqtt://h/CAE1", "CAE1"},
        AddressCase{"mqtt_raw_topic", "mqtt://h/SKETI3_DEMO", "mqtt://h/SKETI3_DEMO", ""}),
    [](const auto& each) { return each.param.name; });

// TS-0001 clause 10.2.5.13: points of access in their order.
TEST_F(Messaging, TheNextPointOfAccessIsTriedOnlyWhenOneCannotBeReached) {
  node.add_ae("CAE1", poa({"coap://none", "http://a", "http://b", "http://c"}));
  http.answers = [](const RecordingSender::Sent& sent) {
    return sent.url == "http://a" ? Rsc::kTargetNotReachable : Rsc::kBadRequest;
  };

  EXPECT_EQ(send("CAE1").rsc, Rsc::kBadRequest);

  ASSERT_EQ(http.sent.size(), 2u);
  EXPECT_EQ(http.sent[1].url, "http://b");
}

TEST_F(Messaging, NobodyReachableIsSaidWithEveryReason) {
  node.add_ae("CAE1", poa({"coap://none", "http://a"}));
  http.answers = [](const RecordingSender::Sent&) { return Rsc::kTargetNotReachable; };

  const Response answer = send("CAE1");

  EXPECT_EQ(answer.rsc, Rsc::kTargetNotReachable);
  EXPECT_NE(TestCse::debug_text(answer).find("coap://none"), std::string::npos);
  EXPECT_NE(TestCse::debug_text(answer).find("http://a"), std::string::npos);
}

struct PollingCase {
  std::string name;
  bool reachable, poa_works, has_channel;
  Rsc expected;
  int queued;
};
class PollingChannel : public Messaging, public testing::WithParamInterface<PollingCase> {};

TEST_P(PollingChannel, ServesWhoCannotBeReached) {
  node.add_ae("CAE1", poa({"http://a"}, GetParam().reachable));
  http.answers = [](const RecordingSender::Sent&) {
    return GetParam().poa_works ? Rsc::kOk : Rsc::kTargetNotReachable;
  };
  if (GetParam().has_channel) polling.has_channel = "CAE1";

  EXPECT_EQ(send("CAE1").rsc, GetParam().expected);
  EXPECT_EQ(polling.queued, GetParam().queued);
  EXPECT_EQ(http.sent.size(), GetParam().reachable ? 1u : 0u);
}
INSTANTIATE_TEST_SUITE_P(Ways, PollingChannel,
                         testing::Values(PollingCase{"server", true, true, true, Rsc::kOk, 0},
                                         PollingCase{"server_down", true, false, true, Rsc::kOk, 1},
                                         PollingCase{"client_only", false, true, true, Rsc::kOk, 1},
                                         PollingCase{"no_way", false, true, false,
                                                     Rsc::kTargetNotReachable, 0}),
                         [](const auto& each) { return each.param.name; });

TEST_F(Messaging, OtherCsesAreTheTransits) {
  EXPECT_EQ(send("/id-mn/CAE7").rsc, Rsc::kTargetNotReachable);

  FakeTransit transit;
  node.cse().extensions().transit = &transit;

  EXPECT_EQ(send("/id-mn/CAE7").rsc, Rsc::kOk);
  EXPECT_EQ(transit.to, std::vector<std::string>{"/id-mn/CAE7"});
  EXPECT_EQ(transit.from, "/id-in");
}

struct RefusedCase {
  std::string name, target;
  Rsc expected;
};
class RefusedTargets : public Messaging, public testing::WithParamInterface<RefusedCase> {};

TEST_P(RefusedTargets, AreAnswered) { EXPECT_EQ(send(GetParam().target).rsc, GetParam().expected); }
INSTANTIATE_TEST_SUITE_P(Targets, RefusedTargets,
                         testing::Values(RefusedCase{"empty", "", Rsc::kTargetNotReachable},
                                         RefusedCase{"spaces", "a b", Rsc::kTargetNotReachable},
                                         RefusedCase{"scheme", "gopher://x",
                                                     Rsc::kTargetNotReachable},
                                         RefusedCase{"absent", "CNobody", Rsc::kNotFound}),
                         [](const auto& each) { return each.param.name; });

TEST_F(Messaging, SpeaksTheReleaseOfTheEntity) {
  Value attributes = poa({"http://a"});
  attributes.set("srv", Value::array({"2a", "3"}));
  node.add_ae("CAE1", attributes);

  send("CAE1");

  EXPECT_EQ(http.sent.at(0).request.release_version, "3");
}

/// Of a container with attributes of the releases 1, 2 and 4.
Value notification_of_container() {
  return Value::object(
      {{"nev", Value::object(
                   {{"rep", Value::object({{"m2m:cnt", Value::object({{"lbl", Value::array({"a"})},
                                                                      {"disr", false},
                                                                      {"cstn", "CAE2"}})}})}})}});
}
const Value& container_of(const Value& notification) {
  return *notification.find("nev")->find("rep")->find("m2m:cnt");
}

// TS-0001 clause 8.1.2 (Release Version Indicator): the content is of the release, too.
TEST_F(Messaging, TellsOnlyWhatTheReleaseOfTheEntityKnows) {
  Value attributes = poa({"http://a"});
  attributes.set("srv", Value::array({"2a", "3"}));
  node.add_ae("CAE1", attributes);

  send("CAE1", Value::object({{"m2m:sgn", notification_of_container()}}));
  send("CAE1", Value::object(
                   {{"m2m:agn",
                     Value::object({{"m2m:sgn", Value::array({notification_of_container()})}})}}));

  ASSERT_EQ(http.sent.size(), 2u);
  const Value& alone = container_of(*http.sent[0].request.content->find("m2m:sgn"));
  const Value& among = container_of(
      http.sent[1].request.content->find("m2m:agn")->find("m2m:sgn")->as_array()->front());
  for (const Value* told : {&alone, &among}) {
    EXPECT_TRUE(told->contains("disr"));
    EXPECT_FALSE(told->contains("cstn"));
  }
}

CseSettings with_release_1() {
  CseSettings settings;
  settings.release_versions = {"1", "2a", "3", "4"};
  return settings;
}
class MessagingOfRelease1 : public Messaging {
 protected:
  MessagingOfRelease1() : Messaging(with_release_1()) {}
};

TEST_F(MessagingOfRelease1, IsThatOfAnEntityThatNamesNoRelease) {
  node.add_ae("CAE1", poa({"http://a"}));

  send("CAE1", Value::object({{"m2m:sgn", notification_of_container()}}));

  const Request& told = http.sent.at(0).request;
  EXPECT_FALSE(told.release_version) << "the parameter came with release 2a";
  const Value& container = container_of(*told.content->find("m2m:sgn"));
  EXPECT_TRUE(container.contains("lbl"));
  EXPECT_FALSE(container.contains("disr"));
}

struct SerializationCase {
  std::string name, target;
  Value::Array csz;
  std::string url, expected;
};
CseSettings json_and_xml() {
  CseSettings settings;
  settings.serializations = {"application/json", "application/xml"};
  return settings;
}
class Serializations : public Messaging, public testing::WithParamInterface<SerializationCase> {
 protected:
  Serializations() : Messaging(json_and_xml()) {}
};

// TS-0004 clause 7.5.1.1 and table 7.4.8.1-3 (notificationURI)
TEST_P(Serializations, AreThoseOfTheReceiver) {
  Value attributes = poa({"http://a"});
  if (!GetParam().csz.empty()) attributes.set("csz", GetParam().csz);
  node.add_ae("CAE1", attributes);

  send(GetParam().target);

  EXPECT_EQ(http.sent.at(0).url, GetParam().url);
  EXPECT_EQ(http.sent.at(0).request.serialization, GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Wishes, Serializations,
    testing::Values(
        SerializationCase{"none", "CAE1", {}, "http://a", ""},
        SerializationCase{"first_of_ours",
                          "CAE1",
                          {"application/cbor", "application/xml", "application/json"},
                          "http://a",
                          "xml"},
        SerializationCase{
            "vendor_type", "CAE1", {"application/vnd.onem2m-ntfy+xml"}, "http://a", "xml"},
        SerializationCase{"unknown", "CAE1", {"text/xml", "xml"}, "http://a", ""},
        SerializationCase{"uri", "http://h/n?ct=cbor", {}, "http://h/n", "cbor"},
        SerializationCase{
            "uri_with_query", "http://h/n?q=true&ct=xml&r=1", {}, "http://h/n?q=true&r=1", "xml"},
        SerializationCase{
            "uri_of_application", "http://h/n?ct=yaml&x", {}, "http://h/n?ct=yaml&x", ""},
        SerializationCase{"uri_without", "http://h/n?", {}, "http://h/n?", ""}),
    [](const auto& each) { return each.param.name; });

class FakeConnections final : public Connections {
 public:
  bool send_if_connected(const std::string& receiver_id, const Request&,
                         const Reply& reply) override {
    if (receiver_id != connected) return false;
    ++sent;
    Response response;
    response.rsc = answer;
    reply(Response(response));
    return true;
  }
  std::string connected;
  Rsc answer = Rsc::kOk;
  int sent = 0;
};

struct ConnectionCase {
  std::string name;
  std::vector<Value> poa;
  bool reachable;
  std::string connected;
  Rsc answer, expected;
  int over_connection, queued;
};
class ConnectedEntity : public Messaging, public testing::WithParamInterface<ConnectionCase> {};

// TS-0020 clause 5.2: behind NAT an entity is reached on the connection that it opened.
TEST_P(ConnectedEntity, IsReachedOnItsConnectionBeforeItIsPolled) {
  FakeConnections connections;
  connections.connected = GetParam().connected;
  connections.answer = GetParam().answer;
  messenger.set_connections(&connections);
  polling.has_channel = "CAE1";
  Value attributes = Value::object({{"rr", GetParam().reachable}});
  if (!GetParam().poa.empty()) attributes.set("poa", Value(Value::Array(GetParam().poa)));
  node.add_ae("CAE1", attributes);

  EXPECT_EQ(send("CAE1").rsc, GetParam().expected);
  EXPECT_EQ(connections.sent, GetParam().over_connection);
  EXPECT_EQ(polling.queued, GetParam().queued);
}
INSTANTIATE_TEST_SUITE_P(
    Ways, ConnectedEntity,
    testing::Values(
        ConnectionCase{"no_poa", {}, true, "/id-in/CAE1", Rsc::kOk, Rsc::kOk, 1, 0},
        ConnectionCase{"poa_first", {"http://a"}, true, "/id-in/CAE1", Rsc::kOk, Rsc::kOk, 0, 0},
        ConnectionCase{"another_is_connected", {}, true, "/id-in/CAE2", Rsc::kOk, Rsc::kOk, 0, 1},
        ConnectionCase{"takes_no_requests", {}, false, "/id-in/CAE1", Rsc::kOk, Rsc::kOk, 0, 1},
        ConnectionCase{
            "refuses", {}, true, "/id-in/CAE1", Rsc::kBadRequest, Rsc::kBadRequest, 1, 0},
        ConnectionCase{"lost", {}, true, "/id-in/CAE1", Rsc::kTargetNotReachable, Rsc::kOk, 1, 1}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace gatehouse

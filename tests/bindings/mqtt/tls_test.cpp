#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bindings/mqtt/server.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/mqtt/test_support.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// The configuration and the access rules that we ship, with a certificate for each of /id-in,
/// /id-in/CAE1 and /id-in/CEvil.
class MqttTls : public testing::Test {
 protected:
  MqttTls() {
    for (const char* name : {"id-in", "id-in:CAE1", "id-in:CEvil"}) ca.issue(name, name);
    ca.issue("broker", "broker", "IP:127.0.0.1,DNS:localhost");
    broker.emplace(TestBroker::shipped(certificates / ""));
  }

  TlsSettings tls(const std::string& name) const {
    TlsSettings settings;
    settings.certificate_file = (certificates / (name + ".pem")).string();
    settings.key_file = (certificates / (name + ".key")).string();
    settings.ca_file = ca.file().string();
    return settings;
  }
  std::string url(const std::string& host = "127.0.0.1") const {
    return "mqtts://" + host + ":" + std::to_string(broker->port());
  }
  EndpointSettings endpoint(const std::string& id, const std::string& certificate) const {
    EndpointSettings settings = settings_for(url(), id);
    settings.tls = tls(certificate);
    settings.trust_broker_acl = true;
    return settings;
  }
  void start(Server& server) const {
    server.start();
    ASSERT_TRUE(server.endpoint().wait_connected(kPatience));
  }

  const Codecs codecs = standard_codecs();
  TemporaryFolder certificates;
  TestCa ca{certificates / "", "ca"};
  std::optional<TestBroker> broker;
  FakeCse cse;
};

TEST_F(MqttTls, BothSidesProveThemselvesAndTheCertificateIsTheIdentity) {
  Server server(endpoint("/id-in", "id-in"), cse, codecs);
  start(server);
  Endpoint ae(endpoint("/id-in/CAE1", "id-in:CAE1"), codecs);
  FakeCse notified;
  ae.serve(notified, false);
  ae.start();
  ASSERT_TRUE(ae.wait_connected(kPatience));

  const Response response =
      ask([&](Reply reply) { ae.send("/id-in", request(Operation::kCreate, "CAE1", "1"), reply); });
  const Response notification = ask([&](Reply reply) {
    server.endpoint().send("/id-in/CAE1", request(Operation::kNotify, "/id-in", "2"), reply);
  });

  EXPECT_EQ(response.rsc, Rsc::kCreated);
  EXPECT_EQ(notification.rsc, Rsc::kOk);
  const auto received = cse.received.now();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_TRUE(received[0].peer->authenticated);
  EXPECT_EQ(received[0].peer->transport, "mqtts");
  EXPECT_THAT(received[0].peer->identities, ElementsAre("/id-in/CAE1", "CAE1"));
}

TEST_F(MqttTls, RegistersUnderTheNameOfItsCertificate) {
  Server server(endpoint("/id-in", "id-in"), cse, codecs);
  start(server);
  EndpointSettings settings = endpoint("", "id-in:CAE1");
  settings.credential_id = "id-in:CAE1";
  Endpoint ae(settings, codecs);
  ae.start();
  Request create = request(Operation::kCreate, "CAE1", "1");
  create.resource_type = 2;

  const Response own_name = ask([&](Reply reply) { ae.send("/id-in", create, reply); });
  create.from = "CAdmin";
  const Response other_name = ask([&](Reply reply) { ae.send("/id-in", create, reply); });

  EXPECT_EQ(own_name.rsc, Rsc::kCreated);
  EXPECT_EQ(other_name.rsc, Rsc::kOriginatorNotAuthenticated);
  EXPECT_THAT(cse.received.now(), SizeIs(1));
}

// A client with a valid certificate may not speak for another one, answer for it, or listen to it.
TEST_F(MqttTls, TheCertificateDecidesTheTopics) {
  Server server(endpoint("/id-in", "id-in"), cse, codecs);
  start(server);
  const std::string own_inbox = "/oneM2M/req/id-in:CEvil/id-in:CEvil/json";
  RawClient evil(url(),
                 {"/oneM2M/req/+/id-in/#", "/oneM2M/resp/#", "#", "/oneM2M/req/+/id-in:CEvil/#"},
                 tls("id-in:CEvil"));
  ASSERT_TRUE(evil.wait_connected());
  Endpoint ae(endpoint("/id-in/CAE1", "id-in:CAE1"), codecs);
  ae.start();

  evil.publish("/oneM2M/req/id-in:CAE1/id-in/json",
               to_json(to_value(request(Operation::kDelete, "CAE1", "forged"))));
  evil.publish("/oneM2M/reg_req/id-in:CAE1/id-in/json",
               to_json(to_value(request(Operation::kCreate, "CAE1", "forged"))));
  evil.publish("/oneM2M/resp/id-in:CAE1/id-in/json", R"({"rsc":2000,"rqi":"1"})");
  const Response honest =
      ask([&](Reply reply) { ae.send("/id-in", request(Operation::kCreate, "CAE1", "1"), reply); });
  evil.publish(own_inbox, "the end");  // allowed, and behind whatever else it was sent
  const auto overheard = evil.messages.wait_for(1);

  EXPECT_EQ(honest.rsc, Rsc::kCreated);
  ASSERT_THAT(cse.received.now(), SizeIs(1));
  EXPECT_EQ(cse.received.now()[0].request_identifier, "1");
  ASSERT_FALSE(overheard.empty());
  for (const auto& message : evil.messages.now()) EXPECT_EQ(message.topic, own_inbox);
  EXPECT_EQ(server.endpoint().counters().requests_received, 1u);
}

TEST_F(MqttTls, AForeignCertificateIsRefused) {
  TestCa foreign(certificates / "foreign", "ca2");
  foreign.issue("id-in", "id-in");
  TlsSettings forged = tls("id-in");
  forged.certificate_file = (certificates / "foreign/id-in.pem").string();
  forged.key_file = (certificates / "foreign/id-in.key").string();

  RawClient client(url(), {"/x"}, forged);

  EXPECT_THAT(client.refusals.wait_for(2), SizeIs(testing::Ge(2u)));
  EXPECT_THAT(client.ready.now(), IsEmpty());
}

TEST_F(MqttTls, AClientWithoutCertificateIsRefused) {
  TlsSettings nameless;
  nameless.ca_file = ca.file().string();

  RawClient client(url(), {"/x"}, nameless);

  EXPECT_THAT(client.refusals.wait_for(2), SizeIs(testing::Ge(2u)));
  EXPECT_THAT(client.ready.now(), IsEmpty());
}

TEST_F(MqttTls, ABrokerOfAForeignCaIsRefused) {
  TestCa foreign(certificates / "foreign", "ca2");
  TlsSettings mistrusting = tls("id-in");
  mistrusting.ca_file = foreign.file().string();

  RawClient client(url(), {"/x"}, mistrusting);

  EXPECT_THAT(client.refusals.wait_for(2), SizeIs(testing::Ge(2u)));
  EXPECT_THAT(client.ready.now(), IsEmpty());
}

TEST_F(MqttTls, ABrokerWithTheNameOfAnotherHostIsRefused) {
  ca.issue("broker", "broker", "DNS:elsewhere.example");
  broker.emplace(TestBroker::shipped(certificates / ""));

  RawClient client(url(), {"/x"}, tls("id-in"));

  EXPECT_THAT(client.refusals.wait_for(2), SizeIs(testing::Ge(2u)));
  EXPECT_THAT(client.ready.now(), IsEmpty());
}

// Paho has no setting for either: see paho_tls.h.
TEST(MqttRevocation, ABrokerWhoseCertificateIsOnTheListIsRefused) {
  namespace fs = std::filesystem;
  const testing_support::TemporaryFolder folder;
  const testing_support::TestAuthority authority(folder.path());
  const auto issue = [&authority](const char* name) {
    return authority.issue({.name = name, .alternative_names = "IP:127.0.0.1,DNS:localhost"});
  };
  const TlsSettings of_broker = issue("broker"), other = issue("other");
  TlsSettings mine = issue("id-in"), wary = mine;
  fs::create_directories(folder.path() / "shown");
  fs::copy_file(of_broker.certificate_file, folder.path() / "shown/broker.pem");
  fs::copy_file(of_broker.key_file, folder.path() / "shown/broker.key");
  fs::copy_file(authority.ca_file(), folder.path() / "shown/ca.pem");
  const auto list = [&](const TlsSettings& revoked, const char* name) {
    fs::rename(authority.revoke(revoked.certificate_file), folder.path() / name);
    return (folder.path() / name).string();
  };
  mine.crl_file = list(other, "other.crl");
  wary.crl_file = list(of_broker, "broker.crl");
  const TestBroker broker(TestBroker::shipped(folder.path() / "shown"));
  const std::string url = "mqtts://127.0.0.1:" + std::to_string(broker.port());

  RawClient with_another_list(url, {"/x"}, mine);
  RawClient with_it_on_the_list(url, {"/x"}, wary);

  EXPECT_TRUE(with_another_list.wait_connected());
  EXPECT_THAT(with_it_on_the_list.refusals.wait_for(2), SizeIs(testing::Ge(2u)));
  EXPECT_THAT(with_it_on_the_list.ready.now(), IsEmpty());
}

TEST_F(MqttTls, CanInsistOnTls13) {
  const std::string at_most_12 =
      "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = limits\n"
      "[limits]\nMaxProtocol = TLSv1.2\n";
  TestBroker older(TestBroker::shipped(certificates / ""), at_most_12);
  const std::string older_url = "mqtts://127.0.0.1:" + std::to_string(older.port());
  TlsSettings strict = tls("id-in");
  strict.min_version = TlsVersion::k1_3;

  RawClient with_newer(url(), {"/x"}, strict);
  RawClient lenient_with_older(older_url, {"/x"}, tls("id-in:CAE1"));
  RawClient with_older(older_url, {"/x"}, strict);

  EXPECT_TRUE(with_newer.wait_connected());
  EXPECT_TRUE(lenient_with_older.wait_connected());
  EXPECT_THAT(with_older.refusals.wait_for(2), SizeIs(testing::Ge(2u)));
  EXPECT_THAT(with_older.ready.now(), IsEmpty());
}

}  // namespace
}  // namespace gatehouse::mqtt

// The same imposters over MQTT, where a broker stands between: those whose certificate is no good
// do not get to it (the configuration that we ship), the others speak in their own name only.
#include <gtest/gtest.h>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "tests/bindings/contract/mqtt_connection.h"
#include "tests/bindings/http/http2_client.h"

namespace gatehouse::contract {
namespace {

using testing_support::CertificateWish;
using testing_support::TestAuthority;

/// A broker with the configuration that we ship and a revocation list.
class GuardedBroker {
 public:
  GuardedBroker()
      : revoked_(credentials_.authority().issue(wish("id-in:CRevoked"))), broker_(configured()) {}
  /// The name of the certificate is the user's at the broker.
  static CertificateWish wish(std::string name) {
    return {.name = std::move(name),
            .alternative_names = "URI:m2m://gatehouse.example/id-in/CContract"};
  }
  std::string url() const { return "mqtts://127.0.0.1:" + std::to_string(broker_.port()); }
  const Credentials& credentials() const { return credentials_; }
  TlsSettings issue(const CertificateWish& wish) const {
    return credentials_.authority().issue(wish);
  }
  const TlsSettings& revoked() const { return revoked_; }
  static GuardedBroker& instance() {
    static GuardedBroker one;
    return one;
  }

 private:
  mqtt::TestBroker::Configuration configured() const {
    std::filesystem::copy_file(credentials_.authority().revoke(revoked_.certificate_file),
                               credentials_.broker_folder() / "revoked.pem");
    return mqtt::TestBroker::shipped(credentials_.broker_folder());
  }
  const Credentials credentials_;
  const TlsSettings revoked_;
  const mqtt::TestBroker broker_;
};

CertificateWish changed(const char* name, void (*change)(CertificateWish&)) {
  CertificateWish wish = GuardedBroker::wish(name);
  change(wish);
  return wish;
}

struct Imposter {
  const char* name;
  TlsSettings (*tls)(const GuardedBroker&);
};
const Imposter kImposters[] = {
    {"expired",
     [](const GuardedBroker& g) {
       return g.issue(changed("old", [](auto& w) { w.valid_until_seconds = -60; }));
     }},
    {"not_yet_valid",
     [](const GuardedBroker& g) {
       return g.issue(changed("early", [](auto& w) { w.valid_from_seconds = 3600; }));
     }},
    {"revoked", [](const GuardedBroker& g) { return g.revoked(); }},
    {"wrong_purpose",
     [](const GuardedBroker& g) {
       return g.issue(changed("purpose", [](auto& w) { w.purposes = "serverAuth"; }));
     }},
    {"of_another_authority",
     [](const GuardedBroker& g) {
       const TestAuthority other(g.credentials().folder(), "other");
       TlsSettings tls = other.issue(GuardedBroker::wish("foreign"));
       tls.ca_file = g.credentials().authority().ca_file();
       return tls;
     }},
    {"self_signed",
     [](const GuardedBroker& g) {
       const TestAuthority itself(g.credentials().folder(), "itself");
       TlsSettings tls = g.credentials().ae();
       tls.certificate_file = itself.ca_file();
       tls.key_file = (g.credentials().folder() / "itself.key").string();
       itself.save_own_key(tls.key_file);
       return tls;
     }},
    {"without_certificate",
     [](const GuardedBroker& g) {
       TlsSettings tls = g.credentials().ae();
       tls.certificate_file.clear();
       tls.key_file.clear();
       return tls;
     }},
};

class MqttImposters : public testing::TestWithParam<Imposter> {};

// TS-0003 clause 8.1.2; TS-0010 clause 7
TEST_P(MqttImposters, DoNotGetToTheBroker) {
  const GuardedBroker& guarded = GuardedBroker::instance();

  const mqtt::RawClient imposter(guarded.url(), {"/oneM2M/resp/id-in:CContract/#"},
                                 GetParam().tls(guarded));

  EXPECT_FALSE(imposter.refusals.wait_for(1).empty());
  EXPECT_TRUE(imposter.ready.now().empty());
  const mqtt::RawClient honest(guarded.url(), {"/oneM2M/resp/id-in:CContract/#"},
                               guarded.credentials().ae());
  EXPECT_TRUE(honest.wait_connected());
}
INSTANTIATE_TEST_SUITE_P(Rows, MqttImposters, testing::ValuesIn(kImposters),
                         [](const auto& row) { return row.param.name; });

int received_over_mqtt() {
  World& world = World::with_credentials();
  http::testing_support::Http2Client client(world.port("https"), world.credentials().ae());
  const std::string page = client.ask("GET", "/metrics", {}).body;
  const std::string mark = "\ngatehouse_received_requests_total{binding=\"mqtt\"} ";
  const std::size_t at = page.find(mark);
  EXPECT_NE(at, std::string::npos) << page;
  return at == std::string::npos ? -1 : std::atoi(page.c_str() + at + mark.size());
}

std::string registration_of(const std::string& from, const std::string& identifier) {
  Request request = mqtt::request(Operation::kCreate, from, identifier);
  request.resource_type = 2;
  request.content = Value::object(
      {{"m2m:ae",
        Value::object(
            {{"rn", "forged"}, {"api", "Nforged"}, {"rr", false}, {"srv", Value::array({"3"})}})}});
  return to_json(to_value(request));
}

/// An AE with a good certificate of its own, and the answers that it gets.
class Evil {
 public:
  Evil()
      : client_(World::with_credentials().url("mqtts"),
                {"/oneM2M/resp/id-in:CEvil/#", "/oneM2M/reg_resp/id-in:CEvil/#"},
                World::with_credentials().credentials().authority().issue(
                    {.name = "id-in:CEvil",
                     .alternative_names = "URI:m2m://gatehouse.example/id-in/CEvil"})) {
    EXPECT_TRUE(client_.wait_connected());
  }
  void say(const std::string& topic, const std::string& payload) {
    client_.publish(topic, payload);
  }
  /// The status of the answer to the last request.
  int status() {
    const auto answers = client_.messages.wait_for(++heard_);
    return answers.size() < heard_ ? 0
                                   : static_cast<int>(mqtt::response_of(answers[heard_ - 1]).rsc);
  }

 private:
  mqtt::RawClient client_;
  std::size_t heard_ = 0;
};

// The rows of others are tried first; what it says on its own topic comes behind them, so when that
// is answered they have been refused.
TEST(MqttTopics, OfOthersAreNotHeardFromAnAeWithAGoodCertificate) {
  MqttConnection::of(World::with_credentials(), false);  // the CSE is at the broker
  Evil evil;
  const int before = received_over_mqtt();

  for (const char* topic :
       {"/oneM2M/req/id-in:CContract/id-in/json", "/oneM2M/req/CAdmin/id-in/json",
        "/oneM2M/req/id-mn/id-in/json", "/oneM2M/reg_req/id-in:CContract/id-in/json"}) {
    evil.say(topic, registration_of("CContract", topic));
  }
  evil.say("/oneM2M/req/id-in:CEvil/id-in/json", registration_of("CContract", "own-topic"));

  EXPECT_EQ(evil.status(), 4106);
  EXPECT_EQ(received_over_mqtt(), before + 1);
}

class MqttNames : public testing::TestWithParam<const char*> {};

TEST_P(MqttNames, OfOthersAreRefusedOnOnesOwnTopics) {
  Evil evil;

  evil.say("/oneM2M/req/id-in:CEvil/id-in/json", registration_of(GetParam(), "asked"));
  EXPECT_EQ(evil.status(), 4106);

  evil.say("/oneM2M/reg_req/id-in:CEvil/id-in/json", registration_of(GetParam(), "registered"));
  EXPECT_EQ(evil.status(), 4106);
}
INSTANTIATE_TEST_SUITE_P(Rows, MqttNames,
                         testing::Values("CContract", "CAdmin", "/id-in", "/id-mn", "/id-mn/CEvil",
                                         "/id-in/CContract", "*"),
                         [](const auto& row) { return "row" + std::to_string(row.index); });

}  // namespace
}  // namespace gatehouse::contract

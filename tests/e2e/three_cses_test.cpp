// An IN-, an MN- and an ASN-CSE as they are deployed: processes, mutual TLS, a broker with access
// control. Source: TS-0001 clauses 6.1 and 7.3, TS-0003 clause 8.2, TS-0010 clause 7.
#include "tests/e2e/three_cses.h"

#include "ae-apps/sdk/ae.h"
#include "bindings/mqtt/client.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::test {
namespace {

class ThreeCses : public testing::Test {
 protected:
  static void SetUpTestSuite() { world_ = std::make_unique<World>(); }
  static void TearDownTestSuite() { world_.reset(); }
  World& world() { return *world_; }

  /// An AE of that stem with a container "box" which `others` may use, too.
  void add_ae(const std::string& cse, const std::string& stem,
              const std::vector<std::string>& others) {
    auto ae = world().as("/id-" + cse + "/" + stem, cse);
    const std::string base = "cse-" + cse;
    Response made = ae.create(
        stem, base, 2, "m2m:ae",
        Value::object(
            {{"rn", stem}, {"api", "Ntest"}, {"rr", false}, {"srv", Value::array({"3"})}}));
    ASSERT_EQ(made.rsc, Rsc::kCreated) << why(made);
    const auto rules = [](Value originators) {
      return Value::object(
          {{"acr",
            Value::array({Value::object({{"acor", std::move(originators)}, {"acop", 63}})})}});
    };
    Value originators = Value::array({stem});
    for (const std::string& other : others) originators.push_back(other);
    made = ae.create(
        stem, base + "/" + stem, 1, "m2m:acp",
        Value::object(
            {{"rn", "acp"}, {"pv", rules(originators)}, {"pvs", rules(Value::array({stem}))}}));
    ASSERT_EQ(made.rsc, Rsc::kCreated) << why(made);
    made = ae.create(
        stem, base + "/" + stem, 3, "m2m:cnt",
        Value::object({{"rn", "box"}, {"acpi", Value::array({base + "/" + stem + "/acp"})}}));
    ASSERT_EQ(made.rsc, Rsc::kCreated) << why(made);
  }
  /// The route exists once both registrations are made and told upwards.
  void wait_for_routes() {
    auto admin = world().as("/id-in/CAdmin", "in");
    const Response there = admin.retrieve_at_last("CAdmin", "/id-asn/cse-asn");
    ASSERT_EQ(there.rsc, Rsc::kOk) << why(there) << world().log("mn") << world().log("asn");
  }
  sdk::AeSettings subscriber(const std::string& name) {
    sdk::AeSettings settings;
    settings.cse_url = world().url("in");
    settings.name = name;
    settings.ae_id = name;
    settings.tls = world().certificates.of("/id-in/" + name);
    settings.broker = world().broker_url();
    settings.trust_broker_acl = true;
    return settings;
  }
  mqtt::ClientSettings over_mqtt(const std::string& identity) {
    mqtt::ClientSettings settings;
    settings.endpoint.id = identity;
    settings.endpoint.tls = world().certificates.of(identity);
    settings.endpoint.trust_broker_acl = true;
    return settings;
  }

 private:
  static inline std::unique_ptr<World> world_;
};

TEST_F(ThreeCses, ServeEachOthersAesOverTwoHopsBothWays) {
  wait_for_routes();
  add_ae("in", "Cserver", {"/id-asn/Cdevice"});
  add_ae("asn", "Cdevice", {"/id-in/Cserver"});
  auto server = world().as("/id-in/Cserver", "in");
  auto device = world().as("/id-asn/Cdevice", "asn");
  const auto instance = [](const char* text) { return Value::object({{"con", text}}); };

  ASSERT_EQ(server.create("Cserver", "cse-in/Cserver/box", 4, "m2m:cin", instance("down")).rsc,
            Rsc::kCreated);
  const Response read = device.retrieve("Cdevice", "/id-in/cse-in/Cserver/box/la");
  EXPECT_EQ(read.rsc, Rsc::kOk) << why(read);
  EXPECT_EQ(attributes(read).string_at("con"), "down");

  const Response made =
      server.create("Cserver", "/id-asn/cse-asn/Cdevice/box", 4, "m2m:cin", instance("up"));
  EXPECT_EQ(made.rsc, Rsc::kCreated) << why(made);
  EXPECT_EQ(attributes(device.retrieve("Cdevice", "cse-asn/Cdevice/box/la")).string_at("con"),
            "up");

  // What is not granted stays closed, however far away one asks.
  EXPECT_EQ(device.retrieve("Cdevice", "/id-in/cse-in/Cserver").rsc,
            Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(ThreeCses, AnnounceANodeOfTheMiddleAtTheTop) {
  wait_for_routes();
  add_ae("mn", "Cgateway", {});
  auto gateway = world().as("/id-mn/Cgateway", "mn");
  const Value in = Value::array({"/id-in"});
  const auto create = [&](const std::string& to, int type, const std::string& root, Value what) {
    const Response made = gateway.create("Cgateway", to, type, root, std::move(what));
    ASSERT_EQ(made.rsc, Rsc::kCreated) << root << ": " << why(made);
  };
  create("cse-mn", 14, "m2m:nod",
         Value::object(
             {{"rn", "vehicle"}, {"ni", "urn:vin:1"}, {"at", in}, {"aa", Value::array({"ni"})}}));
  create("cse-mn/vehicle", 13, "m2m:fwr",
         Value::object({{"rn", "firmware"},
                        {"mgd", 1001},
                        {"vr", "1.2.3"},
                        {"fwn", "brake"},
                        {"url", "https://h/f"},
                        {"ud", false},
                        {"at", in},
                        {"aa", Value::array({"vr", "fwn"})}}));
  create("cse-mn/vehicle", 13, "m2m:dvi",
         Value::object({{"rn", "device"},
                        {"mgd", 1007},
                        {"dlb", "ECU"},
                        {"man", "Acme"},
                        {"mod", "B1"},
                        {"dty", "brake"},
                        {"at", in},
                        {"aa", Value::array({"man"})}}));

  auto admin = world().as("/id-in/CAdmin", "in");
  const Value firmware =
      attributes(admin.retrieve_at_last("CAdmin", "/id-in/cse-in/cse-mn/vehicle/firmware"));
  const Value device =
      attributes(admin.retrieve_at_last("CAdmin", "/id-in/cse-in/cse-mn/vehicle/device"));

  EXPECT_EQ(firmware.string_at("vr"), "1.2.3");
  EXPECT_FALSE(firmware.contains("url")) << "not among the announced attributes";
  EXPECT_EQ(device.string_at("man"), "Acme");
  EXPECT_FALSE(device.contains("mod"));
}

struct Forgery {
  std::string name, certificate, at, from;
  Rsc expected;
};
class Forged : public ThreeCses, public testing::WithParamInterface<Forgery> {};

// TS-0003 clause 8.2: what a credential does not say is not believed.
TEST_P(Forged, OriginatorsAreRefused) {
  wait_for_routes();
  const Response answer = world()
                              .as(GetParam().certificate, GetParam().at)
                              .retrieve(GetParam().from, "cse-" + GetParam().at);

  EXPECT_EQ(answer.rsc, GetParam().expected) << why(answer);
}
const Rsc kNotHe = Rsc::kOriginatorNotAuthenticated;
INSTANTIATE_TEST_SUITE_P(
    Names, Forged,
    testing::Values(Forgery{"the_administrator_is", "/id-in/CAdmin", "in", "CAdmin", Rsc::kOk},
                    Forgery{"ae_as_another", "/id-in/CAE1", "in", "CAE2", kNotHe},
                    Forgery{"ae_as_administrator", "/id-in/CAE1", "in", "CAdmin", kNotHe},
                    Forgery{"ae_as_cse", "/id-in/CAE1", "in", "/id-mn", kNotHe},
                    Forgery{"administrator_of_elsewhere", "/id-mn/CAdmin", "in", "/id-in/CAdmin",
                            kNotHe},
                    Forgery{"mn_is_itself", "/id-mn", "in", "/id-mn", Rsc::kOk},
                    Forgery{"mn_as_the_in", "/id-mn", "in", "/id-in", kNotHe},
                    Forgery{"mn_as_our_ae", "/id-mn", "in", "CAdmin", kNotHe},
                    Forgery{"mn_for_a_stranger", "/id-mn", "in", "/id-none/CAE1", kNotHe},
                    Forgery{"in_for_an_ae_of_the_mn", "/id-in", "mn", "/id-mn/Cgateway", kNotHe},
                    Forgery{"asn_past_its_registrar", "/id-asn", "in", "/id-mn/CAE1", kNotHe}),
    [](const auto& each) { return each.param.name; });

TEST_F(ThreeCses, RefuseWhoHasNoCertificate) {
  TlsSettings nothing;
  nothing.ca_file = world().certificates.of("/id-in/CAdmin").ca_file;

  EXPECT_EQ(TlsAsker(world().url("in"), nothing).retrieve("CAdmin", "cse-in").rsc,
            Rsc::kTargetNotReachable);
}

TEST_F(ThreeCses, RefuseTheCertificateOfAnotherAuthority) {
  const testing_support::TemporaryFolder folder;
  const testing_support::TestAuthority foreign(folder.path());
  TlsSettings tls = foreign.issue(
      {.name = "CAdmin", .alternative_names = "URI:m2m://gatehouse.example/id-in/CAdmin"});
  tls.ca_file = world().certificates.of("/id-in/CAdmin").ca_file;

  EXPECT_EQ(TlsAsker(world().url("in"), tls).retrieve("CAdmin", "cse-in").rsc,
            Rsc::kTargetNotReachable);
}

TEST_F(ThreeCses, SpeakMqttBehindABrokerThatKnowsWhoIsWho) {
  add_ae("in", "Cmqtt", {});
  const Codecs codecs = standard_codecs();
  mqtt::Client client(over_mqtt("/id-in/Cmqtt"), codecs);
  const auto retrieve = [&](const std::string& from, const std::string& to) {
    static int number = 0;
    Request request;
    request.from = from;
    request.to = to;
    request.request_identifier = "mqtt" + std::to_string(++number);
    request.release_version = "3";
    auto answer = std::make_shared<std::promise<Response>>();
    auto waiting = answer->get_future();
    client.send(world().broker_url(), "/id-in", std::move(request),
                [answer](Response response) { answer->set_value(std::move(response)); });
    return waiting.get();
  };

  const Response own = retrieve("Cmqtt", "cse-in/Cmqtt/box");
  EXPECT_EQ(own.rsc, Rsc::kOk) << why(own);
  EXPECT_FALSE(is_success(retrieve("CAdmin", "cse-in/Cmqtt/box").rsc));
  EXPECT_EQ(retrieve("Cmqtt", "cse-in/acpAdministrator").rsc, Rsc::kOriginatorHasNoPrivilege);
}

/// Collects events; outlives the subscription that fills it.
class Events {
 public:
  sdk::EventCallback collector() {
    return [this](const sdk::Event& event) {
      const std::lock_guard lock(mutex_);
      contents_.push_back(event.attributes.integer_at("con", -1));
      arrived_.notify_all();
    };
  }
  std::vector<std::int64_t> wait_for(std::size_t number) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, kPatience, [&] { return contents_.size() >= number; });
    return contents_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::int64_t> contents_;
};

// TS-0001 clause 10.2.10: in the order of what happened.
TEST_F(ThreeCses, NotifyAnAeOverMqttInOrder) {
  Events events;
  auto ae = sdk::Ae::connect(subscriber("Cordered"));
  ASSERT_TRUE(ae) << ae.error().detail;
  auto container = (*ae)->container("data");
  ASSERT_TRUE(container.ensure({.max_instances = 100}));
  const auto subscription = container.on_push(events.collector());
  ASSERT_TRUE(subscription) << subscription.error().detail;

  std::vector<std::int64_t> pushed;
  for (std::int64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(container.push(i));
    pushed.push_back(i);
  }

  EXPECT_EQ(events.wait_for(50), pushed);
}

TEST_F(ThreeCses, AKilledOneDeliversAfterwardsWhatItOwes) {
  Events events;
  auto ae = sdk::Ae::connect(subscriber("Cpatient"));
  ASSERT_TRUE(ae) << ae.error().detail;
  auto container = (*ae)->container("data");
  ASSERT_TRUE(container.ensure());
  auto subscription = container.on_push(events.collector());
  ASSERT_TRUE(subscription) << subscription.error().detail;
  subscription->keep();
  world().broker.kill();  // nobody can be told

  for (std::int64_t i = 0; i < 3; ++i) ASSERT_TRUE(container.push(i));  // acknowledged: on disk
  world().kill("in");
  world().start_again("in");
  world().broker.start();

  std::vector<std::int64_t> told = events.wait_for(3);
  told.erase(std::unique(told.begin(), told.end()), told.end());  // one may come twice
  EXPECT_EQ(told, (std::vector<std::int64_t>{0, 1, 2})) << world().log("in");
}

}  // namespace
}  // namespace gatehouse::test

#include "ae-apps/ota/gateway/configuration.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ae-apps/ota/crypto/files.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::gateway {
namespace {

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() {
    const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
    EXPECT_TRUE(key.save(folder_ / "report.pem"));
    std::ofstream(folder_ / "oem.pem") << key.public_key().to_pem();
    EXPECT_TRUE(crypto::create_secret_file(folder_ / "access.key", Bytes(32, 1)));
    EXPECT_TRUE(crypto::create_secret_file(folder_ / "shared.key", Bytes(32, 2)));
    std::ofstream(folder_ / "root.json") << "{}";
    tree_ = parse_json(R"({
      "cse_url": "https://127.0.0.1:8443", "cse_id": "/id-mn", "csebase": "cse-mn",
      "ae_id": "CotaGateway", "broker": "mqtts://127.0.0.1:8883",
      "tls": {"certificate": "gw.pem", "key": "gw.key", "ca": "/etc/ca.pem"},
      "images_url": "https://127.0.0.1:9443/images/", "state_dir": "state",
      "display": {"address": "127.0.0.1", "port": 8090},
      "uptane": {"director_url": "https://127.0.0.1:9443/uptane/director/id-mn/",
                 "images_url": "https://127.0.0.1:9443/uptane/images/",
                 "director_root": "root.json", "images_root": "root.json"},
      "oem_keys": ["oem.pem"], "report_key": "report.pem", "consent_timeout_s": 60,
      "ecus": [
        {"serial": "ECU-1", "hardware_id": "brake-2", "port": 13400, "logical_address": 4112,
         "level": "full", "access_key_file": "access.key", "public_key": "oem.pem"},
        {"serial": "ECU-2", "hardware_id": "seat-1", "port": 13401, "level": "constrained",
         "access_key_file": "access.key", "shared_key_file": "shared.key"}]})")
                .value();
  }
  Result<GatewaySettings> parse(const Value& overrides = {}) {
    return parse_configuration(to_json(tree_), folder_.path(), overrides);
  }
  Value& ecu(std::size_t i) { return tree_.find("ecus")->as_array()->at(i); }

  TemporaryFolder folder_;
  Value tree_;
};

TEST_F(ConfigurationTest, ReadsAllOfIt) {
  const auto settings = parse();

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->ae.cse_url, "https://127.0.0.1:8443");
  EXPECT_EQ(settings->ae.broker, "mqtts://127.0.0.1:8883");
  EXPECT_EQ(settings->ae.name, "ota-gateway");
  EXPECT_EQ(settings->ae.tls->certificate_file, folder_ / "gw.pem");
  EXPECT_EQ(settings->ae.tls->ca_file, "/etc/ca.pem");
  EXPECT_EQ(settings->ae.listener->port, 8090);
  EXPECT_FALSE(settings->ae.listener->notifications);
  EXPECT_EQ(settings->state_dir, folder_ / "state");
  EXPECT_EQ(settings->vehicle, "/id-mn");
  EXPECT_EQ(settings->server_ae, "/id-in/CotaServer");
  EXPECT_EQ(settings->consent_timeout, std::chrono::seconds(60));
  EXPECT_FALSE(settings->auto_consent);
  ASSERT_EQ(settings->ecus.size(), 2u);
  EXPECT_EQ(settings->ecus[0].logical_address, 0x1010);
  EXPECT_TRUE(settings->ecus[0].public_key);
  EXPECT_EQ(settings->ecus[1].level, EcuLevel::kConstrained);
  EXPECT_EQ(settings->ecus[1].shared_key, Bytes(32, 2));
}

TEST_F(ConfigurationTest, LeavesSharedKeysToTheTpmIfOneIsNamed) {
  tree_.set("tpm", "device:/dev/tpmrm0");
  ecu(1).set("shared_key_file", "taken-over-and-gone.key");

  const auto settings = parse();

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->tpm, "device:/dev/tpmrm0");
  EXPECT_TRUE(settings->ecus[1].shared_key.empty());
  EXPECT_EQ(settings->ecus[1].shared_key_file, folder_ / "taken-over-and-gone.key");
}

TEST_F(ConfigurationTest, ReadsAnEcuOnABus) {
  ecu(1).set("can", Value::object({{"bus", "virtual:/tmp/can0"},
                                   {"request_id", "0x7E1"},
                                   {"response_id", 2025},
                                   {"fd", true}}));

  const auto settings = parse();

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_FALSE(settings->ecus[0].can);
  ASSERT_TRUE(settings->ecus[1].can);
  EXPECT_EQ(settings->ecus[1].can->bus, "virtual:/tmp/can0");
  EXPECT_EQ(settings->ecus[1].can->request_id, 0x7E1u);
  EXPECT_EQ(settings->ecus[1].can->response_id, 0x7E9u);
  EXPECT_TRUE(settings->ecus[1].can->fd);
}

TEST_F(ConfigurationTest, ReadsAFieldNodeAndNamesWhatIsWrongAboutOne) {
  const auto node = [](const char* at, const char* ae) {
    return Value::object({{"at", at}, {"ae", ae}});
  };
  ecu(0).erase("access_key_file");  // there is no tester
  ecu(0).set("node", node("/id-asn/cse-asn/ae-1", "/id-asn/Cpump"));
  tree_.set("node_silence_s", 7);

  const auto settings = parse();

  ASSERT_TRUE(settings) << settings.error().detail;
  ASSERT_TRUE(settings->ecus[0].node);
  EXPECT_EQ(settings->ecus[0].node->at, "/id-asn/cse-asn/ae-1");
  EXPECT_EQ(settings->ecus[0].node->ae, "/id-asn/Cpump");
  EXPECT_EQ(settings->node_silence, std::chrono::seconds(7));
  ecu(0).set("node", node("cse-asn/ae-1", "/id-asn/Cpump"));
  EXPECT_NE(parse().error().detail.find("ecus[0].node.at"), std::string::npos);
  ecu(0).set("node", Value::object({{"at", "/id-asn/cse-asn/ae-1"}}));
  EXPECT_NE(parse().error().detail.find("ecus[0].node.ae"), std::string::npos);
  ecu(0).set("node", node("/id-asn/cse-asn/ae-1", "/id-asn/Cpump")).set("level", "constrained");
  ecu(0).set("shared_key_file", "shared.key").erase("public_key");
  EXPECT_NE(parse().error().detail.find("ecus[0].level: must be full"), std::string::npos);
}

TEST_F(ConfigurationTest, ReadsTimeServersAndNamesWhatIsWrongAboutThem) {
  const auto other = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  std::ofstream(folder_ / "time.pem") << other.public_key().to_pem();
  const char* good = R"({"urls": ["http://a/time/", "https://b/time/"],
                         "keys": ["oem.pem", "time.pem"], "threshold": 2, "tolerance_s": 5})";
  tree_.set("time", parse_json(good).value());

  const auto settings = parse();

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->time->urls, (std::vector<std::string>{"http://a/time/", "https://b/time/"}));
  EXPECT_EQ(settings->time->keys.threshold, 2U);
  EXPECT_EQ(settings->time->keys.tolerance, std::chrono::seconds(5));
  const std::pair<Member, std::string> cases[] = {
      {{"url", "http://c/time/"}, "time.url: cannot be beside urls"},
      {{"urls", Value::array({"http://a/time/", "http://a/time/"})},
       "time.urls: must be different"},
      {{"urls", Value::array({"http://a/time/", "ftp://b/"})}, "time.urls: must be an http"},
      {{"urls", Value::array({"http://a/time/"})}, "time.threshold: is more than there are URLs"},
      {{"keys", Value::array({"time.pem", "time.pem"})}, "time.keys: are fewer different ones"},
      {{"tolerance_s", 0}, "time.tolerance_s: must be a whole number"},
  };
  for (const auto& [member, text] : cases) {
    Value time = parse_json(good).value();
    tree_.set("time", time.set(member.name, member.value));
    const auto wrong = parse();
    ASSERT_FALSE(wrong) << text;
    EXPECT_EQ(wrong.error().detail.find(text), 0U) << wrong.error().detail;
  }
  tree_.set("time",
            Value::object({{"url", "http://a/time/"}, {"keys", Value::array({"time.pem"})}}));
  ASSERT_TRUE(parse()) << "one alone";
  EXPECT_EQ(parse()->time->urls.size(), 1U);
}

TEST_F(ConfigurationTest, NamesWhatIsWrongAboutABus) {
  const std::pair<Value, std::string> cases[] = {
      {Value::object({{"bus", "can0"}}), "ecus[1].can.bus"},
      {Value::object({{"bus", "socketcan:can0"}, {"request_id", "0xZZ"}}),
       "ecus[1].can.request_id"},
      {Value::object({{"bus", "socketcan:can0"}, {"response_id", "0x7E0"}}),
       "ecus[1].can.response_id"},
      {Value::object({{"bus", "socketcan:can0"}, {"speed", 5}}), "ecus[1].can.speed"}};
  for (const auto& [can, name] : cases) {
    ecu(1).set("can", can);
    const auto settings = parse();
    ASSERT_FALSE(settings) << name;
    EXPECT_NE(settings.error().detail.find(name), std::string::npos) << settings.error().detail;
  }
}

TEST_F(ConfigurationTest, TheCommandLineWins) {
  const auto settings =
      parse(Value::object({{"yes", true}, {"cut_download_after", 700}, {"state_dir", "/tmp/x"}}));

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_TRUE(settings->auto_consent);
  EXPECT_EQ(settings->cut_download_after, 700u);
  EXPECT_EQ(settings->state_dir, "/tmp/x");
}

TEST_F(ConfigurationTest, NamesTheMemberAndTheRule) {
  struct Case {
    std::function<void(Value&)> change;
    std::string text;
  };
  const Case cases[] = {
      {[](Value& t) { t.erase("broker"); }, "broker: is missing"},
      {[](Value& t) { t.set("cse_url", 5); }, "cse_url: must be a string"},
      {[](Value& t) { t.set("speed", 5); }, "speed: is no member"},
      {[](Value& t) { t.set("images_url", "http://h/images/"); }, "images_url: must be https"},
      {[](Value& t) { t.set("images_url", "https://h/images"); }, "ends with '/'"},
      {[](Value& t) { t.set("consent_timeout_s", 0); }, "consent_timeout_s: must be a whole"},
      {[](Value& t) { t.set("oem_keys", Value::array()); }, "oem_keys: must hold"},
      {[](Value& t) { t.set("oem_keys", Value::array({"absent.pem"})); }, "oem_keys: "},
      {[](Value& t) { t.erase("report_key"); }, "report_key: is missing"},
      {[](Value& t) { t.set("ecus", Value::array()); }, "ecus: must hold"},
      {[](Value& t) { t.set("server_ae", "CotaServer"); }, "server_ae: must be SP-relative"},
      {[](Value& t) { t.find("tls")->erase("ca"); }, "tls.ca: is missing"},
      {[](Value& t) { t.find("display")->set("port", 70000); }, "display.port: must be"},
      {[](Value& t) { t.set("yes", "true"); }, "yes: must be true or false"},
  };
  const Value good = tree_;
  for (const Case& each : cases) {
    tree_ = good;
    each.change(tree_);
    const auto settings = parse();
    ASSERT_FALSE(settings) << each.text;
    EXPECT_EQ(settings.error().rsc, Rsc::kBadRequest);
    EXPECT_NE(settings.error().detail.find(each.text), std::string::npos)
        << settings.error().detail;
  }
}

TEST_F(ConfigurationTest, NamesTheEcuThatIsWrong) {
  const std::pair<Member, std::string> cases[] = {
      {{"port", 0}, "ecus[1].port: must be a whole number from 1 to 65535"},
      {{"level", "half"}, "ecus[1].level: must be full or constrained"},
      {{"serial", "../x"}, "ecus[1].serial: must be 1 to 48"},
      {{"serial", "ECU-1"}, "ecus[1].serial: is the serial number of another"},
      {{"host", "example.org"}, "ecus[1].host: must be an IPv4 address"},
      {{"shared_key_file", "absent"}, "ecus[1].shared_key_file: "},
      {{"colour", "red"}, "ecus[1].colour: is no member"},
  };
  const Value good = tree_;
  for (const auto& [member, text] : cases) {
    tree_ = good;
    ecu(1).set(member.name, member.value);
    const auto settings = parse();
    ASSERT_FALSE(settings) << text;
    EXPECT_TRUE(settings.error().detail.starts_with(text)) << settings.error().detail;
  }
}

TEST_F(ConfigurationTest, RefusesASecretThatOthersMayRead) {
  std::filesystem::permissions(folder_ / "shared.key", std::filesystem::perms(0644));

  const auto settings = parse();

  ASSERT_FALSE(settings);
  EXPECT_TRUE(settings.error().detail.starts_with("ecus[1].shared_key_file: "));
}

TEST_F(ConfigurationTest, RefusesWhatIsNoObject) {
  for (const char* text : {"", "[]", "5", "{\"ecus\":", "{\"yes\":true,\"yes\":false}"}) {
    EXPECT_FALSE(parse_configuration(text, folder_.path())) << text;
  }
}

TEST_F(ConfigurationTest, LoadsAFile) {
  std::ofstream(folder_ / "gateway.json") << to_json(tree_);

  const auto settings = load_configuration(folder_ / "gateway.json", {});
  const auto absent = load_configuration(folder_ / "absent.json", {});

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->state_dir, folder_ / "state");
  EXPECT_TRUE(absent.error().detail.starts_with("--config "));
}

}  // namespace
}  // namespace gatehouse::gateway

#include "ae-apps/ota/server/configuration.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/ae-apps/ota/server/vehicle_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ota_server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() {
    for (const auto& [name, key] : {std::pair{"oem.pem", &TestKeys::get().oem},
                                    {"brake.pem", &TestKeys::get().brake},
                                    {"gateway.pem", &TestKeys::get().gateway}}) {
      std::ofstream(folder_ / name) << key->public_key().to_pem();
    }
    std::ofstream(folder_ / "root.json") << "{}";
    EXPECT_TRUE(TestKeys::get().oem.save(folder_ / "t.key"));
    tree_ = *parse_json(R"({
      "cse_url": "https://127.0.0.1:8443", "broker": "mqtts://127.0.0.1:8883",
      "tls": {"certificate": "pki/ota.crt", "key": "pki/ota.key", "ca": "pki/ca.crt"},
      "images": {"port": 8444, "requests_per_second": 7, "public_url": "https://localhost:8444/images/",
                 "uploaders": ["Coem"]},
      "state_dir": "state", "oem_keys": ["oem.pem"],
      "uptane": {"director": "director", "images_root": "root.json", "targets_key": "t.key",
                 "snapshot_key": "t.key", "timestamp_key": "t.key"},
      "vehicles": [{"cse_id": "/id-mn", "report_key": "gateway.pem", "ecus": [
        {"serial": "BRK-1", "hardware_id": "brake-2", "public_key": "brake.pem"},
        {"serial": "LMP-2", "hardware_id": "lamp-1", "level": "gateway"}]}]})");
  }
  Result<ServerSettings> parse() const {
    return parse_configuration(to_json(tree_), folder_.path());
  }
  Value& vehicle() { return tree_.find("vehicles")->as_array()->at(0); }
  Value& ecu(std::size_t i) { return vehicle().find("ecus")->as_array()->at(i); }

  TemporaryFolder folder_;
  Value tree_;
};

TEST_F(ConfigurationTest, ReadsAWholeOne) {
  const auto settings = parse();

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->ae.ae_id, "CotaServer");
  EXPECT_EQ(settings->images.port, 8444);
  EXPECT_EQ(settings->images.rate.per_second, 7);
  EXPECT_EQ(settings->images.rate.burst, 2000) << "unless it says so";
  EXPECT_EQ(settings->images.tls.ca_file, folder_ / "pki/ca.crt");
  EXPECT_THAT(settings->images.uploaders, ElementsAre("/id-in/Coem"));
  EXPECT_THAT(settings->images.downloaders, ElementsAre("/id-mn", "/id-mn/CotaGateway"));
  EXPECT_THAT(settings->operators, ElementsAre("CAdmin"));
  ASSERT_EQ(settings->vehicles.size(), 1u);
  const Vehicle& vehicle = settings->vehicles[0];
  EXPECT_EQ(vehicle.inquiries(), "/id-mn/cse-mn/ota-gateway/inquiries");
  EXPECT_EQ(vehicle.ecus[0].report_key, TestKeys::get().brake.public_key());
  EXPECT_EQ(vehicle.ecus[1].report_key, TestKeys::get().gateway.public_key());
  EXPECT_EQ(settings->rules.offer_timeout, std::chrono::seconds(600));
  EXPECT_EQ(settings->rules.offer_wait, std::chrono::hours(72));
}

TEST_F(ConfigurationTest, OverridesReplaceMembers) {
  const auto settings =
      parse_configuration(to_json(tree_), folder_.path(), Value::object({{"offer_timeout_s", 5}}));
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->rules.offer_timeout, std::chrono::seconds(5));
}

struct Fault {
  const char* says;
  std::function<void(Value& tree, Value& vehicle, Value& ecu0, Value& ecu1)> make;
};

const Fault kFaults[] = {
    {"cse_url: is missing", [](Value& t, Value&, Value&, Value&) { t.erase("cse_url"); }},
    {"tls: is missing", [](Value& t, Value&, Value&, Value&) { t.erase("tls"); }},
    {"tls.key: is missing", [](Value& t, Value&, Value&, Value&) { t.find("tls")->erase("key"); }},
    {"broker: is missing", [](Value& t, Value&, Value&, Value&) { t.erase("broker"); }},
    {"images: is missing", [](Value& t, Value&, Value&, Value&) { t.erase("images"); }},
    {"images.public_url: must be an https URL",
     [](Value& t, Value&, Value&, Value&) {
       t.find("images")->set("public_url", "http://localhost/images/");
     }},
    {"images.requests_per_second: must be",
     [](Value& t, Value&, Value&, Value&) { t.find("images")->set("requests_per_second", -1); }},
    {"images.requests_at_once: must be",
     [](Value& t, Value&, Value&, Value&) { t.find("images")->set("requests_at_once", 0); }},
    {"images.port: must be",
     [](Value& t, Value&, Value&, Value&) { t.find("images")->set("port", 70000); }},
    {"oem_keys: must hold", [](Value& t, Value&, Value&, Value&) { t.erase("oem_keys"); }},
    {"threshold: must be", [](Value& t, Value&, Value&, Value&) { t.set("threshold", 2); }},
    {"state_dir: is missing", [](Value& t, Value&, Value&, Value&) { t.erase("state_dir"); }},
    {"vehicels: is no member", [](Value& t, Value&, Value&, Value&) { t.set("vehicels", 1); }},
    {"flex_nodes: must be", [](Value& t, Value&, Value&, Value&) { t.set("flex_nodes", "all"); }},
    {"gateways: must hold",
     [](Value& t, Value&, Value&, Value&) { t.set("gateways", Value::array()); }},
    {"fleet: none.jsonl: cannot be read",
     [](Value& t, Value&, Value&, Value&) { t.set("fleet", "none.jsonl"); }},
    {"vehicles: must hold",
     [](Value& t, Value&, Value&, Value&) { t.set("vehicles", Value::array()); }},
    {"vehicles[0].cse_id: must be like",
     [](Value&, Value& v, Value&, Value&) { v.set("cse_id", "id-mn"); }},
    {"vehicles[0].report_key: ",
     [](Value&, Value& v, Value&, Value&) { v.set("report_key", "absent.pem"); }},
    {"vehicles[0].ecus[0].public_key: is missing",
     [](Value&, Value&, Value& e, Value&) { e.erase("public_key"); }},
    {"vehicles[0].ecus[0].serial: must be",
     [](Value&, Value&, Value& e, Value&) { e.set("serial", "../x"); }},
    {"vehicles[0].ecus[1].level: must be full or gateway",
     [](Value&, Value&, Value&, Value& e) { e.set("level", "none"); }},
    {"vehicles[0].ecus[1].level: is gateway, but",
     [](Value&, Value& v, Value&, Value&) { v.erase("report_key"); }},
    {"vehicles[0].ecus[1].serial: is the serial number of another",
     [](Value&, Value&, Value&, Value& e) { e.set("serial", "BRK-1"); }},
};

TEST_F(ConfigurationTest, EachFaultNamesItsMember) {
  const Value good = tree_;
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.says);
    tree_ = good;
    fault.make(tree_, vehicle(), ecu(0), ecu(1));
    const auto settings = parse();
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().detail, HasSubstr(fault.says));
  }
}

// --- a fleet in files of its own ---------------------------------------------------------------

class FleetFileTest : public ConfigurationTest {
 protected:
  FleetFileTest() {
    tree_.erase("vehicles");
    tree_.set("fleet", "fleet.jsonl");
  }
  static std::string spki(const crypto::SigningKey& key) {
    return "spki:" + to_base64(key.public_key().spki_der());
  }
  /// A vehicle with one ECU, its keys in the line.
  static std::string line(const std::string& number) {
    return R"({"cse_id":"/car-)" + number + R"(","report_key":")" + spki(TestKeys::get().gateway) +
           R"(","ecus":[{"serial":"E)" + number + R"(","hardware_id":"brake-2","public_key":")" +
           spki(TestKeys::get().brake) + "\"}]}";
  }
  void write(const std::string& text, const std::string& name = "fleet.jsonl") {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string fault() {
    const auto settings = parse();
    return settings ? "none" : settings.error().detail;
  }
};

TEST_F(FleetFileTest, HoldsAVehicleInEachLine) {
  write(line("1") + "\n\n" + line("2") + "\r\n" + line("3"));
  const auto settings = parse();
  ASSERT_TRUE(settings) << settings.error().detail;
  ASSERT_EQ(settings->vehicles.size(), 3u);
  EXPECT_EQ(settings->vehicles[2].cse_id, "/car-3");
  EXPECT_EQ(settings->vehicles[2].ecus[0].report_key, TestKeys::get().brake.public_key());
  EXPECT_EQ(settings->vehicles[2].primary_key, TestKeys::get().gateway.public_key());
  EXPECT_EQ(settings->images.downloaders.size(), 6u);
  EXPECT_TRUE(settings->images.downloaders.contains("/car-2/CotaGateway"));
  EXPECT_TRUE(settings->shows_ecus);
}

TEST_F(FleetFileTest, MayBeAFolderBesideListedVehicles) {
  std::filesystem::create_directory(folder_ / "fleet");
  write(line("2"), "fleet/b.jsonl");
  write(line("1"), "fleet/a.jsonl");
  write("nothing of ours", "fleet/README");
  tree_.set("fleet", "fleet");
  tree_.set("vehicles", Value::array({*parse_json(line("0"))}));
  const auto settings = parse();
  ASSERT_TRUE(settings) << settings.error().detail;
  ASSERT_EQ(settings->vehicles.size(), 3u);
  EXPECT_EQ(settings->vehicles[0].cse_id, "/car-0");
  EXPECT_EQ(settings->vehicles[1].cse_id, "/car-1");
  write(line("1"), "fleet/c.jsonl");
  EXPECT_EQ(fault(), "fleet: c.jsonl:1: cse_id: is the CSE-ID of another vehicle, too");
}

TEST_F(FleetFileTest, ABadLineIsNamed) {
  std::string other = line("3");
  other.replace(other.find("E3"), 2, "E1");
  std::string off_curve = line("4");
  const std::string good = spki(TestKeys::get().brake);
  Bytes der = TestKeys::get().brake.public_key().spki_der();
  der.back() = static_cast<std::uint8_t>(der.back() ^ 1);
  off_curve.replace(off_curve.find(good), good.size(), "spki:" + to_base64(der));
  std::string no_base64 = line("5");
  no_base64.replace(no_base64.find("spki:"), 9, "spki:§§");
  const std::string nul = line("6") + std::string(1, '\0') + "x";
  const std::pair<std::string, const char*> rows[] = {
      {line("1"), "cse_id: is the CSE-ID of another vehicle, too"},
      {other, "ecus[0].serial: is the serial number of another ECU, too"},
      {line("2").substr(0, line("2").size() - 1), ""},  // truncated
      {line("2").substr(0, 40), ""},
      {std::string(70'000, ' ') + line("2"), "has more than 65536 bytes"},
      {"[1]", "must be a JSON object"},
      {"{}", "cse_id: is missing"},
      {R"({"cse_id":"/x","report_key":"gateway.pem","ecus":[],"colour":"red"})", ""},
      {off_curve, "ecus[0].public_key: no key of P-256 or Ed25519"},
      {no_base64, "report_key: "},
      {nul, ""},
  };
  for (const auto& [bad, why] : rows) {
    write(line("1") + "\n" + bad + "\n" + line("9"));
    EXPECT_THAT(fault(), testing::StartsWith(std::string("fleet: fleet.jsonl:2: ") + why));
  }
  write("\n \n");
  EXPECT_THAT(fault(), HasSubstr("fleet: holds no vehicle"));
}

/// Access rules do not name a thousand gateways one by one.
TEST_F(FleetFileTest, LargeOnesAreLetInByPattern) {
  std::string text;
  for (int i = 0; i < 1'001; ++i) text += line(std::to_string(i)) + "\n";
  write(text);
  auto settings = parse();
  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->vehicles.size(), 1'001u);
  EXPECT_THAT(settings->gateways, ElementsAre("/*/CotaGateway"));
  EXPECT_FALSE(settings->shows_ecus);
  tree_.set("gateways", Value::array({"/car-*/CotaGateway"}));
  tree_.set("flex_nodes", true);
  settings = parse();
  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_THAT(settings->gateways, ElementsAre("/car-*/CotaGateway"));
  EXPECT_TRUE(settings->shows_ecus);
}

}  // namespace
}  // namespace gatehouse::ota_server

#include "ae-apps/ota/cli/director_command.h"

#include "tests/ae-apps/ota/repository/desk_fixture.h"

namespace gatehouse::ota {
namespace {

/// `gatehouse-ota director` for a vehicle whose two ECUs run nothing yet.
class DirectorCommand : public uptane::DeskTest {
 protected:
  DirectorCommand() {
    for (const auto& [name, key] : {std::pair{"gateway", &gateway_}, std::pair{"brake", &brake_}}) {
      std::ofstream(folder_ / (std::string(name) + ".pem")) << key->public_key().to_pem();
    }
    for (const auto& [name, key] :
         {std::pair{"t.key", &director_targets_}, std::pair{"s.key", &snapshot_},
          std::pair{"ts.key", &timestamp_}}) {
      EXPECT_TRUE(key->save(folder_ / name));
    }
    std::ofstream(folder_ / "vehicle.json")
        << R"({"vehicle":"VIN-1","primary_key":"gateway.pem","ecus":[)"
        << R"({"serial":"GW-1","hardware_id":"gateway-hw","public_key":"gateway.pem"},)"
        << R"({"serial":"BR-1","hardware_id":"brake-hw","public_key":"brake.pem"}]})";
    options_.vehicle = folder_ / "vehicle.json";
    options_.manifest = folder_ / "manifest.json";
    options_.nonce = "n";
    options_.images = folder_ / "images";
    options_.time = uptane::iso_time(now_);
    options_.targets_key = folder_ / "t.key";
    options_.snapshot_key = folder_ / "s.key";
    options_.timestamp_key = folder_ / "ts.key";
    options_.out = folder_ / "director";
  }
  void write_manifest(const crypto::SigningKey& brake_key, const std::string& vehicle = "VIN-1") {
    const std::map<std::string, std::string> reports = {
        {"GW-1", make_ecu_report(report_of("GW-1", "gateway/1"), gateway_)},
        {"BR-1", make_ecu_report(report_of("BR-1", ""), brake_key)}};
    std::ofstream(options_.manifest)
        << uptane::make_vehicle_manifest(vehicle, "GW-1", reports, gateway_);
  }
  Value direct_by_command(int expected_code) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run_director(options_, out, err), expected_code) << out.str() << err.str();
    const auto line = parse_json(out.str());
    return line ? *line : Value();
  }

  crypto::SigningKey gateway_ = uptane::fresh_key(crypto::Algorithm::kEcdsaP256);
  crypto::SigningKey brake_ = uptane::fresh_key();
  DirectorOptions options_;
};

TEST_F(DirectorCommand, MakesMetadataOutOfAVerifiedManifest) {
  create();
  release(1);
  write_manifest(brake_);

  const Value first = direct_by_command(kAccepted);
  EXPECT_EQ(first.integer_at("version"), 1);
  EXPECT_EQ(first.find("orders")->size(), 2u);
  EXPECT_EQ(verify(), "accepted") << said_;
  release(2);
  EXPECT_EQ(direct_by_command(kAccepted).integer_at("version"), 2);
  EXPECT_EQ(verify(), "accepted") << said_;
  EXPECT_EQ(verify(true), "accepted") << said_;
}

TEST_F(DirectorCommand, RefusesWhatIsNotProven) {
  create();
  release(1);
  write_manifest(gateway_);  // in the brake's name
  EXPECT_EQ(direct_by_command(kRefused).string_at("reason"), "threshold");
  write_manifest(brake_, "VIN-2");
  EXPECT_EQ(direct_by_command(kRefused).string_at("reason"), "wrong-vehicle");
  write_manifest(brake_);
  options_.nonce = "another";
  EXPECT_EQ(direct_by_command(kRefused).string_at("reason"), "replay");
  options_.nonce = "n";
  options_.time = "2035-01-01T00:00:00Z";
  EXPECT_EQ(direct_by_command(kRefused).string_at("reason"), "expired");

  EXPECT_FALSE(std::filesystem::exists(folder_ / "director/metadata/timestamp.json"));
}

TEST_F(DirectorCommand, TellsOfWrongUse) {
  direct_by_command(kWrongUse);
  create();
  release(1);
  write_manifest(brake_);
  options_.targets_key = folder_ / "nothing";
  direct_by_command(kWrongUse);
  options_.targets_key = folder_ / "t.key";
  options_.time = "yesterday";
  direct_by_command(kWrongUse);
}

}  // namespace
}  // namespace gatehouse::ota

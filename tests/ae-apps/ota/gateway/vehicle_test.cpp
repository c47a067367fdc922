// A gateway whose ECUs come from a vehicle's file.
#include <gtest/gtest.h>

#include <fstream>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/gateway/configuration.h"
#include "ae-apps/ota/gateway/needs.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::gateway {
namespace {

class VehicleFileTest : public testing::Test {
 protected:
  VehicleFileTest() {
    const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
    EXPECT_TRUE(key.save(folder_ / "report.pem"));
    std::ofstream(folder_ / "oem.pem") << key.public_key().to_pem();
    EXPECT_TRUE(crypto::create_secret_file(folder_ / "access.key", Bytes(32, 1)));
    EXPECT_TRUE(crypto::create_secret_file(folder_ / "shared.key", Bytes(32, 2)));
    write("access.key");
    tree_ = Value::object({{"cse_url", "http://127.0.0.1:8080"},
                           {"broker", "mqtt://127.0.0.1:1883"},
                           {"images_url", "http://127.0.0.1:9080/images/"},
                           {"state_dir", "state"},
                           {"oem_keys", Value::array({"oem.pem"})},
                           {"report_key", "report.pem"},
                           {"uptane", Value::object({{"director_url", "http://127.0.0.1:9080/d/"},
                                                     {"images_url", "http://127.0.0.1:9080/i/"},
                                                     {"director_root", "root.json"},
                                                     {"images_root", "root.json"}})},
                           {"vehicle_file", "car.toml"}});
    std::ofstream(folder_ / "root.json") << "{}";
  }
  void write(const std::string& access_key) {
    std::ofstream(folder_ / "car.toml")
        << "[vehicle]\nvin = \"GATEHOUSE00000001\"\n[bus.body]\nat = \"socketcan:can0\"\n"
           "[[ecu]]\nserial = \"SEAT-1\"\nhardware_id = \"seat-1\"\nlevel = \"constrained\"\n"
           "bus = \"body\"\naccess_key = \"access.key\"\nshared_key = \"shared.key\"\n"
           "needs = [\"BRAKE-1 >= 1.4.0\"]\n"
           "[[ecu]]\nserial = \"BRAKE-1\"\nhardware_id = \"brake-2\"\nport = 13402\n"
           "public_key = \"oem.pem\"\naccess_key = \""
        << access_key << "\"\n";
  }
  Result<GatewaySettings> parse() {
    return parse_configuration(to_json(tree_), folder_.path(), {});
  }
  TemporaryFolder folder_;
  Value tree_;
};

TEST_F(VehicleFileTest, GivesTheGatewayItsEcusInTheOrderOfUpdates) {
  const auto settings = parse();

  ASSERT_TRUE(settings) << settings.error().detail;
  ASSERT_EQ(settings->ecus.size(), 2u);
  EXPECT_EQ(settings->ecus[0].serial, "BRAKE-1");
  EXPECT_EQ(settings->ecus[0].port, 13402);
  EXPECT_TRUE(settings->ecus[0].public_key);
  EXPECT_EQ(settings->ecus[1].level, EcuLevel::kConstrained);
  EXPECT_EQ(settings->ecus[1].shared_key, Bytes(32, 2));
  ASSERT_TRUE(settings->ecus[1].can);
  EXPECT_EQ(settings->ecus[1].can->bus, "socketcan:can0");
}

TEST_F(VehicleFileTest, SaysInWhichLineAKeyIsNamedThatIsNotThere) {
  write("no.key");

  const auto settings = parse();

  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().detail.find("line 13: ecu \"BRAKE-1\": access_key"), std::string::npos)
      << settings.error().detail;
}

TEST_F(VehicleFileTest, StandsInPlaceOfEcus) {
  tree_.set("ecus", Value::array());
  const auto both = parse();
  ASSERT_FALSE(both);
  EXPECT_NE(both.error().detail.find("vehicle_file"), std::string::npos);
}

TEST_F(VehicleFileTest, MustBeThere) {
  tree_.set("vehicle_file", "lorry.toml");
  const auto settings = parse();
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().detail.find("lorry.toml"), std::string::npos);
}

TEST(Needs, StandAgainstAnUpdateUntilTheOtherEcuRunsWhatIsNeeded) {
  std::vector<EcuEntry> ecus(2);
  ecus[0].serial = "SEAT-1";
  ecus[0].needs = {{"BRAKE-1", "1.4.0"}};
  ecus[1].serial = "BRAKE-1";
  Board board;
  const std::map<std::string, std::string> seat = {{"SEAT-1", "2.0.0"}};
  EXPECT_EQ(objection_to(ecus, seat, board),
            "SEAT-1 needs BRAKE-1 1.4.0 or newer; it would run unknown");
  board.change("BRAKE-1", [](Board::Row& row) { row.version = "1.3.9"; });
  EXPECT_TRUE(objection_to(ecus, seat, board));
  EXPECT_FALSE(objection_to(ecus, {{"BRAKE-1", "1.3.9"}}, board)) << "the other needs nothing";
  EXPECT_FALSE(objection_to(ecus, {{"SEAT-1", "2.0.0"}, {"BRAKE-1", "1.4.0"}}, board))
      << "together";
  board.change("BRAKE-1", [](Board::Row& row) { row.version = "1.4.0"; });
  EXPECT_FALSE(objection_to(ecus, seat, board));
}

TEST(Needs, AConflictWithAnEcuOfWhichNothingIsKnownStandsAgainstAnUpdate) {
  std::vector<EcuEntry> ecus(2);
  ecus[0].serial = "SEAT-1";
  ecus[0].conflicts = {{"BRAKE-1", "2.0.0"}};
  ecus[1].serial = "BRAKE-1";
  EXPECT_EQ(objection_to(ecus, {{"SEAT-1", "1.1.0"}}, Board()),
            "SEAT-1 must not run beside BRAKE-1 2.0.0 or newer; it is not known what BRAKE-1 runs");
  EXPECT_FALSE(objection_to(ecus, {{"SEAT-1", "1.1.0"}, {"BRAKE-1", "1.9.0"}}, Board()));
}

TEST(Needs, WhatAnImageRequiresIsAskedOfTheVehicleAfterTheUpdate) {
  std::vector<EcuEntry> ecus(2);
  ecus[0].serial = "SEAT-1";
  ecus[1].serial = "BRAKE-1";
  ecus[1].hardware_id = "brake-2";
  Board board;
  const auto why = [&](const std::map<std::string, std::string>& planned) {
    return unmet_requirement(ecus, "release=R-1/2\nbrake-2>=1.4\n", planned, board).value_or("");
  };
  EXPECT_EQ(why({{"SEAT-1", "2.0.0"}}),
            "the image requires brake-2>=1.4; it is not known what BRAKE-1 runs");
  board.change("BRAKE-1", [](Board::Row& row) { row.version = "1.3.9"; });
  EXPECT_EQ(why({{"SEAT-1", "2.0.0"}}), "the image requires brake-2>=1.4; BRAKE-1 would run 1.3.9");
  EXPECT_EQ(why({{"SEAT-1", "2.0.0"}, {"BRAKE-1", "1.4.0"}}), "") << "together";
}

TEST(Needs, ConflictsStandAgainstAnUpdateOfEither) {
  std::vector<EcuEntry> ecus(2);
  ecus[0].serial = "SEAT-1";
  ecus[0].conflicts = {{"BRAKE-1", "2.0.0"}};
  ecus[1].serial = "BRAKE-1";
  Board board;
  board.change("BRAKE-1", [](Board::Row& row) { row.version = "1.9.0"; });
  EXPECT_FALSE(objection_to(ecus, {{"SEAT-1", "1.1.0"}}, board));
  EXPECT_EQ(objection_to(ecus, {{"BRAKE-1", "2.0.0"}}, board),
            "SEAT-1 must not run beside BRAKE-1 2.0.0 or newer; it would run 2.0.0");
  board.change("BRAKE-1", [](Board::Row& row) { row.version = "2.1.0"; });
  EXPECT_TRUE(objection_to(ecus, {{"SEAT-1", "1.1.0"}}, board));
}

}  // namespace
}  // namespace gatehouse::gateway

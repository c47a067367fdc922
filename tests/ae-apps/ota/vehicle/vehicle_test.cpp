#include "ae-apps/ota/vehicle/vehicle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::vehicle {
namespace {

constexpr const char* kCar = R"([vehicle]
vin = "GATEHOUSE00000001"

[bus.body]
at = "virtual:can0"
fd = true
bit_rate = 250000

[[ecu]]
serial = "LIGHT-0001"
hardware_id = "light-1"
bus = "body"
request_id = 0x7E0
response_id = 0x7E8
slots = 1
access_key = "light.access"

[[ecu]]
serial = "SEAT-0001"
hardware_id = "seat-1"
level = "constrained"
port = 13401
logical_address = 0x1020
access_key = "seat.access"
shared_key = "/keys/seat.shared"
needs = ["BRAKE-0001 >= 1.4.0"]

[[ecu]]
serial = "BRAKE-0001"
hardware_id = "brake-2"
access_key = "brake.access"
public_key = "pkcs11:object=brake"
)";

/// The example with one piece of text in place of another.
std::string car_with(const std::string& what, const std::string& by) {
  std::string text = kCar;
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(VehicleFile, SaysHowAnEcuSpeaksIsoTp) {
  const auto plain = parse_vehicle(kCar, "car.toml", "/car");
  ASSERT_TRUE(plain) << plain.error().detail;
  EXPECT_FALSE(plain->find("LIGHT-0001")->can->ecu_address);
  EXPECT_EQ(plain->find("LIGHT-0001")->can->padding, 0xCC);

  const auto car = parse_vehicle(
      car_with("response_id = 0x7E8",
               "response_id = 0x7E8\necu_address = 0x21\ntester_address = 0xF1\nblock_size = 8\n"
               "st_min_ms = 5\npadding = 0xAA\nn_a_ms = 70\nn_bs_ms = 1500\nn_cr_ms = 250"),
      "car.toml", "/car");

  ASSERT_TRUE(car) << car.error().detail;
  const isotp::EndpointSettings tester = isotp::tester_side(*car->find("LIGHT-0001")->can);
  EXPECT_EQ(tester.address.send_prefix, 0x21);
  EXPECT_EQ(tester.address.receive_prefix, 0xF1);
  EXPECT_EQ(tester.channel.block_size, 8);
  EXPECT_EQ(tester.channel.st_min, 5);
  EXPECT_EQ(tester.channel.shape.padding, 0xAA);
  EXPECT_EQ(tester.channel.n_a, std::chrono::milliseconds(70));
  EXPECT_EQ(tester.channel.n_bs, std::chrono::milliseconds(1500));
  EXPECT_EQ(tester.channel.n_cr, std::chrono::milliseconds(250));
}

TEST(VehicleFile, SaysHowLongTheGatewayWaitsAtADoipEntity) {
  const std::string place = "serial = \"BRAKE-0001\"\n";
  const auto car = parse_vehicle(
      car_with(place, place + "connect_ms = 100\nactivation_ms = 200\nack_ms = 300\n"), "car.toml",
      "/car");

  ASSERT_TRUE(car) << car.error().detail;
  const DoipTimers& timers = car->find("BRAKE-0001")->doip;
  EXPECT_EQ(timers.connect, std::chrono::milliseconds(100));
  EXPECT_EQ(timers.activation, std::chrono::milliseconds(200));
  EXPECT_EQ(timers.ack, std::chrono::milliseconds(300));
  const auto wrong = parse_vehicle(car_with(place, place + "ack_ms = 0\n"), "car.toml", "/car");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("ack_ms"), std::string::npos) << wrong.error().detail;
}

TEST(VehicleFile, RefusesAddressesThatDoNotFitTogether) {
  const std::pair<const char*, const char*> cases[] = {
      {"ecu_address = 1", "needs ecu_address and tester_address"},
      {"tester_address = 1", "needs ecu_address and tester_address"},
      {"ecu_address = 1\ntester_address = 1", "must not be that of the ECU"},
      {"ecu_address = 1\ntester_address = 2\naddress_extension = 3", "one of them"},
      {"st_min_ms = 128", "st_min_ms"},
      {"block_size = 256", "block_size"},
      {"padding = -1", "padding"},
      {"n_bs_ms = 0", "n_bs_ms"},
      {"n_a_ms = 60001", "n_a_ms"},
  };
  for (const auto& [row, error] : cases) {
    const std::string place = "response_id = 0x7E8";
    const auto car = parse_vehicle(car_with(place, place + "\n" + row), "car.toml", "/car");
    ASSERT_FALSE(car) << row;
    EXPECT_NE(car.error().detail.find(error), std::string::npos) << car.error().detail;
  }
}

TEST(VehicleFile, DescribesBusesAndEcus) {
  const auto car = parse_vehicle(kCar, "car.toml", "/car");

  ASSERT_TRUE(car) << car.error().detail;
  EXPECT_EQ(car->vin, "GATEHOUSE00000001");
  ASSERT_EQ(car->buses.size(), 1u);
  EXPECT_EQ(car->buses[0].rates.nominal, 250'000u);
  EXPECT_EQ(car->buses[0].rates.data, 2'000'000u);
  ASSERT_EQ(car->ecus.size(), 3u);
  const Ecu& light = *car->find("LIGHT-0001");
  ASSERT_TRUE(light.can);
  EXPECT_EQ(light.can->bus, "virtual:/car/can0");
  EXPECT_EQ(light.can->request_id, 0x7E0u);
  EXPECT_TRUE(light.can->fd);
  EXPECT_EQ(light.slots, 1u);
  EXPECT_EQ(light.way(), "ISO-TP");
  EXPECT_EQ(light.access_key, "/car/light.access");
  const Ecu& seat = *car->find("SEAT-0001");
  EXPECT_TRUE(seat.constrained);
  EXPECT_EQ(seat.logical_address, 0x1020);
  EXPECT_EQ(seat.shared_key, "/keys/seat.shared");
  EXPECT_EQ(seat.needs, (std::vector<Need>{{"BRAKE-0001", "1.4.0"}}));
  EXPECT_EQ(seat.way(), "DoIP");
  EXPECT_EQ(car->find("BRAKE-0001")->public_key, "pkcs11:object=brake");
  EXPECT_EQ(car->find("DOOR-0001"), nullptr);
}

TEST(VehicleFile, PutsNeededEcusFirstAndThoseWithOneSlotLast) {
  const auto car = parse_vehicle(kCar, "car.toml", "");

  EXPECT_EQ(car->update_order(),
            (std::vector<std::string>{"BRAKE-0001", "SEAT-0001", "LIGHT-0001"}));
}

struct Wrong {
  std::string name, what, by, says;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }
class WrongVehicleFile : public testing::TestWithParam<Wrong> {};

TEST_P(WrongVehicleFile, IsNamedWithItsLine) {
  const Wrong& wrong = GetParam();

  const auto car = parse_vehicle(car_with(wrong.what, wrong.by), "car.toml", "/car");

  ASSERT_FALSE(car);
  EXPECT_EQ(car.error().rsc, Rsc::kBadRequest);
  EXPECT_NE(car.error().detail.find(wrong.says), std::string::npos) << car.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    All, WrongVehicleFile,
    testing::Values(
        Wrong{"no_toml", "[vehicle]", "[vehicle", "car.toml:1: "},
        Wrong{"short_vin", "GATEHOUSE00000001", "SHORT", "car.toml:2: vehicle: vin has 17 letters"},
        Wrong{"no_vin", "vin = ", "nov = ", "car.toml:1: vehicle: vin is missing"},
        Wrong{"unknown_key", "fd = true", "df = true", "car.toml:6: bus.body: there is no key df"},
        Wrong{"unknown_table", "[vehicle]", "[weather]\n[vehicle]",
              "car.toml:1: there is no table weather"},
        Wrong{"wrong_type", "fd = true", "fd = 1",
              "car.toml:6: bus.body: fd must be true or false"},
        Wrong{"bit_rate", "250000", "12",
              "car.toml:7: bus.body: bit_rate must be a whole number from 1000 to 20000000"},
        Wrong{"bus_place", "virtual:can0", "can0", "car.toml:5: bus.body: at must be virtual:PATH"},
        Wrong{"unknown_bus", "bus = \"body\"", "bus = \"chassis\"",
              "car.toml:12: ecu \"LIGHT-0001\": bus names no bus"},
        Wrong{"identifier", "0x7E0", "0x20000000", "car.toml:13: ecu \"LIGHT-0001\": request_id"},
        Wrong{"same_identifier", "0x7E8", "0x7E0", "identifier virtual:/car/can0/2016 is taken"},
        Wrong{"same_serial", "SEAT-0001", "LIGHT-0001", "serial LIGHT-0001 is taken by line 9"},
        Wrong{"same_address", "port = 13401\nlogical_address = 0x1020", "port = 13400",
              "address 127.0.0.1:13400/4112 is taken by line 18"},
        Wrong{"level", "\"constrained\"", "\"weak\"", "car.toml:21: ecu \"SEAT-0001\": level"},
        Wrong{"no_shared_key", "shared_key = \"/keys/seat.shared\"\n", "",
              "ecu \"SEAT-0001\": shared_key is missing"},
        Wrong{"slots", "slots = 1", "slots = 3", "car.toml:15: ecu \"LIGHT-0001\": slots"},
        Wrong{"verifies", "slots = 1", "slots = 1\nverifies = true",
              "car.toml:16: ecu \"LIGHT-0001\": verifies is for full ECUs"},
        Wrong{"bad_need", "BRAKE-0001 >= 1.4.0", "BRAKE-0001 > 1", "needs \"BRAKE-0001 > 1\""},
        Wrong{"unknown_need", "BRAKE-0001 >=", "DOOR-0001 >=",
              "ecu \"SEAT-0001\": needs \"DOOR-0001\", which is no ECU"},
        Wrong{"own_need", "BRAKE-0001 >=", "SEAT-0001 >=", "which is itself"},
        Wrong{"circle", "public_key = \"pkcs11:object=brake\"", "needs = [\"SEAT-0001 >= 1\"]",
              "needs lead in a circle"},
        Wrong{"serial_text", "\"BRAKE-0001\"\nhard", "\"a/b\"\nhard",
              "ecu \"a/b\": serial must be 1 to 48"},
        Wrong{"host", "port = 13401", "host = \"car.local\"",
              "car.toml:22: ecu \"SEAT-0001\": host"},
        Wrong{"node_place", "port = 13401", "node = \"cse-asn/ae\"\nnode_ae = \"/id-asn/C\"",
              "car.toml:22: ecu \"SEAT-0001\": node must be SP-relative"},
        Wrong{"node_level", "port = 13401", "node = \"/id-asn/ae\"\nnode_ae = \"/id-asn/C\"",
              "node is for those with two slots that sign by themselves"},
        Wrong{"node_without_ae", "port = 13401", "node = \"/id-asn/ae\"",
              "ecu \"SEAT-0001\": node_ae is missing"}),
    [](const auto& param) { return param.param.name; });

TEST(VehicleFile, DescribesFieldNodes) {
  const std::string node =
      "\n[[ecu]]\nserial = \"PUMP-1\"\nhardware_id = \"pump-1\"\nnode = \"/id-asn/cse-asn/ae\"\n"
      "node_ae = \"/id-asn/Cpump\"\nverifies = true\n";
  const auto car = parse_vehicle(kCar + node, "car.toml", "/car");

  ASSERT_TRUE(car) << car.error().detail;
  const Ecu& pump = *car->find("PUMP-1");
  EXPECT_EQ(pump.node, "/id-asn/cse-asn/ae");
  EXPECT_EQ(pump.node_ae, "/id-asn/Cpump");
  EXPECT_EQ(pump.way(), "oneM2M");
  EXPECT_TRUE(pump.access_key.empty()) << "there is no tester, and no key for one";
}

TEST(VehicleFile, SaysAllThatIsWrongAtOnce) {
  const auto car = parse_vehicle("[vehicle]\nvin = 5\n[[ecu]]\nslots = 9\n", "car.toml", "");

  ASSERT_FALSE(car);
  const std::string& text = car.error().detail;
  EXPECT_GE(std::count(text.begin(), text.end(), '\n'), 3) << text;
}

TEST(VehicleFile, NeedsAnEcu) {
  EXPECT_FALSE(parse_vehicle("[vehicle]\nvin = \"GATEHOUSE00000001\"\n", "car.toml", ""));
  EXPECT_FALSE(parse_vehicle("", "car.toml", ""));
  EXPECT_FALSE(parse_vehicle("ecu = 5", "car.toml", ""));
  EXPECT_FALSE(load_vehicle("/nowhere/car.toml"));
}

TEST(VehicleFile, TakesNamesFromItsFolderOn) {
  const TemporaryFolder folder;
  std::ofstream(folder / "car.toml") << kCar;

  const auto car = load_vehicle(folder / "car.toml");

  ASSERT_TRUE(car) << car.error().detail;
  EXPECT_EQ(car->find("LIGHT-0001")->access_key, folder / "light.access");
}

TEST(Version, IsComparedByItsNumbers) {
  EXPECT_TRUE(is_at_least("1.10.0", "1.9"));
  EXPECT_TRUE(is_at_least("1.4.0", "1.4.0"));
  EXPECT_TRUE(is_at_least("1.4", "1.4.0"));
  EXPECT_TRUE(is_at_least("2", "1.99.99"));
  EXPECT_FALSE(is_at_least("1.3.9", "1.4.0"));
  EXPECT_FALSE(is_at_least("none", "0.0.1"));
  EXPECT_FALSE(is_at_least("unknown", "0")) << "nobody knows what it runs";
}

}  // namespace
}  // namespace gatehouse::vehicle

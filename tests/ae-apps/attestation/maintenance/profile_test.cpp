// Every kind of device for which there is a profile goes through a maintenance.
#include <gtest/gtest.h>

#include "tests/ae-apps/attestation/maintenance/maintenance_world.h"

namespace gatehouse::center {
namespace {

namespace fs = std::filesystem;

/// Names of the files, without their ending.
std::vector<std::string> profiles() {
  std::vector<std::string> out;
  for (const auto& each : fs::directory_iterator(GATEHOUSE_PROFILES)) {
    if (each.path().extension() == ".json") out.push_back(each.path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Profile : public testing::TestWithParam<std::string> {};

TEST_P(Profile, IsAllThatAKindOfDeviceNeeds) {
  const std::string file = std::string(GATEHOUSE_PROFILES) + "/" + GetParam() + ".json";
  const TemporaryFolder folder;
  std::ofstream(folder / "support.json")
      << R"({"cse_url":"https://localhost:1","broker":"mqtts://localhost:2","device":"unit-7",)"
      << R"("state_dir":"state","configuration":["support.json"],"profile":")" << file << "\"}";
  const auto settings = attest::load_configuration(folder / "support.json", Value());
  ASSERT_TRUE(settings) << settings.error().detail;
  const auto text = crypto::read_file(file, 1u << 16);
  ASSERT_TRUE(text);
  auto profile = *parse_json(text_of(*text));
  Value policy = *profile.find("policy");
  policy.set("emulator", "allowed");  // the test has no other TPM
  profile.set("policy", policy);
  MaintenanceWorld world(to_json(profile), settings->attester, "unit-7", "MOTOR");
  world.list_component("config:" + settings->attester.configuration[0],
                       text_of(*crypto::read_file(folder / "support.json", 1u << 16)));

  ASSERT_TRUE(world.center().command(Value::object({{"attest", "unit-7"}})));
  ASSERT_TRUE(world.run_until("attested")) << world.all_news() << world.refused();
  world.supersede("MOTOR", "1.0");
  world.on_update = [&world] { world.update_device("MOTOR", "2.0"); };
  ASSERT_TRUE(
      world.center().command(Value::object({{"maintain", "unit-7"}, {"reason", "yearly"}})));
  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();

  const auto report = world.audited(1);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->outcome, "confirmed: MOTOR runs 2.0");
  const std::string said = evidence::to_text(*report);
  EXPECT_NE(said.find("unit-7"), std::string::npos);
  if (GetParam() != "car") {
    EXPECT_EQ(said.find(" car"), std::string::npos) << said;
  }
}
INSTANTIATE_TEST_SUITE_P(Of, Profile, testing::ValuesIn(profiles()), [](const auto& row) {
  std::string name = row.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace gatehouse::center

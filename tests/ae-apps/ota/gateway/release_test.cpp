// Several ECUs in one atomic release: all or none, whatever loses its power, and whenever.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/ae-apps/ota/gateway/release_world.h"

namespace gatehouse::gateway {
namespace {

/// GATEHOUSE_POWER_CUTS: how many seeded runs, if not the few that every build makes.
std::uint64_t wanted_runs() {
  constexpr std::uint64_t kUsual = 60;
  const char* text = std::getenv("GATEHOUSE_POWER_CUTS");
  return text == nullptr ? kUsual : std::strtoull(text, nullptr, 10);
}

std::string text_of(const WorldEnd& end) {
  std::string out;
  for (const std::string& fault : end.faults) out += fault + "\n";
  return out + end.story;
}

/// With three ECUs, and with a field node of oneM2M in place of the first.
class ReleaseOf : public testing::TestWithParam<Kind> {
 protected:
  static WorldEnd run(std::map<std::uint64_t, bool> cuts, const std::string& bad = "") {
    return ReleaseWorld(bad, GetParam()).run(std::move(cuts));
  }
};

TEST_P(ReleaseOf, CommitsAllOrNone) {
  const WorldEnd good = run({});
  EXPECT_TRUE(good.faults.empty()) << text_of(good);
  EXPECT_TRUE(good.committed);

  for (const std::string& serial : ReleaseWorld::kSerials) {
    const WorldEnd bad = run({}, serial);
    EXPECT_TRUE(bad.faults.empty()) << serial << "\n" << text_of(bad);
    EXPECT_FALSE(bad.committed) << serial;
  }
}

/// One that finds the vehicle unfit is waited for; nobody is rolled back for its sake.
TEST_P(ReleaseOf, WaitsForAnEcuThatFindsTheVehicleUnfit) {
  ReleaseWorld world("", GetParam());
  world.find_vehicle_unfit("ECU-2", 3);

  const WorldEnd end = world.run({});

  EXPECT_TRUE(end.faults.empty()) << text_of(end);
  EXPECT_TRUE(end.committed) << text_of(end);
  EXPECT_NE(end.story.find("NRC 0x93"), std::string::npos) << end.story;
}

/// Every write point of an undisturbed run, once for who writes there and once for the vehicle.
/// The whole set with GATEHOUSE_POWER_CUTS, else each seventh.
TEST_P(ReleaseOf, SurvivesALossOfPowerAtEachWrite) {
  const std::uint64_t writes = run({}).writes;
  const std::uint64_t step = std::getenv("GATEHOUSE_POWER_CUTS") == nullptr ? 7 : 1;
  EXPECT_GT(writes, 100U);
  unsigned committed = 0, rolled_back = 0;
  for (std::uint64_t at = 1; at <= writes; at += step) {
    for (const bool whole : {false, true}) {
      const WorldEnd end = run({{at, whole}});
      ASSERT_TRUE(end.faults.empty())
          << "write " << at << (whole ? ", vehicle\n" : "\n") << text_of(end);
      EXPECT_EQ(end.cuts, 1U) << at;
      ++(end.committed ? committed : rolled_back);
    }
  }
  EXPECT_GT(committed, 0U);
  RecordProperty("write_points", static_cast<int>(writes));
  std::printf("%llu write points: %u releases committed, %u rolled back\n",
              static_cast<unsigned long long>(writes), committed, rolled_back);
}

/// One to four losses of power at random writes, one image in five that does not run.
TEST_P(ReleaseOf, SurvivesManyLossesOfPower) {
  const std::uint64_t writes = run({}).writes;
  unsigned committed = 0, cuts = 0, apart = 0;
  const std::uint64_t runs = wanted_runs();
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    std::mt19937_64 random(seed);
    std::map<std::uint64_t, bool> at;
    const std::uint64_t losses = 1 + random() % 4;
    while (at.size() < losses) at[1 + random() % (writes + 40)] = random() % 2 == 0;
    const std::uint64_t dice = random() % 15;
    const std::string bad = dice < 3 ? ReleaseWorld::kSerials[dice] : "";
    const WorldEnd end = run(at, bad);
    ASSERT_TRUE(end.faults.empty()) << "seed " << seed << "\n" << text_of(end);
    committed += end.committed ? 1 : 0;
    cuts += end.cuts;
    apart += end.apart;
  }
  std::printf(
      "%llu runs with %u losses of power: %u committed, %u rolled back, none bricked, mixed "
      "or unreported; %u times apart until the gateway was back\n",
      static_cast<unsigned long long>(runs), cuts, committed,
      static_cast<unsigned>(runs) - committed, apart);
}

INSTANTIATE_TEST_SUITE_P(Vehicles, ReleaseOf, testing::Values(Kind::kEcus, Kind::kWithFieldNode),
                         [](const auto& vehicle) {
                           return vehicle.param == Kind::kEcus ? "three_ecus" : "with_a_field_node";
                         });

TEST(Release, RecordIsReadAsItWasWritten) {
  Release release;
  release.id = "2026.11";
  release.state = ReleaseState::kRollingBack;
  release.members = {{"ECU-1", "aa", "bb", "cc", true, true}, {"ECU-2", "dd", "ee", "ff"}};
  release.culprit = "ECU-2";
  release.failure = Failure{"boot", "does not run"};
  const std::string text = encode_release(release);
  EXPECT_EQ(decode_release(text).value(), release);

  for (const char* wrong : {"", "{}", "[]", "{\"id\":\"a\",\"state\":\"committed\"}",
                            "{\"id\":\"a\",\"state\":\"done\",\"members\":[],\"culprit\":\"\"}"}) {
    EXPECT_FALSE(decode_release(wrong)) << wrong;
  }
  EXPECT_FALSE(decode_release(text.substr(0, text.size() - 1)));
}

}  // namespace
}  // namespace gatehouse::gateway

// The whole way of a release, from the operator's question to the server's records: whoever loses
// its power, and wherever it writes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <random>

#include "tests/ae-apps/ota/gateway/journey_world.h"

namespace gatehouse::gateway {
namespace {

/// Every place where something is written on the way of a release that goes well. A write that is
/// new must be put down here, and is cut from then on.
constexpr const char* kPlaces[] = {
    "ECU: append slot",
    "ECU: erase slot",
    "ECU: replace boot.json",
    "ECU: sync slot",
    "gateway: remove image.etag",
    "gateway: remove release",
    "gateway: rename image",
    "gateway: rename installed image",
    "gateway: rename job",
    "gateway: rename kept digest",
    "gateway: rename kept image",
    "gateway: rename last-inquiry",
    "gateway: rename release",
    "gateway: rename uptane.json",
    "gateway: truncate image.etag",
    "gateway: truncate image.part",
    "gateway: write consents.jsonl",
    "gateway: write image.etag",
    "gateway: write image.part",
    "gateway: write installed image.new",
    "gateway: write job.new",
    "gateway: write kept digest.new",
    "gateway: write last-inquiry.new",
    "gateway: write release.new",
    "gateway: write uptane.json.new",
    "server: remove replacing.json",
    "server: rename director metadata",
    "server: rename director timestamp",
    "server: rename exchange.json",
    "server: rename record",
    "server: rename replacing.json",
    "server: write director metadata.new",
    "server: write director timestamp.new",
    "server: write exchange.json.new",
    "server: write record.new",
    "server: write replacing.json.new",
};
using Places = std::map<std::string, unsigned>;

const char* wanted() { return std::getenv("GATEHOUSE_POWER_CUTS"); }

std::string text_of(const JourneyEnd& end) {
  std::string out;
  for (const std::string& fault : end.faults) out += fault + "\n";
  return out + end.story;
}

/// How often each place is written to if nobody loses power.
const Places& undisturbed(const std::string& bad = "", bool declines = false) {
  static std::map<std::string, Places> known;
  const std::string key = bad + (declines ? " declines" : "");
  if (!known.contains(key)) {
    const JourneyEnd end = JourneyWorld({{}, bad, declines}).run();
    EXPECT_TRUE(end.faults.empty()) << key << "\n" << text_of(end);
    EXPECT_EQ(end.committed, key.empty()) << key;
    known[key] = end.writes;
  }
  return known[key];
}

TEST(Journey, CommitsAllOrNone) {
  (void)undisturbed();
  for (const std::string& serial : JourneyWorld::kSerials) (void)undisturbed(serial);
  (void)undisturbed("", true);
}

TEST(Journey, WritesWhereItIsKnownTo) {
  std::set<std::string> found;
  for (const auto& [place, writes] : undisturbed()) found.insert(place);

  EXPECT_EQ(found, std::set<std::string>(std::begin(kPlaces), std::end(kPlaces)));
}

/// The first, the last or one in between of each place; all three with GATEHOUSE_POWER_CUTS, once
/// for who writes and once for the vehicle.
TEST(Journey, SurvivesALossOfPowerAtEachPlace) {
  const Places& places = undisturbed();
  unsigned turn = 0;
  for (const char* place : kPlaces) {
    const unsigned writes = places.contains(place) ? places.at(place) : 0;
    ASSERT_GT(writes, 0U) << place;
    const unsigned which[] = {1, (writes + 1) / 2, writes};
    for (unsigned i = 0; i < 6; ++i) {
      if (wanted() == nullptr && i != turn % 6) continue;
      PlannedCut cut{place, which[i % 3], i > 2};
      JourneyEnd end = JourneyWorld({{cut}}).run();
      // The server's orders are issued anew while others are reported, as it happens: the last one
      // may not come.
      if (end.cuts.empty() && end.faults.empty()) {
        cut.nth = 1;
        end = JourneyWorld({{cut}}).run();
      }
      EXPECT_TRUE(end.faults.empty())
          << place << " " << cut.nth << (cut.whole_vehicle ? " all" : "") << "\n"
          << text_of(end);
      EXPECT_EQ(end.cuts, (Places{{place, 1}}));
    }
    ++turn;
  }
}

/// One to four losses of power anywhere, one image in five that does not run, one user in ten who
/// declines.
class ManyJourneys : public testing::TestWithParam<unsigned> {};

JourneyPlan plan_of(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  JourneyPlan plan;
  const std::uint64_t dice = random() % 15;
  if (dice < 3) plan.bad = JourneyWorld::kSerials[dice];
  plan.declines = dice >= 3 && random() % 10 == 0;
  const Places& places = undisturbed(plan.bad, plan.declines);
  const std::uint64_t losses = 1 + random() % 4;
  while (plan.cuts.size() < losses) {
    const auto place = std::next(places.begin(), static_cast<long>(random() % places.size()));
    const auto nth = static_cast<unsigned>(1 + random() % (place->second + 1));
    plan.cuts.push_back({place->first, nth, random() % 2 == 0});
  }
  return plan;
}

TEST_P(ManyJourneys, SurviveLossesOfPower) {
  constexpr std::uint64_t kUsual = 30;
  const std::uint64_t runs = wanted() == nullptr ? kUsual : std::strtoull(wanted(), nullptr, 10);
  Places cuts;
  unsigned committed = 0, done = 0;
  for (std::uint64_t seed = 1 + GetParam(); seed <= runs; seed += 2) {
    const JourneyEnd end = JourneyWorld(plan_of(seed)).run();
    ASSERT_TRUE(end.faults.empty()) << "seed " << seed << "\n" << text_of(end);
    for (const auto& [place, times] : end.cuts) cuts[place] += times;
    committed += end.committed ? 1 : 0;
    ++done;
  }
  unsigned all = 0;
  for (const auto& [place, times] : cuts) all += times;
  std::printf(
      "%u journeys with %u losses of power: %u committed, %u not; none bricked, mixed or "
      "unreported\n",
      done, all, committed, done - committed);
  if (wanted() == nullptr) return;
  std::printf("%8s %8s  %s\n", "writes", "cuts", "place");
  for (const auto& [place, times] : cuts) {
    const auto usual = undisturbed().find(place);
    std::printf("%8u %8u  %s\n", usual == undisturbed().end() ? 0 : usual->second, times,
                place.c_str());
  }
  constexpr std::uint64_t kEnoughForAll = 2'000;
  if (runs < kEnoughForAll) return;
  for (const char* place : kPlaces) EXPECT_GT(cuts[place], 0U) << place << " was never cut";
}

INSTANTIATE_TEST_SUITE_P(Seeds, ManyJourneys, testing::Values(0U, 1U),
                         [](const auto& half) { return half.param == 0 ? "odd" : "even"; });

}  // namespace
}  // namespace gatehouse::gateway

// The whole way of a release, from the operator's question to the server's records: whoever loses
// its power, and wherever it writes.
#include <iterator>

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

}  // namespace
}  // namespace gatehouse::gateway

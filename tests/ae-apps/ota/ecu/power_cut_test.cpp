#include <gtest/gtest.h>

#include "tests/ae-apps/ota/ecu/ecu_fixture.h"

namespace gatehouse::ecu {
namespace {

struct PowerCut {};

/// Factory image, update, reset; the power is cut at write `n`. Returns false if the update needed
/// fewer writes.
bool update_with_cut(SimulatedDisk& medium, const EcuSettings& settings, ByteView image,
                     ByteView mac, std::uint64_t n) {
  FaultyDisk disk(medium);
  Bench bench(settings, disk);
  bench.boot();
  bool cut = false;
  disk.cut_power_at(n, false, [&cut] {
    cut = true;
    throw PowerCut();
  });
  try {
    EXPECT_TRUE(bench.flash(image, mac));
    EXPECT_TRUE(bench.reset());
  } catch (const PowerCut&) {
    medium.power_cut();
  }
  return cut;
}

void every_cut_leaves_an_ecu_that_boots(const EcuSettings& settings, bool with_mac) {
  const Bytes old_image = image_of({.version = "1.0.0", .release_counter = 1, .padding = 300});
  const Bytes new_image = image_of({.version = "2.0.0", .release_counter = 2, .padding = 300});
  const Bytes mac = with_mac ? mac_for(new_image) : Bytes();
  std::uint64_t cuts = 0;
  bool old_seen = false;
  bool new_seen = false;
  for (std::uint64_t n = 1;; ++n) {
    SimulatedDisk medium;
    {
      Bench factory(settings, medium);
      ASSERT_TRUE(factory.ecu.install_factory_image(old_image));
    }
    const bool cut = update_with_cut(medium, settings, new_image, mac, n);

    Bench after(settings, medium);
    after.boot();

    const std::string version = after.ecu.version();
    EXPECT_TRUE(version == "1.0.0" || version == "2.0.0")
        << "cut at write " << n << ": " << version;
    old_seen = old_seen || version == "1.0.0";
    new_seen = new_seen || version == "2.0.0";
    EXPECT_TRUE(after.flash(new_image, mac)) << "cut at write " << n;
    EXPECT_TRUE(after.reset());
    EXPECT_EQ(after.ecu.version(), "2.0.0") << "cut at write " << n;
    if (!cut) break;
    ++cuts;
  }
  EXPECT_GT(cuts, 15u);
  EXPECT_TRUE(old_seen && new_seen);
}

TEST(PowerCut, AtAnyWriteLeavesAFullEcuThatBoots) {
  every_cut_leaves_an_ecu_that_boots(full_ecu(), false);
}

TEST(PowerCut, AtAnyWriteLeavesAConstrainedEcuThatBoots) {
  every_cut_leaves_an_ecu_that_boots(constrained_ecu(), true);
}

TEST(PowerCut, InTheMiddleOfAWriteLeavesHalfOfItOnTheSimulatedDisk) {
  SimulatedDisk medium;
  FaultyDisk disk(medium);
  disk.cut_power_at(1, true, [] { throw PowerCut(); });
  ASSERT_TRUE(medium.append("f", Bytes(10, 1)));
  ASSERT_TRUE(medium.sync("f"));

  EXPECT_THROW((void)disk.append("f", Bytes(10, 2)), PowerCut);
  medium.power_cut();

  EXPECT_EQ(medium.read("f", 100).value()->size(), 12u)
      << "10 durable, 5 written, half of them lost";
}

}  // namespace
}  // namespace gatehouse::ecu

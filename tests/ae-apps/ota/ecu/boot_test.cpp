// Measured boot, watchdog, and an ECU with one slot.
#include <gtest/gtest.h>

#include "tests/ae-apps/ota/ecu/ecu_fixture.h"

namespace gatehouse::ecu {
namespace {

using std::chrono::milliseconds;

class BootTest : public testing::Test {
 protected:
  void power_on(EcuSettings settings = full_ecu()) {
    bench = std::make_unique<Bench>(std::move(settings), disk);
    ASSERT_TRUE(bench->ecu.install_factory_image(image_of({.version = "1.0.0"})));
    bench->boot();
  }
  void update(const std::string& version, std::uint64_t counter) {
    ASSERT_TRUE(bench->flash(image_of({.version = version, .release_counter = counter})));
    ASSERT_TRUE(bench->reset());
  }
  void alter(Slot slot) {
    Bytes image = disk.read(file_of(slot), 1 << 20).value().value();
    image.back() ^= 1;
    ASSERT_TRUE(disk.replace(file_of(slot), image));
  }
  std::string report() const { return bench->ecu.boot_report(); }
  bool status_has(const std::string& part) const {
    return bench->ecu.status().find(part) != std::string::npos;
  }
  SimulatedDisk disk;
  std::unique_ptr<Bench> bench;
};

TEST_F(BootTest, MeasuresWhatItStarts) {
  power_on();

  const Bytes image = image_of({.version = "1.0.0"});
  const auto header = image::parse_header(image).value().value();
  EXPECT_EQ(report(),
            "slot=a version=1.0.0 check=good sha256=" + to_hex(header.manifest.payload_sha256));
  EXPECT_TRUE(status_has("\"boot_check\":\"good\""));
}

TEST_F(BootTest, StopsAnImageThatWasChangedBehindItsBack) {
  power_on();
  alter(Slot::kA);

  power_on();

  EXPECT_EQ(report().substr(0, 38), "slot=none version=none check=changed s");
  EXPECT_TRUE(status_has("\"changed_images\":1"));
  EXPECT_TRUE(status_has("\"attack\":\"hash-mismatch\"")) << bench->ecu.status();
  EXPECT_FALSE(bench->runner.runs);
}

TEST_F(BootTest, StopsAGenuineImageThatNobodyInstalled) {
  power_on();
  ASSERT_TRUE(
      disk.replace(file_of(Slot::kA), image_of({.version = "2.0.0", .release_counter = 9})));

  power_on();

  EXPECT_EQ(report().substr(0, 38), "slot=none version=none check=changed s");
  EXPECT_TRUE(status_has("\"changed_images\":1"));
  EXPECT_TRUE(status_has("not the image that was installed")) << bench->ecu.status();
  EXPECT_FALSE(bench->runner.runs);
}

TEST_F(BootTest, IsNotNewAgainWhenItsStateHasGone) {
  power_on();
  update("1.0.1", 2);
  disk.remove("boot.json");

  power_on();  // with its factory image at hand

  EXPECT_EQ(report().substr(0, 25), "slot=b version=1.0.1 chec");
  EXPECT_TRUE(status_has("the boot state was damaged or has gone")) << bench->ecu.status();
  EXPECT_FALSE(bench->flash(image_of({.version = "0.9.0", .release_counter = 1})))
      << "the counter's floor is that of the newest image";
}

TEST_F(BootTest, TakesNoGenuineImageForTheFactorysWhenItsStateHasGone) {
  ASSERT_TRUE(disk.replace(file_of(Slot::kA), image_of({.version = "3.0.0"})));

  power_on();

  EXPECT_EQ(report().substr(0, 20), "slot=a version=3.0.0") << "the newest, as after damage";
  EXPECT_TRUE(status_has("the boot state was damaged or has gone"));
}

TEST_F(BootTest, TheFactoryGoesOnWhereALossOfPowerStoppedIt) {
  const Bytes image = image_of({.version = "1.0.0"});
  ASSERT_TRUE(disk.replace(file_of(Slot::kA), ByteView(image).first(image.size() / 2)));

  power_on();

  EXPECT_EQ(report().substr(0, 31), "slot=a version=1.0.0 check=good");
  EXPECT_FALSE(status_has("has gone"));
}

TEST_F(BootTest, TheFactoryMayTakeAnotherImageAfterALossOfPower) {
  const Bytes other = image_of({.version = "0.9.0"});
  ASSERT_TRUE(disk.replace(file_of(Slot::kA), ByteView(other).first(other.size() / 2)));

  power_on();

  EXPECT_EQ(report().substr(0, 31), "slot=a version=1.0.0 check=good");
}

TEST_F(BootTest, RunsTheOtherSlotInPlaceOfAChangedOneAndSaysSo) {
  power_on();
  update("1.0.1", 1);
  alter(Slot::kB);

  power_on();

  EXPECT_EQ(report().substr(0, 34), "slot=a version=1.0.0 check=changed");
  EXPECT_TRUE(bench->runner.runs);
}

TEST_F(BootTest, RestartsAnApplicationThatHangs) {
  EcuSettings settings = full_ecu();
  settings.watchdog = milliseconds(500);
  power_on(settings);
  bench->ecu.watch();
  EXPECT_EQ(bench->runner.starts, 1) << "it is well";
  bench->runner.silent = true;

  bench->ecu.watch();

  EXPECT_EQ(bench->runner.starts, 2);
  EXPECT_TRUE(status_has("\"watchdog_bites\":1"));
  EXPECT_EQ(bench->ecu.version(), "1.0.0");
}

TEST_F(BootTest, GoesBackToTheOtherSlotWhenOneHangsAgainAndAgain) {
  EcuSettings settings = full_ecu();
  settings.watchdog = milliseconds(500);
  power_on(settings);
  update("1.0.1", 1);  // the same release counter: the way back is open
  ASSERT_EQ(bench->ecu.version(), "1.0.1");
  bench->runner.silent = true;

  for (int i = 0; i < 2; ++i) bench->ecu.watch();
  EXPECT_EQ(bench->ecu.version(), "1.0.1");
  bench->ecu.watch();

  EXPECT_EQ(bench->ecu.version(), "1.0.0");
  EXPECT_TRUE(status_has("back to slot a")) << bench->ecu.status();
}

TEST_F(BootTest, DoesNotGoBackToAnOlderReleaseBecauseOfItsWatchdog) {
  EcuSettings settings = full_ecu();
  settings.watchdog = milliseconds(500);
  power_on(settings);
  update("1.1.0", 2);
  bench->runner.silent = true;

  for (int i = 0; i < 3; ++i) bench->ecu.watch();

  EXPECT_EQ(bench->ecu.version(), "1.1.0");
  EXPECT_TRUE(status_has("no way back to slot a")) << bench->ecu.status();
}

TEST_F(BootTest, RestartsAnApplicationThatHasEnded) {
  power_on();  // without a watchdog
  bench->runner.dead = true;
  bench->ecu.watch();
  bench->runner.dead = false;
  bench->ecu.watch();

  EXPECT_EQ(bench->runner.starts, 2);
  EXPECT_TRUE(status_has("the application of slot a has ended")) << bench->ecu.status();
  EXPECT_EQ(bench->ecu.version(), "1.0.0");
}

TEST_F(BootTest, StopsAnApplicationThatEndsAgainAndAgain) {
  power_on();
  bench->runner.dead = true;

  for (int i = 0; i < 5; ++i) bench->ecu.watch();

  EXPECT_EQ(bench->runner.starts, 3);
  EXPECT_EQ(bench->ecu.version(), "none") << "nothing that is dead is said to run";
  EXPECT_TRUE(status_has("stopped")) << bench->ecu.status();
  bench->runner.dead = false;
  power_on();
  EXPECT_EQ(bench->ecu.version(), "1.0.0") << "another start of the ECU is another chance";
}

TEST_F(BootTest, LeavesTheApplicationAloneWhileItIsProgrammed) {
  EcuSettings settings = full_ecu();
  settings.watchdog = milliseconds(500);
  power_on(settings);
  bench->runner.silent = true;
  ASSERT_TRUE(bench->flasher->client().session(uds::Session::kExtended));
  ASSERT_TRUE(bench->flasher->client().session(uds::Session::kProgramming));

  bench->ecu.watch();

  EXPECT_EQ(bench->runner.starts, 1);
}

TEST_F(BootTest, HasOnlyItsBootLoaderLeftWhenItsOneSlotIsBad) {
  EcuSettings settings = full_ecu();
  settings.slots = 1;
  power_on(settings);
  ASSERT_TRUE(bench->flash(image_of(
      {.version = "1.1.0", .release_counter = 2, .payload = "version 1.1.0\nself-test failed\n"})));
  ASSERT_TRUE(bench->reset());
  EXPECT_EQ(bench->ecu.version(), "none");

  update("1.0.0", 1);

  EXPECT_EQ(report().substr(0, 20), "slot=a version=1.0.0");
}

// --- trials that are held ----------------------------------------------------------------------

class HeldTrial : public BootTest {
 protected:
  void try_held(const std::string& version, const std::string& payload = "") {
    bench->flasher->hold_trials();
    ASSERT_TRUE(
        bench->flash(image_of({.version = version, .release_counter = 2, .payload = payload})));
    ASSERT_TRUE(bench->reset());
  }
  bool settle(uds::RoutineId word) { return bench->flasher->settle(word).has_value(); }
  std::string version() const { return bench->ecu.version(); }
};

TEST_F(HeldTrial, RunsForOneBootAndGoesBackByItself) {
  power_on();
  try_held("1.1.0");
  EXPECT_EQ(version(), "1.1.0");
  EXPECT_TRUE(bench->ecu.on_trial());
  EXPECT_EQ(bench->ecu.state().release_counter, 1U) << "the way back stays open";

  power_on();

  EXPECT_EQ(version(), "1.0.0");
  EXPECT_FALSE(bench->ecu.on_trial());
}

TEST_F(HeldTrial, IsNotBegunByALossOfPower) {
  power_on();
  bench->flasher->hold_trials();
  ASSERT_TRUE(bench->flash(image_of({.version = "1.1.0", .release_counter = 2})));

  power_on();

  EXPECT_EQ(version(), "1.0.0");
  EXPECT_TRUE(bench->reset()) << "asked for";
  EXPECT_EQ(version(), "1.1.0");
}

TEST_F(HeldTrial, StaysOnceItIsConfirmed) {
  power_on();
  try_held("1.1.0");
  EXPECT_TRUE(settle(uds::kRoutineConfirm));
  EXPECT_FALSE(bench->ecu.on_trial());
  EXPECT_FALSE(settle(uds::kRoutineConfirm)) << "once";

  power_on();

  EXPECT_EQ(version(), "1.1.0");
  EXPECT_EQ(bench->ecu.state().release_counter, 2U);
}

TEST_F(HeldTrial, IsConfirmedAlsoAfterALossOfPower) {
  power_on();
  try_held("1.1.0");
  power_on();
  ASSERT_EQ(version(), "1.0.0");

  EXPECT_TRUE(settle(uds::kRoutineConfirm));
  EXPECT_TRUE(bench->reset());

  EXPECT_EQ(version(), "1.1.0");
  EXPECT_FALSE(bench->ecu.on_trial());
}

TEST_F(HeldTrial, IsTriedOnceMore) {
  power_on();
  try_held("1.1.0");
  power_on();

  EXPECT_TRUE(settle(uds::kRoutineMarkTry));
  EXPECT_FALSE(settle(uds::kRoutineConfirm)) << "not before it has passed again";
  EXPECT_TRUE(bench->reset());

  EXPECT_TRUE(bench->ecu.on_trial());
}

TEST_F(HeldTrial, IsForgotten) {
  power_on();
  try_held("1.1.0");
  EXPECT_TRUE(settle(uds::kRoutineDiscard));
  EXPECT_TRUE(bench->ecu.on_trial()) << "until the reset";
  EXPECT_TRUE(bench->reset());

  EXPECT_EQ(version(), "1.0.0");
  EXPECT_FALSE(settle(uds::kRoutineConfirm));
  EXPECT_FALSE(settle(uds::kRoutineMarkTry));
}

TEST_F(HeldTrial, IsNotConfirmedIfItFailedOrWasChanged) {
  power_on();
  try_held("1.1.0", "version 1.1.0\nself-test failed\n");
  EXPECT_EQ(version(), "1.0.0");
  EXPECT_FALSE(settle(uds::kRoutineConfirm));

  try_held("1.2.0");
  alter(Slot::kB);
  EXPECT_FALSE(settle(uds::kRoutineConfirm));
  power_on();
  EXPECT_EQ(version(), "1.0.0");
}

TEST_F(HeldTrial, HasFailedIfItsApplicationFallsSilent) {
  EcuSettings settings = full_ecu();
  settings.watchdog = milliseconds(1);
  power_on(settings);
  try_held("1.1.0");

  bench->runner.silent = true;
  bench->ecu.watch();

  EXPECT_EQ(version(), "1.0.0");
  EXPECT_FALSE(settle(uds::kRoutineConfirm));
}

TEST_F(HeldTrial, LeavesAnEcuWithOneSlotInItsBootLoader) {
  EcuSettings settings = full_ecu();
  settings.slots = 1;
  power_on(settings);
  try_held("1.1.0");
  EXPECT_EQ(version(), "1.1.0");

  power_on(settings);
  EXPECT_EQ(version(), "none") << "neither the old image nor one that nobody has confirmed";
  EXPECT_TRUE(settle(uds::kRoutineConfirm));
  EXPECT_TRUE(bench->reset());

  EXPECT_EQ(version(), "1.1.0");
}

}  // namespace
}  // namespace gatehouse::ecu

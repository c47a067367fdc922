#include <gtest/gtest.h>

#include "ae-apps/ota/image/version_report.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"

namespace gatehouse::ecu {
namespace {

const Bytes kNonce(16, 0x5A);

class FullEcu : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        bench.ecu.install_factory_image(image_of({.version = "1.0.0", .release_counter = 5})));
    bench.boot();
    ASSERT_EQ(bench.ecu.version(), "1.0.0");
  }
  Value status() { return parse_json(bench.ecu.status()).value(); }

  SimulatedDisk disk;
  Bench bench{full_ecu(), disk};
};

TEST_F(FullEcu, TellsWhatItIs) {
  const auto inventory = bench.flasher->inventory();

  ASSERT_TRUE(inventory) << inventory.error().text;
  EXPECT_EQ(inventory->vin, "GATEHOUSE00000001");
  EXPECT_EQ(inventory->serial, "ECU-0001");
  EXPECT_EQ(inventory->hardware_id, "demo-ecu");
  EXPECT_EQ(inventory->version, "1.0.0");
  EXPECT_EQ(inventory->software, "brake");
}

TEST_F(FullEcu, RunsANewImageAfterItsReset) {
  const auto flashed = bench.flash(image_of({.version = "1.1.0", .release_counter = 6}));
  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_EQ(bench.ecu.version(), "1.0.0") << "the old one runs until the reset";

  ASSERT_TRUE(bench.reset());

  EXPECT_EQ(bench.ecu.version(), "1.1.0");
  EXPECT_EQ(bench.ecu.state().active, Slot::kB);
  EXPECT_EQ(bench.ecu.state().trial, Slot::kNone);
  EXPECT_EQ(bench.ecu.state().release_counter, 6u);
}

TEST_F(FullEcu, SignsItsVersionForTheChallenge) {
  const auto text = bench.flasher->version_report(kNonce);
  ASSERT_TRUE(text) << text.error().text;

  const auto report =
      image::verify_report(image::decode_report(*text).value(), ecu_key().public_key(), kNonce);

  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->version, "1.0.0");
  EXPECT_EQ(report->release_counter, 5u);
  EXPECT_EQ(report->slot, "a");
  EXPECT_EQ(report->status, "running");
  EXPECT_EQ(report->attack, "none");
  EXPECT_EQ(report->counter, 1u);
}

TEST_F(FullEcu, ReportIsRefusedForAnotherKeyNonceOrContent) {
  const auto text = bench.flasher->version_report(kNonce);
  ASSERT_TRUE(text);
  const image::SignedReport report = image::decode_report(*text).value();
  image::SignedReport altered = report;
  altered.report_json.replace(altered.report_json.find("1.0.0"), 5, "9.0.0");

  EXPECT_EQ(image::verify_report(report, foreign_key().public_key(), kNonce).error().rsc,
            Rsc::kOriginatorNotAuthenticated);
  EXPECT_EQ(image::verify_report(report, ecu_key().public_key(), Bytes(16, 1)).error().rsc,
            Rsc::kConflict);
  EXPECT_EQ(image::verify_report(altered, ecu_key().public_key(), kNonce).error().rsc,
            Rsc::kOriginatorNotAuthenticated);
}

TEST_F(FullEcu, UsesAChallengeOnce) {
  ASSERT_TRUE(bench.flasher->version_report(kNonce));

  const auto again = bench.flasher->client().read(uds::kDidVersionReport);

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().nrc, uds::Nrc::kRequestSequenceError);
}

TEST_F(FullEcu, TakesNoChallengeOfAnotherLength) {
  for (const std::size_t length : {1u, 15u, 33u}) {
    EXPECT_FALSE(bench.flasher->client().write(uds::kDidChallenge, Bytes(length, 1))) << length;
  }
}

struct Refusal {
  std::string attack;
  Bytes image;
};

TEST_F(FullEcu, RefusesByItselfWhatItMustNotRun) {
  const ImageSpec newer{.version = "1.1.0", .release_counter = 6};
  Bytes altered_payload = image_of(newer);
  altered_payload.back() ^= 1;
  Bytes altered_manifest = image_of(newer);
  const std::string_view text = gatehouse::text_of(altered_manifest);
  altered_manifest[text.find("1.1.0")] = '7';
  Bytes cut = image_of(newer);
  cut.pop_back();
  Bytes longer = image_of(newer);
  longer.push_back('#');
  ImageSpec older{.version = "0.9.0", .release_counter = 4};
  ImageSpec foreign = newer;
  foreign.key = &foreign_key();
  ImageSpec other_hardware = newer;
  other_hardware.hardware_id = "engine";
  const Refusal refusals[] = {
      {"hash-mismatch", altered_payload},
      {"bad-signature", altered_manifest},
      {"incomplete", cut},
      {"too-long", longer},
      {"rollback", image_of(older)},
      {"unknown-key", image_of(foreign)},
      {"wrong-hardware", image_of(other_hardware)},
      {"malformed", Bytes(100, 'x')},
  };
  for (const Refusal& refusal : refusals) {
    const auto flashed = bench.flash(refusal.image);

    ASSERT_FALSE(flashed) << refusal.attack;
    EXPECT_EQ(flashed.error().nrc, uds::Nrc::kGeneralProgrammingFailure);
    EXPECT_EQ(status().string_at("attack"), refusal.attack);
    ASSERT_TRUE(bench.reset());
    EXPECT_EQ(bench.ecu.version(), "1.0.0") << refusal.attack;
  }
  EXPECT_EQ(status().integer_at("refused_images"), 8);
}

TEST_F(FullEcu, ReportsTheAttackThatItSaw) {
  Bytes altered = image_of({.version = "1.1.0", .release_counter = 6});
  altered.back() ^= 1;
  ASSERT_FALSE(bench.flash(altered));

  const auto text = bench.flasher->version_report(kNonce);

  ASSERT_TRUE(text);
  const auto report =
      image::verify_report(image::decode_report(*text).value(), ecu_key().public_key(), kNonce);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->attack, "hash-mismatch");
}

TEST_F(FullEcu, CannotBeMadeToTryWhatItDidNotCheck) {
  Bytes altered = image_of({.version = "1.1.0", .release_counter = 6});
  altered.back() ^= 1;
  ASSERT_FALSE(bench.flash(altered));
  auto& client = bench.flasher->client();
  ASSERT_TRUE(client.session(uds::Session::kExtended));
  ASSERT_TRUE(client.session(uds::Session::kProgramming));
  ASSERT_TRUE(client.unlock(0x11, kAccessKey));

  const auto marked = client.start_routine(uds::kRoutineMarkTry);

  ASSERT_FALSE(marked);
  EXPECT_EQ(marked.error().nrc, uds::Nrc::kRequestSequenceError);
}

TEST_F(FullEcu, FindsAnImageThatWasAlteredAfterItsCheck) {
  ASSERT_TRUE(bench.flash(image_of({.version = "1.1.0", .release_counter = 6})));
  ASSERT_TRUE(disk.append("slot_b.img", Bytes{'!'}));

  ASSERT_TRUE(bench.reset());

  EXPECT_EQ(bench.ecu.version(), "1.0.0");
  EXPECT_EQ(status().string_at("attack"), "too-long");
}

TEST_F(FullEcu, RollsBackFromAFailedSelfTest) {
  for (const char* payload : {"version 1.1.0\nself-test failed: no pressure\n", "version 1.1.0\n",
                              "self-test ok\n", "version 6.6.6\nself-test ok\n"}) {
    const auto failed_before = bench.ecu.state().failed_boots;
    ASSERT_TRUE(
        bench.flash(image_of({.version = "1.1.0", .release_counter = 6, .payload = payload})));

    ASSERT_TRUE(bench.reset());

    EXPECT_EQ(bench.ecu.version(), "1.0.0") << payload;
    EXPECT_EQ(bench.ecu.state().failed_boots, failed_before + 1);
    EXPECT_NE(bench.ecu.state().last_error.find("self-test"), std::string::npos);
    EXPECT_EQ(bench.ecu.state().release_counter, 5u) << "a failed image does not raise the counter";
    EXPECT_TRUE(bench.runner.runs);
  }
  ASSERT_TRUE(bench.flash(image_of({.version = "1.2.0", .release_counter = 7})));
  ASSERT_TRUE(bench.reset());
  EXPECT_EQ(bench.ecu.version(), "1.2.0") << "a later good image is taken";
  EXPECT_EQ(status().string_at("last_error", "?"), "");
}

TEST_F(FullEcu, CannotGoBackOnceTheNewImageRan) {
  ASSERT_TRUE(bench.flash(image_of({.version = "1.1.0", .release_counter = 6})));
  ASSERT_TRUE(bench.reset());

  const auto flashed = bench.flash(image_of({.version = "1.0.0", .release_counter = 5}));

  EXPECT_FALSE(flashed);
  EXPECT_EQ(bench.ecu.state().attack, "rollback");
}

TEST_F(FullEcu, DropsATrialThatNeverEnds) {
  ASSERT_TRUE(bench.flash(image_of({.version = "1.1.0", .release_counter = 6})));
  BootState stored = load_state(disk).value().value();
  stored.tries_left = 0;  // three losses of power in its first instants
  ASSERT_TRUE(store_state(disk, stored));

  bench.power_cycle();

  EXPECT_EQ(bench.ecu.version(), "1.0.0");
  EXPECT_EQ(bench.ecu.state().trial, Slot::kNone);
}

TEST_F(FullEcu, IsNotFlashedByThoseWithoutTheKey) {
  uds::FlasherSettings settings;
  settings.access_key = Bytes(32, 0x99);
  uds::Flasher stranger(*bench.transport, settings, [](std::chrono::milliseconds) {});
  const Bytes image = image_of({.version = "1.1.0", .release_counter = 6});

  const auto flashed = stranger.flash(
      image.size(), [&](std::uint64_t, std::size_t) -> Result<Bytes> { return image; }, {});

  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().nrc, uds::Nrc::kInvalidKey);
  EXPECT_EQ(bench.ecu.state().failed_unlocks, 1u);
}

TEST_F(FullEcu, KeepsItsLockoutOverAReset) {
  auto& client = bench.flasher->client();
  ASSERT_TRUE(bench.transport->connect());
  ASSERT_TRUE(client.session(uds::Session::kExtended));
  EXPECT_EQ(client.unlock(0x11, Bytes(32, 1)).error().nrc, uds::Nrc::kInvalidKey);
  EXPECT_EQ(client.unlock(0x11, Bytes(32, 1)).error().nrc, uds::Nrc::kInvalidKey);
  EXPECT_EQ(client.unlock(0x11, Bytes(32, 1)).error().nrc, uds::Nrc::kExceededAttempts);
  bench.now += std::chrono::seconds(9);
  bench.power_cycle();
  bench.now += std::chrono::seconds(9);
  ASSERT_TRUE(client.session(uds::Session::kExtended));

  const auto too_early = client.unlock(0x11, kAccessKey);
  bench.now += std::chrono::seconds(1);
  const auto in_time = client.unlock(0x11, kAccessKey);

  EXPECT_EQ(too_early.error().nrc, uds::Nrc::kTimeDelayNotExpired);
  EXPECT_TRUE(in_time);
  EXPECT_EQ(bench.ecu.state().failed_unlocks, 0u);
}

TEST_F(FullEcu, IsNotFlashedWhileItsVehicleMoves) {
  EcuSettings settings = full_ecu();
  settings.precondition_fault = static_cast<uds::Nrc>(0x88);
  Bench moving(settings, disk);
  moving.boot();

  const auto flashed = moving.flash(image_of({.version = "1.1.0", .release_counter = 6}));

  ASSERT_FALSE(flashed);
  EXPECT_EQ(uds::advice_of(flashed.error().nrc), uds::Advice::kDefer);
}

TEST_F(FullEcu, IsNotErasedBySomebodyWhoDoesNotAskWhetherItMoves) {
  EcuSettings settings = full_ecu();
  settings.precondition_fault = static_cast<uds::Nrc>(0x88);
  Bench moving(settings, disk);
  moving.boot();
  auto& client = moving.flasher->client();
  ASSERT_TRUE(moving.transport->connect());
  ASSERT_TRUE(client.session(uds::Session::kExtended));
  ASSERT_TRUE(client.session(uds::Session::kProgramming));
  ASSERT_TRUE(client.unlock(0x11, kAccessKey));
  ASSERT_TRUE(client.write(uds::kDidFingerprint, Bytes(8, 7)));

  const auto erased = client.start_routine(uds::kRoutineErase);

  ASSERT_FALSE(erased);
  EXPECT_EQ(erased.error().nrc, static_cast<uds::Nrc>(0x88));
}

TEST_F(FullEcu, RecoversFromADamagedState) {
  ASSERT_TRUE(disk.replace("boot.json", view_of("{\"active\":")));

  bench.boot();

  EXPECT_EQ(bench.ecu.version(), "1.0.0");
  EXPECT_EQ(bench.ecu.state().release_counter, 5u);
}

TEST(EmptyEcu, StaysInItsBootLoaderAndCanBeFlashed) {
  SimulatedDisk disk;
  Bench bench(full_ecu(), disk);
  bench.boot();
  EXPECT_EQ(bench.flasher->inventory()->version, "none");
  EXPECT_EQ(parse_json(bench.ecu.status())->string_at("state"), "stopped");

  ASSERT_TRUE(bench.flash(image_of({})));
  ASSERT_TRUE(bench.reset());

  EXPECT_EQ(bench.flasher->inventory()->version, "1.0.0");
}

TEST(EmptyEcu, StopsAWrongImageThatLiesInItsSlot) {
  SimulatedDisk disk;
  Bench bench(full_ecu(), disk);
  ASSERT_TRUE(bench.ecu.install_factory_image(image_of({})));
  ASSERT_TRUE(disk.append("slot_a.img", Bytes{'!'}));

  bench.boot();

  EXPECT_EQ(bench.runner.starts, 0) << "not one instruction of it runs";
  EXPECT_EQ(bench.ecu.version(), "none");
  EXPECT_EQ(bench.flasher->inventory()->version, "none");
}

TEST(EmptyEcu, TakesAFactoryImageOnce) {
  SimulatedDisk disk;
  Bench bench(full_ecu(), disk);
  Bytes wrong = image_of({.hardware_id = "engine"});
  EXPECT_EQ(bench.ecu.install_factory_image(wrong).error().rsc, Rsc::kNotAcceptable);
  ASSERT_TRUE(bench.ecu.install_factory_image(image_of({.version = "1.0.0"})));

  ASSERT_TRUE(bench.ecu.install_factory_image(image_of({.version = "2.0.0"})));

  bench.boot();
  EXPECT_EQ(bench.ecu.version(), "1.0.0");
}

class ConstrainedEcu : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(bench.ecu.install_factory_image(image_of({.version = "1.0.0"})));
    bench.boot();
    ASSERT_EQ(bench.ecu.version(), "1.0.0");
  }
  SimulatedDisk disk;
  Bench bench{constrained_ecu(), disk};
  const Bytes image = image_of({.version = "1.1.0", .release_counter = 2});
};

TEST_F(ConstrainedEcu, RunsWhatItsGatewayVouchesFor) {
  const auto flashed = bench.flash(image, mac_for(image));
  ASSERT_TRUE(flashed) << flashed.error().text;

  ASSERT_TRUE(bench.reset());

  EXPECT_EQ(bench.ecu.version(), "1.1.0");
}

TEST_F(ConstrainedEcu, RefusesAWrongMacAndAnAlteredImage) {
  Bytes wrong = mac_for(image);
  wrong[0] ^= 1;
  Bytes altered = image;
  altered.back() ^= 1;

  EXPECT_FALSE(bench.flash(image, wrong));
  EXPECT_EQ(bench.ecu.state().attack, "bad-mac");
  EXPECT_FALSE(bench.flash(altered, mac_for(image)));
  EXPECT_EQ(bench.ecu.state().attack, "hash-mismatch");
  EXPECT_FALSE(bench.flash(image)) << "no MAC at all";
  ASSERT_TRUE(bench.reset());
  EXPECT_EQ(bench.ecu.version(), "1.0.0");
}

TEST_F(ConstrainedEcu, ChecksTheMacAgainWhenItBoots) {
  ASSERT_TRUE(bench.flash(image, mac_for(image)));
  BootState stored = load_state(disk).value().value();
  stored.mac[1] = std::string(64, '0');
  ASSERT_TRUE(store_state(disk, stored));

  bench.power_cycle();

  EXPECT_EQ(bench.ecu.version(), "1.0.0");
  EXPECT_EQ(bench.ecu.state().attack, "bad-mac");
}

TEST_F(ConstrainedEcu, RefusesAnOlderImageInSpiteOfItsMac) {
  ASSERT_TRUE(bench.flash(image, mac_for(image)));
  ASSERT_TRUE(bench.reset());
  const Bytes older = image_of({.version = "1.0.0", .release_counter = 1});

  EXPECT_FALSE(bench.flash(older, mac_for(older)));
  EXPECT_EQ(bench.ecu.state().attack, "rollback");
}

TEST_F(ConstrainedEcu, ReportsWithAMac) {
  const auto text = bench.flasher->version_report(kNonce);
  ASSERT_TRUE(text);
  const auto report = image::decode_report(*text).value();

  EXPECT_EQ(image::verify_report_mac(report, kSharedKey, kNonce)->version, "1.0.0");
  EXPECT_FALSE(image::verify_report_mac(report, kAccessKey, kNonce));
  EXPECT_FALSE(image::verify_report_mac(report, kSharedKey, Bytes(16, 1)));
}

}  // namespace
}  // namespace gatehouse::ecu

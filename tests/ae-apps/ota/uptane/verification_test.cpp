#include "ae-apps/ota/uptane/verification.h"

#include <gtest/gtest.h>

#include "ae-apps/ota/uptane/download_rate.h"
#include "ae-apps/ota/uptane/version_manifest.h"
#include "tests/ae-apps/ota/uptane/vehicle_world.h"

namespace gatehouse::uptane {
namespace {

TEST(FullVerification, AcceptsAReleaseAndKeepsWhatAVehicleKeeps) {
  VehicleWorld world;

  const VerifyOutcome outcome = world.verify();

  ASSERT_FALSE(outcome.refusal) << outcome.refusal->detail;
  ASSERT_EQ(outcome.targets.size(), 3U);
  EXPECT_EQ(outcome.targets[0].name, "brake-2");
  EXPECT_EQ(outcome.targets[1].role, "supplier");
  EXPECT_EQ(outcome.director->targets, 2U);
  EXPECT_EQ(outcome.images->snapshot, 2U);
  EXPECT_EQ(world.state.orders.at(kEngine), (VehicleState::Order{"engine/e-2", 2}));
  EXPECT_EQ(world.state.images.snapshot->files.at("supplier.json"), 2U);
}

TEST(FullVerification, ReadsConsistentSnapshotsAndHashedImageNames) {
  VehicleWorld world;
  for (RepositoryMaker* maker : {&world.director, &world.images}) {
    maker->consistent_snapshot = true;
    maker->files.files.clear();
    ++maker->versions["root"];
    maker->publish();
  }
  const std::string brake = VehicleWorld::content("brake", 2);
  auto& files = world.images.files.files;
  files["targets/" + to_hex(crypto::sha256(view_of(brake))) + ".brake-2"] = brake;
  files["gateway-2"] = VehicleWorld::content("gateway", 2);
  const std::string engine = VehicleWorld::content("engine", 2);
  files["engine/" + to_hex(crypto::sha256(view_of(engine))) + ".e-2"] = engine;

  const VerifyOutcome outcome = world.verify();

  EXPECT_EQ(word_of(outcome.refusal), "accepted") << outcome.refusal->detail;
}

TEST(FullVerification, ReadsARepositoryWithoutNumberedRoots) {
  VehicleWorld world;
  auto& files = world.director.files.files;
  world.director.rotate("root", Signers::make(3, 2));
  files["root.json"] = files.at("2.root.json");
  files.erase("1.root.json");
  files.erase("2.root.json");

  EXPECT_EQ(word_of(world.verify().refusal), "accepted");
  EXPECT_EQ(word_of(world.verify().refusal), "accepted");
  files["root.json"] = world.old_director.at("1.root.json");
  EXPECT_EQ(word_of(world.verify().refusal), "rollback");
}

TEST(FullVerification, KeepsNewRootsThoughTheRestIsRefused) {
  VehicleWorld world;
  world.director.rotate("timestamp", Signers::make(1, 1));  // and no timestamp by the new key

  const VerifyOutcome outcome = world.verify();

  EXPECT_EQ(word_of(outcome.refusal), "threshold");
  EXPECT_EQ(world.state.director.root, world.director.files.files.at("2.root.json"));
  EXPECT_FALSE(world.state.director.timestamp) << "forgotten with the rotation";
  EXPECT_EQ(world.state.director.targets_version, 1U);
}

TEST(FullVerification, TrustsAFirstRootOnlyIfAllIsAccepted) {
  VehicleWorld world;
  world.state = {};
  world.request.trust_first_root = true;
  const std::string image = world.images.files.files.at("brake-2");
  world.images.files.files.erase("brake-2");

  EXPECT_EQ(word_of(world.verify().refusal), "image-missing");
  EXPECT_EQ(world.state.director, TrustedRepository{});
  world.images.files.files["brake-2"] = image;
  EXPECT_EQ(word_of(world.verify().refusal), "accepted");
  EXPECT_FALSE(world.state.director.root.empty());
}

TEST(FullVerification, EndsBehindTheDirectorIfNothingIsOrdered) {
  VehicleWorld world;
  world.request.vehicle.clear();
  world.director.targets = Value::object();
  world.director_signs_again();
  world.images.files.fetched.clear();

  EXPECT_EQ(word_of(world.verify().refusal), "accepted");
  EXPECT_TRUE(world.images.files.fetched.empty());
}

TEST(FullVerification, SaysOfEachTargetWhatBecameOfIt) {
  VehicleWorld world;
  world.images.files.files.erase("gateway-2");
  world.images.files.files["brake-2"] += "x";

  const VerifyOutcome outcome = world.verify();

  ASSERT_EQ(outcome.targets.size(), 3U);
  EXPECT_EQ(word_of(outcome.targets[0].refusal), "image-length");
  EXPECT_EQ(word_of(outcome.targets[1].refusal), "accepted");
  EXPECT_EQ(word_of(outcome.targets[2].refusal), "image-missing");
  EXPECT_EQ(word_of(outcome.refusal), "image-length");
}

TEST(FullVerification, ReadsADirectorOfTargetsOnlyIfToldTo) {
  VehicleWorld world;
  world.director.files.files.erase("timestamp.json");
  EXPECT_EQ(word_of(world.verify().refusal), "missing");

  world.request.director_targets_only = true;
  EXPECT_EQ(word_of(world.verify().refusal), "accepted");
}

TEST(FullVerification, RefusesMoreRootsThanAllowedInOneUpdate) {
  VehicleWorld world;
  world.request.limits.root_rotations = 2;
  for (int i = 0; i < 3; ++i) world.director.rotate("root", Signers::make(1, 1));

  EXPECT_EQ(word_of(world.verify().refusal), "too-large");
  EXPECT_EQ(word_of(world.verify().refusal), "accepted") << "the next update goes on from there";
}

struct CompareCase {
  const char* what;
  void (*changes)(TargetRecord& order, TargetRecord& genuine);
  const char* outcome;
};

TEST(CompareTargets, WantsTheSameOfBothRepositories) {
  using T = TargetRecord;
  const CompareCase cases[] = {
      {"equal", [](T&, T&) {}, "accepted"},
      {"length", [](T& o, T&) { o.length = 2; }, "repositories-disagree"},
      {"hash", [](T& o, T&) { o.hashes["sha256"] = "bb"; }, "repositories-disagree"},
      {"one hash more", [](T& o, T&) { o.hashes["sha512"] = "bb"; }, "accepted"},
      {"no common hash",
       [](T& o, T&) {
         o.hashes = {{"sha512", "bb"}};
       },
       "repositories-disagree"},
      {"other hardware", [](T&, T& g) { g.hardware_ids = {"x"}; }, "wrong-hardware"},
      {"hardware not said by the images", [](T&, T& g) { g.hardware_ids.clear(); },
       "wrong-hardware"},
      {"hardware said by the images as a Director does",
       [](T&, T& g) {
         g.hardware_ids.clear();
         g.ecus = {{"E", "h"}};
       },
       "accepted"},
      {"hardware not said by the Director", [](T& o, T&) { o.ecus["E"].clear(); }, "accepted"},
      {"other counter", [](T& o, T&) { o.release_counter = 4; }, "repositories-disagree"},
      {"counter only in the order", [](T&, T& g) { g.release_counter.reset(); },
       "repositories-disagree"},
      {"counter only in the images", [](T& o, T&) { o.release_counter.reset(); }, "accepted"},
  };
  for (const CompareCase& c : cases) {
    TargetRecord genuine_one;
    genuine_one.length = 1;
    genuine_one.hashes = {{"sha256", "aa"}};
    genuine_one.release_counter = 3;
    TargetRecord order = genuine_one;
    order.ecus = {{"E", "h"}};
    genuine_one.hardware_ids = {"h", "i"};
    c.changes(order, genuine_one);
    const auto outcome = compare_targets(order, genuine_one);
    EXPECT_EQ(outcome ? "accepted" : word_of(outcome.error()), c.outcome) << c.what;
  }
}

TEST(PartialVerification, LooksAtTheOrdersForItselfOnly) {
  VehicleWorld world;
  world.director.targets.set("other", ordered("other", "ECU-of-others", "x-hw", 1));
  world.director_signs_again();

  world.images.files.fetched.clear();

  const VerifyOutcome outcome = world.verify_as_partial(kBrake);

  ASSERT_FALSE(outcome.refusal) << outcome.refusal->detail;
  ASSERT_EQ(outcome.targets.size(), 1U);
  EXPECT_EQ(outcome.targets[0].name, "brake-2");
  EXPECT_TRUE(world.images.files.fetched.empty());
}

TEST(PartialVerification, RefusesOldTargetsWrongHardwareAndOldReleases) {
  VehicleWorld world;
  ASSERT_EQ(word_of(world.verify_as_partial(kBrake).refusal), "accepted");
  const auto release_2 = world.director.files.files;
  world.director.files.files = world.old_director;
  EXPECT_EQ(word_of(world.verify_as_partial(kBrake).refusal), "rollback");

  world.director.files.files = release_2;
  world.director.targets.set("brake-2", ordered("x", kBrake, "gateway-hw", 3));
  world.director_signs_again();
  EXPECT_EQ(word_of(world.verify_as_partial(kBrake).refusal), "wrong-hardware");

  world.director.targets.set("brake-2", ordered("x", kBrake, "brake-hw", 1));
  world.director_signs_again();
  EXPECT_EQ(word_of(world.verify_as_partial(kBrake).refusal), "release-counter");
}

// --- state, reports, rate ----------------------------------------------------------------------

TEST(VehicleState, ReadsBackWhatItWroteAndNothingElse) {
  VehicleWorld world;
  world.verify();
  const std::string text = encode_vehicle_state(world.state);

  EXPECT_EQ(*decode_vehicle_state(text), world.state);
  for (std::size_t cut = 0; cut < text.size(); cut += 97) {
    EXPECT_FALSE(decode_vehicle_state(text.substr(0, cut))) << cut;
  }
  for (const char* damaged : {"{}", R"({"format":2})", R"({"format":1,"time":"x"})"}) {
    EXPECT_FALSE(decode_vehicle_state(damaged)) << damaged;
  }
}

TEST(VehicleManifest, CarriesTheReportOfEachEcu) {
  const auto primary = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const auto brake = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  EcuReport report;
  report.serial = kBrake;
  report.image = "brake-1";
  report.length = 17;
  report.hashes = {{"sha256", "ab"}};
  report.attack = std::string(name_of(Reason::kImageHash));
  report.latest_time = *parse_iso_time("2030-01-01T00:00:00Z");
  report.nonce = "n";
  const std::string manifest =
      make_vehicle_manifest("VIN-1", kGateway, {{kBrake, make_ecu_report(report, brake)}}, primary);
  const std::map<std::string, crypto::PublicKey, std::less<>> keys{{kBrake, brake.public_key()}};

  const auto verified = verify_vehicle_manifest(manifest, primary.public_key(), keys, "n");

  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_EQ(verified->vehicle, "VIN-1");
  EXPECT_EQ(verified->reports.at(kBrake), report);
  EXPECT_EQ(verify_vehicle_manifest(manifest, primary.public_key(), {}, "n").error().reason,
            Reason::kUnknownEcu);
  EXPECT_EQ(verify_vehicle_manifest(manifest, brake.public_key(), keys, "n").error().reason,
            Reason::kThreshold);
  EXPECT_EQ(verify_vehicle_manifest("{}", primary.public_key(), keys, "n").error().reason,
            Reason::kMalformed);
}

TEST(DownloadRate, GivesGraceAndThenInsists) {
  using namespace std::chrono_literals;
  const DownloadRate rate({1000, 10s, 100s});

  EXPECT_FALSE(rate.too_slow(0, 10s));
  EXPECT_TRUE(rate.too_slow(10'000, 10'011ms));
  EXPECT_FALSE(rate.too_slow(20'000, 20s));
  EXPECT_TRUE(rate.too_slow(1'000'000, 101s));
}

}  // namespace
}  // namespace gatehouse::uptane

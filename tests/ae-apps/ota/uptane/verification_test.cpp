#include "ae-apps/ota/uptane/verification.h"

#include <gtest/gtest.h>

#include "ae-apps/ota/uptane/download_rate.h"
#include "ae-apps/ota/uptane/tuf.h"
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

// --- delegations -------------------------------------------------------------------------------

/// A TUF repository whose only target "t" is described where the test wants it.
class DelegationWorld {
 public:
  RepositoryMaker maker;
  TufState state;

  RepositoryMaker::DelegatedRoleMaker& add(const std::string& name) {
    RepositoryMaker::DelegatedRoleMaker role;
    role.signers = Signers::make(1, 1);
    role.paths = Value::array({"*"});
    maker.delegated.emplace_back(name, std::move(role));
    return maker.delegated.back().second;
  }
  RepositoryMaker::DelegatedRoleMaker& role(const std::string& name) {
    for (auto& [its_name, made] : maker.delegated) {
      if (its_name == name) return made;
    }
    throw std::logic_error(name);
  }
  /// `below` is delegated to by `above` in place of the top.
  void hang(const std::string& below, const std::string& above) {
    Value keys = Value::object();
    role(below).signers.add_to(keys);
    role(below).delegated_by_top = false;
    role(above).delegations =
        Value::object({{"keys", keys},
                       {"roles", Value::array({RepositoryMaker::delegation(below, role(below))})}});
  }
  void describe(const std::string& where, const std::string& content) {
    role(where).targets.set("t", target_value(content, Value::object()));
  }
  /// The role that is believed, or the reason why none is.
  std::string believed(Profile profile = Profile::kTuf) {
    maker.publish();
    TrustedRepository trusted;
    trusted.root = maker.files.files.at("1.root.json");
    RepositoryClient client({"images", profile, *parse_iso_time("2030-01-01T00:00:00Z"), {}},
                            maker.files, trusted);
    if (const auto done = client.refresh(); !done) return word_of(done.error());
    const auto found = client.find_target("t", {});
    return found ? found->role : word_of(found.error());
  }
};

TEST(Delegations, AreFollowedInTheirOrder) {
  DelegationWorld world;
  world.add("a");
  world.add("b");
  world.describe("b", "of b");
  EXPECT_EQ(world.believed(), "b");

  world.describe("a", "of a");
  EXPECT_EQ(world.believed(), "a");
}

// Uptane standard 2.1 section 5.4.4.7 step 3; TUF 1.0 section 5.6.7.2
TEST(Delegations, EndAtATerminatingOne) {
  DelegationWorld world;
  world.add("a").terminating = true;
  world.add("b");
  world.describe("b", "of b");
  EXPECT_EQ(world.believed(), "not-in-images");

  world.add("c");
  world.describe("c", "of c");
  world.hang("c", "a");
  EXPECT_EQ(world.believed(Profile::kTuf), "c") << "TUF looks below it";
  EXPECT_EQ(world.believed(Profile::kImages), "not-in-images") << "Uptane does not";
}

TEST(Delegations, ReachAnyDepthAndSurviveACircle) {
  DelegationWorld world;
  for (const char* name : {"a", "b", "c"}) world.add(name);
  world.describe("c", "of c");
  world.hang("c", "b");
  world.hang("b", "a");
  EXPECT_EQ(world.believed(), "c");

  world.role("c").targets = Value::object();
  Value keys = Value::object();
  world.role("a").signers.add_to(keys);
  world.role("c").delegations =
      Value::object({{"keys", keys},
                     {"roles", Value::array({RepositoryMaker::delegation("a", world.role("a"))})}});
  EXPECT_EQ(world.believed(), "not-in-images");
}

TEST(Delegations, AreVerifiedByTheKeysOfWhoeverDelegates) {
  DelegationWorld world;
  world.add("a");
  world.describe("a", "of a");
  world.maker.publish();
  const auto thief = Signers::make(1, 1);
  const auto honest = world.role("a").signers;
  world.role("a").signers = thief;
  world.maker.publish_delegated("a", world.role("a"));
  const std::string forged = world.maker.files.files.at("delegations/a.json");
  world.role("a").signers = honest;
  world.maker.publish();
  world.maker.files.files["delegations/a.json"] = forged;
  TrustedRepository trusted;
  trusted.root = world.maker.files.files.at("1.root.json");
  RepositoryClient client({"images", Profile::kImages, *parse_iso_time("2030-01-01T00:00:00Z"), {}},
                          world.maker.files, trusted);
  ASSERT_TRUE(client.refresh());

  EXPECT_EQ(client.find_target("t", {}).error().reason, Reason::kThreshold);
}

TEST(Delegations, ExpireAndMustBeListed) {
  DelegationWorld world;
  world.add("a").expires = "2029-01-01T00:00:00Z";
  EXPECT_EQ(world.believed(), "expired");

  world.role("a").expires = "2031-01-01T00:00:00Z";
  world.maker.publish_root();
  world.maker.publish_targets();
  const auto roles = world.maker.delegated;
  world.maker.delegated.clear();
  world.maker.publish_snapshot();
  world.maker.publish_timestamp();
  TrustedRepository trusted;
  trusted.root = world.maker.files.files.at("1.root.json");
  RepositoryClient client({"tuf", Profile::kTuf, *parse_iso_time("2030-01-01T00:00:00Z"), {}},
                          world.maker.files, trusted);
  ASSERT_TRUE(client.refresh());
  EXPECT_EQ(client.find_target("t", {}).error().reason, Reason::kDelegation);
}

/// TAP 3: `roles` of one delegation, of which `agreeing` must say the same.
Value several(DelegationWorld& world, const std::vector<std::string>& names, int agreeing) {
  Value keys = Value::object();
  Value roles = Value::array();
  for (const std::string& name : names) {
    world.role(name).signers.add_to(keys);
    world.role(name).delegated_by_top = false;
    Value role = world.role(name).signers.role();
    role.set("name", name);
    roles.push_back(role);
  }
  const Value delegation = Value::object({{"paths", Value::array({"*"})},
                                          {"roles", roles},
                                          {"min_roles_in_agreement", agreeing},
                                          {"terminating", true}});
  return Value::object({{"keys", keys}, {"roles", Value::array({delegation})}});
}

// Uptane standard 2.1 section 5.4.4.8
TEST(Delegations, ToSeveralRolesNeedTheirAgreement) {
  DelegationWorld world;
  for (const char* name : {"top", "a", "b", "c"}) world.add(name);
  world.role("top").delegations = several(world, {"a", "b", "c"}, 2);
  world.describe("a", "one");
  world.describe("b", "another");
  EXPECT_EQ(world.believed(), "not-in-images");

  world.describe("c", "another");
  EXPECT_EQ(world.believed(), "b");

  world.role("top").delegations = several(world, {"a", "b", "c"}, 4);
  EXPECT_EQ(world.believed(), "illegal-threshold");
}

// --- TUF ---------------------------------------------------------------------------------------

// TUF 1.0 section 5: what was verified is kept, step by step
TEST(TufClient, KeepsEachStepThatWasVerified) {
  RepositoryMaker maker;
  maker.targets.set("t", target_value("content", Value::object()));
  maker.files.files["targets/t"] = "content";
  maker.publish();
  TufState state;
  state.repository.root = maker.files.files.at("1.root.json");
  TufRequest request;
  request.now = *parse_iso_time("2030-01-01T00:00:00Z");
  request.targets = {"t"};
  ASSERT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");

  maker.next_versions();
  maker.publish();
  maker.files.files.erase("snapshot.json");
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "missing");
  EXPECT_EQ(state.repository.timestamp->version, 2U);
  EXPECT_EQ(state.repository.snapshot->version, 1U);
}

// TUF 1.0.31 section 5.4.3.1
TEST(TufClient, KeepsItsTimestampWhenOneOfTheSameVersionSaysOtherwise) {
  RepositoryMaker maker;
  maker.consistent_snapshot = true;
  maker.publish();
  TufState state;
  TufRequest request;
  request.now = *parse_iso_time("2030-01-01T00:00:00Z");
  request.trust_first_root = true;
  ASSERT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");

  maker.versions["snapshot"] = 100;
  maker.publish();
  ASSERT_TRUE(maker.files.files.contains("100.snapshot.json"));
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");
  EXPECT_EQ(state.repository.timestamp->snapshot_version, 1U);
  EXPECT_EQ(state.repository.snapshot->version, 1U);
}

TEST(TufClient, RefusesARoleThatIsNotBelievedIfNoTargetIsNamed) {
  DelegationWorld world;
  world.add("a");
  world.describe("a", "of a");
  world.maker.publish();
  const auto outcome = [&] {
    TufState state;
    state.repository.root = world.maker.files.files.at("1.root.json");
    TufRequest request;
    request.now = *parse_iso_time("2030-01-01T00:00:00Z");
    return word_of(verify_tuf(state, world.maker.files, request).refusal);
  };
  EXPECT_EQ(outcome(), "accepted");

  world.role("a").signers = Signers::make(1, 1);
  world.maker.publish_delegated("a", world.role("a"));
  EXPECT_EQ(outcome(), "threshold");
  world.maker.files.files.erase("delegations/a.json");
  EXPECT_EQ(outcome(), "delegation");
}

TEST(TufClient, LooksAtAllTargetsIfNoneIsNamedAndExcusesThoseThatAreNotThere) {
  RepositoryMaker maker;
  maker.targets.set("here", target_value("content", Value::object()));
  maker.targets.set("not-here", target_value("other", Value::object()));
  maker.files.files["here"] = "content";
  maker.publish();
  TufState state;
  TufRequest request;
  request.now = *parse_iso_time("2030-01-01T00:00:00Z");
  request.trust_first_root = true;

  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");
  request.targets = {"not-here"};
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "image-missing");
  request.targets.clear();
  maker.files.files["here"] = "c0ntent";
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "image-hash");
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

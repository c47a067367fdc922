#include "tests/ae-apps/ota/uptane/attack_table.h"

#include "ae-apps/ota/uptane/download_rate.h"
#include "ae-apps/ota/uptane/version_manifest.h"

namespace gatehouse::uptane {
namespace {

using World = VehicleWorld;

const std::string kEvil = "program of a thief";

std::string full(World& world) { return word_of(world.verify().refusal); }

std::string replaced_image(World& world) {
  std::string& image = world.images.files.files["brake-2"];
  image.assign(image.size(), 'x');
  return full(world);
}
std::string endless_image(World& world) {
  world.images.files.endless = "targets/brake-2";
  return full(world);
}
template <int kRepository>
std::string endless_file(World& world, const char* name) {
  (kRepository == 0 ? world.director : world.images).files.endless = name;
  return full(world);
}

/// The Director orders an image of the thief for the brake.
void order_evil(World& world, const char* name) {
  Value& targets = world.director.targets;
  targets.erase("brake-2");
  targets.set(name, ordered(kEvil, kBrake, "brake-hw", 3));
  world.images.files.files[name] = kEvil;
}
std::string director_orders_unknown(World& world) {
  order_evil(world, "evil");
  world.director_signs_again();
  return full(world);
}
std::string director_orders_changed(World& world) {
  order_evil(world, "brake-2");
  world.director_signs_again();
  return full(world);
}
std::string partial_ecu_believes(World& world) {
  order_evil(world, "evil");
  world.director_signs_again();
  return word_of(world.verify_as_partial(kBrake).refusal);
}
std::string director_orders_older(World& world) {
  world.verify();
  world.director.targets.erase("brake-2");
  world.director.targets.set("brake-1", ordered(World::content("brake", 1), kBrake, "brake-hw", 1));
  world.director_signs_again();
  return full(world);
}
std::string director_raises_counter(World& world) {
  world.verify();
  world.director.targets.erase("brake-2");
  world.director.targets.set("brake-1", ordered(World::content("brake", 1), kBrake, "brake-hw", 9));
  world.director_signs_again();
  return full(world);
}
std::string director_orders_wrong_hardware(World& world) {
  Value& targets = world.director.targets;
  targets.erase("brake-2");
  targets.erase("gateway-2");
  targets.set("gateway-2", ordered(World::content("gateway", 2), kBrake, "brake-hw", 2));
  world.director_signs_again();
  return full(world);
}
std::string director_orders_foreign_ecu(World& world) {
  world.director.targets.set("gateway-2",
                             ordered(World::content("gateway", 2), "ECU-X", "gateway-hw", 2));
  world.director_signs_again();
  return full(world);
}
std::string director_repeats_ecu(World& world) {
  world.director.targets.set("brake-1", ordered(World::content("brake", 1), kBrake, "brake-hw", 1));
  world.director_signs_again();
  return full(world);
}
std::string director_delegates(World& world) {
  RepositoryMaker::DelegatedRoleMaker thief;
  thief.signers = Signers::make(1, 1);
  thief.paths = Value::array({"*"});
  thief.targets.set("evil", ordered(kEvil, kBrake, "brake-hw", 3));
  world.director.delegated.emplace_back("thief", std::move(thief));
  world.director_signs_again();
  return full(world);
}
std::string director_empty_for_other(World& world) {
  world.director.targets = Value::object();
  world.director_signs_again();
  return full(world);
}

/// Image repository: only the keys in the thief's hands sign, the other roles stay as they are.
void forge_targets(World& world, Signers thief) {
  order_evil(world, "evil");
  world.images.targets.set("evil", genuine(kEvil, "brake-hw", 3));
  world.images.signers["targets"] = std::move(thief);
  world.director_signs_again();
  world.images.next_versions();
  world.images.publish_without_root();
}
std::string online_keys_without_targets(World& world) {
  forge_targets(world, Signers::make(2, 2));
  return full(world);
}
std::string one_of_two_targets_keys(World& world) {
  Signers thief = world.images.signers["targets"];
  thief.keys.pop_back();
  forge_targets(world, std::move(thief));
  return full(world);
}
std::string one_targets_key_twice(World& world) {
  Signers thief = world.images.signers["targets"];
  thief.keys.back() = thief.keys.front();
  forge_targets(world, std::move(thief));
  return full(world);
}
std::string all_keys_but_root(World& world) {
  forge_targets(world, world.images.signers["targets"]);
  return full(world);
}
std::string supplier_leaves_its_paths(World& world) {
  order_evil(world, "evil");
  world.supplier().targets.set("evil", genuine(kEvil, "brake-hw", 3));
  world.director_signs_again();
  world.images_sign_again();
  return full(world);
}
std::string supplier_leaves_its_hardware(World& world) {
  order_evil(world, "engine/evil");
  world.supplier().targets.set("engine/evil", genuine(kEvil, "brake-hw", 3));
  world.director_signs_again();
  world.images_sign_again();
  return full(world);
}
std::string supplier_for_its_own_ecu(World& world) {
  world.director.targets.erase("engine/e-2");
  world.director.targets.set("engine/evil", ordered(kEvil, kEngine, "engine-hw", 3));
  world.supplier().targets.set("engine/evil", genuine(kEvil, "engine-hw", 3));
  world.images.files.files["engine/evil"] = kEvil;
  world.director_signs_again();
  world.images_sign_again();
  return full(world);
}
std::string supplier_alone(World& world) {
  world.supplier().targets.set("engine/e-2", genuine(kEvil, "engine-hw", 3));
  world.images.files.files["engine/e-2"] = kEvil;
  world.images.publish_without_root();
  return full(world);
}

std::string dropped(World& world) {
  world.director.files.files.clear();
  return full(world);
}
template <int kRepository>
std::string slow(World& world) {
  const DownloadRate rate({});
  if (!rate.too_slow(40, std::chrono::seconds(40))) return "believed to be fast enough";
  (kRepository == 0 ? world.director : world.images).files.slow =
      kRepository == 0 ? "timestamp.json" : "targets/gateway-2";
  return full(world);
}
std::string frozen(World& world) {
  world.director.files.files = world.old_director;
  world.images.files.files = world.old_images;
  world.request.now = *parse_iso_time("2030-01-09T00:00:00Z");
  return full(world);
}
std::string frozen_with_clock_turned_back(World& world) {
  world.request.now = *parse_iso_time("2030-01-09T00:00:00Z");
  world.verify();
  world.request.now = *parse_iso_time("2030-01-02T00:00:00Z");
  return full(world);
}
std::string same_again_in_time(World& world) {
  world.director.files.files = world.old_director;
  world.images.files.files = world.old_images;
  return full(world);
}
template <int kRepository>
std::string old_files(World& world) {
  world.verify();
  world.director.files.files = kRepository == 0 ? world.old_director : world.director.files.files;
  world.images.files.files = kRepository == 1 ? world.old_images : world.images.files.files;
  return full(world);
}
std::string old_targets_signed_again(World& world) {
  world.verify();
  world.director.versions["targets"] = 1;
  ++world.director.versions["snapshot"];
  ++world.director.versions["timestamp"];
  world.director.publish_without_root();
  return full(world);
}
std::string vanished_delegation(World& world) {
  world.images.delegated.clear();
  world.images_sign_again();
  return full(world);
}
std::string old_snapshot(World& world) {
  world.images.files.files["snapshot.json"] = world.old_images.at("snapshot.json");
  return full(world);
}
std::string old_image_targets(World& world) {
  world.images.files.files["targets.json"] = world.old_images.at("targets.json");
  return full(world);
}
std::string old_delegated_targets(World& world) {
  world.images.files.files["delegations/supplier.json"] =
      world.old_images.at("delegations/supplier.json");
  return full(world);
}
std::string old_images_with_new_order(World& world) {
  world.images.files.files = world.old_images;
  return full(world);
}

std::string fast_forward_then_rotate(World& world) {
  for (const char* role : {"timestamp", "snapshot"}) world.images.versions[role] = 2147483648;
  world.images.publish_without_root();
  if (full(world) != "accepted") return "the thief was not even believed";
  for (const char* role : {"timestamp", "snapshot"}) {
    world.images.rotate(role, Signers::make(1, 1));
    world.images.versions[role] = 3;
  }
  world.images.publish_without_root();
  return full(world);
}
std::string fast_forward_without_rotation(World& world) {
  for (const char* role : {"timestamp", "snapshot"}) world.images.versions[role] = 2147483648;
  world.images.publish_without_root();
  world.verify();
  for (const char* role : {"timestamp", "snapshot"}) world.images.versions[role] = 3;
  world.images.publish_without_root();
  return full(world);
}
std::string revoked_key(World& world) {
  const Signers revoked = world.director.signers["targets"];
  world.director.rotate("targets", Signers::make(2, 2));
  world.director.publish_without_root();
  if (full(world) != "accepted") return "the rotation itself is refused";
  world.director.signers["targets"] = revoked;
  world.director_signs_again();
  return full(world);
}
template <bool kOwnKeysToo>
std::string foreign_root(World& world) {
  Signers thief = Signers::make(2, 2);
  thief.keys.push_back(world.director.signers["root"].keys.front());
  world.director.signers["root"] = thief;
  world.director.signers["targets"] = Signers::make(1, 1);
  ++world.director.versions["root"];
  if (!kOwnKeysToo) {
    auto& keys = world.director.signers["root"].keys;
    keys.erase(keys.begin(), keys.end() - 1);
  }
  world.director.publish();
  return full(world);
}
std::string skipped_root(World& world) {
  world.director.rotate("root", Signers::make(3, 2));
  const std::string third = world.director.files.files["2.root.json"];
  ++world.director.versions["root"];
  world.director.publish_root();
  world.director.files.files["2.root.json"] = world.director.files.files["3.root.json"];
  return full(world);
}
std::string root_without_threshold(World& world) {
  world.director.signers["targets"].threshold = 0;
  ++world.director.versions["root"];
  world.director.publish();
  return full(world);
}

EcuReport brake_report(const std::string& nonce) {
  EcuReport out;
  out.serial = kBrake;
  out.image = "brake-1";
  out.hashes = {{"sha256", "00"}};
  out.nonce = nonce;
  return out;
}
std::string replayed_report(World&) {
  const auto key = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const std::string old = make_ecu_report(brake_report("nonce of yesterday"), key);
  const auto verified = verify_ecu_report(old, key.public_key(), "nonce of today");
  return verified ? "accepted" : std::string(name_of(verified.error().reason));
}
std::string forged_report(World&) {
  const auto key = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const auto primary = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const std::string report = make_ecu_report(brake_report("n"), primary);
  const std::string manifest =
      make_vehicle_manifest("VIN-1", kGateway, {{kBrake, report}}, primary);
  const auto verified =
      verify_vehicle_manifest(manifest, primary.public_key(), {{kBrake, key.public_key()}}, "n");
  return verified ? "accepted" : std::string(name_of(verified.error().reason));
}
std::string report_taken_out(World&) {
  const auto key = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const std::string manifest = make_vehicle_manifest(
      "VIN-1", kGateway, {{kBrake, make_ecu_report(brake_report("n"), key)}}, key);
  Value document = *parse_json(manifest);
  document.find("signed")->find("ecu_version_manifests")->erase(kBrake);
  const auto verified = verify_vehicle_manifest(to_json(document), key.public_key(),
                                                {{kBrake, key.public_key()}}, "n");
  return verified ? "accepted" : std::string(name_of(verified.error().reason));
}

template <int kRepository, int kFile>
std::string flood(World& world) {
  static constexpr const char* kFiles[] = {"2.root.json", "timestamp.json", "snapshot.json",
                                           "targets.json", "delegations/supplier.json"};
  return endless_file<kRepository>(world, kFiles[kFile]);
}

constexpr const char* kNone = "none";
constexpr const char* kDirectorOnline = "Director: timestamp, snapshot, targets";
constexpr const char* kImagesOnline = "Image repository: timestamp, snapshot";
constexpr const char* kBothOnline = "both: timestamp, snapshot; Director: targets";

}  // namespace

const std::vector<AttackRow>& attack_table() {
  static const std::vector<AttackRow> kRows = {
      {"none", kNone, "release 2 as it is", "accepted", full},
      {"drop request", kNone, "the Director's files do not arrive", "missing", dropped},
      {"slow retrieval", kNone, "metadata at 1 byte/s", "too-slow", slow<0>},
      {"slow retrieval", kNone, "an image at 1 byte/s", "too-slow", slow<1>},
      {"freeze", kNone, "release 1 again, after its expiry", "expired", frozen},
      {"freeze", kNone, "release 2 after its expiry, with the clock turned back", "expired",
       frozen_with_clock_turned_back},
      {"freeze", kNone, "release 1 again, before its expiry: nothing new", "accepted",
       same_again_in_time},
      {"partial bundle", kNone, "an ECU's report taken out of the vehicle manifest", "threshold",
       report_taken_out},
      {"mix and match", kNone, "old snapshot under the new timestamp", "mix-and-match",
       old_snapshot},
      {"mix and match", kNone, "old targets under the new snapshot", "mix-and-match",
       old_image_targets},
      {"mix and match", kNone, "old delegated targets under the new snapshot", "mix-and-match",
       old_delegated_targets},
      {"mix and match", kNone, "new order, old Image repository", "not-in-images",
       old_images_with_new_order},
      {"rollback", kNone, "the Director's old files", "rollback", old_files<0>},
      {"rollback", kNone, "the Image repository's old files", "rollback", old_files<1>},
      {"rollback", kDirectorOnline, "an older version of targets signed again", "rollback",
       old_targets_signed_again},
      {"rollback", kDirectorOnline, "a genuine older image ordered", "release-counter",
       director_orders_older},
      {"rollback", kDirectorOnline, "the same with a raised release counter",
       "repositories-disagree", director_raises_counter},
      {"rollback", kImagesOnline, "a delegated role vanishes", "rollback", vanished_delegation},
      {"fast-forward", kImagesOnline, "version 2^31; then honest metadata without rotation",
       "rollback", fast_forward_without_rotation},
      {"fast-forward", kImagesOnline, "version 2^31; then the keys are rotated", "accepted",
       fast_forward_then_rotate},
      {"endless data", kNone, "Director: root", "too-large", flood<0, 0>},
      {"endless data", kNone, "Director: timestamp", "too-large", flood<0, 1>},
      {"endless data", kNone, "Director: snapshot", "too-large", flood<0, 2>},
      {"endless data", kNone, "Director: targets", "too-large", flood<0, 3>},
      {"endless data", kNone, "Image repository: root", "too-large", flood<1, 0>},
      {"endless data", kNone, "Image repository: timestamp", "too-large", flood<1, 1>},
      {"endless data", kNone, "Image repository: snapshot", "too-large", flood<1, 2>},
      {"endless data", kNone, "Image repository: targets", "too-large", flood<1, 3>},
      {"endless data", kNone, "Image repository: delegated targets", "too-large", flood<1, 4>},
      {"endless data", kNone, "an image", "image-length", endless_image},
      {"arbitrary software", kNone, "another image of the same length", "image-hash",
       replaced_image},
      {"arbitrary software", kDirectorOnline, "an unknown image ordered", "not-in-images",
       director_orders_unknown},
      {"arbitrary software", kDirectorOnline, "another content under a genuine name",
       "repositories-disagree", director_orders_changed},
      {"arbitrary software", kDirectorOnline,
       "an unknown image ordered from an ECU with partial verification", "accepted",
       partial_ecu_believes},
      {"arbitrary software", kBothOnline, "targets of the Image repository signed by other keys",
       "threshold", online_keys_without_targets},
      {"arbitrary software", "both online; 1 of 2 targets keys of the Image repository",
       "targets signed by the one", "threshold", one_of_two_targets_keys},
      {"arbitrary software", "both online; 1 of 2 targets keys of the Image repository",
       "targets signed twice by the one", "duplicate-signature", one_targets_key_twice},
      {"arbitrary software", "both online; 2 of 2 targets keys of the Image repository",
       "an image of the thief in both", "accepted", all_keys_but_root},
      {"arbitrary software", "supplier; Image repository: timestamp, snapshot",
       "another image for its ECU, without an order", "repositories-disagree", supplier_alone},
      {"arbitrary software", "both online; supplier", "an image outside the supplier's paths",
       "not-in-images", supplier_leaves_its_paths},
      {"arbitrary software", "both online; supplier",
       "an image for an ECU that is not the supplier's", "not-in-images",
       supplier_leaves_its_hardware},
      {"arbitrary software", "both online; supplier", "an image for the supplier's own ECU",
       "accepted", supplier_for_its_own_ecu},
      {"wrong hardware", kDirectorOnline, "a genuine image for another kind of ECU",
       "wrong-hardware", director_orders_wrong_hardware},
      {"wrong ECU", kDirectorOnline, "an ECU that is not in the vehicle", "unknown-ecu",
       director_orders_foreign_ecu},
      {"wrong ECU", kDirectorOnline, "one ECU in two orders", "repeated-ecu", director_repeats_ecu},
      {"wrong ECU", kDirectorOnline, "the Director delegates", "director-delegates",
       director_delegates},
      {"replay", kDirectorOnline, "an empty order without the vehicle's id", "wrong-vehicle",
       director_empty_for_other},
      {"replay of a version report", kNone, "yesterday's report", "replay", replayed_report},
      {"false version report", "Primary", "a report signed by the Primary in place of the ECU",
       "threshold", forged_report},
      {"key compromise", "Director: targets, revoked since", "the old key is used on", "threshold",
       revoked_key},
      {"key compromise", "Director: 1 of 3 root keys (threshold 2)",
       "a new root, signed by the thief's keys and that one", "threshold", foreign_root<true>},
      {"key compromise", "Director: 1 of 3 root keys (threshold 2)",
       "a new root, signed by that one only", "threshold", foreign_root<false>},
      {"key compromise", "Director: root", "a root that skips a version", "threshold",
       skipped_root},
      {"key compromise", "Director: root", "a root with threshold 0", "illegal-threshold",
       root_without_threshold},
  };
  return kRows;
}

}  // namespace gatehouse::uptane

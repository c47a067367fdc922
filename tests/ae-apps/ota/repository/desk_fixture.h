#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "ae-apps/ota/cli/verify_command.h"
#include "ae-apps/ota/image/image.h"
#include "ae-apps/ota/repository/director_metadata.h"
#include "ae-apps/ota/repository/repository_folder.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::uptane {

inline crypto::SigningKey fresh_key(crypto::Algorithm algorithm = crypto::Algorithm::kEd25519) {
  return *crypto::SigningKey::generate(algorithm);
}

/// The OEM's desk with all keys of an Image and a Director repository, and a vehicle that verifies
/// by `gatehouse-ota verify`.
class DeskTest : public testing::Test {
 protected:
  static RoleSpec spec_of(const std::vector<const crypto::SigningKey*>& keys,
                          std::uint64_t threshold) {
    RoleSpec out{{}, threshold};
    for (const auto* key : keys) out.keys.push_back(key->public_key());
    return out;
  }
  static std::string id_of(const crypto::SigningKey& key) {
    return key_id_of(key_object(key.public_key()));
  }
  RoleSpecs roles() const {
    return {{"root", spec_of({&root_[0], &root_[1], &root_[2]}, 2)},
            {"targets", spec_of({&targets_[0], &targets_[1]}, 2)},
            {"snapshot", spec_of({&snapshot_}, 1)},
            {"timestamp", spec_of({&timestamp_}, 1)}};
  }
  OnlineKeys online() const { return {&snapshot_, &timestamp_}; }

  void create() {
    ASSERT_TRUE(images_.create(roles(), now_));
    sign("root", {&root_[0], &root_[2]});
    sign("targets", {&targets_[0], &targets_[1]});
    publish();
    RoleSpecs director = roles();
    director["targets"] = spec_of({&director_targets_}, 1);
    ASSERT_TRUE(director_.create(director, now_));
    for (const auto* key : {&root_[0], &root_[1]}) ASSERT_TRUE(director_.sign("root", *key));
    ASSERT_TRUE(director_.publish({}, now_));
  }
  void sign(const std::string& role, const std::vector<const crypto::SigningKey*>& keys) {
    for (const auto* key : keys) {
      const auto done = images_.sign(role, *key);
      ASSERT_TRUE(done) << done.error().detail;
    }
  }
  void publish() {
    const auto done = images_.publish(online(), now_);
    ASSERT_TRUE(done) << done.error().detail;
  }
  void expect_not_published(const std::string& why) {
    const FileSet before = images_.metadata();
    const auto done = images_.publish(online(), now_);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().detail.find(why), std::string::npos) << done.error().detail;
    EXPECT_EQ(images_.metadata(), before) << "nothing was written";
  }

  std::string file_with(const std::string& content) {
    const std::string file = folder_ / ("payload-" + std::to_string(++files_));
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  /// Describes an image in the draft of a role.
  void add(const std::string& name, const std::string& hardware_id, std::uint64_t counter,
           const std::string& role = "targets") {
    TargetSpec target;
    target.name = name;
    target.hardware_ids = {hardware_id};
    target.release_counter = counter;
    const auto described = images_.add_image(target, file_with("image " + name), 1U << 20);
    ASSERT_TRUE(described) << described.error().detail;
    auto content = images_.draft(role, now_);
    ASSERT_TRUE(content) << content.error().detail;
    set_target(*content, *described);
    ASSERT_TRUE(images_.stage(role, *content));
  }
  /// Two images by the OEM, published.
  void release(int n) {
    const std::string number = std::to_string(n);
    add("gateway/" + number, "gateway-hw", static_cast<std::uint64_t>(n));
    add("brake/" + number, "brake-hw", static_cast<std::uint64_t>(n));
    sign("targets", {&targets_[0], &targets_[1]});
    publish();
  }
  DescribedTargets described() const {
    auto out = verify_repository(images_.metadata(), {}, now_);
    EXPECT_TRUE(out) << out.error().detail;
    return out ? *out : DescribedTargets();
  }

  EcuReport report_of(const std::string& serial, const std::string& target) const {
    EcuReport out;
    out.serial = serial;
    out.latest_time = now_;
    out.nonce = "n";
    const DescribedTargets images = described();
    if (const auto found = images.find(target); found != images.end()) {
      out.image = target;
      out.length = found->second.record.length;
      out.hashes = found->second.record.hashes;
    }
    return out;
  }
  /// Orders for what the ECUs say they run, as files beside the Director's root.
  void direct(const std::string& gateway_runs, const std::string& brake_runs) {
    VehicleManifest manifest{"VIN-1", "GW-1", {}};
    manifest.reports["GW-1"] = report_of("GW-1", gateway_runs);
    manifest.reports["BR-1"] = report_of("BR-1", brake_runs);
    const DirectorIssue issue{"VIN-1", ++issue_, now_, std::chrono::hours(24),
                              orders_for(manifest, ecus_, described())};
    write_director(issue);
  }
  void write_director(const DirectorIssue& issue) {
    const auto files = make_director_files(issue, {director_targets_, snapshot_, timestamp_});
    ASSERT_TRUE(files) << files.error().detail;
    for (const auto& [name, text] : *files) {
      std::ofstream(folder_ / ("director/metadata/" + name), std::ios::trunc) << text;
    }
  }
  /// What `gatehouse-ota verify` says; "accepted", or the reason.
  std::string verify(bool partial = false) {
    ota::VerifyOptions options;
    options.state = folder_ / (partial ? "ecu" : "vehicle");
    options.time = iso_time(now_);
    options.director = folder_ / "director";
    options.images = folder_ / "images";
    options.trust_first_root = true;
    options.vehicle = "VIN-1";
    options.ecus = {"BR-1:brake-hw"};
    options.partial = partial;
    if (!partial) options.ecus.push_back("GW-1:gateway-hw");
    std::ostringstream out;
    std::ostringstream err;
    ota::run_verify(options, out, err);
    said_ = out.str() + err.str();
    const auto answer = parse_json(out.str());
    if (!answer) return said_;
    return answer->bool_at("accepted") ? "accepted" : answer->string_at("reason");
  }

  TemporaryFolder folder_;
  std::vector<crypto::SigningKey> root_ = {fresh_key(), fresh_key(crypto::Algorithm::kEcdsaP256),
                                           fresh_key()};
  std::vector<crypto::SigningKey> targets_ = {fresh_key(),
                                              fresh_key(crypto::Algorithm::kEcdsaP256)};
  crypto::SigningKey snapshot_ = fresh_key();
  crypto::SigningKey timestamp_ = fresh_key();
  crypto::SigningKey director_targets_ = fresh_key();
  crypto::SigningKey supplier_ = fresh_key();
  Timestamp now_ = *parse_iso_time("2030-01-01T00:00:00Z");
  RepositoryFolder images_{folder_ / "images"};
  RepositoryFolder director_{folder_ / "director", Profile::kDirector};
  std::vector<VehicleEcu> ecus_ = {{"GW-1", "gateway-hw"}, {"BR-1", "brake-hw"}};
  std::uint64_t issue_ = 0;
  int files_ = 0;
  std::string said_;
};

}  // namespace gatehouse::uptane

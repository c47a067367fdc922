#include "ae-apps/ota/oem/repository_commands.h"

#include "ae-apps/ota/coding/form.h"
#include "ae-apps/ota/oem/bundle.h"
#include "ae-apps/ota/oem/commands.h"
#include "ae-apps/ota/uptane/file_fetcher.h"
#include "ae-apps/ota/uptane/verification.h"
#include "tests/ae-apps/ota/repository/desk_fixture.h"

namespace gatehouse::oem {
namespace {

/// The desk by its commands alone: every key is a file.
class RepositoryCommands : public uptane::DeskTest {
 protected:
  std::string key_file(const std::string& name) {
    const std::string file = folder_ / (name + ".pem");
    if (!std::filesystem::exists(file)) {
      EXPECT_TRUE(uptane::fresh_key(crypto::Algorithm::kEcdsaP256).save(file));
    }
    return file;
  }
  RepositoryRequest request() { return {folder_ / "repo", false, now_}; }
  std::string draft(const std::string& role) { return folder_ / ("repo/drafts/" + role + ".json"); }
  Result<void> init() {
    return init_repository(request(),
                           {{"root", {{key_file("r1"), key_file("r2")}, 2}},
                            {"targets", {{key_file("t1")}, 1}},
                            {"snapshot", {{key_file("s1")}, 1}},
                            {"timestamp", {{key_file("ts1")}, 1}}},
                           out_);
  }
  Result<void> publish() {
    return publish_repository(request(), key_file("s1"), key_file("ts1"), out_);
  }
  std::string signed_image() {
    image::Manifest manifest;
    manifest.name = "brake";
    manifest.version = "1.4.0";
    manifest.release_counter = 7;
    manifest.hardware_id = "brake-2";
    manifest.created = "20261121T120000";
    const auto key = crypto::SigningKey::load(key_file("oem"));
    const Bytes image = *image::build_image(manifest, Bytes(1000, 1), {&*key});
    return file_with(std::string(text_of(image)));
  }
  std::ostringstream out_;
};

TEST_F(RepositoryCommands, TakeAnImageFromTheDeskToARepositoryThatVerifies) {
  ASSERT_TRUE(init()) << out_.str();
  const std::string sbom = file_with(R"({"bomFormat":"CycloneDX","specVersion":"1.5"})");
  ASSERT_TRUE(add_image(request(), {signed_image(), "", "targets", sbom}, out_));
  ASSERT_TRUE(sign_metadata(draft("targets"), {key_file("t1")}, out_));
  ASSERT_TRUE(sign_metadata(draft("root"), {key_file("r1")}, out_));
  const auto early = publish();
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().detail.find("root"), std::string::npos) << early.error().detail;
  ASSERT_TRUE(sign_metadata(draft("root"), {key_file("r2")}, out_));

  const auto done = publish();

  ASSERT_TRUE(done) << done.error().detail;
  const uptane::RepositoryFolder repository(request().folder);
  const auto images = uptane::verify_repository(repository.metadata(), {}, now_);
  ASSERT_TRUE(images) << images.error().detail;
  ASSERT_TRUE(images->contains("brake/1.4.0.ghfw"));
  const uptane::TargetRecord& record = images->at("brake/1.4.0.ghfw").record;
  EXPECT_EQ(record.release_counter, 7u);
  EXPECT_EQ(record.hardware_ids, (std::vector<std::string>{"brake-2"}));
  EXPECT_EQ(record.hashes.count("sha512"), 1u);
  EXPECT_NE(out_.str().find("root: version 1, expires 2031-01-01"), std::string::npos)
      << out_.str();
}

TEST_F(RepositoryCommands, MakeFormsOfAnImageThatTheSignedMetadataDescribes) {
  ASSERT_TRUE(init()) << out_.str();
  const std::string old = signed_image();
  const std::string sbom = file_with(
      R"({"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"zlib","version":"1.3"}]})");
  ImageRequest image{signed_image(), "", "targets", sbom, true, {old}, {key_file("ecu")}};

  const auto added = add_image(request(), image, out_);

  ASSERT_TRUE(added) << added.error().detail;
  ASSERT_TRUE(sign_metadata(draft("targets"), {key_file("t1")}, out_));
  ASSERT_TRUE(sign_metadata(draft("root"), {key_file("r1"), key_file("r2")}, out_));
  ASSERT_TRUE(publish());
  const uptane::RepositoryFolder repository(request().folder);
  const auto described = uptane::verify_repository(repository.metadata(), {}, now_);
  const auto forms = coding::forms_of(described->at("brake/1.4.0.ghfw").record.custom).value();
  ASSERT_EQ(forms.size(), 4U);
  for (const coding::Form& form : forms) {
    const std::string file = folder_ / ("repo/artifacts/" + form.sha256);
    EXPECT_EQ(std::filesystem::file_size(file), form.length) << form.name();
  }
  EXPECT_NE(out_.str().find("sealed-delta"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("    zlib 1.3"), std::string::npos) << out_.str();
}

TEST_F(RepositoryCommands, MakeNoPlainFormOfAnImageThatGoesOutEncryptedOnly) {
  ASSERT_TRUE(init()) << out_.str();
  ImageRequest image{signed_image(), "", "targets", "", true, {}, {}};
  image.encrypted_only = true;
  EXPECT_FALSE(add_image(request(), image, out_)) << "nobody could read it";
  image.recipients = {key_file("ecu")};

  const auto added = add_image(request(), image, out_);

  ASSERT_TRUE(added) << added.error().detail;
  ASSERT_TRUE(sign_metadata(draft("targets"), {key_file("t1")}, out_));
  ASSERT_TRUE(sign_metadata(draft("root"), {key_file("r1"), key_file("r2")}, out_));
  ASSERT_TRUE(publish());
  const uptane::RepositoryFolder repository(request().folder);
  const auto described = uptane::verify_repository(repository.metadata(), {}, now_);
  const Value& custom = described->at("brake/1.4.0.ghfw").record.custom;
  EXPECT_TRUE(coding::encrypted_only(custom));
  const auto forms = coding::forms_of(custom).value();
  ASSERT_EQ(forms.size(), 1U);
  EXPECT_EQ(forms.front().name(), "sealed");
}

TEST_F(RepositoryCommands, RefuseWhatIsNoImageAndNoBillOfMaterials) {
  ASSERT_TRUE(init());

  EXPECT_FALSE(add_image(request(), {file_with("no image"), "", "targets", ""}, out_));
  EXPECT_FALSE(add_image(request(), {signed_image(), "", "targets", file_with("{}")}, out_));
  EXPECT_FALSE(add_image(request(), {signed_image(), "", "nobody", ""}, out_));
  EXPECT_FALSE(remove_image(request(), "brake/9", "targets", out_));
  EXPECT_FALSE(sign_metadata(file_with("[]"), {key_file("t1")}, out_));
  EXPECT_FALSE(publish());
}

TEST_F(RepositoryCommands, CarryAVehiclesUpdateInAFolderThatVerifies) {
  create();
  release(1);
  direct("", "");
  const BundleRequest bundle{{folder_ / "director"}, "VIN-1", folder_ / "stick"};

  const auto made = make_bundle({folder_ / "images", false, now_}, bundle, out_);

  ASSERT_TRUE(made) << made.error().detail;
  uptane::FileFetcher director({folder_ / "stick/director"});
  uptane::FileFetcher images({folder_ / "stick/images"});
  uptane::VehicleState state;
  const uptane::VerifyRequest vehicle{now_, ecus_, "VIN-1", true, false};
  const auto outcome = uptane::verify_full(state, director, images, vehicle);
  ASSERT_FALSE(outcome.refusal) << outcome.refusal->detail;
  ASSERT_EQ(outcome.targets.size(), 2U);
  for (const auto& target : outcome.targets) {
    const std::string file = folder_ / ("stick/files/" + target.order.hashes.at("sha256"));
    EXPECT_EQ(std::filesystem::file_size(file), target.order.length);
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "stick/gatehouse-bundle.json"));
}

TEST_F(RepositoryCommands, MakeNoBundleThatAVehicleWouldRefuse) {
  create();
  release(1);
  direct("", "");
  const BundleRequest bundle{{folder_ / "director"}, "VIN-2", folder_ / "stick"};
  const RepositoryRequest images{folder_ / "images", false, now_};

  EXPECT_NE(make_bundle(images, bundle, out_).error().detail.find("vehicle"), std::string::npos);
  BundleRequest right = bundle;
  right.vehicle = "VIN-1";
  RepositoryRequest late = images;
  late.now = now_ + std::chrono::hours(48);
  EXPECT_NE(make_bundle(late, right, out_).error().detail.find("expired"), std::string::npos);
  std::filesystem::remove_all(folder_ / "images/targets");
  EXPECT_NE(make_bundle(images, right, out_).error().detail.find("is not in the repository"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "stick/gatehouse-bundle.json"));
}

TEST_F(RepositoryCommands, TellAWrongKeyWithoutItsPin) {
  const auto done = init_repository(
      request(), {{"root", {{"pkcs11:token=none;object=x?pin-value=4711"}, 1}}}, out_);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().detail.find("4711"), std::string::npos) << done.error().detail;
}

}  // namespace
}  // namespace gatehouse::oem

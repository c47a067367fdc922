// An ECU with one slot: the way back is the gateway's copy.
#include "ae-apps/ota/coding/encoder.h"
#include "ae-apps/ota/gateway/ecu_link.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using ecu::image_of;

class SingleSlot : public testing::Test {
 protected:
  SingleSlot() {
    settings_.state_dir = folder_.path();
    settings_.reset_limit = std::chrono::milliseconds(20'000);
    entry_.serial = "ECU-0001";
    entry_.hardware_id = "demo-ecu";
    entry_.port = ecu_.port();
    entry_.access_key = ecu::kAccessKey;
    entry_.slots = 1;
    entry_.factory_image =
        write("factory.ghfw", image_of({.version = "1.0.0", .release_counter = 5}));
    link_.emplace(settings_, entry_);
  }
  static ecu::EcuSettings one_slot() {
    ecu::EcuSettings settings = ecu::full_ecu();
    settings.slots = 1;
    settings.image_key = gateway_key();
    return settings;
  }
  std::string write(const std::string& name, const Bytes& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << gatehouse::text_of(bytes);
    return folder_ / name;
  }
  Result<void> update(const Bytes& image) { return update_with(write("image.ghfw", image)); }
  Result<void> update_sealed(const Bytes& image) {
    coding::EncodeRequest request{image};
    request.recipients = {gateway_key().public_key()};
    request.clear_bytes = image::parse_header(image).value().value().header_bytes;
    return update_with(write("image.ghcx", coding::encode(request).value()));
  }
  Result<void> update_with(const std::string& file) {
    const auto header = header_of_file(file).value();
    const auto done = link_->flash(file, header, header.manifest.payload_sha256, {}, {});
    return done ? link_->restart() : done;
  }

  TemporaryFolder folder_;
  TestEcu ecu_{one_slot(), image_of({.version = "1.0.0", .release_counter = 5})};
  GatewaySettings settings_;
  EcuEntry entry_;
  std::optional<EcuLink> link_;
};

TEST_F(SingleSlot, IsUpdatedInPlace) {
  const auto done = update(image_of({.version = "1.1.0", .release_counter = 6}));

  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(ecu_.version(), "1.1.0");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "installed/ECU-0001.ghfw"));
}

TEST_F(SingleSlot, GetsItsOldImageBackIfTheNewOneDoesNotRun) {
  ASSERT_TRUE(update(image_of({.version = "1.1.0", .release_counter = 6})));

  const auto done = update(image_of(
      {.version = "1.2.0", .release_counter = 7, .payload = "version 1.2.0\nself-test failed\n"}));

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("old image back (1.1.0)"), std::string::npos)
      << done.error().detail;
  EXPECT_EQ(ecu_.version(), "1.1.0");
}

TEST_F(SingleSlot, GetsTheFactorysImageBackIfTheFirstUpdateIsRefused) {
  Bytes altered = image_of({.version = "1.1.0", .release_counter = 6});
  altered.back() ^= 1;

  const auto done = update(altered);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("old image back (1.0.0)"), std::string::npos)
      << done.error().detail;
  EXPECT_EQ(ecu_.version(), "1.0.0");
}

TEST_F(SingleSlot, GetsAnEncryptedImageBackThatTheGatewayCannotRead) {
  ASSERT_TRUE(update_sealed(image_of({.version = "1.1.0", .release_counter = 6})));
  ASSERT_EQ(ecu_.version(), "1.1.0");

  const auto done = update_sealed(image_of(
      {.version = "1.2.0", .release_counter = 7, .payload = "version 1.2.0\nself-test failed\n"}));

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("old image back (1.1.0)"), std::string::npos)
      << done.error().detail;
  EXPECT_EQ(ecu_.version(), "1.1.0");
}

TEST_F(SingleSlot, IsNotTouchedWithoutAWayBack) {
  std::filesystem::remove(entry_.factory_image);

  const auto done = update(image_of({.version = "1.1.0", .release_counter = 6}));

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("no copy"), std::string::npos) << done.error().detail;
  EXPECT_EQ(ecu_.version(), "1.0.0");
}

}  // namespace
}  // namespace gatehouse::gateway

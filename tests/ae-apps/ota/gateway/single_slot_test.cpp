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
    auto done = link_->flash(file, header, header.manifest.payload_sha256, {}, {});
    if (done) done = link_->restart();
    return done ? link_->adopt(file) : done;
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

TEST_F(SingleSlot, IsNotTouchedIfItsCopyIsOfAnotherVersion) {
  // A workshop has written to it: the copy's release counter is lower than what runs.
  write("factory.ghfw", image_of({.version = "0.9.0", .release_counter = 4}));

  const auto done = update(image_of({.version = "1.1.0", .release_counter = 6}));

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("it runs 1.0.0, but the copy to go back to is of 0.9.0"),
            std::string::npos)
      << done.error().detail;
  EXPECT_EQ(ecu_.version(), "1.0.0");
}

TEST_F(SingleSlot, IsNotTouchedWithoutAWayBack) {
  std::filesystem::remove(entry_.factory_image);

  const auto done = update(image_of({.version = "1.1.0", .release_counter = 6}));

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("no copy"), std::string::npos) << done.error().detail;
  EXPECT_EQ(ecu_.version(), "1.0.0");
}

// --- when the copy of what runs becomes the way back -------------------------------------------

/// The whole gateway, and an ECU with one slot behind it.
class WayBack : public GatewayTest {
 protected:
  WayBack() {
    entry_ = entry_of("ECU-0003", one_slot_, EcuLevel::kConstrained);
    entry_.slots = 1;
    entry_.factory_image = folder_ / "factory.ghfw";
    std::ofstream(entry_.factory_image, std::ios::binary) << gatehouse::text_of(factory_);
    settings_.ecus.push_back(entry_);
  }
  ~WayBack() override { gateway_.reset(); }
  static ecu::EcuSettings one_slot() {
    ecu::EcuSettings settings = ecu::constrained_ecu();
    settings.serial = "ECU-0003";
    settings.slots = 1;
    return settings;
  }
  std::string copy_file() const { return settings_.state_dir + "/installed/ECU-0003.ghfw"; }
  /// Empty: there is none.
  std::string copy() const {
    std::ifstream in(copy_file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// The gateway dies in that state; what was written on its disk is set back to `state`.
  void die(JobState at, JobState state) {
    start([at](const Job& job) { return job.state != at; });
    offer("ECU-0003", image_);
    settle();
    gateway_.reset();
    const auto journal = JobJournal::open(settings_.state_dir).value();
    Job job = journal->open_job_of("ECU-0003").value();
    job.state = state;
    ASSERT_TRUE(journal->save(job));
  }
  std::string image_file() const {
    return settings_.state_dir + "/images/ECU-0003/" + to_hex(crypto::sha256(image_));
  }
  std::string new_image() const { return std::string(gatehouse::text_of(ByteView(image_))); }

  const Bytes factory_ = image_of({.version = "1.0.0", .release_counter = 5});
  const Bytes image_ = image_of({.version = "1.1.0", .release_counter = 6});
  TestEcu one_slot_{one_slot(), factory_};
  EcuEntry entry_;
};

TEST_F(WayBack, IsTheNewImageAlsoIfTheGatewayDiedRightAfterTheEcusRestart) {
  die(JobState::kRebooted, JobState::kFlashing);
  std::filesystem::remove(copy_file());  // had it not come so far

  start();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  EXPECT_EQ(copy(), new_image());
}

TEST_F(WayBack, IsTheNewImageAlsoIfTheGatewayDiedBeforeItsReport) {
  die(JobState::kRebooted, JobState::kRebooted);
  std::filesystem::remove(copy_file());

  start();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  EXPECT_EQ(copy(), new_image());
}

TEST_F(WayBack, OfAnUpdateThatFailsStaysAsItIs) {
  start();
  offer("ECU-0003", image_);
  settle();

  const Bytes bad = image_of(
      {.version = "1.2.0", .release_counter = 7, .payload = "version 1.2.0\nself-test failed\n"});
  offer("ECU-0003", bad, "1.2.0");
  settle();

  EXPECT_EQ(reports().back().string_at("purpose"), "refusal");
  EXPECT_EQ(copy(), new_image());
  EXPECT_EQ(one_slot_.version(), "1.1.0");
}

// The ECU runs it and the server knows it, but the next update must not begin yet.
TEST_F(WayBack, IsTriedAgainIfItCannotBeWritten) {
  std::filesystem::create_directories(settings_.state_dir);
  std::ofstream(settings_.state_dir + "/installed") << "no folder";
  settings_.retry_most = settings_.retry_pause;
  std::atomic<int> rebooted{0};
  start([&](const Job& job) {
    if (job.state == JobState::kRebooted) ++rebooted;
    return true;
  });
  offer("ECU-0003", image_);
  // Once after the ECU's restart, once with its report, and again for each try.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (rebooted < 4 && std::chrono::steady_clock::now() < deadline) {
    (void)gateway_->settle(std::chrono::milliseconds(5));
  }
  ASSERT_GE(rebooted, 4);
  const auto open = gateway_->journal().open_job_of("ECU-0003");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->state, JobState::kRebooted);

  std::filesystem::remove(settings_.state_dir + "/installed");
  settle();

  EXPECT_FALSE(only_report("completion").is_null()) << "once";
  EXPECT_NE(log_.str().find("way back of ECU-0003"), std::string::npos);
  EXPECT_EQ(copy(), new_image());
  EXPECT_FALSE(gateway_->journal().open_job_of("ECU-0003"));
}

TEST_F(WayBack, IsNotMadeOfAFileThatHasChanged) {
  die(JobState::kRebooted, JobState::kRebooted);
  std::filesystem::remove(copy_file());
  std::ofstream(image_file(), std::ios::binary | std::ios::app) << '!';

  start();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  EXPECT_EQ(copy(), "");
  EXPECT_NE(log_.str().find("way back of ECU-0003"), std::string::npos);
}

TEST_F(WayBack, StandsIfTheGatewayDiedJustBeforeTheEndOfTheJob) {
  die(JobState::kRebooted, JobState::kRebooted);
  std::filesystem::create_directories(settings_.state_dir + "/installed");
  std::filesystem::rename(image_file(), copy_file());

  start();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  EXPECT_EQ(copy(), new_image());
  EXPECT_EQ(log_.str().find("way back of"), std::string::npos) << log_.str();
}

}  // namespace
}  // namespace gatehouse::gateway

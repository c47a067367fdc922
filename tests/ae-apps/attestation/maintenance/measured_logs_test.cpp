// What was measured stays in step with the PCRs, whatever stops in between.
#include "ae-apps/attestation/support/measured_logs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ae-apps/attestation/quote/replay.h"
#include "ae-apps/attestation/tpm/emulator.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::attest {
namespace {

const std::vector<BootStage> kStages = {{0, "firmware"}, {4, "loader"}};
const EcuState kBrake{"BRAKE", "1.0", "sha256:" + std::string(64, 'a'), "signed"};

class MeasuredLogsTest : public testing::Test {
 protected:
  MeasuredLogsTest() { start_tpm(); }
  void start_tpm() {
    tpm_.reset();
    emulator_.reset();
    emulator_.emplace(*Emulator::start(folder_ / "tpm"));
    tpm_.emplace(*Tpm::open(emulator_->tcti()));
  }
  Result<MeasuredLogs> open() { return MeasuredLogs::open(*tpm_, folder_ / "logs", kStages); }
  /// Empty if the logs explain all PCRs.
  std::string replayed(const MeasuredLogs& logs) {
    const auto selection = *parse_pcr_list("sha256:0,4,10,11");
    const auto values = tpm_->read_pcrs(selection);
    std::vector<EventLog> parsed;
    const auto all = *logs.logs();
    for (const Bytes& bytes : all) {
      if (!bytes.empty()) parsed.push_back(*parse_event_log(bytes));
    }
    const auto done = replay(parsed, selection, *values, HashAlg::kSha256,
                             *composite_digest(HashAlg::kSha256, selection, *values));
    return done ? "" : done.error().detail;
  }
  std::string file(const std::string& content) {
    const std::string path = folder_ / "file";
    std::ofstream(path) << content;
    return path;
  }

  TemporaryFolder folder_;
  std::optional<Emulator> emulator_;
  std::optional<Tpm> tpm_;
};

TEST_F(MeasuredLogsTest, LeadToThePcrs) {
  auto logs = open();
  ASSERT_TRUE(logs) << logs.error().detail;

  ASSERT_TRUE(logs->measure_file(file("one")));
  ASSERT_TRUE(logs->measure_ecus({kBrake}));

  EXPECT_EQ(replayed(*logs), "");
  EXPECT_EQ(logs->entries(), 2u);
}

TEST_F(MeasuredLogsTest, HoldOnlyWhatChanged) {
  auto logs = open();
  ASSERT_TRUE(logs->measure_file(file("one")));
  ASSERT_TRUE(logs->measure_ecus({kBrake}));

  ASSERT_TRUE(logs->measure_file(file("one")));
  EXPECT_EQ(logs->measure_ecus({kBrake})->size(), 0u);

  EXPECT_EQ(logs->entries(), 2u);
  ASSERT_TRUE(logs->measure_ecus({}));                  // gone
  EXPECT_EQ(logs->measure_ecus({kBrake})->size(), 0u);  // back, so it is not new
  EXPECT_EQ(logs->entries(), 4u);
  EXPECT_EQ(replayed(*logs), "");
}

TEST_F(MeasuredLogsTest, GoOnAfterARestartOfTheProgram) {
  {
    auto logs = open();
    ASSERT_TRUE(logs->measure_file(file("one")));
    ASSERT_TRUE(logs->measure_ecus({kBrake}));
  }

  auto logs = open();

  ASSERT_TRUE(logs) << logs.error().detail;
  ASSERT_TRUE(logs->measure_file(file("one")));
  EXPECT_EQ(logs->entries(), 2u);
  EXPECT_EQ(replayed(*logs), "");
}

TEST_F(MeasuredLogsTest, BeginAnewWhenTheTpmWasStartedAnew) {
  {
    auto logs = open();
    ASSERT_TRUE(logs->measure_ecus({kBrake}));
  }
  start_tpm();

  auto logs = open();

  ASSERT_TRUE(logs) << logs.error().detail;
  EXPECT_EQ(logs->entries(), 0u);
  EXPECT_EQ(replayed(*logs), "");
}

// The entry is on the disk, and then the power goes before the PCR is extended.
TEST_F(MeasuredLogsTest, ExtendWhatWasWrittenAndNotExtended) {
  {
    auto logs = open();
    ASSERT_TRUE(logs->measure_ecus({kBrake}));
  }
  const CelEntry entry = make_cel_entry(
      1, MeasuredLogs::kEcuPcr,
      R"({"auth":"none","dig":"none","id":"RADAR","type":"ecu","ver":"1"})", {HashAlg::kSha256});
  std::ofstream(folder_ / "logs/events.cel", std::ios::binary | std::ios::app)
      << text_of(entry.record);

  auto logs = open();

  ASSERT_TRUE(logs) << logs.error().detail;
  EXPECT_EQ(logs->entries(), 2u);
  EXPECT_EQ(replayed(*logs), "");
}

TEST_F(MeasuredLogsTest, ThatLostAnEntryAreRefused) {
  {
    auto logs = open();
    ASSERT_TRUE(logs->measure_ecus({kBrake}));
  }
  std::filesystem::resize_file(folder_ / "logs/events.cel", 0);

  const auto logs = open();

  ASSERT_FALSE(logs);
  EXPECT_NE(logs.error().detail.find("do not lead to PCR 11"), std::string::npos)
      << logs.error().detail;
}

// Where firmware and kernel measure, their logs are read and their registers left alone.
TEST_F(MeasuredLogsTest, AreThoseOfFirmwareAndKernelWhereTheyAreConfigured) {
  const OutsideLogs outside{folder_ / "bios", folder_ / "ima"};
  const auto add = [](const std::string& path, const Bytes& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::app) << text_of(bytes);
  };
  const auto kernel_measures = [&](const std::string& path) {
    const ImaEntry entry = make_ima_entry(HashAlg::kSha256, Bytes(32, 7), path);
    ASSERT_TRUE(tpm_->extend(kImaPcr, {{HashAlg::kSha256, entry.digests.at(HashAlg::kSha256)}}));
    add(outside.ima, entry.binary);
  };
  add(outside.boot, make_boot_log(kStages));
  const auto firmware = parse_boot_log(make_boot_log(kStages));
  ASSERT_TRUE(firmware);
  for (const Measurement& stage : firmware->entries) {
    ASSERT_TRUE(tpm_->extend(stage.pcr, stage.digests));
  }
  kernel_measures("/sbin/init");
  auto logs = MeasuredLogs::open(*tpm_, folder_ / "logs", {}, outside);
  ASSERT_TRUE(logs) << logs.error().detail;

  ASSERT_TRUE(logs->measure_file(file("ours")));
  ASSERT_TRUE(logs->measure_ecus({kBrake}));
  kernel_measures("/bin/sh");

  EXPECT_EQ(replayed(*logs), "");
  EXPECT_EQ(logs->entries(), 1u) << "files are the kernel's to measure";
  std::filesystem::remove(outside.ima);
  EXPECT_FALSE(logs->logs());
}

}  // namespace
}  // namespace gatehouse::attest

// Campaigns that became records, at a CSE: what stays there, and what a restart makes of it.
#include <gmock/gmock.h>

#include "ae-apps/ota/campaign/desk.h"
#include "ae-apps/sdk/fake_cse.h"
#include "tests/ae-apps/ota/campaign/campaign_fixture.h"

namespace gatehouse::campaign {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// The desk of a server that can be started again.
class DeskRecords : public testing::Test {
 protected:
  DeskRecords() { start(); }
  ~DeskRecords() override { stop(); }

  void start() {
    manager_.emplace(updates_);
    auto& fleet = manager_->fleet();
    fleet.add_ecu(fleet.add("/v0"), "B0", "brake-2");
    updates_.ecus["B0"] = {};
    desk_.emplace(Desk::Parts{[this](const Desk::Task& task) { task(*manager_, now_); },
                              [this](const std::string& text) { said_.push_back(text); },
                              [] {},
                              {kAuthor, kApprover},
                              false});
    sdk::AeSettings settings;
    settings.name = "ota-server";
    settings.ae_id = "CotaServer";
    ae_ = *sdk::Ae::connect(settings, cse_.link());
    const auto attached = desk_->attach(*ae_);
    ASSERT_TRUE(attached) << attached.error().detail;
  }
  void stop() {
    desk_->detach();
    ae_.reset();
    desk_.reset();
  }
  void restart() {
    stop();
    start();
  }
  std::string make(const std::string& name) {
    const std::string text = R"({"name":")" + name + R"(","images":[")" + kBrake + R"("]})";
    return manager_->take_definition(Value(text), kAuthor, "d-" + name, now_).reason;
  }
  std::string command(const std::string& name, const std::string& word) {
    const std::string text = R"({"campaign":")" + name + R"(","command":")" + word + "\"}";
    return manager_->take_command(Value(text), kApprover, "c-" + name + word, now_).reason;
  }
  /// One more than may stay as they are; a second apart, so that the first is the oldest.
  void make_one_too_many() {
    for (std::size_t i = 0; i <= Manager::kMaxEnded; ++i) {
      now_ = now_ + std::chrono::seconds(1);
      const std::string name = "old-" + std::to_string(i);
      ASSERT_EQ(make(name), "");
      ASSERT_EQ(command(name, "stop"), "");
    }
    write_all();
  }
  void write_all() {
    manager_->tick(now_);
    for (int i = 0; desk_->work(); ++i) ASSERT_LT(i, 10'000) << "it does not come to an end";
  }
  std::vector<std::string> labels(const std::string& name) {
    return cse_.find("cse-in/ota-server/campaigns/" + name).strings_at("lbl");
  }

  sdk::FakeCse cse_;
  Timestamp now_ = *parse_timestamp("20300101T120000");
  FakeUpdates updates_;
  std::vector<std::string> said_;
  std::optional<Manager> manager_;
  std::optional<Desk> desk_;
  std::unique_ptr<sdk::Ae> ae_;
};

TEST_F(DeskRecords, StayReadableAndAreNotCommandedAnyMore) {
  make_one_too_many();

  EXPECT_THAT(labels("old-0"), Contains(kRecordLabel));
  EXPECT_THAT(labels("old-1"), Not(Contains(kRecordLabel)));
  const Value definition = cse_.find("cse-in/ota-server/campaigns/old-0/definition/la");
  EXPECT_THAT(to_json(definition), HasSubstr(kBrake)) << "evidence";
}

TEST_F(DeskRecords, KeepTheirNamesAndImagesOverARestart) {
  make_one_too_many();

  restart();

  EXPECT_EQ(manager_->find("old-0"), nullptr);
  EXPECT_NE(manager_->find("old-1"), nullptr);
  EXPECT_EQ(make("old-0"), "name: another campaign is called old-0");
  EXPECT_EQ(command("old-0", "retry"), "campaign: old-0 is over, and kept as a record alone");
}

// The label is written last; the power goes before.
TEST_F(DeskRecords, AreMadeAgainIfTheLabelNeverCame) {
  make_one_too_many();
  ASSERT_TRUE(ae_->update("cse-in/ota-server/campaigns/old-0", "m2m:cnt",
                          Value::object({{"lbl", Value::array({"fota:campaign"})}})));

  restart();
  ASSERT_NE(manager_->find("old-0"), nullptr) << "a campaign that has ended";
  write_all();

  EXPECT_THAT(labels("old-0"), Contains(kRecordLabel));
  EXPECT_EQ(manager_->find("old-0"), nullptr);
}

}  // namespace
}  // namespace gatehouse::campaign

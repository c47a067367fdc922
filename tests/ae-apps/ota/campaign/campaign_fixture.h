#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "ae-apps/ota/campaign/campaign.h"
#include "tests/ae-apps/ota/campaign/fake_updates.h"

namespace gatehouse::campaign {

inline constexpr const char* kAuthor = "/id-in/CAda";
inline constexpr const char* kApprover = "/id-in/CBob";

/// Ten vehicles "/v0" … with a brake "B0" and a lamp "L0" each; the brake's campaign unless said.
class CampaignTest : public testing::Test {
 protected:
  CampaignTest() { add_vehicles(10); }

  void add_vehicles(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(fleet_.size());
      const auto index = fleet_.add("/v" + number);
      fleet_.add_ecu(index, "B" + number, "brake-2");
      fleet_.add_ecu(index, "L" + number, "lamp-1");
      for (const char* kind : {"B", "L"}) fleet_.set_version(kind + number, "1.0.0");
    }
  }
  void make(const std::string& members, const std::string& images = "") {
    const std::string list = images.empty() ? "\"" + kBrake + "\"" : images;
    const auto definition = parse_definition(json(R"({"name":"winter","images":[)" + list + "]" +
                                                  (members.empty() ? "" : ",") + members + "}"),
                                             kAuthor);
    ASSERT_TRUE(definition) << definition.error().detail;
    campaign_.emplace(*definition, fleet_, updates_);
  }
  std::string command(Command::Kind kind, const std::string& by = kAuthor,
                      const std::string& vehicle = "") {
    const auto done = campaign_->command({kind, "winter", vehicle, "because"}, by, now_);
    return done ? "" : done.error().detail;
  }
  void start(const std::string& members = "", const std::string& images = "") {
    make(members, images);
    ASSERT_EQ(command(Command::Kind::kApprove, kApprover), "");
    campaign_->tick(now_);
  }
  void later(std::chrono::seconds by) {
    now_ = now_ + by;
    campaign_->tick(now_);
  }
  void becomes(const std::string& serial, Standing::Kind kind, const std::string& reason = "") {
    updates_.ecus[serial].kind = kind;
    updates_.ecus[serial].reason = reason;
    campaign_->touched(serial, now_);
  }
  std::uint64_t count(Progress progress) const {
    return campaign_->counts()[static_cast<std::size_t>(progress)];
  }
  const Participant& of(const std::string& vehicle) const {
    const auto& all = campaign_->participants();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Participant& each) {
      return fleet_.at(each.vehicle).id == vehicle;
    });
    EXPECT_NE(found, all.end()) << vehicle;
    return *found;
  }
  /// Tells all who may be told, and lets them succeed, until nothing more happens.
  void let_all_succeed() {
    for (int i = 0; i < 100; ++i) {
      const auto ecus = updates_.ecus;
      for (const auto& [serial, ecu] : ecus) {
        if (ecu.kind == Standing::Kind::kUnsent) becomes(serial, Standing::Kind::kRuns);
      }
      later(std::chrono::seconds(1));
    }
  }

  Timestamp now_ = *parse_timestamp("20300101T120000");
  Fleet fleet_;
  FakeUpdates updates_;
  std::optional<Campaign> campaign_;
};

}  // namespace gatehouse::campaign

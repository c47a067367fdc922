// Campaigns that are over: they take no place from new ones, and stay as records.
#include <gmock/gmock.h>

#include "tests/ae-apps/ota/campaign/campaign_fixture.h"

namespace gatehouse::campaign {
namespace {

using testing::HasSubstr;

class RecordsTest : public testing::Test {
 protected:
  RecordsTest() {
    auto& fleet = manager_.fleet();
    fleet.add_ecu(fleet.add("/v0"), "B0", "brake-2");
    updates_.ecus["B0"] = {};
    updates_.images[kBrake].url = "https://ota/" + kBrake;
  }
  std::string make(const std::string& name) {
    const std::string text = R"({"name":")" + name + R"(","images":[")" + kBrake + R"("]})";
    return manager_.take_definition(Value(text), kAuthor, "d-" + name, now_).reason;
  }
  std::string command(const std::string& name, const std::string& word = "stop") {
    const std::string text = R"({"campaign":")" + name + R"(","command":")" + word + "\"}";
    return manager_.take_command(Value(text), kApprover, "c-" + name, now_).reason;
  }
  std::string order() {
    const Value requested = Value::object({{"url", "https://ota/" + kBrake}, {"versn", "1.1.0"}});
    return manager_.take_order("B0", requested, kAuthor, now_).campaign;
  }
  /// Makes and stops so many, a second apart.
  void make_ended(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      now_ = now_ + std::chrono::seconds(1);
      const std::string name = "old-" + std::to_string(i);
      ASSERT_EQ(make(name), "");
      ASSERT_EQ(command(name), "");
    }
  }
  /// Paths of campaigns that became records.
  std::vector<std::string> retired() {
    std::vector<std::string> out;
    for (;;) {
      manager_.tick(now_);
      const auto some = manager_.take_writes(1'000, now_);
      if (some.empty()) return out;
      for (const Write& each : some) {
        if (each.kind == Write::Kind::kRecord) out.push_back(each.path);
      }
    }
  }

  Timestamp now_ = *parse_timestamp("20300101T120000");
  FakeUpdates updates_;
  Manager manager_{updates_};
};

TEST_F(RecordsTest, OnlyOpenCampaignsTakeAPlace) {
  for (std::size_t i = 0; i < Manager::kMaxCampaigns; ++i) {
    ASSERT_EQ(make("open-" + std::to_string(i)), "");
  }
  EXPECT_EQ(make("more"), "name: there are 200 open campaigns already");
  EXPECT_EQ(command("open-0"), "");
  EXPECT_EQ(make("more"), "");
}

TEST_F(RecordsTest, TheOldestEndedOnesBecomeRecordsAndKeepTheirNamesAndImages) {
  make_ended(Manager::kMaxEnded + 2);
  EXPECT_THAT(retired(), testing::ElementsAre("campaigns/old-0", "campaigns/old-1"));
  EXPECT_EQ(manager_.find("old-0"), nullptr);
  EXPECT_NE(manager_.find("old-2"), nullptr);
  EXPECT_EQ(make("old-0"), "name: another campaign is called old-0");
  EXPECT_EQ(command("old-0", "retry"), "campaign: old-0 is over, and kept as a record alone");
  EXPECT_THAT(retired(), testing::IsEmpty());
}

TEST_F(RecordsTest, OrdersOfSingleEcusGoFirst) {
  make_ended(Manager::kMaxEnded);
  now_ = now_ + std::chrono::seconds(1);
  ASSERT_EQ(order(), "update-B0-1");
  ASSERT_EQ(command("update-B0-1"), "");
  EXPECT_THAT(retired(), testing::ElementsAre("campaigns/update-B0-1"));
  EXPECT_EQ(order(), "update-B0-2") << "names are used once";
}

TEST_F(RecordsTest, WhoseVehiclesHaveNotAnsweredStays) {
  ASSERT_EQ(make("told"), "");
  ASSERT_EQ(command("told", "approve"), "");
  manager_.tick(now_);
  ASSERT_EQ(updates_.told, std::vector<std::string>{"B0"});
  updates_.ecus["B0"].kind = Standing::Kind::kOpen;
  ASSERT_EQ(command("told"), "");
  make_ended(Manager::kMaxEnded);
  EXPECT_THAT(retired(), testing::ElementsAre("campaigns/old-0"));
  EXPECT_NE(manager_.find("told"), nullptr);
}

TEST_F(RecordsTest, ARestartKnowsRecordsAgain) {
  const Value stored =
      Value::object({{"author", kAuthor},
                     {"definition", json(R"({"name":"winter","images":[")" + kLamp +
                                         R"("],"stages":[{"name":"a-b"}]})")}});
  ASSERT_TRUE(manager_.restore_record(stored));
  EXPECT_EQ(make("winter"), "name: another campaign is called winter");
  EXPECT_THAT(manager_.images(), testing::ElementsAre(kLamp)) << "campaigns alone hand it out";
  const std::string same_group =
      R"({"name":"winter-a","images":[")" + kBrake + R"("],"stages":[{"name":"b"}]})";
  EXPECT_THAT(manager_.take_definition(Value(same_group), kAuthor, "d", now_).reason,
              HasSubstr("stage-winter-a-b is of campaign winter"));
  EXPECT_FALSE(manager_.restore_record(Value(7)));
}

}  // namespace
}  // namespace gatehouse::campaign

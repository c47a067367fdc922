// What operators get wrong: stages of which nobody can say that they succeeded, names that mean
// nobody.
#include <gmock/gmock.h>

#include "ae-apps/ota/campaign/manager.h"
#include "tests/ae-apps/ota/campaign/campaign_fixture.h"

namespace gatehouse::campaign {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kCanaryFirst =
    R"("rate_per_minute":60000,"stages":[{"name":"canary","vehicles":1},{"name":"rest"}])";

TEST_F(CampaignTest, ACanaryThatDeclinesSaysNothingAboutTheImage) {
  start(kCanaryFirst);
  ASSERT_THAT(updates_.told, SizeIs(1));
  becomes(updates_.told[0], Kind::kFailed, "consent: the user declined");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_EQ(campaign_->reason(), "stage canary: no vehicle was updated: 1 declined");
  EXPECT_THAT(updates_.told, SizeIs(1));
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->active_stage(), 1u) << campaign_->reason();
  let_all_succeed();
  EXPECT_EQ(campaign_->state(), State::kFinished);
  EXPECT_EQ(count(Progress::kUpdated), 9u);
}

TEST_F(CampaignTest, ACanaryThatIsTriedAgainDecidesAfterAll) {
  start(kCanaryFirst);
  becomes(updates_.told[0], Kind::kFailed, "consent: the user declined");
  later(std::chrono::seconds(1));
  ASSERT_EQ(campaign_->state(), State::kPaused);
  EXPECT_EQ(command(Command::Kind::kRetry), "");
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(60));
  EXPECT_EQ(campaign_->active_stage(), 0u);
  EXPECT_EQ(count(Progress::kTold), 1u);
  let_all_succeed();
  EXPECT_EQ(count(Progress::kUpdated), 10u);
}

TEST_F(CampaignTest, AStageThatTakesNobodyIsNoSuccess) {
  start(R"("rate_per_minute":60000,
      "stages":[{"name":"canary","filter":{"labels":["region:eo"]}},{"name":"rest"}])");
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_EQ(campaign_->reason(), "stage canary: no vehicle was updated: none fits");
  EXPECT_EQ(count(Progress::kTold), 0u);
}

TEST_F(CampaignTest, WhereNobodyIsLeftAnEmptyStageHoldsNothingUp) {
  for (int i = 1; i < 10; ++i) updates_.ecus["B" + std::to_string(i)].kind = Kind::kRuns;
  start(R"("rate_per_minute":60000,
      "stages":[{"name":"canary","vehicles":1},{"name":"more","percent":50},{"name":"rest"}])");
  let_all_succeed();
  EXPECT_EQ(campaign_->state(), State::kFinished) << campaign_->reason();
  EXPECT_EQ(campaign_->reason(), "");
}

TEST_F(CampaignTest, ACampaignThatUpdatesNobodySaysSo) {
  start(R"("filter":{"labels":["region:eo"]})");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kFinished);
  EXPECT_EQ(campaign_->reason(), "no vehicle fits the filter");
}

class Mistakes : public CampaignTest {
 protected:
  Mistakes() {
    for (const char* number : {"0", "1"}) {
      const auto index = manager_.fleet().add(std::string("/v") + number);
      manager_.fleet().add_ecu(index, std::string("B") + number, "brake-2");
    }
  }
  std::string define(const std::string& members, const std::string& name = "winter") {
    return manager_
        .take_definition(Value(R"({"name":")" + name + R"(","images":[")" + kBrake + "\"]" +
                               (members.empty() ? "" : ",") + members + "}"),
                         kAuthor, "d", now_)
        .reason;
  }
  Manager manager_{updates_};
};

TEST_F(Mistakes, NamesThatMeanNobodyAreRefused) {
  EXPECT_EQ(define(R"("filter":{"vehicles":["/v0","/v7"]})"),
            "filter.vehicles[1]: there is no vehicle /v7");
  EXPECT_EQ(define(R"("filter":{"except":["v1"]})"), "filter.except[0]: there is no vehicle v1");
  EXPECT_EQ(define(R"("filter":{"ecus":["B0","b1"]})"), "filter.ecus[1]: there is no ECU b1");
  EXPECT_EQ(define(R"("stages":[{"name":"a","filter":{"except":["/w"]}},{"name":"b"}])"),
            "stages[0].filter.except[0]: there is no vehicle /w");
  EXPECT_EQ(manager_.names(), std::vector<std::string>{});
  EXPECT_EQ(define(R"("filter":{"vehicles":["/v0"],"except":["/v1"],"ecus":["B0"]})"), "");
}

TEST_F(Mistakes, NobodyIsNamedTwice) {
  for (const std::string each : {"vehicles", "except", "ecus", "labels", "versions"}) {
    const std::string name = each == "ecus" ? "B0" : "/v0";
    EXPECT_EQ(define("\"filter\":{\"" + each + "\":[\"" + name + "\",\"" + name + "\"]}"),
              "filter." + each + "[1]: is there twice");
  }
}

TEST_F(Mistakes, NoTwoStagesShareAGroup) {
  EXPECT_EQ(define(R"("stages":[{"name":"c"}])", "a-b"), "");
  EXPECT_EQ(define(R"("stages":[{"name":"b-c"}])", "a"),
            "stages[0].name: its <group> stage-a-b-c is that of campaign a-b's stage c");
  EXPECT_EQ(define(R"("stages":[{"name":"c"}])", "a"), "");
}

TEST(FleetFilters, AVehicleThatIsNamedTwiceIsSelectedOnce) {
  Fleet fleet;
  fleet.add("/v0");
  EXPECT_THAT(fleet.select({.vehicles = {"/v0", "/v0"}}, {}), SizeIs(1));
}

}  // namespace
}  // namespace gatehouse::campaign

// Campaigns that reach nobody, or not whom their author meant: that is never a success.
#include <gmock/gmock.h>

#include "ae-apps/ota/campaign/management_views.h"
#include "tests/ae-apps/ota/campaign/campaign_fixture.h"

namespace gatehouse::campaign {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using Kind = Standing::Kind;

TEST_F(CampaignTest, ACanaryWhoseUserDeclinesPauses) {
  start(R"("rate_per_minute":60000,"stages":[{"name":"canary","vehicles":1},{"name":"rest"}])");
  ASSERT_THAT(updates_.told, SizeIs(1));
  becomes(updates_.told[0], Kind::kFailed, "consent: the user declined");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_THAT(campaign_->reason(), HasSubstr("stage canary: updated no vehicle"));
  EXPECT_THAT(updates_.told, SizeIs(1));
  // The operator has looked.
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->active_stage(), 1u) << campaign_->reason();
  EXPECT_THAT(updates_.told, SizeIs(10));
}

TEST_F(CampaignTest, AStageThatNobodyFitsPauses) {
  start(R"("rate_per_minute":60000,
      "stages":[{"name":"canary","filter":{"labels":["mistyped"]}},{"name":"rest"}])");
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_THAT(campaign_->reason(), HasSubstr("stage canary: updated no vehicle"));
  EXPECT_THAT(updates_.told, IsEmpty());
}

TEST_F(CampaignTest, WhoFitsWhileItIsPausedIsStillACanary) {
  start(R"("rate_per_minute":60000,
      "stages":[{"name":"canary","filter":{"labels":["test"]}},{"name":"rest"}])");
  ASSERT_EQ(campaign_->state(), State::kPaused);
  add_vehicles(1);
  fleet_.set_label("test", {"/v10"});
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->active_stage(), 0u);
  EXPECT_THAT(updates_.told, testing::ElementsAre("B10"));
}

TEST_F(CampaignTest, WhatFitsNobodyAtAllPausesAndSaysSo) {
  start(R"("filter":{"labels":["mistyped"]})");
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_THAT(campaign_->reason(), StartsWith("filter: no vehicle fits"));
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kFinished);
  EXPECT_EQ(campaign_->reason(), "no vehicle took part");
  EXPECT_EQ(software_status(*campaign_).find("ins")->integer_at("sus"), 2) << "no success";
}

TEST_F(CampaignTest, AVehicleThatIsListedTwiceTakesPartOnce) {
  start(R"("rate_per_minute":60000,"filter":{"vehicles":["/v1","/v2","/v1"]})");
  EXPECT_THAT(campaign_->participants(), SizeIs(2));
  let_all_succeed();
  EXPECT_EQ(campaign_->state(), State::kFinished);
  EXPECT_EQ(count(Progress::kUpdated), 2u);
}

/// The fleet of a manager: "/v0" with "B0", "/v1" with "B1".
class NamesTest : public testing::Test {
 protected:
  NamesTest() {
    auto& fleet = manager_.fleet();
    fleet.add_ecu(fleet.add("/v0"), "B0", "brake-2");
    fleet.add_ecu(fleet.add("/v1"), "B1", "brake-2");
  }
  std::string refusal(const std::string& members, const std::string& name = "winter") {
    const std::string text =
        R"({"name":")" + name + R"(","images":[")" + kBrake + R"("],)" + members + "}";
    return manager_.take_definition(Value(text), kAuthor, "d" + name, now_).reason;
  }

  Timestamp now_ = *parse_timestamp("20300101T120000");
  FakeUpdates updates_;
  Manager manager_{updates_};
};

TEST_F(NamesTest, WhatIsListedTwiceIsRefused) {
  EXPECT_EQ(refusal(R"("filter":{"vehicles":["/v0","/v1","/v0"]})"),
            "filter.vehicles[2]: /v0 is there twice");
  EXPECT_EQ(refusal(R"("filter":{"except":["/v0","/v0"]})"),
            "filter.except[1]: /v0 is there twice");
  EXPECT_EQ(refusal(R"("filter":{"ecus":["B0","B0"]})"), "filter.ecus[1]: B0 is there twice");
  EXPECT_EQ(
      refusal(R"("stages":[{"name":"a","filter":{"vehicles":["/v0","/v0"]}},{"name":"rest"}])"),
      "stages[0].filter.vehicles[1]: /v0 is there twice");
}

TEST_F(NamesTest, WhatIsNotInTheFleetIsRefused) {
  EXPECT_EQ(refusal(R"("filter":{"vehicles":["/v0","/vO"]})"),
            "filter.vehicles[1]: there is no vehicle /vO");
  EXPECT_EQ(refusal(R"("filter":{"except":["/vO"]})"), "filter.except[0]: there is no vehicle /vO");
  EXPECT_EQ(refusal(R"("filter":{"ecus":["BO"]})"), "filter.ecus[0]: there is no ECU BO");
  EXPECT_EQ(refusal(R"("stages":[{"name":"a","filter":{"except":["/x"]}},{"name":"rest"}])"),
            "stages[0].filter.except[0]: there is no vehicle /x");
  EXPECT_EQ(refusal(R"("filter":{"vehicles":["/v0"],"ecus":["B0"]})"), "");
}

TEST_F(NamesTest, TheDryRunSaysWhatTheFleetHasNot) {
  ASSERT_EQ(refusal(R"("filter":{"labels":["nobody"]},
      "stages":[{"name":"a","filter":{"labels":["none"]}},{"name":"rest"}])"),
            "");
  // It was accepted when there was such a vehicle; the fleet's file has lost it since.
  const Value stored = Value::object(
      {{"author", kAuthor},
       {"definition", json(R"({"name":"old","images":[")" + kBrake +
                           R"("],"filter":{"vehicles":["/v0","/v9"],"except":["/v8"]}})")}});
  ASSERT_TRUE(manager_.restore(stored, Value(), {}));
  const auto warnings = [&](const char* name) {
    const Campaign& campaign = *manager_.find(name);
    return campaign.document(campaign.plan(), 0, 200).strings_at("warnings");
  };
  EXPECT_THAT(warnings("winter"),
              testing::ElementsAre("filter.labels[0]: no vehicle has the label nobody",
                                   "stages[0].filter.labels[0]: no vehicle has the label none",
                                   "no vehicle gets anything"));
  EXPECT_THAT(warnings("old"), testing::ElementsAre("filter.vehicles[1]: there is no vehicle /v9",
                                                    "filter.except[0]: there is no vehicle /v8"));
}

TEST_F(NamesTest, AGroupIsOfOneStageOfOneCampaign) {
  ASSERT_EQ(refusal(R"("stages":[{"name":"c"}])", "a-b"), "");
  EXPECT_EQ(refusal(R"("stages":[{"name":"b-c"}])", "a"),
            "stages[0].name: the group stage-a-b-c is of campaign a-b already");
  EXPECT_EQ(refusal(R"("stages":[{"name":"c"}])", "a"), "");
}

}  // namespace
}  // namespace gatehouse::campaign

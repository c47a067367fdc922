// ECUs that do not sign themselves, in campaigns.
#include <algorithm>

#include "tests/ae-apps/ota/campaign/campaign_fixture.h"

namespace gatehouse::campaign {
namespace {

TEST_F(CampaignTest, ItsRecordsSayWhoSignedAlsoThoseOfOlderServers) {
  updates_.ecus["B1"].signed_by = "gateway";
  start(R"("rate_per_minute":60000)");
  const auto signer = [&](const std::string& vehicle) {
    const Value document = campaign_->document(of(vehicle));
    return (*document.find("ecus")->as_array())[0].find("before")->string_at("signed_by");
  };
  EXPECT_EQ(signer("/v0"), "ecu");
  EXPECT_EQ(signer("/v1"), "gateway");
  Value old = campaign_->document(of("/v0"));
  old.find("ecus")->as_array()->front().find("before")->set("signed_by", "full");
  make("");
  ASSERT_TRUE(campaign_->restore_participant(old));
  EXPECT_EQ(signer("/v0"), "ecu");
}

TEST_F(CampaignTest, MayLeaveOutEcusThatTheGatewaySignsFor) {
  updates_.ecus["B1"].signed_by = "gateway";
  make(R"("allow_gateway_level":false,"rate_per_minute":60000)");
  const Plan plan = campaign_->plan();
  EXPECT_EQ(plan.gets, 9u);
  const Value document = campaign_->document(plan, 0, 200);
  Value vehicle;
  for (const Value& each : *document.find("vehicles")->as_array()) {
    if (each.string_at("vehicle") == "/v1") vehicle = each;
  }
  EXPECT_FALSE(vehicle.bool_at("gets", true));
  EXPECT_EQ(vehicle.string_at("reason"), "B1: the gateway signs for it");
  const Value& ecu = (*vehicle.find("ecus")->as_array())[0];
  EXPECT_EQ(ecu.string_at("ecu"), "B1");
  EXPECT_EQ(ecu.string_at("signed_by"), "gateway");
  EXPECT_EQ(ecu.string_at("why_not"), "the gateway signs for it");

  ASSERT_EQ(command(Command::Kind::kApprove, kApprover), "");
  campaign_->tick(now_);

  EXPECT_EQ(of("/v1").progress, Progress::kExcluded);
  EXPECT_EQ(std::count(updates_.told.begin(), updates_.told.end(), "B1"), 0);
  EXPECT_EQ(updates_.told.size(), 9u);
}

TEST_F(CampaignTest, TakesEcusThatTheGatewaySignsForUnlessItSaysSo) {
  updates_.ecus["B1"].signed_by = "gateway";
  start(R"("rate_per_minute":60000)");
  EXPECT_EQ(of("/v1").progress, Progress::kTold);
}

}  // namespace
}  // namespace gatehouse::campaign

#include "ae-apps/ota/server/campaign_port.h"

#include <gmock/gmock.h>

#include "tests/ae-apps/ota/server/vehicle_fixture.h"

namespace gatehouse::ota_server {
namespace {

using Kind = campaign::Standing::Kind;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// The Director with one vehicle and an image for its brake; nothing is offered by itself.
class CampaignPortTest : public testing::Test {
 protected:
  CampaignPortTest() {
    director_.set_images({{"file11", "1111", "brake", "1.1.0", "brake-2", 11, 5'000, "brake/1.1.0"},
                          {"file12", "1212", "brake", "1.2.0", "brake-2", 12, 5'000, ""},
                          {"lamp", "2222", "lamp", "2.0.0", "lamp-1", 20, 5'000, "lamp/2.0.0"}});
    port_.set_time(now_);
  }
  static Rules rules() {
    Rules out;
    out.automatic_offers = false;
    return out;
  }
  Kind standing(const std::string& image = "file11") const {
    return port_.standing("BRK-1", image, {}).kind;
  }
  /// The vehicle is asked, and says that the brake runs this.
  void runs(const std::string& version, std::uint64_t counter, const std::string& payload) {
    port_.ask("/id-mn");
    const Outgoing inquiry = director_.pending().back();
    director_.delivered(inquiry);
    director_.take_report(
        message(
            "inventory", inquiry.key,
            {brake_report(inquiry.content.string_at("nonce"), version, counter, payload).entry()}),
        now_);
  }
  Outgoing offered() const {
    for (const Outgoing& each : director_.pending()) {
      if (each.kind == Outgoing::Kind::kOffer) return each;
    }
    ADD_FAILURE() << "there is no offer";
    return {};
  }
  void completes(const std::string& version, std::uint64_t counter, const std::string& payload,
                 const std::string& nonce) {
    director_.take_report(
        message("completion", nonce, {brake_report(nonce, version, counter, payload).entry()}),
        now_);
  }

  crypto::SeededRandom random_{1};
  Timestamp now_{1'800'000'000'000'000};
  Director director_{rules(), {test_vehicle()}, random_};
  CampaignPort port_{director_, "https://ota.example/images/"};
};

TEST_F(CampaignPortTest, OnlyAVerifiedReportMakesAnEcuRunIt) {
  EXPECT_EQ(standing(), Kind::kUnknown);
  runs("1.0.0", 10, "0a0a");
  EXPECT_EQ(standing(), Kind::kMayGo);
  EXPECT_EQ(port_.standing("BRK-1", "file11", {}).proven.version, "1.0.0");
  EXPECT_EQ(port_.offer("BRK-1", "file11", {}), "");
  EXPECT_EQ(standing(), Kind::kUnsent);
  EXPECT_EQ(port_.standing("BRK-1", "lamp", {}).kind, Kind::kBusy);
  const Outgoing offer = offered();
  ASSERT_TRUE(director_.begin_sending(offer));
  EXPECT_EQ(standing(), Kind::kOpen) << "it may have arrived";
  director_.delivered(offer);
  completes("1.1.0", 11, "1111", std::string(64, 'a'));  // over a nonce that nobody gave
  EXPECT_EQ(standing(), Kind::kOpen);
  completes("1.1.0", 11, "1111", offer.key);
  EXPECT_EQ(standing(), Kind::kRuns);
}

TEST_F(CampaignPortTest, AnotherBootedImageIsAFailureThatCanBeForgiven) {
  runs("1.0.0", 10, "0a0a");
  ASSERT_EQ(port_.offer("BRK-1", "file11", {}), "");
  const Outgoing offer = offered();
  director_.delivered(offer);
  completes("1.0.0", 10, "0a0a", offer.key);
  EXPECT_EQ(standing(), Kind::kFailed);
  EXPECT_THAT(port_.offer("BRK-1", "file11", {}), HasSubstr("the image failed on this ECU"));
  port_.forgive("BRK-1", "file11");
  EXPECT_EQ(standing(), Kind::kMayGo);
}

TEST_F(CampaignPortTest, WhatIsNotSentIsTakenBackAndNotSentAnyMore) {
  runs("1.0.0", 10, "0a0a");
  ASSERT_EQ(port_.offer("BRK-1", "file11", {}), "");
  const Outgoing offer = offered();
  port_.withdraw("BRK-1", "lamp");
  EXPECT_EQ(standing(), Kind::kUnsent);
  port_.withdraw("BRK-1", "file11");
  EXPECT_EQ(standing(), Kind::kMayGo);
  EXPECT_FALSE(director_.begin_sending(offer));
  ASSERT_EQ(port_.offer("BRK-1", "file11", {}), "");
  ASSERT_TRUE(director_.begin_sending(offered()));
  port_.withdraw("BRK-1", "file11");
  EXPECT_EQ(standing(), Kind::kOpen) << "it is on its way";
}

TEST_F(CampaignPortTest, WhatMustNotGoDoesNot) {
  EXPECT_EQ(standing("file12"), Kind::kObjection);
  EXPECT_THAT(port_.image("file12")->objection, HasSubstr("does not describe it"));
  EXPECT_EQ(port_.standing("BRK-1", "lamp", {}).kind, Kind::kObjection);
  EXPECT_EQ(port_.standing("BRK-9", "file11", {}).kind, Kind::kObjection);
  runs("1.3.0", 13, "1313");
  EXPECT_THAT(port_.standing("BRK-1", "file11", {}).reason, HasSubstr("is not greater than 13"));
  EXPECT_THAT(port_.offer("BRK-1", "file11", {}), HasSubstr("is not greater than 13"));
}

TEST_F(CampaignPortTest, AReleaseIsOfferedAsAWhole) {
  const image::ReleaseRequirement spring{"spring", 2};
  director_.set_images(
      {{"file11", "1111", "brake", "1.1.0", "brake-2", 11, 5'000, "brake/1.1.0", spring},
       {"lamp", "2222", "lamp", "2.0.0", "lamp-1", 20, 5'000, "lamp/2.0.0", spring}});
  EXPECT_EQ(port_.image("lamp")->release_images, 2u);
  runs("1.0.0", 10, "0a0a");
  EXPECT_THAT(port_.offer("BRK-1", "file11", {}), HasSubstr("LMP-2: no verified report"));
  EXPECT_EQ(standing(), Kind::kMayGo);
  port_.set_time(now_ = now_ + std::chrono::minutes(2));
  port_.ask("/id-mn");
  const Outgoing inquiry = director_.pending().front();
  ASSERT_EQ(inquiry.kind, Outgoing::Kind::kInquiry);
  const std::string nonce = inquiry.content.string_at("nonce");
  director_.take_report(
      message("inventory", inquiry.key, {lamp_report(nonce, "1.0.0", 10).entry()}), now_);
  EXPECT_EQ(port_.offer("BRK-1", "file11", {}), "");
  EXPECT_EQ(standing(), Kind::kUnsent);
  EXPECT_EQ(port_.standing("LMP-2", "lamp", {}).kind, Kind::kUnsent);
}

TEST_F(CampaignPortTest, ACampaignMayLeaveOutEcusThatTheGatewaySignsFor) {
  const campaign::Terms strict{.allow_gateway_level = false};
  const std::string why =
      "the gateway signs for it, which the campaign does not allow (allow_gateway_level)";
  EXPECT_EQ(port_.standing("LMP-2", "lamp", {}).kind, Kind::kUnknown) << "allowed by default";
  EXPECT_EQ(port_.standing("LMP-2", "lamp", strict).kind, Kind::kObjection) << "nobody is asked";
  runs("1.0.0", 10, "0a0a");
  port_.set_time(now_ = now_ + std::chrono::minutes(2));
  port_.ask("/id-mn");
  const Outgoing inquiry = director_.pending().front();
  director_.delivered(inquiry);
  director_.take_report(
      message("inventory", inquiry.key,
              {lamp_report(inquiry.content.string_at("nonce"), "1.0.0", 10).entry()}),
      now_);

  EXPECT_EQ(port_.standing("LMP-2", "lamp", {}).kind, Kind::kMayGo);
  EXPECT_EQ(port_.standing("LMP-2", "lamp", strict).kind, Kind::kObjection);
  EXPECT_EQ(port_.standing("LMP-2", "lamp", strict).reason, why);
  EXPECT_EQ(port_.offer("LMP-2", "lamp", strict), why);
  EXPECT_FALSE(director_.facts_of("LMP-2")->record->offer.has_value());
  EXPECT_EQ(port_.standing("BRK-1", "file11", strict).kind, Kind::kMayGo) << "it signs itself";
  EXPECT_EQ(port_.offer("BRK-1", "file11", strict), "");
}

TEST_F(CampaignPortTest, AReleaseBringsInNoEcuThatItsCampaignLeavesOut) {
  const image::ReleaseRequirement spring{"spring", 2};
  director_.set_images(
      {{"file11", "1111", "brake", "1.1.0", "brake-2", 11, 5'000, "brake/1.1.0", spring},
       {"lamp", "2222", "lamp", "2.0.0", "lamp-1", 20, 5'000, "lamp/2.0.0", spring}});
  port_.ask("/id-mn");
  const Outgoing inquiry = director_.pending().back();
  const std::string nonce = inquiry.content.string_at("nonce");
  director_.take_report(message("inventory", inquiry.key,
                                {brake_report(nonce, "1.0.0", 10, "0a0a").entry(),
                                 lamp_report(nonce, "1.0.0", 10).entry()}),
                        now_);

  EXPECT_THAT(port_.offer("BRK-1", "file11", {.allow_gateway_level = false}),
              HasSubstr("LMP-2: the gateway signs for it"));
  EXPECT_EQ(standing(), Kind::kMayGo) << "nothing was offered";
  EXPECT_EQ(port_.offer("BRK-1", "file11", {}), "");
}

TEST_F(CampaignPortTest, WhatTheManifestRequiresOfOtherEcusIsWaitedFor) {
  ImageFacts brake{"file11", "1111", "brake", "1.1.0", "brake-2", 11, 5'000, "brake/1.1.0"};
  brake.requirements = {"LMP-2>=1.5"};
  ImageFacts lamp{"lamp", "2222", "lamp", "2.0.0", "lamp-1", 20, 5'000, "lamp/2.0.0"};
  director_.set_images({brake, lamp});
  runs("1.0.0", 10, "0a0a");
  EXPECT_EQ(standing(), Kind::kUnknown) << "the vehicle is asked";
  EXPECT_THAT(port_.offer("BRK-1", "file11", {}), HasSubstr("it is not known what LMP-2 runs"));
  port_.set_time(now_ = now_ + std::chrono::minutes(2));
  port_.ask("/id-mn");
  const Outgoing inquiry = director_.pending().front();
  director_.take_report(
      message("inventory", inquiry.key,
              {lamp_report(inquiry.content.string_at("nonce"), "1.0.0", 10).entry()}),
      now_);
  EXPECT_EQ(standing(), Kind::kObjection);
  EXPECT_EQ(port_.offer("BRK-1", "file11", {}),
            "the image requires LMP-2>=1.5; LMP-2 would run 1.0.0");
  // Of one release, the other's new version counts.
  brake.release = lamp.release = image::ReleaseRequirement{"spring", 2};
  director_.set_images({brake, lamp});
  EXPECT_EQ(standing(), Kind::kMayGo);
  EXPECT_EQ(port_.offer("BRK-1", "file11", {}), "");
}

TEST_F(CampaignPortTest, TheImagesOfCampaignsAreNotOfferedByThemselves) {
  Director automatic({}, {test_vehicle()}, random_);
  automatic.set_images({{"file11", "1111", "brake", "1.1.0", "brake-2", 11, 5'000, "brake/1.1.0"}});
  automatic.hold_images({"file11"});
  automatic.ask_vehicle("/id-mn", now_);
  const Outgoing inquiry = automatic.pending().back();
  automatic.delivered(inquiry);
  automatic.take_report(
      message("inventory", inquiry.key,
              {brake_report(inquiry.content.string_at("nonce"), "1.0.0", 10, "0a0a").entry()}),
      now_);
  EXPECT_EQ(automatic.facts_of("BRK-1")->record->version, "1.0.0");
  EXPECT_FALSE(automatic.facts_of("BRK-1")->record->offer.has_value());
  EXPECT_THAT(automatic.take_touched(), UnorderedElementsAre("BRK-1"));
}

}  // namespace
}  // namespace gatehouse::ota_server

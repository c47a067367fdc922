// What of a report is believed, and what is offered to whom.
#include "tests/ae-apps/ota/server/director_world.h"

namespace gatehouse::ota_server {
namespace {

// --- wrong reports -----------------------------------------------------------------------------

struct Wrong {
  const char* name;
  std::function<void(TestReport&)> spoil;
  const char* reason;
};

const Wrong kWrongReports[] = {
    {"another key", [](TestReport& r) { r.key = &TestKeys::get().stranger; }, "another key"},
    {"another nonce", [](TestReport& r) { r.content.nonce = std::string(64, 'a'); }, "nonce"},
    {"another serial", [](TestReport& r) { r.content.serial = "BRK-9"; }, "serial number BRK-9"},
    {"another hardware", [](TestReport& r) { r.content.hardware_id = "brake-1"; }, "brake-1"},
    {"level lowered to the gateway's",
     [](TestReport& r) {
       r.level = "gateway";
       r.key = &TestKeys::get().gateway;
     },
     "\"full\" is registered"},
    {"signed by the gateway as full", [](TestReport& r) { r.key = &TestKeys::get().gateway; },
     "another key"},
};

TEST_F(DirectorTest, WrongInventoriesAreCountedAndChangeNothingElse) {
  director_->set_images({brake_image("1.1.0", 11, kSha11)});
  std::uint64_t rejected = 0;
  for (const Wrong& wrong : kWrongReports) {
    SCOPED_TRACE(wrong.name);
    ask();
    TestReport entry = inventory();
    wrong.spoil(entry);

    tell_inventory(entry);

    EXPECT_EQ(last().string_at("event"), "report-rejected");
    EXPECT_THAT(last().string_at("reason"), HasSubstr(wrong.reason));
    EXPECT_FALSE(last().bool_at("verified", true));
    EXPECT_EQ(record().rejected_reports, ++rejected);
    EXPECT_EQ(record().version, "unknown");
    EXPECT_EQ(record().failures, 0u);
    EXPECT_EQ(offers_, 0);
  }
}

TEST_F(DirectorTest, WrongCompletionsLeaveTheOfferOpen) {
  make_offer();
  for (const Wrong& wrong : kWrongReports) {
    SCOPED_TRACE(wrong.name);
    TestReport entry = completion();
    wrong.spoil(entry);

    complete(entry);

    EXPECT_EQ(last().string_at("event"), "report-rejected");
    EXPECT_THAT(last().string_at("reason"), HasSubstr(wrong.reason));
    EXPECT_EQ(record().version, "1.0.0");
    EXPECT_TRUE(record().offer.has_value());
  }
  complete(completion());
  EXPECT_EQ(last().string_at("event"), "updated");
}

TEST_F(DirectorTest, ABrokenSignatureIsRejected) {
  ask();
  Value entry = inventory().entry();
  Bytes signature = *from_base64(entry.string_at("signature"));
  signature.back() ^= 1;
  entry.set("signature", to_base64(signature));

  report(message("inventory", inquiry_id(), {entry}));

  EXPECT_THAT(last().string_at("reason"), HasSubstr("wrong signature"));
}

TEST_F(DirectorTest, AnAlteredReportIsRejected) {
  ask();
  Value entry = inventory().entry();
  std::string text = entry.string_at("report");
  text.replace(text.find("1.0.0"), 5, "9.0.0");
  entry.set("report", text);

  report(message("inventory", inquiry_id(), {entry}));

  EXPECT_THAT(last().string_at("reason"), HasSubstr("wrong signature"));
  EXPECT_EQ(record().version, "unknown");
}

TEST_F(DirectorTest, AnEmptyInventoryIsTold) {
  director_->take_report(message("inventory", "x", {}), now_);

  const auto steps = director_->take_steps();
  ASSERT_FALSE(steps.empty());
  EXPECT_EQ(steps.back().event, "report-rejected");
}

TEST_F(DirectorTest, AnUnknownNonceIsRejected) {
  ask();
  report(message("inventory", "inquiry-99", {inventory().entry()}));
  EXPECT_THAT(last().string_at("reason"), HasSubstr("nonce is unknown"));

  report(message("completion", std::string(64, 'b'), {inventory().entry()}));
  EXPECT_THAT(last().string_at("reason"), HasSubstr("nonce is unknown"));
}

TEST_F(DirectorTest, AReportOfAnotherInquiryCannotBeReplayed) {
  ask();
  const Value old = inventory().entry();
  ask();
  report(message("inventory", inquiry_id(), {old}));

  EXPECT_THAT(last().string_at("reason"), HasSubstr("nonce is not the one of the challenge"));
}

TEST_F(DirectorTest, AnInventoryDoesNotCompleteAnOffer) {
  make_offer();
  ask();
  report(message("completion", offer_nonce(), {inventory("1.1.0", 11, kSha11).entry()}));

  EXPECT_EQ(last().string_at("event"), "report-rejected");
  EXPECT_TRUE(record().offer.has_value());
}

TEST_F(DirectorTest, AnEcuThatWasNotAskedIsRejected) {
  director_->add_image(brake_image("1.1.0", 11, kSha11), now_);
  deliver();
  report(message("inventory", inquiry_id(), {lamp_report(inquiry_nonce(), "3.0.0", 3).entry()}));

  EXPECT_THAT(last("LMP-2").string_at("reason"), HasSubstr("not for this ECU"));
}

TEST_F(DirectorTest, AnotherVehicleCannotSpeakForTheEcu) {
  Vehicle other;
  other.cse_id = "/id-other";
  Director director(rules(), {test_vehicle(), other}, random_);
  director.take_command(Value::object({{"ask", "/id-mn"}}), now_);
  const Value inquiry = director.pending().at(0).content;
  const TestReport entry = brake_report(inquiry.string_at("nonce"), "1.0.0", 10, kSha10);

  director.take_report(
      message("inventory", inquiry.string_at("inquiry"), {entry.entry()}, "/id-other"), now_);

  EXPECT_EQ(director.record("BRK-1").string_at("version"), "unknown");
  EXPECT_EQ(director.take_steps().back().event, "report-rejected");
}

TEST_F(DirectorTest, NoContentOfAReportOrACommandDoesHarm) {
  const std::string big(kMaxMessageBytes + 1, 'x');
  const Value entry = Value::object({{"ecu", "BRK-1"},
                                     {"level", "full"},
                                     {"report", std::string(5'000, 'r')},
                                     {"signature", "AAAA"},
                                     {"key_id", "00"}});
  const Value odd[] = {Value(),
                       Value(7),
                       Value("{"),
                       Value("[]"),
                       Value(big),
                       Value::object({{"vehicle", big}}),
                       Value::object({{"vehicle", "/id-mn"}}),
                       Value::object({{"vehicle", "/id-mn"}, {"purpose", "gossip"}}),
                       Value::object({{"vehicle", "/id-mn"}, {"purpose", "inventory"}}),
                       Value::object({{"vehicle", "/id-xx"}, {"purpose", "check"}}),
                       message("inventory", "i", {Value(1)}),
                       message("inventory", "i", {entry}),
                       message("inventory", "i", Value::Array(65, inventory().entry())),
                       message("completion", "i", {}),
                       message("refusal", "i", {}),
                       with_error(message("inventory", "i", {}), "NOBODY", "inventory", "x"),
                       Value::object({{"ask", 7}}),
                       Value::object({{"ask", "/id-xx"}}),
                       Value::object({{"offer", "x"}}),
                       Value::object({{"offer", "x"}, {"ecu", "Y"}, {"vehicle", "/id-mn"}})};
  for (const Value& each : odd) {
    SCOPED_TRACE(to_json(each).substr(0, 100));
    director_->take_report(each, now_);
    director_->take_command(each, now_);
  }
  EXPECT_TRUE(director_->pending().empty());
  EXPECT_EQ(record().version, "unknown");
}

// --- E -----------------------------------------------------------------------------------------

TEST_F(DirectorTest, TheOfferHoldsAllThatTheGatewayNeeds) {
  make_offer();

  EXPECT_EQ(offer_to_, "/id-mn/cse-mn/ecu-BRK-1/firmware");
  EXPECT_EQ(offer_.string_at("url"), "https://ota.example/images/file-1.1.0");
  EXPECT_EQ(offer_.string_at("vr"), "1.1.0");
  EXPECT_EQ(offer_.string_at("fwn"), "brake");
  EXPECT_TRUE(offer_.bool_at("ud"));
  EXPECT_EQ(offer_nonce().size(), 64u);
  EXPECT_EQ(label(offer_, "image:"), "file-1.1.0");
}

TEST_F(DirectorTest, TheHighestReleaseCounterWins) {
  director_->set_images({brake_image("1.1.0", 11, kSha11), brake_image("1.2.0", 12, kSha12),
                         brake_image("0.9.0", 9, "0909")});
  ask();
  tell_inventory(inventory());

  EXPECT_EQ(offer_.string_at("vr"), "1.2.0");
}

TEST_F(DirectorTest, AnOlderImageIsRefusedByTheServerItself) {
  director_->set_images({brake_image("0.9.0", 9, "0909")});
  ask();
  tell_inventory(inventory());
  ASSERT_EQ(offers_, 0);
  command_offer("file-0.9.0", false);

  EXPECT_EQ(offers_, 0);
  EXPECT_EQ(last().string_at("event"), "refused");
  EXPECT_THAT(last().string_at("reason"), HasSubstr("release counter 9 is not greater than 10"));
}

TEST_F(DirectorTest, ForceOffersAnOlderImageSoThatTheCarCanRefuseIt) {
  director_->set_images({brake_image("0.9.0", 9, "0909")});
  ask();
  tell_inventory(inventory());
  command_offer("file-0.9.0", true);
  ASSERT_EQ(offers_, 1);
  report(with_error(
      message("refusal", offer_nonce(), {brake_report(offer_nonce(), "1.0.0", 10, kSha10).entry()}),
      "BRK-1", "verify", "rollback"));

  EXPECT_EQ(last().string_at("event"), "failed");
  EXPECT_EQ(last().string_at("reason"), "verify: rollback");
  EXPECT_TRUE(last().bool_at("verified"));
  EXPECT_EQ(record().version, "1.0.0");
}

TEST_F(DirectorTest, AFailedImageIsOfferedAgainOnlyByForce) {
  make_offer();
  complete(completion("1.0.0", 10, kSha10));
  command_offer("file-1.1.0", false);
  EXPECT_THAT(last().string_at("reason"), HasSubstr("failed on this ECU"));
  EXPECT_EQ(offers_, 1);
  command_offer("file-1.1.0", true);
  EXPECT_EQ(offers_, 2);
  complete(completion());
  EXPECT_EQ(last().string_at("event"), "updated");
}

TEST_F(DirectorTest, AfterAFailureANewerImageIsOffered) {
  make_offer();
  complete(completion("1.0.0", 10, kSha10));
  director_->add_image(brake_image("1.2.0", 12, kSha12), now_);
  deliver();
  tell_inventory(inventory());

  EXPECT_EQ(offers_, 2);
  EXPECT_EQ(offer_.string_at("vr"), "1.2.0");
}

TEST_F(DirectorTest, AnOpenOfferIsNotReplacedEvenByForce) {
  make_offer();
  const std::string nonce = offer_nonce();
  command_offer("file-1.1.0", true);

  EXPECT_EQ(offer_nonce(), nonce);
  EXPECT_THAT(last().string_at("reason"), HasSubstr("another offer is open"));
}

TEST_F(DirectorTest, TheSameVersionWithAnotherPayloadIsNoSuccess) {
  make_offer();
  complete(completion("1.1.0", 11, kSha12));

  EXPECT_EQ(last().string_at("event"), "failed");
  EXPECT_EQ(record().failures, 1u);
}

TEST_F(DirectorTest, TheAttackIndicatorBecomesTheReason) {
  make_offer();
  TestReport entry = completion("1.0.0", 10, kSha10);
  entry.content.attack = "self-test";
  complete(entry);

  EXPECT_EQ(last().string_at("reason"), "attack indicator: self-test");
  EXPECT_EQ(record().last_error, "attack indicator: self-test");
}

TEST_F(DirectorTest, AnOfferThatCouldNotBeDeliveredIsNoFailureOfTheImage) {
  director_->set_images({brake_image("1.1.0", 11, kSha11)});
  ask();
  director_->take_report(message("inventory", inquiry_id(), {inventory().entry()}), now_);
  now_ = now_ + std::chrono::seconds(601);
  director_->tick(now_);
  deliver();

  EXPECT_THAT(events(), ElementsAre("verified", "offered", "undelivered"));
  EXPECT_EQ(record().failures, 0u);
  EXPECT_TRUE(record().failed_images.empty());
  EXPECT_FALSE(record().offer.has_value()) << "so the next question can lead to another one";
}

// --- restarts ----------------------------------------------------------------------------------

TEST_F(DirectorTest, AnotherProcessGoesOnFromWhatWasStored) {
  make_offer();
  Director next(rules(), {test_vehicle()}, random_);
  ASSERT_TRUE(next.restore_exchange(*parse_json(to_json(director_->exchange()))));
  ASSERT_TRUE(next.restore_record("BRK-1", *parse_json(to_json(director_->record("BRK-1")))));

  EXPECT_TRUE(next.pending().empty()) << "all was sent before";
  next.take_report(message("inventory", inquiry_id(), {inventory().entry()}), now_);
  EXPECT_EQ(next.pending().back().content.string_at("reason"), "the nonce was used already");
  next.take_report(message("completion", offer_nonce(), {completion().entry()}), now_);
  EXPECT_EQ(next.pending().back().content.string_at("event"), "updated");
}

TEST_F(DirectorTest, AnUpdateFromABundleIsBelievedOnceTheEcuHasAnsweredAFreshNonce) {
  director_->set_images({brake_image("1.1.0", 11, kSha11)});
  TestReport offline = brake_report(std::string(32, 'a'), "1.1.0", 11, kSha11);
  Value content = message("completion", std::string(32, 'a'), {offline.entry()});
  content.erase("signatures");
  content.set("offline", true);

  report(signed_message(content));

  EXPECT_EQ(events(), (Events{"updated-offline"}));
  EXPECT_EQ(record().version, "unknown") << "its nonce is not ours";
  ASSERT_FALSE(inquiry_nonce().empty()) << "asked at once";
  tell_inventory(inventory("1.1.0", 11, kSha11));
  EXPECT_EQ(record().version, "1.1.0");
  EXPECT_EQ(offers_, 0);
}

TEST_F(DirectorTest, NoInstanceIsProcessedTwice) {
  EXPECT_TRUE(director_->first_time("reports/cin1"));
  EXPECT_FALSE(director_->first_time("reports/cin1"));
  EXPECT_TRUE(director_->first_time("commands/cin1"));
}

TEST_F(DirectorTest, DamagedStateIsNotTakenUp) {
  EXPECT_FALSE(director_->restore_exchange(Value::object({{"inquiries", 1}})));
  EXPECT_FALSE(director_->restore_record("BRK-1", Value::object({{"serial", "BRK-1"}})));
  EXPECT_FALSE(director_->restore_record("LMP-2", director_->record("BRK-1")));
  EXPECT_FALSE(director_->restore_record("NONE", director_->record("BRK-1")));
}

// --- releases ------------------------------------------------------------------------------------

TEST_F(DirectorTest, OffersAReleaseToAllItsEcusOrToNone) {
  ImageFacts brake = brake_image("1.1.0", 11, kSha11);
  ImageFacts lamp = {"file-lamp", kSha12, "lamp", "2.0.0", "lamp-1", 21, 100, "lamp/2.0.0"};
  brake.release = lamp.release = image::ReleaseRequirement{"R-1", 2};
  director_->set_images({brake});
  ask();
  tell_inventory(inventory());
  EXPECT_EQ(offers_, 0) << "the other image is missing";
  command_offer("file-1.1.0", false);
  EXPECT_EQ(offers_, 0);
  EXPECT_THAT(last().string_at("reason"), HasSubstr("part of release R-1"));

  director_->set_images({brake, lamp});
  ask();
  tell_inventory(inventory());
  EXPECT_EQ(offers_, 0) << "nobody knows what the lamp runs";

  report(message("inventory", inquiry_id(), {lamp_report(inquiry_nonce(), "1.0.0", 20).entry()}));
  EXPECT_EQ(offers_, 2);
  const auto orders = director_->orders_of("/id-mn");
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].release, "R-1");
  EXPECT_EQ(orders[1].release, "R-1");
  EXPECT_EQ(record().offer->release, "R-1") << "also after a restart";
}

TEST_F(DirectorTest, DoesNotTakeATrialForWhatRanAlready) {
  ask();
  TestReport trial = inventory("1.1.0", 11, kSha11);
  trial.content.status = "trial";
  tell_inventory(trial);

  EXPECT_EQ(record().version, "1.1.0");
  EXPECT_EQ(record().highest_release_counter, 0U);
}

// --- what an ECU proves and nobody wanted --------------------------------------------------------

/// An ECU that runs 1.1.0, as the server knows.
class Unexpected : public DirectorTest {
 protected:
  void SetUp() override {
    make_offer();
    complete(completion());
    ASSERT_EQ(events().back(), "updated");
    ask();
  }
};

TEST_F(Unexpected, APayloadThatNobodyOfferedIsTold) {
  tell_inventory(inventory("1.2.0", 12, kSha12));

  EXPECT_EQ(record().version, "1.2.0") << "it is what runs";
  const auto told = history_["BRK-1"];
  ASSERT_GE(told.size(), 2U);
  EXPECT_EQ(told[told.size() - 2].string_at("event"), "unexpected");
  EXPECT_EQ(told[told.size() - 2].string_at("sha256"), kSha12);
  EXPECT_EQ(told[told.size() - 2].string_at("signed_by"), "ecu");
  EXPECT_EQ(record().last_error,
            "unexpected: runs another payload, version 1.2.0, and no offer was open for it");

  ask();
  tell_inventory(inventory("1.2.0", 12, kSha12));
  EXPECT_EQ(events().back(), "verified") << "told once";
  EXPECT_EQ(record().last_error, "");
}

TEST_F(Unexpected, AReleaseCounterThatFellIsToldAsLongAsItIsLow) {
  for (int i = 0; i < 2; ++i) {
    tell_inventory(inventory("1.0.0", 10, kSha10));
    EXPECT_EQ(record().last_error, "unexpected: its release counter fell to 10 from 11");
    EXPECT_EQ(offers_, 2) << "what heals it is offered";
    ask();
  }
}

TEST_F(Unexpected, AnUpdateOfTheVehiclesOwnIsNone) {
  TestReport offline = brake_report(std::string(32, 'a'), "1.2.0", 12, kSha12);
  Value content = message("completion", std::string(32, 'a'), {offline.entry()});
  content.erase("signatures");
  content.set("offline", true);
  report(signed_message(content));

  tell_inventory(inventory("1.2.0", 12, kSha12));

  EXPECT_EQ(record().version, "1.2.0");
  EXPECT_EQ(record().last_error, "");
}

TEST_F(Unexpected, AnInventoryThatTheEndOfAnUpdateOvertookSaysNothing) {
  const Value old = message("inventory", inquiry_id(), {inventory("1.1.0", 11, kSha11).entry()});
  director_->set_images({brake_image("1.2.0", 12, kSha12)});
  now_ = now_ + std::chrono::seconds(1);
  command_offer("file-1.2.0", false);
  ASSERT_EQ(offers_, 2);
  complete(completion("1.2.0", 12, kSha12));
  ASSERT_EQ(events().back(), "updated");

  const std::string before = inquiry_id();
  report(old);

  EXPECT_EQ(record().version, "1.2.0");
  EXPECT_EQ(record().last_error, "");
  for (const std::string& event : events()) EXPECT_NE(event, "unexpected");
  EXPECT_NE(inquiry_id(), before) << "asked again";
  tell_inventory(inventory("1.2.0", 12, kSha12));
  EXPECT_EQ(events().back(), "verified");
}

TEST_F(Unexpected, ATrialAndTheWayBackFromItAreNone) {
  TestReport trial = inventory("1.2.0", 12, kSha12);
  trial.content.status = "trial";
  tell_inventory(trial);
  ask();
  tell_inventory(inventory("1.1.0", 11, kSha11));

  EXPECT_EQ(record().last_error, "");
  for (const std::string& event : events()) EXPECT_NE(event, "unexpected");
}

TEST_F(DirectorTest, TellsWhoDisturbsAnEcuOnceForWhatIsNew) {
  int boots = 1;
  const auto tell = [&](std::int64_t unsolicited, std::int64_t frames) {
    ask();
    Value entry = inventory().entry();
    entry.set("disturbed", Value::object({{"unsolicited", unsolicited},
                                          {"refused_frames", frames},
                                          {"failed_unlocks", -1},
                                          {"boots", boots},
                                          {"other", 5}}));
    report(message("inventory", inquiry_id(), {entry}));
    return last();
  };
  EXPECT_EQ(tell(0, 0).string_at("event"), "verified") << "nobody does";

  const Value first = tell(3, 0);
  EXPECT_EQ(first.string_at("event"), "disturbed");
  EXPECT_EQ(first.integer_at("unsolicited"), 3);
  EXPECT_FALSE(first.contains("refused_frames"));
  EXPECT_FALSE(first.contains("failed_unlocks")) << "no count";
  EXPECT_FALSE(first.contains("other"));

  EXPECT_EQ(tell(3, 0).string_at("event"), "verified") << "nothing new";
  EXPECT_EQ(tell(5, 0).integer_at("unsolicited"), 2);
  EXPECT_EQ(tell(1, 0).integer_at("unsolicited"), 1) << "the ECU has started again";
  EXPECT_EQ(record().disturbed.at("unsolicited"), 1U) << "outlives the server";
  boots = 2;
  EXPECT_EQ(tell(4, 0).integer_at("unsolicited"), 4) << "all since it started again";
}

TEST_F(Unexpected, WhatRecordsOfOlderVersionsDoNotKnowSurprisesNobody) {
  Value stored = encode(record());
  stored.erase("settled_sha256");

  EXPECT_EQ(decode_record(stored)->settled_sha256, "");
  EXPECT_EQ(record().settled_sha256, kSha11);
}

}  // namespace
}  // namespace gatehouse::ota_server

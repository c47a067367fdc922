#include "tests/ae-apps/ota/server/director_world.h"

namespace gatehouse::ota_server {
namespace {

/// What happens to BRK-1, which runs 1.0.0 while 1.1.0 is in the store.
enum class Input {
  kAsk,
  kInventoryOld,      // runs 1.0.0
  kInventoryNew,      // runs 1.1.0
  kCompletedNew,      // runs 1.1.0
  kCompletedOld,      // still runs 1.0.0
  kCompletedStopped,  // 1.1.0, but stopped
  kRefusedWithProof,  // refusal with a report that it still runs 1.0.0
  kRefusedButRuns,    // the gateway gave up, the report says 1.1.0
  kRefusedSilently,   // refusal without a report
  kDelayed,           // the gateway goes on trying
  kInquiryTimeout,
  kOfferTimeout,
};

struct Way {
  const char* name;
  std::vector<Input> inputs;
  Events events;  ///< in the ECU's history
  int offers;     ///< that were sent
  std::uint64_t failures;
  const char* version;  ///< believed in the end
};

const Way kWays[] = {
    {"asked and silent", {Input::kAsk, Input::kInquiryTimeout}, {}, 0, 0, "unknown"},
    {"offered", {Input::kAsk, Input::kInventoryOld}, {"verified", "offered"}, 1, 0, "1.0.0"},
    {"up to date", {Input::kAsk, Input::kInventoryNew}, {"verified"}, 0, 0, "1.1.0"},
    {"updated",
     {Input::kAsk, Input::kInventoryOld, Input::kCompletedNew},
     {"verified", "offered", "updated"},
     1,
     0,
     "1.1.0"},
    {"updated, then asked again",
     {Input::kAsk, Input::kInventoryOld, Input::kCompletedNew, Input::kAsk, Input::kInventoryNew},
     {"verified", "offered", "updated", "verified"},
     1,
     0,
     "1.1.0"},
    {"fell back",
     {Input::kAsk, Input::kInventoryOld, Input::kCompletedOld},
     {"verified", "offered", "failed"},
     1,
     1,
     "1.0.0"},
    {"the new one is stopped",
     {Input::kAsk, Input::kInventoryOld, Input::kCompletedStopped},
     {"verified", "offered", "failed"},
     1,
     1,
     "1.1.0"},
    {"refused with proof",
     {Input::kAsk, Input::kInventoryOld, Input::kRefusedWithProof},
     {"verified", "offered", "failed"},
     1,
     1,
     "1.0.0"},
    {"refused without a report",
     {Input::kAsk, Input::kInventoryOld, Input::kRefusedSilently},
     {"verified", "offered", "failed"},
     1,
     1,
     "1.0.0"},
    {"given up, yet it runs",
     {Input::kAsk, Input::kInventoryOld, Input::kRefusedButRuns},
     {"verified", "offered", "updated"},
     1,
     0,
     "1.1.0"},
    {"failed is not offered again",
     {Input::kAsk, Input::kInventoryOld, Input::kCompletedOld, Input::kAsk, Input::kInventoryOld},
     {"verified", "offered", "failed", "verified"},
     1,
     1,
     "1.0.0"},
    {"asked while an offer is open",
     {Input::kAsk, Input::kInventoryOld, Input::kAsk, Input::kInventoryOld},
     {"verified", "offered", "verified"},
     1,
     0,
     "1.0.0"},
    {"delayed, then updated",
     {Input::kAsk, Input::kInventoryOld, Input::kDelayed, Input::kCompletedNew},
     {"verified", "offered", "delayed", "updated"},
     1,
     0,
     "1.1.0"},
    {"delayed without an offer",
     {Input::kAsk, Input::kInventoryNew, Input::kDelayed},
     {"verified", "report-rejected"},
     0,
     0,
     "1.1.0"},
    {"no completion report",
     {Input::kAsk, Input::kInventoryOld, Input::kOfferTimeout},
     {"verified", "offered", "failed"},
     1,
     1,
     "1.0.0"},
    {"a completion report that comes late",
     {Input::kAsk, Input::kInventoryOld, Input::kOfferTimeout, Input::kCompletedNew},
     {"verified", "offered", "failed", "updated"},
     1,
     1,
     "1.1.0"},
    {"overdue twice is one failure",
     {Input::kAsk, Input::kInventoryOld, Input::kOfferTimeout, Input::kOfferTimeout,
      Input::kCompletedOld},
     {"verified", "offered", "failed", "failed"},
     1,
     1,
     "1.0.0"},
    {"completed twice",
     {Input::kAsk, Input::kInventoryOld, Input::kCompletedNew, Input::kCompletedNew},
     {"verified", "offered", "updated", "report-rejected"},
     1,
     0,
     "1.1.0"},
    {"answered twice",
     {Input::kAsk, Input::kInventoryOld, Input::kInventoryOld},
     {"verified", "offered", "report-rejected"},
     1,
     0,
     "1.0.0"},
    {"answered late and asked again",
     {Input::kAsk, Input::kInquiryTimeout, Input::kInventoryOld, Input::kInventoryOld},
     {"report-rejected", "verified", "offered"},
     1,
     0,
     "1.0.0"},
};

class Ways : public DirectorTest {
 protected:
  void apply(Input input) {
    switch (input) {
      case Input::kAsk:
        return ask();
      case Input::kInventoryOld:
        return tell_inventory(inventory());
      case Input::kInventoryNew:
        return tell_inventory(inventory("1.1.0", 11, kSha11));
      case Input::kCompletedNew:
        return complete(completion());
      case Input::kCompletedOld:
        return complete(completion("1.0.0", 10, kSha10));
      case Input::kCompletedStopped: {
        TestReport stopped = completion();
        stopped.content.status = "stopped";
        return complete(stopped);
      }
      case Input::kRefusedWithProof:
        return refuse({completion("1.0.0", 10, kSha10).entry()});
      case Input::kRefusedButRuns:
        return refuse({completion().entry()});
      case Input::kRefusedSilently:
        return refuse({});
      case Input::kDelayed: {
        const std::string nonce = offers_ == 0 ? std::string(32, 'a') : offer_nonce();
        return report(with_error(message("delayed", nonce, {}), "BRK-1", "release", "is silent"));
      }
      case Input::kInquiryTimeout:
        return wait(std::chrono::seconds(61));
      case Input::kOfferTimeout:
        return wait(std::chrono::seconds(601));
    }
  }
  void refuse(Value::Array entries) {
    report(with_error(message("refusal", offer_nonce(), std::move(entries)), "BRK-1", "verify",
                      "bad-signature"));
  }
  void wait(std::chrono::seconds time) {
    now_ = now_ + time;
    director_->tick(now_);
    deliver();
  }
};

/// The vehicle waits for its user, or until it is fit, and says until when.
class Waits : public Ways {
 protected:
  void tell_wait(std::chrono::seconds span) {
    Value told =
        with_error(message("delayed", offer_nonce(), {}), "BRK-1", "consent", "the user is asked");
    told.set("until", to_text(now_ + span));
    report(signed_message(std::move(told)));
  }
};

TEST_F(Waits, AreGivenTimeAndNoted) {
  make_offer();
  const std::string until = to_text(now_ + std::chrono::hours(24));
  tell_wait(std::chrono::hours(24));
  EXPECT_EQ(last().string_at("event"), "delayed");
  EXPECT_EQ(last().string_at("stage"), "consent");
  EXPECT_EQ(last().string_at("until"), until);

  wait(std::chrono::hours(24) + std::chrono::seconds(599));
  EXPECT_EQ(last().string_at("event"), "delayed") << "after the wait the update takes its time";
  EXPECT_EQ(director_->orders_of("/id-mn").size(), 1u);
  complete(completion());

  EXPECT_EQ(events(), (Events{"verified", "offered", "delayed", "updated"}));
  EXPECT_EQ(record().failures, 0u);
}

TEST_F(Waits, EndLikeAnyOffer) {
  make_offer();
  tell_wait(std::chrono::hours(24));

  wait(std::chrono::hours(24) + std::chrono::seconds(600));

  EXPECT_EQ(events(), (Events{"verified", "offered", "delayed", "failed"}));
}

TEST_F(Waits, AreNoLongerThanTheServerAllows) {
  make_offer();
  tell_wait(std::chrono::hours(24 * 300));
  EXPECT_EQ(last().string_at("until"), to_text(now_ + rules().offer_wait));

  wait(rules().offer_wait + std::chrono::seconds(600));

  EXPECT_EQ(last().string_at("event"), "failed");
}

TEST_F(Waits, AreKeptOverARestart) {
  make_offer();
  tell_wait(std::chrono::hours(24));
  const Value kept = director_->record("BRK-1");
  director_.emplace(rules(), std::vector{test_vehicle()}, random_);
  ASSERT_TRUE(director_->restore_record("BRK-1", kept));

  wait(std::chrono::hours(1));

  EXPECT_FALSE(record().offer->overdue);
  EXPECT_EQ(record().failures, 0u);
}

TEST_F(Waits, ThatNameNoTimeGiveNone) {
  make_offer();
  Value told = with_error(message("delayed", offer_nonce(), {}), "BRK-1", "consent", "asked");
  told.set("until", "tomorrow");
  report(signed_message(told));

  wait(std::chrono::seconds(601));

  EXPECT_EQ(events(), (Events{"verified", "offered", "failed"}));
}

TEST_F(Ways, LeadWhereTheTableSays) {
  for (const Way& way : kWays) {
    SCOPED_TRACE(way.name);
    director_.emplace(rules(), std::vector{test_vehicle()}, random_);
    director_->set_images({brake_image("1.1.0", 11, kSha11)});
    history_.clear();
    offers_ = 0;

    for (const Input input : way.inputs) apply(input);

    EXPECT_EQ(events(), way.events);
    EXPECT_EQ(offers_, way.offers);
    EXPECT_EQ(record().failures, way.failures);
    EXPECT_EQ(record().version, way.version);
  }
}

// --- D -----------------------------------------------------------------------------------------

TEST_F(DirectorTest, AsksAWholeVehicleWithAFreshNonceEachTime) {
  ask();
  const Value first = inquiry_;
  ask();

  EXPECT_EQ(first.string_at("nonce").size(), 64u);
  EXPECT_NE(first.string_at("nonce"), inquiry_nonce());
  EXPECT_NE(first.string_at("inquiry"), inquiry_id());
  EXPECT_FALSE(first.contains("ecus"));
}

TEST_F(DirectorTest, ANewImageAsksOnlyTheEcusThatItIsFor) {
  director_->add_image(brake_image("1.1.0", 11, kSha11), now_);
  deliver();

  EXPECT_THAT(inquiry_.strings_at("ecus"), ElementsAre("BRK-1"));
}

TEST_F(DirectorTest, ANewImageForNobodyAsksNobody) {
  ImageFacts image = brake_image("1.1.0", 11, kSha11);
  image.hardware_id = "engine-9";

  director_->add_image(image, now_);

  EXPECT_TRUE(director_->pending().empty());
}

TEST_F(DirectorTest, OffersNothingThatTheImageRepositoryDoesNotDescribe) {
  ImageFacts image = brake_image("1.1.0", 11, kSha11);
  image.target.clear();
  director_->set_images({image});
  ask();
  tell_inventory(inventory());
  command_offer(image.sha256, true);
  EXPECT_EQ(offers_, 0) << "not even by force";

  director_->set_targets({{image.sha256, "brake/1.1.0"}}, now_);  // now it does: asked again
  deliver();
  tell_inventory(inventory());

  EXPECT_EQ(offers_, 1);
  ASSERT_EQ(director_->orders_of("/id-mn").size(), 1u);
  EXPECT_EQ(director_->orders_of("/id-mn")[0].image, image.sha256);
  EXPECT_TRUE(director_->orders_of("/id-other").empty());
  EXPECT_EQ(director_->vehicles_with_orders(), (std::set<std::string>{"/id-mn"}));
}

TEST_F(DirectorTest, BelievesNoMessageThatThePrimaryDidNotSign) {
  director_->set_images({brake_image("1.1.0", 11, kSha11)});
  ask();
  Value unsigned_message = message("inventory", inquiry_id(), {inventory().entry()});
  unsigned_message.erase("signatures");
  report(unsigned_message);
  Value altered = message("inventory", inquiry_id(), {inventory().entry()});
  altered.set("purpose", "refusal");
  report(altered);

  EXPECT_EQ(offers_, 0);
  EXPECT_TRUE(events().empty());
}

TEST_F(DirectorTest, TheUsersCheckAsksOnceAtATime) {
  const Value check = Value::object({{"vehicle", "/id-mn"}, {"purpose", "check"}});
  director_->take_report(signed_message(check), now_);
  director_->take_report(signed_message(check), now_);

  EXPECT_EQ(director_->pending().size(), 1u);
}

TEST_F(DirectorTest, BothLevelsAreVerifiedByTheirKeys) {
  ask();
  report(message("inventory", inquiry_id(),
                 {inventory().entry(), lamp_report(inquiry_nonce(), "3.0.0", 3).entry()}));

  EXPECT_THAT(events("BRK-1"), ElementsAre("verified"));
  EXPECT_THAT(events("LMP-2"), ElementsAre("verified"));
  EXPECT_EQ(last("LMP-2").string_at("key_id"),
            to_hex(TestKeys::get().gateway.public_key().key_id()));
  EXPECT_EQ(record("LMP-2").version, "3.0.0");
}

TEST_F(DirectorTest, EachProofSaysWhoSignedIt) {
  ImageFacts lamp = brake_image("4.0.0", 4, "4444");
  lamp.name = "lamp", lamp.hardware_id = "lamp-1";
  director_->set_images({brake_image("1.1.0", 11, kSha11), lamp});
  ask();
  tell_inventory(inventory());
  EXPECT_EQ(history_["BRK-1"].front().string_at("signed_by"), "ecu");
  complete(completion());
  ASSERT_EQ(last().string_at("event"), "updated");
  EXPECT_EQ(last().string_at("signed_by"), "ecu");
  EXPECT_EQ(director_->record("BRK-1").string_at("signed_by"), "ecu");

  report(message("inventory", inquiry_id(), {lamp_report(inquiry_nonce(), "3.0.0", 3).entry()}));
  EXPECT_EQ(history_["LMP-2"].front().string_at("signed_by"), "gateway");
  TestReport done = lamp_report(offer_nonce(), "4.0.0", 4);
  done.content.payload_sha256 = "4444";
  complete(done);
  ASSERT_EQ(last("LMP-2").string_at("event"), "updated");
  EXPECT_EQ(last("LMP-2").string_at("signed_by"), "gateway");
  EXPECT_EQ(director_->record("LMP-2").string_at("signed_by"), "gateway");
}

TEST_F(DirectorTest, AProofThatIsAFailureSaysWhoSignedItToo) {
  make_offer();
  complete(completion("1.0.0", 10, kSha10));
  ASSERT_EQ(last().string_at("event"), "failed");
  EXPECT_EQ(last().string_at("signed_by"), "ecu");
}

/// Nothing but the registered level was believed.
TEST_F(DirectorTest, ARecordThatDoesNotSayWhoSignedIsStillRead) {
  ask();
  report(message("inventory", inquiry_id(), {lamp_report(inquiry_nonce(), "3.0.0", 3).entry()}));
  Value old = director_->record("LMP-2"), silent = director_->record("BRK-1");
  old.erase("signed_by");
  silent.erase("signed_by");
  director_.emplace(rules(), std::vector{test_vehicle()}, random_);

  ASSERT_TRUE(director_->restore_record("LMP-2", old));
  ASSERT_TRUE(director_->restore_record("BRK-1", silent));

  EXPECT_EQ(director_->record("LMP-2").string_at("signed_by"), "gateway");
  EXPECT_EQ(director_->record("BRK-1").string_at("signed_by"), "") << "it never reported";
}

TEST_F(DirectorTest, AnUnreachableVehicleIsAskedWithAFreshNonceUntilItIsThere) {
  director_->take_command(Value::object({{"ask", "/id-mn"}}), now_);
  const Value first = director_->pending().at(0).content;
  now_ = now_ + std::chrono::seconds(61);
  director_->tick(now_);

  ASSERT_EQ(director_->pending().size(), 1u);
  EXPECT_NE(director_->pending()[0].content.string_at("nonce"), first.string_at("nonce"));
}

TEST_F(DirectorTest, LateAnswersDoNotMakeItAskForEver) {
  ask();
  for (int i = 0; i < 10; ++i) {
    now_ = now_ + std::chrono::seconds(61);
    director_->tick(now_);
    deliver();
    tell_inventory(inventory());
  }

  EXPECT_TRUE(inquiry_id().starts_with("inquiry-4-")) << inquiry_id();
}

TEST_F(DirectorTest, AsksByScheduleIfToldTo) {
  Rules often = rules();
  often.ask_interval = std::chrono::seconds(300);
  Director director(often, {test_vehicle()}, random_);
  director.tick(now_);
  ASSERT_EQ(director.pending().size(), 1u);
  director.delivered(director.pending()[0]);
  director.tick(now_ + std::chrono::seconds(299));
  EXPECT_TRUE(director.pending().empty());
  director.tick(now_ + std::chrono::seconds(300));
  EXPECT_EQ(director.pending().size(), 1u);
}

TEST_F(DirectorTest, KeepsWhyAnEcuGaveNoReport) {
  ask();
  report(with_error(message("inventory", inquiry_id(), {}), "BRK-1", "inventory", "no answer"));

  EXPECT_THAT(events(), ElementsAre("no-report"));
  EXPECT_EQ(record().last_error, "no report: no answer");
  EXPECT_EQ(record().version, "unknown");
}

}  // namespace
}  // namespace gatehouse::ota_server

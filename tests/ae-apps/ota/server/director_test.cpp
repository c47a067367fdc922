#include "ae-apps/ota/server/director.h"

#include <gmock/gmock.h>

#include "tests/ae-apps/ota/server/vehicle_fixture.h"

namespace gatehouse::ota_server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Events = std::vector<std::string>;

constexpr const char* kSha10 = "0a0a";  // payloads of the releases
constexpr const char* kSha11 = "1111";
constexpr const char* kSha12 = "1212";

ImageFacts brake_image(const std::string& version, std::uint64_t counter,
                       const std::string& payload_sha256) {
  return {"file-" + version, payload_sha256, "brake", version,
          "brake-2",         counter,        5'000,   "brake/" + version};
}

class DirectorTest : public testing::Test {
 protected:
  DirectorTest() { director_.emplace(rules(), std::vector{test_vehicle()}, random_); }

  static Rules rules() {
    Rules out;
    out.images_url = "https://ota.example/images/";
    return out;
  }

  /// The CSEs take all that is pending; histories are collected.
  void deliver() {
    for (const Outgoing& what : director_->pending()) {
      if (what.kind == Outgoing::Kind::kInquiry) inquiry_ = what.content;
      if (what.kind == Outgoing::Kind::kOffer) {
        offer_ = what.content;
        offer_to_ = what.to;
        ++offers_;
      }
      if (what.kind == Outgoing::Kind::kHistory) history_[what.serial].push_back(what.content);
      director_->delivered(what);
    }
  }
  void ask() {
    director_->take_command(Value::object({{"ask", "/id-mn"}}), now_);
    deliver();
  }
  void report(const Value& content) {
    director_->take_report(content, now_);
    deliver();
  }
  std::string inquiry_id() const { return inquiry_.string_at("inquiry"); }
  std::string inquiry_nonce() const { return inquiry_.string_at("nonce"); }
  std::string offer_nonce() const { return label(offer_, "nonce:"); }

  TestReport inventory(const std::string& version = "1.0.0", std::uint64_t counter = 10,
                       const std::string& sha = kSha10) const {
    return brake_report(inquiry_nonce(), version, counter, sha);
  }
  void tell_inventory(const TestReport& entry) {
    report(message("inventory", inquiry_id(), {entry.entry()}));
  }
  /// Up to an offer of 1.1.0 to BRK-1, which runs 1.0.0.
  void make_offer() {
    director_->set_images({brake_image("1.1.0", 11, kSha11)});
    ask();
    tell_inventory(inventory());
    ASSERT_EQ(offers_, 1);
  }
  void complete(const TestReport& entry) {
    report(message("completion", offer_nonce(), {entry.entry()}));
  }
  TestReport completion(const std::string& version = "1.1.0", std::uint64_t counter = 11,
                        const std::string& sha = kSha11) const {
    return brake_report(offer_nonce(), version, counter, sha);
  }
  void command_offer(const std::string& image, bool force) {
    director_->take_command(
        Value::object(
            {{"offer", image}, {"ecu", "BRK-1"}, {"vehicle", "/id-mn"}, {"force", force}}),
        now_);
    deliver();
  }

  Events events(const std::string& serial = "BRK-1") {
    Events out;
    for (const Value& each : history_[serial]) out.push_back(each.string_at("event"));
    return out;
  }
  Value last(const std::string& serial = "BRK-1") {
    return history_[serial].empty() ? Value() : history_[serial].back();
  }
  EcuRecord record(const std::string& serial = "BRK-1") const {
    return *decode_record(director_->record(serial));
  }

  crypto::SeededRandom random_{7};
  Timestamp now_{1'000'000'000};
  std::optional<Director> director_;
  Value inquiry_, offer_;
  std::string offer_to_;
  int offers_ = 0;
  std::map<std::string, std::vector<Value>> history_;
};

// --- the way of an update, as a table ----------------------------------------------------------

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

}  // namespace
}  // namespace gatehouse::ota_server

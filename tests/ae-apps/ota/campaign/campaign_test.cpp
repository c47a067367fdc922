#include "ae-apps/ota/campaign/campaign.h"

#include <gmock/gmock.h>

#include "ae-apps/ota/campaign/command_objects.h"
#include "tests/ae-apps/ota/campaign/campaign_fixture.h"

namespace gatehouse::campaign {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using Kind = Standing::Kind;

TEST_F(CampaignTest, NothingHappensUntilASecondPersonApproves) {
  make("");
  later(std::chrono::seconds(10));
  EXPECT_EQ(campaign_->state(), State::kDraft);
  EXPECT_THAT(command(Command::Kind::kApprove, kAuthor), HasSubstr("somebody else must approve"));
  EXPECT_THAT(command(Command::Kind::kApprove, ""), StartsWith("cr (creator)"));
  EXPECT_THAT(updates_.told, IsEmpty());
  EXPECT_EQ(command(Command::Kind::kApprove, kApprover), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kRunning);
  EXPECT_THAT(updates_.told, testing::Not(IsEmpty()));
}

TEST_F(CampaignTest, SeveralApprovalsAreOfDifferentPeople) {
  make(R"("approvals":2)");
  EXPECT_EQ(command(Command::Kind::kApprove, kApprover), "");
  EXPECT_EQ(campaign_->state(), State::kDraft);
  EXPECT_THAT(command(Command::Kind::kApprove, kApprover), HasSubstr("has approved already"));
  EXPECT_EQ(command(Command::Kind::kApprove, "/id-in/CEve"), "");
  EXPECT_EQ(campaign_->state(), State::kApproved);
}

TEST_F(CampaignTest, CommandsFitTheState) {
  make("");
  for (const auto kind : {Command::Kind::kPause, Command::Kind::kResume, Command::Kind::kRetry}) {
    EXPECT_THAT(command(kind), HasSubstr("the campaign is draft"));
  }
  EXPECT_EQ(command(Command::Kind::kStop), "");
  EXPECT_THAT(command(Command::Kind::kApprove, kApprover), HasSubstr("the campaign is stopped"));
  EXPECT_THAT(command(Command::Kind::kStop), HasSubstr("the campaign is stopped"));
}

TEST_F(CampaignTest, AVehicleCountsOnlyWithTheVerifiedReportOfEachEcu) {
  start(R"("rate_per_minute":60000)", "\"" + kBrake + "\",\"" + kLamp + "\"");
  ASSERT_EQ(count(Progress::kTold), 10u);
  becomes("B0", Kind::kOpen);
  becomes("L0", Kind::kOpen);
  EXPECT_EQ(of("/v0").progress, Progress::kTold);
  becomes("B0", Kind::kRuns);
  EXPECT_EQ(of("/v0").progress, Progress::kTold);
  becomes("L0", Kind::kRuns);
  EXPECT_EQ(of("/v0").progress, Progress::kUpdated);
  EXPECT_EQ(of("/v0").goals[0].before.version, "1.0.0");
  EXPECT_EQ(of("/v0").goals[0].after.version, "1.1.0");
  EXPECT_EQ(count(Progress::kUpdated), 1u);
}

TEST_F(CampaignTest, CanariesFirstThenTheRest) {
  start(R"("rate_per_minute":60000,"stages":[{"name":"canary","vehicles":2},{"name":"rest"}])");
  EXPECT_EQ(count(Progress::kTold), 2u);
  later(std::chrono::seconds(60));
  EXPECT_EQ(count(Progress::kTold), 2u);
  becomes(updates_.told[0], Kind::kRuns);
  later(std::chrono::seconds(1));
  EXPECT_EQ(count(Progress::kTold), 1u);
  becomes(updates_.told[1], Kind::kRuns);
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->active_stage(), 1u);
  EXPECT_EQ(count(Progress::kTold), 8u);
  let_all_succeed();
  EXPECT_EQ(campaign_->state(), State::kFinished);
  EXPECT_EQ(count(Progress::kUpdated), 10u);
}

TEST_F(CampaignTest, TheFirstFailureTooMuchPausesInTheSameStep) {
  start(R"("rate_per_minute":60000,"stages":[{"name":"canary","percent":40,"error_percent":25,
      "success_percent":75},{"name":"rest"}])");
  ASSERT_THAT(updates_.told, SizeIs(4));
  becomes(updates_.told[0], Kind::kFailed, "flash: no power");
  EXPECT_EQ(campaign_->state(), State::kRunning);
  becomes(updates_.told[1], Kind::kFailed, "flash: no power");
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_THAT(campaign_->reason(), HasSubstr("stage canary: 2 of 4 vehicles failed"));
  // Somebody looks, and goes on: what has failed is accepted, the next failure counts again.
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kRunning);
  EXPECT_EQ(campaign_->active_stage(), 0u);
}

TEST_F(CampaignTest, AStageThatCannotSucceedPauses) {
  start(R"("rate_per_minute":60000,"stages":[{"name":"canary","vehicles":4,"error_percent":50,
      "success_percent":50},{"name":"rest"}])");
  for (int i = 0; i < 2; ++i) becomes(updates_.told[i], Kind::kFailed, "boot: self-test");
  becomes(updates_.told[2], Kind::kRuns);
  becomes(updates_.told[3], Kind::kObjection, "the image's release counter is not greater");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->active_stage(), 1u) << campaign_->reason();
}

TEST_F(CampaignTest, PauseTakesBackWhatIsNotSentAndResumeSendsIt) {
  start(R"("rate_per_minute":60000)");
  ASSERT_EQ(count(Progress::kTold), 10u);
  becomes("B3", Kind::kOpen);
  EXPECT_EQ(command(Command::Kind::kPause), "");
  EXPECT_THAT(updates_.withdrawn, SizeIs(9));
  EXPECT_EQ(count(Progress::kTold), 1u);
  EXPECT_EQ(count(Progress::kWaiting), 9u);
  updates_.told.clear();
  later(std::chrono::seconds(60));
  EXPECT_THAT(updates_.told, IsEmpty());
  becomes("B3", Kind::kRuns);  // who was told already may end
  EXPECT_EQ(count(Progress::kUpdated), 1u);
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_THAT(updates_.told, SizeIs(9));
  EXPECT_EQ(of("/v5").attempts, 1u);
}

TEST_F(CampaignTest, AVehicleIsTakenBackAsAWhole) {
  start(R"("rate_per_minute":60000)", "\"" + kBrake + "\",\"" + kLamp + "\"");
  becomes("B3", Kind::kOpen);
  EXPECT_EQ(command(Command::Kind::kStop), "");
  EXPECT_EQ(of("/v3").progress, Progress::kTold);
  EXPECT_EQ(updates_.ecus["L3"].kind, Kind::kUnsent);
  becomes("L3", Kind::kRuns);
  becomes("B3", Kind::kRuns);
  EXPECT_EQ(of("/v3").progress, Progress::kUpdated);
}

TEST_F(CampaignTest, TheRateIsKept) {
  start(R"("rate_per_minute":60)");
  EXPECT_THAT(updates_.told, SizeIs(1));
  for (int i = 0; i < 3; ++i) later(std::chrono::seconds(1));
  EXPECT_THAT(updates_.told, SizeIs(4));
  later(std::chrono::seconds(3600));  // nothing is saved up beyond a second's worth
  EXPECT_THAT(updates_.told, SizeIs(5));
}

TEST_F(CampaignTest, SoManyAreOpenAtOnce) {
  start(R"("rate_per_minute":60000,"max_open":3)");
  EXPECT_THAT(updates_.told, SizeIs(3));
  becomes(updates_.told[0], Kind::kRuns);
  later(std::chrono::seconds(1));
  EXPECT_THAT(updates_.told, SizeIs(4));
}

TEST_F(CampaignTest, TimeHasItsSay) {
  start(R"("rate_per_minute":60000,"start":"20300101T130000","end":"20300102T120000",
      "window":{"from":"22:00","to":"05:00"})");
  EXPECT_EQ(campaign_->state(), State::kApproved);
  later(std::chrono::hours(1));
  EXPECT_EQ(campaign_->state(), State::kRunning);
  EXPECT_THAT(updates_.told, IsEmpty());
  later(std::chrono::hours(9));
  EXPECT_THAT(updates_.told, SizeIs(10));
  later(std::chrono::hours(20));
  EXPECT_EQ(campaign_->state(), State::kStopped);
  EXPECT_THAT(campaign_->reason(), StartsWith("end: "));
}

TEST_F(CampaignTest, SoakAndHoldSeparateStages) {
  start(R"("rate_per_minute":60000,
      "stages":[{"name":"a","vehicles":1,"soak_s":100},{"name":"b","vehicles":1,"hold":true},
      {"name":"c"}])");
  becomes(updates_.told[0], Kind::kRuns);
  later(std::chrono::seconds(99));
  EXPECT_THAT(updates_.told, SizeIs(1));
  later(std::chrono::seconds(100));
  ASSERT_THAT(updates_.told, SizeIs(2));
  becomes(updates_.told[1], Kind::kRuns);
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kPaused);
  EXPECT_THAT(campaign_->reason(), HasSubstr("stage b: has succeeded, and holds"));
  EXPECT_EQ(command(Command::Kind::kResume), "");
  later(std::chrono::seconds(1));
  EXPECT_THAT(updates_.told, SizeIs(10));
}

TEST_F(CampaignTest, WhoSaysNothingAboutItselfIsAskedFirst) {
  updates_.ecus["B4"].kind = Kind::kUnknown;
  start(R"("rate_per_minute":60000)");
  EXPECT_THAT(updates_.asked, ElementsAre("/v4"));
  EXPECT_EQ(of("/v4").progress, Progress::kAsked);
  becomes("B4", Kind::kMayGo);
  later(std::chrono::seconds(1));
  EXPECT_EQ(of("/v4").progress, Progress::kTold);
}

TEST_F(CampaignTest, WhoDoesNotAnswerIsAskedAgainLater) {
  updates_.ecus["B4"].kind = Kind::kUnknown;
  start(R"("rate_per_minute":60000,"answer_timeout_s":60)");
  later(std::chrono::seconds(61));
  EXPECT_THAT(updates_.asked, ElementsAre("/v4", "/v4"));
}

TEST_F(CampaignTest, WhyAVehicleGetsNothing) {
  updates_.ecus["B1"] = {Kind::kObjection, "the image's release counter 11 is not greater than 12",
                         "1.2.0", ""};
  updates_.ecus["B2"] = {Kind::kRuns, "", "1.1.0", ""};
  updates_.ecus["B3"] = {Kind::kFailed, "flash: no power", "1.0.0", ""};
  fleet_.set_label("region:eu", {"/v0", "/v1", "/v2", "/v3", "/v4", "/v5"});
  make(R"("filter":{"labels":["region:eu"],"except":["/v5"]},
      "stages":[{"name":"canary","vehicles":1},{"name":"rest"}])");
  const Plan plan = campaign_->plan();
  EXPECT_THAT(plan.entries, SizeIs(10));
  EXPECT_EQ(plan.gets, 2u);
  EXPECT_THAT(plan.of_stage, ElementsAre(1, 1));
  std::map<std::string, std::string> why;
  for (const PlanEntry& each : plan.entries) why[fleet_.at(each.vehicle).id] = each.reason;
  EXPECT_EQ(why["/v0"], "");
  EXPECT_EQ(why["/v1"], "B1: the image's release counter 11 is not greater than 12");
  EXPECT_EQ(why["/v2"], "runs all of it already");
  EXPECT_EQ(why["/v3"], "B3: flash: no power");
  EXPECT_EQ(why["/v5"], "is in filter.except");
  EXPECT_EQ(why["/v6"], "has not the label region:eu");
  EXPECT_THAT(updates_.told, IsEmpty());
  EXPECT_THAT(updates_.asked, IsEmpty());
  const Value document = campaign_->document(plan, 0, 200);
  EXPECT_EQ(document.integer_at("gets"), 2);
  // What was planned is what happens.
  ASSERT_EQ(command(Command::Kind::kApprove, kApprover), "");
  campaign_->tick(now_);
  const auto canary = std::find_if(plan.entries.begin(), plan.entries.end(),
                                   [](const PlanEntry& each) { return each.stage == 0; });
  EXPECT_EQ(updates_.told.front(), fleet_.at(canary->vehicle).ecus[0].serial);
  EXPECT_EQ(of("/v1").progress, Progress::kExcluded);
  EXPECT_EQ(of("/v2").progress, Progress::kCurrent);
}

TEST_F(CampaignTest, OneEcuThatMustNotKeepsTheWholeVehicleOut) {
  updates_.ecus["L1"] = {Kind::kObjection, "too old", "1.0.0", ""};
  start(R"("rate_per_minute":60000)", "\"" + kBrake + "\",\"" + kLamp + "\"");
  EXPECT_EQ(of("/v1").progress, Progress::kExcluded);
  EXPECT_EQ(std::count(updates_.told.begin(), updates_.told.end(), "B1"), 0);
}

TEST_F(CampaignTest, FailuresAreTriedAgainAsOftenAsItSays) {
  start(R"("rate_per_minute":60000,"attempts":2,"stages":[{"name":"all","error_percent":100}])");
  becomes("B0", Kind::kFailed, "download: cut");
  EXPECT_THAT(updates_.forgiven, ElementsAre("B0"));
  later(std::chrono::seconds(1));
  EXPECT_EQ(of("/v0").attempts, 2u);
  becomes("B0", Kind::kFailed, "download: cut");
  EXPECT_EQ(of("/v0").progress, Progress::kFailed);
  EXPECT_EQ(command(Command::Kind::kRetry, kAuthor, "/v9"),
            "vehicle: has not failed in this campaign");
  EXPECT_EQ(command(Command::Kind::kRetry, kAuthor, "/v0"), "");
  later(std::chrono::seconds(1));
  EXPECT_EQ(of("/v0").progress, Progress::kTold);
  becomes("B0", Kind::kRuns);
  EXPECT_EQ(of("/v0").progress, Progress::kUpdated);
}

TEST_F(CampaignTest, WhatAUserDeclinesIsNoFailure) {
  start(R"("rate_per_minute":60000)");
  becomes("B0", Kind::kFailed, "consent: the user declined");
  EXPECT_EQ(of("/v0").progress, Progress::kDeclined);
  EXPECT_EQ(campaign_->state(), State::kRunning);
  for (int i = 1; i < 10; ++i) becomes("B" + std::to_string(i), Kind::kRuns);
  later(std::chrono::seconds(1));
  EXPECT_EQ(campaign_->state(), State::kFinished);
  EXPECT_EQ(command(Command::Kind::kRetry), "");
  EXPECT_EQ(campaign_->state(), State::kRunning);
}

TEST_F(CampaignTest, AReportThatComesAfterAllCounts) {
  start(R"("rate_per_minute":60000,"stages":[{"name":"all","error_percent":50}])");
  becomes("B0", Kind::kFailed, "no completion report");
  EXPECT_EQ(of("/v0").progress, Progress::kFailed);
  becomes("B0", Kind::kRuns);
  EXPECT_EQ(of("/v0").progress, Progress::kUpdated);
}

TEST_F(CampaignTest, WhatWasNotReachedWaitsAgain) {
  start(R"("rate_per_minute":60000)");
  becomes("B0", Kind::kMayGo);  // the offer could not be delivered
  EXPECT_EQ(of("/v0").progress, Progress::kWaiting);
  EXPECT_EQ(of("/v0").reason, "B0: was not reached");
  later(std::chrono::seconds(1));
  EXPECT_EQ(of("/v0").progress, Progress::kTold);
}

TEST_F(CampaignTest, AnotherUpdateOfTheEcuIsWaitedFor) {
  updates_.ecus["B0"] = {Kind::kBusy, "an offer of version 1.0.5 is open", "1.0.0", ""};
  start(R"("rate_per_minute":60000)");
  EXPECT_EQ(of("/v0").progress, Progress::kWaiting);
  EXPECT_EQ(of("/v0").reason, "B0: an offer of version 1.0.5 is open");
  becomes("B0", Kind::kMayGo);
  later(std::chrono::seconds(1));
  EXPECT_EQ(of("/v0").progress, Progress::kTold);
}

TEST_F(CampaignTest, NewVehiclesJoinARunningCampaign) {
  start(R"("rate_per_minute":60000,"stages":[{"name":"canary","vehicles":2},{"name":"rest"}])");
  for (int i = 0; i < 2; ++i) becomes(updates_.told[i], Kind::kRuns);
  later(std::chrono::seconds(1));
  add_vehicles(3);
  later(std::chrono::seconds(1));
  EXPECT_EQ(of("/v12").stage, 1);
  EXPECT_EQ(count(Progress::kTold), 11u);
}

TEST_F(CampaignTest, ImagesThatCannotGoAnywhereAreRefused) {
  const std::string unknown(64, 'd');
  make("", "\"" + kBrake + "\",\"" + unknown + "\"");
  EXPECT_EQ(campaign_->check_images().error().detail, "images[1]: there is no such image");
  updates_.images[unknown] = {unknown, "brake", "1.2.0", "brake-2", 12};
  make("", "\"" + kBrake + "\",\"" + unknown + "\"");
  EXPECT_EQ(campaign_->check_images().error().detail,
            "images[1]: is for hardware brake-2, as images[0]");
  updates_.images[kBrake].release = "spring";
  updates_.images[kBrake].release_images = 2;
  make("");
  EXPECT_EQ(campaign_->check_images().error().detail,
            "images: hold 1 of the 2 images of release spring, which is installed as a whole");
  updates_.images[kLamp].release = "spring";
  updates_.images[kLamp].release_images = 2;
  make("", "\"" + kBrake + "\",\"" + kLamp + "\"");
  EXPECT_TRUE(campaign_->check_images());
  updates_.images[kBrake].objection = "the Image repository does not describe it";
  make("");
  EXPECT_EQ(campaign_->check_images().error().detail,
            "images[0]: the Image repository does not describe it");
}

TEST_F(CampaignTest, GoesOnWhereItStoodAfterARestart) {
  start(R"("rate_per_minute":60000,"max_open":4,
      "stages":[{"name":"canary","vehicles":2},{"name":"rest","error_percent":50}])");
  for (int i = 0; i < 2; ++i) becomes(updates_.told[i], Kind::kRuns);
  later(std::chrono::seconds(1));
  const std::string open = updates_.told[2], failed = updates_.told[3], lost = updates_.told[4];
  becomes(open, Kind::kOpen);
  becomes(failed, Kind::kFailed, "flash: x");
  const Value state = campaign_->state_document();
  std::vector<Value> stored;
  for (const Participant& each : campaign_->participants()) {
    stored.push_back(campaign_->document(each));
  }
  const Definition definition = campaign_->definition();
  updates_.ecus[open].kind = Kind::kRuns;   // while nobody looked
  updates_.ecus[lost].kind = Kind::kMayGo;  // the server forgot it: it was never sent
  updates_.told.clear();
  campaign_.emplace(definition, fleet_, updates_);
  ASSERT_TRUE(campaign_->restore_state(state));
  for (const Value& each : stored) ASSERT_TRUE(campaign_->restore_participant(each));
  campaign_->resume(now_);
  EXPECT_EQ(campaign_->state(), State::kRunning);
  EXPECT_EQ(campaign_->active_stage(), 1u);
  EXPECT_EQ(count(Progress::kUpdated), 3u);
  EXPECT_EQ(count(Progress::kFailed), 1u);
  later(std::chrono::seconds(1));
  let_all_succeed();
  EXPECT_EQ(campaign_->state(), State::kFinished);
  EXPECT_EQ(count(Progress::kUpdated), 9u);
}

TEST_F(CampaignTest, WhatWasNotWrittenBySomeCampaignIsNotRestored) {
  start("");
  const Definition definition = campaign_->definition();
  const Value state = campaign_->state_document();
  const Value vehicle = campaign_->document(campaign_->participants()[0]);
  const auto spoilt = [](Value value, const char* member, Value by) {
    value.set(member, std::move(by));
    return value;
  };
  for (const Value& each :
       {spoilt(state, "state", "asleep"), spoilt(state, "stages", Value::array()),
        spoilt(state, "stage_number", 7), Value(7)}) {
    campaign_.emplace(definition, fleet_, updates_);
    EXPECT_FALSE(campaign_->restore_state(each));
  }
  for (const Value& each : {spoilt(vehicle, "vehicle", "/x"), spoilt(vehicle, "state", "asleep"),
                            spoilt(vehicle, "ecus", 7), spoilt(vehicle, "stage", "nowhere")}) {
    EXPECT_FALSE(campaign_->restore_participant(each));
  }
  EXPECT_TRUE(campaign_->restore_participant(vehicle));
  EXPECT_FALSE(campaign_->restore_participant(vehicle));
}

TEST_F(CampaignTest, TheFleetIsFilteredByAllThatIsSaid) {
  fleet_.set_label("eu", {"/v1", "/v2", "/v3"});
  fleet_.set_label("test", {"/v2", "/v3"});
  fleet_.set_version("B3", "1.1.0");
  const auto select = [&](const Filter& filter) {
    std::vector<std::string> out;
    for (const auto each : fleet_.select(filter, {"brake-2"})) out.push_back(fleet_.at(each).id);
    return out;
  };
  EXPECT_THAT(select({}), SizeIs(10));
  EXPECT_THAT(select({.labels = {"eu"}}), ElementsAre("/v1", "/v2", "/v3"));
  EXPECT_THAT(select({.labels = {"eu", "test"}}), ElementsAre("/v2", "/v3"));
  EXPECT_THAT(select({.labels = {"eu"}, .versions = {"1.0.0"}}), ElementsAre("/v1", "/v2"));
  EXPECT_THAT(select({.labels = {"nobody"}}), IsEmpty());
  EXPECT_THAT(select({.vehicles = {"/v9", "/v1", "/nowhere"}, .except = {"/v1"}}),
              ElementsAre("/v9"));
  fleet_.set_label("eu", {"/v9"});
  EXPECT_THAT(select({.labels = {"eu"}}), ElementsAre("/v9"));
  EXPECT_THAT(fleet_.select({}, {"engine-7"}), IsEmpty());
}

TEST_F(CampaignTest, VerdictsPlansAndStatesAreWrittenInOrder) {
  Manager manager(updates_);
  const auto index = manager.fleet().add("/v0");
  manager.fleet().add_ecu(index, "B0", "brake-2");
  const std::string text = R"({"name":"winter","images":[")" + kBrake + R"("]})";
  EXPECT_TRUE(manager.take_definition(Value(text), kAuthor, "d1", now_).accepted);
  EXPECT_EQ(manager.take_definition(Value(text), kApprover, "d2", now_).reason,
            "name: another campaign is called winter");
  EXPECT_FALSE(manager.take_definition(Value("{}"), kAuthor, "d3", now_).accepted);
  const auto order = [&](const char* command, const char* by, const char* name) {
    return manager.take_command(
        Value(std::string(R"({"campaign":"winter","command":")") + command + "\"}"), by, name,
        now_);
  };
  EXPECT_TRUE(order("dry-run", kAuthor, "c1").accepted);
  EXPECT_FALSE(order("approve", kAuthor, "c2").accepted);
  EXPECT_TRUE(order("approve", kApprover, "c3").accepted);
  manager.tick(now_);
  std::vector<std::string> paths;
  for (const Write& each : manager.take_writes(100, now_))
    paths.push_back(each.path + "|" + each.name);
  EXPECT_THAT(
      paths,
      ElementsAre("campaigns/winter|", "campaigns/winter/state|", "campaigns/winter/status|",
                  "winter|", "campaign-log|definition-d1", "campaign-log|definition-d2",
                  "campaign-log|definition-d3", "campaigns/winter/plan|c1-1",
                  "campaign-log|command-c1", "campaign-log|command-c2", "campaigns/winter/state|",
                  "campaigns/winter/status|", "winter|", "campaign-log|command-c3",
                  "campaigns/winter/state|", "campaigns/winter/status|",
                  "campaigns/winter/vehicles/v0|", "stage-winter-all|"));
  EXPECT_THAT(manager.images(), ElementsAre(kBrake));
  EXPECT_EQ(manager.take_command(Value(R"({"campaign":"x","command":"stop"})"), kAuthor, "c4", now_)
                .reason,
            "campaign: there is none of the name x");
}

// --- commands and state as management clients know them --------------------------------------

/// An <execInstance> as the CSE makes it of this <mgmtCmd>.
Value executed(const Value& command) {
  return Value::object({{"ri", "exin-1"}, {"exs", 2}, {"exra", *command.find("exra")}});
}

TEST(CampaignCommands, EachWordComesBackFromItsMgmtCmd) {
  for (const Command::Kind word : command_words()) {
    const Value attributes = command_attributes("winter", word, "cse-in/ota-fleet");

    const Result<Command> command = parse_command(command_in(executed(attributes)));

    ASSERT_TRUE(command) << command.error().detail;
    EXPECT_EQ(command->kind, word);
    EXPECT_EQ(command->campaign, "winter");
    EXPECT_EQ(attributes.string_at("rn"), "campaign-winter-" + std::string(name_of(word)));
  }
}

TEST(CampaignCommands, TakeWhatElseACommandSays) {
  Value attributes = command_attributes("winter", Command::Kind::kRetry, "cse-in/ota-fleet");
  Value update = attributes.find("exra")->find("swup")->as_array()->front();
  update.set("any", Value::array({Value::object({{"nm", "vehicle"}, {"val", "/id-mn"}}),
                                  Value::object({{"nm", "reason"}, {"val", "repaired"}})}));
  attributes.set("exra", Value::object({{"swup", Value::array({update})}}));

  const Result<Command> command = parse_command(command_in(executed(attributes)));

  ASSERT_TRUE(command) << command.error().detail;
  EXPECT_EQ(command->vehicle, "/id-mn");
  EXPECT_EQ(command->reason, "repaired");
}

TEST(CampaignCommands, OfOtherThingsAreNone) {
  EXPECT_TRUE(command_in(Value()).is_null());
  EXPECT_TRUE(
      command_in(Value::object({{"exra", Value::object({{"rbo", Value::array()}})}})).is_null());
  Value foreign = command_attributes("winter", Command::Kind::kStop, "cse-in/ota-fleet");
  Value update = foreign.find("exra")->find("swup")->as_array()->front();
  update.set("eer", "jvm");
  foreign.set("exra", Value::object({{"swup", update}}));
  EXPECT_TRUE(command_in(executed(foreign)).is_null());
}

TEST_F(CampaignTest, ItsStatusCountsVehicles) {
  Manager manager(updates_);
  const auto index = manager.fleet().add("/v0");
  manager.fleet().add_ecu(index, "B0", "brake-2");
  const std::string text = R"({"name":"winter","images":[")" + kBrake + R"("]})";
  EXPECT_TRUE(manager.take_definition(Value(text), kAuthor, "d1", now_).accepted);
  EXPECT_TRUE(manager
                  .take_command(Value(R"({"campaign":"winter","command":"approve"})"), kApprover,
                                "c1", now_)
                  .accepted);
  manager.tick(now_);

  const Value status = status_attributes(*manager.find("winter"));

  EXPECT_EQ(status.string_at("state"), "running");
  EXPECT_EQ(status.string_at("stage"), "all");
  EXPECT_EQ(status.integer_at("vehcs"), 1);
  EXPECT_EQ(status.integer_at("told"), 1);
  EXPECT_EQ(status.integer_at("percent"), 0);
}

}  // namespace
}  // namespace gatehouse::campaign

// Car, verifier and Center together: the thirteen steps, and what becomes of them when something
// dies, lies or is missing.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/ae-apps/attestation/maintenance/maintenance_world.h"

namespace gatehouse::center {
namespace {

Value maintain() { return Value::object({{"maintain", kDevice}, {"reason", "a fault"}}); }
Value attest_now() { return Value::object({{"attest", kDevice}}); }

/// Enrolled, attested once, and version 1.0 of the brake to be replaced.
void be_ready(MaintenanceWorld& world) {
  ASSERT_TRUE(world.center().command(attest_now()));
  ASSERT_TRUE(world.run_until("attested")) << world.all_news() << world.refused();
  world.supersede("BRAKE", "1.0");
  world.on_update = [&world] { world.update_device("BRAKE", "2.0"); };
}

TEST(Maintenance, IsMeasuredBeforeAndAfterAndProvableToAStranger) {
  MaintenanceWorld world;
  be_ready(world);

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();
  EXPECT_EQ(world.audit(1), "confirmed: BRAKE runs 2.0");
}

/// The sentences of an audit, each behind who signed it.
std::string told(const evidence::AuditReport& report) {
  std::string out;
  for (const auto& line : report.happened) out += line.signer + ": " + line.text + "\n";
  return out;
}

TEST(Maintenance, TellsWhatTheUserAnswered) {
  MaintenanceWorld world;
  be_ready(world);
  world.start_gateway();
  world.answer("BRAKE", "1.9", "declined", "20261122T065900");
  world.on_update = [&world] {
    world.answer("BRAKE", "2.0", "declined", "20261122T070000");
    world.answer("BRAKE", "2.0", "accepted", "20261122T070100");
    world.answer("BRAKE", "2.0", "postponed", "20261122T070130");  // decides nothing
    world.update_device("BRAKE", "2.0");
  };

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();
  const auto report = world.audited(1);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->outcome, "confirmed: BRAKE runs 2.0");
  const std::string sentence =
      "car-1 was to ask its user about version 2.0 of its part BRAKE; at 20261122T070100 it was "
      "accepted, by the display.";
  EXPECT_NE(told(*report).find("car-1 (device): " + sentence), std::string::npos) << told(*report);
  EXPECT_EQ(told(*report).find("declined"), std::string::npos);
  EXPECT_NE(to_html(*report).find(sentence), std::string::npos);
}

TEST(Maintenance, ChangesNothingThatTheUserDeclines) {
  MaintenanceWorld world;
  be_ready(world);
  world.start_gateway();
  world.on_update = [&world] {
    world.answer("BRAKE", "2.0", "declined", "20261122T070000");
    world.fail_update("BRAKE", "2.0");
  };

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();
  const auto report = world.audited(1);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->outcome, "nothing was changed: the user did not accept");
  EXPECT_NE(told(*report).find("it was declined, by the display."), std::string::npos);
}

TEST(Maintenance, AnUpdateThatFailsIsUndoneAndTheStateAfterShowsIt) {
  MaintenanceWorld world;
  be_ready(world);
  world.on_update = [&world] { world.fail_update("BRAKE", "2.0"); };

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();
  const auto report = world.audited(1);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->outcome, "failed: BRAKE runs 1.0 as before");
  EXPECT_NE(told(*report).find("car-1 (device): car-1 is back at version 1.0 of its part BRAKE."),
            std::string::npos)
      << told(*report);
  EXPECT_NE(told(*report).find("After: allowed"), std::string::npos) << told(*report);
}

TEST(Maintenance, AnUpdateThatFailsAndIsNotUndoneIsToldAsWell) {
  MaintenanceWorld world;
  be_ready(world);
  world.on_update = [&world] {
    world.add_device("BRAKE", "2.1", "allowed");  // neither what it ran nor what was offered
    world.fail_update("BRAKE", "2.0", "2.1");
  };

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();
  EXPECT_EQ(world.audit(1), "failed: BRAKE ran 1.0 before, and runs 2.1");
}

TEST(Maintenance, ACenterThatIsStartedAnewTellsBehindWhichRecordItGoesOn) {
  MaintenanceWorld world;
  be_ready(world);
  ASSERT_TRUE(world.center().command(maintain()));
  ASSERT_TRUE(world.run_until("delivery"));
  world.start_center();

  world.center().tell_standing();

  EXPECT_EQ(world.news().back().string_at("event"), "resumed");
  EXPECT_EQ(world.news().back().string_at("after"), "delivery");
  ASSERT_TRUE(world.run_until("certified"));
  world.start_center();
  const std::size_t said = world.news().size();
  world.center().tell_standing();
  EXPECT_EQ(world.news().size(), said);
}

TEST(Maintenance, LeavesAReceiptInTheCar) {
  MaintenanceWorld world;
  be_ready(world);
  ASSERT_TRUE(world.center().command(maintain()));
  ASSERT_TRUE(world.run_until("certified"));

  ASSERT_TRUE(world.center().command(attest_now()));  // what was asked before is done by then
  ASSERT_TRUE(world.run_until("attested")) << world.all_news();

  EXPECT_TRUE(world.has_receipt(1));
}

// After a restart a report may come by its notification and from the container.
TEST(Maintenance, AReportThatComesTwiceIsNoAnswerToWhatWasAskedSince) {
  MaintenanceWorld world;
  be_ready(world);
  ASSERT_TRUE(world.center().command(maintain()));
  ASSERT_TRUE(world.run_until("certified"));
  const auto with_record = std::ranges::find_if(world.delivered(), [](const Value& report) {
    return !report.string_at("record").empty() && report.contains("evidence");
  });
  ASSERT_NE(with_record, world.delivered().end());
  const Value& again = *with_record;
  ASSERT_TRUE(world.center().command(attest_now()));

  EXPECT_TRUE(world.center().report(again));

  EXPECT_TRUE(world.run_until("attested")) << world.all_news();
}

/// Each time the Center speaks with somebody, all programs die: before the other hears it, or
/// before the answer is heard.
class KilledAt : public testing::TestWithParam<int> {};

TEST_P(KilledAt, ItIsFinishedOrFailsAndTheEvidenceSaysWhich) {
  MaintenanceWorld world;
  be_ready(world);
  world.cut_at(GetParam());

  static_cast<void>(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();
  const std::string outcome = world.audit(1);
  EXPECT_TRUE(outcome.starts_with("confirmed: BRAKE runs 2.0") ||
              outcome.starts_with("failed; nothing was changed"))
      << outcome;
}
INSTANTIATE_TEST_SUITE_P(Steps, KilledAt, testing::Range(1, 16));

class KilledWhileUndoing : public testing::TestWithParam<int> {};

TEST_P(KilledWhileUndoing, ItFailsAndTheEvidenceSaysSo) {
  MaintenanceWorld world;
  be_ready(world);
  world.on_update = [&world] { world.fail_update("BRAKE", "2.0"); };
  world.cut_at(GetParam());

  static_cast<void>(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news() << world.refused();
  EXPECT_EQ(world.audit(1), "failed: BRAKE runs 1.0 as before") << world.all_news();
}
INSTANTIATE_TEST_SUITE_P(Steps, KilledWhileUndoing, testing::Range(7, 16));

TEST(Maintenance, QuarantinesWhatNobodyHasAuthorised) {
  MaintenanceWorld world;
  be_ready(world);
  world.add_device("SPY", "6.6", "");

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news();
  const std::string outcome = world.audit(1);
  EXPECT_NE(outcome.find("nothing was changed: quarantined, because ecu:SPY: new-unauthorised"),
            std::string::npos)
      << outcome;
}

TEST(Maintenance, TrustsACarAgainOnceTheIntruderIsGone) {
  MaintenanceWorld world;
  be_ready(world);
  world.add_device("SPY", "6.6", "");
  ASSERT_TRUE(world.center().command(attest_now()));
  ASSERT_TRUE(world.run_until("attested"));
  EXPECT_EQ(world.news().back().string_at("recommendation"), "quarantined");

  world.remove_device("SPY");
  ASSERT_TRUE(world.center().command(attest_now()));

  ASSERT_TRUE(world.run_until("attested"));
  EXPECT_EQ(world.news().back().string_at("recommendation"), "allowed") << world.all_news();
}

TEST(Maintenance, TakesTheRightsOfAnUntrustedCarUntilItIsHealed) {
  MaintenanceWorld world;
  be_ready(world);
  world.add_device("SPY", "6.6", "");
  ASSERT_TRUE(world.center().command(attest_now()));
  ASSERT_TRUE(world.run_until("alarm"));
  ASSERT_TRUE(world.run_until("attested"));
  world.remove_device("SPY");

  ASSERT_TRUE(world.center().command(attest_now()));

  ASSERT_TRUE(world.run_until("attested"));
  EXPECT_EQ(world.trusted(), (std::vector<bool>{true, false, true}));
}

// The verifier answers a repeated question with the verdict it gave before, and nothing else.
TEST(Maintenance, TakesTheRightsWhenTheCenterIsKilledBeforeItReadsTheVerdict) {
  MaintenanceWorld world;
  be_ready(world);
  world.add_device("SPY", "6.6", "");
  bool killed = false;
  world.verifier_link = [&](const std::string& question, const Value& content) {
    auto said = world.ask_verifier(question, content);
    if (question == "judge" && !std::exchange(killed, true)) world.cut_at(1);
    return said;
  };

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news();
  EXPECT_EQ(world.trusted().back(), false) << world.all_news();
}

TEST(Maintenance, TakesTheRightsOnceTheCseCanBeTold) {
  MaintenanceWorld world;
  be_ready(world);
  bool reachable = false;
  std::vector<bool> told;
  world.trust_link = [&](const std::string&, bool trusted) -> Result<void> {
    if (!reachable) return fail(Rsc::kTargetNotReachable, "no CSE");
    told.push_back(trusted);
    return {};
  };
  world.add_device("SPY", "6.6", "");
  ASSERT_TRUE(world.center().command(attest_now()));
  ASSERT_TRUE(world.run_until("attested"));
  EXPECT_TRUE(told.empty());

  reachable = true;
  world.center().tick();
  world.center().tick();

  EXPECT_EQ(told, std::vector<bool>{false});
}

TEST(Maintenance, IsNotNeededToBeAttestedAgainAndAgain) {
  MaintenanceWorld world;
  world.attest_interval = std::chrono::seconds(3600);
  world.start_center();

  ASSERT_TRUE(world.run_until("enrolled")) << world.all_news();

  EXPECT_TRUE(world.run_until("attested")) << world.all_news();
}

TEST(Maintenance, NamesANewPartThatIsAuthorised) {
  MaintenanceWorld world;
  be_ready(world);
  world.add_device("RAIN", "1.0");

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news();
  EXPECT_EQ(world.audit(1), "confirmed: BRAKE runs 2.0");
}

TEST(Maintenance, IsDeniedWithoutAWhiteList) {
  MaintenanceWorld world;
  be_ready(world);
  world.lose_white_list();

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news();
  EXPECT_NE(world.audit(1).find("denied, because white list: cannot be reached"), std::string::npos)
      << world.audit(1);
}

TEST(Maintenance, IsDeniedWithAnOldWhiteList) {
  MaintenanceWorld world;
  const std::string old = world.white_list();
  be_ready(world);
  ASSERT_TRUE(world.center().command(attest_now()));
  ASSERT_TRUE(world.run_until("attested"));
  world.bring_back(old);

  ASSERT_TRUE(world.center().command(maintain()));

  ASSERT_TRUE(world.run_until("certified")) << world.all_news();
  EXPECT_NE(world.audit(1).find("denied, because white list:"), std::string::npos)
      << world.audit(1);
}

TEST(Enrolment, IsRefusedToAnotherTpm) {
  MaintenanceWorld world;
  world.know_another_tpm();
  ASSERT_TRUE(world.center().command(attest_now()));

  ASSERT_TRUE(world.run_until("refused")) << world.all_news();

  EXPECT_NE(world.refused().find("not the endorsement key"), std::string::npos) << world.refused();
}

// --- the desk alone ----------------------------------------------------------------------------

TEST(Desk, JudgesTheSameEvidenceOnce) {
  MaintenanceWorld world;
  be_ready(world);
  const auto given = world.ask_verifier(
      "challenge", Value::object({{"device", kDevice}, {"purpose", "periodic"}}));
  ASSERT_TRUE(given) << given.error().detail;
  const Value junk = Value::object({{"device", kDevice}, {"evidence", "{}"}});
  const auto first = world.ask_verifier("judge", junk);
  ASSERT_TRUE(first) << first.error().detail;

  const auto same = world.ask_verifier("judge", junk);
  const auto other =
      world.ask_verifier("judge", Value::object({{"device", kDevice}, {"evidence", "{\"v\":1}"}}));

  EXPECT_EQ(first->string_at("recommendation"), "denied");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->string_at("verdict"), first->string_at("verdict"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().rsc, Rsc::kConflict);
}

// The verifier may die when the nonce is used up and the verdict is not on its disk.
TEST(Desk, JudgesTheSameEvidenceAgainIfItCameToNoVerdict) {
  MaintenanceWorld world;
  be_ready(world);
  ASSERT_TRUE(world.ask_verifier("challenge",
                                 Value::object({{"device", kDevice}, {"purpose", "periodic"}})));
  const Value junk = Value::object({{"device", kDevice}, {"evidence", "{}"}});
  world.hide_policy();
  ASSERT_FALSE(world.ask_verifier("judge", junk));
  world.show_policy();

  const auto other =
      world.ask_verifier("judge", Value::object({{"device", kDevice}, {"evidence", "{\"v\":1}"}}));
  const auto same = world.ask_verifier("judge", junk);

  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().detail, "nonce: it is used up");
  ASSERT_TRUE(same) << same.error().detail;
  EXPECT_EQ(same->string_at("recommendation"), "denied");
}

TEST(Desk, KnowsOnlyItsDevices) {
  MaintenanceWorld world;

  const auto given =
      world.ask_verifier("challenge", Value::object({{"device", "car-2"}, {"purpose", "before"}}));

  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().rsc, Rsc::kNotFound);
}

}  // namespace
}  // namespace gatehouse::center

// What goes wrong around an attestation: old, foreign and racing evidence, a TPM that loses power,
// its memory or its identity, a network that loses messages.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "tests/ae-apps/attestation/maintenance/maintenance_world.h"

namespace gatehouse::center {
namespace {

namespace fs = std::filesystem;
using attest::Challenge;

Value maintain() { return Value::object({{"maintain", kDevice}, {"reason", "a fault"}}); }
Value attest_now() { return Value::object({{"attest", kDevice}}); }

class Faults : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.center().command(attest_now()));
    ASSERT_TRUE(world_.run_until("attested")) << world_.all_news() << world_.refused();
    world_.supersede("BRAKE", "1.0");
    world_.on_update = [this] { world_.update_device("BRAKE", "2.0"); };
  }
  Challenge challenge(const std::string& purpose = "periodic") {
    const auto given = world_.ask_verifier(
        "challenge", Value::object({{"device", kDevice}, {"purpose", purpose}}));
    EXPECT_TRUE(given) << given.error().detail;
    return *attest::parse_challenge(given->string_at("challenge"));
  }
  /// What the car says to a challenge, as text.
  std::string answer(attest::Attester& car, const Challenge& asked) {
    const auto evidence = car.attest(asked, world_.look(), "[]");
    EXPECT_TRUE(evidence) << evidence.error().detail;
    return attest::encode(*evidence);
  }
  Value judge(const std::string& evidence) {
    const auto said =
        world_.ask_verifier("judge", Value::object({{"device", kDevice}, {"evidence", evidence}}));
    return said ? *said : Value::object({{"reason", said.error().detail}});
  }
  /// The verdict's reason now; "" is "allowed".
  std::string attested() {
    return judge(answer(world_.attester(), challenge())).string_at("reason");
  }

  MaintenanceWorld world_;
};

// --- freshness ---------------------------------------------------------------------------------

TEST_F(Faults, EvidenceThatComesTooLateIsRefused) {
  const std::string evidence = answer(world_.attester(), challenge());
  world_.pass(std::chrono::seconds(61));

  EXPECT_EQ(judge(evidence).string_at("reason"), "nonce: it is too old");
}

TEST_F(Faults, OfTwoThatRaceForOneNonceOneIsHeard) {
  const Challenge asked = challenge();
  const std::string evidence[] = {answer(world_.attester(), asked),
                                  answer(world_.attester(), asked)};
  const auto desk = world_.start_verifier();
  std::string reasons[2];
  std::vector<std::thread> racers;
  for (int i = 0; i < 2; ++i) {
    racers.emplace_back([&, i] {
      const auto said =
          desk->judge(Value::object({{"device", kDevice}, {"evidence", evidence[i]}}));
      reasons[i] = said ? said->string_at("recommendation") : said.error().detail;
    });
  }
  for (std::thread& racer : racers) racer.join();

  std::sort(std::begin(reasons), std::end(reasons));
  EXPECT_EQ(reasons[0], "allowed");
  EXPECT_EQ(reasons[1], "nonce: it is used up");
}

struct OtherCase {
  std::string name;
  std::function<void(Challenge&)> change;
};
class OtherChallenge : public Faults, public testing::WithParamInterface<OtherCase> {};

// The quote is bound to all that the nonce was given out for.
TEST_P(OtherChallenge, IsNotAnsweredByThisEvidence) {
  Challenge asked = challenge();
  GetParam().change(asked);

  const std::string reason = judge(answer(world_.attester(), asked)).string_at("reason");

  EXPECT_TRUE(reason.starts_with("denied, because nonce:")) << reason;
}
INSTANTIATE_TEST_SUITE_P(
    Of, OtherChallenge,
    testing::Values(OtherCase{"another_purpose", [](Challenge& c) { c.purpose = "after"; }},
                    OtherCase{"another_maintenance", [](Challenge& c) { c.operation = "77"; }},
                    OtherCase{"another_nonce", [](Challenge& c) { c.nonce[31] ^= 1; }}),
    [](const auto& row) { return row.param.name; });

TEST_F(Faults, AnotherTpmDoesNotAnswerForThisCar) {
  attest::AttesterSettings settings = world_.attester_settings();
  settings.folder = world_.folder() / "another";
  auto another = attest::Attester::open(settings);
  ASSERT_TRUE(another) << another.error().detail;

  const std::string reason = judge(answer(*another, challenge())).string_at("reason");

  EXPECT_TRUE(reason.starts_with("denied, because signature:")) << reason;
}

TEST_F(Faults, WhoBringsItByAnotherKeyIsDenied) {
  const std::string evidence = answer(world_.attester(), challenge());

  const auto said = world_.ask_verifier(
      "judge",
      Value::object(
          {{"device", kDevice}, {"evidence", evidence}, {"peer_key", std::string(64, '0')}}));

  ASSERT_TRUE(said) << said.error().detail;
  EXPECT_TRUE(said->string_at("reason").starts_with("denied, because channel:"));
}

// --- the TPM -----------------------------------------------------------------------------------

// A software TPM would otherwise lose its registers with the program that has started it.
TEST_F(Faults, ARestartOfTheSupportSoftwareIsNoReboot) {
  world_.restart_car();
  EXPECT_EQ(attested(), "");
  world_.restart_car();
  world_.restart_car();
  EXPECT_EQ(attested(), "");
}

TEST_F(Faults, ARebootOutsideMaintenanceIsSaid) {
  world_.restart_car(true);

  EXPECT_EQ(attested(), "quarantined, because 1 reboots since the last time, 0 were expected");
  EXPECT_EQ(attested(), "") << "it was said";
}

TEST_F(Faults, ATpmThatWasClearedIsRefused) {
  for (int i = 0; i < 3; ++i) world_.restart_car(true);  // as one that has been in use
  EXPECT_NE(attested(), "");
  world_.stop_car();
  {
    auto emulator = attest::Emulator::start(world_.attester_settings().folder / "tpm");
    ASSERT_TRUE(emulator);
    const std::string tool = "TSS2_LOG=all+NONE tpm2_clear -T '" + emulator->tcti() + "' -c p";
    ASSERT_EQ(std::system(tool.c_str()), 0);
  }
  world_.restart_car();

  const std::string reason = attested();

  EXPECT_TRUE(reason.starts_with("denied, because clock:")) << reason;
}

// TPM 2.0 part 1: a counter that is defined anew begins above all that ever was.
TEST_F(Faults, ACounterThatWasRemovedDoesNotGoBack) {
  world_.stop_car();
  {
    auto emulator = attest::Emulator::start(world_.attester_settings().folder / "tpm");
    ASSERT_TRUE(emulator);
    const std::string tool =
        "TSS2_LOG=all+NONE tpm2_nvundefine -C o 0x01500100 -T '" + emulator->tcti() + "'";
    ASSERT_EQ(std::system(tool.c_str()), 0);
  }
  world_.restart_car();
  EXPECT_EQ(attested(), "quarantined, because 1 reboots since the last time, 0 were expected")
      << "that of the tool";

  EXPECT_EQ(attested(), "");
}

TEST_F(Faults, AnOldStateOfTheTpmIsRefused) {
  const fs::path state = world_.attester_settings().folder, old = world_.folder() / "old";
  world_.stop_car();
  fs::copy(state, old, fs::copy_options::recursive);
  world_.restart_car();
  ASSERT_TRUE(world_.attester().count_operation());
  EXPECT_EQ(attested(), "");
  world_.stop_car();
  fs::remove_all(state);
  fs::rename(old, state);
  world_.restart_car(true);

  const std::string reason = attested();

  EXPECT_TRUE(reason.starts_with("denied, because c")) << reason;  // clock, or counter
  EXPECT_NE(reason.find("cleared, rolled back or replaced"), std::string::npos) << reason;
}

TEST_F(Faults, AnotherTpmUnderTheSameNameIsRefused) {
  world_.stop_car();
  fs::remove_all(world_.attester_settings().folder / "tpm");
  fs::remove_all(world_.attester_settings().folder / "logs");
  world_.restart_car();

  const std::string reason = attested();

  EXPECT_TRUE(reason.starts_with("denied, because signature:")) << reason;
}

/// The car loses power when the Center speaks with somebody for the n-th time.
class PowerCutAt : public Faults, public testing::WithParamInterface<int> {};

TEST_P(PowerCutAt, ItIsFinishedOrTheEvidenceSaysWhyNot) {
  world_.cut_at(GetParam(), true);

  static_cast<void>(world_.center().command(maintain()));

  ASSERT_TRUE(world_.run_until("certified")) << world_.all_news() << world_.refused();
  const std::string outcome = world_.audit(1);
  EXPECT_TRUE(outcome.starts_with("confirmed: BRAKE runs 2.0") ||
              outcome.starts_with("failed; nothing was changed") ||
              outcome.find("reboots since the last time") != std::string::npos)
      << outcome;
}
INSTANTIATE_TEST_SUITE_P(Steps, PowerCutAt, testing::Values(1, 4, 6, 9));

// Between the state before and the state after the car is started anew: it signs for that.
TEST_F(Faults, ARebootInsideMaintenanceIsExpectedAndStandsInTheEvidence) {
  world_.on_update = [this] {
    world_.restart_car(true);
    world_.update_device("BRAKE", "2.0");
  };

  ASSERT_TRUE(world_.center().command(maintain()));

  ASSERT_TRUE(world_.run_until("certified")) << world_.all_news() << world_.refused();
  const auto report = world_.audited(1);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->outcome, "confirmed: BRAKE runs 2.0");
  EXPECT_NE(evidence::to_text(*report).find(
                "car-1 started anew, as expected: 1 since its state before was measured"),
            std::string::npos)
      << evidence::to_text(*report);
}

// --- the white list ----------------------------------------------------------------------------

TEST_F(Faults, WhatIsAllowedUntilADateIsRevokedBehindIt) {
  EXPECT_EQ(attested(), "");
  world_.pass(std::chrono::seconds(2 * 3600));

  const std::string reason = attested();

  EXPECT_NE(reason.find("ecu:BRAKE: revoked: superseded, and allowed only until"),
            std::string::npos)
      << reason;
}

// --- ECUs --------------------------------------------------------------------------------------

TEST_F(Faults, AnEcusAnswerAfterTheTimeIsNoAnswer) {
  attest::SupportSettings settings;
  settings.ae.csebase = "cse-in";
  settings.ecu_limit = std::chrono::milliseconds(10);
  sdk::AeSettings us;
  us.name = "reader";
  us.ae_id = "Creader";
  const auto ae = *sdk::Ae::connect(us, world_.cse().link());
  sdk::AeSettings gateway;
  gateway.name = settings.gateway;
  gateway.ae_id = "Cgateway";
  const auto asked = *sdk::Ae::connect(gateway, world_.cse().link());
  ASSERT_TRUE(asked->container("inquiries").ensure());
  attest::InventoryReader reader(settings, *ae);
  const Challenge first{Bytes(32, 1), "periodic", "", 0}, second{Bytes(32, 2), "periodic", "", 0};
  const auto late = reader.find(first);
  ASSERT_TRUE(late) << late.error().detail;
  EXPECT_EQ(late->reports, "[]");
  const auto inquiry = asked->container("inquiries").latest<Value>();
  ASSERT_TRUE(inquiry && *inquiry);

  Value answer = Value::object({{"inquiry", (*inquiry)->string_at("inquiry")}});
  answer.set("reports", Value::array({Value::object({{"ecu", "BRAKE"}})}));
  reader.take(answer);

  EXPECT_EQ(reader.find(second)->reports, "[]");
}

// --- oneM2M ------------------------------------------------------------------------------------

using Kind = sdk::Fault::Kind;
struct NetworkCase {
  std::string name;
  sdk::Fault fault;
};
class Network : public Faults, public testing::WithParamInterface<NetworkCase> {};

TEST_P(Network, IsAskedAgainUntilItIsThere) {
  world_.cse().inject(GetParam().fault);

  ASSERT_TRUE(world_.center().command(maintain()));

  for (int i = 0; i < 10 && world_.audit(1) == "no certificate"; ++i) {
    if (world_.run_until("certified", std::chrono::milliseconds(1500))) break;
    world_.pass(std::chrono::seconds(6));  // the Center asks a silent car again
  }
  EXPECT_EQ(world_.audit(1), "confirmed: BRAKE runs 2.0") << world_.all_news();
}
INSTANTIATE_TEST_SUITE_P(
    Is, Network,
    testing::Values(NetworkCase{"the_car_is_offline",
                                {Kind::kAnswer, Operation::kCreate, "support/requests", 2,
                                 Rsc::kTargetNotReachable}},
                    NetworkCase{"access_is_denied_once",
                                {Kind::kAnswer, Operation::kCreate, "support/requests", 1,
                                 Rsc::kOriginatorHasNoPrivilege}},
                    NetworkCase{"the_report_does_not_arrive",
                                {Kind::kAnswer, Operation::kCreate, "center/reports", 1,
                                 Rsc::kTargetNotReachable}},
                    NetworkCase{
                        "the_cse_fails",
                        {Kind::kAnswer, Operation::kCreate, "", 3, Rsc::kInternalServerError}}),
    [](const auto& row) { return row.param.name; });

TEST_F(Faults, ACarThatMayNeverBeAskedEndsInARecordThatSaysSo) {
  world_.cse().inject({Kind::kAnswer, Operation::kCreate, "support/requests", 1000,
                       Rsc::kOriginatorHasNoPrivilege});
  ASSERT_TRUE(world_.center().command(maintain()));
  EXPECT_FALSE(world_.run_until("certified", std::chrono::milliseconds(100)));
  world_.pass(std::chrono::seconds(100));

  EXPECT_TRUE(world_.run_until("expired"));
}

TEST_F(Faults, ARequestThatComesTwiceIsAnsweredTwiceAndDoneOnce) {
  const std::size_t before = world_.delivered().size();
  ASSERT_TRUE(world_.center().command(attest_now()));
  ASSERT_TRUE(world_.run_until("attested"));
  std::optional<Value> asked;
  for (const Request& each : world_.cse().requests()) {
    const Value* content = each.content ? each.content->find("m2m:cin") : nullptr;
    if (each.to.ends_with("support/requests") && content != nullptr) asked = *content->find("con");
  }
  ASSERT_TRUE(asked);

  world_.ask_car_again(*asked);

  ASSERT_TRUE(world_.run_until_delivered(before + 2));
  const Value& first = world_.delivered()[before];
  const Value& second = world_.delivered()[before + 1];
  EXPECT_EQ(to_json(first), to_json(second));
}

TEST_F(Faults, EvidenceAboveTheLimitIsRefused) {
  ASSERT_TRUE(world_.center().command(attest_now()));
  ASSERT_TRUE(world_.run_until("attested"));
  ASSERT_TRUE(world_.center().command(attest_now()));
  ASSERT_TRUE(world_.run_until("asked"));
  const Value report = Value::object({{"device", kDevice},
                                      {"id", world_.news().back().string_at("id")},
                                      {"evidence", std::string((4u << 20) + 1, 'x')}});

  const auto taken = world_.center().report(report);

  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().detail, "report: no evidence");
}

// --- configuration -----------------------------------------------------------------------------

TEST_F(Faults, ConfigurationIsAComponentOnceItsRegisterIsQuoted) {
  const std::string file = world_.folder() / "gateway.json";
  std::ofstream(file) << "{}";
  world_.measure_configuration(file);

  const std::string unknown = attested();
  world_.list_component("config:" + file, "{}");
  const std::string listed = attested();
  std::ofstream(file) << "{\"debug\":true}";
  const std::string changed = attested();

  EXPECT_NE(unknown.find("config:" + file + ": unknown"), std::string::npos) << unknown;
  EXPECT_EQ(listed, "");
  EXPECT_NE(changed.find("config:" + file + ": unknown"), std::string::npos) << changed;
}

}  // namespace
}  // namespace gatehouse::center

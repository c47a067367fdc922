#include "ae-apps/attestation/center/center.h"

#include <gtest/gtest.h>

#include "tests/ae-apps/attestation/evidence/operation_fixture.h"

namespace gatehouse::center {
namespace {

using namespace evidence;
using Facts = std::map<std::string, std::string>;

/// A Center on a simulated disk and clock, with a car and a verifier that sign what they are asked
/// to.
struct Maintenance {
  explicit Maintenance(std::uint64_t seed = 1) : disk(seed) {}

  Result<void> start() {
    center.reset();
    log.reset();
    auto opened = disk.open();
    if (!opened) return fail(opened.error());
    log.emplace(*std::move(opened));
    CenterSettings settings;
    settings.clock = [this] { return now; };
    settings.max_refusals = 3;
    settings.key_of = [this](std::string_view role,
                             const std::string& device) -> std::optional<crypto::PublicKey> {
      if (role == "verifier") return verifier.public_key();
      return device == "car-1" ? std::optional(car.public_key()) : std::nullopt;
    };
    auto resumed = Center::resume(disk.medium, *log, center_key, std::move(settings));
    if (!resumed) return fail(resumed.error());
    center.emplace(*std::move(resumed));
    return {};
  }
  /// What the car or the verifier says next; they know the last entry from the Center's answers.
  std::string said(RecordKind kind, Facts facts) const {
    const Standing& standing = *center->standing("car-1");
    Record last;
    last.device = "car-1";
    last.operation = standing.operation;
    last.position = standing.position;
    Record record = following(last, standing.last_entry, kind, now);
    record.facts = std::move(facts);
    static_cast<void>(sign(record, row_of(kind).role == "device" ? car : verifier));
    return encode(record);
  }
  Result<Acknowledged> step(RecordKind kind, const Facts& facts) {
    now = now + std::chrono::seconds(5);
    if (kind == RecordKind::kOpen) return center->begin("car-1", facts.at("reason"));
    if (row_of(kind).role == "center") return center->state("car-1", kind, facts);
    return center->take(said(kind, facts));
  }

  LogOnDisk disk;
  crypto::SigningKey center_key = World::new_key(), verifier = World::new_key(),
                     car = World::new_key();
  Timestamp now{1'800'000'000'000'000};
  std::optional<Log> log;
  std::optional<Center> center;
};

const std::vector<std::pair<RecordKind, Facts>> kSteps = {
    {RecordKind::kOpen, {{"reason", "a fault"}}},
    {RecordKind::kBeforeChallenge, {{"nonce", "01"}}},
    {RecordKind::kBeforeEvidence, {{"assurance", "TPM"}}},
    {RecordKind::kBeforeResult, {{"policy", "1"}, {"verdict", "old"}, {"whitelist", "1"}}},
    {RecordKind::kSelection, {{"modules", "brake 2"}}},
    {RecordKind::kDelivery, {{"module", "brake 2"}, {"digest", "aa"}}},
    {RecordKind::kConsent,
     {{"part", "brake"}, {"version", "2"}, {"decision", "accepted"}, {"by", "u"}, {"at", "t"}}},
    {RecordKind::kApply, {{"part", "brake"}, {"version", "2"}, {"outcome", "installed"}}},
    {RecordKind::kReboot, {{"reason", "new software"}}},
    {RecordKind::kAfterChallenge, {{"nonce", "02"}}},
    {RecordKind::kAfterEvidence, {{"assurance", "TPM"}}},
    {RecordKind::kAfterResult, {{"policy", "1"}, {"verdict", "good"}, {"whitelist", "1"}}},
    {RecordKind::kConfirmation, {{"outcome", "brake runs 2"}}},
    {RecordKind::kClose, {{"outcome", "done"}}},
};

void run_steps(Maintenance& m, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    const auto done = m.step(kSteps[i].first, kSteps[i].second);
    ASSERT_TRUE(done) << i << ": " << done.error().detail;
  }
}

/// The log as an auditor reads it: no gap, no record out of order.
std::string audit(Maintenance& m) {
  TrustAnchors anchors;
  anchors.logs = {m.disk.signer.verifier()};
  EXPECT_TRUE(m.log->publish());
  const auto proven = audit_log(m.disk.medium, anchors, {});
  EXPECT_TRUE(proven) << proven.error().detail;
  std::string all;
  for (const std::string& line : proven.value_or(std::vector<std::string>())) all += line + "\n";
  return all;
}

TEST(CenterTransaction, GoesThroughAllStepsTwice) {
  Maintenance m;
  ASSERT_TRUE(m.start());
  run_steps(m, 0, kSteps.size());
  run_steps(m, 0, kSteps.size());
  EXPECT_FALSE(m.center->standing("car-1")->open());
  EXPECT_NE(audit(m).find("car-1: operations 1 to 2, none missing."), std::string::npos);
}

TEST(CenterTransaction, LeavesACertificateThatAStrangerVerifies) {
  Maintenance m;
  World parties(m.now.microseconds / 1'000'000 - 86'400);  // its authority, its time stamps
  m.car = parties.car;
  ASSERT_TRUE(m.start());
  run_steps(m, 0, kSteps.size());
  const SignedCheckpoint tree = *m.log->publish();
  const auto places = find_operation(m.disk.medium, tree.checkpoint, "car-1", 1);
  Certificate made = *certify(*m.log, "car-1", 1, *places);
  parties.now_s = m.now.microseconds / 1'000'000;
  made.stamp = parties.stamp_of(tree);
  made.signers = {{World::id_of(m.center_key), m.center_key.public_key().to_pem()},
                  {World::id_of(m.verifier), m.verifier.public_key().to_pem()},
                  {World::id_of(m.car), parties.car_chain}};
  TrustAnchors anchors = parties.anchors;
  anchors.logs = {m.disk.signer.verifier()};
  anchors.quorum = 0;
  anchors.roles["center"] = m.center_key.public_key().to_pem();
  anchors.roles["verifier"] = m.verifier.public_key().to_pem();

  const auto report = audit_certificate(made, anchors);

  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->happened.size(), kSteps.size());
}

TEST(CenterTransaction, GoesOnAfterAStopBetweenAnyTwoSteps) {
  Maintenance m;
  ASSERT_TRUE(m.start());
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    run_steps(m, i, i + 1);
    ASSERT_TRUE(m.start());
    EXPECT_EQ(m.center->standing("car-1")->last, kSteps[i].first);
    EXPECT_EQ(m.center->standing("car-1")->position, i + 1);
  }
  EXPECT_NE(audit(m).find("none missing"), std::string::npos);
}

/// The power goes at any write of any step: what was acknowledged is there, and the operation goes
/// on to its end.
TEST(CenterTransaction, GoesOnAfterAPowerCutAtAnyWrite) {
  for (std::uint64_t point = 1;; ++point) {
    Maintenance m(point);
    std::size_t acknowledged = 0;
    m.disk.medium.cut_power_at(point);
    bool cut = false;
    try {
      if (m.start()) {
        while (acknowledged < kSteps.size() &&
               m.step(kSteps[acknowledged].first, kSteps[acknowledged].second)) {
          ++acknowledged;
        }
      }
    } catch (const PowerCut&) {
      cut = true;
    }
    if (!cut) {
      EXPECT_EQ(acknowledged, kSteps.size());
      EXPECT_GT(point, 2 * kSteps.size());
      return;
    }
    m.disk.medium.power_cut();
    ASSERT_TRUE(m.start()) << point;
    const Standing* standing = m.center->standing("car-1");
    const std::size_t there = standing == nullptr ? 0 : standing->position;
    ASSERT_GE(there, acknowledged) << point;
    ASSERT_LE(there, acknowledged + 1) << point;
    run_steps(m, there, kSteps.size());
    EXPECT_NE(audit(m).find("operations 1 to 1, none missing."), std::string::npos);
  }
}

TEST(CenterTransaction, GivesTheSameAnswerToWhatIsSaidAgain) {
  Maintenance m;
  ASSERT_TRUE(m.start());
  run_steps(m, 0, 1);
  const std::string entry = m.said(RecordKind::kBeforeChallenge, {{"nonce", "01"}});
  const auto first = m.center->take(entry);
  ASSERT_TRUE(first);
  ASSERT_TRUE(m.start());
  EXPECT_EQ(*m.center->take(entry), *first);
  EXPECT_EQ(m.log->size(), 2U);
}

TEST(CenterTransaction, RefusesWhatCannotComeAndLogsTheAttempt) {
  Maintenance m;
  ASSERT_TRUE(m.start());
  EXPECT_EQ(m.center->state("car-1", RecordKind::kClose, {{"outcome", "x"}}).error().rsc,
            Rsc::kNotFound);
  run_steps(m, 0, 2);
  const std::uint64_t before = m.log->size();
  const std::string good = m.said(RecordKind::kBeforeEvidence, {{"assurance", "TPM"}});
  struct Bad {
    std::string entry;
    Rsc rsc;
    bool logged;
  };
  Record forged = *decode_record(good);
  forged.signature[8] ^= 1;
  Record by_center = *decode_record(good);
  static_cast<void>(sign(by_center, m.center_key));
  Record late = *decode_record(good);
  late.time = late.time + std::chrono::hours(1);
  static_cast<void>(sign(late, m.car));
  Record skipped = *decode_record(good);
  skipped.position += 1;
  static_cast<void>(sign(skipped, m.car));
  for (const Bad& bad : {Bad{"garbage", Rsc::kBadRequest, false},
                         Bad{encode(forged), Rsc::kOriginatorHasNoPrivilege, true},
                         Bad{encode(by_center), Rsc::kOriginatorHasNoPrivilege, true},
                         Bad{encode(late), Rsc::kNotAcceptable, true},
                         Bad{encode(skipped), Rsc::kConflict, false}}) {
    const std::uint64_t size = m.log->size();
    EXPECT_EQ(m.center->take(bad.entry).error().rsc, bad.rsc);
    EXPECT_EQ(m.log->size(), size + (bad.logged ? 1 : 0)) << "the fourth attempt is one too many";
  }
  EXPECT_EQ(m.log->size(), before + 3);
  EXPECT_TRUE(m.center->take(good)) << "attempts keep nobody from going on";
  EXPECT_EQ(m.center->begin("car-1", "again").error().rsc, Rsc::kConflict);
  EXPECT_EQ(m.center->state("car-1", RecordKind::kDelivery, {{"module", "m"}, {"digest", "d"}})
                .error()
                .rsc,
            Rsc::kConflict);
  EXPECT_EQ(m.center->state("car-1", RecordKind::kApply, {}).error().rsc, Rsc::kBadRequest);
  EXPECT_EQ(m.center->state("car-1", RecordKind::kFailure, {}).error().rsc, Rsc::kBadRequest)
      << "no reason";
}

struct Silence {
  std::size_t after;  ///< steps that are done
  std::string outcome;
};
class CenterOutOfTime : public testing::TestWithParam<Silence> {};

TEST_P(CenterOutOfTime, EndsTheOperationAndSaysHow) {
  Maintenance m;
  ASSERT_TRUE(m.start());
  run_steps(m, 0, GetParam().after);
  EXPECT_TRUE(m.center->expire()->empty());
  for (int i = 0; i < 2 && m.center->standing("car-1")->open(); ++i) {
    m.now = m.now + std::chrono::hours(25);
    ASSERT_TRUE(m.start());  // nothing of it is only in memory
    EXPECT_EQ(m.center->expire()->size(), 1U);
  }
  ASSERT_FALSE(m.center->standing("car-1")->open());
  const auto close = decode_record(m.center->standing("car-1")->last_entry);
  EXPECT_EQ(close->facts.at("outcome"), GetParam().outcome);
  EXPECT_NE(audit(m).find("none missing."), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Steps, CenterOutOfTime,
                         testing::Values(Silence{1, "failed; nothing was changed"},
                                         Silence{3, "failed; nothing was changed"},
                                         Silence{7, "failed; nothing was changed"},
                                         Silence{8, "failed; the state of car-1 is unknown"},
                                         Silence{13, "failed; the state of car-1 is unknown"}),
                         [](const auto& one) {
                           return "after_" + std::to_string(one.param.after);
                         });

TEST(CenterTransaction, TellsThatTheCarWentBack) {
  Maintenance m;
  ASSERT_TRUE(m.start());
  run_steps(m, 0, 8);
  m.now = m.now + std::chrono::hours(2);
  ASSERT_TRUE(m.center->expire());
  ASSERT_TRUE(m.step(RecordKind::kRollback, {{"part", "brake"}, {"version", "1"}}));
  m.now = m.now + std::chrono::hours(2);
  ASSERT_TRUE(m.center->expire());
  const auto close = decode_record(m.center->standing("car-1")->last_entry);
  EXPECT_EQ(close->facts.at("outcome"), "failed; car-1 went back to what it had");
}

}  // namespace
}  // namespace gatehouse::center

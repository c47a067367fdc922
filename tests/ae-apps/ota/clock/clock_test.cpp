#include <gtest/gtest.h>

#include <fstream>

#include "ae-apps/ota/clock/secure_clock.h"
#include "ae-apps/ota/clock/time_gathering.h"
#include "ae-apps/ota/clock/time_page.h"
#include "ae-apps/ota/uptane/metadata.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using uptane::Reason;

crypto::SigningKey fresh_key() {
  return crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
}
const std::string kNonce(32, 'a');
Timestamp noon() { return uptane::parse_iso_time("2030-01-01T12:00:00Z").value(); }

Reason reason(const uptane::Checked<Timestamp>& outcome) {
  EXPECT_FALSE(outcome);
  return outcome ? Reason::kMalformed : outcome.error().reason;
}

TEST(TimeAttestation, IsBelievedForTheNonceThatItAnswers) {
  const auto key = fresh_key();
  const TimeKeys keys{{key.public_key()}, 1};
  const std::string other(16, 'b');
  const std::string text = attest_time({other, kNonce}, noon(), key).value();

  EXPECT_EQ(verify_time(text, keys, kNonce).value(), noon());
  EXPECT_EQ(verify_time(text, keys, other).value(), noon());
  EXPECT_EQ(reason(verify_time(text, keys, std::string(32, 'c'))), Reason::kReplay);
}

TEST(TimeAttestation, OfAnotherKeyOrAlteredOrOfAnotherKindIsRefused) {
  const auto key = fresh_key();
  const auto thief = fresh_key();
  const TimeKeys keys{{key.public_key()}, 1};
  std::string text = attest_time({kNonce}, noon(), key).value();

  EXPECT_EQ(reason(verify_time(attest_time({kNonce}, noon(), thief).value(), keys, kNonce)),
            Reason::kThreshold);
  EXPECT_EQ(reason(verify_time(text, {{key.public_key(), thief.public_key()}, 2}, kNonce)),
            Reason::kThreshold);
  EXPECT_EQ(reason(verify_time(text, {{key.public_key(), key.public_key()}, 2}, kNonce)),
            Reason::kIllegalThreshold)
      << "one key is not two";
  EXPECT_EQ(reason(verify_time(text, {}, kNonce)), Reason::kIllegalThreshold);
  const std::size_t year = text.find("2030");
  text[year + 3] = '1';
  EXPECT_EQ(reason(verify_time(text, keys, kNonce)), Reason::kThreshold);
  // Metadata that the same key signed is no time.
  const Value metadata = Value::object(
      {{"_type", "targets"}, {"nonces", Value::array({kNonce})}, {"time", "2030-01-01T12:00:00Z"}});
  EXPECT_EQ(reason(verify_time(uptane::sign_envelope(metadata, {&key}), keys, kNonce)),
            Reason::kWrongType);
  const Value no_time =
      Value::object({{"_type", "timeserver"}, {"nonces", Value::array({kNonce})}});
  EXPECT_EQ(reason(verify_time(uptane::sign_envelope(no_time, {&key}), keys, kNonce)),
            Reason::kMalformed);
  EXPECT_EQ(reason(verify_time("{", keys, kNonce)), Reason::kMalformed);
  EXPECT_EQ(reason(verify_time(std::string(kMaxAttestationBytes + 1, ' '), keys, kNonce)),
            Reason::kTooLarge);
}

TEST(TimeAttestation, OnlyNoncesOfTheRightFormAreAnswered) {
  const auto key = fresh_key();

  for (const std::vector<std::string>& nonces :
       {std::vector<std::string>{}, std::vector<std::string>{"short"},
        std::vector<std::string>{std::string(32, 'X')},
        std::vector<std::string>{std::string(65, 'a')}, std::vector<std::string>(17, kNonce)}) {
    EXPECT_FALSE(attest_time(nonces, noon(), key));
  }
}

// --- several time servers ----------------------------------------------------------------------

/// Three servers, each with its key; two must agree.
class TimeServers : public testing::Test {
 protected:
  std::string said(std::size_t server, Timestamp time, const std::string& nonce = kNonce) const {
    return attest_time({nonce}, time, servers_[server]).value();
  }
  uptane::Checked<Timestamp> verify(const std::vector<std::string>& answers) const {
    return verify_time(join_attestations(answers), keys_, kNonce);
  }

  std::vector<crypto::SigningKey> servers_{fresh_key(), fresh_key(), fresh_key()};
  TimeKeys keys_{{servers_[0].public_key(), servers_[1].public_key(), servers_[2].public_key()}, 2};
};

TEST_F(TimeServers, TwoOfThreeProveTheTime) {
  const auto time = verify({said(2, noon()), said(0, noon())});

  ASSERT_TRUE(time) << time.error().detail;
  EXPECT_EQ(*time, noon());
}

TEST_F(TimeServers, OneAloneProvesNothing) {
  EXPECT_EQ(reason(verify({said(0, noon())})), Reason::kThreshold);
  EXPECT_EQ(reason(verify_time(said(0, noon()), keys_, kNonce)), Reason::kThreshold);
}

TEST_F(TimeServers, OneKeyTwiceCountsOnce) {
  EXPECT_EQ(reason(verify({said(0, noon()), said(0, noon())})), Reason::kThreshold);
  EXPECT_EQ(reason(verify({said(0, noon()), said(0, noon() + seconds(1))})), Reason::kThreshold);
  keys_.keys = {servers_[0].public_key(), servers_[0].public_key()};
  EXPECT_EQ(reason(verify({said(0, noon()), said(0, noon())})), Reason::kIllegalThreshold);
}

TEST_F(TimeServers, OneThatLiesHindersNothingAndLeadsNowhere) {
  for (const auto lie : {-24 * 365, 24 * 365}) {
    for (const std::size_t liar : {0, 1, 2}) {
      std::vector<std::string> answers;
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        answers.push_back(said(i, i == liar ? noon() + hours(lie) : noon()));
      }
      const auto time = verify(answers);
      ASSERT_TRUE(time) << time.error().detail;
      EXPECT_EQ(*time, noon()) << liar << " lies by " << lie << " h";
    }
    EXPECT_EQ(reason(verify({said(0, noon()), said(1, noon() + hours(lie))})), Reason::kThreshold);
  }
}

TEST_F(TimeServers, WhatIsNoGoodHindersNothing) {
  const auto thief = fresh_key();
  const std::vector<std::string> bad = {
      "{", "", attest_time({kNonce}, noon() + hours(1), thief).value(),
      said(2, noon() + hours(1), std::string(32, 'c')), std::string(kMaxAttestationBytes + 1, ' ')};
  std::vector<std::string> answers = bad;
  answers.push_back(said(0, noon()));
  EXPECT_EQ(reason(verify(answers)), Reason::kThreshold);

  answers.push_back(said(1, noon()));

  const auto time = verify(answers);
  ASSERT_TRUE(time) << time.error().detail;
  EXPECT_EQ(*time, noon());
}

TEST_F(TimeServers, MayDifferByTheTolerance) {
  keys_.tolerance = seconds(10);

  EXPECT_EQ(verify({said(0, noon()), said(1, noon() + seconds(10))}).value(), noon())
      << "both say that it has come";
  EXPECT_EQ(reason(verify({said(0, noon()), said(1, noon() + seconds(11))})), Reason::kThreshold);
  EXPECT_EQ(
      verify({said(0, noon()), said(1, noon() + seconds(4)), said(2, noon() + seconds(8))}).value(),
      noon() + seconds(4));
  EXPECT_EQ(verify({said(0, noon()), said(1, noon() + seconds(9)), said(2, noon() + seconds(18))})
                .value(),
            noon() + seconds(9))
      << "of two groups of one size the later";
}

TEST_F(TimeServers, AreAtMostSixteenAndTexts) {
  EXPECT_EQ(reason(verify({})), Reason::kMalformed);
  EXPECT_EQ(reason(verify(std::vector<std::string>(17, "{}"))), Reason::kMalformed);
  EXPECT_EQ(reason(verify_time(R"({"attestations":"x"})", keys_, kNonce)), Reason::kMalformed);
  EXPECT_EQ(reason(verify_time(R"({"attestations":[5]})", keys_, kNonce)), Reason::kMalformed);
  EXPECT_EQ(reason(verify_time(std::string(kMaxGatheredBytes + 1, ' '), keys_, kNonce)),
            Reason::kTooLarge);
}

TEST_F(TimeServers, NeedAsManyDifferentKeysInFiles) {
  const TemporaryFolder folder;
  const std::string file = folder / "time.pem";
  std::ofstream(file) << servers_[0].public_key().to_pem();

  EXPECT_TRUE(load_time_keys({file}, 1));
  EXPECT_FALSE(load_time_keys({file, file}, 2));
}

/// What is gathered from them.
class TimeGatheringTest : public TimeServers {
 protected:
  TimeGathering gathering() const { return {keys_, kNonce}; }
  static uptane::Checked<std::string> silence() {
    return uptane::refuse(Reason::kMissing, "does not answer");
  }
};

TEST_F(TimeGatheringTest, EndsAsSoonAsEnoughAgree) {
  TimeGathering gathering = this->gathering();
  gathering.add("a", said(0, noon()));
  EXPECT_FALSE(gathering.enough());

  gathering.add("b", said(1, noon() + seconds(1)));

  ASSERT_TRUE(gathering.enough()) << "whether or not the third is silent";
  EXPECT_EQ(verify_time(gathering.result().value(), keys_, kNonce).value(), noon());
}

TEST_F(TimeGatheringTest, LeavesOutWhoLiesOrIsSilent) {
  TimeGathering gathering = this->gathering();
  gathering.add("a", said(0, noon() + hours(24 * 365)));
  gathering.add("b", silence());
  gathering.add("c", attest_time({kNonce}, noon(), fresh_key()).value());
  gathering.add("d", said(1, noon()));
  EXPECT_FALSE(gathering.enough());

  gathering.add("e", said(2, noon()));

  ASSERT_TRUE(gathering.enough());
  EXPECT_EQ(verify_time(gathering.result().value(), keys_, kNonce).value(), noon());
}

TEST_F(TimeGatheringTest, SaysWhatBecameOfEach) {
  TimeGathering gathering = this->gathering();
  gathering.add("http://a/", said(0, noon()));
  gathering.add("http://b/", silence());
  gathering.add("http://c/", said(2, noon() + hours(1)));

  const auto result = gathering.result();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kThreshold);
  EXPECT_EQ(result.error().detail,
            "2 time servers with different keys must agree within 60 s; "
            "http://a/ says 2030-01-01T12:00:00Z; http://b/: does not answer; "
            "http://c/ says 2030-01-01T13:00:00Z");
}

TEST_F(TimeGatheringTest, OneKeyBehindTwoAddressesIsNotTwo) {
  TimeGathering gathering = this->gathering();
  gathering.add("a", said(0, noon()));
  gathering.add("b", said(0, noon()));

  EXPECT_FALSE(gathering.enough());
  EXPECT_FALSE(gathering.result());
}

TEST_F(TimeGatheringTest, OfOneServerAllStaysAsItWas) {
  keys_.threshold = 1;
  TimeGathering gathering = this->gathering();
  gathering.add("a", said(0, noon()));
  EXPECT_EQ(gathering.result().value(), said(0, noon())) << "for ECUs that know nothing else";

  TimeGathering silent = this->gathering();
  silent.add("a", silence());
  EXPECT_EQ(silent.result().error().reason, Reason::kMissing);
}

TEST(TimePages, AnswerNoncesInThePath) {
  const auto key = fresh_key();
  const auto pages = time_pages(key, noon);
  http::PageRequest request;
  request.method = "GET";
  const std::string path = "/time/" + kNonce + "," + std::string(16, 'b');
  request.path = path;

  const auto page = pages(request);

  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(verify_time(page->body, {{key.public_key()}, 1}, std::string(16, 'b')).value(), noon());
  request.path = "/time/";
  EXPECT_EQ(pages(request)->status, 400);
  request.path = "/other";
  EXPECT_FALSE(pages(request));
  request.path = path;
  request.method = "POST";
  EXPECT_EQ(pages(request)->status, 405);
}

/// A vehicle with a time server that does what the test says.
class SecureClockTest : public testing::Test {
 protected:
  void open() {
    SecureClock::Settings settings;
    settings.keys = {{key_.public_key()}, 1};
    settings.state = folder_ / "time";
    auto opened = SecureClock::open(
        settings,
        [this](const std::string& nonce) -> uptane::Checked<std::string> {
          ++asked_;
          steady_ += delay_;
          if (down_) return uptane::refuse(Reason::kMissing, "the time server does not answer");
          if (!replayed_.empty()) return replayed_;
          last_answer_ = attest_time({nonce}, server_time_, *signs_).value();
          return last_answer_;
        },
        random_, [this] { return steady_; });
    ASSERT_TRUE(opened) << opened.error().detail;
    clock_ = *std::move(opened);
  }
  void pass(milliseconds span) {
    steady_ += span;
    server_time_ = server_time_ + span;
  }

  TemporaryFolder folder_;
  crypto::SigningKey key_ = fresh_key();
  crypto::SigningKey thief_ = fresh_key();
  const crypto::SigningKey* signs_ = &key_;
  crypto::SeededRandom random_{3};
  Timestamp server_time_ = noon();
  milliseconds steady_{5'000'000};
  milliseconds delay_{0};
  bool down_ = false;
  int asked_ = 0;
  std::string replayed_, last_answer_;
  std::unique_ptr<SecureClock> clock_;
};

TEST_F(SecureClockTest, GoesOnFromWhatWasAttestedAndAsksAgainWhenThatIsOld) {
  open();

  EXPECT_EQ(clock_->now().value(), noon());
  pass(std::chrono::minutes(30));
  EXPECT_EQ(clock_->now().value(), noon() + std::chrono::minutes(30));
  EXPECT_EQ(asked_, 1);
  pass(hours(1));
  EXPECT_EQ(clock_->now().value(), noon() + std::chrono::minutes(90));
  EXPECT_EQ(asked_, 2);
  EXPECT_EQ(clock_->trouble(), "");
}

TEST_F(SecureClockTest, NeverGoesBackWhateverTheServerSays) {
  open();
  ASSERT_TRUE(clock_->now());
  pass(hours(2));
  server_time_ = noon() + hours(-24);

  EXPECT_EQ(clock_->now().value(), noon() + hours(2));
}

TEST_F(SecureClockTest, WithoutAnAnswerTheLatestAttestedTimeCountsAlsoAfterARestart) {
  open();
  ASSERT_TRUE(clock_->now());
  down_ = true;
  steady_ = milliseconds(0);  // started anew: nobody knows for how long it was off

  open();

  EXPECT_EQ(clock_->now().value(), noon());
  EXPECT_EQ(clock_->trouble(), "the time server does not answer");
  steady_ += seconds(10);
  EXPECT_EQ(clock_->now().value(), noon() + seconds(10));
}

TEST_F(SecureClockTest, AVehicleThatNeverHeardTheTimeKnowsNone) {
  down_ = true;
  open();

  EXPECT_EQ(reason(clock_->now()), Reason::kMissing);
  down_ = false;
  EXPECT_EQ(clock_->now().value(), noon());
}

TEST_F(SecureClockTest, AReplayedHeldBackOrForgedAnswerIsNotBelieved) {
  open();
  ASSERT_TRUE(clock_->now());
  replayed_ = last_answer_;
  pass(hours(2));
  EXPECT_EQ(clock_->now().value(), noon() + hours(2)) << "by the own clock";
  EXPECT_EQ(clock_->trouble(), "the attestation of the time answers another nonce");
  replayed_.clear();

  pass(seconds(30));
  EXPECT_TRUE(clock_->now());
  EXPECT_EQ(asked_, 2) << "not asked without end";
  pass(seconds(60));
  delay_ = seconds(11);
  EXPECT_TRUE(clock_->now());
  EXPECT_EQ(clock_->trouble(), "the time server took too long to answer");
  delay_ = milliseconds(0);

  pass(seconds(60));
  signs_ = &thief_;
  server_time_ = noon() + hours(24 * 365);
  EXPECT_LT(clock_->now().value(), noon() + hours(3));
  EXPECT_NE(clock_->trouble(), "");
}

TEST_F(SecureClockTest, ADamagedStateIsNotTakenUp) {
  std::ofstream(folder_ / "time") << "soon";
  SecureClock::Settings settings;
  settings.state = folder_ / "time";

  EXPECT_FALSE(SecureClock::open(settings, {}, random_));
}

}  // namespace
}  // namespace gatehouse::ota

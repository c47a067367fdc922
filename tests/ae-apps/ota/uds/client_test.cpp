#include "ae-apps/ota/uds/client.h"

#include <gtest/gtest.h>

#include <deque>

#include "ae-apps/ota/uds/flasher.h"
#include "ae-apps/ota/uds/server.h"

namespace gatehouse::uds {
namespace {

using std::chrono::milliseconds;
using Kind = DiagnosticError::Kind;

/// Says what the script says; "-" is a timeout, "x" a lost connection.
class ScriptedTransport final : public Transport {
 public:
  void will_say(std::initializer_list<const char*> lines) {
    for (const char* line : lines) lines_.emplace_back(line);
  }
  Result<void> connect() override {
    ++connects;
    return {};
  }
  void disconnect() override {}
  bool connected() const override { return true; }
  Result<void> send(ByteView uds) override {
    sent.push_back(to_hex(uds));
    return {};
  }
  Result<Bytes> receive(milliseconds limit) override {
    limits.push_back(limit);
    if (lines_.empty()) return fail(Rsc::kRequestTimeout, "nothing came in time");
    const std::string line = repeat_last && lines_.size() == 1 ? lines_.front() : take();
    if (line == "-") return fail(Rsc::kRequestTimeout, "nothing came in time");
    if (line == "x") return fail(Rsc::kTargetNotReachable, "the peer closed the connection");
    return from_hex(line);
  }

  std::vector<std::string> sent;
  std::vector<milliseconds> limits;
  bool repeat_last = false;
  int connects = 0;

 private:
  std::string take() {
    std::string line = lines_.front();
    lines_.pop_front();
    return line;
  }
  std::deque<std::string> lines_;
};

class UdsClient : public testing::Test {
 protected:
  ScriptedTransport transport;
  milliseconds paused{0};
  Client client{transport, ClientSettings{}, [this](milliseconds span) { paused += span; }};
};

TEST_F(UdsClient, ReadsAnIdentifier) {
  transport.will_say({"62f19056"});

  EXPECT_EQ(client.read(kDidVin), Bytes{0x56});
  EXPECT_EQ(transport.sent, std::vector<std::string>{"22f190"});
}

TEST_F(UdsClient, GivesTheRefusalWithItsText) {
  transport.will_say({"7f2231"});

  const auto value = client.read(kDidVin);

  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().kind, Kind::kRefused);
  EXPECT_EQ(value.error().nrc, Nrc::kRequestOutOfRange);
  EXPECT_EQ(value.error().text, "read 0xf190: NRC 0x31 (request out of range)");
}

TEST_F(UdsClient, WaitsLongerAfterPending) {
  transport.will_say({"7f2278", "7f2278", "62f19056"});

  EXPECT_TRUE(client.read(kDidVin));

  EXPECT_EQ(transport.limits, (std::vector<milliseconds>{milliseconds(1000), milliseconds(6000),
                                                         milliseconds(6000)}));
  EXPECT_EQ(transport.sent.size(), 1u) << "asked once";
}

TEST_F(UdsClient, GivesUpOnEndlessPending) {
  transport.will_say({"7f2278"});
  transport.repeat_last = true;

  const auto value = client.read(kDidVin);

  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().kind, Kind::kNoAnswer);
  EXPECT_EQ(transport.limits.size(), 101u);
}

TEST_F(UdsClient, AsksABusyEcuAgainButNotForever) {
  transport.will_say({"7f2221", "7f2221", "62f19056"});
  EXPECT_TRUE(client.read(kDidVin));
  EXPECT_EQ(transport.sent.size(), 3u);
  EXPECT_EQ(paused, milliseconds(200));

  transport.will_say({"7f2221"});
  transport.repeat_last = true;
  EXPECT_EQ(client.read(kDidVin).error().nrc, Nrc::kBusyRepeatRequest);
  EXPECT_EQ(transport.sent.size(), 3u + 6u);
}

TEST_F(UdsClient, DropsAndCountsWhatItDidNotAskFor) {
  transport.will_say({"6ef184", "7f3131", "22f190", "", "62f19056"});

  EXPECT_TRUE(client.read(kDidVin));

  EXPECT_EQ(client.unsolicited(), 4u);
}

TEST_F(UdsClient, RefusesTheAnswerToAnotherRequest) {
  for (const char* wrong : {"62f18c56", "62", "62f1"}) {
    transport.will_say({wrong});
    const auto value = client.read(kDidVin);
    ASSERT_FALSE(value) << wrong;
    EXPECT_EQ(value.error().kind, Kind::kMalformed);
  }
}

TEST_F(UdsClient, TellsALostConnectionFromSilence) {
  transport.will_say({"x", "-"});

  EXPECT_EQ(client.read(kDidVin).error().kind, Kind::kTransport);
  EXPECT_EQ(client.read(kDidVin).error().kind, Kind::kNoAnswer);
}

// A lost frame costs the request, not the update. "-" at the end: nothing comes late either.
TEST_F(UdsClient, AsksAgainWhatMayBeAskedTwice) {
  transport.will_say({"-", "62f19056", "-"});
  EXPECT_EQ(client.read(kDidVin), Bytes{0x56});
  transport.will_say({"-", "5003003201f4", "-"});
  EXPECT_TRUE(client.session(Session::kExtended));
  transport.will_say({"-", "7101ff0000", "-"});
  EXPECT_TRUE(client.start_routine(kRoutineErase));
  transport.will_say({"-", "74200012", "-"});
  EXPECT_EQ(client.begin_download(4), 16u);
  transport.will_say({"-", "7e00", "-"});
  EXPECT_TRUE(client.request(encode_subfunction(Sid::kTesterPresent, 0), "tester present"));

  EXPECT_EQ(transport.sent,
            (std::vector<std::string>{"22f190", "22f190", "1003", "1003", "3101ff00", "3101ff00",
                                      "3400440000000000000004", "3400440000000000000004", "3e00",
                                      "3e00"}));
}

TEST_F(UdsClient, AsksAgainOnlyABoundedNumberOfTimes) {
  EXPECT_EQ(client.read(kDidVin).error().kind, Kind::kNoAnswer);

  EXPECT_EQ(transport.sent.size(), 3u);
}

// A second reset, confirmation or use of a challenge is not the same as one.
TEST_F(UdsClient, AsksOnceWhatMustNotBeDoneTwice) {
  EXPECT_FALSE(client.reset());
  EXPECT_FALSE(client.start_routine(kRoutineConfirm));
  EXPECT_FALSE(client.read(kDidVersionReport));

  EXPECT_EQ(transport.sent, (std::vector<std::string>{"1101", "31010204", "22f1a0"}));
}

TEST_F(UdsClient, TakesNoLateAnswerForThatOfTheNextRequest) {
  transport.will_say({"-", "7101020300", "7101020300", "-", "7101ff0000"});
  ASSERT_TRUE(client.start_routine(kRoutinePreconditions));

  EXPECT_TRUE(client.start_routine(kRoutineErase));

  EXPECT_EQ(client.unsolicited(), 1u);
}

// The key belongs to the seed that was given last; an older one would be a wrong try.
TEST_F(UdsClient, UnlocksBySeedThatCameLast) {
  const std::string first(32, '1'), last(32, '2');
  transport.will_say({"-", ("6711" + first).c_str(), ("6711" + last).c_str(), "-", "6712"});

  ASSERT_TRUE(client.unlock(0x11, Bytes(32, 1)));

  EXPECT_EQ(transport.sent[2], "2712" + to_hex(unlock_key(Bytes(32, 1), from_hex(last).value())));
}

TEST_F(UdsClient, AsksForASeedIfItDoesNotHearWhetherItIsUnlocked) {
  const std::string seed(32, '1'), zeros(32, '0');
  transport.will_say({("6711" + seed).c_str(), "-", ("6711" + zeros).c_str()});

  EXPECT_TRUE(client.unlock(0x11, Bytes(32, 1)));

  EXPECT_EQ(transport.sent.size(), 3u);
}

TEST_F(UdsClient, EndsADownloadOfWhoseEndItDidNotHear) {
  transport.will_say({"-", "7f3724"});
  EXPECT_TRUE(client.end_download()) << "done by the first request; 0202 checks what came";

  transport.will_say({"7f3724"});
  EXPECT_EQ(client.end_download().error().nrc, Nrc::kRequestSequenceError);
}

// ISO 14229-2: P2 and P2* are the server's to say. Ours are the least, one minute is the most.
TEST_F(UdsClient, WaitsAsLongAsTheEcuSaysThatItNeeds) {
  transport.will_say({"50030fa00bb8", "7f2278", "62f19056"});
  ASSERT_TRUE(client.session(Session::kExtended));
  EXPECT_TRUE(client.read(kDidVin));
  transport.will_say({"5003ffffffff", "7f2278", "62f19056", "5001003201f4", "62f19056"});
  ASSERT_TRUE(client.session(Session::kExtended));
  EXPECT_TRUE(client.read(kDidVin));
  ASSERT_TRUE(client.session(Session::kDefault));
  EXPECT_TRUE(client.read(kDidVin));

  EXPECT_EQ(transport.limits, (std::vector<milliseconds>{
                                  milliseconds(1000), milliseconds(4000), milliseconds(30'000),
                                  milliseconds(4000), milliseconds(60'000), milliseconds(60'000),
                                  milliseconds(60'000), milliseconds(1000)}));
}

TEST_F(UdsClient, SendsABlockAgainWithTheSameCounter) {
  transport.will_say(
      {"7420"
       "0012",
       "-", "7601", "7602"});
  ASSERT_EQ(client.begin_download(4), 16u);

  ASSERT_TRUE(client.transfer(Bytes{0xAA}));
  ASSERT_TRUE(client.transfer(Bytes{0xBB}));

  EXPECT_EQ(transport.sent, (std::vector<std::string>{"34004400000000"
                                                      "00000004",
                                                      "3601aa", "3601aa", "3602bb"}));
}

TEST_F(UdsClient, DoesNotTakeALateAnswerForTheNextOne) {
  transport.will_say({"74200012", "-", "7601", "7601", "7602"});
  ASSERT_TRUE(client.begin_download(4));
  ASSERT_TRUE(client.transfer(Bytes{0xAA}));

  EXPECT_TRUE(client.transfer(Bytes{0xBB}));

  EXPECT_EQ(client.unsolicited(), 1u);
}

TEST_F(UdsClient, GivesUpOnABlockThatIsNeverAnswered) {
  transport.will_say({"74200012"});
  ASSERT_TRUE(client.begin_download(4));

  EXPECT_EQ(client.transfer(Bytes{0xAA}).error().kind, Kind::kNoAnswer);

  EXPECT_EQ(transport.sent.size(), 1u + 3u);
}

TEST_F(UdsClient, WrapsItsBlockCounter) {
  transport.will_say({"74200012"});
  ASSERT_TRUE(client.begin_download(4));
  for (int i = 1; i <= 257; ++i) {
    const Bytes answer{0x76, static_cast<std::uint8_t>(i)};
    transport.will_say({to_hex(answer).c_str()});
    ASSERT_TRUE(client.transfer(Bytes{0xAA})) << i;
  }

  EXPECT_EQ(transport.sent[255], "36ffaa");
  EXPECT_EQ(transport.sent[256], "3600aa");
  EXPECT_EQ(transport.sent[257], "3601aa");
}

TEST_F(UdsClient, RefusesABlockLengthThatMakesNoSense) {
  for (const char* answer : {"74", "7400", "74200002", "742000", "749000"}) {
    transport.will_say({answer});
    EXPECT_EQ(client.begin_download(4).error().kind, Kind::kMalformed) << answer;
  }
}

TEST_F(UdsClient, SetsNoMoreAsideThanItsLimit) {
  transport.will_say({"7440ffffffff"});

  EXPECT_EQ(client.begin_download(4), 64u * 1024 - 2);
}

TEST_F(UdsClient, UnlocksOnlyWhatIsLocked) {
  transport.will_say(
      {"6711"
       "0102030405060708090a0b0c0d0e0f10",
       "6712"});
  ASSERT_TRUE(client.unlock(0x11, Bytes(32, 1)));
  EXPECT_EQ(transport.sent[1].size(), 2u * (2 + 16));

  transport.will_say(
      {"6711"
       "00000000000000000000000000000000"});
  ASSERT_TRUE(client.unlock(0x11, Bytes(32, 1)));
  EXPECT_EQ(transport.sent.size(), 3u) << "no key for a seed of zeros";
}

// --- Flasher ---------------------------------------------------------------------------------

class FlasherSequence : public testing::Test {
 protected:
  static constexpr const char* kSeed = "671100000000000000000000000000000000";

  void will_prepare() {
    transport.will_say({"5003003201f4", "7101020300", "c502", "6803", "5002003201f4", kSeed,
                        "6ef184", "7101ff0000"});
  }
  Diagnosis<void> flash() {
    return flasher.flash(
        3, [](std::uint64_t, std::size_t max) -> Result<Bytes> { return Bytes(max, 0xAB); },
        [this](std::uint64_t done, std::uint64_t) {
          progress.push_back(done);
          if (cancel_at == done) flasher.cancel();
        });
  }
  ScriptedTransport transport;
  Flasher flasher{transport, FlasherSettings{}, [](milliseconds) {}};
  std::vector<std::uint64_t> progress;
  std::uint64_t cancel_at = 0;
};

TEST_F(FlasherSequence, FollowsTheOrderOfAnOem) {
  will_prepare();
  transport.will_say({"74200004", "7601", "7602", "77", "7101020200", "7101ff0100"});

  const auto flashed = flash();

  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_EQ(transport.sent,
            (std::vector<std::string>{"1003", "31010203", "8502", "280301", "1002", "2711",
                                      "2ef1846761746568"
                                      "6f757365",
                                      "3101ff00", "3400440000000000000003", "3601abab", "3602ab",
                                      "37", "31010202", "3101ff01"}));
  EXPECT_EQ(progress, (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(FlasherSequence, GoesOnWithoutWhatTheEcuDoesNotHave) {
  transport.will_say({"5003003201f4", "7101020300", "7f8511", "7f2812", "5002003201f4", kSeed,
                      "6ef184", "7101ff0000", "74200005", "7601", "77", "7101020200",
                      "7101ff0100"});

  const auto flashed = flash();

  ASSERT_TRUE(flashed) << flashed.error().text;
}

TEST_F(FlasherSequence, StopsIfTheNetworkMustNotBeSilencedNow) {
  transport.will_say({"5003003201f4", "7101020300", "7f8522", "5001003201f4"});

  const auto flashed = flash();

  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().nrc, Nrc::kConditionsNotCorrect);
}

TEST_F(FlasherSequence, StartsASuspendedTransferAgain) {
  will_prepare();
  transport.will_say(
      {"74200004", "7601", "7f3671", "74200004", "7601", "7602", "77", "7101020200", "7101ff0100"});

  EXPECT_TRUE(flash());
}

TEST_F(FlasherSequence, StartsAgainOnlyABoundedNumberOfTimes) {
  will_prepare();
  transport.will_say(
      {"74200004", "7f3673", "74200004", "7f3673", "74200004", "7f3673", "5001003201f4"});

  const auto flashed = flash();

  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().nrc, Nrc::kWrongBlockSequenceCounter);
  EXPECT_EQ(transport.sent.back(), "1001") << "back to the default session";
}

TEST_F(FlasherSequence, GivesUpWhenCancelled) {
  will_prepare();
  transport.will_say({"74200004", "7601", "5001003201f4"});
  cancel_at = 2;

  const auto flashed = flash();

  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().kind, Kind::kLocal);
}

TEST_F(FlasherSequence, NamesTheStepThatWasRefused) {
  transport.will_say({"5003003201f4", "7f3193", "5001003201f4"});

  const auto flashed = flash();

  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().text, "start routine 0x0203: NRC 0x93 (voltage too low)");
}

TEST_F(FlasherSequence, AsksForAnotherReportWithItsChallengeIfOneIsLost) {
  transport.will_say({"6ef1a2", "-", "6ef1a2", "62f1a05a"});

  EXPECT_EQ(flasher.version_report(Bytes(16, 1)), "Z");
}

// One reset too many would end a trial.
TEST_F(FlasherSequence, OrdersAnotherResetOnlyIfTheFirstOneNeverCame) {
  transport.will_say({"5003003201f4", kSeed, "-", "62f18603", "5101", "62f18931"});
  EXPECT_TRUE(flasher.reset_and_wait(milliseconds(0)));
  transport.will_say({"5003003201f4", kSeed, "-", "62f18601", "62f18931"});
  EXPECT_TRUE(flasher.reset_and_wait(milliseconds(0)));

  EXPECT_EQ(transport.sent,
            (std::vector<std::string>{"1003", "2711", "1101", "22f186", "1101", "22f189", "1003",
                                      "2711", "1101", "22f186", "22f189"}));
}

TEST_F(FlasherSequence, GivesUpIfTheEcuDoesNotComeBack) {
  transport.will_say({"5003003201f4", kSeed, "5101"});

  const auto back = flasher.reset_and_wait(milliseconds(0));

  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().kind, Kind::kNoAnswer);
  EXPECT_EQ(back.error().text, "the ECU did not come back after its reset");
}

}  // namespace
}  // namespace gatehouse::uds

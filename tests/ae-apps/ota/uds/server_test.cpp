#include "ae-apps/ota/uds/server.h"

#include <gtest/gtest.h>

namespace gatehouse::uds {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Bytes kKey(32, 0x42);

/// An ECU that stores in memory and does as it is told.
class FakeEcu final : public EcuServices, public AccessMemory {
 public:
  Outcome read_identifier(Did did) override {
    if (did == kDidVin) return bytes_of("V");
    if (did == 0x0BAD) return Bytes(70'000, 0);
    return tl::make_unexpected(Nrc::kRequestOutOfRange);
  }
  std::optional<Access> access_to_write(Did did) const override {
    if (did == kDidFingerprint) return Access{true, true, true};
    if (did == kDidChallenge) return Access{};
    return std::nullopt;
  }
  Outcome write_identifier(Did, ByteView) override { return Bytes{}; }
  std::optional<Access> access_to_routine(RoutineId routine) const override {
    if (routine == kRoutineErase) return Access{true, true, true};
    if (routine == kRoutinePreconditions) return Access{true, false, false};
    return std::nullopt;
  }
  Outcome start_routine(RoutineId, ByteView, const Pending& pending) override {
    for (int i = 0; i < pendings; ++i) {
      pending();
      if (time_passes) time_passes();
    }
    return Bytes{0};
  }
  std::optional<Nrc> begin_download(const Download&) override {
    stored.clear();
    return std::nullopt;
  }
  std::optional<Nrc> store(ByteView bytes) override {
    append(stored, bytes);
    return std::nullopt;
  }
  std::optional<Nrc> end_download() override { return std::nullopt; }
  void abandon_download() override { ++abandoned; }
  unsigned failed_attempts() const override { return attempts; }
  bool store_failed_attempts(unsigned count) override {
    if (memory_broken) return false;
    attempts = count;
    return true;
  }

  Bytes stored;
  int abandoned = 0;
  int pendings = 0;
  std::function<void()> time_passes;
  unsigned attempts = 0;
  bool memory_broken = false;
};

class UdsServer : public testing::Test {
 protected:
  /// Everything that the server says to a request in hexadecimal, blanks between messages.
  std::string ask(std::string_view hex, bool functional = false) {
    return ask_bytes(from_hex(hex).value(), functional);
  }
  std::string ask_bytes(const Bytes& request, bool functional = false) {
    std::string said;
    then = server.handle(request, functional,
                         [&](Bytes b) { said += (said.empty() ? "" : " ") + to_hex(b); });
    return said;
  }
  void unlock() {
    ask("1003");
    ask("1002");
    const std::string seed = ask("2711");
    Bytes request{0x27, 0x12};
    append(request, unlock_key(kKey, from_hex(seed.substr(4)).value()));
    ASSERT_EQ(ask_bytes(request), "6712");
  }
  void begin_download(std::uint8_t size) {
    unlock();
    ASSERT_EQ(ask("34004400000000000000" + to_hex({&size, 1})), "744000000010");
  }
  static ServerSettings small() {
    ServerSettings settings;
    settings.max_block_bytes = 16;
    return settings;
  }

  milliseconds now{1000};
  crypto::SeededRandom random{3};
  FakeEcu ecu;
  Server server{small(), [this] { return now; }, random, kKey, ecu, ecu};
  Server::Then then = Server::Then::kNothing;
};

struct Exchange {
  const char* request;
  const char* response;
};

// ISO 14229-1 clause 8 ff.
TEST_F(UdsServer, AnswersInTheDefaultSession) {
  const Exchange exchanges[] = {
      {"1001", "5001003201f4"}, {"1081", ""},  // suppressed
      {"1002", "7f107e"},                      // by way of the extended session only
      {"1004", "7f1012"},       {"10", "7f1013"},       {"100100", "7f1013"},
      {"22f190", "62f19056"},   {"22f186", "62f18601"}, {"22f190f186", "62f19056f18601"},
      {"22f1", "7f2213"},       {"22f190f1", "7f2213"}, {"22ffff", "7f2231"},
      {"220bad", "7f2214"},     {"3e00", "7e00"},       {"3e80", ""},
      {"3e01", "7f3e12"},       {"3e0000", "7f3e13"},   {"3e", "7f3e13"},
      {"1101", "7f117f"},       {"2711", "7f277f"},     {"280301", "7f287f"},
      {"8502", "7f857f"},       {"31010203", "7f317f"}, {"340044000000000000000a", "7f347f"},
      {"3601aa", "7f367f"},     {"37", "7f377f"},       {"2ef1a200", "6ef1a2"},
      {"2ef18400", "7f2e7f"},   {"2effff00", "7f2e31"}, {"2ef184", "7f2e13"},
      {"2900", "7f2911"},       {"0000", "7f0011"},
  };
  for (const Exchange& e : exchanges) EXPECT_EQ(ask(e.request), e.response) << e.request;
}

TEST_F(UdsServer, AnswersInTheProgrammingSession) {
  ASSERT_EQ(ask("1003"), "5003003201f4");
  ASSERT_EQ(ask("1002"), "5002003201f4");
  const Exchange exchanges[] = {
      {"280301", "6803"},
      {"280401", "7f2812"},
      {"2803", "7f2813"},
      {"280300", "7f2831"},
      {"8502", "c502"},
      {"8503", "7f8512"},
      {"850201", "7f8513"},
      {"31010203", "7101020300"},
      {"31020203", "7f3112"},
      {"31040203", "7f3112"},
      {"31011234", "7f3131"},
      {"310102", "7f3113"},
      {"3101ff00", "7f3133"},
      {"2ef18400", "7f2e33"},
      {"2701", "7f2712"},
      {"2712"
       "00000000000000000000000000000000",
       "7f2724"},
      {"271100", "7f2713"},
      {"340044000000000000000a", "7f3433"},
      {"3601aa", "7f3633"},
      {"37", "7f3733"},
      {"1104", "7f1112"},
      {"110100", "7f1113"},
  };
  for (const Exchange& e : exchanges) EXPECT_EQ(ask(e.request), e.response) << e.request;
}

TEST_F(UdsServer, AnswersABadRequestForDownload) {
  unlock();
  const Exchange exchanges[] = {
      {"340044000000000000000a", "744000000010"},
      {"3400110005", "744000000010"},              // one byte each
      {"341044000000000000000a", "7f3431"},        // compressed in a way that is not ours
      {"341144000000000000000a", "744000000010"},  // a coded image
      {"3400440000000000000000", "7f3431"},        // nothing
      {"34004400000000000000", "7f3413"},
      {"34004400000000000000000a", "7f3413"},
      {"34000400000000", "7f3431"},  // no size
      {"34004000000000", "7f3431"},  // no address
      {"3400990000", "7f3431"},
      {"340044", "7f3413"},
  };
  for (const Exchange& e : exchanges) EXPECT_EQ(ask(e.request), e.response) << e.request;
}

TEST_F(UdsServer, KeepsRefusalsToItselfWhenAllWereAsked) {
  EXPECT_EQ(ask("2900", true), "");    // 11
  EXPECT_EQ(ask("1004", true), "");    // 12
  EXPECT_EQ(ask("22ffff", true), "");  // 31
  EXPECT_EQ(ask("1002", true), "");    // 7E
  EXPECT_EQ(ask("37", true), "");      // 7F
  EXPECT_EQ(ask("10", true), "7f1013") << "13 is said";
  EXPECT_EQ(ask("1003", true), "5003003201f4");
}

TEST_F(UdsServer, CountsWhatNobodyAskedFor) {
  EXPECT_EQ(ask(""), "");
  EXPECT_EQ(ask("7f2231"), "") << "a response is no request";
  EXPECT_EQ(ask("62f19056"), "");
  EXPECT_EQ(ask("3601aa"), "7f367f");
  ASSERT_EQ(ask("1003").substr(0, 4), "5003");

  EXPECT_EQ(server.counters().requests, 5u);
  EXPECT_EQ(server.counters().unsolicited, 4u);
  EXPECT_EQ(server.counters().refused, 1u);
}

TEST_F(UdsServer, FallsBackAfterS3) {
  unlock();
  ask("280301");
  ask("8502");
  ASSERT_FALSE(server.normal_communication());
  now += milliseconds(4999);
  ASSERT_EQ(ask("3e80"), "");
  now += milliseconds(4999);
  server.check_timeout();
  ASSERT_EQ(server.session(), Session::kProgramming);

  now += milliseconds(1);
  server.check_timeout();

  EXPECT_EQ(server.session(), Session::kDefault);
  EXPECT_FALSE(server.unlocked());
  EXPECT_TRUE(server.normal_communication());
  EXPECT_TRUE(server.dtc_recording());
}

TEST_F(UdsServer, DropsADownloadWithItsSession) {
  begin_download(4);
  ask("3601aabb");

  now += seconds(6);

  EXPECT_EQ(ask("3602ccdd"), "7f367f");
  EXPECT_EQ(ecu.abandoned, 1);
}

TEST_F(UdsServer, LocksAgainWithASessionChange) {
  unlock();
  ASSERT_TRUE(server.unlocked());

  ask("1003");

  EXPECT_FALSE(server.unlocked());
}

TEST_F(UdsServer, SaysThatItIsUnlockedByASeedOfZeros) {
  unlock();

  EXPECT_EQ(ask("2711"), "6711" + std::string(32, '0'));
}

TEST_F(UdsServer, GivesEachSeedOneTry) {
  ask("1003");
  const std::string seed = ask("2711");
  ask("2712" + std::string(32, 'a'));
  Bytes request{0x27, 0x12};
  append(request, unlock_key(kKey, from_hex(seed.substr(4)).value()));

  EXPECT_EQ(ask_bytes(request), "7f2724");
}

TEST_F(UdsServer, LocksOutAfterThreeWrongKeys) {
  ask("1003");
  const std::string wrong = "2712" + std::string(32, 'a');
  ask("2711");
  EXPECT_EQ(ask("2712aabb"), "7f2713") << "a key of another length is no try";
  EXPECT_EQ(ask(wrong), "7f2735");
  ask("2711");
  EXPECT_EQ(ask(wrong), "7f2735");
  ask("2711");
  EXPECT_EQ(ask(wrong), "7f2736");
  EXPECT_EQ(ask("2711"), "7f2737");
  now += seconds(10);
  ask("1003");
  EXPECT_EQ(ask("2711").substr(0, 4), "6711") << "the delay is over";
  EXPECT_EQ(ask(wrong), "7f2736") << "one try, then the delay again";
  EXPECT_EQ(ask("2711"), "7f2737");
}

TEST_F(UdsServer, DelaysAgainAfterAReset) {
  ecu.attempts = 3;
  server.power_on();
  ask("1003");

  EXPECT_EQ(ask("2711"), "7f2737");
}

TEST_F(UdsServer, DoesNotUnlockIfTriesCannotBeCounted) {
  ask("1003");
  const std::string seed = ask("2711");
  Bytes request{0x27, 0x12};
  append(request, unlock_key(kKey, from_hex(seed.substr(4)).value()));
  ecu.memory_broken = true;

  EXPECT_EQ(ask_bytes(request), "7f2726");
  EXPECT_FALSE(server.unlocked());
}

TEST_F(UdsServer, TakesADownloadInBlocks) {
  begin_download(4);
  EXPECT_EQ(ask("3601aabb"), "7601");
  EXPECT_EQ(ask("37"), "7f3724") << "bytes are missing";
  EXPECT_EQ(ask("3602ccdd"), "7602");

  EXPECT_EQ(ask("37"), "77");

  EXPECT_EQ(to_hex(ecu.stored), "aabbccdd");
  EXPECT_EQ(ask("37"), "7f3724") << "once";
  EXPECT_EQ(ask("3603ee"), "7f3624");
}

TEST_F(UdsServer, StoresARepeatedBlockOnce) {
  begin_download(4);
  ask("3601aabb");

  EXPECT_EQ(ask("3601aabb"), "7601");

  EXPECT_EQ(to_hex(ecu.stored), "aabb");
}

TEST_F(UdsServer, RefusesAWrongBlock) {
  begin_download(12);
  EXPECT_EQ(ask("3600aa"), "7f3673") << "the first is 01";
  EXPECT_EQ(ask("3602aa"), "7f3673");
  ASSERT_EQ(ask("3601aa"), "7601");
  EXPECT_EQ(ask("3603aa"), "7f3673");
  EXPECT_EQ(ask("3602"), "7f3613") << "empty";
  EXPECT_EQ(ask("3602" + std::string(30, 'a')), "7f3613") << "longer than announced";
  EXPECT_EQ(ask("3602" + std::string(24, 'a')), "7f3671") << "more than announced";
  EXPECT_EQ(to_hex(ecu.stored), "aa");
}

TEST_F(UdsServer, WrapsTheBlockCounter) {
  begin_download(255);
  for (int i = 1; i <= 254; ++i) {
    const Bytes request{0x36, static_cast<std::uint8_t>(i), 0x55};
    ASSERT_EQ(ask_bytes(request).substr(0, 2), "76") << i;
  }
  EXPECT_EQ(ask("36ff55"), "76ff");
  EXPECT_EQ(ask("37"), "77");
  EXPECT_EQ(ecu.stored.size(), 255u);
}

TEST_F(UdsServer, FollowsFfWith00) {
  unlock();
  ASSERT_EQ(ask("3400440000000000000101"), "744000000010");
  for (int i = 1; i <= 255; ++i) ask_bytes({0x36, static_cast<std::uint8_t>(i), 0x55});

  EXPECT_EQ(ask("360055"), "7600");
  EXPECT_EQ(ask("360166"), "7601");

  EXPECT_EQ(ecu.stored.size(), 257u);
}

TEST_F(UdsServer, RefusesRoutinesWithinADownload) {
  begin_download(4);

  EXPECT_EQ(ask("3101ff00"), "7f3124");
}

TEST_F(UdsServer, SaysPendingNotMoreOftenThanItShould) {
  unlock();
  ecu.pendings = 5;
  ecu.time_passes = [this] { now += milliseconds(750); };

  // At 0, 1500 and 3000 ms: the floor is 0.3 of P2*.
  EXPECT_EQ(ask("3101ff00"), "7f3178 7f3178 7f3178 7101ff0000");
}

TEST_F(UdsServer, AnswersAfterPendingInSpiteOfSuppression) {
  unlock();
  ecu.pendings = 1;

  EXPECT_EQ(ask("3181ff00"), "7f3178 7101ff0000");
}

TEST_F(UdsServer, AsksForTheResetAfterItsAnswer) {
  unlock();

  EXPECT_EQ(ask("1101"), "5101");

  EXPECT_EQ(then, Server::Then::kReset);
}

TEST_F(UdsServer, IsNotResetByWhoeverSpeaksOnTheBus) {
  ask("1003");

  EXPECT_EQ(ask("1101"), "7f1133");
  EXPECT_EQ(then, Server::Then::kNothing);
  EXPECT_EQ(ask("1181"), "7f1133");
  EXPECT_EQ(then, Server::Then::kNothing);
}

TEST_F(UdsServer, TakesAnyBytesWithoutHarm) {
  crypto::SeededRandom noise(99);
  unlock();
  for (int i = 0; i < 20'000; ++i) {
    Bytes request = noise.bytes(1 + noise.bytes(1)[0] % 12);
    if (i % 3 == 0) request[0] = 0x36;
    const std::string answer = ask_bytes(request);
    EXPECT_LE(answer.size(), 200'000u);
  }
}

TEST(DownloadRequest, ReadsBackWhatItWrote) {
  const Download download{0, 0x1000, 0xABCDEF};

  EXPECT_EQ(decode_download(ByteView(encode_download(download)).subspan(1)), download);
}

TEST(ResponseBytes, AreResponsesOrNothing) {
  EXPECT_FALSE(decode_response({}));
  EXPECT_FALSE(decode_response(Bytes{0x22, 1}));
  EXPECT_FALSE(decode_response(Bytes{0x7F, 0x22}));
  EXPECT_FALSE(decode_response(Bytes{0x7F, 0x22, 0x31, 0}));
  EXPECT_EQ(decode_response(Bytes{0x7F, 0x22, 0x31})->nrc, Nrc::kRequestOutOfRange);
  EXPECT_EQ(decode_response(Bytes{0x62, 1})->sid, 0x22);
  EXPECT_EQ(decode_response(Bytes{0xC5, 1})->sid, 0x85);
  EXPECT_FALSE(decode_download_response(Bytes{0x20, 0x00, 0x02})) << "no room for data";
  EXPECT_FALSE(decode_download_response(Bytes{0x20, 0x10}));
  EXPECT_FALSE(decode_download_response(Bytes{0x00}));
}

TEST_F(UdsServer, FillsNoBusWithRefusals) {
  for (int i = 0; i < 50; ++i) ASSERT_EQ(ask("3601aa"), "7f367f") << i;

  EXPECT_EQ(ask("3601aa"), "") << "no more within this second";
  EXPECT_EQ(ask("22f190").substr(0, 4), "62f1") << "what it may ask is answered";
  EXPECT_EQ(server.counters().unsolicited, 51U) << "counted all the same";
  EXPECT_EQ(server.counters().unanswered, 1U);

  now += std::chrono::seconds(1);
  EXPECT_EQ(ask("3601aa"), "7f367f");
}

TEST_F(UdsServer, GivesNoFurtherRefusalsToWhoeverChangesItsAddress) {
  std::size_t said = 0;
  for (Server::TesterId tester = 0; tester < 100; ++tester) {
    for (int i = 0; i < 50; ++i) {
      server.handle(
          Bytes{0x36, 0x01}, false, [&](const Bytes&) { ++said; }, tester);
    }
  }

  EXPECT_EQ(said, 17U * 50U) << "sixteen have a count of their own, all others one";
}

}  // namespace
}  // namespace gatehouse::uds

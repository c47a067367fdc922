// Several ECUs in one atomic release: all or none, whatever loses its power, and whenever.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/ae-apps/ota/gateway/gateway_fixture.h"
#include "tests/ae-apps/ota/gateway/release_world.h"

namespace gatehouse::gateway {
namespace {

/// GATEHOUSE_POWER_CUTS: how many seeded runs, if not the few that every build makes.
std::uint64_t wanted_runs() {
  constexpr std::uint64_t kUsual = 60;
  const char* text = std::getenv("GATEHOUSE_POWER_CUTS");
  return text == nullptr ? kUsual : std::strtoull(text, nullptr, 10);
}

std::string text_of(const WorldEnd& end) {
  std::string out;
  for (const std::string& fault : end.faults) out += fault + "\n";
  return out + end.story;
}

TEST(Release, CommitsAllEcusOrNone) {
  const WorldEnd good = ReleaseWorld().run({});
  EXPECT_TRUE(good.faults.empty()) << text_of(good);
  EXPECT_TRUE(good.committed);

  for (const std::string& serial : ReleaseWorld::kSerials) {
    const WorldEnd bad = ReleaseWorld(serial).run({});
    EXPECT_TRUE(bad.faults.empty()) << serial << "\n" << text_of(bad);
    EXPECT_FALSE(bad.committed) << serial;
  }
}

/// Every write point of an undisturbed run, once for who writes there and once for the vehicle.
/// The whole set with GATEHOUSE_POWER_CUTS, else each seventh.
TEST(Release, SurvivesALossOfPowerAtEachWrite) {
  const std::uint64_t writes = ReleaseWorld().run({}).writes;
  const std::uint64_t step = std::getenv("GATEHOUSE_POWER_CUTS") == nullptr ? 7 : 1;
  EXPECT_GT(writes, 100U);
  unsigned committed = 0, rolled_back = 0;
  for (std::uint64_t at = 1; at <= writes; at += step) {
    for (const bool whole : {false, true}) {
      const WorldEnd end = ReleaseWorld().run({{at, whole}});
      ASSERT_TRUE(end.faults.empty())
          << "write " << at << (whole ? ", vehicle\n" : "\n") << text_of(end);
      EXPECT_EQ(end.cuts, 1U) << at;
      ++(end.committed ? committed : rolled_back);
    }
  }
  EXPECT_GT(committed, 0U);
  RecordProperty("write_points", static_cast<int>(writes));
  std::printf("%llu write points: %u releases committed, %u rolled back\n",
              static_cast<unsigned long long>(writes), committed, rolled_back);
}

/// One to four losses of power at random writes, one image in five that does not run.
TEST(Release, SurvivesManyLossesOfPower) {
  const std::uint64_t writes = ReleaseWorld().run({}).writes;
  unsigned committed = 0, cuts = 0, apart = 0;
  const std::uint64_t runs = wanted_runs();
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    std::mt19937_64 random(seed);
    std::map<std::uint64_t, bool> at;
    const std::uint64_t losses = 1 + random() % 4;
    while (at.size() < losses) at[1 + random() % (writes + 40)] = random() % 2 == 0;
    const std::uint64_t dice = random() % 15;
    const std::string bad = dice < 3 ? ReleaseWorld::kSerials[dice] : "";
    const WorldEnd end = ReleaseWorld(bad).run(at);
    ASSERT_TRUE(end.faults.empty()) << "seed " << seed << "\n" << text_of(end);
    committed += end.committed ? 1 : 0;
    cuts += end.cuts;
    apart += end.apart;
  }
  std::printf(
      "%llu runs with %u losses of power: %u committed, %u rolled back, none bricked, mixed "
      "or unreported; %u times apart until the gateway was back\n",
      static_cast<unsigned long long>(runs), cuts, committed,
      static_cast<unsigned>(runs) - committed, apart);
}

TEST(Release, RecordIsReadAsItWasWritten) {
  Release release;
  release.id = "2026.11";
  release.state = ReleaseState::kRollingBack;
  release.members = {{"ECU-1", "aa", "bb", "cc", true}, {"ECU-2", "dd", "ee", "ff", false}};
  release.culprit = "ECU-2";
  release.failure = Failure{"boot", "does not run"};
  const std::string text = encode_release(release);
  EXPECT_EQ(decode_release(text).value(), release);

  for (const char* wrong : {"", "{}", "[]", "{\"id\":\"a\",\"state\":\"committed\"}",
                            "{\"id\":\"a\",\"state\":\"done\",\"members\":[],\"culprit\":\"\"}"}) {
    EXPECT_FALSE(decode_release(wrong)) << wrong;
  }
  EXPECT_FALSE(decode_release(text.substr(0, text.size() - 1)));
}

// --- the whole gateway -----------------------------------------------------------------------

class ReleaseOrders : public GatewayTest {
 protected:
  static Bytes update(const std::string& payload = "",
                      std::vector<std::string> requirements = {"release=R-1/2"}) {
    return ecu::image_of({.version = "1.1.0",
                          .release_counter = 6,
                          .payload = payload,
                          .requirements = std::move(requirements)});
  }
  /// The Director orders both; then the server tells of them.
  void order_both(const Bytes& full, const Bytes& constrained) {
    for (const auto& [serial, image] : {std::pair{kFull, &full}, {kConstrained, &constrained}}) {
      images_.put(to_hex(crypto::sha256(*image)), *image);
      repositories_.release(serial, *image, "demo-ecu", {}, {}, "R-1");
    }
    order(kFull, images_.url() + to_hex(crypto::sha256(full)), "1.1.0");
    order(kConstrained, images_.url() + to_hex(crypto::sha256(constrained)), "1.1.0");
  }
  std::size_t count(const std::string& purpose) {
    const auto all = reports();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Value& each) {
      return each.string_at("purpose") == purpose;
    }));
  }
};

TEST_F(ReleaseOrders, UpdateBothEcusTogether) {
  start();
  order_both(update(), update());
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.1.0");
  EXPECT_EQ(count("completion"), 2U);
  EXPECT_EQ(sus(kFull), 1);
  EXPECT_EQ(sus(kConstrained), 1);
  EXPECT_NE(steps_.str().find("state=committed"), std::string::npos);
}

TEST_F(ReleaseOrders, LeaveBothEcusAloneIfOneDoesNotRun) {
  start();
  order_both(update(), update("version 1.1.0\nself-test failed\n"));
  settle();

  EXPECT_EQ(full_.version(), "1.0.0") << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.0.0");
  EXPECT_EQ(count("refusal"), 2U);
  EXPECT_EQ(sus(kFull), 2);
  EXPECT_EQ(full_.state().release_counter, 5U);
  EXPECT_TRUE(full_.state().held.empty());
  EXPECT_NE(steps_.str().find("ECU-0002: the new image does not run"), std::string::npos);
}

TEST_F(ReleaseOrders, WaitForAllAndGiveUpInTheEnd) {
  settings_.gather_limit = std::chrono::milliseconds(0);
  start();
  const Bytes image = update();
  images_.put(to_hex(crypto::sha256(image)), image);
  repositories_.release(kFull, image, "demo-ecu", {}, {}, "R-1");
  repositories_.release(kConstrained, image, "demo-ecu", {}, {}, "R-1");
  order(kFull, images_.url() + to_hex(crypto::sha256(image)), "1.1.0");
  settle();

  expect_refusal(kFull, "release", "there is no order for ECU-0002");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ReleaseOrders, AreGivenUpTogetherIfOneOfThemIsRefusedEarly) {
  start();
  const Bytes image = update();
  images_.put(to_hex(crypto::sha256(image)), image);
  repositories_.release(kFull, image, "demo-ecu", {}, {}, "R-1");
  repositories_.release(kConstrained, image, "demo-ecu", {}, {}, "R-1");
  order(kFull, images_.url() + to_hex(crypto::sha256(image)), "1.1.0");
  order(kConstrained, "http://elsewhere/image", "1.1.0");
  settle();

  EXPECT_EQ(count("refusal"), 2U) << steps_.str() << log_.str();
  EXPECT_NE(steps_.str().find("ECU-0002 is not updated"), std::string::npos);
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ReleaseOrders, LeaveNoRecordBehindIfTheirJobsWentOnBeforeALossOfPower) {
  std::filesystem::create_directories(settings_.state_dir);
  ReleaseJournal journal(settings_.state_dir);
  Release done;
  done.id = "R-0";
  done.state = ReleaseState::kCommitted;
  ASSERT_TRUE(journal.save(done));
  ASSERT_EQ(journal.pending(), std::vector<std::string>{"R-0"});

  start();
  settle();

  EXPECT_TRUE(journal.pending().empty());
}

TEST_F(ReleaseOrders, AreNotSplit) {
  start();
  offer(kFull, update());
  settle();

  expect_refusal(kFull, "verify", "only together with others: release R-1 of 2 ECUs");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ReleaseOrders, GoOnAfterALossOfPowerOfTheGateway) {
  // Stopped at each state that is stored until nothing is left to stop.
  start([](const Job& job) { return job.state != JobState::kFlashing; });
  order_both(update(), update());
  settle();
  ASSERT_EQ(count("completion"), 0U);

  restart();
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.1.0");
  EXPECT_EQ(count("completion"), 2U);
}

}  // namespace
}  // namespace gatehouse::gateway

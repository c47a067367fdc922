// Uptane standard 2.1 section 5.4.2: the gateway as Primary, against a man in the middle and stolen
// keys. That each attack is found is shown in tests/ae-apps/ota/uptane; here, that the gateway
// asks.
#include "ae-apps/ota/gateway/primary.h"

#include "ae-apps/ota/gateway/http_fetcher.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using ecu::image_of;

class PrimaryTest : public GatewayTest {
 protected:
  Bytes image(const std::string& version = "1.1.0", std::uint64_t counter = 6) {
    return image_of({.version = version, .release_counter = counter});
  }
  void update(const std::string& version, std::uint64_t counter) {
    offer(kFull, image(version, counter), version);
    settle();
  }
  /// The last report is a refusal with that reason, and the ECU got nothing.
  void expect_refused(const std::string& reason) {
    const auto all = reports();
    ASSERT_FALSE(all.empty()) << steps_.str();
    const Value* error = all.back().find("error");
    ASSERT_NE(error, nullptr) << steps_.str();
    EXPECT_EQ(error->string_at("stage"), "verify");
    EXPECT_TRUE(error->string_at("reason").starts_with(reason)) << error->string_at("reason");
    EXPECT_EQ(sus(kFull), 2);
  }
};

TEST_F(PrimaryTest, TakesNoOrderThatTheDirectorDidNotSign) {
  start();

  const Bytes genuine = image();
  images_.put("genuine", genuine);
  order(kFull, images_.url() + "genuine", "1.1.0");  // by the server's word alone
  settle();

  expect_refused("unknown-ecu");
  EXPECT_EQ(images_.requests, 0u) << "nothing was downloaded";
}

TEST_F(PrimaryTest, RefusesMetadataThatIsFrozen) {
  start();
  repositories_.now = repositories_.now + std::chrono::hours(100);

  images_.put("late", image());
  order(kFull, images_.url() + "late", "1.1.0");
  settle();

  expect_refused("expired");
}

TEST_F(PrimaryTest, RefusesWhatIsOlderThanItHasSeenAlsoAfterARestart) {
  start();
  const auto director = repositories_.director;
  const auto images = repositories_.images;
  update("1.1.0", 6);
  ASSERT_EQ(sus(kFull), 1) << steps_.str();
  {
    const std::lock_guard lock(repositories_.mutex);
    repositories_.director = director;
    repositories_.images = images;
  }
  restart();

  images_.put("again", image("1.2.0", 7));
  order(kFull, images_.url() + "again", "1.2.0");
  settle();

  expect_refused("rollback");
}

TEST_F(PrimaryTest, RefusesAnOrderForAnotherVehicle) {
  start();
  repositories_.vehicle = "/id-other";

  offer(kFull, image());
  settle();

  // An order that names no vehicle is judged by its ECUs; one that names another's is refused.
  expect_refused("wrong-vehicle");
}

TEST_F(PrimaryTest, RefusesWhatTheImageRepositoryDoesNotKnow) {
  start();
  const Bytes stolen = image();
  const std::string name = to_hex(crypto::sha256(stolen));
  images_.put(name, stolen);
  repositories_.release(kFull, stolen, "demo-ecu");
  {
    const std::lock_guard lock(
        repositories_.mutex);  // the Director's keys are stolen, not the OEM's
    repositories_.targets = uptane::make_targets(repositories_.now + std::chrono::hours(24));
    repositories_.publish();
  }

  order(kFull, images_.url() + name, "1.1.0");
  settle();

  expect_refused("not-in-images");
}

TEST_F(PrimaryTest, RefusesFilesThatWereExchanged) {
  start();
  const Bytes genuine = image();
  offer(kConstrained, image("1.0.1", 6), "1.0.1");
  settle();
  repositories_.release(kFull, genuine, "demo-ecu");
  {
    const std::lock_guard lock(repositories_.mutex);
    const std::string number = std::to_string(repositories_.version);
    repositories_.images[number + ".targets.json"] =
        repositories_.images[std::to_string(repositories_.version - 1) + ".targets.json"];
  }

  images_.put("mixed", genuine);
  order(kFull, images_.url() + "mixed", "1.1.0");
  settle();

  expect_refused("mix-and-match");
}

TEST_F(PrimaryTest, RefusesAnotherImageOfTheSameLength) {
  start();
  Bytes other = image();
  const std::string name = to_hex(crypto::sha256(other));
  repositories_.release(kFull, other, "demo-ecu");
  other[other.size() / 2] ^= 1;
  images_.put(name, other);

  order(kFull, images_.url() + name, "1.1.0");
  settle();

  expect_refused("image-hash");
}

TEST_F(PrimaryTest, FetchesNoMoreThanWasAnnounced) {
  start();
  Bytes endless = image();
  const std::string name = to_hex(crypto::sha256(endless));
  repositories_.release(kFull, endless, "demo-ecu");
  endless.resize(endless.size() + 1'000'000);
  images_.put(name, endless);

  order(kFull, images_.url() + name, "1.1.0");
  settle();

  expect_refusal(kFull, "download", "larger than");
}

TEST_F(PrimaryTest, DoesNotStartOnStateThatIsDamaged) {
  std::filesystem::create_directories(settings_.state_dir);
  std::ofstream(settings_.state_dir + "/uptane.json") << "{\"format\":1";

  const auto primary = Primary::open(settings_);

  ASSERT_FALSE(primary);
  EXPECT_NE(primary.error().detail.find("uptane.json"), std::string::npos);
}

TEST_F(PrimaryTest, HandsOnWhatAnEcuVerifiesByItself) {
  repositories_.release(kFull, image(), "demo-ecu");
  std::filesystem::create_directories(settings_.state_dir);
  auto primary = Primary::open(settings_, [this] { return repositories_.now; });
  ASSERT_TRUE(primary);

  const auto order = (*primary)->order_for(kFull);

  ASSERT_TRUE(order) << text_of(order.error());
  uptane::VehicleState state;
  state.director.root = repositories_.director.at("1.root.json");
  uptane::MemoryFetcher files(order->for_ecu);
  uptane::VerifyRequest request;
  request.now = repositories_.now;
  request.ecus = {{kFull, "demo-ecu"}};
  const auto outcome = uptane::verify_partial(state, files, request);
  EXPECT_FALSE(outcome.refusal) << text_of(*outcome.refusal);
  ASSERT_EQ(outcome.targets.size(), 1u);
  EXPECT_EQ(outcome.targets[0].name, order->target);
}

// --- the way over HTTP -----------------------------------------------------------------------

class HttpFetcherTest : public GatewayTest {
 protected:
  uptane::FetchStatus fetch(const std::string& name, std::uint64_t max_bytes) {
    HttpFetcherSettings settings;
    settings.block_bytes = 1000;
    HttpFetcher fetcher(images_.url(), settings, [this] { return clock_ += step_; });
    got_.clear();
    return fetcher.fetch(name, max_bytes,
                         [this](ByteView piece) { got_.append(gatehouse::text_of(piece)); });
  }
  std::chrono::milliseconds clock_{0}, step_{0};
  std::string got_;
};

TEST_F(HttpFetcherTest, FetchesInBlocksUpToTheLimit) {
  images_.put("file", Bytes(3500, 'x'));

  EXPECT_EQ(fetch("file", 3500), uptane::FetchStatus::kFound);
  EXPECT_EQ(got_, std::string(3500, 'x'));
  EXPECT_EQ(fetch("file", 3499), uptane::FetchStatus::kTooLarge);
  EXPECT_LE(got_.size(), 3499u);
  EXPECT_EQ(fetch("absent", 100), uptane::FetchStatus::kMissing);
  for (const char* name : {"", "../file", "/file", "a b", "file?x"}) {
    EXPECT_EQ(fetch(name, 3500), uptane::FetchStatus::kMissing) << name;
  }
}

// Uptane standard 2.1 section 5.4.4.2: slow retrieval.
TEST_F(HttpFetcherTest, GivesUpBelowTheLeastRate) {
  images_.put("file", Bytes(3500, 'x'));
  step_ = std::chrono::seconds(11);

  EXPECT_EQ(fetch("file", 3500), uptane::FetchStatus::kTooSlow);
}

TEST_F(HttpFetcherTest, SaysThatNobodyAnswers) {
  HttpFetcher fetcher("http://127.0.0.1:1/", {});

  EXPECT_EQ(fetcher.fetch("file", 10, [](ByteView) {}), uptane::FetchStatus::kFailed);
}

}  // namespace
}  // namespace gatehouse::gateway

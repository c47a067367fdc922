// Keys of constrained ECUs in a TPM: taken over once, of use to nobody else.
#include "ae-apps/ota/gateway/tpm_keys.h"

#include "ae-apps/ota/crypto/files.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

class TpmKeysTest : public GatewayTest {
 protected:
  TpmKeysTest() {
    settings_.tpm = "software";
    EcuEntry& ecu = settings_.ecus[1];
    ecu.shared_key.clear();
    ecu.shared_key_file = folder_ / "shared.key";
    EXPECT_TRUE(crypto::create_secret_file(ecu.shared_key_file, ecu::kSharedKey));
    fs::create_directories(settings_.state_dir);
  }
  ~TpmKeysTest() override { gateway_.reset(); }
  /// The end of the program and a new start.
  Result<void> take_keys() {
    settings_.ecus[1].mac = {};
    return take_keys_into_tpm(settings_);
  }
  Result<Bytes> code(const std::string& message) { return settings_.ecus[1].mac(view_of(message)); }
  static Bytes expected(ByteView key, const std::string& message) {
    const auto made = crypto::hmac_sha256(key, view_of(message));
    return Bytes(made.begin(), made.end());
  }
  fs::path key_file() const { return settings_.ecus[1].shared_key_file; }
};

TEST_F(TpmKeysTest, TheFileIsNeededOnlyOnce) {
  ASSERT_TRUE(take_keys());
  fs::remove(key_file());
  const auto again = take_keys();

  ASSERT_TRUE(again) << again.error().detail;
  const std::string message(5000, 'm');  // longer than a command of the TPM
  const auto made = code(message);
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(*made, expected(ecu::kSharedKey, message));
}

TEST_F(TpmKeysTest, NoFileHoldsTheKeyAfterwards) {
  ASSERT_TRUE(take_keys());
  fs::remove(key_file());
  settings_.ecus[1].mac = {};

  const std::string raw(gatehouse::text_of(ecu::kSharedKey)), hex = to_hex(ecu::kSharedKey);
  std::size_t files = 0;
  for (const auto& each : fs::recursive_directory_iterator(settings_.state_dir)) {
    if (!each.is_regular_file() || each.path().parent_path().filename() == "tpm") continue;
    const auto content = crypto::read_file(each.path().string(), 1u << 20);
    ASSERT_TRUE(content);
    EXPECT_EQ(gatehouse::text_of(*content).find(raw), std::string::npos) << each.path();
    EXPECT_EQ(gatehouse::text_of(*content).find(hex), std::string::npos) << each.path();
    ++files;
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(TpmKeysTest, AnotherKeyInTheFileIsTakenOver) {
  ASSERT_TRUE(take_keys());
  fs::remove(key_file());
  ASSERT_TRUE(crypto::create_secret_file(key_file().string(), Bytes(32, 9)));

  ASSERT_TRUE(take_keys());

  EXPECT_EQ(*code("a report"), expected(Bytes(32, 9), "a report"));
}

TEST_F(TpmKeysTest, AnotherTpmCanDoNothingWithIt) {
  ASSERT_TRUE(take_keys());
  settings_.ecus[1].mac = {};
  fs::remove(key_file());
  fs::remove_all(fs::path(settings_.state_dir) / "tpm");  // as if the disk were in another vehicle

  const auto done = take_keys();

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("tpm: ECU ECU-0002: "), std::string::npos)
      << done.error().detail;
}

TEST_F(TpmKeysTest, SaysThatThereIsNoKeyAndNoTpm) {
  fs::remove(key_file());
  const auto nowhere = take_keys();
  settings_.tpm = "swtpm:path=/nowhere";
  const auto unreachable = take_keys();

  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().detail.find("there is no file"), std::string::npos);
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().detail.substr(0, 5), "tpm: ");
}

// Reports are checked and images vouched for by the key that nobody can read.
TEST_F(TpmKeysTest, UpdatesAConstrainedEcu) {
  ASSERT_TRUE(take_keys());
  fs::remove(key_file());
  start();

  offer(kConstrained, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  EXPECT_EQ(sus(kConstrained), 1) << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.1.0");
  const std::vector<Value> told = reports();
  ASSERT_FALSE(told.empty());
  EXPECT_NE(to_json(told.back()).find("\"level\":\"gateway\""), std::string::npos);
}

TEST_F(TpmKeysTest, AnEcuWithAnotherKeyIsNotVouchedFor) {
  fs::remove(key_file());
  ASSERT_TRUE(crypto::create_secret_file(key_file().string(), Bytes(32, 0x77)));
  ASSERT_TRUE(take_keys());
  start();

  ask(fresh_nonce(), Value::object({{"ecus", Value::array({kConstrained})}}));
  settle();

  const std::vector<Value> told = reports();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].find("reports")->size(), 0u);
  EXPECT_TRUE(told[0].contains("error"));
}

}  // namespace
}  // namespace gatehouse::gateway

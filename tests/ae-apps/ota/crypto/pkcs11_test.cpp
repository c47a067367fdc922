#include "ae-apps/ota/crypto/pkcs11.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/keys.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::crypto {
namespace {

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

/// A SoftHSM2 token "gatehouse-test" with a P-256 key "release", in a folder of its own. One for
/// all tests of the program: the engine reads its configuration once.
class SoftToken : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    const std::string tokens = *folder_ / "tokens";
    std::filesystem::create_directory(tokens);
    std::ofstream(*folder_ / "softhsm2.conf")
        << "directories.tokendir = " << tokens
        << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    setenv("SOFTHSM2_CONF", (*folder_ / "softhsm2.conf").c_str(), 1);
    run("softhsm2-util --init-token --free --label gatehouse-test --so-pin 87654321 --pin 'se "
        "cret'");
    run(std::string("pkcs11-tool --module ") + kModule +
        " --login --pin 'se cret' --token-label gatehouse-test --keypairgen --key-type "
        "EC:prime256v1"
        " --label release --id 01");
    run("softhsm2-util --init-token --free --label other --so-pin 87654321 --pin 4711");
    for (const char* token :
         {"--token-label gatehouse-test --pin 'se cret'", "--token-label other --pin 4711"}) {
      run(std::string("pkcs11-tool --module ") + kModule + " --login " + token +
          " --keypairgen --key-type EC:prime256v1 --always-auth --label consent --id 02");
    }
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void TearDown() override { unsetenv("GATEHOUSE_PKCS11_PIN"); }

  static void run(const std::string& command) {
    const std::string quiet = command + " > " + (*folder_ / "log") + " 2>&1";
    ASSERT_EQ(std::system(quiet.c_str()), 0) << command;
  }

  static std::unique_ptr<TemporaryFolder> folder_;
};
std::unique_ptr<TemporaryFolder> SoftToken::folder_;

constexpr const char* kKeyUri = "pkcs11:token=gatehouse-test;object=release;type=private";

TEST_F(SoftToken, SignsWithThePinOfTheUri) {
  const auto key = SigningKey::load(std::string(kKeyUri) + "?pin-value=se%20cret");
  ASSERT_TRUE(key) << key.error().detail;

  const auto signature = key->sign(view_of("manifest"));

  ASSERT_TRUE(signature) << signature.error().detail;
  EXPECT_TRUE(key->in_token());
  EXPECT_TRUE(key->public_key().verify(view_of("manifest"), *signature));
  EXPECT_FALSE(key->to_pem()) << "the key stays in its token";
}

TEST_F(SoftToken, SignsWithThePinOfAFile) {
  ASSERT_TRUE(create_secret_file(*folder_ / "pin", view_of("se cret")));

  const auto key =
      SigningKey::load(std::string(kKeyUri) + "?pin-source=file:" + (*folder_ / "pin"));

  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_TRUE(key->sign(view_of("manifest")));
}

TEST_F(SoftToken, TakesTheModuleOfTheUriAndAPinFileThatEndsItsLine) {
  ASSERT_TRUE(create_secret_file(*folder_ / "pin-line", view_of("se cret\n")));

  const auto key = SigningKey::load(std::string(kKeyUri) + "?module-path=" + kModule +
                                    "&pin-source=file:" + (*folder_ / "pin-line"));

  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_TRUE(key->sign(view_of("manifest")));
}

TEST_F(SoftToken, SaysThatThePinFileHoldsNone) {
  ASSERT_TRUE(create_secret_file(*folder_ / "pin-empty", view_of("\n")));

  for (const char* file : {"pin-empty", "pin-absent"}) {
    const auto key =
        SigningKey::load(std::string(kKeyUri) + "?pin-source=file:" + (*folder_ / file));
    ASSERT_FALSE(key) << file;
    EXPECT_NE(key.error().detail.find("pin-source"), std::string::npos) << key.error().detail;
  }
}

TEST_F(SoftToken, GivesItsOwnPinToEachKeyThatWantsItForEachSignature) {
  const auto key = SigningKey::load(
      "pkcs11:token=gatehouse-test;object=consent;type=private?pin-value=se%20cret");
  const auto other =
      SigningKey::load("pkcs11:token=other;object=consent;type=private?pin-value=4711");
  ASSERT_TRUE(key) << key.error().detail;
  ASSERT_TRUE(other) << other.error().detail;

  for (const auto* one : {&*key, &*other, &*key, &*other}) {
    const auto signature = one->sign(view_of("manifest"));
    ASSERT_TRUE(signature) << signature.error().detail;
    EXPECT_TRUE(one->public_key().verify(view_of("manifest"), *signature));
  }
}

TEST_F(SoftToken, SignsWithThePinOfTheEnvironment) {
  setenv("GATEHOUSE_PKCS11_PIN", "se cret", 1);

  const auto key = SigningKey::load(kKeyUri);

  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_TRUE(key->sign(view_of("manifest")));
}

TEST_F(SoftToken, GivesAnErrorForAnUnknownObjectAndTellsNobodyThePin) {
  testing::internal::CaptureStderr();
  const auto key =
      SigningKey::load("pkcs11:token=gatehouse-test;object=other;type=private?pin-value=se%20cret");
  const std::string printed = testing::internal::GetCapturedStderr();

  ASSERT_FALSE(key);
  for (const char* pin : {"se cret", "se%20cret"}) {
    EXPECT_EQ(key.error().detail.find(pin), std::string::npos) << key.error().detail;
    EXPECT_EQ(printed.find(pin), std::string::npos) << printed;
  }
}

TEST_F(SoftToken, GivesAnErrorForAWrongPinAndDoesNotAsk) {
  // In a child: after the first login of a process its session stays logged in, whatever PIN comes
  // later.
  const auto child = [] {
    const auto key = SigningKey::load(std::string(kKeyUri) + "?pin-value=wrong");
    std::_Exit(!key || !key->sign(view_of("x")) ? 0 : 1);
  };
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(child(), testing::ExitedWithCode(0), "");
}

TEST(Pkcs11Uri, IsReadAndExtended) {
  const std::string uri = "pkcs11:token=t?module-path=%2Flib%2Fm.so";

  EXPECT_EQ(query_attribute(uri, "module-path"), "/lib/m.so");
  EXPECT_EQ(query_attribute(uri, "pin-value"), "");
  EXPECT_EQ(with_query_attribute(uri, "pin-value", "a&b"), uri + "&pin-value=a%26b");
  EXPECT_EQ(with_query_attribute("pkcs11:token=t", "pin-value", "1"), "pkcs11:token=t?pin-value=1");
  EXPECT_EQ(with_query_attribute("pkcs11:x?pin-value=1", "pin-value", "2"), "pkcs11:x?pin-value=1");
}

}  // namespace
}  // namespace gatehouse::crypto

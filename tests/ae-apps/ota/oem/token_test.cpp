#include "ae-apps/ota/oem/token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/oem/commands.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::oem {
namespace {

/// A desk with a token, and a signed image of its key. One for the program: the engine reads its
/// configuration once.
class Desk : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    TokenRequest request;
    request.folder = *folder_ / "a token; of?";  // a path may hold what a URI may not
    const auto token = create_token(request);
    ASSERT_TRUE(token) << token.error().detail;
    key_uri_ = token->key_uri;
    ASSERT_TRUE(export_public_key(key_uri_, *folder_ / "oem.pub.pem"));
    std::ofstream(*folder_ / "brake.bin") << "firmware of the brake";
    image::Manifest manifest;
    manifest.name = "brake";
    manifest.version = "1.4.0";
    manifest.release_counter = 7;
    manifest.hardware_id = "brake-2";
    ASSERT_TRUE(make(*folder_ / "brake.bin", manifest, *folder_ / "brake.draft", said_));
    const auto done =
        sign_file(*folder_ / "brake.draft", {key_uri_}, *folder_ / "brake.ghfw", said_);
    ASSERT_TRUE(done) << done.error().detail;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static image::Policy oem_key() {
    image::Policy policy;
    policy.trusted_keys = {*crypto::PublicKey::load(*folder_ / "oem.pub.pem")};
    return policy;
  }
  static mode_t mode(const std::string& path) {
    struct stat state {};
    EXPECT_EQ(::stat(path.c_str(), &state), 0) << path;
    return state.st_mode & 0777;
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::string key_uri_;
  static std::ostringstream said_;
};
std::unique_ptr<TemporaryFolder> Desk::folder_;
std::string Desk::key_uri_;
std::ostringstream Desk::said_;

TEST_F(Desk, SignsWithAKeyThatStaysInItsToken) {
  const auto key = crypto::SigningKey::load(key_uri_);

  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_TRUE(key->in_token());
  EXPECT_FALSE(key->to_pem());
  EXPECT_TRUE(verify(*folder_ / "brake.ghfw", oem_key(), said_));
}

TEST_F(Desk, KeepsItsPinsToItself) {
  EXPECT_EQ(mode(*folder_ / "a token; of?"), 0700u);
  EXPECT_EQ(mode(*folder_ / "a token; of?/pin"), 0600u);
  EXPECT_EQ(mode(*folder_ / "a token; of?/so-pin"), 0600u);
  const Bytes pin = *crypto::read_file(*folder_ / "a token; of?/pin", 64);
  EXPECT_EQ(said_.str().find(text_of(pin)), std::string::npos);
}

TEST_F(Desk, RefusesAnImageWithAnyBitAltered) {
  const Bytes good = *crypto::read_file(*folder_ / "brake.ghfw", kMaxFileBytes);

  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_NE(image::verify_image(bad, oem_key()), image::Verdict::kGood) << "bit " << bit;
  }
}

TEST_F(Desk, SaysWhyAFileIsRefused) {
  Bytes bad = *crypto::read_file(*folder_ / "brake.ghfw", kMaxFileBytes);
  bad.back() ^= 1;
  ASSERT_TRUE(write_whole(*folder_ / "altered.ghfw", bad));

  const auto done = verify(*folder_ / "altered.ghfw", oem_key(), said_);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("hash-mismatch"), std::string::npos) << done.error().detail;
}

TEST_F(Desk, RefusesAFileWithBytesBehindTheImage) {
  Bytes longer = *crypto::read_file(*folder_ / "brake.ghfw", kMaxFileBytes);
  longer.push_back(0);
  ASSERT_TRUE(write_whole(*folder_ / "longer.ghfw", longer));

  EXPECT_FALSE(verify(*folder_ / "longer.ghfw", oem_key(), said_));
}

TEST_F(Desk, InsistsOnHardwareAndCounter) {
  image::Policy other_hardware = oem_key();
  other_hardware.hardware_id = "brake-3";
  image::Policy newer = oem_key();
  newer.minimum_release_counter = 8;

  const auto wrong = verify(*folder_ / "brake.ghfw", other_hardware, said_);
  const auto old = verify(*folder_ / "brake.ghfw", newer, said_);

  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("wrong-hardware"), std::string::npos);
  ASSERT_FALSE(old);
  EXPECT_NE(old.error().detail.find("rollback"), std::string::npos);
}

TEST_F(Desk, TrustsOnlyTheGivenKeys) {
  image::Policy stranger;
  stranger.trusted_keys = {
      crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256)->public_key()};

  const auto done = verify(*folder_ / "brake.ghfw", stranger, said_);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("unknown-key"), std::string::npos) << done.error().detail;
}

TEST_F(Desk, InspectShowsWhatTheImageSays) {
  std::ostringstream shown;

  ASSERT_TRUE(inspect(*folder_ / "brake.ghfw", shown));

  const std::string key_id = to_hex(oem_key().trusted_keys[0].key_id());
  for (const std::string& part : {std::string("brake-2"), std::string("1.4.0"), key_id}) {
    EXPECT_NE(shown.str().find(part), std::string::npos) << part;
  }
}

TEST_F(Desk, NamesTheKeyThatDoesNotLoadButNotItsPin) {
  const auto done = sign_file(*folder_ / "brake.draft", {"pkcs11:token=none?pin-value=5151"},
                              *folder_ / "never.ghfw", said_);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().detail.find("token=none"), std::string::npos) << done.error().detail;
  EXPECT_EQ(done.error().detail.find("5151"), std::string::npos) << done.error().detail;
  EXPECT_FALSE(std::filesystem::exists(*folder_ / "never.ghfw"));
}

TEST_F(Desk, LeavesAnExistingFolderAlone) {
  TokenRequest request;
  request.folder = *folder_ / "a token; of?";

  EXPECT_EQ(create_token(request).error().rsc, Rsc::kAlreadyExists);
}

TEST(TokenRequest, RefusesNamesThatWouldBreakTheUri) {
  TemporaryFolder folder;
  for (const char* bad : {"", "a;object=b", "a?pin-value=1", "a b", "--help\n"}) {
    TokenRequest request;
    request.folder = folder / "token";
    request.label = bad;

    EXPECT_EQ(create_token(request).error().rsc, Rsc::kBadRequest) << bad;
    EXPECT_FALSE(std::filesystem::exists(request.folder)) << bad;
  }
}

}  // namespace
}  // namespace gatehouse::oem

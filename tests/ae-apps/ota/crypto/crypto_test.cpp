#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/crypto/random.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::crypto {
namespace {

TEST(Hex, ReadsBackWhatItWrote) {
  const Bytes bytes{0x00, 0x7f, 0x80, 0xff};

  const std::string text = to_hex(bytes);

  EXPECT_EQ(text, "007f80ff");
  EXPECT_EQ(from_hex("007F80fF"), bytes);
}

TEST(Hex, RefusesWhatIsNoHex) {
  for (const char* text : {"0", "0g", "-1", " 00", "000"}) EXPECT_FALSE(from_hex(text)) << text;
}

struct Base64Case {
  const char* plain;
  const char* encoded;
};

// RFC 4648 section 10
TEST(Base64, GivesTheVectorsOfTheRfc) {
  for (const auto& [plain, encoded] :
       {Base64Case{"", ""}, Base64Case{"f", "Zg=="}, Base64Case{"fo", "Zm8="},
        Base64Case{"foo", "Zm9v"}, Base64Case{"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(view_of(plain)), encoded);
    EXPECT_EQ(from_base64(encoded), bytes_of(plain));
  }
}

TEST(Base64, RefusesWhatIsNotStrict) {
  for (const char* text :
       {"Zg=", "Zg", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9", "=m9v", "Zm9=v"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

// FIPS 180-2 appendix B.1, B.2
TEST(Sha256, GivesTheKnownAnswerInOnePieceAndInMany) {
  const std::string message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  Sha256 hash;
  for (const char c : message) hash.update(view_of({&c, 1}));

  const Sha256Digest in_pieces = hash.finish();

  EXPECT_EQ(to_hex(in_pieces), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(view_of(message)), in_pieces);
  EXPECT_EQ(hash.finish(), sha256({})) << "finish() starts again";
}

// RFC 4231 test case 2
TEST(Hmac, GivesTheKnownAnswer) {
  const auto mac = hmac_sha256(view_of("Jefe"), view_of("what do ya want for nothing?"));

  EXPECT_EQ(to_hex(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hmac, TakesAnEmptyKeyAsItIs) {
  EXPECT_EQ(to_hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(ConstantTime, ComparesLengthAndContent) {
  const Bytes a{1, 2, 3};

  EXPECT_TRUE(equal_constant_time(a, a));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2, 4}));
}

TEST(Random, OfTheSystemDoesNotRepeat) {
  SystemRandom random;

  EXPECT_NE(random.bytes(32), random.bytes(32));
}

TEST(Random, OfASeedRepeats) {
  EXPECT_EQ(SeededRandom(7).bytes(32), SeededRandom(7).bytes(32));
  EXPECT_NE(SeededRandom(7).bytes(32), SeededRandom(8).bytes(32));
}

class KeysOf : public testing::TestWithParam<Algorithm> {};

TEST_P(KeysOf, SignWhatTheirPublicKeyVerifies) {
  const SigningKey key = SigningKey::generate(GetParam()).value();

  const Bytes signature = key.sign(view_of("message")).value();

  EXPECT_EQ(key.algorithm(), GetParam());
  EXPECT_TRUE(key.public_key().verify(view_of("message"), signature));
  EXPECT_FALSE(key.public_key().verify(view_of("massage"), signature));
}

TEST_P(KeysOf, RefuseEverySignatureWithOneBitAltered) {
  const SigningKey key = SigningKey::generate(GetParam()).value();
  const Bytes signature = key.sign(view_of("message")).value();

  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Bytes altered = signature;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(key.public_key().verify(view_of("message"), altered)) << bit;
  }
  EXPECT_FALSE(key.public_key().verify(view_of("message"), {}));
}

TEST_P(KeysOf, SurviveTheirFile) {
  const TemporaryFolder folder;
  const SigningKey key = SigningKey::generate(GetParam()).value();

  ASSERT_TRUE(key.save(folder / "key.pem"));
  const auto loaded = SigningKey::load(folder / "key.pem");

  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->public_key(), key.public_key());
  EXPECT_FALSE(loaded->in_token());
  struct stat status {};
  ASSERT_EQ(stat((folder / "key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_P(KeysOf, AreNamedByTheHashOfTheirSpki) {
  const SigningKey key = SigningKey::generate(GetParam()).value();
  const PublicKey& public_key = key.public_key();

  EXPECT_EQ(public_key.key_id(), sha256(public_key.spki_der()));
  EXPECT_EQ(PublicKey::from_pem(public_key.to_pem()).value(), public_key);
  EXPECT_EQ(PublicKey::from_der(public_key.spki_der()).value(), public_key);
  const Result<PublicKey> cheap = PublicKey::from_spki(public_key.spki_der());
  ASSERT_TRUE(cheap) << cheap.error().detail;
  EXPECT_EQ(*cheap, public_key);
  EXPECT_EQ(cheap->algorithm(), public_key.algorithm());
  EXPECT_EQ(cheap->to_pem(), public_key.to_pem());
  const Bytes message = {1, 2, 3};
  const Bytes signature = key.sign(message).value();
  EXPECT_TRUE(cheap->verify(message, signature));
  EXPECT_FALSE(cheap->verify({}, signature));
  Bytes longer = public_key.spki_der();
  longer.push_back(0);
  EXPECT_FALSE(PublicKey::from_spki(longer));
  EXPECT_FALSE(PublicKey::from_spki({longer.data(), longer.size() - 2}));
}

INSTANTIATE_TEST_SUITE_P(Algorithms, KeysOf,
                         testing::Values(Algorithm::kEcdsaP256, Algorithm::kEd25519),
                         [](const auto& each) {
                           return each.param == Algorithm::kEd25519 ? "Ed25519" : "EcdsaP256";
                         });

TEST(SigningKey, DoesNotOverwriteAFile) {
  const TemporaryFolder folder;
  const SigningKey key = SigningKey::generate(Algorithm::kEd25519).value();
  ASSERT_TRUE(key.save(folder / "key.pem"));

  const auto second = key.save(folder / "key.pem");

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().rsc, Rsc::kAlreadyExists);
}

TEST(SigningKey, RefusesAFileThatOthersMayRead) {
  const TemporaryFolder folder;
  ASSERT_TRUE(SigningKey::generate(Algorithm::kEd25519)->save(folder / "key.pem"));
  ASSERT_EQ(chmod((folder / "key.pem").c_str(), 0644), 0);

  const auto loaded = SigningKey::load(folder / "key.pem");

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().rsc, Rsc::kOriginatorHasNoPrivilege);
}

TEST(SigningKey, SaysWhatIsWrongWithASource) {
  const TemporaryFolder folder;

  EXPECT_EQ(SigningKey::load(folder / "none.pem").error().rsc, Rsc::kNotFound);
  EXPECT_EQ(SigningKey::from_pem("nonsense").error().rsc, Rsc::kBadRequest);
}

TEST(PublicKey, RefusesOtherKindsOfKeys) {
  // P-384, text that is no key, and nothing.
  const char* p384 =
      "-----BEGIN PUBLIC KEY-----\n"
      "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE9Fe6alDYAumiHwAqPraKJLjoY+lalVxO\n"
      "2XAU1RY/n40nnanbfAPjjGZI7KAX9sNB/v7ComS3lKUAaVuifldeFq84s6Eh67du\n"
      "385lVKLfE1ZHoge3eGuQmw2n1La6TWHW\n"
      "-----END PUBLIC KEY-----\n";

  EXPECT_EQ(PublicKey::from_pem(p384).error().detail, "the key is neither P-256 nor Ed25519");
  EXPECT_FALSE(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(PublicKey::from_der({}));
}

TEST(Secret, IsReadRawOrAsHex) {
  const TemporaryFolder folder;
  const Bytes raw(32, 0xA5);
  ASSERT_TRUE(create_secret_file(folder / "raw", raw));
  ASSERT_TRUE(create_secret_file(folder / "hex", view_of(to_hex(raw) + "\n")));
  ASSERT_TRUE(create_secret_file(folder / "short", Bytes(15, 1)));

  EXPECT_EQ(load_secret(folder / "raw"), raw);
  EXPECT_EQ(load_secret(folder / "hex"), raw);
  EXPECT_EQ(load_secret(folder / "short").error().rsc, Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse::crypto

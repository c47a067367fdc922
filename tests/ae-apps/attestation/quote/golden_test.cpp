// Files made by tpm2-tools 5.4 on swtpm 0.7: what others make, we read.
#include <gtest/gtest.h>

#include "ae-apps/attestation/quote/credential.h"
#include "ae-apps/attestation/quote/verify.h"
#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::attest {
namespace {

Bytes vector_file(const std::string& name) {
  return crypto::read_file(std::string(GATEHOUSE_VECTORS "/") + name, 1u << 20).value_or(Bytes());
}
Bytes hex(std::string_view text) { return *from_hex(text); }

constexpr std::string_view kNonce =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

struct Golden {
  std::string name, key, files, pcrs;
  std::uint16_t rsa_scheme = kSchemeRsaSsa;
};

class GoldenQuote : public testing::TestWithParam<Golden> {};

TEST_P(GoldenQuote, IsAccepted) {
  const Golden& golden = GetParam();
  const auto key =
      AttestationKey::from_bytes(vector_file(golden.key), HashAlg::kSha256, golden.rsa_scheme);
  ASSERT_TRUE(key) << key.error().detail;
  const Bytes message = vector_file(golden.files + ".msg");
  const Bytes signature = vector_file(golden.files + ".sig");
  const Bytes values = vector_file(golden.files + ".pcrs");

  const auto quote =
      verify_quote({*key, hex(kNonce), *parse_pcr_list(golden.pcrs)}, {message, signature, values});

  ASSERT_TRUE(quote) << quote.error().detail;
  EXPECT_EQ(quote->attest.clock.reset_count, 2u);
  EXPECT_EQ(encode(quote->attest), message);
  EXPECT_EQ(to_hex(quote->values->at({HashAlg::kSha256, 10})),
            "90f4b39548df55ad6187a1d20d731ecee78c545b94afd16f42ef7592d99cd365");
}

INSTANTIATE_TEST_SUITE_P(
    OfTools, GoldenQuote,
    testing::Values(
        Golden{"two_banks", "ak.pem", "two_banks", "sha1:0+sha256:0,1,10"},
        Golden{"banks_in_another_order", "ak.pem", "two_banks", "sha256:0,1,10+sha1:0"},
        Golden{"key_as_tss", "ak.tss", "two_banks", "sha1:0+sha256:0,1,10"},
        Golden{"key_as_tpmt", "ak.tpmt", "two_banks", "sha1:0+sha256:0,1,10"},
        Golden{"file_of_values", "ak.pem", "twelve_values", "sha256:0,1,2,3,4,5,6,7,8,9,10,11"},
        Golden{"plain_signature", "ak.pem", "plain", "sha256:0,1,2,3,4,5,6,7,8,9,10,11"},
        Golden{"rsassa", "rsassa.tss", "rsassa", "sha256:0,10"},
        Golden{"rsassa_pem", "rsassa.pem", "rsassa", "sha256:0,10"},
        Golden{"rsapss", "rsapss.tss", "rsapss", "sha256:0,10"},
        Golden{"rsapss_pem", "rsapss.pem", "rsapss", "sha256:0,10", kSchemeRsaPss},
        Golden{"p384", "p384.tss", "p384", "sha256:0,10"}),
    [](const auto& row) { return row.param.name; });

TEST(GoldenFiles, ComeOutAsTheyWentIn) {
  for (const char* name :
       {"ak.tss", "rsapss.tss", "rsassa.tss", "p384.tss", "ek_rsa.tss", "ek_ecc.tss"}) {
    const Bytes file = vector_file(name);
    const auto area = parse_public_area(file);
    ASSERT_TRUE(area) << name << ": " << area.error().detail;
    EXPECT_EQ(encode(*area), Bytes(file.begin() + 2, file.end())) << name;
  }
  const Bytes signature = vector_file("two_banks.sig");
  EXPECT_EQ(encode(*parse_signature(signature)), signature);
  const Bytes credential = vector_file("credential");
  const auto read = read_credential(credential);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(write_credential(*read), credential);
}

TEST(GoldenFiles, OfPcrValuesAreWrittenByteByByte) {
  const auto selection = *parse_pcr_list("sha256:0,1,2,3,4,5,6,7,8,9,10,11");
  const Bytes plain = vector_file("twelve_values.pcrs");
  const Bytes serialized = vector_file("plain.pcrs");

  const auto values = read_pcr_values(plain, selection);

  ASSERT_TRUE(values) << values.error().detail;
  EXPECT_EQ(write_plain(selection, *values), plain);
  EXPECT_EQ(write_serialized(selection, *values), serialized);
}

TEST(GoldenName, IsThatOfTheTpm) {
  const auto area = parse_public_area(hex(
      "0023000b00050472000000100018000b000300100020372fb3ce7c68507f222ac7eaa563c745183be0ef0b81f6d0"
      "5c66c0b823323efa0020f6f7d87454e16da8084f81737c798d94d37f0bf8137483c16f52e119afb78e0b"));

  ASSERT_TRUE(area) << area.error().detail;
  EXPECT_EQ(to_hex(area->name()),
            "000b6137db3ff841738050bbc7fb28b1b7100889f675a5df218cca87bf453aae3bbb");
  EXPECT_EQ(area->attributes, kAttestationKeyAttributes);
  EXPECT_TRUE(check_attestation_key(*area));
}

// TPM 2.0 Library part 1 clause 24: seed 00..1f, secret 20..3f, for the name above.
TEST(GoldenCredential, HasTheInnerValuesOfTheSpecification) {
  const Bytes name = hex("000b6137db3ff841738050bbc7fb28b1b7100889f675a5df218cca87bf453aae3bbb");
  const Bytes seed = hex(kNonce);
  const Bytes secret = hex("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");

  EXPECT_EQ(to_hex(kdf_a(HashAlg::kSha256, seed, "STORAGE", name, {}, 128)),
            "4f15d0338e3a0138f377f4860cb62b91");
  EXPECT_EQ(to_hex(kdf_a(HashAlg::kSha256, seed, "INTEGRITY", {}, {}, 256)),
            "bacf689f634ece301e1f1b15b072d9c87db6a69585db42b1a0cb8f73ebe2692e");
  EXPECT_EQ(to_hex(seal_identity(HashAlg::kSha256, 128, seed, name, secret)),
            "0020a1eaba84d8b7a319bd0f48e97cb5d6da1167f1d8ace88af924b5e677c5599a73"
            "7c796c09ff777d2f7436a952a7ba2f335451cdf1e48259a0e34ed6a654f215dbac4d");
}

struct BadCredential {
  std::string name, key, object_name, secret;
};
class MakeCredential : public testing::TestWithParam<BadCredential> {};

TEST_P(MakeCredential, IsRefusedForWhatNoTpmWouldOpen) {
  crypto::SeededRandom random(1);
  const auto key = parse_public_area(vector_file(GetParam().key));
  ASSERT_TRUE(key);

  const auto made =
      make_credential(*key, hex(GetParam().object_name), hex(GetParam().secret), random);

  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().detail.starts_with("credential: ")) << made.error().detail;
}

const std::string kName = "000b" + std::string(64, 'a');
INSTANTIATE_TEST_SUITE_P(
    Wrong, MakeCredential,
    testing::Values(BadCredential{"no_secret", "ek_rsa.tss", kName, ""},
                    BadCredential{"secret_too_long", "ek_rsa.tss", kName, std::string(66, '1')},
                    BadCredential{"name_cut", "ek_rsa.tss", "000baa", "11"},
                    BadCredential{"name_of_no_hash", "ek_rsa.tss", "ffff" + kName.substr(4), "11"},
                    BadCredential{"key_that_signs", "ak.tss", kName, "11"}),
    [](const auto& row) { return row.param.name; });

TEST(MakeCredential, IsMadeForEitherKindOfKey) {
  crypto::SystemRandom random;
  for (const char* file : {"ek_rsa.tss", "ek_ecc.tss"}) {
    const auto made =
        make_credential(*parse_public_area(vector_file(file)), hex(kName), hex("11"), random);
    ASSERT_TRUE(made) << made.error().detail;
    EXPECT_EQ(made->id_object.size(), 2u + 32 + 2 + 1);
  }
}

TEST(CredentialFile, IsRefusedInAnyOtherForm) {
  const Bytes good = vector_file("credential");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_credential(ByteView(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(read_credential(longer));
  Bytes other_version = good;
  other_version[7] = 2;
  EXPECT_FALSE(read_credential(other_version));
}

}  // namespace
}  // namespace gatehouse::attest

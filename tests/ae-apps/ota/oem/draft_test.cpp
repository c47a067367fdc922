#include "ae-apps/ota/oem/draft.h"

#include <gtest/gtest.h>

#include <functional>

#include "ae-apps/ota/image/verifier.h"

namespace gatehouse::oem {
namespace {

image::Manifest brake() {
  image::Manifest manifest;
  manifest.name = "brake";
  manifest.version = "1.4.0";
  manifest.release_counter = 7;
  manifest.hardware_id = "brake-2";
  manifest.created = "20261121T120000";
  return manifest;
}

Draft brake_draft() { return *make_draft(brake(), bytes_of("firmware of the brake")); }

crypto::SigningKey new_key() {
  return *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
}

image::Policy trusting(const crypto::SigningKey& key) {
  image::Policy policy;
  policy.trusted_keys = {key.public_key()};
  return policy;
}

TEST(Draft, ComesBackFromItsFile) {
  const Draft draft = brake_draft();

  const auto again = parse_draft(*encode(draft));

  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->manifest, draft.manifest);
  EXPECT_EQ(again->payload, draft.payload);
  EXPECT_TRUE(again->signatures.empty());
}

TEST(Draft, IsNoImageUntilItIsSigned) {
  const crypto::SigningKey key = new_key();
  Draft draft = brake_draft();
  EXPECT_EQ(image::verify_image(*encode(draft), trusting(key)), image::Verdict::kMalformed);

  ASSERT_TRUE(sign(draft, key));

  EXPECT_EQ(image::verify_image(*encode(draft), trusting(key)), image::Verdict::kGood);
}

TEST(Draft, TakesASecondSignatureButNotOneKeyTwice) {
  const crypto::SigningKey first = new_key();
  const crypto::SigningKey second = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  Draft draft = brake_draft();
  ASSERT_TRUE(sign(draft, first));

  auto again = parse_draft(*encode(draft));
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(sign(*again, first).error().rsc, Rsc::kConflict);
  ASSERT_TRUE(sign(*again, second));

  image::Policy both = trusting(first);
  both.trusted_keys.push_back(second.public_key());
  both.threshold = 2;
  EXPECT_EQ(image::verify_image(*encode(*again), both), image::Verdict::kGood);
  EXPECT_EQ(image::verify_image(*encode(draft), both), image::Verdict::kUnknownKey);
}

TEST(Draft, TakesEightSignaturesAtMost) {
  Draft draft = brake_draft();
  for (std::size_t i = 0; i < image::kMaxSignatures; ++i) ASSERT_TRUE(sign(draft, new_key()));

  EXPECT_EQ(sign(draft, new_key()).error().rsc, Rsc::kNotAcceptable);
}

TEST(Draft, NamesTheMemberThatIsWrong) {
  image::Manifest manifest = brake();
  manifest.version = "one";

  const auto draft = make_draft(manifest, bytes_of("x"));

  ASSERT_FALSE(draft);
  EXPECT_NE(draft.error().detail.find("version"), std::string::npos) << draft.error().detail;
}

TEST(Draft, RequiresOnlyWhatServersAndVehiclesUnderstand) {
  image::Manifest manifest = brake();
  manifest.requirements = {"gateway>=1.2", "release=R-1/2"};
  EXPECT_TRUE(make_draft(manifest, bytes_of("x")));
  manifest.requirements = {"gateway>1.2"};
  const auto draft = make_draft(manifest, bytes_of("x"));
  ASSERT_FALSE(draft);
  EXPECT_TRUE(draft.error().detail.starts_with("requires: \"gateway>1.2\" must be SERIAL>="));
  // One that an older tool has made is not signed.
  Draft old = brake_draft();
  old.manifest.requirements = {"gateway"};
  const auto signature = sign(old, new_key());
  ASSERT_FALSE(signature);
  EXPECT_TRUE(signature.error().detail.starts_with("requires: \"gateway\" must be"));
}

TEST(Draft, HasAPayload) {
  EXPECT_EQ(make_draft(brake(), {}).error().rsc, Rsc::kNotAcceptable);
  EXPECT_EQ(make_draft(brake(), Bytes(kMaxPayloadBytes + 1)).error().rsc, Rsc::kNotAcceptable);
}

TEST(Draft, IsRefusedWhereverItIsCut) {
  const Bytes file = *encode(brake_draft());

  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_FALSE(parse_draft(ByteView(file).first(length))) << length;
  }
}

TEST(Draft, IsRefusedWithAnyBitChanged) {
  const Bytes good = *encode(brake_draft());

  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    const auto draft = parse_draft(bad);
    // A draft is not protected by a signature: a changed letter may make another, well formed
    // manifest.
    EXPECT_TRUE(!draft || draft->manifest != brake_draft().manifest) << bit;
  }
}

TEST(Draft, IsRefusedWithBytesBehindIt) {
  Bytes file = *encode(brake_draft());
  file.push_back(0);

  EXPECT_FALSE(parse_draft(file));
}

}  // namespace
}  // namespace gatehouse::oem

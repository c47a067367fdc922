#include "ae-apps/ota/image/image.h"

#include <gtest/gtest.h>

#include "ae-apps/ota/image/verifier.h"

namespace gatehouse::image {
namespace {

const crypto::SigningKey& release_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  return key;
}
const crypto::SigningKey& second_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  return key;
}

Manifest sample() {
  Manifest m;
  m.name = "brake";
  m.version = "1.4.0";
  m.release_counter = 7;
  m.hardware_id = "brake-2";
  m.created = "20261121T120000";
  m.requirements = {"gateway>=1.2"};
  m.notes = "shorter stops \"soon\"";
  return m;
}

const std::string kPayload = "#!/bin/sh\necho version=1.4.0\n";

Bytes sample_image() { return build_image(sample(), view_of(kPayload), {&release_key()}).value(); }

Policy strict() {
  Policy policy;
  policy.trusted_keys = {release_key().public_key()};
  policy.hardware_id = "brake-2";
  policy.minimum_release_counter = 7;
  return policy;
}

TEST(SemanticVersion, IsRecognised) {
  for (const char* good : {"0.0.0", "1.2.3", "10.20.30-rc.1", "1.0.0+007", "1.0.0-a-b.c+d-e"}) {
    EXPECT_TRUE(is_semantic_version(good)) << good;
  }
  for (const char* bad : {"", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+",
                          "v1.2.3", "1.2.x", "1.2.3 ", "1..3", "-1.2.3", "1.2.3-a..b"}) {
    EXPECT_FALSE(is_semantic_version(bad)) << bad;
  }
}

TEST(Manifest, ReadsBackWhatItWrote) {
  const std::string json = encode_manifest(sample()).value();

  EXPECT_EQ(parse_manifest(json), sample());
  EXPECT_EQ(json.find("duration_s"), std::string::npos) << "ECUs of before it read this one";
  EXPECT_EQ(json.find("unavailable"), std::string::npos);
}

TEST(Manifest, TellsTheUserWhatTheMakerSigned) {
  Manifest said = sample();
  said.duration_s = 90;
  said.unavailable = "The brake does not work";

  const std::string json = encode_manifest(said).value();

  EXPECT_EQ(parse_manifest(json), said);
  EXPECT_TRUE(json.starts_with(R"({"created":"20261121T120000","duration_s":90,"hardware_id")"));
  for (const char* wrong : {R"("duration_s":0)", R"("duration_s":"90")", R"("duration_s":-1)"}) {
    std::string other = json;
    other.replace(other.find(R"("duration_s":90)"), 15, wrong);
    EXPECT_FALSE(parse_manifest(other)) << wrong;
  }
}

struct Fault {
  const char* named;  ///< the member that the text names
  void (*break_it)(Manifest&);
};

TEST(Manifest, NamesTheMemberThatIsWrong) {
  const Fault faults[] = {
      {"name", [](Manifest& m) { m.name = "a/b"; }},
      {"name", [](Manifest& m) { m.name = ""; }},
      {"version", [](Manifest& m) { m.version = "one"; }},
      {"hardware_id", [](Manifest& m) { m.hardware_id = std::string(65, 'a'); }},
      {"release_counter", [](Manifest& m) { m.release_counter = 1ull << 63; }},
      {"length", [](Manifest& m) { m.payload_bytes = ~0ull; }},
      {"created", [](Manifest& m) { m.created = "yesterday"; }},
      {"requires", [](Manifest& m) { m.requirements.assign(17, "x"); }},
      {"requires", [](Manifest& m) { m.requirements = {""}; }},
      {"notes", [](Manifest& m) { m.notes = std::string(2049, 'n'); }},
      {"duration_s", [](Manifest& m) { m.duration_s = 86'401; }},
      {"unavailable", [](Manifest& m) { m.unavailable = std::string(513, 'n'); }},
  };
  for (const Fault& fault : faults) {
    Manifest m = sample();
    fault.break_it(m);

    const auto json = encode_manifest(m);

    ASSERT_FALSE(json) << fault.named;
    EXPECT_NE(json.error().detail.find(fault.named), std::string::npos) << json.error().detail;
  }
}

TEST(Manifest, RefusesWhatIsNotCanonical) {
  const std::string json = encode_manifest(sample()).value();
  std::string with_blank = json;
  with_blank.insert(1, " ");
  std::string with_member = json;
  with_member.insert(json.size() - 1, ",\"x\":1");

  for (const std::string& text : {with_blank, with_member, json + "\n", std::string("[]"),
                                  std::string("{}"), std::string()}) {
    EXPECT_FALSE(parse_manifest(text)) << text;
  }
}

TEST(Image, IsReadBackWhole) {
  const Bytes image = sample_image();

  const auto header = parse_header(image);

  ASSERT_TRUE(header && *header);
  EXPECT_EQ((*header)->manifest.payload_bytes, kPayload.size());
  EXPECT_EQ((*header)->header_bytes + kPayload.size(), image.size());
  EXPECT_EQ((*header)->signatures.size(), 1u);
}

TEST(Image, NeedsASignature) { EXPECT_FALSE(build_image(sample(), view_of(kPayload), {})); }

TEST(Image, EveryPrefixIsIncompleteAndNotWrong) {
  const Bytes image = sample_image();
  for (std::size_t length = 0; length < image.size(); ++length) {
    EXPECT_EQ(verify_image(ByteView(image).first(length), strict()), Verdict::kIncomplete);
  }
  EXPECT_EQ(verify_image(image, strict()), Verdict::kGood);
}

TEST(Image, EveryAlteredBitIsRefused) {
  const Bytes image = sample_image();
  for (std::size_t bit = 0; bit < image.size() * 8; ++bit) {
    Bytes altered = image;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_NE(verify_image(altered, strict()), Verdict::kGood) << "bit " << bit;
  }
}

TEST(Verifier, SaysTheSameInPiecesOfAnySize) {
  const Bytes image = sample_image();
  for (std::size_t piece = 1; piece < 40; ++piece) {
    Bytes payload;
    Verifier verifier(strict(), [&](ByteView bytes) { append(payload, bytes); });
    for (std::size_t at = 0; at < image.size(); at += piece) {
      verifier.feed(ByteView(image).subspan(at, std::min(piece, image.size() - at)));
    }
    EXPECT_EQ(verifier.finish(), Verdict::kGood);
    EXPECT_EQ(payload, bytes_of(kPayload));
  }
}

struct RefusalCase {
  Verdict verdict;
  std::function<void(Policy&, Bytes&)> change;
};

TEST(Verifier, NamesEachCauseOnItsOwn) {
  const RefusalCase cases[] = {
      {Verdict::kMalformed, [](Policy&, Bytes& b) { b[0] = 'X'; }},
      {Verdict::kMalformed, [](Policy&, Bytes& b) { b[5] = 9; }},
      {Verdict::kUnknownKey,
       [](Policy& p, Bytes&) { p.trusted_keys = {second_key().public_key()}; }},
      {Verdict::kUnknownKey, [](Policy& p, Bytes&) { p.threshold = 2; }},
      {Verdict::kUnknownKey, [](Policy& p, Bytes&) { p.trusted_keys.clear(); }},
      {Verdict::kBadSignature, [](Policy&, Bytes& b) { b[b.size() - kPayload.size() - 1] ^= 1; }},
      {Verdict::kWrongHardware, [](Policy& p, Bytes&) { p.hardware_id = "brake-3"; }},
      {Verdict::kRollback, [](Policy& p, Bytes&) { p.minimum_release_counter = 8; }},
      {Verdict::kTooLong, [](Policy& p, Bytes&) { p.max_payload_bytes = 3; }},
      {Verdict::kTooLong, [](Policy&, Bytes& b) { b.push_back(0); }},
      {Verdict::kHashMismatch, [](Policy&, Bytes& b) { b.back() ^= 1; }},
      {Verdict::kIncomplete, [](Policy&, Bytes& b) { b.pop_back(); }},
  };
  for (const RefusalCase& c : cases) {
    Policy policy = strict();
    Bytes image = sample_image();
    c.change(policy, image);

    EXPECT_EQ(name_of(verify_image(image, policy)), name_of(c.verdict));
  }
}

TEST(Verifier, CountsDifferentKeysForTheThreshold) {
  Policy policy = strict();
  policy.trusted_keys.push_back(second_key().public_key());
  policy.threshold = 2;
  const Bytes twice_the_same =
      build_image(sample(), view_of(kPayload), {&release_key(), &release_key()}).value();
  const Bytes both =
      build_image(sample(), view_of(kPayload), {&release_key(), &second_key()}).value();

  EXPECT_EQ(verify_image(twice_the_same, policy), Verdict::kUnknownKey);
  EXPECT_EQ(verify_image(both, policy), Verdict::kGood);
}

TEST(Verifier, FindsTheSameCauseHoweverAWrongImageIsCut) {
  Bytes altered_and_longer = sample_image();
  altered_and_longer.back() ^= 1;
  altered_and_longer.push_back(0);
  for (std::size_t piece = 1; piece <= altered_and_longer.size(); ++piece) {
    Verifier verifier(strict());
    for (std::size_t at = 0; at < altered_and_longer.size(); at += piece) {
      const std::size_t length = std::min(piece, altered_and_longer.size() - at);
      verifier.feed(ByteView(altered_and_longer).subspan(at, length));
    }
    EXPECT_EQ(name_of(verifier.finish()), "hash-mismatch") << piece;
  }
}

TEST(Verifier, KeepsItsFirstFailure) {
  Bytes image = sample_image();
  image[0] = 'X';
  Verifier verifier(strict());
  verifier.feed(image);

  EXPECT_EQ(verifier.feed(sample_image()), Verdict::kMalformed);
}

TEST(Verifier, HandsOnNothingOfAnImageWithABadHeader) {
  Policy policy = strict();
  policy.hardware_id = "other";
  std::size_t handed_on = 0;
  Verifier verifier(policy, [&](ByteView bytes) { handed_on += bytes.size(); });

  verifier.feed(sample_image());

  EXPECT_EQ(handed_on, 0u);
}

TEST(Header, RefusesLengthsOutOfRangeBeforeTheBytesCame) {
  Bytes front = bytes_of("GHFW");
  append(front, Bytes{0, 1, 0xFF, 0xFF, 0xFF, 0xFF});

  const auto header = parse_header(front);

  ASSERT_FALSE(header);
  EXPECT_NE(header.error().detail.find("manifest length"), std::string::npos);
}

TEST(GatewayMac, DependsOnKeyManifestAndPayload) {
  const auto digest = crypto::sha256(view_of("p"));
  const auto mac = gateway_mac(Bytes(32, 1), "m", digest);

  EXPECT_EQ(mac, gateway_mac(Bytes(32, 1), "m", digest));
  EXPECT_NE(mac, gateway_mac(Bytes(32, 2), "m", digest));
  EXPECT_NE(mac, gateway_mac(Bytes(32, 1), "n", digest));
  EXPECT_NE(mac, gateway_mac(Bytes(32, 1), "m", crypto::sha256(view_of("q"))));
}

}  // namespace
}  // namespace gatehouse::image

// The same evidence in PTS' own attributes: what is said comes out as the same bytes, or not at
// all.
#include <gtest/gtest.h>

#include <functional>

#include "tests/ae-apps/attestation/tnc/evidence_fixture.h"

namespace gatehouse::tnc {
namespace {

using T = PtsType;

Bytes hex(std::string_view text) { return *from_hex(text); }

TEST(CanonicalEvidence, IsTheSameBytesAgain) {
  for (const bool goes_on : {true, false}) {
    for (const char* inventory : {"", "[]", R"([{"ecu":"brake"}])"}) {
      Gateway gateway;
      gateway.log_goes_on = goes_on;
      gateway.inventory = inventory;
      const auto challenge = example_challenge();
      const auto evidence = gateway.attest(challenge);

      const auto said = split(evidence, challenge, all_questions());

      ASSERT_TRUE(said) << said.error().detail;
      const auto again = join({1, *said}, challenge, all_questions());
      ASSERT_TRUE(again) << again.error().detail;
      EXPECT_EQ(attest::encode(*again), attest::encode(evidence));
    }
  }
}

// A quote of another's TPM, whose pieces are known: swtpm, PCRs 0, 10 and 12.
TEST(CanonicalEvidence, RebuildsTheQuoteOfATpm) {
  const std::string message =
      "ff54434780180022000b35f848c2b2590a1814b6a027eb667c774b066cc7993092356015a528bee596c8002000"
      "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00000000000218410000000c0000"
      "000000201910230016363600000001000b030114000020669b7607ca1cf4b17cf7dc46e4de6ce60501eeb4a844"
      "6ab51ae8c9119dfea9bf";
  attest::AttestationEvidence evidence;
  evidence.message = hex(message);
  evidence.signature = hex(
      "0018000b00202632474b0f8132187fa2612379dacd3cfaf1da306bf052da1931163170ee146100200af070344d"
      "878fedb7fe1997bd14157036a27b140f3d5aad1377c9bfdf1adcd2");
  const auto alg = attest::HashAlg::kSha256;
  const attest::PcrValues values = {
      {{alg, 0}, Bytes(32)},
      {{alg, 10}, hex("90f4b39548df55ad6187a1d20d731ecee78c545b94afd16f42ef7592d99cd365")},
      {{alg, 12}, hex("bdc9bd36ac7f258351c81a3155a19ea5837b6ef164074f0189d876a5ec17f920")}};
  evidence.pcr_values = attest::write_serialized(*attest::parse_pcr_list("sha256:0,10,12"), values);
  attest::Challenge challenge;
  for (std::uint8_t i = 0; i < 32; ++i) challenge.nonce.push_back(i);

  const auto said = split(evidence, challenge, all_questions());

  ASSERT_TRUE(said) << said.error().detail;
  ASSERT_EQ(said->size(), 6u);  // three components, files, quote, remainder
  EXPECT_EQ(to_hex((*said)[4].value),
            "10004000"
            "00000020669b7607ca1cf4b17cf7dc46e4de6ce60501eeb4a8446ab51ae8c9119dfea9bf"
            "0022000b35f848c2b2590a1814b6a027eb667c774b066cc7993092356015a528bee596c8"
            "001100000000000218410000000c0000000000"
            "00082019102300163636"
            "000a00000001000b03011400"
            "000000402632474b0f8132187fa2612379dacd3cfaf1da306bf052da1931163170ee14610af070344d878f"
            "edb7fe1997bd14157036a27b140f3d5aad1377c9bfdf1adcd2");
  EXPECT_EQ(text_of((*said)[5].value),
            R"({"logs":[],"message":"","pcrs":"","signature":"","v":1})");
  EXPECT_EQ(attest::encode(*join({1, *said}, challenge, all_questions())),
            attest::encode(evidence));
}

TEST(CanonicalEvidence, SaysEachExtensionUpToTheQuoteAndEachFile) {
  Gateway gateway;
  const auto challenge = example_challenge();
  const auto said = *split(gateway.attest(challenge), challenge, all_questions());
  std::vector<ComponentEvidence> components;
  std::optional<FileMeasurements> files;
  for (const PaAttribute& each : said) {
    if (auto component = parse_component(each.value);
        each.type == static_cast<std::uint32_t>(T::kComponent)) {
      components.push_back(*component);
    }
    if (each.type == static_cast<std::uint32_t>(T::kFiles)) files = *parse_files(each.value);
  }

  ASSERT_EQ(components.size(), 7u);  // PCR 0, 4, 10 twice, 11 twice, 12 as it is
  EXPECT_EQ(components[0].name, (ComponentName{kTcg, 0x01, 1}));
  EXPECT_EQ(components[2].name, (ComponentName{0x902A, 0x22, 3}));
  EXPECT_EQ(components[2].after, components[3].before);
  EXPECT_EQ(components[3].after, attest::digest(attest::HashAlg::kSha256,
                                                {components[3].before, components[3].measurement}));
  EXPECT_EQ(components[6].name, (ComponentName{kOwnVendor, 0, 12}));
  EXPECT_EQ(components[6].before, components[6].after);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->files.size(), 3u);
  EXPECT_EQ(files->files[0].second, "/etc/ssl/ca.pem");
}

TEST(CanonicalEvidence, SaysTheFilesThatWereAskedFor) {
  Gateway gateway;
  const auto challenge = example_challenge();
  PtsQuestions asked = all_questions();
  const auto names = [&](bool directory, const std::string& path) {
    asked.files = FileRequest{directory, 3, '/', path};
    const auto said = *split(gateway.attest(challenge), challenge, asked);
    std::vector<std::string> out;
    for (const PaAttribute& each : said) {
      if (each.type != static_cast<std::uint32_t>(T::kFiles)) continue;
      const auto measured = *parse_files(each.value);
      for (const auto& [digest, name] : measured.files) out.push_back(name);
    }
    return out;
  };
  EXPECT_EQ(names(true, "/etc"), std::vector<std::string>{"/etc/ssl/ca.pem"});
  EXPECT_EQ(names(true, "/et"), std::vector<std::string>{});
  EXPECT_EQ(names(false, "/usr/bin/ota"), std::vector<std::string>{"/usr/bin/ota"});
  EXPECT_EQ(names(false, "/usr/bin"), std::vector<std::string>{});
}

// What the verifier would refuse comes to it as it is: its words are the same on all ways.
TEST(CanonicalEvidence, OfLogsThatDoNotLeadToTheQuoteIsSaidToo) {
  Gateway gateway;
  const auto challenge = example_challenge();
  for (int which = 0; which < 3; ++which) {
    auto evidence = gateway.attest(challenge);
    if (which == 0) evidence.logs[2][evidence.logs[2].size() - 3] ^= 1;  // content, not digest
    if (which == 1) evidence.logs.erase(evidence.logs.begin());
    if (which == 2) evidence.logs[1].resize(evidence.logs[1].size() - 1);
    const auto said = split(evidence, challenge, all_questions());
    ASSERT_TRUE(said) << said.error().detail;
    EXPECT_EQ(join({1, *said}, challenge, all_questions()), evidence);
  }
}

TEST(CanonicalEvidence, IsNotSaidIfItWouldComeOutAnother) {
  Gateway gateway;
  const auto challenge = example_challenge();
  auto short_s = gateway.attest(challenge);
  auto signature = *attest::parse_signature(short_s.signature);
  signature.s.erase(signature.s.begin());
  short_s.signature = attest::encode(signature);
  EXPECT_FALSE(split(short_s, challenge, all_questions()));
  auto rsa = gateway.attest(challenge);
  attest::Signature other;
  other.scheme = attest::kSchemeRsaSsa;
  other.rsa = Bytes(256, 1);
  rsa.signature = attest::encode(other);
  EXPECT_FALSE(split(rsa, challenge, all_questions()));
  auto of_another = gateway.attest(challenge);
  of_another.exchange->shared_secret[0] ^= 1;
  EXPECT_FALSE(split(of_another, challenge, all_questions()));
  Gateway busy;
  busy.ecus.assign(kMaxComponents + 1, busy.ecus[0]);
  EXPECT_FALSE(split(busy.attest(challenge), challenge, all_questions()));
}

using Attributes = std::vector<PaAttribute>;
struct Tampering {
  std::string name;
  std::function<void(Attributes&)> change;
};
class CanonicalTampering : public testing::TestWithParam<Tampering> {};

PaAttribute& nth(Attributes& all, PtsType type, std::size_t n = 0) {
  for (PaAttribute& each : all) {
    if (each.type == static_cast<std::uint32_t>(type) && n-- == 0) return each;
  }
  throw std::runtime_error("not there");
}

TEST_P(CanonicalTampering, IsRefused) {
  Gateway gateway;
  const auto challenge = example_challenge();
  auto said = *split(gateway.attest(challenge), challenge, all_questions());

  GetParam().change(said);

  EXPECT_FALSE(join({1, said}, challenge, all_questions()));
}

INSTANTIATE_TEST_SUITE_P(
    Table, CanonicalTampering,
    testing::Values(
        Tampering{"component_left_out", [](Attributes& all) { all.erase(all.begin() + 2); }},
        Tampering{"last_component_left_out", [](Attributes& all) { all.erase(all.begin() + 6); }},
        Tampering{"component_twice", [](Attributes& all) { all.insert(all.begin(), all[0]); }},
        Tampering{"components_swapped", [](Attributes& all) { std::swap(all[2], all[3]); }},
        Tampering{"measurement_changed",
                  [](Attributes& all) { nth(all, T::kComponent, 2).value.back() ^= 1; }},
        Tampering{"after_changed",
                  [](Attributes& all) { nth(all, T::kComponent, 2).value[80] ^= 1; }},
        Tampering{"pcr_changed", [](Attributes& all) { nth(all, T::kComponent).value[15] = 5; }},
        Tampering{"name_changed", [](Attributes& all) { nth(all, T::kComponent).value[11] = 2; }},
        Tampering{"file_left_out",
                  [](Attributes& all) {
                    PaAttribute& at = nth(all, T::kFiles);
                    auto files = *parse_files(at.value);
                    files.files.pop_back();
                    at = encode(files);
                  }},
        Tampering{"file_renamed", [](Attributes& all) { nth(all, T::kFiles).value.back() ^= 1; }},
        Tampering{"files_of_another_request",
                  [](Attributes& all) { nth(all, T::kFiles).value[9] ^= 1; }},
        Tampering{"no_quote",
                  [](Attributes& all) {
                    std::erase_if(all, [](const PaAttribute& each) {
                      return each.type == static_cast<std::uint32_t>(T::kEvidenceFinal);
                    });
                  }},
        Tampering{"two_quotes",
                  [](Attributes& all) { all.push_back(nth(all, T::kEvidenceFinal)); }},
        Tampering{"two_remainders", [](Attributes& all) { all.push_back(all.back()); }},
        Tampering{"selection_of_no_pcr",
                  [](Attributes& all) {
                    PaAttribute& at = nth(all, T::kEvidenceFinal);
                    auto said = *parse_final(at.value);
                    said.selection = hex("00000001000b03000000");
                    at = encode(said);
                  }},
        Tampering{"selection_of_more_pcrs",
                  [](Attributes& all) {
                    PaAttribute& at = nth(all, T::kEvidenceFinal);
                    auto said = *parse_final(at.value);
                    said.selection = hex("00000001000b03111d00");
                    at = encode(said);
                  }},
        Tampering{"remainder_with_a_quote",
                  [](Attributes& all) {
                    auto evidence = *attest::parse_evidence(text_of(all.back().value));
                    evidence.message = Bytes(3);
                    all.back() = own(OwnType::kRemainder, attest::encode(evidence), false);
                  }},
        Tampering{"remainder_with_a_log_less",
                  [](Attributes& all) {
                    auto evidence = *attest::parse_evidence(text_of(all.back().value));
                    evidence.logs.pop_back();
                    all.back() = own(OwnType::kRemainder, attest::encode(evidence), false);
                  }},
        Tampering{"remainder_with_spaces",
                  [](Attributes& all) { all.back().value.push_back(' '); }}),
    [](const auto& row) { return row.param.name; });

// The last value of a PCR is what the quote is held against.
TEST(CanonicalEvidence, WithAnotherValueOfAPcrIsAnother) {
  Gateway gateway;
  const auto challenge = example_challenge();
  auto said = *split(gateway.attest(challenge), challenge, all_questions());
  nth(said, T::kComponent).value[80] ^= 1;

  const auto joined = join({1, said}, challenge, all_questions());

  ASSERT_TRUE(joined);
  const auto quote = attest::verify_quote(
      {gateway.tpm.key(), attest::quote_nonce(challenge, "[]"), gateway.selection},
      {joined->message, joined->signature, joined->pcr_values});
  ASSERT_FALSE(quote);
  EXPECT_TRUE(quote.error().detail.starts_with("PCR values:")) << quote.error().detail;
}

// Another's collector knows nothing of our attribute: its quote is judged, without logs.
TEST(CanonicalEvidence, OfAnothersCollectorHasNoLogs) {
  Gateway gateway;
  gateway.inventory = "";
  const auto challenge = example_challenge();
  const auto evidence = gateway.attest(challenge);
  auto said = *split(evidence, challenge, all_questions());
  said.pop_back();

  const auto joined = join({1, said}, challenge, all_questions());

  ASSERT_TRUE(joined) << joined.error().detail;
  EXPECT_EQ(joined->message, evidence.message);
  EXPECT_EQ(joined->pcr_values, evidence.pcr_values);
  EXPECT_TRUE(joined->logs.empty());
}

}  // namespace
}  // namespace gatehouse::tnc

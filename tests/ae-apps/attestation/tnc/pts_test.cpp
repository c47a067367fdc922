// PTS' own attributes: their bytes, what is wrong with others, and the dialogue in them.
#include <gtest/gtest.h>

#include <functional>

#include "tests/ae-apps/attestation/tnc/evidence_fixture.h"

namespace gatehouse::tnc {
namespace {

Bytes hex(std::string_view text) { return *from_hex(text); }
std::string bytes_hex(std::size_t count, std::string_view each) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += each;
  return out;
}
const std::string k32 = bytes_hex(32, "ab"), k64 = bytes_hex(64, "cd");
const std::string kTime = "303030302d30302d30305430303a30303a30305a";  // 0000-00-00T00:00:00Z

ComponentEvidence example_component() {
  return {{kTcg, 0x01, 5}, 4, kPtsSha256, Bytes(32), Bytes(32, 0xAB), Bytes(32, 0xEF)};
}
EvidenceFinal example_final() {
  return {kPtsSha256,     Bytes(32, 0xAB), Bytes{0, 0xB, 1},
          Bytes(17, 1),   Bytes(8, 2),     hex("00000001000b03011000"),
          Bytes(64, 0xCD)};
}

// --- bytes -------------------------------------------------------------------------------------

struct Golden {
  std::string name;
  PaAttribute attribute;
  PtsType type;
  std::string value;
  std::function<bool(ByteView)> accepts;
  bool any_length = false;  ///< what is cut off may still be one
};
class PtsGolden : public testing::TestWithParam<Golden> {};

template <class Parse>
std::function<bool(ByteView)> by(Parse parse) {
  return [parse](ByteView value) { return parse(value).has_value(); };
}

TEST_P(PtsGolden, HasTheLayoutOfItsClauseAndNoOther) {
  const Golden& row = GetParam();
  EXPECT_EQ(row.attribute.vendor, 0x5597u);
  EXPECT_EQ(row.attribute.type, static_cast<std::uint32_t>(row.type));
  EXPECT_TRUE(row.attribute.no_skip);
  EXPECT_EQ(to_hex(row.attribute.value), row.value);
  EXPECT_TRUE(row.accepts(row.attribute.value));
  if (row.any_length) return;
  for (std::size_t size = 0; size < row.attribute.value.size(); ++size) {
    EXPECT_FALSE(row.accepts(ByteView(row.attribute.value).first(size))) << size;
  }
  Bytes longer = row.attribute.value;
  longer.push_back(0);
  EXPECT_FALSE(row.accepts(longer));
}

using T = PtsType;
INSTANTIATE_TEST_SUITE_P(
    Table, PtsGolden,
    testing::Values(
        Golden{"request_capabilities", request_capabilities(0x1E), T::kRequestCapabilities,
               "0000001e", by(parse_capabilities)},
        Golden{"capabilities", capabilities(0x16), T::kCapabilities, "00000016",
               by(parse_capabilities)},
        Golden{"algorithms", request_algorithms(kPtsSha256 | kPtsSha384), T::kRequestAlgorithms,
               "00006000", by(parse_algorithms)},
        Golden{"algorithm", algorithm(kPtsSha256), T::kAlgorithm, "00004000", by(parse_algorithms)},
        Golden{"nonce_request", encode(NonceRequest{}), T::kRequestNonce, "00201000",
               by(parse_nonce_request)},
        Golden{"nonce_response",
               encode(NonceResponse{kPtsP256, kPtsSha256, Bytes(32, 0xAB), Bytes(64, 0xCD)}),
               T::kNonce, "0000002010004000" + k32 + k64, by(parse_nonce_response)},
        Golden{"nonce_finish", encode(NonceFinish{kPtsSha256, Bytes(64, 0xCD), Bytes(32, 0xAB)}),
               T::kNonceFinish, "00204000" + k64 + k32, by(parse_nonce_finish)},
        Golden{"request_version", request(T::kRequestTpmVersion), T::kRequestTpmVersion, "00000000",
               by(parse_request)},
        Golden{"version", encode(TpmVersion{0, 138, 2018, "IBM"}), T::kTpmVersion,
               "020000000000008a000007e249424d00", by(parse_tpm_version)},
        Golden{"request_aik", request(T::kRequestAik), T::kRequestAik, "00000000",
               by(parse_request)},
        Golden{"aik", aik(Bytes{4, 5}), T::kAik, "800405", by(parse_aik), true},
        Golden{"request_components",
               encode(std::vector<ComponentRequest>{{0xB0, 1, {kTcg, 0x01, 1}}}),
               T::kRequestComponents, "b00000010055970100000001", by(parse_component_requests)},
        Golden{"generate", request(T::kGenerateEvidence), T::kGenerateEvidence, "00000000",
               by(parse_request)},
        Golden{"component", encode(example_component()), T::kComponent,
               "80000000"
               "0055970100000005"
               "80000004"
               "40000100" +
                   kTime + "0020" + bytes_hex(32, "00") + k32 + bytes_hex(32, "ef"),
               by(parse_component)},
        Golden{"final", encode(example_final()), T::kEvidenceFinal,
               "10004000"
               "00000020" +
                   k32 +
                   "0003000b01"
                   "0011" +
                   bytes_hex(17, "01") + "0008" + bytes_hex(8, "02") +
                   "000a00000001000b03011000"
                   "00000040" +
                   k64,
               by(parse_final)},
        Golden{"request_files", encode(FileRequest{true, 7, '/', "/etc"}), T::kRequestFiles,
               "800000070000002f2f657463", by(parse_file_request), true},
        Golden{"files", encode(FileMeasurements{7, {{Bytes(32, 0xAB), "/etc/x"}}}), T::kFiles,
               "0000000000000001"
               "0007"
               "0020" +
                   k32 + "00062f6574632f78",
               by(parse_files)}),
    [](const auto& row) { return row.param.name; });

TEST(PtsEvidence, ComesOutAsItWentIn) {
  EXPECT_EQ(parse_component(encode(example_component()).value), example_component());
  EXPECT_EQ(parse_final(encode(example_final()).value), example_final());
  const auto version = parse_tpm_version(encode(TpmVersion{3, 159, 2019, "NTC"}).value);
  EXPECT_EQ(version, (TpmVersion{3, 159, 2019, "NTC"}));
  const FileMeasurements none{9, {}};
  EXPECT_EQ(parse_files(encode(none).value), none);
  // Another's collector has validated it, by a policy that it names.
  Bytes validated = encode(example_component()).value;
  validated[0] |= 0x60;
  validated.insert(validated.begin() + 40, {0, 3, 'u', 'r', 'l'});
  EXPECT_EQ(parse_component(validated), example_component());
}

struct BadValue {
  std::string name;
  std::string value;
  std::function<bool(ByteView)> accepts;
};
class PtsBadValue : public testing::TestWithParam<BadValue> {};
TEST_P(PtsBadValue, IsRefused) { EXPECT_FALSE(GetParam().accepts(hex(GetParam().value))); }

INSTANTIATE_TEST_SUITE_P(
    Table, PtsBadValue,
    testing::Values(BadValue{"certificate_as_key", "0004", by(parse_aik)},
                    BadValue{"no_key", "80", by(parse_aik)},
                    BadValue{"nonce_of_16", "0000001010004000" + bytes_hex(16, "ab") + k64,
                             by(parse_nonce_response)},
                    BadValue{"finish_of_16", "00104000" + k64 + bytes_hex(16, "ab"),
                             by(parse_nonce_finish)},
                    BadValue{"tpm_1_2", "003000000000008a000007e249424d00", by(parse_tpm_version)},
                    BadValue{"component_without_pcr",
                             "00000000"
                             "0055970100000005"
                             "80000004"
                             "40000100" +
                                 kTime + k32,
                             by(parse_component)},
                    BadValue{"component_of_pcr_32",
                             "80000000"
                             "0055970100000005"
                             "80000020"
                             "40000100" +
                                 kTime + "0020" + k32 + k32 + k32,
                             by(parse_component)},
                    BadValue{"component_of_two_hashes",
                             "80000000"
                             "0055970100000005"
                             "80000004"
                             "60000100" +
                                 kTime + "0020" + k32 + k32 + k32,
                             by(parse_component)},
                    BadValue{"measurement_of_31",
                             "80000000"
                             "0055970100000005"
                             "80000004"
                             "40000100" +
                                 kTime + "0020" + k32 + k32 + bytes_hex(31, "ab"),
                             by(parse_component)},
                    BadValue{"quote_of_tpm_1_2",
                             "40004000"
                             "00000020" +
                                 k32 + "00000040" + k64,
                             by(parse_final)},
                    BadValue{"files_without_end",
                             "ffffffffffffffff"
                             "0007"
                             "0000",
                             by(parse_files)},
                    BadValue{"no_components", "", by(parse_component_requests)}),
    [](const auto& row) { return row.param.name; });

// RFC 5792 clause 4.2.8; TCG PTS Protocol: Binding to TNC IF-M clause 4.2
TEST(PaErrors, NameThePlaceAndAreUnderstood) {
  PaAttribute at;
  at.message_id = 7;
  at.offset = 20;
  const PaAttribute parameter = error_attribute(fault_in(at, "wrong"));
  EXPECT_EQ(to_hex(parameter.value),
            "0000000000000001"
            "0100000000000007"
            "00000020");
  EXPECT_EQ(complaint_of(parameter), "invalid parameter at byte 32");
  const PaAttribute group =
      error_attribute(fault_in(at, PtsErrorCode::kGroupNotSupported, hex("00001000"), "wrong"));
  EXPECT_EQ(to_hex(group.value),
            "0000559700000006"
            "00001000");
  EXPECT_EQ(complaint_of(group), "error 6 of PTS");
  const auto version = parse_pa_message(hex("0200000000000001"));
  ASSERT_FALSE(version);
  EXPECT_EQ(to_hex(error_attribute(version.error()).value),
            "0000000000000002"
            "0100000000000001"
            "01010000");
  EXPECT_EQ(complaint_of(PaAttribute{}), "an error without a code");
}

// --- the nonce ---------------------------------------------------------------------------------

// TCG PTS Protocol: Binding to TNC IF-M clause 3.8; the value was computed apart.
TEST(PtsNonce, IsTheHashOfBothNoncesAndTheSecret) {
  const attest::Challenge challenge = example_challenge();
  EXPECT_EQ(to_hex(attest::effective_nonce(challenge)),
            "3624f7a47fc16ffeb106b951d918714273b57c9a76db1caa45b6194850aa13df");
  EXPECT_EQ(attest::quote_nonce(challenge, ""), attest::effective_nonce(challenge));
  EXPECT_NE(attest::quote_nonce(challenge, "[]"), attest::effective_nonce(challenge));
  EXPECT_EQ(attest::parse_challenge(attest::encode(challenge)), challenge);
}

TEST(PtsNonce, BothSidesShareOneSecretAndNoPointBesideTheCurve) {
  const attest::KeyAgreement one, other;
  const auto here = one.shared_with(other.public_point());
  ASSERT_TRUE(here);
  EXPECT_EQ(*here, *other.shared_with(one.public_point()));
  Bytes beside = other.public_point();
  beside.back() ^= 1;
  EXPECT_FALSE(one.shared_with(beside));
  EXPECT_FALSE(one.shared_with(Bytes(64)));
  EXPECT_FALSE(one.shared_with(Bytes(63, 1)));
}

// --- the dialogue ------------------------------------------------------------------------------

TEST(PtsDialogue, CarriesTheEvidenceInTheTcgsAttributes) {
  TwoSides sides;

  sides.talk();

  ASSERT_TRUE(sides.server.outcome()) << sides.server.fault() << sides.client.fault();
  EXPECT_EQ(sides.client.outcome(), sides.outcome);
  ASSERT_EQ(sides.judged.size(), 1u);
  EXPECT_EQ(sides.judged[0], sides.sent);
  EXPECT_EQ(sides.server.tpm_version(), (TpmVersion{0, 138, 2018, "IBM"}));
  ASSERT_TRUE(sides.challenge.exchange);
  EXPECT_EQ(sides.challenge.nonce, TwoSides::issued().nonce);
  const PaMessage answer = attributes_in(sides.by_client.at(3));
  EXPECT_NE(find(answer, T::kEvidenceFinal), nullptr);
  EXPECT_NE(find(answer, T::kAik), nullptr);
  EXPECT_EQ(find(answer, OwnType::kEvidence), nullptr);
}

TEST(PtsDialogue, HasANonceOfItsOwnEachTime) {
  TwoSides one, other;
  one.talk();
  other.talk();
  EXPECT_NE(one.challenge.exchange->shared_secret, other.challenge.exchange->shared_secret);
  EXPECT_NE(one.challenge.exchange->responder_nonce, other.challenge.exchange->responder_nonce);
}

TEST(PtsDialogue, WhatTheTcgsWordsCannotHoldComesWhole) {
  TwoSides sides;
  sides.gateway.ecus.assign(kMaxComponents + 1, R"({"type":"ecu","id":"brake","ver":"1.0"})");

  sides.talk();

  ASSERT_EQ(sides.judged.size(), 1u) << sides.server.fault() << sides.client.fault();
  EXPECT_EQ(sides.judged[0], sides.sent);
}

using Attributes = std::vector<PaAttribute>;

/// Says what a test wants said, in place of a collector.
struct Script {
  Script() {
    static_cast<void>(said(PtType::kVersionRequest, encode(VersionRequest{})));
    static_cast<void>(data({}));
  }
  Bytes said(PtType type, Bytes value) {
    return server.feed(
        encode(PtMessage{kIetf, static_cast<std::uint32_t>(type), id++, std::move(value)}));
  }
  Bytes data(const Attributes& attributes) {
    PbPa pa;
    pa.vendor = kTcg;
    pa.subtype = kPtsSubtype;
    pa.collector = 1;
    pa.message = encode(PaMessage{5, attributes});
    const std::vector<PbMessage> messages =
        attributes.empty() ? std::vector<PbMessage>() : std::vector<PbMessage>{encode(pa)};
    return said(PtType::kPbBatch, encode(PbBatch{PbBatchType::kClientData, false, messages}));
  }
  NonceResponse response() { return {kPtsP256, kPtsSha256, Bytes(32, 1), key.public_point()}; }
  std::uint32_t id = 0;
  attest::KeyAgreement key;
  unsigned judged = 0, challenged = 0;
  TncServer server{{[this] {
                      ++challenged;
                      return Result<std::string>(attest::encode(TwoSides::issued()));
                    },
                    [this](const std::string&) {
                      ++judged;
                      return TncOutcome{Assessment::kCompliant, Access::kAllowed, ""};
                    }}};
};

struct WrongNonce {
  std::string name;
  std::function<Attributes(Script&)> said;
  std::string fault, error;  ///< the error attribute's first 8 bytes
};
class WrongNonces : public testing::TestWithParam<WrongNonce> {};

TEST_P(WrongNonces, AreToldByTheCodeOfTheirClause) {
  Script script;

  const Bytes answer = script.data(GetParam().said(script));

  EXPECT_TRUE(script.server.finished());
  EXPECT_NE(script.server.fault().find(GetParam().fault), std::string::npos)
      << script.server.fault();
  EXPECT_EQ(script.judged + script.challenged, 0u) << "no nonce of the verifier is spent on it";
  const PaMessage told = attributes_in(answer);
  ASSERT_EQ(told.attributes.size(), 1u);
  EXPECT_EQ(to_hex(told.attributes[0].value).substr(0, 16), GetParam().error);
  EXPECT_EQ(script.server.outcome()->assessment, Assessment::kError);
  EXPECT_EQ(script.server.outcome()->access, Access::kDenied);
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongNonces,
    testing::Values(
        WrongNonce{"another_group",
                   [](Script& s) {
                     auto said = s.response();
                     said.group = 0x0800;
                     return Attributes{encode(said)};
                   },
                   "another group", "0000559700000006"},
        WrongNonce{"another_hash",
                   [](Script& s) {
                     auto said = s.response();
                     said.hashes = kPtsSha1;
                     return Attributes{encode(said)};
                   },
                   "another hash", "0000559700000001"},
        WrongNonce{"short_nonce",
                   [](Script& s) {
                     auto said = s.response();
                     said.nonce.resize(20);
                     return Attributes{encode(said)};
                   },
                   "below 32", "0000559700000007"},
        WrongNonce{"point_beside_the_curve",
                   [](Script& s) {
                     auto said = s.response();
                     said.point[5] ^= 1;
                     return Attributes{encode(said)};
                   },
                   "no point of P-256", "0000000000000001"},
        WrongNonce{"selected_sha1",
                   [](Script& s) {
                     return Attributes{algorithm(kPtsSha1), encode(s.response())};
                   },
                   "another hash", "0000559700000001"},
        WrongNonce{"unknown_attribute_with_noskip",
                   [](Script& s) {
                     return Attributes{encode(s.response()), {true, kTcg, 0x0F000000, {}}};
                   },
                   "NOSKIP", "0000000000000003"},
        WrongNonce{"malformed_capabilities",
                   [](Script& s) {
                     return Attributes{pts(T::kCapabilities, Bytes(3)), encode(s.response())};
                   },
                   "capabilities", "0000000000000001"}),
    [](const auto& row) { return row.param.name; });

TEST(PtsDialogue, WithoutANonceThereIsNoEvidence) {
  Script script;
  static_cast<void>(script.data({capabilities(kPtsTrustedPlatform)}));
  EXPECT_EQ(script.challenged, 0u);
  EXPECT_NE(script.server.outcome()->reason.find("no D-H nonce"), std::string::npos);
  EXPECT_EQ(script.server.outcome()->access, Access::kDenied);
}

TEST(PtsDialogue, UnknownAttributesThatMayBeSkippedAre) {
  Script script;
  static_cast<void>(script.data({{false, kTcg, 0x0F000000, {}}, encode(script.response())}));
  EXPECT_EQ(script.challenged, 1u);
  EXPECT_FALSE(script.server.finished());
}

// Recorded evidence of another dialogue is of no use in this one.
TEST(PtsDialogue, EvidenceOfAnotherExchangeIsRefused) {
  Script script;
  static_cast<void>(script.data({encode(script.response())}));
  Gateway gateway;
  auto challenge = example_challenge();
  const std::string whole = attest::encode(gateway.attest(challenge));
  static_cast<void>(script.data({own(OwnType::kEvidence, whole)}));
  EXPECT_TRUE(script.server.finished());
  EXPECT_EQ(script.judged, 0u);
  EXPECT_NE(script.server.fault().find("another D-H exchange"), std::string::npos);
}

TEST(PtsDialogue, TheCollectorsComplaintIsTheEnd) {
  Script script;
  static_cast<void>(script.data({error_attribute(fault_in({}, "x"))}));
  EXPECT_EQ(script.server.outcome()->access, Access::kDenied);
  EXPECT_NE(script.server.outcome()->reason.find("the collector complains"), std::string::npos);
}

// A validator that is not ours asks for what it knows: the quote comes without a purpose.
TEST(PtsDialogue, AnswersAnothersValidator) {
  TwoSides sides;
  static_cast<void>(sides.client.start());
  std::uint32_t id = 0;
  const auto say = [&](PtType type, Bytes value) {
    return sides.client.feed(
        encode(PtMessage{kIetf, static_cast<std::uint32_t>(type), id++, std::move(value)}));
  };
  const auto ask = [&](const Attributes& attributes) {
    PbPa pa;
    pa.vendor = kTcg;
    pa.subtype = kPtsSubtype;
    pa.message = encode(PaMessage{1, attributes});
    return attributes_in(
        say(PtType::kPbBatch, encode(PbBatch{PbBatchType::kServerData, true, {encode(pa)}})));
  };
  static_cast<void>(say(PtType::kVersionResponse, version_response(1)));
  static_cast<void>(say(PtType::kSaslMechanisms, {}));
  const PaMessage nonce = ask({encode(NonceRequest{20, kPtsP256 | 0x2000})});
  const auto response = parse_nonce_response(find(nonce, T::kNonce)->value);
  const attest::KeyAgreement key;
  const Bytes initiator(20, 9);
  sides.gateway.inventory = "";

  const PaMessage answer =
      ask({encode(NonceFinish{kPtsSha256, key.public_point(), initiator}), request(T::kRequestAik),
           encode(all_questions().components), request(T::kGenerateEvidence)});

  ASSERT_NE(find(answer, T::kEvidenceFinal), nullptr);
  attest::Challenge challenge{initiator, "periodic", "", 0};
  challenge.exchange = attest::NonceExchange{response->nonce, *key.shared_with(response->point)};
  PtsQuestions asked = all_questions();
  asked.files.reset();
  const auto joined = join(answer, challenge, asked);
  ASSERT_TRUE(joined) << joined.error().detail;
  EXPECT_TRUE(attest::verify_quote(
      {sides.gateway.tpm.key(), attest::effective_nonce(challenge), sides.gateway.selection},
      {joined->message, joined->signature, joined->pcr_values}));
}

}  // namespace
}  // namespace gatehouse::tnc

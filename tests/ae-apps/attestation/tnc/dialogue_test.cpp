// What both sides of PT-TLS say to each other, and to those who do not keep to it.
#include "ae-apps/attestation/tnc/dialogue.h"

#include <gtest/gtest.h>

namespace gatehouse::tnc {
namespace {

constexpr const char* kChallengeText = R"({"nonce":"00"})";
constexpr const char* kEvidenceText = R"({"v":1,"logs":[]})";

Bytes pt(PtType type, std::uint32_t id, Bytes value = {}, std::uint32_t vendor = kIetf) {
  return encode(PtMessage{vendor, static_cast<std::uint32_t>(type), id, std::move(value)});
}
Bytes version_request(std::uint32_t id = 0) {
  return pt(PtType::kVersionRequest, id, encode(VersionRequest{}));
}
Bytes batch(PbBatchType type, std::uint32_t id, std::vector<PbMessage> messages = {},
            bool from_server = false) {
  return pt(PtType::kPbBatch, id, encode(PbBatch{type, from_server, std::move(messages)}));
}

/// A validator that allows what it knows.
struct Validator {
  std::string judged;
  TncServer server{{[] { return Result<std::string>(kChallengeText); },
                    [this](const std::string& evidence) {
                      judged = evidence;
                      return evidence == kEvidenceText
                                 ? TncOutcome{Assessment::kCompliant, Access::kAllowed, ""}
                                 : TncOutcome{Assessment::kMajor, Access::kDenied,
                                              "denied, because"};
                    },
                    Words::kOwn}};
};

/// Carries bytes between the two until both are silent, `piece` at a time.
void talk(TncClient& client, TncServer& server, std::size_t piece = 1u << 20) {
  Bytes to_server = client.start();
  while (!to_server.empty()) {
    Bytes to_client;
    for (std::size_t at = 0; at < to_server.size(); at += piece) {
      append(to_client,
             server.feed(ByteView(to_server).subspan(at, std::min(piece, to_server.size() - at))));
    }
    to_server.clear();
    for (std::size_t at = 0; at < to_client.size(); at += piece) {
      append(to_server,
             client.feed(ByteView(to_client).subspan(at, std::min(piece, to_client.size() - at))));
    }
  }
}

class Pieces : public testing::TestWithParam<std::size_t> {};

// RFC 5793 clause 3.2, RFC 6876 clause 3.8
TEST_P(Pieces, EvidenceArrivesAsItWasAndBothSidesKnowTheResult) {
  Validator validator;
  std::string challenge;
  TncClient client({[&challenge](const std::string& text) {
                      challenge = text;
                      return Result<std::string>(kEvidenceText);
                    },
                    Bytes{1, 2, 3}});

  talk(client, validator.server, GetParam());

  EXPECT_EQ(challenge, kChallengeText);
  EXPECT_EQ(validator.judged, kEvidenceText);
  ASSERT_TRUE(client.outcome());
  EXPECT_EQ(client.outcome(), validator.server.outcome());
  EXPECT_EQ(client.outcome()->access, Access::kAllowed);
  EXPECT_TRUE(client.finished() && validator.server.finished());
  EXPECT_EQ(client.fault() + validator.server.fault(), "");
}
INSTANTIATE_TEST_SUITE_P(Stream, Pieces, testing::Values(1, 7, 1u << 20));

TEST(TncDialogue, DeniesWhoHasNoEvidenceAndSaysWhy) {
  Validator validator;
  TncClient client({[](const std::string&) {
                      return Result<std::string>(fail(Rsc::kNotAcceptable, "the TPM is locked"));
                    },
                    Bytes{1}});

  talk(client, validator.server);

  ASSERT_TRUE(client.outcome());
  EXPECT_EQ(client.outcome()->access, Access::kDenied);
  EXPECT_EQ(client.outcome()->reason, "denied, because there is no evidence: the TPM is locked");
}

TEST(TncDialogue, TellsTheReasonOfTheVerifier) {
  Validator validator;
  TncClient client({[](const std::string&) { return Result<std::string>("other"); }, Bytes{1}});

  talk(client, validator.server);

  EXPECT_EQ(client.outcome(), (TncOutcome{Assessment::kMajor, Access::kDenied, "denied, because"}));
}

// RFC 6876 clause 3.8.1: an empty list means that the certificate suffices.
TEST(TncDialogue, AClientGivesNoPassword) {
  TncClient client({[](const std::string&) { return Result<std::string>(""); }, Bytes{1}});
  static_cast<void>(client.start());
  static_cast<void>(client.feed(pt(PtType::kVersionResponse, 0, version_response(1))));

  const Bytes said = client.feed(pt(PtType::kSaslMechanisms, 1, bytes_of("\x05PLAIN")));

  EXPECT_TRUE(client.finished());
  PtReader reader;
  reader.feed(said);
  // The first message of the client was the version request.
  EXPECT_FALSE(said.empty());
  EXPECT_NE(client.fault().find("password"), std::string::npos);
}

/// What a client does wrong after a good negotiation (ids from 1 on) or in place of it.
struct Wrong {
  std::string name;
  std::vector<Bytes> said;
  std::string fault;
};
class WrongClient : public testing::TestWithParam<Wrong> {};

TEST_P(WrongClient, IsToldAndSentAway) {
  Validator validator;
  Bytes answer;

  for (const Bytes& each : GetParam().said) answer = validator.server.feed(each);

  EXPECT_TRUE(validator.server.finished());
  EXPECT_NE(validator.server.fault().find(GetParam().fault), std::string::npos)
      << validator.server.fault();
  EXPECT_FALSE(answer.empty());
  EXPECT_EQ(validator.judged, "");
  EXPECT_TRUE(validator.server.feed(version_request(9)).empty());
}

std::vector<Bytes> too_many_rounds() {
  std::vector<Bytes> out = {version_request(), batch(PbBatchType::kClientData, 1)};
  std::uint32_t id = 2;
  for (unsigned i = 0; i < TncServer::kMaxRounds; ++i) {
    out.push_back(batch(PbBatchType::kClientData, id++));   // no evidence: a result follows
    out.push_back(batch(PbBatchType::kClientRetry, id++));  // once more, please
  }
  return out;
}

PbMessage pts_with(Bytes message) {
  PbPa pa;
  pa.vendor = kTcg;
  pa.subtype = kPtsSubtype;
  pa.collector = 1;
  pa.message = std::move(message);
  return encode(pa);
}

using B = PbBatchType;
INSTANTIATE_TEST_SUITE_P(
    Sayings, WrongClient,
    testing::Values(
        Wrong{"length_below_its_header",
              {Bytes{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 15, 0, 0, 0, 0}},
              "length"},
        Wrong{"batch_before_the_negotiation", {batch(B::kClientData, 0)}, "before the negotiation"},
        Wrong{"unknown_vendor", {pt(PtType::kVersionRequest, 0, {}, 77)}, "vendor"},
        Wrong{"unknown_type", {encode(PtMessage{kIetf, 9, 0, {}})}, "type"},
        Wrong{"no_common_version",
              {pt(PtType::kVersionRequest, 0, encode(VersionRequest{2, 3, 2}))},
              "version"},
        Wrong{"negotiation_twice", {version_request(), version_request(1)}, "after its end"},
        Wrong{"wrong_direction", {version_request(), batch(B::kServerData, 1, {}, true)}, "turn"},
        Wrong{"result_of_a_client", {version_request(), batch(B::kClientRetry, 1)}, "turn"},
        Wrong{"another_version_of_batches",
              {version_request(), pt(PtType::kPbBatch, 1, *from_hex("0300000100000008"))},
              "version"},
        Wrong{"a_length_that_lies",
              {version_request(), pt(PtType::kPbBatch, 1, *from_hex("0200000100000009"))},
              "length"},
        Wrong{"pts_that_is_cut_off",
              {version_request(), batch(B::kClientData, 1),
               batch(B::kClientData, 2, {pts_with(Bytes{1, 0, 0})})},
              "PA-TNC"},
        Wrong{"retries_without_end", too_many_rounds(), "again and again"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace gatehouse::tnc

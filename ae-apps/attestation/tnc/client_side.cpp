#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"
#include "ae-apps/attestation/tnc/dialogue.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::size_t kMaxReasonBytes = 1000;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMostInitiatorBytes = 64;  // what a challenge of ours can hold
/// More than this does not fit into a batch that the other side reads.
constexpr std::size_t kMaxAnswerBytes = (2u << 20) - (64u << 10);
constexpr const char* kPurposeOfOthers = "periodic";

bool is(const PbMessage& message, PbType type) {
  return message.vendor == kIetf && message.type == static_cast<std::uint32_t>(type);
}
bool is(const PtMessage& message, PtType type) {
  return message.vendor == kIetf && message.type == static_cast<std::uint32_t>(type);
}
bool is(const PaAttribute& attribute, PtsType type) {
  return attribute.vendor == kTcg && attribute.type == static_cast<std::uint32_t>(type);
}

tl::unexpected<PaFault> refused(PaFault fault) { return tl::unexpected<PaFault>(std::move(fault)); }

Bytes supported(std::uint16_t bits) { return Writer().u16(0).u16(bits).take(); }

/// Source: RFC 5793 clause 4.8: text and language, each with its length.
bool read_reason(ByteView value, std::string& out) {
  Reader in(value);
  out = attest::printable(text_of(in.sized32()), kMaxReasonBytes);
  in.bytes(in.u8());
  return in.finished();
}

std::size_t bytes_of_all(const std::vector<PaAttribute>& attributes) {
  std::size_t out = 0;
  for (const PaAttribute& each : attributes) out += 12 + each.value.size();
  return out;
}

}  // namespace

Bytes TncClient::start() {
  send(PtType::kVersionRequest, encode(VersionRequest{}));
  return feed({});
}

void TncClient::on_negotiation(const PtMessage& message) {
  if (is(message, PtType::kVersionResponse) && !version_agreed_) {
    const auto version = parse_version_response(message.value);
    if (!version) return break_off(PtErrorCode::kMalformed, message, version.error().detail);
    if (*version != kVersion) return break_off(PtErrorCode::kVersion, message, "another version");
    version_agreed_ = true;
    return;
  }
  if (!is(message, PtType::kSaslMechanisms) || !version_agreed_) {
    return break_off(PtErrorCode::kInvalidMessage, message, "negotiation out of turn");
  }
  if (!message.value.empty()) {
    return break_off(PtErrorCode::kSaslMechanism, message,
                     "the server wants a password; our certificate has to do");
  }
  begin_data();
  send(PbBatchType::kClientData, {{false, 0, static_cast<std::uint32_t>(PbType::kLanguage),
                                   bytes_of("Accept-Language: en")}});
}

void TncClient::on_batch(const PbBatch& batch) {
  if (batch.type == PbBatchType::kResult) return take_result(batch);
  answer(batch);
}

/// The validator has the last word.
void TncClient::refuse(const PaFault& fault) {
  send(PbBatchType::kClientData, to_pts({error_attribute(fault)}));
}

void TncClient::answer(const PbBatch& batch) {
  const auto pts = pts_in(batch);
  if (!pts) return;
  std::vector<PaAttribute> answers;
  Questions questions;
  for (const PaAttribute& asked : pts->attributes) {
    if (const auto done = answer_one(asked, questions, answers); !done) return refuse(done.error());
  }
  questions.challenge = find(*pts, OwnType::kChallenge);
  if (questions.generate || questions.challenge != nullptr) {
    if (const auto done = say_evidence(questions, answers); !done) return refuse(done.error());
  }
  // An empty batch: nothing more to say.
  if (answers.empty()) return send(PbBatchType::kClientData, {});
  send(PbBatchType::kClientData, to_pts(answers));
}

PaResult<void> TncClient::answer_one(const PaAttribute& asked, Questions& questions,
                                     std::vector<PaAttribute>& answers) {
  const auto malformed = [&](const Error& error) { return refused(fault_in(asked, error.detail)); };
  if (is(asked, PtsType::kRequestCapabilities)) {
    if (auto bits = parse_capabilities(asked.value); !bits) return malformed(bits.error());
    answers.push_back(capabilities(kPtsCurrentEvidence | kPtsNonce | kPtsTrustedPlatform));
  } else if (is(asked, PtsType::kRequestAlgorithms)) {
    const auto bits = parse_algorithms(asked.value);
    if (!bits) return malformed(bits.error());
    if ((*bits & kPtsSha256) == 0) {
      return refused(fault_in(asked, PtsErrorCode::kHashNotSupported, supported(kPtsSha256),
                              "PTS: it wants another hash than SHA-256"));
    }
    answers.push_back(algorithm(kPtsSha256));
  } else if (is(asked, PtsType::kRequestNonce)) {
    return offer_nonce(asked, answers);
  } else if (is(asked, PtsType::kNonceFinish)) {
    return finish_nonce(asked);
  } else if (is(asked, PtsType::kRequestTpmVersion)) {
    if (auto good = parse_request(asked.value); !good) return malformed(good.error());
    if (parts_.tpm_version) answers.push_back(encode(*parts_.tpm_version));
  } else if (is(asked, PtsType::kRequestAik)) {
    if (auto good = parse_request(asked.value); !good) return malformed(good.error());
    answers.push_back(aik(parts_.attestation_key));
  } else if (is(asked, PtsType::kRequestFiles)) {
    auto files = parse_file_request(asked.value);
    if (!files) return malformed(files.error());
    if (auto fault = fault_of(asked, *files)) return refused(*std::move(fault));
    questions.asked.files = *std::move(files);
  } else if (is(asked, PtsType::kRequestComponents)) {
    auto components = parse_component_requests(asked.value);
    if (!components) return malformed(components.error());
    if (auto fault = fault_of(asked, *components)) return refused(*std::move(fault));
    questions.asked.components = *std::move(components);
  } else if (is(asked, PtsType::kGenerateEvidence)) {
    if (auto good = parse_request(asked.value); !good) return malformed(good.error());
    questions.generate = true;
  }
  return {};
}

// --- the nonce ---------------------------------------------------------------------------------

PaResult<void> TncClient::offer_nonce(const PaAttribute& asked, std::vector<PaAttribute>& answers) {
  const auto request = parse_nonce_request(asked.value);
  if (!request) return refused(fault_in(asked, request.error().detail));
  if ((request->groups & kPtsP256) == 0) {
    return refused(fault_in(asked, PtsErrorCode::kGroupNotSupported, supported(kPtsP256),
                            "PTS: another group than P-256"));
  }
  key_.emplace();
  exchange_.reset();
  responder_nonce_ =
      crypto::SystemRandom().bytes(std::max(request->least_bytes, kWantedNonceBytes));
  answers.push_back(
      encode(NonceResponse{kPtsP256, kPtsSha256, responder_nonce_, key_->public_point()}));
  return {};
}

PaResult<void> TncClient::finish_nonce(const PaAttribute& asked) {
  auto finish = parse_nonce_finish(asked.value);
  if (!finish) return refused(fault_in(asked, finish.error().detail));
  if (!key_ || exchange_) return refused(fault_in(asked, "PTS: the end of a nonce out of turn"));
  if (finish->hash != kPtsSha256) {
    return refused(fault_in(asked, PtsErrorCode::kHashNotSupported, supported(kPtsSha256),
                            "PTS: a nonce by another hash than SHA-256"));
  }
  if (finish->nonce.size() > kMostInitiatorBytes) {
    return refused(fault_in(asked, PtsErrorCode::kNonceLength,
                            Writer().u16(kLeastNonceBytes).u16(kMostInitiatorBytes).take(),
                            "PTS: a nonce above 64 bytes"));
  }
  auto secret = key_->shared_with(finish->point);
  if (!secret) return refused(fault_in(asked, "PTS: " + secret.error().detail));
  initiator_nonce_ = std::move(finish->nonce);
  exchange_ = attest::NonceExchange{responder_nonce_, *std::move(secret)};
  return {};
}

// --- the evidence ------------------------------------------------------------------------------

/// Another's validator says no purpose, and has nothing but its nonce.
PaResult<attest::Challenge> TncClient::challenge_of(const Questions& questions) const {
  attest::Challenge out{initiator_nonce_, kPurposeOfOthers, "", 0};
  if (questions.challenge != nullptr) {
    const PaAttribute& at = *questions.challenge;
    auto said = attest::parse_challenge(text_of(at.value));
    if (!said) return refused(fault_in(at, said.error().detail));
    if (said->nonce != initiator_nonce_ || said->exchange) {
      return refused(fault_in(at, "challenge: its nonce is not that of the D-H exchange"));
    }
    out = *std::move(said);
  }
  out.exchange = exchange_;
  return out;
}

PaResult<void> TncClient::say_evidence(const Questions& questions,
                                       std::vector<PaAttribute>& answers) {
  const auto refuse_with = [&](const std::string& why) {
    answers.push_back(own(OwnType::kRefusal, why, false));
    return PaResult<void>();
  };
  if (!questions.generate) {
    const auto evidence = parts_.evidence(std::string(text_of(questions.challenge->value)));
    if (!evidence) return refuse_with(evidence.error().detail);
    if (evidence->size() > kMaxAnswerBytes) return refuse_with("it is too large for TNC");
    answers.push_back(own(OwnType::kEvidence, *evidence));
    return {};
  }
  if (!exchange_) return refused({0, 1, 0, 0, "PTS: evidence is asked for without a nonce", {}});
  const auto challenge = challenge_of(questions);
  if (!challenge) return refused(challenge.error());
  const auto text = parts_.evidence(attest::encode(*challenge));
  if (!text) return refuse_with(text.error().detail);
  const auto evidence = attest::parse_evidence(*text);
  if (!evidence) return refuse_with(evidence.error().detail);
  const auto said = split(*evidence, *challenge, questions.asked);
  if (said && bytes_of_all(*said) <= kMaxAnswerBytes) {
    answers.insert(answers.end(), said->begin(), said->end());
  } else if (questions.challenge != nullptr && text->size() <= kMaxAnswerBytes) {
    answers.push_back(own(OwnType::kEvidence, *text));
  } else {
    return refuse_with(said ? "it is too large for TNC" : said.error().detail);
  }
  return {};
}

void TncClient::take_result(const PbBatch& batch) {
  TncOutcome outcome;
  for (const PbMessage& message : batch.messages) {
    const bool good = !is(message, PbType::kReason) || read_reason(message.value, outcome.reason);
    if (!good) return break_off({PbErrorCode::kInvalidParameter, 0, "PB-TNC: no reason string"});
    Reader in(message.value);
    if (is(message, PbType::kAssessmentResult)) {
      const std::uint32_t result = in.u32();
      if (result <= static_cast<std::uint32_t>(Assessment::kUnknown)) {
        outcome.assessment = static_cast<Assessment>(result);
      }
    } else if (is(message, PbType::kAccessRecommendation)) {
      in.u16();
      const std::uint16_t access = in.u16();
      if (access >= 1 && access <= 3) outcome.access = static_cast<Access>(access);
    }
  }
  decide(std::move(outcome));
  send(PbBatchType::kClose, {});
  end();
}

}  // namespace gatehouse::tnc

#include "ae-apps/attestation/quote/wire.h"
#include "ae-apps/attestation/tnc/dialogue.h"

namespace gatehouse::tnc {
namespace {

using attest::Writer;

constexpr std::size_t kMaxReasonBytes = 1000;
constexpr std::string_view kLanguage = "en";
constexpr std::uint8_t kVersion = 1;

/// Value of a reason string. Source: RFC 5793 clause 4.8.
PbMessage reason_message(std::string_view text) {
  text = text.substr(0, kMaxReasonBytes);
  Writer value;
  value.sized32(view_of(text)).u8(static_cast<std::uint8_t>(kLanguage.size()));
  value.bytes(view_of(kLanguage));
  return {false, 0, static_cast<std::uint32_t>(PbType::kReason), value.take()};
}

tl::unexpected<PaFault> refused(PaFault fault) { return tl::unexpected<PaFault>(std::move(fault)); }

/// Information of an error about hashes or groups. Source: PTS Protocol clauses 4.2.2 and 4.2.4.
Bytes supported(std::uint16_t bits) { return Writer().u16(0).u16(bits).take(); }

}  // namespace

void TncServer::on_negotiation(const PtMessage& message) {
  const bool request = message.vendor == kIetf &&
                       message.type == static_cast<std::uint32_t>(PtType::kVersionRequest);
  if (!request || asked_) {
    return break_off(PtErrorCode::kInvalidMessage, message, "no version request");
  }
  const auto versions = parse_version_request(message.value);
  if (!versions) return break_off(PtErrorCode::kMalformed, message, versions.error().detail);
  if (versions->least > kVersion || versions->most < kVersion) {
    return break_off(PtErrorCode::kVersion, message, "no common version");
  }
  asked_ = true;
  send(PtType::kVersionResponse, version_response(kVersion));
  // No mechanism is offered: the certificate of the TLS client says who it is.
  send(PtType::kSaslMechanisms, {});
  begin_data();
}

void TncServer::on_batch(const PbBatch& batch) {
  const auto pts = pts_in(batch);
  if (!pts) return;
  if (batch.type == PbBatchType::kClientRetry || stage_ == Stage::kNothing) return ask();
  if (const PaAttribute* error = find(*pts, kIetf, kPaError)) {
    note_fault("the collector complains: " + complaint_of(*error));
    return deny(fault());
  }
  if (stage_ == Stage::kNonceAsked) return take_nonce(*pts);
  answer(*pts);
}

void TncServer::ask() {
  if (++rounds_ > kMaxRounds) {
    return break_off({PbErrorCode::kLocal, 0, "the client asks again and again"});
  }
  std::vector<PaAttribute> questions = {request_capabilities(
      kPtsCurrentEvidence | kPtsVerification | kPtsNonce | kPtsTrustedPlatform)};
  questions.push_back(request_algorithms(kPtsSha256));
  if (parts_.words == Words::kPts) {
    stage_ = Stage::kNonceAsked;
    questions.push_back(encode(NonceRequest{}));
  } else {
    const auto challenge = parts_.challenge();
    if (!challenge) return break_off({PbErrorCode::kLocal, 0, challenge.error().detail});
    stage_ = Stage::kEvidenceAsked;
    questions.push_back(request(PtsType::kRequestAik));
    questions.push_back(own(OwnType::kChallenge, *challenge));
  }
  send(PbBatchType::kServerData, to_pts(questions));
}

// --- the nonce ---------------------------------------------------------------------------------

void TncServer::take_nonce(const PaMessage& answer) {
  if (!check_extras(answer)) return;
  const PaAttribute* response = find(answer, PtsType::kNonce);
  if (response == nullptr) return deny("there is no evidence: the client has no D-H nonce of PTS");
  const auto exchange = exchange_with(*response);
  if (!exchange) return refuse(exchange.error());
  ask_for_evidence(*exchange);
}

PaResult<attest::NonceExchange> TncServer::exchange_with(const PaAttribute& response) {
  const auto said = parse_nonce_response(response.value);
  if (!said) return refused(fault_in(response, said.error().detail));
  if (said->group != kPtsP256) {
    return refused(fault_in(response, PtsErrorCode::kGroupNotSupported, supported(kPtsP256),
                            "PTS: another group than P-256"));
  }
  if ((said->hashes & kPtsSha256) == 0) {
    return refused(fault_in(response, PtsErrorCode::kHashNotSupported, supported(kPtsSha256),
                            "PTS: a nonce by another hash than SHA-256"));
  }
  if (said->nonce.size() < kWantedNonceBytes) {
    return refused(fault_in(response, PtsErrorCode::kNonceLength,
                            Writer().u16(kWantedNonceBytes).u16(kMostNonceBytes).take(),
                            "PTS: a nonce below 32 bytes"));
  }
  key_.emplace();
  auto secret = key_->shared_with(said->point);
  if (!secret) return refused(fault_in(response, "PTS: " + secret.error().detail));
  return attest::NonceExchange{said->nonce, *std::move(secret)};
}

/// The verifier's nonce is the validator's part of the exchange.
void TncServer::ask_for_evidence(const attest::NonceExchange& exchange) {
  const auto text = parts_.challenge();
  if (!text) return break_off({PbErrorCode::kLocal, 0, text.error().detail});
  auto challenge = attest::parse_challenge(*text);
  if (!challenge) return break_off({PbErrorCode::kLocal, 0, challenge.error().detail});
  challenge_ = *std::move(challenge);
  challenge_.exchange = exchange;
  stage_ = Stage::kEvidenceAsked;
  const PtsQuestions asked = all_questions();
  send(PbBatchType::kServerData,
       to_pts({encode(NonceFinish{kPtsSha256, key_->public_point(), challenge_.nonce}),
               request(PtsType::kRequestTpmVersion), request(PtsType::kRequestAik),
               encode(*asked.files), encode(asked.components), request(PtsType::kGenerateEvidence),
               own(OwnType::kChallenge, *text, false)}));
}

// --- the answer --------------------------------------------------------------------------------

/// What comes beside the evidence: well formed, and by the hash that was offered.
bool TncServer::check_extras(const PaMessage& answer) {
  const auto check = [&](PtsType type, const auto& parse) {
    const PaAttribute* at = find(answer, type);
    if (at == nullptr) return true;
    const auto read = parse(at->value);
    if (!read) refuse(fault_in(*at, read.error().detail));
    return read.has_value();
  };
  if (!check(PtsType::kCapabilities, parse_capabilities) ||
      !check(PtsType::kAlgorithm, parse_algorithms) || !check(PtsType::kAik, parse_aik) ||
      !check(PtsType::kTpmVersion, parse_tpm_version)) {
    return false;
  }
  if (const PaAttribute* version = find(answer, PtsType::kTpmVersion)) {
    tpm_version_ = *parse_tpm_version(version->value);
  }
  const PaAttribute* selected = find(answer, PtsType::kAlgorithm);
  if (selected == nullptr || *parse_algorithms(selected->value) == kPtsSha256) return true;
  refuse(fault_in(*selected, PtsErrorCode::kHashNotSupported, supported(kPtsSha256),
                  "it measures by another hash"));
  return false;
}

/// nullopt: there is none.
PaResult<std::optional<std::string>> TncServer::evidence_in(const PaMessage& answer) const {
  const PaAttribute* whole = find(answer, OwnType::kEvidence);
  const PaAttribute* quote = find(answer, PtsType::kEvidenceFinal);
  if (parts_.words == Words::kOwn) {
    if (whole == nullptr) return std::optional<std::string>();
    return std::optional(std::string(text_of(whole->value)));
  }
  if (whole != nullptr && quote != nullptr) {
    return refused(fault_in(*whole, "PTS: evidence that is said twice"));
  }
  if (quote != nullptr) {
    const auto joined = join(answer, challenge_, all_questions());
    if (!joined) return refused(joined.error());
    return std::optional(attest::encode(*joined));
  }
  if (whole == nullptr) return std::optional<std::string>();
  // What the TCG's words cannot hold comes whole, but for this exchange all the same.
  const auto evidence = attest::parse_evidence(text_of(whole->value));
  if (!evidence) return refused(fault_in(*whole, evidence.error().detail));
  if (evidence->exchange != challenge_.exchange) {
    return refused(fault_in(*whole, "evidence: it is of another D-H exchange"));
  }
  return std::optional(std::string(text_of(whole->value)));
}

void TncServer::answer(const PaMessage& answer) {
  if (!check_extras(answer)) return;
  const auto evidence = evidence_in(answer);
  if (!evidence) return refuse(evidence.error());
  if (*evidence) return tell(parts_.judge(**evidence));
  std::string reason = "there is no evidence";
  if (const PaAttribute* refusal = find(answer, OwnType::kRefusal)) {
    reason += ": " + attest::printable(text_of(refusal->value), kMaxReasonBytes);
  }
  deny(reason);
}

// --- the result --------------------------------------------------------------------------------

void TncServer::tell(TncOutcome outcome, std::vector<PbMessage> messages) {
  messages.push_back(assessment_result(static_cast<std::uint32_t>(outcome.assessment)));
  messages.push_back(access_recommendation(static_cast<std::uint16_t>(outcome.access)));
  if (!outcome.reason.empty()) messages.push_back(reason_message(outcome.reason));
  decide(std::move(outcome));
  send(PbBatchType::kResult, std::move(messages));
}

void TncServer::deny(const std::string& because) {
  tell({Assessment::kError, Access::kDenied, "denied, because " + because});
}

/// The error attribute, the result that follows from it, and the end.
void TncServer::refuse(const PaFault& fault) {
  note_fault(fault.detail);
  const std::string because = "denied, because " + attest::printable(fault.detail, kMaxReasonBytes);
  tell({Assessment::kError, Access::kDenied, because}, to_pts({error_attribute(fault)}));
  send(PbBatchType::kClose, {});
  end();
}

}  // namespace gatehouse::tnc

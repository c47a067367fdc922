#include "ae-apps/attestation/tnc/dialogue.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::uint16_t kCollector = 1;
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

bool is(const PbMessage& message, PbType type) {
  return message.vendor == kIetf && message.type == static_cast<std::uint32_t>(type);
}

bool is(const PtMessage& message, PtType type) {
  return message.vendor == kIetf && message.type == static_cast<std::uint32_t>(type);
}

}  // namespace

// --- both sides --------------------------------------------------------------------------------

Bytes Dialogue::feed(ByteView bytes) {
  reader_.feed(bytes);
  while (!finished_) {
    const auto message = reader_.next();
    if (!message) {
      break_off(PtErrorCode::kMalformed, {}, message.error().detail);
      break;
    }
    if (!*message) break;
    take(**message);
  }
  return std::exchange(out_, {});
}

void Dialogue::take(const PtMessage& message) {
  if (is(message, PtType::kError)) {
    const auto body = parse_error_body(message.value);
    fault_ = "the peer broke off" +
             (body ? " with error " + std::to_string(body->first) : std::string());
    return end();
  }
  if (is(message, PtType::kPbBatch)) {
    if (data_phase_) return take_batch(message);
    return break_off(PtErrorCode::kInvalidMessage, message, "a batch before the negotiation");
  }
  if (message.vendor != kIetf) {
    return break_off(PtErrorCode::kType, message, "a message of an unknown vendor");
  }
  if (is(message, PtType::kExperimental)) return;
  if (message.type > static_cast<std::uint32_t>(PtType::kError)) {
    return break_off(PtErrorCode::kType, message, "a message of an unknown type");
  }
  if (data_phase_) {
    return break_off(PtErrorCode::kInvalidMessage, message, "negotiation after its end");
  }
  on_negotiation(message);
}

void Dialogue::take_batch(const PtMessage& message) {
  const auto batch = parse_batch(message.value);
  if (!batch) return break_off(batch.error());
  const auto next = after(state_, batch->type, batch->from_server);
  if (!next || batch->from_server == server_) {
    return break_off({PbErrorCode::kUnexpectedBatch, 0, "a batch out of turn"});
  }
  state_ = *next;
  if (batch->type == PbBatchType::kClose) return end();
  on_batch(*batch);
}

void Dialogue::send(PtType type, Bytes value) {
  append(out_,
         encode(PtMessage{kIetf, static_cast<std::uint32_t>(type), next_id_++, std::move(value)}));
}

void Dialogue::send(PbBatchType type, std::vector<PbMessage> messages) {
  state_ = after(state_, type, server_).value_or(state_);
  send(PtType::kPbBatch, encode(PbBatch{type, server_, std::move(messages)}));
}

void Dialogue::break_off(PtErrorCode code, const PtMessage& offending, const std::string& why) {
  fault_ = why;
  send(PtType::kError, error_body(code, encode(offending)));
  end();
}

void Dialogue::break_off(const PbFault& fault) {
  fault_ = fault.text;
  send(PtType::kPbBatch, close_for(fault, server_));
  end();
}

PbMessage Dialogue::to_pts(std::vector<PaAttribute> attributes) {
  PbPa pa;
  pa.vendor = kTcg;
  pa.subtype = kPtsSubtype;
  pa.collector = kCollector;
  pa.message = encode(PaMessage{next_pa_++, std::move(attributes)});
  return encode(pa);
}

std::optional<PaMessage> Dialogue::pts_in(const PbBatch& batch) {
  PaMessage all;
  for (const PbMessage& message : batch.messages) {
    if (!is(message, PbType::kPa)) continue;
    const auto pa = parse_pa(message.value);
    if (!pa) {
      break_off({PbErrorCode::kInvalidParameter, 0, pa.error().detail});
      return std::nullopt;
    }
    if (pa->vendor != kTcg || pa->subtype != kPtsSubtype) continue;  // for others
    auto content = parse_pa_message(pa->message);
    if (!content) {
      break_off({PbErrorCode::kInvalidParameter, 0, content.error().detail});
      return std::nullopt;
    }
    all.attributes.insert(all.attributes.end(), content->attributes.begin(),
                          content->attributes.end());
  }
  return all;
}

// --- the validator -----------------------------------------------------------------------------

void TncServer::on_negotiation(const PtMessage& message) {
  if (!is(message, PtType::kVersionRequest) || asked_) {
    return break_off(PtErrorCode::kInvalidMessage, message, "no version request");
  }
  const auto request = parse_version_request(message.value);
  if (!request) return break_off(PtErrorCode::kMalformed, message, request.error().detail);
  if (request->least > kVersion || request->most < kVersion) {
    return break_off(PtErrorCode::kVersion, message, "no common version");
  }
  asked_ = true;
  send(PtType::kVersionResponse, version_response(kVersion));
  // No mechanism is offered: the certificate of the TLS client says who it is.
  send(PtType::kSaslMechanisms, {});
  begin_data();
}

void TncServer::on_batch(const PbBatch& batch) {
  if (batch.type == PbBatchType::kClientRetry || rounds_ == 0) return ask();
  answer(batch);
}

void TncServer::ask() {
  if (++rounds_ > kMaxRounds) {
    return break_off({PbErrorCode::kLocal, 0, "the client asks again and again"});
  }
  const auto challenge = parts_.challenge();
  if (!challenge) return break_off({PbErrorCode::kLocal, 0, challenge.error().detail});
  send(PbBatchType::kServerData,
       {to_pts({request_capabilities(kPtsVerification | kPtsTrustedPlatform),
                request_algorithms(kPtsSha256), request_aik(),
                own(OwnType::kChallenge, *challenge)})});
}

void TncServer::answer(const PbBatch& batch) {
  const auto pts = pts_in(batch);
  if (!pts) return;
  TncOutcome outcome;
  if (const PaAttribute* selected = find(*pts, PtsType::kAlgorithm)) {
    const auto bits = parse_algorithms(selected->value);
    if (!bits || *bits != kPtsSha256)
      outcome.reason = "denied, because it measures by another hash";
  }
  const PaAttribute* evidence = find(*pts, OwnType::kEvidence);
  const PaAttribute* refusal = find(*pts, OwnType::kRefusal);
  if (!outcome.reason.empty()) {
    outcome.assessment = Assessment::kError;
  } else if (evidence != nullptr) {
    outcome = parts_.judge(std::string(text_of(evidence->value)));
  } else {
    outcome.reason = "denied, because there is no evidence";
    if (refusal != nullptr) {
      outcome.reason += ": " + attest::printable(text_of(refusal->value), kMaxReasonBytes);
    }
  }
  std::vector<PbMessage> messages = {
      assessment_result(static_cast<std::uint32_t>(outcome.assessment)),
      access_recommendation(static_cast<std::uint16_t>(outcome.access))};
  if (!outcome.reason.empty()) messages.push_back(reason_message(outcome.reason));
  decide(std::move(outcome));
  send(PbBatchType::kResult, std::move(messages));
}

// --- the collector -----------------------------------------------------------------------------

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

void TncClient::answer(const PbBatch& batch) {
  const auto pts = pts_in(batch);
  if (!pts) return;
  std::vector<PaAttribute> answers;
  if (find(*pts, PtsType::kRequestCapabilities) != nullptr) {
    answers.push_back(capabilities(kPtsVerification | kPtsTrustedPlatform));
  }
  if (const PaAttribute* offered = find(*pts, PtsType::kRequestAlgorithms)) {
    const auto bits = parse_algorithms(offered->value);
    if (!bits) return break_off({PbErrorCode::kInvalidParameter, 0, bits.error().detail});
    answers.push_back(algorithm(*bits & kPtsSha256));
  }
  if (find(*pts, PtsType::kRequestAik) != nullptr) answers.push_back(aik(parts_.attestation_key));
  if (const PaAttribute* challenge = find(*pts, OwnType::kChallenge)) {
    const auto evidence = parts_.evidence(std::string(text_of(challenge->value)));
    answers.push_back(evidence ? own(OwnType::kEvidence, *evidence)
                               : own(OwnType::kRefusal, evidence.error().detail));
  }
  // An empty batch: nothing more to say.
  if (answers.empty()) return send(PbBatchType::kClientData, {});
  send(PbBatchType::kClientData, {to_pts(std::move(answers))});
}

void TncClient::take_result(const PbBatch& batch) {
  TncOutcome outcome;
  for (const PbMessage& message : batch.messages) {
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
    } else if (is(message, PbType::kReason)) {
      outcome.reason = attest::printable(text_of(in.sized32()), kMaxReasonBytes);
    }
  }
  decide(std::move(outcome));
  send(PbBatchType::kClose, {});
  end();
}

}  // namespace gatehouse::tnc

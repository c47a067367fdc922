#include "ae-apps/attestation/tnc/dialogue.h"

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

constexpr std::uint16_t kCollector = 1;
constexpr std::size_t kMostAttributes = 900;  // of one message

bool is_known(const PaAttribute& attribute) {
  static constexpr PtsType kKnown[] = {PtsType::kRequestCapabilities,
                                       PtsType::kCapabilities,
                                       PtsType::kRequestNonce,
                                       PtsType::kNonce,
                                       PtsType::kNonceFinish,
                                       PtsType::kRequestAlgorithms,
                                       PtsType::kAlgorithm,
                                       PtsType::kRequestTpmVersion,
                                       PtsType::kTpmVersion,
                                       PtsType::kRequestAik,
                                       PtsType::kAik,
                                       PtsType::kRequestComponents,
                                       PtsType::kGenerateEvidence,
                                       PtsType::kComponent,
                                       PtsType::kEvidenceFinal,
                                       PtsType::kRequestFiles,
                                       PtsType::kFiles};
  if (attribute.vendor == kIetf) return attribute.type == kPaError;
  if (attribute.vendor == kOwnVendor) {
    return attribute.type >= 1 && attribute.type <= static_cast<std::uint32_t>(OwnType::kRemainder);
  }
  return attribute.vendor == kTcg && std::ranges::any_of(kKnown, [&](PtsType type) {
           return attribute.type == static_cast<std::uint32_t>(type);
         });
}

PaFault unsupported(const PaAttribute& attribute) {
  PaFault out = fault_in(attribute, "PA-TNC: an unknown attribute with NOSKIP");
  out.code = static_cast<std::uint32_t>(PaErrorCode::kUnsupportedType);
  attest::Writer information;
  constexpr std::uint32_t kNoSkip = 0x80000000;
  information.u32(kNoSkip | attribute.vendor).u32(attribute.type);
  out.information = information.take();
  return out;
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

std::vector<PbMessage> Dialogue::to_pts(const std::vector<PaAttribute>& attributes) {
  std::vector<PbMessage> out;
  for (std::size_t at = 0; at < attributes.size(); at += kMostAttributes) {
    const std::size_t end = std::min(attributes.size(), at + kMostAttributes);
    PbPa pa;
    pa.vendor = kTcg;
    pa.subtype = kPtsSubtype;
    pa.collector = kCollector;
    pa.message = encode(PaMessage{
        next_pa_++,
        {attributes.begin() + static_cast<long>(at), attributes.begin() + static_cast<long>(end)}});
    out.push_back(encode(pa));
  }
  return out;
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
      refuse(content.error());
      return std::nullopt;
    }
    for (PaAttribute& attribute : content->attributes) {
      if (attribute.no_skip && !is_known(attribute)) {
        refuse(unsupported(attribute));
        return std::nullopt;
      }
      all.attributes.push_back(std::move(attribute));
    }
  }
  return all;
}

}  // namespace gatehouse::tnc

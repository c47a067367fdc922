#include "ae-apps/attestation/tnc/pb_tnc.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::tnc {
namespace {

using attest::Reader;
using attest::Writer;

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kNoSkip = 0x80;
constexpr std::uint8_t kFromServer = 0x80;
constexpr std::uint8_t kExclusive = 0x80;
constexpr std::uint8_t kFatal = 0x80;
constexpr std::size_t kBatchHeaderBytes = 8;
constexpr std::size_t kMessageHeaderBytes = 12;
constexpr std::size_t kMaxMessages = 1024;

/// What its clause asks of each of the IETF's types.
struct Rule {
  PbType type;
  std::optional<bool> no_skip;
  bool only_in_result;
  std::size_t least_bytes, most_bytes;
};
constexpr std::size_t kAny = SIZE_MAX;
constexpr Rule kRules[] = {
    {PbType::kExperimental, std::nullopt, false, 0, kAny},
    {PbType::kPa, true, false, 12, kAny},
    {PbType::kAssessmentResult, true, true, 4, 4},
    {PbType::kAccessRecommendation, false, true, 4, 4},
    {PbType::kRemediation, false, true, 8, kAny},
    {PbType::kError, true, false, 8, kAny},
    {PbType::kLanguage, false, false, 0, kAny},
    {PbType::kReason, false, true, 5, kAny},
};

std::uint32_t u24(Reader& in) {
  const std::uint32_t high = in.u8();
  return high << 16 | in.u16();
}

tl::unexpected<PbFault> refused(PbErrorCode code, std::size_t parameter, std::string text) {
  return tl::unexpected<PbFault>(
      PbFault{code, static_cast<std::uint32_t>(parameter), "PB-TNC: " + std::move(text)});
}
tl::unexpected<PbFault> invalid(std::size_t offset, std::string text) {
  return refused(PbErrorCode::kInvalidParameter, offset, std::move(text));
}

/// Where the value ends the reader is at the next message.
tl::expected<PbMessage, PbFault> read_message(Reader& in, std::size_t offset, PbBatchType batch) {
  PbMessage out;
  out.no_skip = (in.u8() & kNoSkip) != 0;
  out.vendor = u24(in);
  out.type = in.u32();
  const std::uint32_t length = in.u32();
  if (!in.good()) return invalid(offset, "a message is cut off");
  if (length < kMessageHeaderBytes || length - kMessageHeaderBytes > in.left()) {
    return invalid(offset + 8, "a message of an impossible length");
  }
  const ByteView value = in.bytes(length - kMessageHeaderBytes);
  out.value = Bytes(value.begin(), value.end());
  if (out.vendor == 0xFFFFFF || out.type == 0xFFFFFFFF) {
    return invalid(offset, "a reserved type of message");
  }
  for (const Rule& rule : kRules) {
    if (out.vendor != 0 || out.type != static_cast<std::uint32_t>(rule.type)) continue;
    if (rule.no_skip && *rule.no_skip != out.no_skip) {
      return invalid(offset, "the NOSKIP flag is not as its type asks");
    }
    if (rule.only_in_result && batch != PbBatchType::kResult) {
      return invalid(offset, "a message that belongs in a RESULT");
    }
    if (value.size() < rule.least_bytes || value.size() > rule.most_bytes) {
      return invalid(offset + 8, "a message of another length than its type's");
    }
    return out;
  }
  if (out.no_skip) {
    return refused(PbErrorCode::kUnsupportedMandatory, offset, "an unknown message with NOSKIP");
  }
  return out;
}

std::size_t count_of(const PbBatch& batch, PbType type) {
  std::size_t count = 0;
  for (const PbMessage& message : batch.messages) {
    if (message.vendor == 0 && message.type == static_cast<std::uint32_t>(type)) ++count;
  }
  return count;
}

}  // namespace

Bytes encode(const PbBatch& batch) {
  Writer body;
  for (const PbMessage& message : batch.messages) {
    body.u8(message.no_skip ? kNoSkip : 0).u8(static_cast<std::uint8_t>(message.vendor >> 16));
    body.u16(static_cast<std::uint16_t>(message.vendor)).u32(message.type);
    body.u32(static_cast<std::uint32_t>(kMessageHeaderBytes + message.value.size()));
    body.bytes(message.value);
  }
  const Bytes messages = body.take();
  Writer out;
  out.u8(kVersion).u8(batch.from_server ? kFromServer : 0).u8(0);
  out.u8(static_cast<std::uint8_t>(batch.type));
  out.u32(static_cast<std::uint32_t>(kBatchHeaderBytes + messages.size()));
  return out.bytes(messages).take();
}

tl::expected<PbBatch, PbFault> parse_batch(ByteView bytes) {
  Reader in(bytes);
  const std::uint8_t version = in.u8();
  if (in.good() && version != kVersion) {
    return refused(PbErrorCode::kVersion, version, "another version than 2");
  }
  PbBatch out;
  out.from_server = (in.u8() & kFromServer) != 0;
  in.u8();
  const std::uint8_t type = in.u8() & 0x0F;
  const std::uint32_t length = in.u32();
  if (!in.good()) return invalid(0, "the header is cut off");
  if (length != bytes.size()) return invalid(4, "a length that is not the batch's");
  if (type < 1 || type > 6) return invalid(3, "an unknown type of batch");
  out.type = static_cast<PbBatchType>(type);
  while (in.left() > 0) {
    if (out.messages.size() == kMaxMessages) return invalid(4, "too many messages");
    auto message = read_message(in, bytes.size() - in.left(), out.type);
    if (!message) return tl::unexpected<PbFault>(message.error());
    out.messages.push_back(*std::move(message));
  }
  if (out.type == PbBatchType::kResult && count_of(out, PbType::kAssessmentResult) != 1) {
    return invalid(kBatchHeaderBytes, "a RESULT without exactly one assessment result");
  }
  return out;
}

Bytes close_for(const PbFault& fault, bool from_server) {
  Writer value;
  value.u8(kFatal).u8(0).u16(0).u16(static_cast<std::uint16_t>(fault.code)).u16(0);
  if (fault.code == PbErrorCode::kInvalidParameter) value.u32(fault.parameter);
  if (fault.code == PbErrorCode::kVersion) {
    value.u8(static_cast<std::uint8_t>(fault.parameter)).u8(kVersion).u8(kVersion).u8(0);
  }
  return encode(PbBatch{PbBatchType::kClose,
                        from_server,
                        {{true, 0, static_cast<std::uint32_t>(PbType::kError), value.take()}}});
}

PbMessage encode(const PbPa& pa) {
  Writer value;
  value.u8(pa.exclusive ? kExclusive : 0).u8(static_cast<std::uint8_t>(pa.vendor >> 16));
  value.u16(static_cast<std::uint16_t>(pa.vendor)).u32(pa.subtype);
  value.u16(pa.collector).u16(pa.validator).bytes(pa.message);
  return {true, 0, static_cast<std::uint32_t>(PbType::kPa), value.take()};
}

Result<PbPa> parse_pa(ByteView value) {
  Reader in(value);
  PbPa out;
  out.exclusive = (in.u8() & kExclusive) != 0;
  out.vendor = u24(in);
  out.subtype = in.u32();
  out.collector = in.u16();
  out.validator = in.u16();
  if (!in.good()) return fail(Rsc::kBadRequest, "PB-PA: cut off");
  if (out.vendor == 0xFFFFFF || out.subtype == 0xFFFFFFFF || out.collector == 0xFFFF) {
    return fail(Rsc::kBadRequest, "PB-PA: a reserved number");
  }
  const ByteView message = in.bytes(in.left());
  out.message = Bytes(message.begin(), message.end());
  return out;
}

PbMessage assessment_result(std::uint32_t result) {
  Writer value;
  return {true, 0, static_cast<std::uint32_t>(PbType::kAssessmentResult), value.u32(result).take()};
}

PbMessage access_recommendation(std::uint16_t recommendation) {
  Writer value;
  return {false, 0, static_cast<std::uint32_t>(PbType::kAccessRecommendation),
          value.u16(0).u16(recommendation).take()};
}

std::optional<PbState> after(PbState state, PbBatchType type, bool from_server) {
  struct Row {
    PbState from;
    PbBatchType type;
    bool server;
    PbState to;
  };
  using S = PbState;
  using B = PbBatchType;
  static constexpr Row kRows[] = {
      {S::kInit, B::kClientData, false, S::kServerWorking},
      {S::kInit, B::kServerData, true, S::kClientWorking},
      {S::kServerWorking, B::kServerData, true, S::kClientWorking},
      {S::kServerWorking, B::kResult, true, S::kDecided},
      {S::kClientWorking, B::kClientData, false, S::kServerWorking},
      {S::kDecided, B::kClientRetry, false, S::kServerWorking},
      {S::kDecided, B::kServerRetry, true, S::kClientWorking},
  };
  if (state != S::kEnd && type == B::kClose) return S::kEnd;
  for (const Row& row : kRows) {
    if (row.from == state && row.type == type && row.server == from_server) return row.to;
  }
  return std::nullopt;
}

}  // namespace gatehouse::tnc

#include "ae-apps/ota/uds/doip.h"

#include <algorithm>

namespace gatehouse::doip {
namespace {

void put(Bytes& out, std::uint64_t value, int width_bytes) {
  for (int shift = (width_bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::uint32_t get(ByteView bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes[at + i];
  return value;
}

Address address_at(ByteView bytes, std::size_t at) {
  return static_cast<Address>(get(bytes, at, 2));
}

/// Payload lengths by type; `other` is a second allowed length. Source: ISO 13400-2 table 17 ff.
struct LengthRow {
  Type type;
  std::size_t min;
  std::size_t max;
  std::size_t other;
};
constexpr std::size_t kAnyLength = ~std::size_t{0};
constexpr LengthRow kLengths[] = {
    {Type::kHeaderNack, 1, 1, 1},
    {Type::kVehicleIdentification, 0, 0, 0},
    {Type::kVehicleIdentificationByEid, 6, 6, 6},
    {Type::kVehicleIdentificationByVin, 17, 17, 17},
    {Type::kVehicleAnnouncement, 32, 33, 32},
    {Type::kRoutingActivation, 7, 7, 11},
    {Type::kRoutingActivationResponse, 9, 9, 13},
    {Type::kAliveCheck, 0, 0, 0},
    {Type::kAliveCheckResponse, 2, 2, 2},
    {Type::kEntityStatus, 0, 0, 0},
    {Type::kEntityStatusResponse, 3, 3, 7},
    {Type::kPowerMode, 0, 0, 0},
    {Type::kPowerModeResponse, 1, 1, 1},
    {Type::kDiagnostic, 5, kAnyLength, 5},
    {Type::kDiagnosticAck, 5, kAnyLength, 5},
    {Type::kDiagnosticNack, 5, kAnyLength, 5},
};

bool is_identification(std::uint16_t type) { return type >= 1 && type <= 3; }

bool pattern_is_good(ByteView header) {
  if ((header[0] ^ header[1]) != 0xFF) return false;
  if (header[0] >= 0x01 && header[0] <= 0x04) return true;
  return header[0] == kAnyVersion && is_identification(address_at(header, 2));
}

}  // namespace

std::string_view text_of(HeaderNack code) {
  switch (code) {
    case HeaderNack::kBadPattern:
      return "bad header pattern";
    case HeaderNack::kUnknownType:
      return "unknown payload type";
    case HeaderNack::kTooLarge:
      return "message too large";
    case HeaderNack::kOutOfMemory:
      return "out of memory";
    case HeaderNack::kBadLength:
      return "payload length does not fit the type";
  }
  return "reserved code";
}

std::string_view text_of(Activation code) {
  switch (code) {
    case Activation::kUnknownSource:
      return "denied: unknown source address";
    case Activation::kAllSocketsInUse:
      return "denied: all sockets in use";
    case Activation::kOtherSourceOnSocket:
      return "denied: other address active on this socket";
    case Activation::kSourceOnOtherSocket:
      return "denied: address active on another socket";
    case Activation::kAuthenticationMissing:
      return "denied: authentication missing";
    case Activation::kConfirmationRejected:
      return "denied: confirmation rejected";
    case Activation::kUnsupportedType:
      return "denied: unsupported activation type";
    case Activation::kTlsRequired:
      return "denied: TLS required";
    case Activation::kActivated:
      return "activated";
  }
  return "reserved code";
}

std::string_view text_of(DiagnosticNack code) {
  switch (code) {
    case DiagnosticNack::kInvalidSource:
      return "invalid source address";
    case DiagnosticNack::kUnknownTarget:
      return "unknown target address";
    case DiagnosticNack::kTooLarge:
      return "diagnostic message too large";
    case DiagnosticNack::kOutOfMemory:
      return "out of memory";
    case DiagnosticNack::kUnreachable:
      return "target unreachable";
    case DiagnosticNack::kUnknownNetwork:
      return "unknown network";
    case DiagnosticNack::kTransportError:
      return "transport protocol error";
  }
  return "reserved code";
}

Bytes encode(Type type, ByteView payload) {
  Bytes out{kVersion, static_cast<std::uint8_t>(kVersion ^ 0xFF)};
  out.reserve(kHeaderBytes + payload.size());
  put(out, static_cast<std::uint16_t>(type), 2);
  put(out, payload.size(), 4);
  append(out, payload);
  return out;
}

void Decoder::feed(ByteView bytes) {
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, bytes.size()));
  to_skip_ -= skipped;
  append(held_, bytes.subspan(skipped));
}

std::optional<tl::expected<Message, HeaderNack>> Decoder::next() {
  if (held_.size() < kHeaderBytes) return std::nullopt;
  if (!pattern_is_good(held_)) {
    held_.clear();
    return tl::make_unexpected(HeaderNack::kBadPattern);
  }
  const std::uint32_t length = get(held_, 4, 4);
  if (length > max_payload_bytes_) {
    const std::size_t here = std::min<std::size_t>(held_.size(), kHeaderBytes + length);
    to_skip_ = kHeaderBytes + std::uint64_t{length} - here;
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(here));
    return tl::make_unexpected(HeaderNack::kTooLarge);
  }
  if (held_.size() < kHeaderBytes + length) return std::nullopt;
  const auto begin = held_.begin() + kHeaderBytes;
  Message message{held_[0], address_at(held_, 2), Bytes(begin, begin + length)};
  held_.erase(held_.begin(), begin + length);
  if (const auto fault = fault_of(message)) return tl::make_unexpected(*fault);
  return tl::expected<Message, HeaderNack>(std::move(message));
}

std::optional<HeaderNack> fault_of(const Message& message) {
  const auto* row = std::find_if(std::begin(kLengths), std::end(kLengths), [&](const LengthRow& r) {
    return static_cast<std::uint16_t>(r.type) == message.type;
  });
  if (row == std::end(kLengths)) return HeaderNack::kUnknownType;
  const std::size_t length = message.payload.size();
  if ((length < row->min || length > row->max) && length != row->other) {
    return HeaderNack::kBadLength;
  }
  return std::nullopt;
}

Bytes encode(const RoutingRequest& request) {
  Bytes payload;
  put(payload, request.source, 2);
  payload.push_back(request.activation_type);
  put(payload, 0, 4);
  return encode(Type::kRoutingActivation, payload);
}

std::optional<RoutingRequest> decode_routing_request(ByteView payload) {
  if (payload.size() != 7 && payload.size() != 11) return std::nullopt;
  return RoutingRequest{address_at(payload, 0), payload[2]};
}

Bytes encode(const RoutingResponse& response) {
  Bytes payload;
  put(payload, response.tester, 2);
  put(payload, response.entity, 2);
  payload.push_back(static_cast<std::uint8_t>(response.code));
  put(payload, 0, 4);
  return encode(Type::kRoutingActivationResponse, payload);
}

std::optional<RoutingResponse> decode_routing_response(ByteView payload) {
  if (payload.size() != 9 && payload.size() != 13) return std::nullopt;
  return RoutingResponse{address_at(payload, 0), address_at(payload, 2),
                         static_cast<Activation>(payload[4])};
}

Bytes encode(const Diagnostic& diagnostic) {
  Bytes payload;
  put(payload, diagnostic.source, 2);
  put(payload, diagnostic.target, 2);
  append(payload, diagnostic.uds);
  return encode(Type::kDiagnostic, payload);
}

std::optional<Diagnostic> decode_diagnostic(ByteView payload) {
  if (payload.size() < 5) return std::nullopt;
  return Diagnostic{address_at(payload, 0), address_at(payload, 2),
                    Bytes(payload.begin() + 4, payload.end())};
}

Bytes encode(const DiagnosticAnswer& answer) {
  Bytes payload;
  put(payload, answer.source, 2);
  put(payload, answer.target, 2);
  payload.push_back(answer.nack ? static_cast<std::uint8_t>(*answer.nack) : 0);
  return encode(answer.nack ? Type::kDiagnosticNack : Type::kDiagnosticAck, payload);
}

std::optional<DiagnosticAnswer> decode_diagnostic_answer(const Message& message) {
  const bool ack = message.type == static_cast<std::uint16_t>(Type::kDiagnosticAck);
  const bool nack = message.type == static_cast<std::uint16_t>(Type::kDiagnosticNack);
  if ((!ack && !nack) || message.payload.size() < 5) return std::nullopt;
  DiagnosticAnswer answer{address_at(message.payload, 0), address_at(message.payload, 2), {}};
  if (nack) answer.nack = static_cast<DiagnosticNack>(message.payload[4]);
  return answer;
}

Bytes encode_announcement(const Identity& identity) {
  Bytes payload = bytes_of(std::string_view(identity.vin).substr(0, 17));
  payload.resize(17);
  put(payload, identity.logical_address, 2);
  append(payload, identity.eid);
  append(payload, identity.gid);
  payload.push_back(0);  // no further action
  return encode(Type::kVehicleAnnouncement, payload);
}

std::optional<Identity> decode_announcement(ByteView payload) {
  if (payload.size() != 32 && payload.size() != 33) return std::nullopt;
  Identity identity;
  for (const std::uint8_t byte : payload.first(17)) {
    if (byte == 0) break;
    identity.vin += static_cast<char>(byte);
  }
  identity.logical_address = address_at(payload, 17);
  std::copy_n(payload.begin() + 19, 6, identity.eid.begin());
  std::copy_n(payload.begin() + 25, 6, identity.gid.begin());
  return identity;
}

std::optional<Bytes> answer_datagram(ByteView datagram, const Identity& identity,
                                     std::uint8_t max_sockets, std::uint8_t open_sockets,
                                     std::uint32_t max_message_bytes) {
  Decoder decoder(64);  // no request by datagram is longer
  decoder.feed(datagram);
  const auto message = decoder.next();
  if (!message) return std::nullopt;
  if (!*message) {
    const auto code = static_cast<std::uint8_t>(message->error());
    return encode(Type::kHeaderNack, {&code, 1});
  }
  const Bytes& payload = (*message)->payload;
  switch (static_cast<Type>((*message)->type)) {
    case Type::kVehicleIdentification:
      return encode_announcement(identity);
    case Type::kVehicleIdentificationByEid:
      if (!std::equal(payload.begin(), payload.end(), identity.eid.begin())) return std::nullopt;
      return encode_announcement(identity);
    case Type::kVehicleIdentificationByVin:
      if (gatehouse::text_of(payload) != identity.vin) return std::nullopt;
      return encode_announcement(identity);
    case Type::kEntityStatus: {
      Bytes status{1, max_sockets, open_sockets};  // a node, not a gateway
      put(status, max_message_bytes, 4);
      return encode(Type::kEntityStatusResponse, status);
    }
    case Type::kPowerMode:
      return encode(Type::kPowerModeResponse, Bytes{1});  // ready
    default:
      return std::nullopt;
  }
}

}  // namespace gatehouse::doip

#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"

/// DoIP messages as bytes and as values. Pure; decoders are total. Source: ISO 13400-2.
namespace gatehouse::doip {

using Address = std::uint16_t;  ///< logical address of a tester or an ECU

inline constexpr std::uint8_t kVersion = 0x02;     ///< ISO 13400-2:2012
inline constexpr std::uint8_t kAnyVersion = 0xFF;  ///< in vehicle identification requests only
inline constexpr std::size_t kHeaderBytes = 8;

enum class Type : std::uint16_t {
  kHeaderNack = 0x0000,
  kVehicleIdentification = 0x0001,
  kVehicleIdentificationByEid = 0x0002,
  kVehicleIdentificationByVin = 0x0003,
  kVehicleAnnouncement = 0x0004,
  kRoutingActivation = 0x0005,
  kRoutingActivationResponse = 0x0006,
  kAliveCheck = 0x0007,
  kAliveCheckResponse = 0x0008,
  kEntityStatus = 0x4001,
  kEntityStatusResponse = 0x4002,
  kPowerMode = 0x4003,
  kPowerModeResponse = 0x4004,
  kDiagnostic = 0x8001,
  kDiagnosticAck = 0x8002,
  kDiagnosticNack = 0x8003,
};

enum class HeaderNack : std::uint8_t {
  kBadPattern = 0x00,  ///< the socket is closed
  kUnknownType = 0x01,
  kTooLarge = 0x02,
  kOutOfMemory = 0x03,
  kBadLength = 0x04,  ///< the socket is closed
};
std::string_view text_of(HeaderNack code);

enum class Activation : std::uint8_t {
  kUnknownSource = 0x00,
  kAllSocketsInUse = 0x01,
  kOtherSourceOnSocket = 0x02,
  kSourceOnOtherSocket = 0x03,
  kAuthenticationMissing = 0x04,
  kConfirmationRejected = 0x05,
  kUnsupportedType = 0x06,
  kTlsRequired = 0x07,
  kActivated = 0x10,
};
std::string_view text_of(Activation code);

enum class DiagnosticNack : std::uint8_t {
  kInvalidSource = 0x02,
  kUnknownTarget = 0x03,
  kTooLarge = 0x04,
  kOutOfMemory = 0x05,
  kUnreachable = 0x06,
  kUnknownNetwork = 0x07,
  kTransportError = 0x08,
};
std::string_view text_of(DiagnosticNack code);

struct Message {
  std::uint8_t version = kVersion;
  std::uint16_t type = 0;
  Bytes payload;
};
Bytes encode(Type type, ByteView payload);

/// Splits a stream into messages. What is too large is skipped in bounded memory.
class Decoder {
 public:
  explicit Decoder(std::size_t max_payload_bytes) : max_payload_bytes_(max_payload_bytes) {}
  void feed(ByteView bytes);
  /// The next whole message, or what is wrong with it (then the answer 0000 is due; after
  /// kBadPattern and kBadLength the stream is lost), or nullopt while bytes are missing.
  std::optional<tl::expected<Message, HeaderNack>> next();

 private:
  std::size_t max_payload_bytes_;
  Bytes held_;
  std::uint64_t to_skip_ = 0;
};

/// The payload lengths that the standard allows for a type. kUnknownType if there is no such type.
std::optional<HeaderNack> fault_of(const Message& message);

struct RoutingRequest {
  Address source = 0;
  std::uint8_t activation_type = 0;
};
Bytes encode(const RoutingRequest& request);
std::optional<RoutingRequest> decode_routing_request(ByteView payload);

struct RoutingResponse {
  Address tester = 0;
  Address entity = 0;
  Activation code = Activation::kActivated;
};
Bytes encode(const RoutingResponse& response);
std::optional<RoutingResponse> decode_routing_response(ByteView payload);

struct Diagnostic {
  Address source = 0;
  Address target = 0;
  Bytes uds;
};
Bytes encode(const Diagnostic& diagnostic);
std::optional<Diagnostic> decode_diagnostic(ByteView payload);

/// 8002 (no nack) or 8003.
struct DiagnosticAnswer {
  Address source = 0;
  Address target = 0;
  std::optional<DiagnosticNack> nack;
};
Bytes encode(const DiagnosticAnswer& answer);
std::optional<DiagnosticAnswer> decode_diagnostic_answer(const Message& message);

/// Who a vehicle is; the content of 0004.
struct Identity {
  std::string vin;  ///< 17 characters; shorter ones are padded with NUL
  Address logical_address = 0;
  std::array<std::uint8_t, 6> eid{};
  std::array<std::uint8_t, 6> gid{};
};
Bytes encode_announcement(const Identity& identity);
std::optional<Identity> decode_announcement(ByteView payload);

/// The answer of an entity to a datagram; nullopt: silence (not for us, or no request).
std::optional<Bytes> answer_datagram(ByteView datagram, const Identity& identity,
                                     std::uint8_t max_sockets, std::uint8_t open_sockets,
                                     std::uint32_t max_message_bytes);

}  // namespace gatehouse::doip

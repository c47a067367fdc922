#pragma once
#include <optional>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::tnc {

constexpr std::uint32_t kIetf = 0;  ///< vendor id of the RFCs' own types

enum class PtType : std::uint32_t {
  kExperimental = 0,
  kVersionRequest = 1,
  kVersionResponse = 2,
  kSaslMechanisms = 3,
  kSaslSelection = 4,
  kSaslData = 5,
  kSaslResult = 6,
  kPbBatch = 7,
  kError = 8,
};

/// A message of PT-TLS. Source: RFC 6876 clause 3.5.
struct PtMessage {
  std::uint32_t vendor = kIetf;
  std::uint32_t type = 0;
  std::uint32_t id = 0;  ///< counted by each sender, from 0
  Bytes value;
  friend bool operator==(const PtMessage&, const PtMessage&) = default;
};

/// Codes of an error message. Source: RFC 6876 clause 3.9.1.
enum class PtErrorCode : std::uint32_t {
  kMalformed = 1,
  kVersion = 2,
  kType = 3,
  kInvalidMessage = 4,
  kSaslMechanism = 5,
  kInvalidParameter = 6,
};

Bytes encode(const PtMessage& message);

/// Cuts a stream into messages. After an error nothing more comes out: the connection is to be
/// closed.
class PtReader {
 public:
  explicit PtReader(std::size_t max_message_bytes = 2u << 20) : max_bytes_(max_message_bytes) {}

  void feed(ByteView bytes);
  /// The next whole message; nullopt: more bytes are needed. Errors: kBadRequest, when the header
  /// cannot be one (reserved byte, length below its own 16 bytes or over the limit, message ids
  /// that do not count up from 0).
  Result<std::optional<PtMessage>> next();

 private:
  std::size_t max_bytes_;
  Bytes buffer_;
  std::size_t at_ = 0;
  std::uint32_t next_id_ = 0;
  bool broken_ = false;
};

/// Body of kVersionRequest: from this version to that, this one preferred. RFC 6876 clause 3.7.1.
struct VersionRequest {
  std::uint8_t least = 1, most = 1, preferred = 1;
};
Bytes encode(const VersionRequest& request);
Result<VersionRequest> parse_version_request(ByteView value);
/// Body of kVersionResponse.
Bytes version_response(std::uint8_t version);
Result<std::uint8_t> parse_version_response(ByteView value);

/// Body of kError: the code, and the beginning of the message at fault (1024 bytes at most).
Bytes error_body(PtErrorCode code, ByteView offending);
Result<std::pair<std::uint32_t, Bytes>> parse_error_body(ByteView value);

}  // namespace gatehouse::tnc

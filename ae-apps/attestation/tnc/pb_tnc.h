#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::tnc {

enum class PbBatchType : std::uint8_t {
  kClientData = 1,
  kServerData = 2,
  kResult = 3,
  kClientRetry = 4,
  kServerRetry = 5,
  kClose = 6,
};

/// Types of the IETF's messages. Source: RFC 5793 clause 4.4.
enum class PbType : std::uint32_t {
  kExperimental = 0,
  kPa = 1,
  kAssessmentResult = 2,
  kAccessRecommendation = 3,
  kRemediation = 4,
  kError = 5,
  kLanguage = 6,
  kReason = 7,
};

struct PbMessage {
  bool no_skip = false;  ///< who does not know the type must not go on
  std::uint32_t vendor = 0;
  std::uint32_t type = 0;
  Bytes value;
  friend bool operator==(const PbMessage&, const PbMessage&) = default;
};

struct PbBatch {
  PbBatchType type = PbBatchType::kClientData;
  bool from_server = false;
  std::vector<PbMessage> messages;
  friend bool operator==(const PbBatch&, const PbBatch&) = default;
};

/// Codes of an error message. Source: RFC 5793 clause 4.9.1.
enum class PbErrorCode : std::uint16_t {
  kUnexpectedBatch = 0,
  kInvalidParameter = 1,
  kLocal = 2,
  kUnsupportedMandatory = 3,
  kVersion = 4,
};

/// Why a batch is refused, as the peer is to be told in a CLOSE batch. All are fatal.
struct PbFault {
  PbErrorCode code = PbErrorCode::kInvalidParameter;
  std::uint32_t parameter = 0;  ///< offset of the fault in the batch, or the version at fault
  std::string text;
};

Bytes encode(const PbBatch& batch);
/// Strict: version 2, lengths that fit, messages of the IETF's types with the NOSKIP flag and in
/// the batches that their clauses ask for; unknown types without NOSKIP are kept, with it are
/// refused.
tl::expected<PbBatch, PbFault> parse_batch(ByteView bytes);
/// The CLOSE batch with the error message of this fault.
Bytes close_for(const PbFault& fault, bool from_server);

/// Value of PbType::kPa.
struct PbPa {
  bool exclusive = false;
  std::uint32_t vendor = 0;
  std::uint32_t subtype = 0;
  std::uint16_t collector = 0;
  std::uint16_t validator = 0xFFFF;  ///< 0xFFFF: any
  Bytes message;                     ///< PA-TNC
  friend bool operator==(const PbPa&, const PbPa&) = default;
};
PbMessage encode(const PbPa& pa);
Result<PbPa> parse_pa(ByteView value);

/// Values of kAssessmentResult (0 to 4) and kAccessRecommendation (1 allowed, 2 denied,
/// 3 quarantined).
PbMessage assessment_result(std::uint32_t result);
PbMessage access_recommendation(std::uint16_t recommendation);

/// Whose turn it is. Source: RFC 5793 clause 3.2.
enum class PbState : std::uint8_t { kInit, kServerWorking, kClientWorking, kDecided, kEnd };
/// The state after this batch; nullopt if it is out of turn, or came from the wrong side.
std::optional<PbState> after(PbState state, PbBatchType type, bool from_server);

}  // namespace gatehouse::tnc

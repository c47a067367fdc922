#pragma once
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::tnc {

constexpr std::uint32_t kTcg = 0x005597;  ///< vendor id of the TCG
constexpr std::uint32_t kPtsSubtype = 1;  ///< of kTcg: Platform Trust Services

/// An attribute of PA-TNC. Source: RFC 5792 clause 4.1.
struct PaAttribute {
  bool no_skip = false;
  std::uint32_t vendor = 0;
  std::uint32_t type = 0;
  Bytes value;
  // Where it stood, for the error that names it; not sent.
  std::uint32_t message_id = 0, offset = 0;

  friend bool operator==(const PaAttribute& a, const PaAttribute& b) {
    return a.no_skip == b.no_skip && a.vendor == b.vendor && a.type == b.type && a.value == b.value;
  }
};

struct PaMessage {
  std::uint32_t id = 0;
  std::vector<PaAttribute> attributes;
  friend bool operator==(const PaMessage&, const PaMessage&) = default;
};

/// Codes of an error attribute. Source: RFC 5792 clause 4.2.8.
enum class PaErrorCode : std::uint32_t {
  kInvalidParameter = 1,
  kVersion = 2,
  kUnsupportedType = 3,
};
/// Codes of the TCG's in the same attribute, vendor kTcg. Source: TCG PTS Protocol: Binding to TNC
/// IF-M clause 3.14.2.
enum class PtsErrorCode : std::uint32_t {
  kHashNotSupported = 1,
  kInvalidPath = 2,
  kGroupNotSupported = 6,
  kNonceLength = 7,
  kNameFamily = 8,
  kVersionUnavailable = 9,
  kDelimiter = 10,
  kNoCurrentEvidence = 14,
};

/// Why a message is refused, as its sender is to be told.
struct PaFault {
  std::uint32_t vendor = 0;  ///< of the code: 0 (PaErrorCode) or kTcg (PtsErrorCode)
  std::uint32_t code = static_cast<std::uint32_t>(PaErrorCode::kInvalidParameter);
  std::uint32_t message_id = 0;
  std::uint32_t offset = 0;  ///< of what is at fault, in the message
  std::string detail;
  Bytes information = {};  ///< of a PtsErrorCode; else the header and type at fault
};
template <class T>
using PaResult = tl::expected<T, PaFault>;

Bytes encode(const PaMessage& message);
/// Strict: version 1, no reserved types, lengths that fill the message. The detail begins with
/// "PA-TNC: ".
PaResult<PaMessage> parse_pa_message(ByteView bytes);

constexpr std::uint32_t kPaError = 8;  ///< type of the IETF's error attribute
PaAttribute error_attribute(const PaFault& fault);
/// What the peer complains of: "invalid parameter at byte 20". Any value gives a text.
std::string complaint_of(const PaAttribute& error);

/// A fault in the value of this attribute.
PaFault fault_in(const PaAttribute& attribute, std::string detail);
/// One with a code of the TCG's.
PaFault fault_in(const PaAttribute& attribute, PtsErrorCode code, Bytes information,
                 std::string detail);

}  // namespace gatehouse::tnc

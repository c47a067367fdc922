#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::uds {

/// Negative response code. Source: ISO 14229-1 annex A.
enum class Nrc : std::uint8_t {
  kGeneralReject = 0x10,
  kServiceNotSupported = 0x11,
  kSubfunctionNotSupported = 0x12,
  kIncorrectLength = 0x13,
  kResponseTooLong = 0x14,
  kBusyRepeatRequest = 0x21,
  kConditionsNotCorrect = 0x22,
  kRequestSequenceError = 0x24,
  kNoResponseFromSubnet = 0x25,
  kFailurePreventsExecution = 0x26,
  kRequestOutOfRange = 0x31,
  kSecurityAccessDenied = 0x33,
  kAuthenticationRequired = 0x34,
  kInvalidKey = 0x35,
  kExceededAttempts = 0x36,
  kTimeDelayNotExpired = 0x37,
  kCertificateInvalidTimePeriod = 0x50,
  kCertificateInvalidSignature = 0x51,
  kCertificateInvalidChain = 0x52,
  kCertificateInvalidType = 0x53,
  kCertificateInvalidFormat = 0x54,
  kCertificateInvalidContent = 0x55,
  kCertificateInvalidScope = 0x56,
  kCertificateRevoked = 0x57,
  kOwnershipVerificationFailed = 0x58,
  kUploadDownloadNotAccepted = 0x70,
  kTransferSuspended = 0x71,
  kGeneralProgrammingFailure = 0x72,
  kWrongBlockSequenceCounter = 0x73,
  kResponsePending = 0x78,
  kSubfunctionNotSupportedInSession = 0x7E,
  kServiceNotSupportedInSession = 0x7F,
  kVoltageTooHigh = 0x92,
  kVoltageTooLow = 0x93,
  kResourceTemporarilyUnavailable = 0x94,
};

/// What a flasher does about a code.
enum class Advice : std::uint8_t {
  kStop,             ///< a bug or a refusal: asking again does not help
  kRepeat,           ///< busy: the same request again, a bounded number of times
  kWait,             ///< no failure: the answer is still to come
  kUnlock,           ///< unlock, then again
  kChangeSession,    ///< another session, then again
  kRestartTransfer,  ///< again from 34
  kDefer,            ///< the vehicle is in no state for it: later
  kReportAttack,     ///< authentication failed: an attack indicator
};

/// "wrong block sequence counter"; a text for every one of the 256 codes.
std::string_view text_of(Nrc nrc);
Advice advice_of(Nrc nrc);
/// "NRC 0x73 (wrong block sequence counter)"
std::string describe(Nrc nrc);

}  // namespace gatehouse::uds

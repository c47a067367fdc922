#pragma once
#include <cstdint>
#include <optional>
#include <tl/expected.hpp>

#include "ae-apps/ota/crypto/bytes.h"
#include "ae-apps/ota/uds/nrc.h"

/// UDS messages as bytes and as values. All functions are pure; decoders are total. Source: ISO
/// 14229-1.
namespace gatehouse::uds {

enum class Sid : std::uint8_t {
  kSessionControl = 0x10,
  kEcuReset = 0x11,
  kReadDataByIdentifier = 0x22,
  kSecurityAccess = 0x27,
  kCommunicationControl = 0x28,
  kAuthentication = 0x29,
  kWriteDataByIdentifier = 0x2E,
  kRoutineControl = 0x31,
  kRequestDownload = 0x34,
  kTransferData = 0x36,
  kRequestTransferExit = 0x37,
  kTesterPresent = 0x3E,
  kControlDtcSetting = 0x85,
};

enum class Session : std::uint8_t { kDefault = 1, kProgramming = 2, kExtended = 3 };

using Did = std::uint16_t;
inline constexpr Did kDidSystemSoftwareVersion = 0xF195;
inline constexpr Did kDidSoftwareVersion = 0xF189;
inline constexpr Did kDidFingerprint = 0xF184;
inline constexpr Did kDidActiveSession = 0xF186;
inline constexpr Did kDidSerial = 0xF18C;
inline constexpr Did kDidVin = 0xF190;
inline constexpr Did kDidHardware = 0xF191;
inline constexpr Did kDidVersionReport = 0xF1A0;  ///< own: the signed version report
inline constexpr Did kDidStatus = 0xF1A1;         ///< own: slot, counters, last error, as JSON
inline constexpr Did kDidChallenge = 0xF1A2;      ///< own: nonce for the next version report
inline constexpr Did kDidTimeNonce = 0xF1A3;      ///< own: new nonce for an attestation of the time

using RoutineId = std::uint16_t;
inline constexpr RoutineId kRoutineErase = 0xFF00;
inline constexpr RoutineId kRoutineMarkTry = 0xFF01;  ///< check dependencies; boots once on trial
inline constexpr RoutineId kRoutineCheckMemory = 0x0202;  ///< the ECU verifies the image by itself
inline constexpr RoutineId kRoutinePreconditions = 0x0203;
inline constexpr RoutineId kRoutineConfirm = 0x0204;  ///< what is on trial is to stay
inline constexpr RoutineId kRoutineDiscard = 0x0205;  ///< what is on trial is not to stay
/// Record of kRoutineMarkTry: the trial is held until it is confirmed or discarded.
inline constexpr std::uint8_t kHeldTrial = 1;

/// The service answers with its id plus this.
inline constexpr std::uint8_t kPositive = 0x40;
inline constexpr std::uint8_t kNegativeSid = 0x7F;
inline constexpr std::uint8_t kSuppressBit = 0x80;

// --- requests --------------------------------------------------------------------------------
Bytes encode_simple(Sid sid, ByteView data);
Bytes encode_subfunction(Sid sid, std::uint8_t subfunction, ByteView data = {});
Bytes encode_read(Did did);
Bytes encode_write(Did did, ByteView value);
Bytes encode_routine(std::uint8_t type, RoutineId routine, ByteView record = {});

/// Where an ECU that verifies takes the Director's metadata; an image is at 0.
inline constexpr std::uint64_t kMetadataAddress = 1;
/// Data format of a coded image (../coding): compressed, and perhaps encrypted. The size is then
/// that of the coded bytes.
inline constexpr std::uint8_t kCodedFormat = 0x11;

struct Download {
  std::uint8_t format = 0;  ///< high nibble compression, low nibble encryption; 0: neither
  std::uint64_t address = 0;
  std::uint64_t size_bytes = 0;
  friend bool operator==(const Download&, const Download&) = default;
};
/// With 4 bytes of address and 4 of size.
Bytes encode_download(const Download& download);
/// The bytes behind the service id. nullopt: wrong length, or widths other than 1..8.
std::optional<Download> decode_download(ByteView data);

Bytes encode_transfer(std::uint8_t block_counter, ByteView data);

// --- responses -------------------------------------------------------------------------------
Bytes encode_negative(std::uint8_t sid, Nrc nrc);
/// `74 LFID maxNumberOfBlockLength`, 4 bytes wide.
Bytes encode_download_response(std::uint32_t max_block_bytes);

struct Response {
  std::uint8_t sid = 0;    ///< of the request that is answered
  std::optional<Nrc> nrc;  ///< nullopt: positive
  Bytes data;              ///< behind the service id
};
/// nullopt if the bytes are no response at all: empty, a request, or a 7F that is not 3 bytes long.
std::optional<Response> decode_response(ByteView bytes);
/// maxNumberOfBlockLength from the data of a positive response to 34; nullopt if malformed or
/// below 3.
std::optional<std::uint64_t> decode_download_response(ByteView data);

/// Big-endian number of up to 8 bytes.
std::uint64_t number_in(ByteView bytes);
void append_number(Bytes& out, std::uint64_t value, int width_bytes);

}  // namespace gatehouse::uds

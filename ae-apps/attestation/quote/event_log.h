#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/attestation/quote/pcr_values.h"

namespace gatehouse::attest {

/// One entry of an event log, whatever its format: something that was extended into one PCR.
struct Measurement {
  std::size_t number = 0;  ///< in its log, from 0
  unsigned pcr = 0;
  std::string kind;  ///< "EV_SEPARATOR", "ima-ng", "ecu": not protected by the PCR unless `bound`
  std::string name;  ///< the file's path, or the event's text, printable
  std::map<HashAlg, Bytes> digests;  ///< extended, by bank
  Bytes content;                     ///< the event itself
  /// The file's own hash, which a white list knows; of an event without a file its digest.
  std::optional<std::pair<HashAlg, Bytes>> measured;
  /// The digests follow from the content, kind and name included.
  bool bound = false;
};

enum class LogFormat : std::uint8_t {
  kBoot,       ///< TCG PC Client, crypto agile
  kImaBinary,  ///< Linux IMA, binary_runtime_measurements of template ima-ng
  kImaAscii,   ///< Linux IMA, ascii_runtime_measurements of template ima-ng
  kCel,        ///< TCG Canonical Event Log, TLV, content kOwnContent
};

struct EventLog {
  LogFormat format = LogFormat::kBoot;
  std::vector<Measurement> entries;
  unsigned startup_locality = 0;  ///< of a boot log: PCR 0 begins with it
};

/// The format is told by the first bytes. Any entry whose digest does not follow from its content
/// where it must, of an unknown kind or template, or that is cut off, refuses the whole log and is
/// named. Errors: kBadRequest, "log: entry 3 (/bin/sh): …".
Result<EventLog> parse_event_log(ByteView bytes);

Result<EventLog> parse_boot_log(ByteView bytes);
Result<EventLog> parse_ima_binary(ByteView bytes);
Result<EventLog> parse_ima_ascii(std::string_view text);
Result<EventLog> parse_cel(ByteView bytes);

constexpr std::size_t kMaxLogBytes = 64u << 20;
constexpr std::size_t kMaxLogEntries = 1'000'000;
constexpr unsigned kImaPcr = 10;

/// What a log's reader says of the entry that it refuses.
Error bad_entry(std::size_t number, std::string_view name, const std::string& reason);

/// Template data of ima-ng: what is hashed and extended. Source: Linux Documentation, IMA
/// templates.
Bytes ima_template_data(HashAlg alg, ByteView file_digest, std::string_view path);
/// A line of an ascii log for a file, with what is extended into the SHA-256 bank.
struct ImaEntry {
  std::string ascii_line;
  Bytes binary;
  std::map<HashAlg, Bytes> digests;
};
ImaEntry make_ima_entry(HashAlg alg, ByteView file_digest, std::string_view path,
                        unsigned pcr = kImaPcr);

/// Content type of our own events in a canonical log: JSON with a member "type".
constexpr std::uint8_t kOwnContent = 80;
/// A record of a canonical log, and the digests to extend. The digest covers the content with its
/// type and length. Source: TCG Canonical Event Log Format clause 5 (TLV encoding).
struct CelEntry {
  Bytes record;
  std::map<HashAlg, Bytes> digests;
};
CelEntry make_cel_entry(std::uint64_t number, unsigned pcr, std::string_view json,
                        const std::vector<HashAlg>& banks);

}  // namespace gatehouse::attest

#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/image/version_report.h"
#include "cse/primitive/timestamp.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota_server {

inline constexpr std::size_t kMaxMessageBytes = 64 * 1024;
inline constexpr std::size_t kMaxReports = 64;  ///< in one message

/// What an ECU was sent and nobody should have sent, since its start: name and number. `boots`
/// tells one start from another.
using Disturbances = std::map<std::string, std::uint64_t>;
inline constexpr const char* kBoots = "boots";

/// One ECU's version report on its way; nothing of it is proven.
struct ReportEntry {
  std::string ecu, level;
  Disturbances disturbed;      ///< empty: not told
  image::SignedReport report;  ///< an empty algorithm: that of the registered key
};

/// Why an ECU gave no report, or no update.
struct Trouble {
  std::string ecu, stage, reason, version;
};

enum class Purpose : std::uint8_t { kInventory, kCompletion, kRefusal, kDelayed, kCheck };

/// One instance of ota-server/reports. Source: ae-apps/ota/README.md.
struct ReportMessage {
  std::string inquiry, vehicle;
  Purpose purpose = Purpose::kInventory;
  std::vector<ReportEntry> entries;
  bool offline = false;  ///< of an update from a bundle, of which the server knows no offer
  std::optional<Trouble> trouble;
  std::optional<Timestamp> until;  ///< kDelayed: what the vehicle waits for is given up then
};

/// The object that travelled as such or as its JSON text. Errors: kBadRequest.
Result<Value> message_object(const Value& content);

/// Any content gives a message or kBadRequest naming the member; a text is taken as the JSON of an
/// object. Texts for people are cut to 500 characters, and rid of control characters.
Result<ReportMessage> parse_report_message(const Value& content);

/// One instance of ota-server/commands.
struct Command {
  enum class Kind : std::uint8_t { kAsk, kOffer };
  Kind kind = Kind::kAsk;
  std::string vehicle;
  std::vector<std::string> ecus;  ///< kAsk: serial numbers; empty: all
  std::string image, ecu;         ///< kOffer
  bool force = false;
};
/// Errors: kBadRequest naming the member.
Result<Command> parse_command(const Value& content);

}  // namespace gatehouse::ota_server

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"
#include "cse/primitive/value.h"

namespace gatehouse::campaign {

/// Which vehicles. All that is said must hold; an empty filter holds for every vehicle.
struct Filter {
  std::vector<std::string> labels = {};    ///< the vehicle's resource has all of them
  std::vector<std::string> vehicles = {};  ///< is one of them: "/id-mn"
  std::vector<std::string> except = {};    ///< is none of them
  std::vector<std::string> versions = {};  ///< each ECU that is to be updated runs one of them
  std::vector<std::string> ecus = {};      ///< serial numbers; no other ECU is updated
  bool empty() const {
    return labels.empty() && vehicles.empty() && except.empty() && versions.empty() && ecus.empty();
  }
};

/// What a campaign demands of an ECU beside what the server demands for everybody.
struct Terms {
  bool allow_gateway_level = true;  ///< false: none for which its gateway signs
};

/// A part of the vehicles that is updated before the next part begins.
struct Stage {
  std::string name;
  Filter filter;                          ///< beside the campaign's
  std::optional<std::uint64_t> vehicles;  ///< at most so many
  std::optional<unsigned> percent;        ///< at most so much of all vehicles of the campaign
  unsigned success_percent = 100;         ///< of its vehicles; then the next stage begins
  unsigned error_percent = 0;             ///< of its vehicles; with more failures it pauses
  std::chrono::seconds soak{0};           ///< from its success to the next stage
  bool hold = false;                      ///< after its success the campaign waits for "resume"
};

/// A time of day in UTC; `from` may be later than `to`: over midnight.
struct Window {
  int from_minute = 0, to_minute = 0;
  bool holds(Timestamp now) const;
};

/// What somebody wants to be rolled out, as it was written.
struct Definition {
  static constexpr std::size_t kMaxImages = 64, kMaxStages = 32, kMaxNames = 10'000;
  static constexpr std::size_t kMaxBytes = 256 * 1024;

  std::string name;                 ///< names resources
  std::string author;               ///< who created it, as the CSE says
  std::vector<std::string> images;  ///< SHA-256 of files; one for each kind of hardware
  Filter filter;
  std::vector<Stage> stages;            ///< at least one; the last one takes the rest
  unsigned approvals = 1;               ///< different people beside the author
  unsigned attempts = 1;                ///< how often a vehicle is tried without somebody's "retry"
  std::uint64_t rate_per_minute = 600;  ///< vehicles that are told
  std::uint64_t max_open = 200;         ///< vehicles that are told and have not answered
  std::chrono::seconds answer_timeout{600};  ///< to the question what an ECU runs
  std::optional<Timestamp> start, end;
  std::optional<Window> window;
  Terms terms;
  Value source;  ///< all of it, with what only people read: user_information, compatibility
};

/// Any content gives a definition or kBadRequest with a text that begins with the member at fault:
/// "stages[0].percent: must be …". A text is taken as the JSON of an object. `author` is not part
/// of the content: nobody can write it.
Result<Definition> parse_definition(const Value& content, const std::string& author);

/// "approve", "pause" …: one instance of campaign-commands.
struct Command {
  enum class Kind : std::uint8_t { kDryRun, kApprove, kPause, kResume, kStop, kRetry };
  Kind kind = Kind::kDryRun;
  std::string campaign;
  std::string vehicle;  ///< kRetry: this one alone
  std::string reason;   ///< for the record
};
std::string_view name_of(Command::Kind kind);
/// Errors: kBadRequest, as above.
Result<Command> parse_command(const Value& content);

}  // namespace gatehouse::campaign

#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cse/core/cse.h"
#include "cse/primitive/schedule_entry.h"

namespace gatehouse::cmdh {

/// Numbers of the management objects that make a policy. Source: TS-0001 clause D.12.
inline constexpr std::int64_t kPolicy = 1011, kActivePolicy = 1012, kDefaults = 1013,
                              kDefaultCategory = 1014, kDefaultParameters = 1015, kLimits = 1016,
                              kAccessRules = 1017, kAccessRule = 1018, kBuffer = 1019;
/// m2m:stdEventCats; 0 stands for all others (m2m:eventCatWithDef).
inline constexpr std::int64_t kDefaultEvents = 0, kImmediate = 2, kBestEffort = 3, kLatest = 4;
inline constexpr std::int64_t kInfinite = -1;  ///< milliseconds

/// [cmdhDefEcValue]: the event category of requests that say none.
struct DefaultCategory {
  std::int64_t order = 0, category = kBestEffort;
  std::vector<std::string> origins;
};

/// [cmdhEcDefParamValues]: milliseconds from the originating timestamp.
struct DefaultParameters {
  std::vector<std::int64_t> categories;
  std::int64_t request_expiration = kInfinite, result_expiration = kInfinite, execution = 0,
               persistence = 0;
  bool aggregation = false;
};

/// [cmdhLimits]: what an originator may ask for; milliseconds from the originating timestamp.
struct Limits {
  struct Range {
    std::int64_t least = 0, most = kInfinite;
  };
  std::int64_t order = 0;
  std::vector<std::string> origins;
  std::vector<std::int64_t> categories;
  Range request_expiration, result_expiration, execution, persistence;
  std::vector<bool> aggregation;
};

/// [cmdhNwAccessRule]: when a network may be used, and how.
struct AccessRule {
  std::vector<ScheduleEntry> schedule;  ///< empty: always
  std::int64_t least_bytes = 0;         ///< to be gathered first
  std::int64_t spread_ms = 0;           ///< of the first use after it opens
  bool backs_off = false;
  std::int64_t first_pause_ms = 0, more_pause_ms = 0, longest_pause_ms = 0;
};
struct AccessRules {
  std::vector<std::int64_t> categories;
  std::vector<AccessRule> rules;
};

/// [cmdhBuffer]: what may wait.
struct Buffer {
  std::vector<std::int64_t> categories;
  std::int64_t most_bytes = 0, priority = 1;
};

/// The active [cmdhPolicy] of this CSE with all that it links to.
struct Policy {
  std::vector<DefaultCategory> default_categories;
  std::vector<DefaultParameters> default_parameters;
  std::vector<Limits> limits;
  std::vector<AccessRules> access_rules;
  std::vector<Buffer> buffers;

  /// The one that names the category, else the one for all others; null: there is neither.
  template <class Entry>
  static const Entry* of_category(const std::vector<Entry>& entries, std::int64_t category) {
    for (const std::int64_t wanted : {category, kDefaultEvents}) {
      for (const Entry& entry : entries) {
        for (const std::int64_t one : entry.categories) {
          if (one == wanted) return &entry;
        }
      }
    }
    return nullptr;
  }
};

/// The policy that the [activeCmdhPolicy] below the <node> of this CSE links to; nullopt: there is
/// none. The node is the one whose hostedCSELink is this CSE. Links that lead nowhere are left out.
/// Errors: the store's.
Result<std::optional<Policy>> active_policy(Cse& cse);

/// Does a change of the resource concern any policy?
bool is_part_of_policy(const Resource& resource);

}  // namespace gatehouse::cmdh

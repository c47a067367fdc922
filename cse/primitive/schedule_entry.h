#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse {

/// One m2m:scheduleEntry: a pattern of seven fields, "second minute hour day-of-month month
/// day-of-week year", in UTC. A field is `*`, or a list with ',' of numbers, ranges ("8-20") and
/// stepped ranges ("0-23/2", "*/10"). A moment is covered if all seven fields match; day-of-week 0
/// is Sunday. Example: "* 0-5 2,6,10 * * * *". Source: TS-0004 clause 7.4.9.1, table 7.4.9.1-4.
class ScheduleEntry {
 public:
  /// Errors: kBadRequest naming the field and its rule: `hour "24": must be 0 to 23`.
  static Result<ScheduleEntry> parse(std::string_view text);

  bool covers(Timestamp time) const;
  /// The first whole second, not before `from`, that is covered; `from` itself if it is. nullopt:
  /// none in the 400 years (one cycle of the calendar) behind it.
  std::optional<Timestamp> next_covered(Timestamp from) const;

  friend bool operator==(const ScheduleEntry&, const ScheduleEntry&) = default;

 private:
  struct Years {  ///< low, low + step … up to high
    int low, high, step;
    friend bool operator==(const Years&, const Years&) = default;
  };
  bool covers_year(int year) const;

  std::uint64_t seconds_ = 0, minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;
  std::vector<Years> years_;
};

/// Is the moment covered by at least one of the entries? A malformed entry covers nothing.
bool any_entry_covers(const std::vector<std::string>& entries, Timestamp time);

}  // namespace gatehouse

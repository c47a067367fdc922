#pragma once
#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::gateway {

/// What the vehicle says about itself. Whatever is not said is not known, and not known is not fit.
struct VehicleStatus {
  std::optional<bool> parked, ignition;
  std::optional<std::int64_t> battery_percent, celsius;
};

/// `{"parked": true, "ignition": true, "battery_percent": 80, "celsius": 20}`, written by whoever
/// in the vehicle knows it. Any content gives a status; what cannot be read is not known.
VehicleStatus parse_vehicle_status(std::string_view text);

/// What must hold before an ECU is written.
struct Preconditions {
  std::string status_file;       ///< read anew for each look; empty: nothing is asked for
  bool parked = true;            ///< must be
  std::optional<bool> ignition;  ///< must be on, or off
  std::int64_t least_battery_percent = 0;
  std::int64_t least_celsius = -40, most_celsius = 85;
  std::chrono::seconds patience{24 * 3600};  ///< then the update is given up
};

/// When the vehicle may be updated, by its own clock on the wall. A window may pass midnight; the
/// day is the one on which it opens.
struct MaintenanceWindow {
  std::chrono::minutes opens{0}, closes{0};  ///< after midnight; equal: the whole day
  std::chrono::minutes utc_offset{0};        ///< of that clock, if it has no zone
  bool local = false;  ///< the clock is that of the zone of this process, with daylight saving
  std::array<bool, 7> weekdays = {true, true, true, true, true, true, true};  ///< Sunday first
};

/// Why the vehicle is not fit; empty: it is.
std::string unfit(const Preconditions& rules, const VehicleStatus& status);
/// On the day on which an hour is left out, a window within it does not open; on the one on which
/// an hour comes twice, it is open twice.
bool is_open(const MaintenanceWindow& window, Timestamp now);
/// Makes a zone of IANA's ("Europe/Berlin") that of this process. At the start, before there are
/// threads. Errors: kBadRequest if the system's tzdata does not know it.
Result<void> use_time_zone(const std::string& name);
/// Whether the system's tzdata knows it.
bool is_time_zone(const std::string& name);
/// "22:00" as minutes after midnight.
std::optional<std::chrono::minutes> parse_clock(std::string_view text);

}  // namespace gatehouse::gateway

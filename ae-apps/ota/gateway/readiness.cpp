#include "ae-apps/ota/gateway/readiness.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::int64_t kMinutesOfDay = 24 * 60;
constexpr std::int64_t kMicrosecondsOfMinute = 60'000'000;
constexpr std::int64_t kSecondsOfMinute = 60;
constexpr const char* kZones = "/usr/share/zoneinfo/";
constexpr std::int64_t kFirstWeekday = 4;  // 1970-01-01 was a Thursday

std::string between(std::int64_t least, std::int64_t most) {
  return std::to_string(least) + " to " + std::to_string(most);
}

/// Euclidean: times before 1970 are times, too.
std::int64_t floor_of(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Minutes east of UTC in the zone of this process, at that moment.
std::int64_t local_offset(Timestamp now) {
  const auto seconds = static_cast<std::time_t>(floor_of(now.microseconds, kMicrosecondsOfMinute) *
                                                kSecondsOfMinute);
  std::tm local{};
  if (::localtime_r(&seconds, &local) == nullptr) return 0;
  return floor_of(local.tm_gmtoff, kSecondsOfMinute);
}

}  // namespace

VehicleStatus parse_vehicle_status(std::string_view text) {
  VehicleStatus out;
  const Result<Value> tree = parse_json(text, {.max_bytes = 16 * 1024, .max_depth = 4});
  if (!tree) return out;
  const auto truth = [&](const char* name) -> std::optional<bool> {
    const Value* value = tree->find(name);
    return value == nullptr ? std::nullopt : value->as_bool();
  };
  const auto whole = [&](const char* name) -> std::optional<std::int64_t> {
    const Value* value = tree->find(name);
    return value == nullptr ? std::nullopt : value->as_integer();
  };
  out.parked = truth("parked");
  out.ignition = truth("ignition");
  out.battery_percent = whole("battery_percent");
  out.celsius = whole("celsius");
  return out;
}

std::string unfit(const Preconditions& rules, const VehicleStatus& status) {
  if (rules.parked && !status.parked.value_or(false)) {
    return status.parked ? "the vehicle is moving"
                         : "it is not known whether the vehicle is parked";
  }
  if (rules.ignition && status.ignition != rules.ignition) {
    if (!status.ignition) return "it is not known whether the ignition is on";
    return *rules.ignition ? "the ignition is off" : "the ignition is on";
  }
  if (rules.least_battery_percent > 0 &&
      status.battery_percent.value_or(-1) < rules.least_battery_percent) {
    return status.battery_percent
               ? "the battery has " + std::to_string(*status.battery_percent) + " %, " +
                     std::to_string(rules.least_battery_percent) + " % are needed"
               : "the battery's charge is not known";
  }
  const bool any_temperature = rules.least_celsius <= -40 && rules.most_celsius >= 85;
  if (!any_temperature && !status.celsius) return "the temperature is not known";
  if (!any_temperature &&
      (*status.celsius < rules.least_celsius || *status.celsius > rules.most_celsius)) {
    return "it has " + std::to_string(*status.celsius) + " degrees; " +
           between(rules.least_celsius, rules.most_celsius) + " are allowed";
  }
  return {};
}

bool is_open(const MaintenanceWindow& window, Timestamp now) {
  const std::int64_t local = floor_of(now.microseconds, kMicrosecondsOfMinute) +
                             (window.local ? local_offset(now) : window.utc_offset.count());
  const std::int64_t day = floor_of(local, kMinutesOfDay);
  const std::int64_t minute = local - day * kMinutesOfDay;
  const auto allowed = [&](std::int64_t on) {
    const std::int64_t weekday = (on + kFirstWeekday) % 7;
    return window.weekdays[static_cast<std::size_t>(weekday < 0 ? weekday + 7 : weekday)];
  };
  const std::int64_t opens = window.opens.count();
  const std::int64_t closes = window.closes.count();
  if (opens == closes) return allowed(day);
  if (opens < closes) return allowed(day) && minute >= opens && minute < closes;
  return (minute >= opens && allowed(day)) || (minute < closes && allowed(day - 1));
}

bool is_time_zone(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '-' || c == '+';
  });
  if (name.empty() || !plain || name.front() == '/') return false;
  std::ifstream file(kZones + name, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "TZif";
}

/// The C library takes a zone that it does not know for UTC, so it is looked for first.
Result<void> use_time_zone(const std::string& name) {
  if (!is_time_zone(name)) {
    return fail(Rsc::kBadRequest, "time_zone: tzdata knows no zone \"" + name + "\"");
  }
  ::setenv("TZ", (":" + name).c_str(), 1);
  ::tzset();
  return {};
}

std::optional<std::chrono::minutes> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  int hours = -1;
  int minutes = -1;
  const auto h = std::from_chars(text.data(), text.data() + 2, hours);
  const auto m = std::from_chars(text.data() + 3, text.data() + 5, minutes);
  if (h.ptr != text.data() + 2 || m.ptr != text.data() + 5 || hours < 0 || hours > 23 ||
      minutes < 0 || minutes > 59) {
    return std::nullopt;
  }
  return std::chrono::minutes(hours * 60 + minutes);
}

}  // namespace gatehouse::gateway

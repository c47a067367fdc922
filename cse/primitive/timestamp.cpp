#include "cse/primitive/timestamp.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gatehouse {
namespace {

/// Exactly `count` decimal digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::string to_text(Timestamp time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time.microseconds)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  // By hand: every CREATE writes several of these.
  std::string text(22, 'T');
  const auto put = [&text](std::size_t at, int places, std::int64_t value) {
    for (int place = places - 1; place >= 0; --place, value /= 10) {
      text[at + static_cast<std::size_t>(place)] = static_cast<char>('0' + value % 10);
    }
  };
  put(0, 4, std::clamp(static_cast<int>(date.year()), 0, 9999));
  put(4, 2, static_cast<unsigned>(date.month()));
  put(6, 2, static_cast<unsigned>(date.day()));
  put(9, 2, clock.hours().count());
  put(11, 2, clock.minutes().count());
  put(13, 2, clock.seconds().count());
  text[15] = ',';
  put(16, 6, clock.subseconds().count());
  return text;
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 15 || text[8] != 'T') return std::nullopt;
  const auto y = digits(text, 0, 4), mo = digits(text, 4, 2), d = digits(text, 6, 2);
  const auto h = digits(text, 9, 2), mi = digits(text, 11, 2), s = digits(text, 13, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  const year_month_day date{year{*y}, month(static_cast<unsigned>(*mo)),
                            day(static_cast<unsigned>(*d))};
  if (!date.ok() || *h > 23 || *mi > 59 || *s > 59) return std::nullopt;
  microseconds fraction{0};
  if (text.size() > 15) {
    const std::size_t places = text.size() - 16;
    if (text[15] != ',' || places < 1 || places > 6) return std::nullopt;
    const auto value = digits(text, 16, places);
    if (!value) return std::nullopt;
    std::int64_t scaled = *value;
    for (std::size_t i = places; i < 6; ++i) scaled *= 10;
    fraction = microseconds(scaled);
  }
  const auto since_epoch =
      sys_days(date).time_since_epoch() + hours(*h) + minutes(*mi) + seconds(*s);
  return Timestamp{duration_cast<microseconds>(since_epoch).count() + fraction.count()};
}

std::optional<Timestamp> parse_abs_rel_timestamp(std::string_view text, Timestamp received) {
  if (auto absolute = parse_timestamp(text)) return absolute;
  if (auto span = parse_duration(text)) return received + *span;
  std::int64_t milliseconds = 0;
  const char* first = text.data();
  const char* last = text.data() + text.size();
  if (text.starts_with('+') && !text.starts_with("+-")) ++first;
  const auto [end, error] = std::from_chars(first, last, milliseconds);
  constexpr std::int64_t kHundredYears = std::int64_t{100} * 366 * 24 * 3600 * 1000;
  if (error != std::errc{} || end != last || first == last) return std::nullopt;
  if (milliseconds > kHundredYears || milliseconds < -kHundredYears) return std::nullopt;
  return received + std::chrono::milliseconds(milliseconds);
}

namespace {

/// One "12H" or "1.5S" of a duration; only seconds may have a fraction.
struct DurationPart {
  double number;
  char unit;
};
std::optional<DurationPart> take_part(std::string_view& text) {
  constexpr std::string_view kDigits = "0123456789";
  std::size_t end = text.find_first_not_of(kDigits);
  if (end == 0 || end == std::string_view::npos) return std::nullopt;
  if (text[end] == '.') {
    const std::size_t fraction = end + 1;
    end = text.find_first_not_of(kDigits, fraction);
    if (end == fraction || end == std::string_view::npos || text[end] != 'S') return std::nullopt;
  }
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + end, number);
  if (error != std::errc{} || rest != text.data() + end) return std::nullopt;
  const char unit = text[end];
  text.remove_prefix(end + 1);
  return DurationPart{number, unit};
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (!text.starts_with('P') || text.size() < 3) return std::nullopt;
  text.remove_prefix(1);
  constexpr std::string_view kUnits = "WDTHMS";  // the order in which they may stand
  constexpr double kSeconds[] = {7 * 86400, 86400, 0, 3600, 60, 1};
  std::size_t next = 0;
  double total_seconds = 0;
  while (!text.empty()) {
    if (text.front() == 'T' && next <= 2 && text.size() > 1) {
      next = 3;
      text.remove_prefix(1);
      continue;
    }
    const auto part = take_part(text);
    const std::size_t unit = part ? kUnits.find(part->unit, next) : std::string_view::npos;
    const bool in_time = next > 2;
    if (unit == std::string_view::npos || unit == 2 || (unit > 2) != in_time) {
      return std::nullopt;
    }
    total_seconds += part->number * kSeconds[unit];
    next = unit + 1;
  }
  if (total_seconds > 100.0 * 366 * 86400) return std::nullopt;
  const auto micros = std::llround(total_seconds * 1e6);
  return std::chrono::microseconds(negative ? -micros : micros);
}

}  // namespace gatehouse

#include "cse/primitive/schedule_entry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace gatehouse {
namespace {

/// Source: TS-0004 table 7.4.9.1-4.
struct FieldRule {
  std::string_view name;
  int low, high;
};
constexpr std::array<FieldRule, 7> kFields = {{{"second", 0, 59},
                                               {"minute", 0, 59},
                                               {"hour", 0, 23},
                                               {"day of the month", 1, 31},
                                               {"month", 1, 12},
                                               {"day of the week", 0, 6},
                                               {"year", 2000, 9999}}};
constexpr std::size_t kMaxElements = 100;  ///< of one field

struct Element {
  int low, high, step;
};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || error != std::errc{} ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// "*", "5", "1-5", "*/10", "0-23/2"; nullopt if it is none of them or outside of the field.
std::optional<Element> parse_element(std::string_view text, const FieldRule& rule) {
  Element element{rule.low, rule.high, 1};
  const std::size_t slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  if (slash != std::string_view::npos) {
    const auto step = number(text.substr(slash + 1));
    if (!step || *step < 1 || (range != "*" && range.find('-') == std::string_view::npos))
      return std::nullopt;
    element.step = *step;
  }
  if (range == "*") return element;
  const std::size_t dash = range.find('-');
  const auto first = number(range.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(range.substr(dash + 1));
  if (!first || !last || *first < rule.low || *last > rule.high || *first > *last)
    return std::nullopt;
  element.low = *first;
  element.high = *last;
  return element;
}

Result<std::vector<Element>> parse_field(std::string_view text, const FieldRule& rule) {
  std::vector<Element> elements;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const auto element = parse_element(rest.substr(0, comma), rule);
    if (!element || elements.size() == kMaxElements) {
      return fail(Rsc::kBadRequest,
                  std::string(rule.name) + " \"" + std::string(text.substr(0, 40)) +
                      "\": must be '*', or a list of numbers and ranges from " +
                      std::to_string(rule.low) + " to " + std::to_string(rule.high) +
                      ", a range or '*' maybe with a step (\"" + std::to_string(rule.low) + "-" +
                      std::to_string(rule.low + 4) + "/2\")");
    }
    elements.push_back(*element);
    if (comma == std::string_view::npos) return elements;
    rest.remove_prefix(comma + 1);
  }
}

std::uint64_t bits_of(const std::vector<Element>& elements) {
  std::uint64_t bits = 0;
  for (const Element& element : elements) {
    for (int value = element.low; value <= element.high; value += element.step)
      bits |= std::uint64_t{1} << value;
  }
  return bits;
}

template <class Number>
bool has(std::uint64_t bits, Number value) {
  return (bits >> static_cast<unsigned>(value) & 1) != 0;
}

using Seconds = std::chrono::sys_seconds;

}  // namespace

Result<ScheduleEntry> ScheduleEntry::parse(std::string_view text) {
  ScheduleEntry entry;
  const std::array<std::uint64_t*, 6> sets = {&entry.seconds_, &entry.minutes_, &entry.hours_,
                                              &entry.days_,    &entry.months_,  &entry.weekdays_};
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) {
      return fail(Rsc::kBadRequest,
                  "must have seven fields (second minute hour day-of-month month "
                  "day-of-week year), not " +
                      std::to_string(i));
    }
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find(' '), text.size());
    auto elements = parse_field(text.substr(0, end), kFields[i]);
    if (!elements) return fail(elements.error());
    text.remove_prefix(end);
    if (i < sets.size()) {
      *sets[i] = bits_of(*elements);
      continue;
    }
    for (const Element& element : *elements)
      entry.years_.push_back({element.low, element.high, element.step});
  }
  if (text.find_first_not_of(' ') != std::string_view::npos)
    return fail(Rsc::kBadRequest, "must have seven fields, not more");
  return entry;
}

bool ScheduleEntry::covers_year(int year) const {
  return std::any_of(years_.begin(), years_.end(), [year](const Years& years) {
    return year >= years.low && year <= years.high && (year - years.low) % years.step == 0;
  });
}

bool ScheduleEntry::covers(Timestamp time) const {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time.microseconds)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  return has(seconds_, clock.seconds().count()) && has(minutes_, clock.minutes().count()) &&
         has(hours_, clock.hours().count()) && has(days_, static_cast<unsigned>(date.day())) &&
         has(months_, static_cast<unsigned>(date.month())) &&
         has(weekdays_, weekday(day).c_encoding()) && covers_year(static_cast<int>(date.year()));
}

std::optional<Timestamp> ScheduleEntry::next_covered(Timestamp from) const {
  using namespace std::chrono;
  if (covers(from)) return from;
  const Seconds start = ceil<seconds>(sys_time<microseconds>(microseconds(from.microseconds)));
  const int first_year = static_cast<int>(year_month_day{floor<days>(start)}.year());
  int years = 0;
  // Years, then months, then days, then hours …: from the coarse to the fine, so that what does not
  // match is stepped over at once.
  for (int at_year = std::max(first_year, kFields[6].low);
       at_year <= kFields[6].high && years <= 400; ++at_year) {
    if (!covers_year(at_year)) continue;
    ++years;
    const sys_days end = sys_days{year{at_year + 1} / January / 1};
    sys_days day = std::max(sys_days{year{at_year} / January / 1}, floor<days>(start));
    while (day < end) {
      const year_month_day date{day};
      if (!has(months_, static_cast<unsigned>(date.month()))) {
        day = sys_days{(date.year() / date.month() + months{1}) / 1};
        continue;
      }
      if (has(days_, static_cast<unsigned>(date.day())) &&
          has(weekdays_, weekday(day).c_encoding())) {
        for (Seconds at = std::max(Seconds{day}, start); at < day + days{1};) {
          const hh_mm_ss clock{at - day};
          if (!has(hours_, clock.hours().count())) {
            at = day + clock.hours() + hours{1};
          } else if (!has(minutes_, clock.minutes().count())) {
            at = day + clock.hours() + clock.minutes() + minutes{1};
          } else if (!has(seconds_, clock.seconds().count())) {
            at += seconds{1};
          } else {
            return Timestamp{duration_cast<microseconds>(at.time_since_epoch()).count()};
          }
        }
      }
      day += days{1};
    }
  }
  return std::nullopt;
}

bool any_entry_covers(const std::vector<std::string>& entries, Timestamp time) {
  return std::any_of(entries.begin(), entries.end(), [time](const std::string& text) {
    const auto entry = ScheduleEntry::parse(text);
    return entry && entry->covers(time);
  });
}

}  // namespace gatehouse

#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

/// A point of time in UTC, in microseconds since 1970-01-01.
/// On the wire `YYYYMMDDThhmmss[,f{1,6}]`. Source: TS-0004 clause 6.3.3 (m2m:timestamp).
struct Timestamp {
  std::int64_t microseconds = 0;

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
  friend Timestamp operator+(Timestamp t, std::chrono::microseconds d) {
    return {t.microseconds + d.count()};
  }
  friend Timestamp operator-(Timestamp t, std::chrono::microseconds d) {
    return {t.microseconds - d.count()};
  }
  friend std::chrono::microseconds operator-(Timestamp a, Timestamp b) {
    return std::chrono::microseconds(a.microseconds - b.microseconds);
  }
};

/// `20261121T120000,123456`; the fraction is always six digits, so texts sort as the times do.
std::string to_text(Timestamp time);

/// nullopt unless the text is exactly an m2m:timestamp with a real calendar date.
std::optional<Timestamp> parse_timestamp(std::string_view text);

/// An m2m:absRelTimestamp: a timestamp, or a signed number of milliseconds relative to `received`.
/// Source: TS-0004 clause 6.3.3. DEVIATION: an xs:duration ("PT10S") is understood as relative time
/// too: clients in the field send it, and it can mean nothing else.
std::optional<Timestamp> parse_abs_rel_timestamp(std::string_view text, Timestamp received);

/// An xs:duration without years and months ("PT10S", "P1DT2H"); those have no fixed length.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

}  // namespace gatehouse

// The contexts of access control rules: time windows and addresses.
#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "cse/core/access_control.h"

namespace gatehouse {
namespace {

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One field of a schedule entry: "*", "5", "1-5", "*/10", "1-30/2", and lists of them with ','.
bool field_covers(std::string_view field, int value) {
  while (!field.empty()) {
    const std::size_t comma = std::min(field.find(','), field.size());
    std::string_view part = field.substr(0, comma);
    field.remove_prefix(std::min(comma + 1, field.size()));
    int step = 1;
    if (const std::size_t slash = part.find('/'); slash != std::string_view::npos) {
      step = number(part.substr(slash + 1)).value_or(0);
      part = part.substr(0, slash);
      if (step <= 0) return false;
    }
    int low = 0, high = 9999;
    if (part != "*") {
      const std::size_t dash = part.find('-');
      const auto first = number(part.substr(0, dash));
      const auto last = dash == std::string_view::npos ? first : number(part.substr(dash + 1));
      if (!first || !last) return false;
      low = *first;
      high = *last;
    }
    if (value >= low && value <= high && (value - low) % step == 0) return true;
  }
  return false;
}

struct IpAddress {
  std::array<unsigned char, 16> bytes{};
  int bits = 0;  ///< 32 or 128
};

std::optional<IpAddress> parse_ip(const std::string& text) {
  IpAddress address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
    return address;
  }
  return std::nullopt;
}

}  // namespace

bool schedule_covers(std::string_view entry, Timestamp time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time.microseconds)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  const std::array<int, 7> now = {static_cast<int>(clock.seconds().count()),
                                  static_cast<int>(clock.minutes().count()),
                                  static_cast<int>(clock.hours().count()),
                                  static_cast<int>(static_cast<unsigned>(date.day())),
                                  static_cast<int>(static_cast<unsigned>(date.month())),
                                  static_cast<int>(weekday(day).c_encoding()),
                                  static_cast<int>(date.year())};
  for (const int value : now) {
    const std::size_t start = entry.find_first_not_of(' ');
    if (start == std::string_view::npos) return false;  // fewer than seven fields
    entry.remove_prefix(start);
    const std::size_t end = std::min(entry.find(' '), entry.size());
    if (!field_covers(entry.substr(0, end), value)) return false;
    entry.remove_prefix(end);
  }
  return entry.find_first_not_of(' ') == std::string_view::npos;
}

bool address_in_list(const std::vector<std::string>& entries, const std::string& address) {
  const auto wanted = parse_ip(address);
  if (!wanted) return false;
  for (const std::string& entry : entries) {
    const std::size_t slash = entry.find('/');
    const auto network = parse_ip(entry.substr(0, slash));
    if (!network || network->bits != wanted->bits) continue;
    int bits = network->bits;
    if (slash != std::string::npos)
      bits = number(std::string_view(entry).substr(slash + 1)).value_or(-1);
    if (bits < 0 || bits > network->bits) continue;
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (std::memcmp(network->bytes.data(), wanted->bytes.data(), whole) != 0) continue;
    const int rest = bits % 8;
    const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
    if (rest == 0 || (network->bytes[whole] & mask) == (wanted->bytes[whole] & mask)) return true;
  }
  return false;
}

}  // namespace gatehouse

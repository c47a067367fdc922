#include "cse/core/id_generator.h"

#include <algorithm>

namespace gatehouse {

namespace {
constexpr std::int64_t kYear2020Microseconds = 1'577'836'800'000'000;
constexpr std::size_t kDigitsOfOrder = 13;  // of five bits

char digit_of(std::int64_t order, std::size_t place) {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";  // sorts as ASCII
  return kDigits[(order >> (5 * (kDigitsOfOrder - 1 - place))) & 31];
}
}  // namespace

std::int64_t IdGenerator::next_order() {
  const std::int64_t now =
      std::max<std::int64_t>(clock_.now().microseconds - kYear2020Microseconds, 1);
  const std::lock_guard lock(mutex_);
  last_ = std::max(now, last_ + 1);
  return (last_ << 10) | process_part_;
}

std::int64_t IdGenerator::first_order_at(Timestamp time) {
  constexpr std::int64_t kLast = INT64_MAX >> 10;
  const std::int64_t since = time.microseconds - kYear2020Microseconds;
  return std::clamp<std::int64_t>(since, 0, kLast) << 10;
}

Timestamp IdGenerator::time_of(std::int64_t order) {
  return {(order >> 10) + kYear2020Microseconds};
}

void IdGenerator::stay_above(std::int64_t order) {
  const std::lock_guard lock(mutex_);
  last_ = std::max(last_, order >> 10);
}

std::string IdGenerator::identifier(std::string_view prefix, std::int64_t order) {
  std::string text;
  text.reserve(prefix.size() + kDigitsOfOrder);
  text += prefix;
  for (std::size_t i = 0; i < kDigitsOfOrder; ++i) text.push_back(digit_of(order, i));
  return text;
}

bool IdGenerator::is_made_of(std::string_view id, std::int64_t order) {
  if (id.size() < kDigitsOfOrder) return false;
  const std::string_view digits = id.substr(id.size() - kDigitsOfOrder);
  for (std::size_t i = kDigitsOfOrder; i-- > 0;) {  // the last ones differ most
    if (digits[i] != digit_of(order, i)) return false;
  }
  return true;
}

}  // namespace gatehouse

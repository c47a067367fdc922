#include "cse/core/id_generator.h"

#include <algorithm>

namespace gatehouse {

namespace {
constexpr std::int64_t kYear2020Microseconds = 1'577'836'800'000'000;
}

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
  static constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";  // sorts as ASCII
  std::string text(prefix);
  for (int shift = 60; shift >= 0; shift -= 5) text.push_back(kDigits[(order >> shift) & 31]);
  return text;
}

}  // namespace gatehouse

#include "ae-apps/ota/gateway/download_limits.h"

#include <algorithm>
#include <cmath>

namespace gatehouse::gateway {

using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kSavedUpBytes = 64u << 10;  ///< one block

}  // namespace

milliseconds TokenBucket::take(std::uint64_t bytes, milliseconds now) {
  if (per_second_ == 0) return milliseconds(0);
  const auto rate = static_cast<double>(per_second_) / 1000.0;
  if (last_.count() >= 0 && now > last_) {
    tokens_ = std::min(static_cast<double>(most_),
                       tokens_ + rate * static_cast<double>((now - last_).count()));
  }
  last_ = now;
  tokens_ -= static_cast<double>(bytes);
  if (tokens_ >= 0) return milliseconds(0);
  return milliseconds(static_cast<std::int64_t>(std::ceil(-tokens_ / rate)));
}

DownloadLimits::DownloadLimits(Settings settings, Clock clock, Pause pause)
    : rate_(settings.least),
      bucket_(settings.most_bytes_per_second, kSavedUpBytes),
      clock_(std::move(clock)),
      pause_(std::move(pause)),
      start_(clock_()) {}

bool DownloadLimits::block(std::uint64_t total) {
  too_slow_ = rate_.too_slow(total, clock_() - start_ - waited_);
  if (too_slow_) return false;
  const milliseconds wait = bucket_.take(total - std::min(total, seen_), clock_());
  seen_ = total;
  if (wait.count() == 0) return true;
  const milliseconds before = clock_();
  const bool go_on = pause_(wait);
  waited_ += clock_() - before;
  return go_on;
}

}  // namespace gatehouse::gateway

#include "ae-apps/ota/download/download_limits.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace gatehouse::ota {

using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kSavedUpBytes = 64u << 10;  ///< one block

milliseconds steady_now() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

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

DownloadWatch::DownloadWatch(Settings settings, const std::atomic<bool>& stopping,
                             DownloadLimits::Clock clock, DownloadLimits::Pause pause)
    : settings_(std::move(settings)),
      stopping_(stopping),
      limits_(settings_.rate, clock ? std::move(clock) : DownloadLimits::Clock(steady_now),
              pause ? std::move(pause) : DownloadLimits::Pause([&stopping](milliseconds wait) {
                return pause_unless(stopping, wait);
              })) {}

bool DownloadWatch::fits(std::uint64_t bytes) const {
  full_ = !has_room(settings_.folder, settings_.min_free_bytes + bytes);
  return !full_;
}

bool DownloadWatch::block(std::uint64_t bytes, std::uint64_t total) {
  if (!fits(total - std::min(total, bytes))) return false;
  if (!first_ || *first_ > bytes) first_ = bytes;
  return !stopping_ && limits_.block(bytes - *first_);
}

std::optional<Error> DownloadWatch::refusal() const {
  if (full_) return Error{Rsc::kNotAcceptable, "there is not enough free space left"};
  if (!limits_.too_slow()) return std::nullopt;
  return Error{Rsc::kRequestTimeout,
               "slow-retrieval: the image came slower than " +
                   std::to_string(settings_.rate.least.least_bytes_per_second) + " bytes a second"};
}

bool has_room(const std::filesystem::path& folder, std::uint64_t bytes) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  return !error && space.available >= bytes;
}

bool pause_unless(const std::atomic<bool>& stopping, milliseconds wait) {
  constexpr milliseconds kSlice{50};
  for (; wait.count() > 0 && !stopping; wait -= kSlice) {
    std::this_thread::sleep_for(std::min(wait, kSlice));
  }
  return !stopping;
}

}  // namespace gatehouse::ota

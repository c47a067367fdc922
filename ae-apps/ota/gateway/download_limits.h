#pragma once
#include <functional>
#include <string>

#include "ae-apps/ota/uptane/download_rate.h"

namespace gatehouse::gateway {

/// How many bytes may pass, as tokens that come at a steady rate; some may be saved up. Decides on
/// the time that it is told.
class TokenBucket {
 public:
  /// `per_second` 0: no limit. The bucket is full at first.
  TokenBucket(std::uint64_t per_second, std::uint64_t saved_up)
      : per_second_(per_second), most_(saved_up), tokens_(static_cast<double>(saved_up)) {}

  /// So many bytes passed; for how long nothing more may.
  std::chrono::milliseconds take(std::uint64_t bytes, std::chrono::milliseconds now);

 private:
  const std::uint64_t per_second_;
  const std::uint64_t most_;
  double tokens_;
  std::chrono::milliseconds last_{-1};
};

/// Watches one download: never faster than allowed, so that others on the line have room, and never
/// so slow that it is an attack (slow retrieval). The waiting for the cap does not count as slow.
class DownloadLimits {
 public:
  struct Settings {
    std::uint64_t most_bytes_per_second = 0;  ///< 0: no cap
    uptane::DownloadRate::Settings least{1024, std::chrono::seconds(30), std::chrono::hours(6)};
  };
  using Clock = std::function<std::chrono::milliseconds()>;
  /// Waits; false: give up.
  using Pause = std::function<bool(std::chrono::milliseconds)>;
  DownloadLimits(Settings settings, Clock clock, Pause pause);

  /// `total`: bytes that came since the download began or went on. False: too slow, or told to give
  /// up.
  bool block(std::uint64_t total);
  bool too_slow() const { return too_slow_; }

 private:
  const uptane::DownloadRate rate_;
  TokenBucket bucket_;
  const Clock clock_;
  const Pause pause_;
  const std::chrono::milliseconds start_;
  std::chrono::milliseconds waited_{0};
  std::uint64_t seen_ = 0;
  bool too_slow_ = false;
};

}  // namespace gatehouse::gateway

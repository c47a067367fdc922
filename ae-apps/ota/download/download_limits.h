#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>

#include "ae-apps/ota/uptane/download_rate.h"
#include "cse/primitive/result.h"

namespace gatehouse::ota {

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

/// Watches one download onto a disk: DownloadLimits, and room that has to be left.
class DownloadWatch {
 public:
  struct Settings {
    DownloadLimits::Settings rate;
    std::filesystem::path folder;      ///< on the disk that it comes to
    std::uint64_t min_free_bytes = 0;  ///< left there once all has come
  };
  /// Empty: the system's clock, a pause that `stopping` ends.
  DownloadWatch(Settings settings, const std::atomic<bool>& stopping,
                DownloadLimits::Clock clock = {}, DownloadLimits::Pause pause = {});

  /// Whether so many bytes fit.
  bool fits(std::uint64_t bytes) const;
  /// What was there before it began, where that is known; else the first block counts as such.
  void goes_on_from(std::uint64_t bytes) { first_ = bytes; }
  /// So many bytes of `total` are there, also those of an earlier try. May wait. False: it ends
  /// here; see refusal().
  bool block(std::uint64_t bytes, std::uint64_t total);
  /// Why block() or fits() ended it: kRequestTimeout (slow-retrieval), kNotAcceptable (no room).
  /// nullopt: they did not.
  std::optional<Error> refusal() const;

 private:
  const Settings settings_;
  const std::atomic<bool>& stopping_;
  DownloadLimits limits_;
  std::optional<std::uint64_t> first_;  ///< bytes that were there before
  mutable bool full_ = false;
};

/// Whether so many bytes are free on the disk of `folder`.
bool has_room(const std::filesystem::path& folder, std::uint64_t bytes);

/// In slices, so that a stop is heard. False: it was stopped.
bool pause_unless(const std::atomic<bool>& stopping, std::chrono::milliseconds wait);

}  // namespace gatehouse::ota

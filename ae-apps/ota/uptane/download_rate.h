#pragma once
#include <chrono>
#include <cstdint>

namespace gatehouse::uptane {

/// Tells slow retrieval from a bad minute: after the grace time a download must have come, on
/// average since it began, at the least rate; and it must end in time. Decides on what it is told;
/// whoever downloads asks after each piece. Source: Uptane standard 2.1 section 4.3.2.
class DownloadRate {
 public:
  struct Settings {
    std::uint64_t least_bytes_per_second = 1024;
    std::chrono::seconds grace{30};
    std::chrono::seconds longest{6 * 3600};
  };
  explicit DownloadRate(Settings settings) : settings_(settings) {}

  bool too_slow(std::uint64_t bytes_so_far, std::chrono::milliseconds since_start) const {
    if (since_start > settings_.longest) return true;
    if (since_start <= settings_.grace) return false;
    const auto milliseconds = static_cast<std::uint64_t>(since_start.count());
    return bytes_so_far * 1000 / milliseconds < settings_.least_bytes_per_second;
  }

 private:
  Settings settings_;
};

}  // namespace gatehouse::uptane

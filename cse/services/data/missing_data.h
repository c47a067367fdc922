#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "cse/core/resource.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse {

/// What a <timeSeries> looks for. Source: TS-0001 clause 10.2.4.28 and table 9.6.36-2.
struct DetectionSettings {
  std::chrono::microseconds period;     ///< periodicInterval
  std::chrono::microseconds tolerance;  ///< periodicIntervalDelta
  std::chrono::microseconds patience;   ///< missingDataDetectTimer

  /// nullopt: nothing is looked for (missingDataDetect, periodicInterval or the timer is absent).
  static std::optional<DetectionSettings> of(const Value& series);
};

/// Which data points of a series have come, and which have not come in time.
///
/// The first instance since the detection was switched on has the dataGenerationTime d0. Point N is
/// the instance whose dataGenerationTime is in (d0 + N·period - tolerance, d0 + N·period +
/// tolerance]; it is missing if it has not come until d0 + N·period + patience. An instance that
/// says it was generated later than now (by more than the tolerance) is none of the points: nothing
/// can have been measured yet.
///
/// Kept with the series as `{"next":1700000000000000,"early":[2]}`: the expected time of the first
/// undecided point in microseconds, and which behind it are there already (1: the next but one …).
class MissingDataDetector {
 public:
  /// `kept`: what to_value() gave, or null before the first instance.
  MissingDataDetector(DetectionSettings settings, const Value& kept);

  /// An instance has come.
  void arrived(Timestamp generation_time, Timestamp now);
  /// The expected times of the points that are missing now and were not before, oldest first; at
  /// most kMaxAtOnce, the newest of them. All points in time are decided afterwards.
  std::vector<Timestamp> decide(Timestamp now);
  /// When the next point is missing if it does not come; nullopt before the first instance.
  std::optional<Timestamp> deadline() const;
  Value to_value() const;

  static constexpr std::int64_t kMaxAtOnce = 1'000;
  static constexpr std::size_t kMaxEarly = 1'000;  ///< points behind a missing one that are kept

 private:
  void next_point();

  const DetectionSettings settings_;
  std::optional<Timestamp> next_;
  std::vector<std::int64_t> early_;  ///< of points behind `next_`, 0 for itself
};

}  // namespace gatehouse

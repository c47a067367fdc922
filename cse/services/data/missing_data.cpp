#include "cse/services/data/missing_data.h"

#include <algorithm>

namespace gatehouse {
namespace {

std::optional<std::chrono::microseconds> milliseconds_at(const Value& series, const char* name) {
  const Value* value = series.find(name);
  const auto number = value ? value->as_integer() : std::nullopt;
  // Beyond a thousand years nothing is waited for, and sums stay in range.
  constexpr std::int64_t kMost = 31'557'600'000'000;
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(*number, 0, kMost));
}

}  // namespace

std::optional<DetectionSettings> DetectionSettings::of(const Value& series) {
  const auto period = milliseconds_at(series, "pei");
  const auto patience = milliseconds_at(series, "mdt");
  if (!series.bool_at("mdd") || !period || period->count() == 0 || !patience) return std::nullopt;
  const auto tolerance = milliseconds_at(series, "peid");
  return DetectionSettings{*period, tolerance.value_or(*period / 2), *patience};
}

MissingDataDetector::MissingDataDetector(DetectionSettings settings, const Value& kept)
    : settings_(settings) {
  const Value* next = kept.find("next");
  if (!next || !next->as_integer()) return;
  next_ = Timestamp{*next->as_integer()};
  const Value* early = kept.find("early");
  for (const Value& point : early && early->as_array() ? *early->as_array() : Value::Array{})
    early_.push_back(point.as_integer().value_or(0));
}

void MissingDataDetector::arrived(Timestamp generation_time, Timestamp now) {
  if (generation_time > now + settings_.tolerance) return;
  if (!next_) {
    // A first instance of long ago begins a history that is loaded, not one that is watched.
    const Timestamp first = generation_time + settings_.period;
    if (first + settings_.patience > now) next_ = first;
    return;
  }
  // The first point whose window does not end before the instance: the one that it belongs to, if
  // any.
  const std::int64_t distance = (generation_time - *next_).count();
  const std::int64_t period = settings_.period.count(), tolerance = settings_.tolerance.count();
  const std::int64_t beyond = distance - tolerance;
  const std::int64_t point = beyond >= 0 ? (beyond + period - 1) / period : -(-beyond / period);
  const std::int64_t off = distance - point * period;
  if (point < 0 || (off <= -tolerance && off != 0)) return;
  if (early_.size() < kMaxEarly && std::find(early_.begin(), early_.end(), point) == early_.end())
    early_.push_back(point);
}

void MissingDataDetector::next_point() {
  next_ = *next_ + settings_.period;
  std::erase(early_, 0);
  for (std::int64_t& point : early_) --point;
}

std::vector<Timestamp> MissingDataDetector::decide(Timestamp now) {
  std::vector<Timestamp> missing;
  if (!next_) return missing;
  // After a long pause of this CSE only the newest points are looked at.
  const std::int64_t behind = (now - (*next_ + settings_.patience)) / settings_.period;
  if (behind > kMaxAtOnce) {
    next_ = *next_ + settings_.period * (behind - kMaxAtOnce);
    early_.clear();
  }
  for (;;) {
    if (std::find(early_.begin(), early_.end(), 0) != early_.end()) {
      next_point();
    } else if (*next_ + settings_.patience <= now) {
      missing.push_back(*next_);
      next_point();
    } else {
      return missing;
    }
  }
}

std::optional<Timestamp> MissingDataDetector::deadline() const {
  if (!next_) return std::nullopt;
  return *next_ + settings_.patience;
}

Value MissingDataDetector::to_value() const {
  if (!next_) return {};
  Value kept = Value::object({{"next", next_->microseconds}});
  if (!early_.empty()) {
    Value points = Value::array();
    for (const std::int64_t point : early_) points.push_back(point);
    kept.set("early", std::move(points));
  }
  return kept;
}

}  // namespace gatehouse

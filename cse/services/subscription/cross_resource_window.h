#pragma once
#include <cstddef>
#include <cstdint>

namespace gatehouse {

/// timeWindowType and eventEvaluationMode (R4) of a <crossResourceSubscription>.
enum class WindowType : std::int64_t { kPeriodic = 1, kSliding = 2 };
enum class EvaluationMode : std::int64_t {
  kAllPresent = 1,
  kAllOrSomePresent = 2,
  kAllOrSomeMissing = 3,
  kAllMissing = 4,
  kSomeMissing = 5
};

/// Does a window that is over, in which `reported` of `targets` have told of an event, make a
/// cross-resource notification? Source: TS-0001 clauses 9.6.58 and 10.2.10.26.
constexpr bool makes_notification(EvaluationMode mode, std::size_t reported, std::size_t targets) {
  switch (mode) {
    case EvaluationMode::kAllPresent:
      return reported == targets;
    case EvaluationMode::kAllOrSomePresent:
      return reported > 0;
    case EvaluationMode::kAllOrSomeMissing:
      return reported < targets;
    case EvaluationMode::kAllMissing:
      return reported == 0;
    case EvaluationMode::kSomeMissing:
      return reported > 0 && reported < targets;
  }
  return false;
}

/// A sliding window starts with an event, so none can pass without one.
constexpr bool is_possible(WindowType type, EvaluationMode mode) {
  return type == WindowType::kPeriodic ||
         (mode != EvaluationMode::kAllOrSomeMissing && mode != EvaluationMode::kAllMissing);
}

}  // namespace gatehouse

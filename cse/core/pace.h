#pragma once
#include <atomic>
#include <chrono>

namespace gatehouse {

/// Times that may be changed while the CSE runs, for tests that cannot wait (upper tester).
/// Threading: any; a change holds for what begins after it.
struct Pace {
  using Span = std::chrono::milliseconds;
  std::atomic<Span> expiration_interval{Span(1'000)};  ///< between two looks for expired resources
  std::atomic<Span> result_persistence{Span(3'600'000)};  ///< of a <request> without `rp`
  /// Of a request or poll without `rqet` that waits at a polling channel; 0: as each service has
  /// it.
  std::atomic<Span> request_expiration{Span(0)};
};

}  // namespace gatehouse

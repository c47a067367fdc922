#pragma once
#include <cstddef>

#include "cse/primitive/handler.h"
#include "cse/primitive/scheduler.h"
#include "cse/primitive/token_buckets.h"

namespace gatehouse {

/// Stands between the bindings and the core and refuses what is too much: by the address of the
/// peer, and by originator (an originator that is not proven is counted for each peer apart, so
/// that nobody can use up what is another's). Answers 4141 (SERVICE_SUBSCRIPTION_LIMITS_EXCEEDED)
/// and how long to wait. Requests from inside are not counted.
class RateLimit final : public PrimitiveHandler {
 public:
  struct Settings {
    Rate per_peer, per_originator;
    std::size_t max_keys = 100'000;
  };
  RateLimit(Settings settings, PrimitiveHandler& next, const Scheduler& clock)
      : settings_(settings),
        next_(next),
        clock_(clock),
        peers_(settings.per_peer, settings.max_keys),
        originators_(settings.per_originator, settings.max_keys) {}

  void handle(Request&& request, Reply reply) override;

 private:
  const Settings settings_;
  PrimitiveHandler& next_;
  const Scheduler& clock_;
  TokenBuckets peers_, originators_;
};

}  // namespace gatehouse

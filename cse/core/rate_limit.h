#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "cse/primitive/handler.h"
#include "cse/primitive/scheduler.h"

namespace gatehouse {

/// Requests a second, on average, and how many may come at once. 0: no limit.
struct Rate {
  double per_second = 0;
  double burst = 0;  ///< at least 1 where there is a limit
};

/// Token buckets, one for each key: each holds `burst` tokens at most and gains `per_second`.
/// Bounded: a key that has not asked for so long that its bucket is full again is forgotten when
/// there are more than `max_keys`; if all are in use, keys not known share one bucket. Threading:
/// any.
class TokenBuckets {
 public:
  TokenBuckets(Rate rate, std::size_t max_keys) : rate_(rate), max_keys_(max_keys) {}

  /// Takes one token: 0, or the seconds until there is one.
  double take(const std::string& key, Timestamp now);
  std::size_t size() const;

 private:
  struct Bucket {
    double tokens;
    Timestamp filled;  ///< when `tokens` was true
  };
  Bucket& bucket_for(const std::string& key, Timestamp now);

  const Rate rate_;
  const std::size_t max_keys_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

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

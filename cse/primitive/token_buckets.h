#pragma once
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "cse/primitive/timestamp.h"

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

}  // namespace gatehouse

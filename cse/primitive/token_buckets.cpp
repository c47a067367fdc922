#include "cse/primitive/token_buckets.h"

#include <algorithm>

namespace gatehouse {
namespace {

const std::string kAllOthers;

double seconds_between(Timestamp from, Timestamp to) {
  return static_cast<double>((to - from).count()) / 1e6;
}

}  // namespace

TokenBuckets::Bucket& TokenBuckets::bucket_for(const std::string& key, Timestamp now) {
  if (const auto known = buckets_.find(key); known != buckets_.end()) return known->second;
  if (buckets_.size() >= max_keys_) {
    std::erase_if(buckets_, [&](const auto& entry) {
      const Bucket& bucket = entry.second;
      return bucket.tokens + seconds_between(bucket.filled, now) * rate_.per_second >= rate_.burst;
    });
  }
  const std::string& place = buckets_.size() >= max_keys_ ? kAllOthers : key;
  return buckets_.try_emplace(place, Bucket{rate_.burst, now}).first->second;
}

double TokenBuckets::take(const std::string& key, Timestamp now) {
  if (rate_.per_second <= 0) return 0;
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_for(key, now);
  const double gained = std::max(0.0, seconds_between(bucket.filled, now)) * rate_.per_second;
  bucket.tokens = std::min(rate_.burst, bucket.tokens + gained);
  bucket.filled = now;
  if (bucket.tokens < 1) return (1 - bucket.tokens) / rate_.per_second;
  bucket.tokens -= 1;
  return 0;
}

std::size_t TokenBuckets::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace gatehouse

#include "cse/core/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace gatehouse {
namespace {

const std::string kAllOthers;

double seconds_between(Timestamp from, Timestamp to) {
  return static_cast<double>((to - from).count()) / 1e6;
}

Error too_much(const std::string& who, const Rate& rate, double wait) {
  const auto milliseconds = static_cast<std::int64_t>(std::ceil(wait * 1000));
  return {Rsc::kServiceSubscriptionLimitsExceeded,
          "too many requests of " + who + ": at most " +
              std::to_string(static_cast<std::int64_t>(rate.per_second)) +
              " a second; try again in " + std::to_string(milliseconds) + " ms"};
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

void RateLimit::handle(Request&& request, Reply reply) {
  if (!request.peer) return next_.handle(std::move(request), std::move(reply));
  const Timestamp now = clock_.now();
  const Peer& peer = *request.peer;
  std::optional<Error> refused;
  // A broker's clients share its address: there only the originator counts.
  if (!peer.address.empty()) {
    const double wait = peers_.take(peer.address, now);
    if (wait > 0) refused = too_much(peer.address, settings_.per_peer, wait);
  }
  if (!refused && !request.from.empty() && request.from.size() <= 256) {
    const std::string key = peer.authenticated ? request.from : request.from + " " + peer.address;
    const double wait = originators_.take(key, now);
    if (wait > 0) refused = too_much("\"" + request.from + "\"", settings_.per_originator, wait);
  }
  if (refused) return reply(error_response(request, *refused));
  next_.handle(std::move(request), std::move(reply));
}

}  // namespace gatehouse

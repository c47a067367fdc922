#include "cse/core/rate_limit.h"

#include <cmath>
#include <optional>

namespace gatehouse {
namespace {

Error too_much(const std::string& who, const Rate& rate, double wait) {
  const auto milliseconds = static_cast<std::int64_t>(std::ceil(wait * 1000));
  return {Rsc::kServiceSubscriptionLimitsExceeded,
          "too many requests of " + who + ": at most " +
              std::to_string(static_cast<std::int64_t>(rate.per_second)) +
              " a second; try again in " + std::to_string(milliseconds) + " ms"};
}

}  // namespace

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

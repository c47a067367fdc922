#pragma once
#include "cse/services/subscription/notification.h"

namespace gatehouse {

/// Checks the attributes of a <subscription> beyond its table, and sets what the standard defaults:
/// enc/net [1], nct by the event types, a duration for bn. `attributes`: the whole resource as it
/// will be; `requested`: what the request says. Source: TS-0004 clauses 7.4.8.2.1 and 7.4.8.2.3,
/// TS-0001 tables 9.6.8-2 to 9.6.8-4. Errors: kBadRequest; kNotImplemented for event types that
/// this CSE cannot make (5 to 8) and for preSubscriptionNotify.
/// DEVIATION: blocking updates (net 7) are checked, then refused as not implemented.
Result<void> check_subscription(Value& attributes, const Value& requested, const Resource& parent,
                                bool is_update, const SubscriptionSettings& settings);

/// Is the notification target the originator itself (its stem, AE-ID or <AE> resource)?
Result<bool> is_originator(const std::string& target, const std::string& originator,
                           const CseSettings& cse, ResourceReader& resources);

}  // namespace gatehouse

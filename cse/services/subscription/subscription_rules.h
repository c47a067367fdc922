#pragma once
#include "cse/services/subscription/notification.h"

namespace gatehouse {

/// What a check looks at beside the resource as it will be.
struct SubscriptionCheck {
  const Value& requested;  ///< attributes that the request names
  const Resource& parent;  ///< the subscribed-to resource
  const Schemas& schemas;
  bool is_update;
};

/// Checks the attributes of a <subscription> beyond its table, and sets what the standard defaults:
/// enc/net [1], nct by the event types, a duration for bn. `attributes`: the whole resource as it
/// will be. Source: TS-0004 clauses 7.4.8.2.1 and 7.4.8.2.3, TS-0001 tables 9.6.8-2 to 9.6.8-4.
/// Errors: kBadRequest.
Result<void> check_subscription(Value& attributes, const SubscriptionCheck& check,
                                const SubscriptionSettings& settings);

}  // namespace gatehouse

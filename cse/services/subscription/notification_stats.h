#pragma once
#include <span>

#include "cse/services/subscription/deliverer.h"

namespace gatehouse {

// notificationStatsInfo (nsi, R4) and expirationCounter (exc) of <subscription> and
// <crossResourceSubscription>. nsi appears with the first event after nse was set, has one entry
// for each target, and counts events (noec), requests (rqs) and answers (rsr); a batch counts as
// the notifications in it.

/// What an UPDATE that names nse does to nsi: true (again) starts anew, false keeps what has been
/// counted, null removes it. nsi never names targets that nu does not.
void apply_stats_update(Value& attributes, const Value& requested);

/// Must deliveries of this subscription be entered in its books?
bool is_counted(const Value& attributes);

/// One event for all targets. Returns the resource as it is then.
ResourcePtr count_event(const ResourcePtr& subscription, OperationContext& context);

/// Requests and answers into nsi, and one less in exc if it was delivered. True: the counter has
/// reached zero, the caller deletes the subscription.
bool enter_receipt(const ResourcePtr& subscription, const Receipt& receipt,
                   OperationContext& context);

}  // namespace gatehouse

#pragma once
#include "cse/core/extensions.h"
#include "cse/core/procedures.h"

namespace gatehouse {

/// Values of m2m:notificationEventType. Source: TS-0004 clause 6.3.4.2.
namespace event_type {
inline constexpr int kUpdate = 1, kDelete = 2, kChildCreated = 3, kChildDeleted = 4;
inline constexpr int kRetrieveWithoutChild = 5, kTrigger = 6, kBlockingUpdate = 7, kMissingData = 8;
}  // namespace event_type

/// One thing that happened, as the subscriptions of one resource see it.
struct Event {
  int type;              ///< event_type; for what only operation monitors see: kUpdate
  Operation operation;   ///< of the request, for operation monitors
  const Change* change;  ///< null: nothing has changed (5, 6, 7, 8, an attempt)
  ResourcePtr host;      ///< the subscribed-to resource, as it is now (deleted: as it was)
  const std::string& originator;
  const Value* requested = nullptr;  ///< attributes that an UPDATE names; null: not known
  const Value* payload = nullptr;    ///< 6: m2m:tgp, 8: m2m:tsn
  bool attempt_only = false;         ///< for operation monitors alone

  /// What the notification is about: the host, or for 3 and 4 its child.
  const Resource& subject() const { return change ? change->resource() : *host; }
};

/// Attributes that an update changed or set anew, with their new values; removed ones are null.
/// Source: TS-0004 clause 7.5.1.2.2, step 2.1 ("Modified Attributes").
Value modified_attributes(const Event& event);

/// Does the event satisfy eventNotificationCriteria (`enc`)? First the event type (net) or the
/// operation monitors (om), then the conditions joined by filterOperation (fo). Conditions on
/// times and state tags look at the subscribed-to resource, sizes at what the event is about. atr
/// counts for updates only, chty for children only. Source: TS-0001 table 9.6.8-3.
bool satisfies(const Value& criteria, const Event& event);

}  // namespace gatehouse

#pragma once
#include "cse/core/extensions.h"
#include "cse/core/procedures.h"

namespace gatehouse {

/// Values of m2m:notificationEventType that this CSE makes. Source: TS-0004 clause 6.3.4.2.
namespace event_type {
inline constexpr int kUpdate = 1, kDelete = 2, kChildCreated = 3, kChildDeleted = 4;
inline constexpr int kRetrieveWithoutChild = 5, kTrigger = 6, kBlockingUpdate = 7, kMissingData = 8;
}  // namespace event_type

/// One thing that happened, as the subscriptions of one resource see it.
struct Event {
  int type;             ///< event_type: 1 to 4
  Operation operation;  ///< of the request, for operation monitors
  const Change& change;
  ResourcePtr host;  ///< the subscribed-to resource, as it is now (deleted: as it was)
  const std::string& originator;

  /// What the notification is about: the host, or for 3 and 4 its child.
  const Resource& subject() const { return change.resource(); }
};

/// Attributes that an update changed, with their new values; removed ones are null.
Value modified_attributes(const Change& change);

/// Does the event satisfy eventNotificationCriteria (`enc`)? First the event type (net) or the
/// operation monitors (om), then the conditions joined by filterOperation (fo). Conditions on
/// times and state tags look at the subscribed-to resource, sizes at what the event is about. atr
/// counts for updates only, chty for children only. Source: TS-0001 table 9.6.8-3.
bool satisfies(const Value& criteria, const Event& event);

}  // namespace gatehouse

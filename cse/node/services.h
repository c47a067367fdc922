#pragma once
#include "cse/core/cse.h"
#include "cse/node/settings.h"
#include "cse/services/action/actions.h"
#include "cse/services/announcement/announcement.h"
#include "cse/services/authorization/authorization.h"
#include "cse/services/authorization/decisions.h"
#include "cse/services/cmdh/cmdh.h"
#include "cse/services/command/commands.h"
#include "cse/services/data/containers.h"
#include "cse/services/data/flex_containers.h"
#include "cse/services/data/time_series.h"
#include "cse/services/data/time_sync.h"
#include "cse/services/delivery/deliveries.h"
#include "cse/services/delivery/messenger.h"
#include "cse/services/delivery/notify.h"
#include "cse/services/delivery/requests.h"
#include "cse/services/discovery/discovery.h"
#include "cse/services/location/location_policies.h"
#include "cse/services/polling/polling.h"
#include "cse/services/registration/registration.h"
#include "cse/services/schedule/schedules.h"
#include "cse/services/semantics/semantics.h"
#include "cse/services/statistics/statistics.h"
#include "cse/services/subscription/cross_resources.h"
#include "cse/services/subscription/deliverer.h"
#include "cse/services/subscription/subscriptions.h"
#include "cse/services/transaction/transactions.h"

namespace gatehouse::node {

/// Every common service function of this node, plugged into its core. To add one: a member, and its
/// start and stop.
class Services {
 public:
  /// `verify`: of tokens; empty: no issuer is known.
  Services(Cse& cse, PrimitiveSender& senders, const NodeSettings& settings, VerifyToken verify);
  void start();
  void stop();
  /// Before start(): entities that are reached on connections which they opened.
  void set_connections(Connections& connections) { messenger_.set_connections(&connections); }

 private:
  Discovery discovery_;
  Registration registration_;
  Cmdh cmdh_;  ///< in front of the transit of registration_
  EntityMessenger messenger_;
  ScheduledMessenger scheduled_;  ///< in front of messenger_
  std::shared_ptr<PollingChannels> polling_;
  NotifyReceiver notify_;
  Deliveries deliveries_;
  DeferredRequests deferred_;
  Deliverer deliverer_;
  Subscriptions subscriptions_;
  CrossResources cross_resources_;
  Announcement announcement_;
  TimeSeries time_series_;
  TimeSync time_sync_;
  LocationPolicies location_;
  Actions actions_;
  Semantics semantics_;
  Commands commands_;
  Transactions transactions_;
  Authorization authorization_;
  Decisions decisions_;
  Statistics statistics_;
};

}  // namespace gatehouse::node

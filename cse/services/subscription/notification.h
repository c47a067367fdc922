#pragma once
#include "cse/services/subscription/event_criteria.h"
#include "cse/services/subscription/outbox_entry.h"

namespace gatehouse {

/// What operators of a CSE may choose about subscriptions.
struct SubscriptionSettings {
  /// Dialect structured_sur: `sur` is the structured address of the subscription.
  bool structured_reference = false;
  /// bn without duration. Source: TS-0001 table 9.6.8-2 (batchNotify): the provider's default.
  std::chrono::seconds default_batch_duration{60};
  /// How long the answer to a verification may take.
  std::chrono::milliseconds verification_timeout{10'000};
  /// UPDATEs and DELETEs of one resource that wait for a blocking update.
  std::size_t max_blocked_requests = 256;
  /// Prior events that preSubscriptionNotify may ask for.
  std::int64_t max_prior_events = 1'000;
};

/// The SP-relative reference to a subscription (`sur`), which the CSE of every target understands.
std::string subscription_reference(const Resource& subscription, const CseSettings& cse,
                                   const SubscriptionSettings& settings);

/// The notification of an event to all targets of the subscription. Source: TS-0004 clause 7.5.1.1
/// (m2m:notification), TS-0001 table 9.6.8-4 (content by nct).
OutboxNotification event_notification(const Resource& subscription, const Event& event,
                                      Timestamp now, const CseSettings& cse,
                                      const SubscriptionSettings& settings);

/// {sud: true} to the subscriberURI. nullopt if there is none.
std::optional<OutboxNotification> deletion_notification(const Resource& subscription, Timestamp now,
                                                        const CseSettings& cse,
                                                        const SubscriptionSettings& settings);

/// Tells a queue, without telling anybody, that its subscription has gone.
OutboxNotification closing_entry(Timestamp now);

/// `{"m2m:sgn":{"vrq":true,"sur":…,"cr":…}}`
Value verification_content(const std::string& reference, const std::string& creator);

}  // namespace gatehouse

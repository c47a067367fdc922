#include "cse/services/subscription/subscriptions.h"

#include <algorithm>

#include "cse/services/subscription/missing_data.h"
#include "cse/services/subscription/notification_schedule.h"
#include "cse/services/subscription/notification_stats.h"

namespace gatehouse {
namespace {

/// The subscriptions that went in this job together with `parent`.
std::vector<ResourcePtr> deleted_below(const Resource& parent, std::span<const Change> changes) {
  std::vector<ResourcePtr> subscriptions;
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kDeleted && change.before->parent() == parent.id() &&
        change.before->type() == type_number::kSubscription) {
      subscriptions.push_back(change.before);
    }
  }
  return subscriptions;
}

/// What the UPDATE at hand names of the resource; null if the change has another cause.
const Value* requested_of(const Change& change, const Request& request) {
  if (request.operation != Operation::kUpdate || !request.content) return nullptr;
  return request.content->find(change.resource().schema().root);
}

/// <contentInstance>s of a container that a reader would find.
Result<bool> has_instances(const Resource& container, ResourceReader& resources) {
  constexpr int kFew = 8;
  Page page;
  page.limit = kFew;
  page.newest_first = true;
  for (;;) {
    auto entries = resources.children_of_type(container.id(), type_number::kContentInstance, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      auto instance = resources.find(entry.id);
      if (!instance) return fail(instance.error());
      if (*instance) return true;
      page.after = entry.order;
    }
    if (entries->size() < page.limit) return false;
  }
}

/// net 5 asks for the children of a <container>. Source: TS-0001 table 9.6.8-3
/// (notificationEventType E).
bool asks_for_children(const Request& request, const Resource& target) {
  return request.operation == Operation::kRetrieve && target.type() == type_number::kContainer &&
         (request.result_content == 4 || request.result_content == 8);
}

}  // namespace

Subscriptions::Subscriptions(Cse& cse, Deliverer& deliverer, SubscriptionSettings settings)
    : cse_(cse),
      deliverer_(deliverer),
      settings_(settings),
      index_(cse),
      blocking_(cse, index_.attentive(), settings) {
  cse.behaviours().add(type_number::kSubscription,
                       std::make_shared<SubscriptionType>(cse, settings));
  cse.extensions().participants.push_back(this);
  cse.extensions().listeners.push_back(this);
  cse.extensions().events = this;
  cse.extensions().turnstile = &blocking_;
  deliverer.set_books([this](std::span<const Receipt> receipts,
                             OperationContext& context) { return enter(receipts, context); },
                      [this](const std::string& queue) { return pending_rule(queue); });
}

void Subscriptions::start() {
  cse_.submit([this](OperationContext& context) {
    auto loaded = index_.load();
    return loaded ? Response{} : error_response(context.request, loaded.error());
  });
  deliverer_.wake();
}

Result<void> Subscriptions::on_changes(std::span<const Change> changes, OperationContext& context) {
  for (const Change& change : changes) {
    if (auto told = on_change(change, changes, context); !told) return told;
  }
  return {};
}

/// A subscription that goes: its subscriber is told, what is collected for it leaves.
/// Source: TS-0004 clauses 7.4.8.2.4 and 7.5.1.2.4.
void Subscriptions::tell_end(const Resource& subscription, OperationContext& context, bool always) {
  const auto farewell =
      deletion_notification(subscription, context.now(), context.settings, settings_);
  const Value& attributes = subscription.attributes();
  if (farewell) {
    put(subscription.id(), *farewell, context);
  } else if (always || attributes.contains("bn") || attributes.contains("pn")) {
    put(subscription.id(), closing_entry(context.now()), context);
  }
}

Result<void> Subscriptions::on_change(const Change& change, std::span<const Change> all,
                                      OperationContext& context) {
  const Resource& resource = change.resource();
  const bool deleted = change.kind == Change::Kind::kDeleted;
  if (resource.type() == type_number::kSubscription) {
    if (!deleted) {
      if (auto known = index_.changed(resource); !known) return known;
    }
    if (deleted) tell_end(resource, context);
    if (change.kind == Change::Kind::kCreated && resource.attributes().contains("psn")) {
      if (auto told = tell_prior(change.after, context); !told) return told;
    }
  }
  if (resource.type() == type_number::kSchedule && !deleted) index_.schedule_created(resource);
  if (deleted) {
    const Event event{event_type::kDelete, Operation::kDelete, &change, change.before,
                      context.originator};
    if (auto told = tell(event, deleted_below(resource, all), context); !told) return told;
  }
  if (change.side_effect) return {};
  if (change.kind == Change::Kind::kUpdated) {
    auto own = index_.of(resource.id(), event_type::kUpdate, context.resources);
    if (!own) return fail(own.error());
    Event event{event_type::kUpdate, Operation::kUpdate, &change, change.after, context.originator};
    event.requested = requested_of(change, context.request);
    return tell(event, *own, context);
  }
  const int type = deleted ? event_type::kChildDeleted : event_type::kChildCreated;
  auto above = index_.of(resource.parent(), type, context.resources);
  if (!above) return fail(above.error());
  if (above->empty()) return {};
  auto parent = context.resources.find(resource.parent());
  if (!parent) return fail(parent.error());
  if (!*parent) return {};
  const Event event{type, deleted ? Operation::kDelete : Operation::kCreate, &change, *parent,
                    context.originator};
  return tell(event, *above, context);
}

Result<void> Subscriptions::tell(const Event& event, const std::vector<ResourcePtr>& subscriptions,
                                 OperationContext& context) {
  for (const ResourcePtr& subscription : subscriptions) {
    // A subscription is not told of itself.
    if (subscription->id() == event.subject().id()) continue;
    const Value* criteria = subscription->attributes().find("enc");
    if (!criteria || !satisfies(*criteria, event)) continue;
    if (auto told = tell_one(event, subscription, context); !told) return told;
  }
  return {};
}

/// Source: TS-0004 clause 7.5.1.2.2, steps 2.0 to 4.0.
Result<void> Subscriptions::tell_one(const Event& event, ResourcePtr subscription,
                                     OperationContext& context) {
  OutboxNotification entry =
      event_notification(*subscription, event, context.now(), context.settings, settings_);
  constexpr std::int64_t kImmediate = 2;  // m2m:stdEventCats
  const Value& attributes = subscription->attributes();
  if (index_.may_have_schedule(subscription->id()) && entry.event_category != kImmediate) {
    auto open = notifications_open_from(subscription->id(), context.resources, context.now());
    if (!open) return fail(open.error());
    entry.pending = *open > context.now();
    if (entry.pending && !attributes.contains("pn")) return {};
  }
  const bool gone = event.type == event_type::kDelete;  // nobody reads its books any more
  if (gone) entry.counted = false;
  put(subscription->id(), entry, context);
  if (!gone) count_event(subscription, context);
  return {};
}

/// The newest children that the subscription would have been told of, oldest first. Nothing else of
/// the past is kept. Source: TS-0001 clause 10.2.10.7 (preSubscriptionNotify).
Result<void> Subscriptions::tell_prior(const ResourcePtr& subscription, OperationContext& context) {
  const std::int64_t wanted =
      std::min(subscription->attributes().integer_at("psn"), settings_.max_prior_events);
  const Value* criteria = subscription->attributes().find("enc");
  auto host = context.resources.find(subscription->parent());
  if (!host) return fail(host.error());
  if (!*host || !criteria || criteria->contains("om")) return {};
  std::vector<Change> prior;
  Page page;
  page.newest_first = true;
  for (bool more = true; more && std::ssize(prior) < wanted;) {
    auto entries = context.resources.children(subscription->parent(), page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto child = context.resources.find(entry.id);
      if (!child) return fail(child.error());
      if (!*child || entry.type == type_number::kSubscription) continue;
      const Change change{Change::Kind::kCreated, nullptr, *child};
      const Event event{event_type::kChildCreated, Operation::kCreate, &change, *host,
                        (*child)->originator()};
      if (satisfies(*criteria, event)) prior.push_back(change);
      if (std::ssize(prior) >= wanted) break;
    }
    more = entries->size() >= page.limit;
  }
  for (auto change = prior.rbegin(); change != prior.rend(); ++change) {
    const std::string originator = change->after->originator();
    const Event event{event_type::kChildCreated, Operation::kCreate, &*change, *host, originator};
    auto current = context.resources.find(subscription->id());
    if (!current) return fail(current.error());
    if (auto told = tell_one(event, *current, context); !told) return told;
  }
  return {};
}

Result<void> Subscriptions::missing_data(const ResourcePtr& series,
                                         const std::string& generation_time,
                                         OperationContext& context) {
  auto subscriptions = index_.of(series->id(), event_type::kMissingData, context.resources);
  if (!subscriptions) return fail(subscriptions.error());
  Event event{event_type::kMissingData, Operation::kUpdate, nullptr, series, context.originator};
  for (const ResourcePtr& subscription : *subscriptions) {
    const Value* criteria = subscription->attributes().find("enc");
    if (!criteria || criteria->contains("om") || !satisfies(*criteria, event)) continue;
    const auto report = count_missing_data(subscription, generation_time, context);
    if (!report) continue;
    event.payload = &*report;
    auto current = context.resources.find(subscription->id());
    if (!current) return fail(current.error());
    if (auto told = tell(event, {*current}, context); !told) return told;
  }
  wake_after_commit();
  return {};
}

Result<void> Subscriptions::trigger_received(const ResourcePtr& ae, const Value& payload,
                                             OperationContext& context) {
  auto subscriptions = index_.of(ae->id(), event_type::kTrigger, context.resources);
  if (!subscriptions) return fail(subscriptions.error());
  Event event{event_type::kTrigger, Operation::kNotify, nullptr, ae, context.originator};
  event.payload = &payload;
  if (auto told = tell(event, *subscriptions, context); !told) return told;
  wake_after_commit();
  return {};
}

void Subscriptions::attempted(const Request& request, const std::string& originator,
                              const ResourcePtr& target, const Response& response) {
  const bool is_read =
      request.operation == Operation::kRetrieve || request.operation == Operation::kNotify;
  if (!is_read && is_success(response.rsc)) return;  // told with its change
  auto attempt = std::make_shared<const Request>(request);
  cse_.submit(
      [this, attempt, originator, target](OperationContext& context) {
        auto told = tell_attempt(*attempt, originator, target, context);
        return told ? Response{} : error_response(context.request, told.error());
      },
      [this](const Response&) { deliverer_.wake(); });
}

/// For events without a change, of which committed() may not hear: a job behind this one is done
/// after the commit.
void Subscriptions::wake_after_commit() {
  if (!wrote_) return;
  cse_.submit([](OperationContext&) { return Response{}; },
              [this](const Response&) { deliverer_.wake(); });
}

Result<void> Subscriptions::tell_attempt(const Request& request, const std::string& originator,
                                         const ResourcePtr& target, OperationContext& context) {
  auto host = context.resources.find(target->id());
  if (!host) return fail(host.error());
  if (!*host) return {};  // its subscriptions have gone with it
  // Of an attempt only operation monitors are told, and they are among those of every type.
  auto subscriptions =
      index_.of(target->id(), event_type::kRetrieveWithoutChild, context.resources);
  if (!subscriptions) return fail(subscriptions.error());
  Event event{event_type::kUpdate, request.operation, nullptr, *host, originator};
  event.attempt_only = true;
  if (auto told = tell(event, *subscriptions, context); !told) return told;
  if (!asks_for_children(request, **host)) return {};
  auto found = has_instances(**host, context.resources);
  if (!found) return fail(found.error());
  if (*found) return {};
  event.type = event_type::kRetrieveWithoutChild;
  event.attempt_only = false;
  for (const ResourcePtr& subscription : *subscriptions) {
    const Value* criteria = subscription->attributes().find("enc");
    if (criteria && criteria->contains("om")) continue;  // has been told above
    if (auto told = tell(event, {subscription}, context); !told) return told;
  }
  return {};
}

Result<std::vector<std::string>> Subscriptions::enter(std::span<const Receipt> receipts,
                                                      OperationContext& context) {
  std::vector<std::string> ended;
  for (const Receipt& receipt : receipts) {
    if (!receipt.counted) continue;
    auto subscription = context.resources.find(ResourceId{receipt.queue});
    if (!subscription) return fail(subscription.error());
    if (!*subscription || !enter_receipt(*subscription, receipt, context)) continue;
    ended.push_back(receipt.queue);
    if ((*subscription)->type() == type_number::kSubscription) {
      if (!(*subscription)->attributes().contains("su")) tell_end(**subscription, context, true);
    }
    if (auto erased = erase_subtree(*subscription, context, true); !erased) {
      return fail(erased.error());
    }
  }
  return ended;
}

DeliveryQueue::Pending Subscriptions::pending_rule(const std::string& queue) {
  CommittedView resources = cse_.view();
  const Timestamp now = resources.now();
  auto subscription = resources.find(ResourceId{queue});
  if (!subscription || !*subscription) return {now, 0};
  auto open = notifications_open_from(ResourceId{queue}, resources, now);
  return {open ? *open : now, (*subscription)->attributes().integer_at("pn")};
}

void Subscriptions::put(const ResourceId& queue, const OutboxNotification& entry,
                        OperationContext& context) {
  if (entry.targets.empty() && !entry.last) return;
  context.resources.put_outbox(queue.text, to_value(entry));
  wrote_ = true;
}

void Subscriptions::committed(const Committed& event) {
  index_.committed(event.changes);
  for (const Change& change : event.changes) {
    const int type = change.resource().type();
    const bool farewell =
        change.kind == Change::Kind::kDeleted &&
        (type == type_number::kSubscription || type == type_number::kCrossResourceSubscription) &&
        change.before->attributes().contains("su");
    if (farewell) deliverer_.hold_until_told(change.before->id().text, event.hold_answer());
  }
  if (std::exchange(wrote_, false)) deliverer_.wake();
}

}  // namespace gatehouse

#include "cse/services/subscription/subscriptions.h"

#include "cse/services/subscription/missing_data.h"

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
    : cse_(cse), deliverer_(deliverer), settings_(settings), index_(cse) {
  cse.behaviours().add(type_number::kSubscription,
                       std::make_shared<SubscriptionType>(cse, settings));
  cse.extensions().participants.push_back(this);
  cse.extensions().listeners.push_back(this);
  cse.extensions().events = this;
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

/// What has been told of a subscription that goes; or the end of what is collected for it.
/// Source: TS-0004 clauses 7.4.8.2.4 and 7.5.1.2.4.
Result<void> Subscriptions::tell_end(const Resource& subscription, OperationContext& context) {
  const auto farewell =
      deletion_notification(subscription, context.now(), context.settings, settings_);
  if (farewell) {
    put(subscription.id(), *farewell, context);
  } else if (subscription.attributes().contains("bn")) {
    put(subscription.id(), closing_entry(context.now()), context);
  }
  return {};
}

Result<void> Subscriptions::on_change(const Change& change, std::span<const Change> all,
                                      OperationContext& context) {
  const Resource& resource = change.resource();
  const bool deleted = change.kind == Change::Kind::kDeleted;
  if (resource.type() == type_number::kSubscription) {
    if (change.kind == Change::Kind::kCreated) {
      if (auto known = index_.created(resource); !known) return known;
    }
    if (deleted) {
      if (auto told = tell_end(resource, context); !told) return told;
    }
  }
  if (deleted) {
    const Event event{event_type::kDelete, Operation::kDelete, &change, change.before,
                      context.originator};
    if (auto told = tell(event, deleted_below(resource, all), context); !told) return told;
  }
  if (change.side_effect) return {};
  if (change.kind == Change::Kind::kUpdated) {
    auto own = index_.of(resource.id(), context.resources);
    if (!own) return fail(own.error());
    Event event{event_type::kUpdate, Operation::kUpdate, &change, change.after, context.originator};
    event.requested = requested_of(change, context.request);
    return tell(event, *own, context);
  }
  auto above = index_.of(resource.parent(), context.resources);
  if (!above) return fail(above.error());
  if (above->empty()) return {};
  auto parent = context.resources.find(resource.parent());
  if (!parent) return fail(parent.error());
  if (!*parent) return {};
  const Event event{deleted ? event_type::kChildDeleted : event_type::kChildCreated,
                    deleted ? Operation::kDelete : Operation::kCreate, &change, *parent,
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
    put(subscription->id(),
        event_notification(*subscription, event, context.now(), context.settings, settings_),
        context);
    if (event.type == event_type::kDelete) continue;  // the subscription has gone already
    if (auto counted = count_down(subscription, context); !counted) return counted;
  }
  return {};
}

Result<void> Subscriptions::missing_data(const ResourcePtr& series,
                                         const std::string& generation_time,
                                         OperationContext& context) {
  auto subscriptions = index_.of(series->id(), context.resources);
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
  auto subscriptions = index_.of(ae->id(), context.resources);
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
  auto subscriptions = index_.of(target->id(), context.resources);
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

Result<void> Subscriptions::count_down(const ResourcePtr& subscription, OperationContext& context) {
  const Value* counter = subscription->attributes().find("exc");
  if (!counter) return {};
  const std::int64_t left = counter->as_integer().value_or(1) - 1;
  if (left > 0) {
    Value attributes = subscription->attributes();
    attributes.set("exc", left);
    context.resources.update(subscription, std::move(attributes), true);
    return {};
  }
  if (auto told = tell_end(*subscription, context); !told) return told;
  return erase_subtree(subscription, context, true);
}

void Subscriptions::put(const ResourceId& queue, const OutboxNotification& entry,
                        OperationContext& context) {
  if (entry.targets.empty() && !entry.last) return;
  context.resources.put_outbox(queue.text, to_value(entry));
  wrote_ = true;
}

void Subscriptions::committed(const Committed& event) {
  index_.committed(event.changes);
  if (std::exchange(wrote_, false)) deliverer_.wake();
}

}  // namespace gatehouse

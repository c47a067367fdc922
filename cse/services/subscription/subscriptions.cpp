#include "cse/services/subscription/subscriptions.h"

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

}  // namespace

Subscriptions::Subscriptions(Cse& cse, Deliverer& deliverer, SubscriptionSettings settings)
    : deliverer_(deliverer), settings_(settings), index_(cse) {
  cse.behaviours().add(type_number::kSubscription,
                       std::make_shared<SubscriptionType>(cse, settings));
  cse.extensions().participants.push_back(this);
  cse.extensions().listeners.push_back(this);
}

Result<void> Subscriptions::on_changes(std::span<const Change> changes, OperationContext& context) {
  for (const Change& change : changes) {
    if (auto told = on_change(change, changes, context); !told) return told;
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
    const auto farewell =
        deleted ? deletion_notification(resource, context.now(), context.settings, settings_)
                : std::nullopt;
    if (farewell) put(resource.id(), *farewell, context);
  }
  if (deleted) {
    const Event event{event_type::kDelete, Operation::kDelete, change, change.before,
                      context.originator};
    if (auto told = tell(event, deleted_below(resource, all), context); !told) return told;
  }
  if (change.side_effect) return {};
  if (change.kind == Change::Kind::kUpdated) {
    auto own = index_.of(resource.id(), context.resources);
    if (!own) return fail(own.error());
    const Event event{event_type::kUpdate, Operation::kUpdate, change, change.after,
                      context.originator};
    return tell(event, *own, context);
  }
  auto above = index_.of(resource.parent(), context.resources);
  if (!above) return fail(above.error());
  if (above->empty()) return {};
  auto parent = context.resources.find(resource.parent());
  if (!parent) return fail(parent.error());
  if (!*parent) return {};
  const Event event{deleted ? event_type::kChildDeleted : event_type::kChildCreated,
                    deleted ? Operation::kDelete : Operation::kCreate, change, *parent,
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
  const auto farewell =
      deletion_notification(*subscription, context.now(), context.settings, settings_);
  if (farewell) put(subscription->id(), *farewell, context);
  return erase_subtree(subscription, context, true);
}

void Subscriptions::put(const ResourceId& queue, const OutboxNotification& entry,
                        OperationContext& context) {
  if (entry.targets.empty()) return;
  context.resources.put_outbox(queue.text, to_value(entry));
  wrote_ = true;
}

void Subscriptions::committed(const Committed& event) {
  index_.committed(event.changes);
  if (std::exchange(wrote_, false)) deliverer_.wake();
}

}  // namespace gatehouse

#include "cse/services/subscription/cross_resources.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/services/subscription/notification_schedule.h"
#include "cse/services/subscription/notification_stats.h"

namespace gatehouse {
namespace {

Response answer(const Request& request, Rsc rsc) {
  Response response;
  response.rsc = rsc;
  response.request_identifier = request.request_identifier;
  return response;
}

/// The notifications in a NOTIFY, one or a batch.
std::vector<Value> notifications_in(const Request& request) {
  std::vector<Value> found;
  if (!request.content) return found;
  if (const Value* one = request.content->find("m2m:sgn")) found.push_back(*one);
  const Value* many = request.content->find("m2m:agn");
  const Value* list = many ? many->find("m2m:sgn") : nullptr;
  if (list && list->as_array()) {
    found.insert(found.end(), list->as_array()->begin(), list->as_array()->end());
  }
  return found;
}

/// Which of its subscriptions a reference names; empty: none.
Result<std::string> subscription_of(const CrossResourceState& state, const Value& notification,
                                    OperationContext& context) {
  auto resource = find_local(notification.string_at("sur"), context.settings, context.resources);
  if (!resource) return fail(resource.error());
  if (!*resource) return std::string();
  const std::string& id = (*resource)->id().text;
  const bool known = std::find(state.subscriptions.begin(), state.subscriptions.end(), id) !=
                     state.subscriptions.end();
  return known ? id : std::string();
}

}  // namespace

class CrossResources::Work : public std::enable_shared_from_this<CrossResources::Work> {
 public:
  Work(Cse& cse, Deliverer& deliverer, SubscriptionSettings settings)
      : cse_(cse), deliverer_(deliverer), settings_(settings) {}

  void start();
  void notified(const Request& request, const ResourcePtr& target, const Reply& reply);
  /// Looks at the window again when it ends.
  void watch(const Resource& resource);
  void watch_now(const ResourceId& id);
  void tell_end(const Resource& resource, OperationContext& context) const;
  void wake() { deliverer_.wake(); }

 private:
  Result<void> take(const Value& notification, const ResourceId& id, OperationContext& context);
  void window_over(const ResourceId& id, Timestamp from);
  Result<ResourcePtr> close_window(const ResourceId& id, Timestamp from, OperationContext& context);
  Result<void> tell(const ResourcePtr& resource, OperationContext& context) const;

  Cse& cse_;
  Deliverer& deliverer_;
  const SubscriptionSettings settings_;
};

void CrossResources::Work::start() {
  auto snapshot = cse_.store().read();
  if (!snapshot) return;
  CommittedView resources = cse_.view();
  Page page;
  for (;;) {
    auto entries = (*snapshot)->all_of_type(type_number::kCrossResourceSubscription, page);
    if (!entries) return;
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      if (auto resource = resources.find(entry.id); resource && *resource) watch(**resource);
    }
    if (entries->size() < page.limit) return;
  }
}

void CrossResources::Work::watch(const Resource& resource) {
  const CrossResourceState state = state_of(resource);
  if (!state.window_from) return;
  cse_.scheduler().at(*state.window_from + window_size_of(resource.attributes()),
                      [weak = weak_from_this(), id = resource.id(), from = *state.window_from] {
                        if (const auto self = weak.lock()) self->window_over(id, from);
                      });
}

void CrossResources::Work::watch_now(const ResourceId& id) {
  CommittedView resources = cse_.view();
  if (auto resource = resources.find(id); resource && *resource) watch(**resource);
}

void CrossResources::Work::notified(const Request& request, const ResourcePtr& target,
                                    const Reply& reply) {
  const std::vector<Value> notifications = notifications_in(request);
  if (notifications.empty()) {
    return reply(error_response(
        request, {Rsc::kBadRequest, "pc: a <crossResourceSubscription> takes m2m:sgn or m2m:agn"}));
  }
  auto window = std::make_shared<ResourcePtr>();
  auto shared = std::make_shared<const Request>(request);
  cse_.submit(
      [this, self = shared_from_this(), notifications, shared, id = target->id(),
       window](OperationContext& context) {
        for (const Value& notification : notifications) {
          if (auto taken = take(notification, id, context); !taken) {
            return error_response(*shared, taken.error());
          }
        }
        auto now = context.resources.find(id);
        *window = now ? *now : nullptr;
        return answer(*shared, Rsc::kOk);
      },
      [self = shared_from_this(), window, reply,
       before = state_of(*target).window_from](Response response) {
        const bool begins =
            is_success(response.rsc) && *window && state_of(**window).window_from != before;
        if (begins) self->watch(**window);
        reply(std::move(response));
      });
}

Result<void> CrossResources::Work::take(const Value& notification, const ResourceId& id,
                                        OperationContext& context) {
  auto resource = context.resources.find(id);
  if (!resource) return fail(resource.error());
  if (!*resource || notification.bool_at("vrq")) return {};
  CrossResourceState state = state_of(**resource);
  if (notification.bool_at("sud")) return {};  // of this CSE: gone with it in one transaction
  auto subscription = subscription_of(state, notification, context);
  if (!subscription) return fail(subscription.error());
  if (subscription->empty()) {
    return fail(Rsc::kOriginatorHasNoPrivilege,
                "sur (subscriptionReference): names no subscription of this resource");
  }
  const bool news = std::find(state.reported.begin(), state.reported.end(), *subscription) ==
                    state.reported.end();
  if (news) state.reported.push_back(*subscription);
  const bool begins = !state.window_from;
  if (begins) state.window_from = context.now();
  if (news || begins) set_state(*resource, state, context);
  return {};
}

void CrossResources::Work::window_over(const ResourceId& id, Timestamp from) {
  auto next = std::make_shared<ResourcePtr>();
  cse_.submit(
      [self = shared_from_this(), id, from, next](OperationContext& context) {
        auto closed = self->close_window(id, from, context);
        if (!closed) return error_response(context.request, closed.error());
        *next = *closed;
        return Response{};
      },
      [self = shared_from_this(), next](const Response& response) {
        if (!is_success(response.rsc) || !*next) return;
        self->deliverer_.wake();
        self->watch(**next);
      });
}

/// Null: nothing was to be done, the window is another one by now.
Result<ResourcePtr> CrossResources::Work::close_window(const ResourceId& id, Timestamp from,
                                                       OperationContext& context) {
  auto found = context.resources.find(id);
  if (!found) return found;
  if (!*found) return ResourcePtr{};
  ResourcePtr resource = *found;
  CrossResourceState state = state_of(*resource);
  const auto size = window_size_of(resource->attributes());
  if (state.window_from != from || from + size > context.now()) return ResourcePtr{};
  const auto mode = static_cast<EvaluationMode>(resource->attributes().integer_at("eem", 1));
  const bool due = makes_notification(mode, state.reported.size(), state.subscriptions.size());
  state.reported.clear();
  state.window_from.reset();
  if (window_type_of(resource->attributes()) == WindowType::kPeriodic) {
    // After a pause of the CSE the windows that nobody could report to are left out.
    state.window_from = from + ((context.now() - from) / size) * size;
  }
  resource = set_state(resource, state, context);
  if (due) {
    if (auto told = tell(resource, context); !told) return fail(told.error());
  }
  return context.resources.find(id);
}

Result<void> CrossResources::Work::tell(const ResourcePtr& resource,
                                        OperationContext& context) const {
  const Value& attributes = resource->attributes();
  auto open = notifications_open_from(resource->id(), context.resources, context.now());
  if (!open) return fail(open.error());
  constexpr std::int64_t kImmediate = 2;  // m2m:stdEventCats
  if (*open > context.now() && attributes.integer_at("nec") != kImmediate) return {};
  Value notification =
      Value::object({{"sur", to_sp_relative(resource->id().text, context.settings)}});
  if (const Value* creator = attributes.find("cr")) notification.set("cr", *creator);
  OutboxNotification entry;
  entry.targets = attributes.strings_at("nu");
  entry.content = Value::object({{"m2m:sgn", std::move(notification)}});
  entry.at = context.now();
  entry.counted = is_counted(attributes);
  if (attributes.contains("nec")) entry.event_category = attributes.integer_at("nec");
  context.resources.put_outbox(resource->id().text, to_value(entry));
  count_event(resource, context);
  return {};
}

/// Source: TS-0004 clause 7.5.1.2.20.
void CrossResources::Work::tell_end(const Resource& resource, OperationContext& context) const {
  const auto farewell = deletion_notification(resource, context.now(), context.settings, settings_);
  const OutboxNotification entry = farewell ? *farewell : closing_entry(context.now());
  context.resources.put_outbox(resource.id().text, to_value(entry));
}

CrossResources::CrossResources(Cse& cse, Deliverer& deliverer, SubscriptionSettings settings)
    : work_(std::make_shared<Work>(cse, deliverer, settings)) {
  cse.behaviours().add(type_number::kCrossResourceSubscription,
                       std::make_shared<CrossResourceType>(cse, settings));
  cse.extensions().participants.push_back(this);
  cse.extensions().listeners.push_back(this);
  cse.extensions().notify_targets[type_number::kCrossResourceSubscription] =
      [work = work_](const Request& request, const ResourcePtr& target, const std::string&,
                     const Reply& reply) { work->notified(request, target, reply); };
}

void CrossResources::start() { work_->start(); }

Result<void> CrossResources::on_changes(std::span<const Change> changes,
                                        OperationContext& context) {
  for (const Change& change : changes) {
    const bool ends = change.kind == Change::Kind::kDeleted &&
                      change.before->type() == type_number::kCrossResourceSubscription;
    if (ends) work_->tell_end(*change.before, context);
  }
  return {};
}

void CrossResources::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.resource().type() != type_number::kCrossResourceSubscription) continue;
    if (change.kind == Change::Kind::kDeleted) {
      work_->wake();
      continue;
    }
    if (!change.side_effect) work_->watch_now(change.after->id());  // its window may be a new one
  }
}

}  // namespace gatehouse

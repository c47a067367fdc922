#include "cse/services/location/location_policies.h"

#include <algorithm>

#include "cse/services/location/geofence.h"
#include "cse/services/location/spatial_relation.h"

namespace gatehouse {
namespace {

constexpr int kNetworkBased = 1, kDeviceBased = 2;
constexpr int kGeofence = 2;  // locationInformationType
constexpr std::chrono::microseconds kShortestPeriod = std::chrono::seconds(1);

/// The current locationUpdatePeriod; zero if there is none.
std::chrono::microseconds period_of(const Value& policy) {
  const auto periods = policy.strings_at("lou");
  if (periods.empty()) return {};
  const auto period = parse_duration(periods.front());
  if (!period || period->count() <= 0) return {};
  return std::max<std::chrono::microseconds>(*period, kShortestPeriod);
}

/// Rules that look at more than one attribute. Source: TS-0001 table 9.6.10-2.
Result<void> check(const Value& policy) {
  static constexpr std::pair<const char*, const char*> kOfServer[] = {
      {"lot", "lot (locationTargetID)"},
      {"lor", "lor (locationServer)"},
      {"aid", "aid (authID)"},
      {"rlkl", "rlkl (retrieveLastKnownLocation)"},
      {"luec", "luec (locationUpdateEventCriteria)"}};
  const bool network_based = policy.integer_at("los") == kNetworkBased;
  for (const auto& [name, text] : kOfServer) {
    if (!network_based && policy.contains(name)) {
      return fail(Rsc::kBadRequest,
                  std::string(text) + ": is for policies with locationSource 1 (Network_based)");
    }
  }
  if (network_based && (!policy.contains("lot") || !policy.contains("lor"))) {
    return fail(Rsc::kBadRequest,
                "lot (locationTargetID), lor (locationServer): are needed with locationSource 1");
  }
  const auto periods = policy.strings_at("lou");
  const auto zeros = std::count_if(periods.begin(), periods.end(), [](const std::string& text) {
    const auto period = parse_duration(text);
    return !period || period->count() == 0;
  });
  if (zeros > 0 && periods.size() > 1) {
    return fail(Rsc::kBadRequest, "lou (locationUpdatePeriod): zero must be the only value");
  }
  if (policy.contains("luec") && period_of(policy).count() > 0) {
    return fail(Rsc::kBadRequest,
                "luec (locationUpdateEventCriteria): excludes a locationUpdatePeriod");
  }
  const Value* area = policy.find("gta");
  if (!area) return {};
  const auto polygon = parse_target_area(*area);
  if (!polygon)
    return fail(Rsc::kBadRequest, "gta (geographicalTargetArea): " + polygon.error().detail);
  return {};
}

class LocationPolicy final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    Value& policy = draft.attributes;
    if (auto sound = check(policy); !sound) return sound;
    const std::string container = policy.string_at("lon");
    if (container == draft.record.name) {
      return fail(Rsc::kBadRequest,
                  "lon (locationContainerName): is the name of the <locationPolicy> itself");
    }
    if (!container.empty()) {
      auto sibling = context.resources.child(*draft.parent, container);
      if (!sibling) return fail(sibling.error());
      if (*sibling) {
        return fail(Rsc::kConflict, "lon (locationContainerName): \"" + container +
                                        "\" exists already below " + draft.parent->path());
      }
    }
    if (!policy.contains("lit")) policy.set("lit", 1);
    policy.set("lost", policy.integer_at("los") == kNetworkBased
                           ? "NOT_IMPLEMENTED: this CSE has no interface to a location server"
                           : "");
    policy.set("loi", draft.record.id.text);  // until the container is there
    return {};
  }

  Result<void> created(const ResourcePtr& self, OperationContext& context) const override {
    auto parent = context.resources.find(self->parent());
    if (!parent) return fail(parent.error());
    Value attributes = Value::object({{"cni", 0}, {"cbs", 0}, {"li", self->id().text}});
    for (const char* shared : {"acpi", "et"}) {
      if (const Value* value = self->attributes().find(shared)) attributes.set(shared, *value);
    }
    auto container = create_internal(*context.resources.schemas().find(type_number::kContainer),
                                     *parent, self->attributes().string_at("lon"), {},
                                     self->originator(), std::move(attributes), context);
    if (!container) return fail(container.error());
    Value linked = self->attributes();
    linked.set("loi", (*container)->id().text);
    linked.set("lon", (*container)->name());
    context.resources.update(self, std::move(linked), true);
    return {};
  }

  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value&,
                         OperationContext&) const override {
    return check(attributes);
  }
};

/// The newest content of the policy's container; null if there is none.
Result<ResourcePtr> newest(const ResourceId& container, OperationContext& context) {
  Page page;
  page.newest_first = true;
  page.limit = 1;
  auto entries = context.resources.children_of_type(container, type_number::kContentInstance, page);
  if (!entries) return fail(entries.error());
  return entries->empty() ? ResourcePtr{} : context.resources.find(entries->front().id);
}

/// Stores the number of the event as the next content, as the CSE itself.
Result<void> store_event(GeofenceEvent event, const ResourcePtr& container,
                         OperationContext& context) {
  const auto number = static_cast<int>(event);
  Value attributes = Value::object(
      {{"con", number}, {"cs", 1}, {"st", container->attributes().integer_at("st") + 1}});
  auto instance =
      create_internal(*context.resources.schemas().find(type_number::kContentInstance), container,
                      {}, {}, context.settings.cse_id, std::move(attributes), context);
  if (!instance) return fail(instance.error());
  return context.behaviours.of(type_number::kContainer)
      .on_child_created(container, *instance, context);
}

/// One look at the newest position, if it has not been looked at.
Result<void> look(const ResourcePtr& policy, OperationContext& context) {
  const Value& rules = policy->attributes();
  const Value* area = rules.find("gta");
  if (rules.integer_at("los") != kDeviceBased || rules.integer_at("lit") != kGeofence || !area)
    return {};
  auto container = context.resources.find(ResourceId{rules.string_at("loi")});
  if (!container) return fail(container.error());
  if (!*container) return {};
  auto instance = newest((*container)->id(), context);
  if (!instance) return fail(instance.error());
  const Value* content = *instance ? (*instance)->attributes().find("con") : nullptr;
  if (!content || policy->internal().integer_at("seen") >= (*instance)->order()) return {};
  const auto position = parse_reported_position(*content);
  const auto polygon = parse_target_area(*area);
  if (!position || !polygon) return {};
  const auto inside = stands_in(SpatialRelation::kIntersects, *position, *polygon);
  if (!inside) return {};
  const bool was_inside = policy->internal().bool_at("inside", true);
  context.resources.update_internal(
      policy, Value::object({{"seen", (*instance)->order()}, {"inside", *inside}}));
  const GeofenceEvent event = geofence_event(was_inside, *inside);
  if (rules.integer_at("gec") != static_cast<int>(event)) return {};
  return store_event(event, *container, context);
}

}  // namespace

LocationPolicies::LocationPolicies(Cse& cse) : state_(std::make_shared<State>(cse)) {
  cse.behaviours().add(type_number::kLocationPolicy, std::make_shared<LocationPolicy>());
  cse.extensions().geo_query = &geo_query_;
  cse.extensions().participants.push_back(this);
  cse.extensions().listeners.push_back(this);
}

namespace {

/// The container as it is now: an instance's creation has counted it there, so that the container
/// stands among the changes and need not be looked up.
Result<ResourcePtr> container_of(const Resource& instance, std::span<const Change> changes,
                                 OperationContext& context) {
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kUpdated && change.after->id() == instance.parent())
      return change.after;
  }
  return context.resources.find(instance.parent());
}

}  // namespace

Result<void> LocationPolicies::on_changes(std::span<const Change> changes,
                                          OperationContext& context) {
  for (const Change& change : changes) {
    const Resource& resource = change.resource();
    if (change.kind == Change::Kind::kDeleted && resource.type() == type_number::kLocationPolicy) {
      auto container =
          context.resources.find_stored(ResourceId{resource.attributes().string_at("loi")});
      if (!container) return fail(container.error());
      if (!*container || (*container)->type() != type_number::kContainer) continue;
      if (auto erased = erase_subtree(*container, context, true); !erased) return erased;
    }
    if (change.kind != Change::Kind::kCreated || change.side_effect ||
        resource.type() != type_number::kContentInstance) {
      continue;
    }
    auto container = container_of(resource, changes, context);
    if (!container) return fail(container.error());
    const Value* link = *container ? (*container)->attribute("li") : nullptr;
    if (!link || !link->as_string()) continue;
    auto policy = context.resources.find(ResourceId{*link->as_string()});
    if (!policy) return fail(policy.error());
    if (!*policy || period_of((*policy)->attributes()).count() > 0) continue;
    if (auto looked = look(*policy, context); !looked) return looked;
  }
  return {};
}

void LocationPolicies::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (!change.after || change.after->type() != type_number::kLocationPolicy) continue;
    const auto now = period_of(change.after->attributes());
    const auto before = change.before ? period_of(change.before->attributes()) : now;
    const bool fresh = change.kind == Change::Kind::kCreated || before != now;
    if (fresh && now.count() > 0) watch(state_, change.after->id(), now);
  }
}

void LocationPolicies::start() {
  CommittedView resources = state_->cse.view();
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kLocationPolicy, page);
    if (!entries) return;
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto policy = resources.find(entry.id);
      if (!policy || !*policy) continue;
      const auto period = period_of((*policy)->attributes());
      if (period.count() > 0) watch(state_, entry.id, period);
    }
    if (entries->size() < page.limit) return;
  }
}

void LocationPolicies::watch(std::shared_ptr<State> state, ResourceId policy,
                             std::chrono::microseconds period) {
  Scheduler& clock = state->cse.scheduler();
  clock.after(period, [state = std::move(state), policy = std::move(policy), period] {
    if (state->stopped) return;
    state->cse.submit(
        [policy](OperationContext& context) {
          auto found = context.resources.find(policy);
          if (!found) return error_response(context.request, found.error());
          if (!*found) return Response{};
          if (auto looked = look(*found, context); !looked)
            return error_response(context.request, looked.error());
          return Response{};
        },
        [state, policy, period](const Response&) {
          CommittedView resources = state->cse.view();
          const auto found = resources.find(policy);
          const bool goes_on = found && *found && period_of((*found)->attributes()) == period;
          if (goes_on && !state->stopped) watch(state, policy, period);
        });
  });
}

}  // namespace gatehouse

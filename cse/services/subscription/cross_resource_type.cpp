#include "cse/services/subscription/cross_resource_type.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/services/subscription/cross_resource_links.h"
#include "cse/services/subscription/notification_stats.h"
#include "cse/services/subscription/subscription_rules.h"
#include "cse/services/subscription/target_verification.h"

namespace gatehouse {
namespace {

/// The criteria of eventNotificationCriteriaSet, by either name.
std::vector<Value> criteria_of(const Value& attributes) {
  std::vector<Value> criteria;
  const Value* set = attributes.find("encs");
  for (const char* name : {"encn", "enc"}) {
    const Value* list = set ? set->find(name) : nullptr;
    if (!list || !list->as_array()) continue;
    criteria.insert(criteria.end(), list->as_array()->begin(), list->as_array()->end());
  }
  return criteria;
}

/// Source: TS-0004 clause 7.4.58.2.1.
Result<void> check_targets(const Value& attributes) {
  const std::size_t regular = attributes.strings_at("rrat").size();
  const std::size_t criteria = criteria_of(attributes).size();
  if (regular == 0 && attributes.strings_at("srat").empty()) {
    return fail(Rsc::kBadRequest,
                "rrat (regularResourcesAsTarget), srat (subscriptionResourcesAsTarget): at least "
                "one of them must be present");
  }
  if (regular > 0 && criteria != 1 && criteria != regular) {
    return fail(
        Rsc::kBadRequest,
        "encs (eventNotificationCriteriaSet): must have one entry, or one for each of rrat");
  }
  return {};
}

Result<void> check_window(const Value& attributes) {
  if (window_size_of(attributes).count() <= 0) {
    return fail(Rsc::kBadRequest,
                "tws (timeWindowSize): must be a positive duration without years and months");
  }
  const auto mode = static_cast<EvaluationMode>(attributes.integer_at("eem", 1));
  if (is_possible(window_type_of(attributes), mode)) return {};
  return fail(Rsc::kBadRequest,
              "eem (eventEvaluationMode): 3 and 4 need a periodic window (twt 1)");
}

tl::unexpected<Error> cannot(const std::string& target, const std::string& why) {
  return fail(Rsc::kCrossResourceOperationFailure,
              "the target \"" + target + "\" cannot be subscribed to: " + why);
}

void add_once(Value& attributes, const char* name, const std::string& text) {
  Value list = Value::array();
  for (const std::string& known : attributes.strings_at(name)) {
    if (known != text) list.push_back(known);
  }
  list.push_back(text);
  attributes.set(name, std::move(list));
}

/// An empty list is left only where the attribute is mandatory.
void remove_text(Value& attributes, const char* name, const std::string& text, bool keep_empty) {
  Value list = Value::array();
  for (const std::string& known : attributes.strings_at(name)) {
    if (known != text) list.push_back(known);
  }
  if (list.size() == 0 && !keep_empty) {
    attributes.erase(name);
  } else {
    attributes.set(name, std::move(list));
  }
}

}  // namespace

WindowType window_type_of(const Value& attributes) {
  return static_cast<WindowType>(attributes.integer_at("twt", 1));
}

std::chrono::microseconds window_size_of(const Value& attributes) {
  return parse_duration(attributes.string_at("tws")).value_or(std::chrono::microseconds(0));
}

CrossResourceState state_of(const Resource& resource) {
  const Value& internal = resource.internal();
  CrossResourceState state{internal.strings_at("subs"), std::nullopt, internal.strings_at("told")};
  if (internal.contains("from")) state.window_from = Timestamp{internal.integer_at("from")};
  return state;
}

ResourcePtr set_state(const ResourcePtr& resource, const CrossResourceState& state,
                      OperationContext& context) {
  Value internal = resource->internal();
  const auto list = [](const std::vector<std::string>& texts) {
    Value made = Value::array();
    for (const std::string& text : texts) made.push_back(text);
    return made;
  };
  internal.set("subs", list(state.subscriptions));
  internal.set("told", list(state.reported));
  internal.erase("from");
  if (state.window_from) internal.set("from", state.window_from->microseconds);
  return context.resources.update_internal(resource, std::move(internal));
}

/// Notifications of its subscriptions reach it whatever its policies: who sends is checked with the
/// content.
std::optional<bool> CrossResourceType::allows(const Resource&, const std::string&,
                                              Operation operation) const {
  return operation == Operation::kNotify ? std::optional(true) : std::nullopt;
}

Result<void> CrossResourceType::on_create(Draft& draft, OperationContext& context) const {
  if (auto valid = check_targets(draft.attributes); !valid) return valid;
  if (auto valid = check_window(draft.attributes); !valid) return valid;
  const ResourceId wanted = identifier_for("crs", context.request, context.originator);
  auto taken = context.resources.find_stored(wanted);
  if (!taken) return fail(taken.error());
  if (!*taken) draft.record.id = wanted;
  return {};
}

/// A <subscription> below a regular target, in the name of the originator.
Result<ResourcePtr> CrossResourceType::subscribe(const Resource& self, const std::string& target,
                                                 const Value& criteria,
                                                 OperationContext& context) const {
  auto host = find_local(target, context.settings, context.resources);
  if (!host) return host;
  if (!*host) return cannot(target, "it is no resource of this CSE");
  const TypeSchema& schema = *cse_.schemas().find(type_number::kSubscription);
  if (!may_be_child((*host)->schema(), schema)) return cannot(target, "it is not subscribable");
  for (const Privilege privilege : {Privilege::kCreate, Privilege::kRetrieve}) {
    const AccessRequest question{context.originator, privilege, type_number::kSubscription,
                                 context.request.peer.get()};
    auto allowed = cse_.access().allows(*host, question, context.resources);
    if (!allowed) return fail(allowed.error());
    if (!*allowed) {
      return cannot(target, no_privilege(context.originator, privilege, **host).detail);
    }
  }
  const std::string reference = to_sp_relative(self.id().text, context.settings);
  Value attributes = Value::object({{"nu", Value::array({reference})},
                                    {"acrs", Value::array({reference})},
                                    {"enc", criteria},
                                    {"et", self.attributes().string_at("et")}});
  if (const Value* category = self.attributes().find("nec")) attributes.set("nec", *category);
  const SubscriptionCheck check{attributes, **host, cse_.schemas(), false};
  Value complete = attributes;
  if (auto valid = check_subscription(complete, check, settings_); !valid) {
    return cannot(target, valid.error().detail);
  }
  return create_internal(schema, *host, "", {}, context.originator, std::move(complete), context);
}

/// Enters itself into an existing <subscription>.
Result<ResourcePtr> CrossResourceType::join(const Resource& self, const std::string& target,
                                            OperationContext& context) const {
  auto found = find_local(target, context.settings, context.resources);
  if (!found) return found;
  if (!*found) return cannot(target, "it is no resource of this CSE");
  if ((*found)->type() != type_number::kSubscription) {
    return fail(Rsc::kBadRequest,
                "srat (subscriptionResourcesAsTarget): \"" + target + "\" is no <subscription>");
  }
  const AccessRequest question{context.originator, Privilege::kUpdate, 0,
                               context.request.peer.get()};
  auto allowed = cse_.access().allows(*found, question, context.resources);
  if (!allowed) return fail(allowed.error());
  if (!*allowed) {
    return cannot(target, no_privilege(context.originator, Privilege::kUpdate, **found).detail);
  }
  Value attributes = (*found)->attributes();
  const std::string reference = to_sp_relative(self.id().text, context.settings);
  add_once(attributes, "nu", reference);
  add_once(attributes, "acrs", reference);
  return context.resources.update(*found, std::move(attributes), true);
}

Result<void> CrossResourceType::created(const ResourcePtr& self, OperationContext& context) const {
  const std::vector<Value> criteria = criteria_of(self->attributes());
  CrossResourceState state;
  Value subscriptions = Value::array();
  for (const std::string& target : self->attributes().strings_at("rrat")) {
    const std::size_t index = criteria.size() == 1 ? 0 : subscriptions.size();
    auto made = subscribe(*self, target, criteria.at(index), context);
    if (!made) return fail(made.error());
    state.subscriptions.push_back((*made)->id().text);
    subscriptions.push_back(to_sp_relative((*made)->id().text, context.settings));
  }
  for (const std::string& target : self->attributes().strings_at("srat")) {
    auto joined = join(*self, target, context);
    if (!joined) return fail(joined.error());
    state.subscriptions.push_back((*joined)->id().text);
  }
  if (window_type_of(self->attributes()) == WindowType::kPeriodic) {
    state.window_from = context.now();
  }
  ResourcePtr now = set_state(self, state, context);
  if (subscriptions.size() == 0) return {};
  Value attributes = now->attributes();
  attributes.set("rrats", std::move(subscriptions));
  context.resources.update(now, std::move(attributes), true);
  return {};
}

Result<void> CrossResourceType::on_update(const ResourcePtr& before, Value& attributes,
                                          const Value& requested, OperationContext& context) const {
  if (auto valid = check_window(attributes); !valid) return valid;
  apply_stats_update(attributes, requested);
  if (!requested.contains("twt") && !requested.contains("tws")) return {};
  CrossResourceState state = state_of(*before);  // TS-0004 clause 7.4.58.2.3: the window restarts
  state.reported.clear();
  state.window_from.reset();
  if (window_type_of(attributes) == WindowType::kPeriodic) state.window_from = context.now();
  set_state(before, state, context);
  return {};
}

Result<void> CrossResourceType::leave(const Resource& self, const std::string& target,
                                      OperationContext& context) {
  auto found = find_local(target, context.settings, context.resources);
  if (!found) return fail(found.error());
  if (!*found || (*found)->type() != type_number::kSubscription || is_going(**found)) return {};
  Value attributes = (*found)->attributes();
  const std::string reference = to_sp_relative(self.id().text, context.settings);
  remove_text(attributes, "nu", reference, true);
  remove_text(attributes, "acrs", reference, false);
  context.resources.update(*found, std::move(attributes), true);
  return {};
}

Result<void> CrossResourceType::on_delete(const ResourcePtr& self,
                                          OperationContext& context) const {
  if (auto marked = mark_going(self->id(), context); !marked) return marked;
  for (const std::string& target : self->attributes().strings_at("rrats")) {
    auto subscription = find_local(target, context.settings, context.resources);
    if (!subscription) return fail(subscription.error());
    if (!*subscription || is_going(**subscription)) continue;
    if (auto erased = erase_subtree(*subscription, context, true); !erased) return erased;
  }
  for (const std::string& target : self->attributes().strings_at("srat")) {
    if (auto left = leave(*self, target, context); !left) return left;
  }
  return {};
}

bool CrossResourceType::needs_preparation(const Request& request) const {
  const Value* attributes = requested_attributes(request);
  return attributes && !attributes->strings_at("nu").empty();
}

void CrossResourceType::prepare_create(const Request& request, const ResourcePtr&,
                                       const std::string& originator, Prepared done) const {
  const TargetQuestion question{cse_, request, originator};
  CommittedView resources = cse_.view();
  auto targets =
      targets_to_verify(question, requested_attributes(request)->strings_at("nu"), resources);
  if (!targets) return done(targets.error());
  const std::string reference =
      to_sp_relative(identifier_for("crs", request, originator).text, cse_.settings());
  verify_targets(cse_, settings_, question, *targets, reference, std::move(done));
}

}  // namespace gatehouse

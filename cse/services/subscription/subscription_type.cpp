#include "cse/services/subscription/subscription_type.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/services/subscription/cross_resource_links.h"
#include "cse/services/subscription/missing_data.h"
#include "cse/services/subscription/notification_stats.h"
#include "cse/services/subscription/target_verification.h"

namespace gatehouse {
namespace {

bool is_blocking(const Value& attributes) {
  const Value* criteria = attributes.find("enc");
  const Value* types = criteria ? criteria->find("net") : nullptr;
  return types && types->size() == 1 &&
         types->as_array()->front().as_integer() == event_type::kBlockingUpdate;
}

/// Targets of nu that the subscription did not have.
std::vector<std::string> added_targets(const Resource& before, const Value& requested) {
  const std::vector<std::string> known = before.attributes().strings_at("nu");
  std::vector<std::string> added;
  for (std::string& target : requested.strings_at("nu")) {
    if (std::find(known.begin(), known.end(), target) == known.end()) {
      added.push_back(std::move(target));
    }
  }
  return added;
}

}  // namespace

/// One subscription to blocking updates for each resource, and its target may itself update that.
/// Source: TS-0001 clause 10.2.10.2, TS-0004 clause 7.4.8.2.1.
Result<void> SubscriptionType::check_blocking(const Draft& draft, OperationContext& context) const {
  if (!is_blocking(draft.attributes)) return {};
  Page page;
  for (;;) {
    auto siblings =
        context.resources.children_of_type(draft.parent->id(), type_number::kSubscription, page);
    if (!siblings) return fail(siblings.error());
    for (const ChildEntry& entry : *siblings) {
      page.after = entry.order;
      auto sibling = context.resources.find(entry.id);
      if (!sibling) return fail(sibling.error());
      if (*sibling && is_blocking((*sibling)->attributes())) {
        return fail(Rsc::kBlockingSubscriptionAlreadyExists,
                    "enc/net: " + (*sibling)->path() + " already subscribes to blocking updates");
      }
    }
    if (siblings->size() < page.limit) break;
  }
  std::string target = draft.attributes.strings_at("nu").front();
  auto entity = find_local(target, context.settings, context.resources);
  if (!entity) return fail(entity.error());
  if (*entity && (*entity)->type() == type_number::kAe) target = (*entity)->id().text;
  const AccessRequest question{target, Privilege::kUpdate};
  auto allowed = cse_.access().allows(draft.parent, question, context.resources);
  if (!allowed) return fail(allowed.error());
  if (!*allowed) return fail(no_privilege(target, Privilege::kUpdate, *draft.parent));
  return {};
}

Result<void> SubscriptionType::on_create(Draft& draft, OperationContext& context) const {
  const AccessRequest question{context.originator, Privilege::kRetrieve, 0,
                               context.request.peer.get()};
  auto allowed = cse_.access().allows(draft.parent, question, context.resources);
  if (!allowed) return fail(allowed.error());
  if (!*allowed) {
    return fail(no_privilege(context.originator, Privilege::kRetrieve, *draft.parent));
  }
  const Value* requested = requested_attributes(context.request);
  const SubscriptionCheck check{requested ? *requested : draft.attributes, *draft.parent,
                                cse_.schemas(), false};
  if (auto valid = check_subscription(draft.attributes, check, settings_); !valid) return valid;
  if (auto valid = check_blocking(draft, context); !valid) return valid;
  for (const std::string& target : draft.attributes.strings_at("nu")) {
    if (target.find("://") != std::string::npos) continue;
    auto own = is_originator(target, context.originator, context.settings, context.resources);
    if (!own) return fail(own.error());
    if (!*own) draft.attributes.set("cr", context.originator);
  }
  const ResourceId wanted = identifier_for("sub", context.request, context.originator);
  auto taken = context.resources.find_stored(wanted);
  if (!taken) return fail(taken.error());
  if (!*taken) draft.record.id = wanted;
  return {};
}

Result<void> SubscriptionType::on_update(const ResourcePtr& before, Value& attributes,
                                         const Value& requested, OperationContext& context) const {
  auto parent = context.resources.find(before->parent());
  if (!parent) return fail(parent.error());
  if (!*parent) return fail(Rsc::kNotFound, "the subscribed-to resource is gone");
  const SubscriptionCheck check{requested, **parent, cse_.schemas(), true};
  if (auto valid = check_subscription(attributes, check, settings_); !valid) return valid;
  apply_stats_update(attributes, requested);
  if (requested.contains("enc")) restart_missing_data(before, context);
  return end_removed_links(*before, attributes, context);
}

Result<void> SubscriptionType::on_delete(const ResourcePtr& self, OperationContext& context) const {
  return end_links(self, context);
}

bool SubscriptionType::needs_preparation(const Request& request) const {
  const Value* attributes = requested_attributes(request);
  if (!attributes) return false;
  const auto targets = attributes->strings_at("nu");
  return std::any_of(targets.begin(), targets.end(),
                     [&request](const std::string& target) { return target != request.from; });
}

void SubscriptionType::prepare_create(const Request& request, const ResourcePtr& parent,
                                      const std::string& originator, Prepared done) const {
  const TargetQuestion question{cse_, request, originator};
  const Value& attributes = *requested_attributes(request);
  CommittedView resources = cse_.view();
  auto targets = targets_to_verify(question, attributes.strings_at("nu"), resources);
  if (!targets) return done(targets.error());
  const ResourceId id = identifier_for("sub", request, originator);
  const std::string reference =
      cse_.settings().cse_id + "/" +
      (settings_.structured_reference ? parent->path() + "/" + attributes.string_at("rn", id.text)
                                      : id.text);
  verify_targets(cse_, settings_, question, *targets, reference, std::move(done));
}

bool SubscriptionType::update_needs_preparation(const ResourcePtr& target,
                                                const Request& request) const {
  const Value* requested = requested_attributes(request);
  return requested && !added_targets(*target, *requested).empty();
}

void SubscriptionType::prepare_update(const Request& request, const ResourcePtr& target,
                                      const std::string& originator, Prepared done) const {
  const TargetQuestion question{cse_, request, originator};
  CommittedView resources = cse_.view();
  auto targets = targets_to_verify(question, added_targets(*target, *requested_attributes(request)),
                                   resources);
  if (!targets) return done(targets.error());
  verify_targets(cse_, settings_, question, *targets,
                 subscription_reference(*target, cse_.settings(), settings_), std::move(done));
}

}  // namespace gatehouse

#include "cse/services/subscription/cross_resource_links.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/services/subscription/notification.h"

namespace gatehouse {
namespace {

constexpr std::string_view kGoing = "going";

/// {sud: true} for a <crossResourceSubscription> of another CSE.
void tell_other_cse(const Resource& subscription, const std::string& target,
                    OperationContext& context) {
  OutboxNotification entry;
  entry.targets = {target};
  entry.content = Value::object(
      {{"m2m:sgn",
        Value::object(
            {{"sud", true}, {"sur", to_sp_relative(subscription.id().text, context.settings)}})}});
  entry.at = context.now();
  context.resources.put_outbox(subscription.id().text, to_value(entry));
}

Result<void> end_one(const Resource& subscription, const std::string& target,
                     OperationContext& context) {
  auto found = find_local(target, context.settings, context.resources);
  if (!found) return fail(found.error());
  if (!*found) {
    const auto address = parse_address(target);
    if (address && !is_local(*address, context.settings)) {
      tell_other_cse(subscription, target, context);
    }
    return {};
  }
  if ((*found)->type() != type_number::kCrossResourceSubscription || is_going(**found)) return {};
  return erase_subtree(*found, context, true);
}

}  // namespace

bool is_going(const Resource& resource) { return resource.internal().bool_at(kGoing); }

Result<void> mark_going(const ResourceId& id, OperationContext& context) {
  auto resource = context.resources.find_stored(id);
  if (!resource) return fail(resource.error());
  if (!*resource) return {};
  Value internal = (*resource)->internal();
  internal.set(kGoing, true);
  context.resources.update_internal(*resource, std::move(internal));
  return {};
}

Result<void> end_links(const ResourcePtr& subscription, OperationContext& context) {
  const std::vector<std::string> targets = subscription->attributes().strings_at("acrs");
  if (targets.empty()) return {};
  if (auto marked = mark_going(subscription->id(), context); !marked) return marked;
  for (const std::string& target : targets) {
    if (auto ended = end_one(*subscription, target, context); !ended) return ended;
  }
  return {};
}

Result<void> end_removed_links(const Resource& before, Value& attributes,
                               OperationContext& context) {
  const std::vector<std::string> kept = attributes.strings_at("acrs");
  for (const std::string& target : before.attributes().strings_at("acrs")) {
    if (std::find(kept.begin(), kept.end(), target) != kept.end()) continue;
    if (auto ended = end_one(before, target, context); !ended) return ended;
    Value targets = Value::array();
    for (const std::string& known : attributes.strings_at("nu")) {
      if (known != target) targets.push_back(known);
    }
    attributes.set("nu", std::move(targets));
  }
  return {};
}

}  // namespace gatehouse

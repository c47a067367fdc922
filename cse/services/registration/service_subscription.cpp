#include "cse/services/registration/service_subscription.h"

#include <algorithm>

#include "cse/core/access_control.h"
#include "cse/core/address.h"

namespace gatehouse {
namespace {

bool one_matches(const std::vector<std::string>& patterns, const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(), [&text](const std::string& pattern) {
    return matches_wildcard(pattern, text);
  });
}

/// Without `apci` a rule is for registrations without security association.
bool credential_fits(const Value& rule, const Registree& registree) {
  const std::vector<std::string> patterns = rule.strings_at("apci");
  if (patterns.empty()) return !registree.proven;
  if (!registree.proven) return false;
  return std::any_of(registree.credentials.begin(), registree.credentials.end(),
                     [&patterns](const std::string& one) { return one_matches(patterns, one); });
}

bool rule_fits(const Value& rule, const Registree& registree) {
  const std::vector<std::string> apps = rule.strings_at("aai"), stems = rule.strings_at("aae");
  return credential_fits(rule, registree) &&
         (apps.empty() || one_matches(apps, registree.app_id)) &&
         (stems.empty() || one_matches(stems, registree.stem));
}

/// Every present resource of a type, until `visit` returns false.
template <class Visit>
Result<void> each_of_type(int type, WorkingSet& resources, const Visit& visit) {
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto resource = resources.find(entry.id);
      if (!resource) return fail(resource.error());
      if (*resource && !visit(*resource)) return {};
    }
    if (entries->size() < page.limit) return {};
  }
}

/// An App-ID begins with R (registered) or N; a pattern may begin with '*' instead. 'r' is that of
/// release 4's reverse domain names.
Result<void> check_app_rule(const Value& rule) {
  for (const std::string& pattern : rule.strings_at("aai")) {
    if (pattern.empty() ||
        std::string_view("*RNr").find(pattern.front()) == std::string_view::npos) {
      return fail(Rsc::kBadRequest, "aai (allowedApp-IDs): \"" + pattern +
                                        "\" begins with none of '*', 'R', 'r' and 'N'");
    }
  }
  return {};
}

Result<void> check_subscribed_node(const Value& node) {
  if (!node.find("rlk") || node.find("csi")) return {};
  return fail(Rsc::kBadRequest, "rlk (ruleLinks): is only for a node with a csi (CSE-ID)");
}

/// A type with one rule about its whole representation, which CREATE and UPDATE must leave true.
class CheckedWhole final : public TypeBehaviour {
 public:
  explicit CheckedWhole(Result<void> (*check)(const Value&)) : check_(check) {}

  Result<void> on_create(Draft& draft, OperationContext&) const override {
    return check_(draft.attributes);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value&,
                         OperationContext&) const override {
    return check_(attributes);
  }

 private:
  Result<void> (*check_)(const Value&);
};

}  // namespace

std::shared_ptr<const TypeBehaviour> app_rule_behaviour() {
  return std::make_shared<CheckedWhole>(check_app_rule);
}

std::shared_ptr<const TypeBehaviour> subscribed_node_behaviour() {
  return std::make_shared<CheckedWhole>(check_subscribed_node);
}

Registree registree_of(std::string app_id, std::string stem, const OperationContext& context) {
  Registree registree{std::move(app_id), std::move(stem), context.settings.cse_id, false, {}};
  const Peer* peer = context.request.peer.get();
  if (!peer || !peer->authenticated) return registree;
  registree.proven = true;
  registree.credentials = peer->identities;
  if (!peer->credential.empty()) registree.credentials.push_back(peer->credential);
  return registree;
}

Result<void> check_service_subscription(const Registree& registree, OperationContext& context) {
  bool any_profile = false, any_node = false;
  const auto see_profile = [&any_profile](const ResourcePtr&) { return !(any_profile = true); };
  auto seen =
      each_of_type(type_number::kServiceSubscriptionProfile, context.resources, see_profile);
  if (!seen || !any_profile) return seen;

  std::vector<std::string> links;
  const auto see_node = [&](const ResourcePtr& node) {
    std::string csi = node->attributes().string_at("csi");
    if (csi.starts_with(context.settings.sp_id + "/")) csi.erase(0, context.settings.sp_id.size());
    if (csi != registree.cse_id) return true;
    any_node = true;
    for (std::string& link : node->attributes().strings_at("rlk")) links.push_back(std::move(link));
    return true;
  };
  seen = each_of_type(type_number::kServiceSubscribedNode, context.resources, see_node);
  if (!seen) return seen;
  if (!any_node) {
    return fail(Rsc::kServiceSubscriptionNotEstablished,
                "no <serviceSubscribedNode> of the service subscriptions has the CSE-ID \"" +
                    registree.cse_id + "\"");
  }
  for (const std::string& link : links) {
    auto rule = find_local(link, context.settings, context.resources);
    if (!rule) return fail(rule.error());
    if (*rule && (*rule)->type() == type_number::kServiceSubscribedAppRule &&
        rule_fits((*rule)->attributes(), registree)) {
      return {};
    }
  }
  return fail(Rsc::kAppRuleValidationFailed, "no <serviceSubscribedAppRule> allows the App-ID \"" +
                                                 registree.app_id + "\" with the AE-ID \"" +
                                                 registree.stem + "\" and this credential");
}

}  // namespace gatehouse

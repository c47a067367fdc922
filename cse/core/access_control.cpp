#include "cse/core/access_control.h"

#include <algorithm>

#include "cse/core/access_rule.h"
#include "cse/core/address.h"

namespace gatehouse {

Privilege privilege_for(Operation operation) {
  switch (operation) {
    case Operation::kCreate:
      return Privilege::kCreate;
    case Operation::kRetrieve:
      return Privilege::kRetrieve;
    case Operation::kUpdate:
      return Privilege::kUpdate;
    case Operation::kDelete:
      return Privilege::kDelete;
    case Operation::kNotify:
      return Privilege::kNotify;
  }
  return Privilege::kRetrieve;
}

/// What the rules permit: all of the resource, or the attributes of their lists.
struct AccessControl::Coverage {
  bool all = false;
  std::vector<std::string> attributes;
};

namespace {

/// RETRIEVE, discovery, and a subscription to what may be retrieved.
bool only_looks(const AccessRequest& request) {
  return request.privilege == Privilege::kRetrieve || request.privilege == Privilege::kDiscovery ||
         (request.privilege == Privilege::kCreate &&
          request.child_type == type_number::kSubscription);
}

Operation operation_for(Privilege privilege) {
  switch (privilege) {
    case Privilege::kCreate:
      return Operation::kCreate;
    case Privilege::kUpdate:
      return Operation::kUpdate;
    case Privilege::kDelete:
      return Operation::kDelete;
    case Privilege::kNotify:
      return Operation::kNotify;
    default:
      return Operation::kRetrieve;
  }
}

bool touches_attributes(Privilege privilege) {
  return privilege != Privilege::kDiscovery && privilege != Privilege::kNotify;
}

/// Does a list of attributes hold all that the operation is about?
bool is_enough(const std::vector<std::string>& covered, const Resource& target,
               const AccessRequest& request) {
  const auto is_covered = [&covered](const std::string& name) {
    return std::find(covered.begin(), covered.end(), name) != covered.end();
  };
  if (request.attributes) {
    return std::all_of(request.attributes->begin(), request.attributes->end(), is_covered);
  }
  const bool writes =
      request.privilege == Privilege::kCreate || request.privilege == Privilege::kUpdate;
  if (writes && !request.content) return false;
  const Value::Object* members =
      writes ? request.content->as_object() : target.attributes().as_object();
  return members && std::all_of(members->begin(), members->end(),
                                [&](const Member& member) { return is_covered(member.name); });
}

/// Does one of a token's resource identifiers name the target?
bool names_target(const std::vector<std::string>& resources, const Resource& target,
                  const CseSettings& settings) {
  return std::any_of(resources.begin(), resources.end(), [&](const std::string& text) {
    std::string_view id = text;
    if (id.starts_with(settings.sp_id + "/")) id.remove_prefix(settings.sp_id.size());
    if (id.starts_with(settings.cse_id + "/")) id.remove_prefix(settings.cse_id.size() + 1);
    return id == target.id().text || id == target.path();
  });
}

}  // namespace

bool AccessControl::is_almighty(const std::string& originator) const {
  return (!settings_.administrator.empty() && originator == settings_.administrator) ||
         originator == settings_.cse_id;
}

RuleInput AccessControl::input_for(const Resource& target, const AccessRequest& request,
                                   ResourceReader& resources) const {
  RuleInput input{request, target, settings_, resources, {}};
  if (!request.grants) return input;
  input.roles = request.grants->roles;
  for (const TokenPermission& permission : request.grants->permissions) {
    if (permission.resources.empty() || names_target(permission.resources, target, settings_))
      input.roles.insert(input.roles.end(), permission.roles.begin(), permission.roles.end());
  }
  return input;
}

Result<bool> AccessControl::allows(const ResourcePtr& resource, const AccessRequest& request,
                                   ResourceReader& resources) const {
  auto decision = decide(resource, request, resources);
  if (!decision) return fail(decision.error());
  return decision->permitted;
}

Result<AccessDecision> AccessControl::decide(const ResourcePtr& resource,
                                             const AccessRequest& request,
                                             ResourceReader& resources) const {
  if (is_almighty(request.originator)) return AccessDecision{true, {}};
  const RuleInput input = input_for(*resource, request, resources);
  Coverage coverage;
  if (auto done = cover(resource, input, coverage); !done) return fail(done.error());
  if (!coverage.all) {
    if (auto done = cover_by_tokens(input, coverage); !done) return fail(done.error());
  }
  if (coverage.all) return AccessDecision{true, {}};
  if (coverage.attributes.empty()) return AccessDecision{};
  if (!touches_attributes(request.privilege)) return AccessDecision{true, {}};
  if (!is_enough(coverage.attributes, *resource, request)) return AccessDecision{};
  return AccessDecision{true, std::move(coverage.attributes)};
}

/// `resource`: whose policies govern, at first the target itself.
Result<void> AccessControl::cover(const ResourcePtr& resource, const RuleInput& input,
                                  Coverage& coverage) const {
  const AccessRequest& request = input.request;
  const auto of_parent = [&]() -> Result<void> {
    auto parent = input.resources.find(resource->parent());
    if (!parent) return fail(parent.error());
    return *parent ? cover(*parent, input, coverage) : Result<void>{};
  };
  const auto decided = behaviours_.of(resource->type())
                           .allows(*resource, request.originator, operation_for(request.privilege));
  if (decided) {
    coverage.all = *decided;
    return {};
  }
  if (resource->type() % type_number::kAnnounced == type_number::kAccessControlPolicy) {
    // An announced policy is its original's: whoever announced it keeps up with it.
    coverage.all =
        resource->type() > type_number::kAnnounced && request.originator == resource->originator();
    if (coverage.all) return {};
    return cover_by_rules(resource->attributes().find("pvs"), input, coverage);
  }
  if (!resource->schema().has_access_control) return of_parent();
  // Read from the text only when there is something to read: most resources have no acpi.
  const Value* policies = resource->attribute("acpi");
  if (policies && policies->size() > 0) {
    auto some_exist = cover_by_policies(*policies, "pv", input, coverage);
    if (!some_exist) return fail(some_exist.error());
    if (*some_exist) return {};
  }
  // TS-0001 clause 9.6.1.3.2: no policy means that the creator has access. custodian (R4) takes its
  // place once set.
  const Value* custodian = resource->attribute("cstn");
  const std::string* named = custodian ? custodian->as_string() : nullptr;
  coverage.all = request.originator == (named ? *named : resource->originator());
  if (coverage.all || resource->type() <= type_number::kAnnounced || !only_looks(request))
    return {};
  return of_parent();
}

Result<void> AccessControl::cover_by_tokens(const RuleInput& input, Coverage& coverage) const {
  if (!input.request.grants) return {};
  for (const TokenPermission& permission : input.request.grants->permissions) {
    // Privileges without resources are for nothing. Source: TS-0003 clause 7.3.2.5.
    if (permission.privileges.is_null() || coverage.all ||
        !names_target(permission.resources, input.target, settings_)) {
      continue;
    }
    if (auto done = cover_by_rules(&permission.privileges, input, coverage); !done) return done;
  }
  return {};
}

Result<bool> AccessControl::allows_policy_change(const ResourcePtr& resource,
                                                 const AccessRequest& request,
                                                 ResourceReader& resources) const {
  if (is_almighty(request.originator)) return true;
  const Value* policies = resource->attribute("acpi");
  if (!policies || policies->size() == 0) return allows(resource, request, resources);
  if (const auto decided = behaviours_.of(resource->type())
                               .allows(*resource, request.originator, Operation::kUpdate)) {
    return *decided;
  }
  Coverage coverage;
  auto some_exist =
      cover_by_policies(*policies, "pvs", input_for(*resource, request, resources), coverage);
  if (!some_exist) return some_exist;
  // With all policies gone the resource is its creator's again.
  if (!*some_exist) return allows(resource, request, resources);
  return coverage.all || std::find(coverage.attributes.begin(), coverage.attributes.end(),
                                   "acpi") != coverage.attributes.end();
}

Result<bool> AccessControl::policies_grant(const Value& policy_ids, const ResourcePtr& resource,
                                           const AccessRequest& request,
                                           ResourceReader& resources) const {
  Coverage coverage;
  auto some_exist =
      cover_by_policies(policy_ids, "pv", input_for(*resource, request, resources), coverage);
  if (!some_exist) return some_exist;
  return coverage.all;
}

Result<bool> AccessControl::cover_by_policies(const Value& policy_ids, const char* privileges,
                                              const RuleInput& input, Coverage& coverage) const {
  bool some_exist = false;
  if (!policy_ids.as_array()) return some_exist;
  for (const Value& id : *policy_ids.as_array()) {
    if (!id.as_string()) continue;
    const auto address = parse_address(*id.as_string());
    // What another CSE holds may exist: it is no reason to fall back on the creator.
    if (address && !is_local(*address, settings_)) some_exist = true;
    auto policy = find_local(*id.as_string(), settings_, input.resources);
    if (!policy) return fail(policy.error());
    if (!*policy || (*policy)->type() != type_number::kAccessControlPolicy) continue;
    some_exist = true;
    auto done = cover_by_rules((*policy)->attributes().find(privileges), input, coverage);
    if (!done) return fail(done.error());
    if (coverage.all) break;
  }
  return some_exist;
}

Result<void> AccessControl::cover_by_rules(const Value* privileges, const RuleInput& input,
                                           Coverage& coverage) {
  const Value* rules = privileges ? privileges->find("acr") : nullptr;
  if (!rules || !rules->as_array()) return {};
  for (const Value& rule : *rules->as_array()) {
    auto permits = rule_permits(rule, input);
    if (!permits) return fail(permits.error());
    if (!*permits) continue;
    const std::vector<std::string> attributes = rule.strings_at("aca");
    coverage.all = attributes.empty();
    if (coverage.all) return {};
    coverage.attributes.insert(coverage.attributes.end(), attributes.begin(), attributes.end());
  }
  return {};
}

}  // namespace gatehouse

#include "cse/core/access_control.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/primitive/schedule_entry.h"

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

namespace {

/// RETRIEVE, discovery, and a subscription to what may be retrieved.
bool only_looks(const AccessRequest& request) {
  return request.privilege == Privilege::kRetrieve || request.privilege == Privilege::kDiscovery ||
         (request.privilege == Privilege::kCreate &&
          request.child_type == type_number::kSubscription);
}

}  // namespace

Result<bool> AccessControl::allows(const ResourcePtr& resource, const AccessRequest& request,
                                   ResourceReader& resources) const {
  if (!settings_.administrator.empty() && request.originator == settings_.administrator)
    return true;
  if (request.originator == settings_.cse_id) return true;
  const Operation operation = request.privilege == Privilege::kCreate   ? Operation::kCreate
                              : request.privilege == Privilege::kUpdate ? Operation::kUpdate
                              : request.privilege == Privilege::kDelete ? Operation::kDelete
                              : request.privilege == Privilege::kNotify ? Operation::kNotify
                                                                        : Operation::kRetrieve;
  if (const auto decided =
          behaviours_.of(resource->type()).allows(*resource, request.originator, operation)) {
    return *decided;
  }
  if (resource->type() == type_number::kAccessControlPolicy) {
    return rules_allow(resource->attributes().find("pvs"), resource, request, resources);
  }
  if (!resource->schema().has_access_control) {
    auto parent = resources.find(resource->parent());
    if (!parent) return fail(parent.error());
    return *parent ? allows(*parent, request, resources) : Result<bool>(false);
  }
  // Read from the text only when there is something to read: most resources have no acpi.
  const Value* policies = resource->attribute("acpi");
  if (!policies || policies->size() == 0) {
    // TS-0001 clause 9.6.2.0: no policy means that the creator has access. custodian (R4) takes its
    // place once set.
    const Value* custodian = resource->attribute("cstn");
    const std::string* named = custodian ? custodian->as_string() : nullptr;
    if (request.originator == (named ? *named : resource->originator())) return true;
    if (resource->type() <= type_number::kAnnounced || !only_looks(request)) return false;
    auto parent = resources.find(resource->parent());
    if (!parent) return fail(parent.error());
    return *parent ? allows(*parent, request, resources) : Result<bool>(false);
  }
  return policies_allow(*policies, "pv", resource, request, resources);
}

Result<bool> AccessControl::allows_policy_change(const ResourcePtr& resource,
                                                 const AccessRequest& request,
                                                 ResourceReader& resources) const {
  const Value* policies = resource->attribute("acpi");
  if (!policies || policies->size() == 0) return allows(resource, request, resources);
  if (!settings_.administrator.empty() && request.originator == settings_.administrator)
    return true;
  if (request.originator == settings_.cse_id) return true;
  if (const auto decided = behaviours_.of(resource->type())
                               .allows(*resource, request.originator, Operation::kUpdate)) {
    return *decided;
  }
  return policies_allow(*policies, "pvs", resource, request, resources);
}

Result<bool> AccessControl::policies_allow(const Value& policy_ids, const char* privileges,
                                           const ResourcePtr& resource,
                                           const AccessRequest& request,
                                           ResourceReader& resources) const {
  if (!policy_ids.as_array()) return false;
  for (const Value& id : *policy_ids.as_array()) {
    if (!id.as_string()) continue;
    auto policy = find_local(*id.as_string(), settings_, resources);
    if (!policy) return fail(policy.error());
    if (!*policy || (*policy)->type() != type_number::kAccessControlPolicy) continue;
    auto granted =
        rules_allow((*policy)->attributes().find(privileges), resource, request, resources);
    if (!granted || *granted) return granted;
  }
  return false;
}

Result<bool> AccessControl::rules_allow(const Value* privileges, const ResourcePtr& resource,
                                        const AccessRequest& request,
                                        ResourceReader& resources) const {
  const Value* rules = privileges ? privileges->find("acr") : nullptr;
  if (!rules || !rules->as_array()) return false;
  for (const Value& rule : *rules->as_array()) {
    auto granted = rule_applies(rule, resource, request, resources);
    if (!granted || *granted) return granted;
  }
  return false;
}

namespace {

/// accessControlContexts: a list of alternatives; inside one, every given condition must hold.
bool context_holds(const Value& context, const AccessRequest& request, Timestamp now) {
  if (const Value* windows = context.find("actw"); windows && windows->size() > 0) {
    if (!any_entry_covers(context.strings_at("actw"), now)) return false;
  }
  if (const Value* addresses = context.find("acip")) {
    auto entries = addresses->strings_at("ipv4");
    const auto v6 = addresses->strings_at("ipv6");
    entries.insert(entries.end(), v6.begin(), v6.end());
    if (!request.peer || !address_in_list(entries, request.peer->address)) return false;
  }
  // A location is never known here: a rule that asks for one does not apply.
  return !context.contains("aclr");
}

/// accessControlObjectDetails: alternatives of parent type and allowed child types; CREATE only.
bool object_details_hold(const Value& details, const ResourcePtr& resource,
                         const AccessRequest& request) {
  if (!details.as_array() || details.size() == 0) return true;
  if (request.privilege != Privilege::kCreate) return false;
  return std::any_of(
      details.as_array()->begin(), details.as_array()->end(), [&](const Value& detail) {
        const Value* parent_type = detail.find("ty");
        if (parent_type && parent_type->as_integer() != resource->type()) return false;
        const Value* child_types = detail.find("chty");
        if (!child_types || !child_types->as_array()) return true;
        return std::any_of(
            child_types->as_array()->begin(), child_types->as_array()->end(),
            [&](const Value& type) { return type.as_integer() == request.child_type; });
      });
}

}  // namespace

Result<bool> AccessControl::rule_applies(const Value& rule, const ResourcePtr& resource,
                                         const AccessRequest& request,
                                         ResourceReader& resources) const {
  if ((rule.integer_at("acop") & static_cast<int>(request.privilege)) == 0) return false;
  if (const Value* details = rule.find("acod");
      details && !object_details_hold(*details, resource, request)) {
    return false;
  }
  if (rule.bool_at("acaf") && !(request.peer && request.peer->authenticated)) return false;
  if (const Value* contexts = rule.find("acco");
      contexts && contexts->as_array() && contexts->size() > 0) {
    const auto& list = *contexts->as_array();
    if (std::none_of(list.begin(), list.end(), [&](const Value& context) {
          return context_holds(context, request, resources.now());
        })) {
      return false;
    }
  }
  const Value* originators = rule.find("acor");
  return originators ? names_originator(*originators, request, resources) : Result<bool>(false);
}

Result<bool> AccessControl::names_originator(const Value& originators, const AccessRequest& request,
                                             ResourceReader& resources) const {
  if (!originators.as_array()) return false;
  const std::string& who = request.originator;
  const std::string sp_relative =
      who.starts_with('/') ? who
                           : (who.starts_with('S') ? "/" + who : settings_.cse_id + "/" + who);
  const std::string absolute = settings_.sp_id + sp_relative;
  for (const Value& entry : *originators.as_array()) {
    const std::string* pattern = entry.as_string();
    if (!pattern || pattern->empty()) continue;
    if (*pattern == "all" || *pattern == "*" || *pattern == who) return true;
    const std::string& form =
        pattern->starts_with("//") ? absolute : (pattern->front() == '/' ? sp_relative : who);
    if (matches_wildcard(*pattern, form)) return true;
    if (pattern->starts_with("//") && pattern->find('/', 2) == std::string::npos &&
        matches_wildcard(*pattern, settings_.sp_id)) {
      return true;  // a whole service provider domain
    }
  }
  for (const Value& entry : *originators.as_array()) {  // groups cost a look-up each: last
    const std::string* id = entry.as_string();
    if (!id || id->empty() || id->find('*') != std::string::npos || *id == "all") continue;
    auto member = is_group_member(*id, who, resources);
    if (!member || *member) return member;
  }
  return false;
}

Result<bool> AccessControl::is_group_member(const std::string& group, const std::string& originator,
                                            ResourceReader& resources) const {
  auto found = find_local(group, settings_, resources);
  if (!found) return fail(found.error());
  if (!*found || (*found)->type() != type_number::kGroup) return false;
  for (const std::string& member : (*found)->attributes().strings_at("mid")) {
    if (member == originator) return true;
    auto entity = find_local(member, settings_, resources);
    if (!entity) return fail(entity.error());
    if (!*entity) continue;
    const Value& attributes = (*entity)->attributes();
    if (attributes.string_at("aei") == originator || attributes.string_at("csi") == originator)
      return true;
  }
  return false;
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] != '*' && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace gatehouse

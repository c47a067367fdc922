// One access control rule: originators, operations, object details. Its contexts:
// access_context.cpp.
#include "cse/core/access_rule.h"

#include <algorithm>

#include "cse/core/address.h"

namespace gatehouse {
namespace {

/// The originator in every form in which a rule may name it.
struct OriginatorNames {
  std::string own;          ///< "CAE1", "/id-mn", "/id-mn/CAE7", "//other.sp/id/CAE7"
  std::string sp_relative;  ///< "/id-in/CAE1", "/SAE4"; empty if it is of another provider
  std::string absolute;     ///< "//sp/id-in/CAE1"
  std::string_view domain() const {
    return std::string_view(absolute).substr(0, absolute.find('/', 2));
  }
};

OriginatorNames names_of(const std::string& originator, const CseSettings& settings) {
  if (originator.starts_with("//")) return {originator, "", originator};
  const std::string sp_relative = originator.starts_with('/') ? originator
                                  : originator.starts_with('S')
                                      ? "/" + originator
                                      : settings.cse_id + "/" + originator;
  return {originator, sp_relative, settings.sp_id + sp_relative};
}

/// "//sp.example" and "//*.example": everybody of those providers.
bool is_domain(std::string_view pattern) {
  return pattern.starts_with("//") && pattern.find('/', 2) == std::string_view::npos;
}

bool pattern_matches(const std::string& pattern, const OriginatorNames& names) {
  if (pattern == names.own) return true;
  if (is_domain(pattern)) return matches_identifier(pattern, names.domain());
  if (pattern.starts_with("//")) return matches_identifier(pattern, names.absolute);
  if (pattern.starts_with('/'))
    return !names.sp_relative.empty() && matches_identifier(pattern, names.sp_relative);
  return matches_identifier(pattern, names.own);
}

/// Every text by which a group may list the originator's <AE> or <remoteCSE>.
std::vector<std::string> member_forms(const OriginatorNames& names, const RuleInput& input,
                                      const ResourcePtr& entity) {
  std::vector<std::string> forms = {names.own, names.sp_relative, names.absolute};
  if (!entity) return forms;
  const std::string& base = input.settings.csebase_name;
  std::vector<std::string> local = {entity->id().text, entity->path()};
  if (entity->path().starts_with(base + "/"))
    local.push_back("-" + entity->path().substr(base.size()));
  for (const std::string& form : local) {
    forms.push_back(form);
    forms.push_back(input.settings.cse_id + "/" + form);
    forms.push_back(input.settings.sp_id + input.settings.cse_id + "/" + form);
  }
  return forms;
}

/// The <AE> or <remoteCSE> of an originator that is registered here; null for any other.
Result<ResourcePtr> entity_of(const OriginatorNames& names, const RuleInput& input) {
  const std::string id = names.own.starts_with('/') ? names.own.substr(1) : names.own;
  if (id.empty() || id.find('/') != std::string::npos) return ResourcePtr{};
  auto found = input.resources.find(ResourceId{id});
  if (!found || !*found) return found;
  const int type = (*found)->type();
  return type == type_number::kAe || type == type_number::kRemoteCse ? found : ResourcePtr{};
}

/// A group that is not here, or no group, lets nobody in. Source: TS-0001 clause 9.6.2.1.
Result<bool> is_member(const std::string& group_id, const OriginatorNames& names,
                       const RuleInput& input) {
  auto group = find_local(group_id, input.settings, input.resources);
  if (!group) return fail(group.error());
  if (!*group || (*group)->type() != type_number::kGroup) return false;
  const Value* members = (*group)->attributes().find("mid");
  if (!members || !members->as_array()) return false;
  auto entity = entity_of(names, input);
  if (!entity) return fail(entity.error());
  const std::vector<std::string> forms = member_forms(names, input, *entity);
  return std::any_of(
      members->as_array()->begin(), members->as_array()->end(), [&forms](const Value& member) {
        return member.as_string() &&
               std::find(forms.begin(), forms.end(), *member.as_string()) != forms.end();
      });
}

Result<bool> names_originator(const Value& originators, const RuleInput& input) {
  if (!originators.as_array()) return false;
  const OriginatorNames names = names_of(input.request.originator, input.settings);
  for (const Value& entry : *originators.as_array()) {
    const std::string* pattern = entry.as_string();
    if (!pattern || pattern->empty()) continue;
    if (*pattern == "all" || *pattern == "*" || pattern_matches(*pattern, names)) return true;
    if (std::find(input.roles.begin(), input.roles.end(), *pattern) != input.roles.end())
      return true;
  }
  for (const Value& entry : *originators.as_array()) {  // groups cost a look-up each: last
    const std::string* id = entry.as_string();
    if (!id || id->empty() || id->find('*') != std::string::npos) continue;
    auto member = is_member(*id, names, input);
    if (!member || *member) return member;
  }
  return false;
}

/// `spty` of a rule: a mgmtDefinition, a containerDefinition, or an object of either.
bool is_of_specialization(const Value& wanted, const Value& attributes) {
  const Value* management = attributes.find("mgd");
  const Value* container = attributes.find("cnd");
  if (wanted.is_object()) {
    const Value* mgd = wanted.find("mgd");
    const Value* cnd = wanted.find("cnd");
    return (mgd || cnd) && (!mgd || (management && *mgd == *management)) &&
           (!cnd || (container && *cnd == *container));
  }
  if (const std::string* text = wanted.as_string()) {
    return (container && container->as_string() && *container->as_string() == *text) ||
           (management && management->as_integer() &&
            std::to_string(*management->as_integer()) == *text);
  }
  return management && wanted == *management;
}

/// TS-0001 clause 9.6.2.4 compares the specialization of the target, TS-0003 clause 7.1.5 that in
/// the content: the one that has any is taken.
bool specialization_fits(const Value& wanted, const RuleInput& input) {
  const Value& own = input.target.attributes();
  if (own.contains("mgd") || own.contains("cnd")) return is_of_specialization(wanted, own);
  return input.request.content && is_of_specialization(wanted, *input.request.content);
}

/// accessControlObjectDetails: alternatives, for CREATE only. Source: TS-0003 clause 7.1.5.
bool object_details_hold(const Value* details, const RuleInput& input) {
  if (!details || !details->as_array() || details->size() == 0) return true;
  if (input.request.privilege != Privilege::kCreate) return true;
  const auto holds = [&input](const Value& detail) {
    const Value* type = detail.find("ty");
    if (type && type->as_integer() != input.target.type()) return false;
    const Value* specialization = detail.find("spty");
    if (specialization && !specialization_fits(*specialization, input)) return false;
    const Value* children = detail.find("chty");
    return children && children->as_array() &&
           std::any_of(
               children->as_array()->begin(), children->as_array()->end(),
               [&](const Value& child) { return child.as_integer() == input.request.child_type; });
  };
  return std::any_of(details->as_array()->begin(), details->as_array()->end(), holds);
}

/// Is the originator itself proven, and not only the CSE that forwards for it? Source: TS-0003
/// clause 7.1.2 (an entity that is registered elsewhere is authenticated by ESPrim only).
bool is_authenticated(const AccessRequest& request, const CseSettings& settings) {
  if (!request.peer || !request.peer->authenticated) return false;
  const std::string& who = request.originator;
  if (!who.starts_with('/') || who.starts_with(settings.cse_id + "/")) return true;
  const auto& proven = request.peer->identities;
  return std::find(proven.begin(), proven.end(), who) != proven.end();
}

}  // namespace

Result<bool> rule_permits(const Value& rule, const RuleInput& input) {
  if ((rule.integer_at("acop") & static_cast<int>(input.request.privilege)) == 0) return false;
  if (!object_details_hold(rule.find("acod"), input)) return false;
  if (rule.bool_at("acaf") && !is_authenticated(input.request, input.settings)) return false;
  if (!contexts_hold(rule.find("acco"), input)) return false;
  const Value* originators = rule.find("acor");
  return originators ? names_originator(*originators, input) : Result<bool>(false);
}

namespace {

bool matches(std::string_view pattern, std::string_view text, char barrier) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] != '*' && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos && text[resume] != barrier) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool matches_identifier(std::string_view pattern, std::string_view text) {
  return matches(pattern, text, '/');
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
  return matches(pattern, text, '\0');
}

}  // namespace gatehouse

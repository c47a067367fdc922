// Links to policies in requests, and answers that show only what policies permit.
#include <algorithm>

#include "cse/codec/json.h"
#include "cse/core/procedures.h"

namespace gatehouse {
namespace {

void keep_only(const std::vector<std::string>& attributes, Value& representation) {
  Value::Object* members = representation.as_object();
  if (!members) return;
  std::erase_if(*members, [&attributes](const Member& member) {
    return std::find(attributes.begin(), attributes.end(), member.name) == attributes.end();
  });
}

}  // namespace

const Value* sole_member(const std::optional<Value>& content) {
  const Value::Object* members = content ? content->as_object() : nullptr;
  return members && members->size() == 1 ? &members->front().value : nullptr;
}

void show_only(const std::optional<std::vector<std::string>>& attributes, Response& response) {
  if (!attributes || response.content.empty()) return;
  auto tree = tree_of(response.content);
  if (!tree || !tree->as_object()) return;
  for (Member& root : *tree->as_object()) {
    if (root.name == "m2m:rce") {  // {"m2m:rce": {"m2m:cnt": {…}, "uri": "…"}}
      for (Member& wrapped : *root.value.as_object()) keep_only(*attributes, wrapped.value);
    } else {
      keep_only(*attributes, root.value);
    }
  }
  response.content = Content(*std::move(tree));
}

Result<void> check_policy_links(const Value& attributes, const CseSettings& settings,
                                ResourceReader& resources) {
  const Value* links = attributes.find("acpi");
  if (!links || !links->as_array()) return {};
  for (const std::string& id : attributes.strings_at("acpi")) {
    const auto address = parse_address(id);
    if (address && !is_local(*address, settings)) continue;
    auto policy = find_local(id, settings, resources);
    if (!policy) return fail(policy.error());
    if (*policy && (*policy)->type() == type_number::kAccessControlPolicy) continue;
    return fail(Rsc::kBadRequest, "acpi (accessControlPolicyIDs): \"" + id +
                                      "\" is no <accessControlPolicy> of this CSE");
  }
  return {};
}

}  // namespace gatehouse

#include "cse/services/discovery/tree_walk.h"

#include "cse/services/discovery/filter.h"

namespace gatehouse {

Result<void> TreeWalk::run(const ResourcePtr& top, ResourceReader& resources,
                           const Visitor& visitor) {
  auto walked = descend(top, 1, resources, visitor);
  if (!walked) return fail(walked.error());
  return {};
}

Result<bool> TreeWalk::descend(const ResourcePtr& parent, int level, ResourceReader& resources,
                               const Visitor& visitor) {
  const auto& filter = request_.filter;
  const std::int64_t deepest =
      std::min<std::int64_t>(filter && filter->level ? *filter->level : INT32_MAX,
                             static_cast<std::int64_t>(cse_.settings().max_children_depth));
  if (level > deepest) return true;
  std::optional<bool>
      inherited;  // access to children without policies of their own: asked once per parent
  Page page;
  for (;;) {
    auto entries = resources.children(parent->id(), page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      const std::string path = parent->path() + "/" + entry.name;
      auto found = look_at(entry, parent, path, level, inherited, resources);
      if (!found) return fail(found.error());
      if (*found && !visitor(**found)) return false;
      const TypeSchema* schema = cse_.schemas().find(entry.type);
      if (schema && schema->children.empty()) continue;  // a leaf: nothing to read below it
      ResourcePtr child = *found ? (*found)->resource : nullptr;
      if (!child) {
        auto loaded = resources.find(entry.id);
        if (!loaded) return fail(loaded.error());
        child = *std::move(loaded);
      }
      if (!child) continue;
      auto deeper = descend(child, level + 1, resources, visitor);
      if (!deeper || !*deeper) return deeper;
    }
    if (entries->size() < page.limit) return true;
  }
}

Result<std::optional<TreeWalk::Found>> TreeWalk::look_at(const ChildEntry& entry,
                                                         const ResourcePtr& parent,
                                                         const std::string& path, int level,
                                                         std::optional<bool>& inherited,
                                                         ResourceReader& resources) {
  static const FilterCriteria kNoFilter;
  const FilterCriteria& filter = request_.filter ? *request_.filter : kNoFilter;
  const bool type_decides = needs_only_type(filter);
  if (type_decides && !matches_type(filter, entry.type)) return std::optional<Found>{};
  const TypeSchema* schema = cse_.schemas().find(entry.type);
  const bool inherits_access = schema && !schema->has_access_control &&
                               entry.type != type_number::kAccessControlPolicy &&
                               !cse_.behaviours().of(entry.type).decides_access();
  Found found{entry, path, nullptr, level};
  if (load_ || !type_decides || !inherits_access) {
    auto resource = resources.find(entry.id);
    if (!resource) return fail(resource.error());
    if (!*resource) return std::optional<Found>{};
    found.resource = *std::move(resource);
  }
  const auto question = AccessRequest::of(request_, originator_, privilege_);
  if (inherits_access) {
    if (!inherited) {
      auto allowed = cse_.access().allows(parent, question, resources);
      if (!allowed) return fail(allowed.error());
      inherited = *allowed;
    }
    if (!*inherited) return std::optional<Found>{};
  } else {
    auto allowed = cse_.access().allows(found.resource, question, resources);
    if (!allowed) return fail(allowed.error());
    if (!*allowed) return std::optional<Found>{};
  }
  if (!type_decides) {
    auto matches = matches_filter(filter, *found.resource, resources);
    if (!matches) return fail(matches.error());
    if (!*matches) return std::optional<Found>{};
  }
  return std::optional<Found>(std::move(found));
}

}  // namespace gatehouse

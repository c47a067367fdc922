#include "cse/core/procedures.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse {

Error no_privilege(const std::string& originator, Privilege privilege, const Resource& resource) {
  static constexpr std::pair<Privilege, std::string_view> kNames[] = {
      {Privilege::kCreate, "CREATE below"}, {Privilege::kRetrieve, "RETRIEVE"},
      {Privilege::kUpdate, "UPDATE"},       {Privilege::kDelete, "DELETE"},
      {Privilege::kNotify, "NOTIFY"},       {Privilege::kDiscovery, "DISCOVERY of"}};
  std::string verb;
  for (const auto& [value, name] : kNames) {
    if (value == privilege) verb = name;
  }
  return {Rsc::kOriginatorHasNoPrivilege,
          "\"" + originator + "\" has no privilege for " + verb + " " + resource.path()};
}

Result<ResourcePtr> existing_target(const ProcedureContext& context, const Request& request,
                                    ResourceReader& resources) {
  if (context.seen) {
    auto now = resources.find(context.seen->id());
    if (!now || (*now && (*now)->path() == context.seen->path())) return now;
  }
  const auto address = parse_address(request.to);
  if (!address) return fail(address.error());
  auto target = resolve(*address, context.settings, resources, context.behaviours);
  if (!target) return fail(target.error());
  if (!target->resource) return fail(Rsc::kNotFound, "there is no resource \"" + request.to + "\"");
  if (!target->virtual_name.empty()) {
    return fail(Rsc::kOperationNotAllowed, std::string(name_of(request.operation)) +
                                               " is not allowed on the virtual resource \"" +
                                               target->virtual_name + "\"");
  }
  return std::move(target->resource);
}

Result<Timestamp> expiration_for(const Value* wanted, const ResourcePtr& parent,
                                 const CseSettings& settings, Timestamp now) {
  Timestamp expires = now + settings.default_expiration;
  if (wanted && wanted->as_string()) {
    const auto time = parse_abs_rel_timestamp(*wanted->as_string(), now);
    if (!time)
      return fail(Rsc::kBadRequest,
                  "et (expirationTime): must be a timestamp such as 20300101T000000");
    if (*time <= now) return fail(Rsc::kBadRequest, "et (expirationTime): lies in the past");
    expires = std::min(*time, now + settings.max_expiration);
  }
  return parent ? std::min(expires, parent->expires()) : expires;
}

namespace {

/// What the CSE added or changed by itself; what it removed as null. Source: TS-0001 clause 8.1.2
/// (modified attributes).
Value changed_by_cse(const Value& now, const Value* requested, const Value* before) {
  static const Value kNothing = Value::object();
  const Value& sent = requested ? *requested : kNothing;
  const Value& old = before ? *before : kNothing;
  Value changed = Value::object();
  for (const Member& member : *now.as_object()) {
    const Value* known = sent.find(member.name);
    if (!known) known = old.find(member.name);
    if (!known || !(*known == member.value)) changed.set(member.name, member.value);
  }
  for (const Member& member : *old.as_object()) {
    if (!now.contains(member.name) && !sent.contains(member.name)) changed.set(member.name, {});
  }
  for (const Member& member : sent.as_object() ? *sent.as_object() : Value::Object{}) {
    if (!member.value.is_null() && !now.contains(member.name)) changed.set(member.name, {});
  }
  return changed;
}

}  // namespace

Response answer_with(const Request& request, Rsc rsc, const ResourcePtr& resource,
                     const Value* requested, const Value* before) {
  Response response;
  response.rsc = rsc;
  const auto wanted = static_cast<ResultContent>(request.result_content.value_or(1));
  const auto root_of = [&resource](Value attributes) {
    return Value::object({{std::string(resource->schema().root), std::move(attributes)}});
  };
  switch (wanted) {
    case ResultContent::kNothing:
      break;
    case ResultContent::kHierarchicalAddress:
      response.content = Value::object({{"m2m:uri", resource->path()}});
      break;
    case ResultContent::kHierarchicalAddressAndAttributes: {
      Value wrapper = root_of(resource->attributes());
      wrapper.set("uri", resource->path());
      response.content = Value::object({{"m2m:rce", std::move(wrapper)}});
      break;
    }
    case ResultContent::kModifiedAttributes: {
      Value changed = changed_by_cse(resource->attributes(), requested, before);
      if (changed.size() > 0) response.content = root_of(std::move(changed));
      break;
    }
    default:
      response.content = content_of(resource);
  }
  return response;
}

Result<void> let_participants_join(const Extensions& extensions, OperationContext& context) {
  const std::vector<Change>& growing = context.resources.job_changes();  // participants add to them
  std::vector<Change> changes;
  for (TransactionParticipant* participant : extensions.participants) {
    changes.insert(changes.end(), growing.begin() + std::ssize(changes), growing.end());
    if (changes.empty()) return {};
    if (auto joined = participant->on_changes(changes, context); !joined) return joined;
  }
  return {};
}

namespace {

/// Resources that one request takes out of the store at once; what is larger is moved aside.
constexpr std::size_t kMaxErasedAtOnce = 2'000;

Result<void> move_aside(const ResourcePtr& resource, OperationContext& context, bool side_effect) {
  auto base = context.resources.find_stored(csebase_id(context.settings));
  if (!base) return fail(base.error());
  if (!*base) return fail(Rsc::kInternalServerError, "the CSEBase is missing");
  context.resources.move_aside(resource, *base, side_effect);
  return {};
}

Result<void> erase_within(const ResourcePtr& resource, OperationContext& context, bool side_effect,
                          std::size_t& budget) {
  if (auto allowed = context.behaviours.of(resource->type()).on_delete(resource, context); !allowed)
    return allowed;
  for (;;) {
    auto page = context.resources.children(resource->id(), Page{INT64_MIN, budget + 1, false});
    if (!page) return fail(page.error());
    if (page->empty()) break;
    if (page->size() > budget) return move_aside(resource, context, side_effect);
    bool progress = false;
    for (const ChildEntry& entry : *page) {
      auto child = context.resources.find_stored(entry.id);
      if (!child) return fail(child.error());
      if (!*child || (*child)->parent() != resource->id())
        continue;  // it went with a sibling, by a rule of that one's type
      progress = true;
      if (auto erased = erase_within(*child, context, true, budget); !erased) return erased;
    }
    if (!progress)
      return fail(Rsc::kInternalServerError, "a child vanished while its parent was deleted");
  }
  budget -= std::min<std::size_t>(budget, 1);
  context.resources.erase(resource, side_effect);
  return {};
}

}  // namespace

Result<void> erase_subtree(const ResourcePtr& resource, OperationContext& context,
                           bool side_effect) {
  std::size_t budget = kMaxErasedAtOnce;
  return erase_within(resource, context, side_effect, budget);
}

Result<bool> sweep(const ResourcePtr& resource, OperationContext& context, std::size_t& budget) {
  for (;;) {
    auto page = context.resources.children(resource->id(), Page{});
    if (!page) return fail(page.error());
    if (page->empty()) break;
    bool progress = false;
    for (const ChildEntry& entry : *page) {
      auto child = context.resources.find_stored(entry.id);
      if (!child) return fail(child.error());
      if (!*child || (*child)->parent() != resource->id())
        continue;  // it went with a sibling, by a rule of that one's type
      progress = true;
      auto gone = sweep(*child, context, budget);
      if (!gone || !*gone) return gone;
    }
    if (!progress)
      return fail(Rsc::kInternalServerError, "a child vanished while its parent was deleted");
  }
  if (budget == 0) return false;
  --budget;
  if (!is_moved_aside(*resource)) {  // for that one it was asked when it was deleted
    auto allowed = context.behaviours.of(resource->type()).on_delete(resource, context);
    if (!allowed) return fail(allowed.error());
  }
  context.resources.erase(resource, true);
  return true;
}

Result<void> remove_expired(const ResourcePtr& resource, OperationContext& context) {
  if (!resource || resource->expires() > context.now()) return {};
  if (auto erased = erase_subtree(resource, context); !erased) return erased;
  auto parent = context.resources.find_stored(resource->parent());
  if (!parent) return fail(parent.error());
  if (!*parent) return {};
  return context.behaviours.of((*parent)->type()).on_child_deleted(*parent, resource, context);
}

}  // namespace gatehouse

// UPDATE and DELETE. Source: TS-0004 clauses 7.3.3.7 to 7.3.3.9, TS-0001 clauses 10.1.4 and 10.1.5.
#include "cse/core/procedures.h"
#include "cse/core/release_view.h"

namespace gatehouse {
namespace {

Result<const Value*> requested_attributes(const Request& request, const Resource& target) {
  if (!request.content || !request.content->as_object() || request.content->size() != 1) {
    return fail(Rsc::kBadRequest, "pc: an UPDATE needs a content with exactly one resource");
  }
  const Member& root = request.content->as_object()->front();
  if (root.name != target.schema().root) {
    return fail(Rsc::kContentsUnacceptable, "pc: \"" + root.name +
                                                "\" does not match the target, which is a \"" +
                                                std::string(target.schema().root) + "\"");
  }
  if (!root.value.is_object())
    return fail(Rsc::kBadRequest, "pc: \"" + root.name + "\" must be an object");
  return &root.value;
}

/// The privilege for an UPDATE: of the policies' selfPrivileges when `acpi` is changed, else of
/// their privileges.
Result<void> authorize_update(const ProcedureContext& procedure, OperationContext& context,
                              const ResourcePtr& target, const Value& requested) {
  auto question = AccessRequest::of(context.request, context.originator, Privilege::kUpdate);
  question.content = &requested;
  const bool changes_policy = requested.contains("acpi");
  AccessDecision decision;
  if (changes_policy) {
    auto allowed = procedure.access.allows_policy_change(target, question, context.resources);
    if (!allowed) return fail(allowed.error());
    decision.permitted = *allowed;
  } else {
    auto decided = procedure.access.decide(target, question, context.resources);
    if (!decided) return fail(decided.error());
    decision = *std::move(decided);
  }
  if (!decision.permitted)
    return fail(no_privilege(context.originator, Privilege::kUpdate, *target));
  context.visible = std::move(decision.attributes);
  // TS-0001 clause 9.6.1.3.2 (accessControlPolicyIDs): nothing else may be changed by the same
  // request.
  if (changes_policy && requested.size() > 1) {
    return fail(Rsc::kBadRequest, "acpi (accessControlPolicyIDs): must be alone in an UPDATE");
  }
  return {};
}

/// A resource may not end before its children do. Source: TS-0004 clause 7.3.3.7 (expirationTime).
/// DEVIATION: of very many children only the newest are looked at; an older one would go with its
/// parent.
Result<void> outlives_children(const ResourcePtr& resource, Timestamp expires,
                               const OperationContext& context) {
  if (expires >= resource->expires()) return {};
  Page page;
  page.newest_first = true;
  page.limit = 256;
  auto newest = context.resources.children(resource->id(), page);
  if (!newest) return fail(newest.error());
  for (const ChildEntry& entry : *newest) {
    auto child = context.resources.find(entry.id);
    if (!child) return fail(child.error());
    if (*child && (*child)->schema().has_expiration && (*child)->expires() > expires) {
      return fail(Rsc::kBadRequest,
                  "et (expirationTime): is before that of the child " + (*child)->path());
    }
  }
  return {};
}

Result<Value> merged(const ResourcePtr& before, const Value& requested,
                     const OperationContext& context) {
  Value attributes = before->attributes();
  for (const Member& member : *requested.as_object()) {
    if (member.value.is_null()) {
      attributes.erase(member.name);
    } else {
      attributes.set(member.name, member.value);
    }
  }
  if (requested.contains("et")) {
    auto parent = context.resources.find(before->parent());
    if (!parent) return fail(parent.error());
    const Value* wanted = requested.find("et");
    auto expires = expiration_for(wanted->is_null() ? nullptr : wanted, *parent, context.settings,
                                  context.now());
    if (!expires) return fail(expires.error());
    if (auto sound = outlives_children(before, *expires, context); !sound)
      return fail(sound.error());
    attributes.set("et", to_text(*expires));
  }
  attributes.set("lt", to_text(context.now()));
  if (const Value* state_tag = attributes.find("st")) {
    attributes.set("st", state_tag->as_integer().value_or(0) + 1);
  }
  return attributes;
}

Result<void> check_filter(const ProcedureContext& procedure, const OperationContext& context,
                          const ResourcePtr& target) {
  if (!context.request.filter || !procedure.extensions.retrieval) return {};
  auto matches =
      procedure.extensions.retrieval->matches(*context.request.filter, target, context.resources);
  if (!matches) return fail(matches.error());
  if (!*matches) return fail(Rsc::kNotFound, "fc: the target does not match the filter criteria");
  return {};
}

struct Updated {
  ResourcePtr before, after;
};

Result<Updated> update(const ProcedureContext& procedure, OperationContext& context) {
  auto target = existing_target(procedure, context.request, context.resources);
  if (!target) return fail(target.error());
  const TypeBehaviour& behaviour = context.behaviours.of((*target)->type());
  if (auto refusal = behaviour.refuses(Operation::kUpdate, context.request))
    return fail(std::move(*refusal));
  auto requested = requested_attributes(context.request, **target);
  // Who may not update learns that, and nothing of what is wrong with the content.
  static const Value kNothing = Value::object();
  const Value& wanted = requested ? **requested : kNothing;
  if (auto allowed = authorize_update(procedure, context, *target, wanted); !allowed)
    return fail(allowed.error());
  if (!requested) return fail(requested.error());
  if (auto matches = check_filter(procedure, context, *target); !matches)
    return fail(matches.error());
  const Release asked = release_of(context.request);
  if (auto valid = validate_update((*target)->schema(), wanted, asked); !valid)
    return fail(valid.error());
  if (auto linked = check_policy_links(wanted, context.settings, context.resources); !linked)
    return fail(linked.error());
  auto attributes = merged(*target, wanted, context);
  if (!attributes) return fail(attributes.error());
  if (auto done = behaviour.on_update(*target, *attributes, wanted, context); !done)
    return fail(done.error());
  auto current =
      context.resources.find((*target)->id());  // on_update may have changed what is kept beside
  if (!current) return fail(current.error());
  const ResourcePtr after =
      context.resources.update(*current ? *current : *target, *std::move(attributes));
  if (auto done = behaviour.updated(after, wanted, context); !done) return fail(done.error());
  auto now = context.resources.find(after->id());
  if (!now) return fail(now.error());
  return Updated{*target, *now ? *now : after};
}

/// What a DELETE answers, read before it goes.
Response answer_of_delete(const ProcedureContext& procedure, const OperationContext& context,
                          const ResourcePtr& target) {
  const std::int64_t wanted = context.request.result_content.value_or(0);
  const bool with_children = wanted == 4 || wanted == 5 || wanted == 6 || wanted == 8;
  if (with_children && procedure.extensions.retrieval) {
    return procedure.extensions.retrieval->with_children(context.request, target, context.resources,
                                                         context.originator);
  }
  Request as_asked = context.request;
  as_asked.result_content = with_children ? 0 : wanted;
  return answer_with(as_asked, Rsc::kDeleted, target, nullptr);
}

Result<Response> erase(const ProcedureContext& procedure, OperationContext& context) {
  auto target = existing_target(procedure, context.request, context.resources);
  if (!target) return fail(target.error());
  if (auto refusal =
          context.behaviours.of((*target)->type()).refuses(Operation::kDelete, context.request)) {
    return fail(std::move(*refusal));
  }
  const auto question = AccessRequest::of(context.request, context.originator, Privilege::kDelete);
  auto allowed = procedure.access.allows(*target, question, context.resources);
  if (!allowed) return fail(allowed.error());
  if (!*allowed) return fail(no_privilege(context.originator, Privilege::kDelete, **target));
  if (auto permitted = context.behaviours.of((*target)->type())
                           .permits(Operation::kDelete, **target, context.resources);
      !permitted) {
    return fail(permitted.error());
  }
  if (auto matches = check_filter(procedure, context, *target); !matches)
    return fail(matches.error());
  Response answer = answer_of_delete(procedure, context, *target);
  if (!is_success(answer.rsc)) return answer;
  answer.rsc = Rsc::kDeleted;
  if (auto erased = erase_subtree(*target, context); !erased) return fail(erased.error());
  auto parent = context.resources.find((*target)->parent());
  if (!parent) return fail(parent.error());
  if (*parent) {
    auto told =
        context.behaviours.of((*parent)->type()).on_child_deleted(*parent, *target, context);
    if (!told) return fail(told.error());
  }
  return answer;
}

Response finish(const ProcedureContext& procedure, OperationContext& context, Response response) {
  if (auto joined = let_participants_join(procedure.extensions, context); !joined) {
    return error_response(context.request, joined.error());
  }
  return response;
}

}  // namespace

Response update_resource(const ProcedureContext& procedure, const Request& request,
                         const std::string& originator, WorkingSet& resources) {
  OperationContext context{resources, request, procedure.settings, procedure.behaviours,
                           originator};
  auto updated = update(procedure, context);
  if (!updated) return error_response(request, updated.error());
  const Value& requested = request.content->as_object()->front().value;
  Response response = answer_with(request, Rsc::kUpdated, updated->after, &requested,
                                  &updated->before->attributes());
  show_only(context.visible, response);
  return finish(procedure, context, std::move(response));
}

Response delete_resource(const ProcedureContext& procedure, const Request& request,
                         const std::string& originator, WorkingSet& resources) {
  OperationContext context{resources, request, procedure.settings, procedure.behaviours,
                           originator};
  auto erased = erase(procedure, context);
  if (!erased) return error_response(request, erased.error());
  if (!is_success(erased->rsc)) return *std::move(erased);
  return finish(procedure, context, *std::move(erased));
}

}  // namespace gatehouse

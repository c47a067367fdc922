// CREATE. Source: TS-0004 clauses 7.3.3.4 to 7.3.3.6, TS-0001 clause 10.1.2.
#include "cse/core/procedures.h"
#include "cse/core/release_view.h"

namespace gatehouse {
namespace {

/// The short part of a root for identifiers: "m2m:cnt" gives "cnt".
std::string_view id_prefix(const TypeSchema& schema) {
  return schema.root.substr(schema.root.find(':') + 1);
}

struct Representation {
  const TypeSchema* schema;
  const Value* attributes;
};

/// The one member of pc, and the table that its name selects; it must agree with `ty`.
Result<Representation> representation_of(const ProcedureContext& context, const Request& request) {
  const std::int64_t type = *request.resource_type;
  if (!request.content || !request.content->as_object() || request.content->size() != 1) {
    return fail(Rsc::kBadRequest, "pc: a CREATE needs a content with exactly one resource");
  }
  const Member& root = request.content->as_object()->front();
  const TypeSchema* schema = context.schemas.find_for(static_cast<int>(type), root.name);
  if (!schema) {
    const TypeSchema* general = context.schemas.find(static_cast<int>(type));
    if (general && general->abstract && context.schemas.specialisations())
      return fail(context.schemas.specialisations()->refusal(root.name, root.value));
    return fail(Rsc::kBadRequest, "pc: \"" + root.name + "\" is no resource type of this CSE");
  }
  if (schema->type != type) {
    return fail(Rsc::kBadRequest,
                "pc: \"" + root.name + "\" does not match ty " + std::to_string(type));
  }
  if (!root.value.is_object())
    return fail(Rsc::kBadRequest, "pc: \"" + root.name + "\" must be an object");
  return Representation{schema, &root.value};
}

/// Universal and common attributes that the CSE assigns. Source: TS-0004 clause 7.3.3.5.
Result<void> complete(Draft& draft, const Value& requested, const OperationContext& context) {
  const std::string& now = context.resources.now_text();
  Record& record = draft.record;
  const bool has_et = draft.schema->has_expiration;
  auto expires = expiration_for(has_et ? requested.find("et") : nullptr, draft.parent,
                                context.settings, context.now());
  if (!expires) return fail(expires.error());
  record.expires = has_et ? *expires : draft.parent->expires();

  constexpr std::size_t kMayFollow = 8;  // what hooks set, so that nothing is moved then
  Value::Object universal;
  universal.reserve(requested.size() + kMayFollow + 8);
  universal.push_back({"rn", record.name});
  universal.push_back({"ty", record.type});
  universal.push_back({"ri", record.id.text});
  universal.push_back({"pi", record.parent.text});
  universal.push_back({"ct", now});
  universal.push_back({"lt", now});
  Value attributes(std::move(universal));
  if (has_et) attributes.set("et", to_text(record.expires));
  if (draft.schema->find("st")) attributes.set("st", 0);
  if (draft.schema->management_definition != 0)
    attributes.set("mgd", draft.schema->management_definition);
  for (const Member& member : *requested.as_object()) {
    if (member.name == "rn" || member.name == "et") continue;
    attributes.set(member.name, member.name == "cr" ? Value(context.originator) : member.value);
  }
  draft.attributes = std::move(attributes);
  return {};
}

/// Bytes of a structured address. With CSE-ID and M2M-SP-ID in front it still fits into `to`; and
/// no tree is so deep that walking it takes more than the stack has.
constexpr std::size_t kMaxPathBytes = 900;

/// What has expired and waits for its removal holds neither its name nor its identifier any more: a
/// registration may come anew at once.
Result<void> make_room(const Draft& draft, OperationContext& context) {
  if (is_new_by_construction(draft.record)) return {};
  auto namesake = context.resources.find_stored(draft.record.id);
  if (!namesake) return fail(namesake.error());
  if (auto removed = remove_expired(*namesake, context); !removed) return removed;
  auto sibling = context.resources.child_stored(*draft.parent, draft.record.name);
  if (!sibling) return fail(sibling.error());
  return remove_expired(*sibling, context);
}

void set_if_other(Value& attributes, std::string_view name, const std::string& text) {
  const Value* known = attributes.find(name);
  if (!known || !known->as_string() || *known->as_string() != text) attributes.set(name, text);
}

Result<ResourcePtr> insert(Draft draft, OperationContext& context) {
  const TypeBehaviour& behaviour = context.behaviours.of(draft.record.type);
  const bool named_by_id = draft.record.name == draft.record.id.text;
  if (auto completed = behaviour.on_create(draft, context); !completed)
    return fail(completed.error());
  // A type may choose the identifier (AE, remoteCSE); then the universal attributes follow it.
  if (named_by_id && draft.record.name != draft.record.id.text &&
      draft.attributes.string_at("rn") == draft.record.name) {
    draft.record.name = draft.record.id.text;
  }
  set_if_other(draft.attributes, "ri", draft.record.id.text);
  set_if_other(draft.attributes, "rn", draft.record.name);
  if (draft.parent->path().size() + 1 + draft.record.name.size() > kMaxPathBytes) {
    return fail(Rsc::kBadRequest,
                "rn (resourceName): the structured address would be longer than " +
                    std::to_string(kMaxPathBytes) + " bytes");
  }
  if (auto made = make_room(draft, context); !made) return fail(made.error());
  return context.resources.create_with_internal(std::move(draft.record), *draft.schema,
                                                draft.parent.get(), std::move(draft.attributes),
                                                draft.internal);
}

Result<Draft> draft_for(const Representation& wanted, const ResourcePtr& parent,
                        OperationContext& context) {
  Draft draft;
  draft.schema = wanted.schema;
  draft.parent = parent;
  Record& record = draft.record;
  record.order = context.resources.ids().next_order();
  record.id.text = IdGenerator::identifier(id_prefix(*wanted.schema), record.order);
  record.parent = parent->id();
  record.type = wanted.schema->type;
  record.name = wanted.attributes->string_at("rn", record.id.text);
  record.originator = context.originator;
  if (auto completed = complete(draft, *wanted.attributes, context); !completed)
    return fail(completed.error());
  return draft;
}

/// A child that is called like a virtual one ("la" in a container) would take its address.
/// Source: TS-0004 clause 6.8, TS-0018 TP/oneM2M/CSE/DMR/CRE/010.
Result<void> check_name(const Value& wanted, const Resource& parent, const Behaviours& behaviours) {
  const Value* name = wanted.find("rn");
  const std::string* text = name ? name->as_string() : nullptr;
  if (!text || !behaviours.find_virtual(parent.type(), *text)) return {};
  return fail(Rsc::kOperationNotAllowed, "rn (resourceName): \"" + *text +
                                             "\" is a virtual resource of each <" +
                                             std::string(parent.schema().name) + ">");
}

Result<ResourcePtr> create(const ProcedureContext& procedure, OperationContext& context) {
  const Request& request = context.request;
  auto parent = existing_target(procedure, request, context.resources);
  if (!parent) return parent;
  const auto type = static_cast<int>(request.resource_type.value_or(0));
  const TypeBehaviour& behaviour = context.behaviours.of(type);
  if (auto refusal = behaviour.refuses(Operation::kCreate, request))
    return fail(std::move(*refusal));
  if (behaviour.create_needs_privilege()) {
    auto question = AccessRequest::of(request, context.originator, Privilege::kCreate, type);
    question.content = sole_member(request.content);
    auto decision = procedure.access.decide(*parent, question, context.resources);
    if (!decision) return fail(decision.error());
    if (!decision->permitted)
      return fail(no_privilege(context.originator, Privilege::kCreate, **parent));
    context.visible = std::move(decision->attributes);
  }
  auto wanted = representation_of(procedure, request);
  if (!wanted) return fail(wanted.error());
  if (!may_be_child((*parent)->schema(), *wanted->schema)) {
    const Rsc rsc = type == type_number::kSubscription ? Rsc::kTargetNotSubscribable
                                                       : Rsc::kInvalidChildResourceType;
    return fail(rsc, "a <" + std::string(wanted->schema->name) + "> may not be a child of a <" +
                         std::string((*parent)->schema().name) + ">");
  }
  const Release asked = release_of(request);
  if (auto known = check_release(*wanted->schema, asked); !known) return fail(known.error());
  if (auto valid = validate_create(*wanted->schema, *wanted->attributes, asked); !valid)
    return fail(valid.error());
  if (auto linked = check_policy_links(*wanted->attributes, context.settings, context.resources);
      !linked) {
    return fail(linked.error());
  }
  if (auto free = check_name(*wanted->attributes, **parent, context.behaviours); !free)
    return fail(free.error());
  auto draft = draft_for(*wanted, *parent, context);
  if (!draft) return fail(draft.error());
  auto created = insert(*std::move(draft), context);
  if (!created) return created;
  if (auto done = behaviour.created(*created, context); !done) return fail(done.error());
  // The parent may have been changed by `created`: it is read again.
  auto parent_now = context.resources.find((*parent)->id());
  if (!parent_now) return parent_now;
  if (auto told =
          context.behaviours.of((*parent)->type()).on_child_created(*parent_now, *created, context);
      !told) {
    return fail(told.error());
  }
  // As it is now, even if its time is over at once (maxInstanceAge 0).
  auto now = context.resources.find_stored((*created)->id());
  return !now || *now ? now : created;
}

}  // namespace

Response create_resource(const ProcedureContext& procedure, const Request& request,
                         const std::string& originator, WorkingSet& resources) {
  OperationContext context{resources, request, procedure.settings, procedure.behaviours,
                           originator};
  auto created = create(procedure, context);
  if (!created) return error_response(request, created.error());
  if (auto joined = let_participants_join(procedure.extensions, context); !joined) {
    return error_response(request, joined.error());
  }
  const Value* requested = request.content ? &request.content->as_object()->front().value : nullptr;
  Response response = answer_with(request, Rsc::kCreated, *created, requested);
  show_only(context.visible, response);
  response.content_location = (*created)->path();
  return response;
}

Result<ResourcePtr> create_internal(const TypeSchema& schema, const ResourcePtr& parent,
                                    std::string name, ResourceId id, const std::string& originator,
                                    Value attributes, OperationContext& context, Value internal) {
  Draft draft;
  draft.schema = &schema;
  draft.parent = parent;
  draft.internal = std::move(internal);
  Record& record = draft.record;
  record.order = context.resources.ids().next_order();
  record.id = id.empty() ? ResourceId{IdGenerator::identifier(id_prefix(schema), record.order)}
                         : std::move(id);
  record.parent = parent->id();
  record.type = schema.type;
  record.name = name.empty() ? record.id.text : std::move(name);
  record.originator = originator;
  if (!attributes.is_object()) attributes = Value::object();
  if (auto completed = complete(draft, attributes, context); !completed)
    return fail(completed.error());
  if (auto made = make_room(draft, context); !made) return fail(made.error());
  return context.resources.create_with_internal(std::move(draft.record), schema, parent.get(),
                                                std::move(draft.attributes), draft.internal);
}

}  // namespace gatehouse

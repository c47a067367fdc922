// RETRIEVE of one resource. Source: TS-0004 clause 7.3.3.6, TS-0001 clause 10.1.3.
#include "cse/core/on_demand_discovery.h"
#include "cse/core/procedures.h"

namespace gatehouse {
namespace {

/// The whole resource, with what holds at this moment only.
Content whole(const ResourcePtr& target, const TypeBehaviour& behaviour, Timestamp now) {
  if (!behaviour.has_momentary()) return content_of(target);
  Value attributes = target->attributes();
  behaviour.add_momentary(attributes, now);
  return Value::object({{std::string(target->schema().root), std::move(attributes)}});
}

Response attributes_only(const Request& request, const ResourcePtr& target,
                         const TypeBehaviour& behaviour, Timestamp now) {
  Response response;
  if (request.attribute_list.empty()) {
    response.content = whole(target, behaviour, now);
    return response;
  }
  Value momentary = Value::object();
  behaviour.add_momentary(momentary, now);
  Value chosen = Value::object();
  for (const std::string& name : request.attribute_list) {
    const bool known = target->schema().find(name) || target->attributes().contains(name);
    if (!known) {
      return error_response(request,
                            {Rsc::kBadRequest, "atrl: <" + std::string(target->schema().name) +
                                                   "> has no attribute \"" + name + "\""});
    }
    const Value* value = momentary.find(name);
    if (!value) value = target->attributes().find(name);
    if (value) chosen.set(name, *value);
  }
  response.content = Value::object({{std::string(target->schema().root), std::move(chosen)}});
  return response;
}

}  // namespace

Response retrieve_resource(const ProcedureContext& procedure, const Request& request,
                           const std::string& originator, const ResourcePtr& target,
                           ResourceReader& resources) {
  const TypeBehaviour& behaviour = procedure.behaviours.of(target->type());
  if (auto refusal = behaviour.refuses(Operation::kRetrieve, request))
    return error_response(request, *refusal);
  const bool discovery = is_discovery(request);
  auto question = AccessRequest::of(request, originator,
                                    discovery ? Privilege::kDiscovery : Privilege::kRetrieve);
  if (!request.attribute_list.empty()) question.attributes = &request.attribute_list;
  if (!discovery) {  // discovery asks for each resource it finds, not for where it starts
    auto allowed = procedure.access.allows(target, question, resources);
    if (!allowed) return error_response(request, allowed.error());
    if (!*allowed)
      return error_response(request, no_privilege(originator, question.privilege, *target));
    if (auto permitted = behaviour.permits(Operation::kRetrieve, *target, resources); !permitted)
      return error_response(request, permitted.error());
  }
  const std::int64_t wanted = request.result_content.value_or(1);
  if (wanted == static_cast<std::int64_t>(ResultContent::kSemanticContent) ||
      request.other.bool_at("sqi")) {
    if (!procedure.extensions.semantic_retrieval) {
      return error_response(
          request, {Rsc::kNotImplemented,
                    "rcn (resultContent) 10, sqi: need semantics, which this node has not"});
    }
    return procedure.extensions.semantic_retrieval->query(request, target, resources, originator);
  }
  if (discovery || (wanted >= 4 && wanted != 7)) {
    if (!procedure.extensions.retrieval) {
      return error_response(request,
                            {Rsc::kNotImplemented, "rcn, fc: discovery is not part of this node"});
    }
    return discovery
               ? procedure.extensions.retrieval->discover(request, target, resources, originator)
               : procedure.extensions.retrieval->with_children(request, target, resources,
                                                               originator);
  }
  if (request.filter && procedure.extensions.retrieval) {
    auto matches = procedure.extensions.retrieval->matches(*request.filter, target, resources);
    if (!matches) return error_response(request, matches.error());
    if (!*matches) {
      return error_response(request,
                            {Rsc::kNotFound, "fc: the target does not match the filter criteria"});
    }
  }
  return attributes_only(request, target, behaviour, resources.now());
}

Response read_and_use(const ProcedureContext& procedure, const Request& request,
                      const std::string& originator, WorkingSet& resources) {
  OperationContext context{resources, request, procedure.settings, procedure.behaviours,
                           originator};
  auto target = existing_target(procedure, request, resources);
  if (!target) return error_response(request, target.error());
  Response response = retrieve_resource(procedure, request, originator, *target, resources);
  if (!is_success(response.rsc)) return response;
  if (auto used = procedure.behaviours.of((*target)->type()).on_read(*target, context); !used) {
    return error_response(request, used.error());
  }
  if (auto joined = let_participants_join(procedure.extensions, context); !joined) {
    return error_response(request, joined.error());
  }
  return response;
}

}  // namespace gatehouse

#pragma once
#include "cse/core/access_control.h"
#include "cse/core/address.h"
#include "cse/core/behaviour.h"
#include "cse/core/extensions.h"

namespace gatehouse {

/// What every procedure needs; lives as long as the Cse.
struct ProcedureContext {
  const CseSettings& settings;
  const Schemas& schemas;
  const Behaviours& behaviours;
  const AccessControl& access;
  const Extensions& extensions;
  /// What the request's `to` led to when it came in, if that was a resource. While that is still
  /// there under the same path, the address needs no second look.
  const Resource* seen = nullptr;
};

/// The procedures of TS-0004 clause 7.3.3, free of threads and sockets: resources and a request in,
/// a response out. Those that write run on the write lane; an unsuccessful response means that the
/// lane undoes what they did.

Response create_resource(const ProcedureContext& context, const Request& request,
                         const std::string& originator, WorkingSet& resources);
Response update_resource(const ProcedureContext& context, const Request& request,
                         const std::string& originator, WorkingSet& resources);
Response delete_resource(const ProcedureContext& context, const Request& request,
                         const std::string& originator, WorkingSet& resources);
Response retrieve_resource(const ProcedureContext& context, const Request& request,
                           const std::string& originator, const ResourcePtr& target,
                           ResourceReader& resources);

/// RETRIEVE of a resource that is used by that (TypeBehaviour::on_read).
Response read_and_use(const ProcedureContext& context, const Request& request,
                      const std::string& originator, WorkingSet& resources);

/// Lets the participants see what the request has changed, and add to it.
Result<void> let_participants_join(const Extensions& extensions, OperationContext& context);

/// Takes a resource and everything below it out. The resource's own change is a plain one, those
/// below are side effects. Bounded work: of a large subtree the large parts are moved aside at once
/// (WorkingSet::move_aside), and swept out by and by.
Result<void> erase_subtree(const ResourcePtr& resource, OperationContext& context,
                           bool side_effect = false);

/// Takes out what is below a resource that was moved aside, and then the resource, from the bottom,
/// at most `budget` resources, which counts down. True when all is gone.
Result<bool> sweep(const ResourcePtr& resource, OperationContext& context, std::size_t& budget);

/// Takes out a resource whose time is over, as its own DELETE would, and tells its parent. Nothing
/// happens to any other. Source: TS-0001 clause 9.6.1.3.2 (expirationTime).
Result<void> remove_expired(const ResourcePtr& resource, OperationContext& context);

/// A child that the CSE makes by itself (an ACP at start, a <request>, an announced copy): the
/// attributes are complete but for the universal ones. `name` empty: made from the identifier; `id`
/// empty: generated.
Result<ResourcePtr> create_internal(const TypeSchema& schema, const ResourcePtr& parent,
                                    std::string name, ResourceId id, const std::string& originator,
                                    Value attributes, OperationContext& context,
                                    Value internal = {});

/// 2xxx with the content that resultContent asks for. For rcn 9: `requested`, what the request
/// sent, and `before`, the attributes that an UPDATE found.
Response answer_with(const Request& request, Rsc rsc, const ResourcePtr& resource,
                     const Value* requested, const Value* before = nullptr);

/// Takes out of an answer's representation what access control does not permit to be seen; nullopt:
/// nothing.
void show_only(const std::optional<std::vector<std::string>>& attributes, Response& response);
/// The object below the one root of a content; null if it is malformed.
const Value* sole_member(const std::optional<Value>& content);
/// A request may link its resource only to policies that exist; what another CSE holds is not
/// looked up. Errors: kBadRequest.
Result<void> check_policy_links(const Value& attributes, const CseSettings& settings,
                                ResourceReader& resources);

/// Target of a request of this CSE, or the error that answers it (4000, 4004; virtual children are
/// 4005 here).
Result<ResourcePtr> existing_target(const ProcedureContext& context, const Request& request,
                                    ResourceReader& resources);
/// 4103 with a text that names originator, operation and resource.
Error no_privilege(const std::string& originator, Privilege privilege, const Resource& resource);

/// `et` of a new or updated resource: the wanted one, capped by the parent's and the CSE's limits.
/// Errors: kBadRequest when it is malformed or past.
Result<Timestamp> expiration_for(const Value* wanted, const ResourcePtr& parent,
                                 const CseSettings& settings, Timestamp now);

}  // namespace gatehouse

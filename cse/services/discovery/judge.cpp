#include "cse/services/discovery/judge.h"

#include "cse/services/discovery/permissions.h"

namespace gatehouse {

Result<ResourcePtr> Judge::look_at(const ResourceId& id, int type, Place& place,
                                   ResourceReader& resources, Work& work) const {
  work.spend(1);
  if (!place.parent || place.level < 0 || place.level >= scope_.deepest || place.hidden)
    return ResourcePtr{};
  if (!filter_.needs().allows(type)) return ResourcePtr{};
  work.spend(Work::kRead);
  auto resource = resources.find(id);
  if (!resource || !*resource) return resource;
  auto matches = filter_.matches(*resource, resources);
  if (!matches) return fail(matches.error());
  if (!*matches) return ResourcePtr{};
  auto may = allowed(*resource, place, resources);
  if (!may) return fail(may.error());
  // What cannot be retrieved itself (disableRetrieval) is not shown with what is above it either.
  // Source: TS-0001 table 9.6.6-2 and clause 10.2.6.2.
  const bool hidden = scope_.privilege == Privilege::kRetrieve &&
                      !scope_.cse.behaviours()
                           .of((*resource)->type())
                           .permits(Operation::kRetrieve, **resource, resources);
  if (!*may || hidden) return ResourcePtr{};
  if (needed_ == 0) return resource;
  const Permissions permissions(scope_.cse, scope_.request, scope_.originator);
  auto granted = permissions.of(*resource, needed_, resources);
  if (!granted) return fail(granted.error());
  return *granted == needed_ ? resource : Result<ResourcePtr>(ResourcePtr{});
}

Result<bool> Judge::allowed(const ResourcePtr& resource, Place& place,
                            ResourceReader& resources) const {
  const auto question = AccessRequest::of(scope_.request, scope_.originator, scope_.privilege);
  const bool inherits = !resource->schema().has_access_control &&
                        resource->type() != type_number::kAccessControlPolicy &&
                        !scope_.cse.behaviours().of(resource->type()).decides_access();
  if (!inherits) return scope_.cse.access().allows(resource, question, resources);
  if (!place.allowed) {
    auto may = scope_.cse.access().allows(place.parent, question, resources);
    if (!may) return may;
    place.allowed = *may;
  }
  return *place.allowed;
}

}  // namespace gatehouse

#include "mgmt-objects/management_behaviour.h"

#include "mgmt-objects/cmdh_rules.h"
#include "mgmt-objects/management_objects.h"

namespace gatehouse {
namespace {

class ManagementObject final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    if (auto sound = check_contradictions(*draft.schema, draft.attributes); !sound) return sound;
    if (auto sound = check_exclusive(*draft.schema, draft.attributes); !sound) return sound;
    if (auto sound = check_cmdh_values(*draft.schema, draft.attributes); !sound) return sound;
    add_initial_values(*draft.schema, draft.attributes);
    return {};
  }
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext&) const override {
    if (auto sound = check_exclusive(before->schema(), attributes); !sound) return sound;
    if (auto sound = check_cmdh_values(before->schema(), requested); !sound) return sound;
    return check_contradictions(before->schema(), requested);
  }
  /// Subscribers are told what was triggered; who reads afterwards sees the trigger at rest.
  Result<void> updated(const ResourcePtr& self, const Value&,
                       OperationContext& context) const override {
    Value attributes = self->attributes();
    if (reset_triggers(self->schema(), attributes))
      context.resources.update(self, std::move(attributes), true);
    return {};
  }
};

}  // namespace

std::shared_ptr<const TypeBehaviour> management_object_behaviour() {
  return std::make_shared<ManagementObject>();
}

}  // namespace gatehouse

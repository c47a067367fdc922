#include "mgmt-objects/management_behaviour.h"

#include "mgmt-objects/management_objects.h"

namespace gatehouse {
namespace {

class ManagementObject final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    return check_contradictions(*draft.schema, draft.attributes);
  }
  Result<void> on_update(const ResourcePtr& before, Value&, const Value& requested,
                         OperationContext&) const override {
    return check_contradictions(before->schema(), requested);
  }
};

}  // namespace

std::shared_ptr<const TypeBehaviour> management_object_behaviour() {
  return std::make_shared<ManagementObject>();
}

}  // namespace gatehouse

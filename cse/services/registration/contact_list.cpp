#include "cse/services/registration/contact_list.h"

#include "cse/core/address.h"

namespace gatehouse {
namespace {

constexpr int kAeContactList = 43, kAeContactListPerCse = 44;
constexpr int kInCse = 1;
constexpr const char* kName = "AEContactList";

class ReadOnly final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation == Operation::kRetrieve || operation == Operation::kNotify) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed,
                 std::string(name_of(operation)) + ": the list of AE contacts is the CSE's own"};
  }
};

Result<void> found(OperationContext& context) {
  const TypeSchema* schema = context.resources.schemas().find(kAeContactList);
  if (!schema || context.settings.cse_type != kInCse) return {};
  auto base = context.resources.find(csebase_id(context.settings));
  if (!base) return fail(base.error());
  auto existing = context.resources.child(**base, kName);
  if (!existing) return fail(existing.error());
  if (*existing) return {};
  auto made = create_internal(*schema, *base, kName, {}, context.settings.cse_id,
                              Value::object({{"nic", 0}}), context);
  return made ? Result<void>{} : fail(made.error());
}

}  // namespace

void add_contact_list(Cse& cse) {
  cse.behaviours().add(kAeContactList, std::make_shared<ReadOnly>());
  cse.behaviours().add(kAeContactListPerCse, std::make_shared<ReadOnly>());
  cse.extensions().founders.push_back(found);
}

}  // namespace gatehouse

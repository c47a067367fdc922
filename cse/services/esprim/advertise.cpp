#include "cse/services/esprim/advertise.h"

#include "cse/core/address.h"

namespace gatehouse {
namespace {

constexpr int kProvisionedEsPrimKey = 13;  // m2m:suid

Result<void> advertise(OperationContext& context) {
  auto base = context.resources.find(csebase_id(context.settings));
  if (!base) return fail(base.error());
  const Value told = Value::object({{"esf", Value::array({kProvisionedEsPrimKey})}});
  Value attributes = (*base)->attributes();
  if (const Value* before = attributes.find("esi"); before && *before == told) return {};
  attributes.set("esi", told);
  context.resources.update(*base, std::move(attributes), true);
  return {};
}

}  // namespace

void advertise_esprim(Cse& cse) { cse.extensions().founders.push_back(advertise); }

}  // namespace gatehouse

#include "cse/services/esprim/advertise.h"

#include "cse/core/address.h"

namespace gatehouse {
namespace {

constexpr int kProvisionedEsPrimKey = 13, kMafEsPrimKey = 33;  // m2m:suid

Result<void> advertise(const Value& features, OperationContext& context) {
  auto base = context.resources.find(csebase_id(context.settings));
  if (!base) return fail(base.error());
  const Value told = Value::object({{"esf", features}});
  Value attributes = (*base)->attributes();
  if (const Value* before = attributes.find("esi"); before && *before == told) return {};
  attributes.set("esi", told);
  context.resources.update(*base, std::move(attributes), true);
  return {};
}

}  // namespace

void advertise_esprim(Cse& cse, bool provisioned, bool maf) {
  Value::Array features;
  if (provisioned) features.emplace_back(kProvisionedEsPrimKey);
  if (maf) features.emplace_back(kMafEsPrimKey);
  cse.extensions().founders.push_back(
      [features = Value(std::move(features))](OperationContext& context) {
        return advertise(features, context);
      });
}

}  // namespace gatehouse

#include "cse/services/discovery/permissions.h"

namespace gatehouse {

Result<std::int64_t> Permissions::asked_for(const std::vector<std::int64_t>& operations) {
  std::int64_t sum = 0;
  for (const std::int64_t one : operations) {
    if (one < 1 || one > kAll) {
      return fail(Rsc::kBadRequest,
                  "ops (operations): must be a sum of 1 CREATE, 2 RETRIEVE, 4 UPDATE, 8 DELETE, "
                  "16 NOTIFY, 32 DISCOVERY");
    }
    sum |= one;
  }
  return sum;
}

Result<std::int64_t> Permissions::of(const ResourcePtr& resource, std::int64_t asked,
                                     ResourceReader& resources) const {
  std::int64_t granted = 0;
  for (const Privilege privilege :
       {Privilege::kCreate, Privilege::kRetrieve, Privilege::kUpdate, Privilege::kDelete,
        Privilege::kNotify, Privilege::kDiscovery}) {
    const auto bit = static_cast<std::int64_t>(privilege);
    if ((asked & bit) == 0) continue;
    const auto question = AccessRequest::of(request_, originator_, privilege);
    auto may = cse_.access().allows(resource, question, resources);
    if (!may) return fail(may.error());
    if (*may) granted |= bit;
  }
  return granted;
}

Result<Value> Permissions::shown(const ResourcePtr& target, ResourceReader& resources) const {
  auto asked =
      asked_for(request_.filter ? request_.filter->operations : std::vector<std::int64_t>{});
  if (!asked) return fail(asked.error());
  auto granted = of(target, *asked == 0 ? kAll : *asked, resources);
  if (!granted) return fail(granted.error());
  Value rules = Value::array();
  if (*granted != 0) {
    rules.push_back(Value::object({{"acor", Value::array({originator_})}, {"acop", *granted}}));
  }
  return Value::object(
      {{"m2m:acp", Value::object({{"pv", Value::object({{"acr", std::move(rules)}})}})}});
}

}  // namespace gatehouse

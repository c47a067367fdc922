#include "mgmt-objects/management_objects.h"

#include "mgmt-objects/object_families.h"

namespace gatehouse {
namespace {

/// Two attributes of an object that may not both be true in one request.
struct Contradiction {
  std::int64_t management_definition;
  std::string_view one;
  std::string_view other;
};

constexpr Contradiction kContradictions[] = {
    {1002, "in", "un"},    // [software] install, uninstall
    {1002, "act", "dea"},  // [software] activate, deactivate
    {1008, "ena", "dis"},  // [deviceCapability] enable, disable
    {1009, "rbo", "far"},  // [reboot] reboot, factoryReset
    {1010, "lga", "lgo"},  // [eventLog] logStart, logStop
};

std::string named(const TypeSchema& schema, std::string_view short_name) {
  const AttributeRule* rule = schema.find(short_name);
  return std::string(short_name) + (rule ? " (" + std::string(rule->long_name) + ")" : "");
}

}  // namespace

void add_management_objects(Schemas& schemas) {
  for (const auto family : {management::device_objects(), management::cmdh_objects(),
                            management::field_device_objects()}) {
    for (const TypeSchema& object : family) schemas.add(object);
  }
}

Result<void> check_contradictions(const TypeSchema& schema, const Value& attributes) {
  if (schema.type != type_number::kMgmtObj) return {};
  for (const Contradiction& pair : kContradictions) {
    if (pair.management_definition != schema.management_definition) continue;
    if (!attributes.bool_at(pair.one) || !attributes.bool_at(pair.other)) continue;
    return fail(Rsc::kBadRequest, named(schema, pair.one) + ": may not be true together with " +
                                      named(schema, pair.other));
  }
  return {};
}

}  // namespace gatehouse

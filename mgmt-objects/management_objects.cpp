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

/// Two attributes that may not both be there. Source: TS-0022 clause 7.3 ([dataCollection]).
constexpr Contradiction kExclusive[] = {
    {1021, "rpsc", "rpil"},  // reportingSchedule, reportInterval
    {1021, "mesc", "meil"},  // measurementSchedule, measurementInterval
};

/// A value that an attribute has from the beginning.
struct Initial {
  std::int64_t management_definition;
  std::string_view name;
  enum class Is { kFalse, kTrue, kNoStatus, kNoList } value;
};

constexpr Initial kInitials[] = {
    {1001, "uds", Initial::Is::kNoStatus}, {1002, "in", Initial::Is::kFalse},
    {1002, "un", Initial::Is::kFalse},     {1002, "ins", Initial::Is::kNoStatus},
    {1008, "ena", Initial::Is::kTrue},     {1008, "dis", Initial::Is::kTrue},
    {1009, "rbo", Initial::Is::kFalse},    {1009, "far", Initial::Is::kFalse},
    {1010, "lga", Initial::Is::kTrue},     {1010, "lgo", Initial::Is::kTrue},
    {1028, "scanr", Initial::Is::kNoList}, {1028, "ud", Initial::Is::kFalse},
    {1028, "trdst", Initial::Is::kFalse},  {1028, "rdst", Initial::Is::kFalse},
};

/// Attributes that start something and are read as they were, with what they read.
struct Trigger {
  std::int64_t management_definition;
  std::string_view name;
  bool at_rest;
};

constexpr Trigger kTriggers[] = {
    {1008, "ena", true}, {1008, "dis", true}, {1009, "rbo", false}, {1009, "far", false}};

Value value_of(Initial::Is initial) {
  switch (initial) {
    case Initial::Is::kFalse:
      return false;
    case Initial::Is::kTrue:
      return true;
    case Initial::Is::kNoStatus:  // m2m:status 0: uninitialized
      return Value::object({{"acn", ""}, {"sus", 0}});
    case Initial::Is::kNoList:
      return Value::array();
  }
  return {};
}

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

Result<void> check_exclusive(const TypeSchema& schema, const Value& attributes) {
  for (const Contradiction& pair : kExclusive) {
    if (pair.management_definition != schema.management_definition) continue;
    if (!attributes.contains(pair.one) || !attributes.contains(pair.other)) continue;
    return fail(Rsc::kBadRequest, named(schema, pair.one) + ": may not be set together with " +
                                      named(schema, pair.other));
  }
  return {};
}

void add_initial_values(const TypeSchema& schema, Value& attributes) {
  for (const Initial& initial : kInitials) {
    if (initial.management_definition != schema.management_definition) continue;
    if (!attributes.contains(initial.name))
      attributes.set(std::string(initial.name), value_of(initial.value));
  }
}

bool reset_triggers(const TypeSchema& schema, Value& attributes) {
  bool changed = false;
  for (const Trigger& trigger : kTriggers) {
    if (trigger.management_definition != schema.management_definition) continue;
    if (attributes.bool_at(trigger.name, !trigger.at_rest) == trigger.at_rest) continue;
    attributes.set(std::string(trigger.name), trigger.at_rest);
    changed = true;
  }
  return changed;
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

#pragma once
#include "cse/schema/schema.h"

namespace gatehouse {

/// Adds the specialisations of <mgmtObj> that have a mgmtDefinition: 1001 to 1031.
/// Source: TS-0001 Annex D, TS-0022 clause 7.
void add_management_objects(Schemas& schemas);

/// Refuses two attributes that stand for the same thing, of the whole resource. Errors: kBadRequest
/// naming both.
Result<void> check_exclusive(const TypeSchema& schema, const Value& attributes);
/// What the standard wants to be there after a CREATE that did not say it: statuses, triggers at
/// rest.
void add_initial_values(const TypeSchema& schema, Value& attributes);
/// Triggers at rest: an attribute whose update starts something reads as before afterwards. Source:
/// TS-0001 clauses D.9 (enable, disable) and D.10 (reboot, factoryReset). True if one was not at
/// rest.
bool reset_triggers(const TypeSchema& schema, Value& attributes);

/// Refuses two action attributes that contradict each other and are both true in one CREATE or
/// UPDATE, such as `in` (install) and `un` (uninstall) of [software]. Errors: kBadRequest naming
/// both. Source: TS-0004 clauses D.3, D.9, D.10, D.11; TS-0001 clause 10.2.8.
Result<void> check_contradictions(const TypeSchema& schema, const Value& attributes);

}  // namespace gatehouse

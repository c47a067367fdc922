#pragma once
#include <optional>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse {

/// Does execReqArgs ({"rbo":[{…}]}) fit the command (m2m:cmdType)? Source: TS-0004 clauses 6.3.5.16
/// and 7.4.11.2.1. Errors: kInvalidCmdType (6022), kInvalidArguments (6023: arguments of another
/// command, unknown or of the wrong type), kInsufficientArguments (6024: one is missing).
Result<void> check_arguments(std::int64_t command, const Value* arguments);

/// What a command asks of the management objects of a node.
struct ManagementUpdate {
  std::int64_t management_definition;  ///< mgd of the object to update
  Value attributes;
};
/// nullopt: there is no such conversion (UPLOAD). The arguments have been checked.
std::optional<ManagementUpdate> converted(std::int64_t command, const Value* arguments);

}  // namespace gatehouse

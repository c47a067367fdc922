#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Duplicates out, limit held, types checked. Source: TS-0004 clause 7.4.13.2.1.
/// Sets mid, cnm, mt, mtv of `attributes`. Errors: kMaxNumberOfMemberExceeded (6010),
/// kGroupMemberTypeInconsistent (4110), kReceiverHasNoPrivilege (5105).
Result<void> settle_members(Value& attributes, OperationContext& context,
                            const AccessControl& access);

}  // namespace gatehouse

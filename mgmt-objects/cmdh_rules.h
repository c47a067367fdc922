#pragma once
#include "cse/schema/schema.h"

namespace gatehouse {

/// What the tables cannot say of the policies of communication management: limits are pairs in
/// order, times are not negative but for -1 (no limit), nobody and nothing is no answer to "for
/// whom". Source: TS-0004 clause D.12, table 6.3.3-1 (m2m:listOfMinMax). Errors: kBadRequest naming
/// the attribute.
Result<void> check_cmdh_values(const TypeSchema& schema, const Value& attributes);

}  // namespace gatehouse

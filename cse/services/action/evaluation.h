#pragma once
#include "cse/core/resource_reader.h"

namespace gatehouse {

/// Does a resource's attribute fulfil m2m:evalCriteria {"optr":3,"sbjt":"cni","thld":10}? An
/// attribute that is absent fulfils nothing. Numbers compare as numbers, texts (timestamps among
/// them) as texts. Source: TS-0004 (R4) m2m:evalCriteria.
bool fulfils(const Value& attributes, const Value& criteria);

/// May such criteria stand for a resource of that type? The attribute must be one of the type, the
/// threshold a value for it, and an order needs an attribute that has one. Errors: kBadRequest.
Result<void> check_criteria(const Value& criteria, const TypeSchema& subject);

/// Are the dependencies of an action fulfilled? Yes if there is none, if a sufficient one (sfc) is,
/// or if there are necessary ones and all of them are. One that has gone, or whose referenced
/// resource has, is not fulfilled. Source: TS-0001 (R4) clauses 9.6.61 and 9.6.62.
Result<bool> dependencies_fulfilled(const Value& action, const std::string& csebase_name,
                                    const ResourceId& csebase, ResourceReader& resources);

}  // namespace gatehouse

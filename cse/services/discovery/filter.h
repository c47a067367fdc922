#pragma once
#include "cse/core/resource_reader.h"

namespace gatehouse {

/// Matching conditions of filter criteria against one resource. Conditions of one kind combine by
/// OR, kinds by filterOperation (1 AND, 2 OR, 3 XOR). Source: TS-0001 clause 8.1.2, TS-0004
/// clause 7.3.3.17. Errors: kNotImplemented naming a condition this node does not evaluate;
/// kBadRequest for a malformed labelsQuery.
Result<bool> matches_filter(const FilterCriteria& filter, const Resource& resource,
                            ResourceReader& resources);

/// True if the filter says nothing that needs the attributes: only types, or nothing at all.
bool needs_only_type(const FilterCriteria& filter);
bool matches_type(const FilterCriteria& filter, int type);

/// labelsQuery on labels of the form key:value: `key`, `NT key`, `key EQ v`, `key:v`, `key NE v`,
/// `key IN (v1,v2)`, `key NI (v1,v2)`.
Result<bool> matches_labels_query(const std::string& query, const std::vector<std::string>& labels);

}  // namespace gatehouse

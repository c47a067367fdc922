#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/value.h"

namespace gatehouse::uptane {

/// The byte form over which metadata is signed: members sorted by name, no blanks, strings with
/// only `"` and `\` escaped, integers only. Source: TUF specification 1.0 section 4.2 (OLPC
/// canonical JSON). nullopt if the value holds a number that is no integer.
std::optional<std::string> canonical_json(const Value& value);

/// All forms in use over which the same value may have been signed, the canonical form first. OTA
/// Connect, aktualizr and others write control characters (line breaks of PEM keys) or all that is
/// not ASCII as JSON escapes. For values without such characters there is one form only. No two
/// values have a form in common: each form reads back as the value that it was made of. Empty if
/// the value holds a number that is no integer.
std::vector<std::string> signing_forms(const Value& value);

}  // namespace gatehouse::uptane

#pragma once
#include "cse/schema/schema.h"

namespace gatehouse {

/// Where a value stands, for error texts. A chain on the stack: nothing is built unless a check
/// fails.
struct Place {
  const Place* parent = nullptr;
  std::string_view short_name;  ///< empty for an item of a list
  std::string_view long_name;
  std::size_t index = 0;  ///< of an item of a list
};

/// "enc/net[1] (notificationEventType)"
std::string text_of(const Place& place);

/// A foreign text for an error: its first bytes, never half a UTF-8 sequence.
std::string shortened(std::string_view text);

/// `the string "ten"`, `the number 7`, `null`, `a list`: long strings are cut.
std::string describe(const Value& value);

/// One value against one shape. Errors: kBadRequest naming the place and the rule.
Result<void> check_value(const Place& place, const DataType& type, const Value& value);

}  // namespace gatehouse

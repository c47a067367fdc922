#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cse/primitive/request.h"

namespace gatehouse::query {

/// Parameters of a response about tokens, for which HTTP and CoAP have forms of their own.

/// m2m:dynAuthLocalTokenIdAssignments as X-M2M-ATI and oneM2M-ATI carry it: "lti:tkid+lti:tkid".
/// Empty if there is none. Source: TS-0009 clause 6.4.18.
std::string assigned_tokens_text(const Value& assignments);
/// The other way; blanks around the items are ignored. nullopt: an item has no colon.
std::optional<Value> assigned_tokens_of(std::string_view text);

/// What travels as the body of a response: its content, or for 4103 the Token Request Information,
/// as "m2m:tqf" and in place of the debug text. Source: TS-0009 clause 6.2.3.
Content body_of(const Response& response);
/// Puts what came as a body to where it belongs.
void take_body(Response& response, Value body);

}  // namespace gatehouse::query

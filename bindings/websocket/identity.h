#pragma once
#include <string>
#include <string_view>

#include "cse/primitive/request.h"

namespace gatehouse::websocket {

/// The form of an ID under which its connection is kept, whoever names it: "/id-in/CAE1" for the
/// stem "CAE1" at the CSE "/id-in" and for "//sp/id-in/CAE1", "SAE1" for an AE-ID of the provider,
/// "/id-mn" for a CSE. Empty for an empty ID and for those behind another CSE ("/id-mn/CAE7" at
/// "/id-in"): that CSE is the way to them.
std::string connection_name(std::string_view id, std::string_view own_cse);

/// Whom a request that was answered so shows to be at the other end: its originator, once the CSE
/// has taken it for that; of a registration the AE-ID that it brought. Empty: nobody.
/// Source: TS-0020 clause 6.4 (requests are routed to the registree after its registration).
std::string shown_identity(const Request& request, const Response& response,
                           std::string_view own_cse);

}  // namespace gatehouse::websocket

#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Does a RETRIEVE look for resources: filterUsage 1, or 3 (IPE on-demand discovery)?
bool is_discovery(const Request& request);

/// Has a discovery with filterUsage 3 below an <AE> found nothing? Then the AE, an interworking
/// proxy, is asked to look outside. Source: TS-0004 clause 7.3.3.14.
bool wants_proxy(const Request& request, const Resource& target, const Response& found);

/// Tells the proxy who looks for what (IPEDiscoveryRequest). When it answers with success, and has
/// made resources of what it found, they are looked for again; else its response status code is the
/// answer, such as 5208 DISCOVERY_DENIED_BY_IPE. Source: TS-0004 clause 7.5.1.2.8.
void ask_proxy(Cse& cse, Request request, const ResourcePtr& target, const std::string& originator,
               Reply reply);

}  // namespace gatehouse

#pragma once
#include "cse/primitive/request.h"
#include "cse/schema/releases.h"

namespace gatehouse {

/// The release that a request speaks; one from inside this process without any speaks the newest.
Release release_of(const Request& request);

/// The answer as a release knows it: without attributes and children that came later, and for
/// Release 1 without release version indicator. Source: TS-0001 clause 8.1.3, TS-0004
/// clause 7.3.3.1.
void show_as_of(Release asked, const Schemas& schemas, Response& response);

}  // namespace gatehouse

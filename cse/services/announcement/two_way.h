#pragma once
#include "cse/core/cse.h"

namespace gatehouse::announcement {

/// announceSyncType of a copy: BI_DIRECTIONAL (m2m:announceSyncType 2).
bool is_two_way(const Resource& copy);

/// An UPDATE of a two-way copy by somebody else than the CSE that announced it is done at the
/// original first, in the name of the same originator: `request`, with the root of the original's
/// type. Its refusal is the answer; if it is done, `done(nullopt)` lets the copy follow.
/// Errors: kBadRequest for attributes that are the announcing CSE's (lnk, ast). Source: TS-0001
/// (R4) clause 9.6.1.3 (announceSyncType).
void update_original(Cse& cse, const Request& request, const Resource& copy,
                     const std::string& originator, Prepared done);

}  // namespace gatehouse::announcement

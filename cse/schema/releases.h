#pragma once
#include <string_view>

#include "cse/schema/schema.h"

/// In which release of the standard a resource type or an attribute came.
///
/// The release version indicator of a request holds for its content too: for all resource types and
/// attributes of oneM2M but the specialisations of <flexContainer> and <mgmtObj>, which have
/// versions of their own. Source: TS-0001 clauses 8.1.2 and 8.1.3 (Release Version Indicator).
///
/// What the tables do not name counts as of the release of its type. Release 1: what ETSI's type
/// module for Release 1 has. Releases 2 and 3: the histories of TS-0001 and TS-0004; what they do
/// not tell apart counts as the earlier, so nothing is refused that may have been there. Release 4:
/// what the texts of Release 3 do not have.
namespace gatehouse {

/// The release in which the type came; of a specialisation, that of its general type.
Release since(const TypeSchema& schema);
/// The release in which that attribute of the type came, never before the type.
Release since(const TypeSchema& schema, std::string_view attribute);

/// May a request of release `asked` create a resource of that type? Errors: kBadRequest, "ty:
/// <action> came with release 4, and the request is one of release 3".
Result<void> check_release(const TypeSchema& schema, Release asked);

/// `attribute`'s refusal in a request of release `asked`: "came with release 4, …".
std::string later_than(Release came, Release asked);

/// Takes out of the content of an answer or a notification what came after `asked`: attributes,
/// children of later types, and their numbers among the supported types (srt). The resource that
/// was asked for stays, whatever its type is. Nothing else is touched: not what a user keeps in
/// `con`, not addresses in lists.
void leave_out_later(Value& content, const Schemas& schemas, Release asked);

/// Could there be anything to leave out of a content with this JSON text? Quick: it looks for
/// names.
bool may_hold_later(std::string_view json, Release asked);

}  // namespace gatehouse

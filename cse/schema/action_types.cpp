#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of what the CSE does by itself when something happens: <action>, <dependency>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

constexpr bool kMust = true;
constexpr bool kMay = false;

// One row per attribute or member, in columns.
// clang-format off
constexpr MemberRule kResponseTypeMembers[] = {
    {"rtv", "responseTypeValue", kMust, one_of(kResponseType)},
    {"nu",  "notificationURI",   kMay,  list_of(kUri)},
};

/// m2m:requestPrimitive (R4): what an action does
constexpr MemberRule kRequestPrimitiveMembers[] = {
    {"op",   "operation",                   kMust, one_of(kOperation)},
    {"to",   "to",                          kMust, kUri},
    {"fr",   "from",                        kMay,  kId},
    {"rqi",  "requestIdentifier",           kMust, kString},
    {"ty",   "resourceType",                kMay,  one_of(kResourceType)},
    {"pc",   "primitiveContent",            kMay,  kAny},
    {"rids", "roleIDs",                     kMay,  list_of(kString)},
    {"ot",   "originatingTimestamp",        kMay,  kTimestamp},
    {"rqet", "requestExpirationTimestamp",  kMay,  kAbsRelTimestamp},
    {"rset", "resultExpirationTimestamp",   kMay,  kAbsRelTimestamp},
    {"oet",  "operationExecutionTime",      kMay,  kAbsRelTimestamp},
    {"rt",   "responseType",                kMay,  object_of(kResponseTypeMembers)},
    {"rcn",  "resultContent",               kMay,  one_of(kResultContent)},
    {"ec",   "eventCategory",               kMay,  one_of(kEventCategory)},
    {"drt",  "desiredIdentifierResultType", kMay,  one_of(kDesiredIdentifierResultType)},
    {"rvi",  "releaseVersionIndicator",     kMay,  kString},
    {"vsi",  "vendorInformation",           kMay,  kString},
};

/// m2m:actionInput (R4): which attribute of which resource goes where in the primitive
constexpr MemberRule kActionInputMembers[] = {
    {"cstr", "contentString",         kMay, kNcName},
    {"rsid", "resourceID",            kMay, kId},
    {"raid", "resourceAttributeName", kMay, kId},
};

/// Source: TS-0001 (R4) clause 9.6.61.
constexpr auto kActionOwn = std::to_array<AttributeRule>({
    {"apy", "actionPriority",    kO,  kO,  kPositive,                           kOa},
    {"sri", "subjectResourceID", kO,  kO,  kId,                                 kOa},
    {"evc", "evalCriteria",      kM,  kO,  kEvalCriteria,                       kOa, kOne},
    {"evm", "evalMode",          kM,  kO,  one_of(kEvalMode),                   kOa, kOne},
    {"ecp", "evalControlParam",  kO,  kO,  kPositive,                           kOa},
    {"dep", "dependencies",      kNp, kO,  list_of(kUri),                       kOa},
    {"orc", "objectResourceID",  kM,  kO,  kId,                                 kMa, kOne},
    {"apv", "actionPrimitive",   kM,  kO,  object_of(kRequestPrimitiveMembers), kMa, kOne},
    {"ipu", "input",             kO,  kO,  object_of(kActionInputMembers),      kOa},
    {"air", "actionResult",      kNp, kNp, kAny,                                kOa},
    kCreator,
});

/// Source: TS-0001 (R4) clause 9.6.62.
constexpr auto kDependencyOwn = std::to_array<AttributeRule>({
    {"sfc", "sufficient",           kM, kO, kBoolean,      kOa, kOne},
    {"evc", "evalCriteria",         kM, kO, kEvalCriteria, kOa, kOne},
    {"rri", "referencedResourceID", kM, kO, kId,           kMa, kOne},
    kCreator,
});
// clang-format on

constexpr auto kActionRules = table(kActionOwn, kGoverned, kAnnounceable);
constexpr auto kDependencyRules = table(kDependencyOwn, kGoverned, kAnnounceable);

constexpr int kBelowAction[] = {kDependency, kSubscription};
constexpr int kBelowDependency[] = {kSubscription};
/// Beside those that name it among their children.
constexpr int kParentsOfAction[] = {kFlexContainer, kTimeSeries};

}  // namespace

constexpr TypeSchema kActionType{.type = kAction,
                                 .root = "m2m:actr",
                                 .name = "action",
                                 .rules = kActionRules,
                                 .children = kBelowAction,
                                 .announceable = true,
                                 .parents = kParentsOfAction};

constexpr TypeSchema kDependencyType{.type = kDependency,
                                     .root = "m2m:depr",
                                     .name = "dependency",
                                     .rules = kDependencyRules,
                                     .children = kBelowDependency,
                                     .announceable = true};

}  // namespace gatehouse::standard

#include "cse/schema/complex_types.h"

#include "cse/schema/enumerations.h"

// The members of the complex types. Source: TS-0004 clause 6.3.5; short names of table 8.2.5-1.
// Rows marked R4 are additions of Release 4.

namespace gatehouse::complex_types {

using namespace shape;
using namespace enumerations;

namespace {

constexpr bool kMust = true;
constexpr bool kMay = false;

// One row per member, in columns.
// clang-format off

/// m2m:locationRegion
constexpr MemberRule kLocationRegion[] = {
    {"accr", "circRegion",  kMay, list_of(kFloat)},   // latitude, longitude, radius in metres
    {"accc", "countryCode", kMay, list_of(kString)},
};

constexpr MemberRule kIpAddresses[] = {
    {"ipv4", "ipv4Addresses", kMay, list_of(kIpv4)},
    {"ipv6", "ipv6Addresses", kMay, list_of(kIpv6)},
};

constexpr MemberRule kAccessControlContexts[] = {
    {"actw", "accessControlWindow",         kMay, list_of(kScheduleEntry)},
    {"acip", "accessControlIpAddresses",    kMay, object_of(kIpAddresses)},
    {"aclr", "accessControlLocationRegion", kMay, object_of(kLocationRegion)},
    {"acui", "accessControlUserIDs",        kMay, list_of(kString)},           // R4
    {"acec", "accessControlEvalCriteria",   kMay, kEvalCriteria},              // R4
    {"acl",  "accessControlLimit",          kMay, kUnsigned},                  // R4
};

constexpr MemberRule kAccessControlObjectDetails[] = {
    {"ty",   "resourceType",       kMay,  one_of(kResourceType)},
    {"spty", "specializationType", kMay,  kAny},  // a mgmtDefinition, a containerDefinition or an object of either
    {"chty", "childResourceType",  kMust, list_of(one_of(kResourceType))},
};

/// m2m:accessControlRule, clause 6.3.5.27
constexpr MemberRule kAccessControlRule[] = {
    {"acor", "accessControlOriginators",        kMust, list_of(kUri)},
    {"acop", "accessControlOperations",         kMust, one_of(kAccessControlOperations)},
    {"acco", "accessControlContexts",           kMay,  list_of(object_of(kAccessControlContexts))},
    {"acaf", "accessControlAuthenticationFlag", kMay,  kBoolean},
    {"acod", "accessControlObjectDetails",      kMay,  list_of(object_of(kAccessControlObjectDetails))},
    {"aca",  "accessControlAttributes",         kMay,  list_of(kNcName)},      // R4
};

constexpr MemberRule kOperationMonitor[] = {
    {"ops", "operations", kMay, one_of(kAccessControlOperations)},
    {"or",  "originator", kMay, kId},
};

constexpr MemberRule kMissingData[] = {
    {"num", "number",   kMust, kPositive},
    {"dur", "duration", kMust, kDuration},
};

constexpr MemberRule kUriReference[] = {
    {"nm",  "name", kMust, kNcName},
    {"uri", "URI",  kMust, kUri},
};

/// m2m:receiverESPrimRandObject
constexpr MemberRule kReceiverEsprimRandObject[] = {
    {"esri", "esprimRandID",           kMust, kNcName},
    {"esrv", "esprimRandValue",        kMust, kNcName},
    {"esrx", "esprimRandExpiry",       kMust, kAbsRelTimestamp},
    {"esks", "esprimKeyGenAlgIDs",     kMust, list_of(one_of(kEsprimKeyGenAlgorithm))},
    {"espa", "esprimProtocolAndAlgIDs", kMust, list_of(one_of(kEsprimProtocolAndAlgorithm))},
};

/// m2m:responseTypeInfo
constexpr MemberRule kResponseTypeInfo[] = {
    {"rtv", "responseTypeValue", kMust, one_of(kResponseType)},
    {"nu",  "notificationURI",   kMay,  list_of(kUri)},
};

constexpr MemberRule kBackOffParametersSet[] = {
    {"nwa", "networkAction",             kMay,  one_of(kNetworkAction)},
    {"ibt", "initialBackoffTime",        kMust, kUnsigned},
    {"abt", "additionalBackoffTime",     kMust, kUnsigned},
    {"mbt", "maximumBackoffTime",        kMust, kUnsigned},
    {"rbt", "optionalRandomBackoffTime", kMay,  kUnsigned},
};

}  // namespace

constexpr MemberRule kPrivilegesMembers[] = {
    {"acr", "accessControlRules", kMay, list_of(object_of(kAccessControlRule))},
};

/// m2m:tokenPermission
constexpr MemberRule kTokenPermission[] = {
    {"ris",  "resourceIDs", kMay, list_of(kId)},
    {"pv",   "privileges",  kMay, object_of(kPrivilegesMembers)},
    {"rids", "roleIDs",     kMay, list_of(kId)},
};

constexpr MemberRule kTokenPermissionsMembers[] = {
    {"pm", "permission", kMay, list_of(object_of(kTokenPermission))},
};

constexpr MemberRule kSelfPrivilegesMembers[] = {
    {"acr", "accessControlRules", kMust, some_of(object_of(kAccessControlRule))},
};

constexpr MemberRule kSpecializationTypeMembers[] = {
    {"cnd", "containerDefinition", kMay, kUri},
    {"mgd", "mgmtDefinition",      kMay, one_of(kMgmtDefinition)},
};

constexpr MemberRule kBatchNotifyMembers[] = {
    {"num", "number",   kMay, kUnsigned},
    {"dur", "duration", kMay, kDuration},
};

constexpr MemberRule kRateLimitMembers[] = {
    {"mnn", "maxNrOfNotify", kMust, kUnsigned},
    {"tww", "timeWindow",    kMust, kDuration},
};

constexpr MemberRule kEventNotificationCriteriaMembers[] = {
    {"crb",  "createdBefore",         kMay, kTimestamp},
    {"cra",  "createdAfter",          kMay, kTimestamp},
    {"ms",   "modifiedSince",         kMay, kTimestamp},
    {"us",   "unmodifiedSince",       kMay, kTimestamp},
    {"sts",  "stateTagSmaller",       kMay, kPositive},
    {"stb",  "stateTagBigger",        kMay, kUnsigned},
    {"exb",  "expireBefore",          kMay, kTimestamp},
    {"exa",  "expireAfter",           kMay, kTimestamp},
    {"sza",  "sizeAbove",             kMay, kUnsigned},
    {"szb",  "sizeBelow",             kMay, kPositive},
    {"om",   "operationMonitor",      kMay, list_of(object_of(kOperationMonitor))},
    {"atr",  "attribute",             kMay, list_of(kNcName)},
    {"net",  "notificationEventType", kMay, list_of(one_of(kNotificationEventType))},
    {"chty", "childResourceType",     kMay, list_of(one_of(kResourceType))},
    {"md",   "missingData",           kMay, object_of(kMissingData)},
    {"fo",   "filterOperation",       kMay, one_of(kFilterOperation)},
    {"aq",   "advancedQuery",         kMay, kString},                          // R4
};

constexpr MemberRule kNotificationStatsMembers[] = {
    {"tg",   "target",                 kMust, kId},
    {"rqs",  "requestsSent",           kMust, kUnsigned},
    {"rsr",  "responsesReceived",      kMust, kUnsigned},
    {"noec", "notificationEventCount", kMust, kUnsigned},
};

constexpr MemberRule kScheduleEntriesMembers[] = {
    {"sce", "scheduleEntry", kMust, some_of(kScheduleEntry)},
};

constexpr MemberRule kActivityPatternMembers[] = {
    {"se",  "scheduleElement",      kMust, kScheduleEntries},
    {"sti", "stationaryIndication", kMay,  one_of(kStationaryIndication)},
    {"dsi", "dataSizeIndicator",    kMay,  kPositive},
};

constexpr MemberRule kGeoCoordinatesMembers[] = {
    {"typ", "type",        kMust, one_of(kGeometryType)},
    {"crd", "coordinates", kMust, kAny},  // GeoJSON coordinates, as a list or as its text
};

constexpr MemberRule kContentReferenceMembers[] = {
    {"urir", "URIReference", kMust, some_of(object_of(kUriReference))},
};

constexpr MemberRule kE2eSecInfoMembers[] = {
    {"esf",    "supportedE2ESecFeatures",        kMust, list_of(one_of(kSuid))},
    {"escert", "certificates",                   kMay,  list_of(kBase64)},
    {"esro",   "sharedReceiverESPrimRandObject", kMay,  object_of(kReceiverEsprimRandObject)},
};

constexpr MemberRule kMetaInformationMembers[] = {
    {"ty",   "resourceType",                kMay,  one_of(kResourceType)},
    {"ot",   "originatingTimestamp",        kMay,  kTimestamp},
    {"rqet", "requestExpirationTimestamp",  kMay,  kAbsRelTimestamp},
    {"rset", "resultExpirationTimestamp",   kMay,  kAbsRelTimestamp},
    {"oet",  "operationExecutionTime",      kMay,  kAbsRelTimestamp},
    {"rt",   "responseType",                kMay,  object_of(kResponseTypeInfo)},
    {"rp",   "resultPersistence",           kMay,  kAbsRelTimestamp},
    {"rcn",  "resultContent",               kMay,  one_of(kResultContent)},
    {"ec",   "eventCategory",               kMay,  one_of(kEventCategory)},
    {"da",   "deliveryAggregation",         kMay,  kBoolean},
    {"gid",  "groupRequestIdentifier",      kMay,  kString},
    {"fc",   "filterCriteria",              kMay,  kAny},  // checked where requests are decoded
    {"drt",  "desiredIdentifierResultType", kMay,  one_of(kDesiredIdentifierResultType)},
    {"rids", "roleIDs",                     kMay,  list_of(kString)},
    {"tqi",  "tokenRequestIndicator",       kMay,  kBoolean},
    {"tkns", "tokens",                      kMay,  list_of(kString)},
    {"tids", "tokenIDs",                    kMay,  list_of(kString)},
    {"ltids", "localTokenIDs",              kMay,  list_of(kNcName)},
    {"grtm", "groupRequestTargetMembers",   kMay,  list_of(kUri)},
    {"asi",  "authorSignIndicator",         kMay,  kBoolean},
    {"aus",  "authorSigns",                 kMay,  kAny},
    {"auri", "authorRelIndicator",          kMay,  kBoolean},
    {"sqi",  "semanticQueryIndicator",      kMay,  kBoolean},
    {"rvi",  "releaseVersionIndicator",     kMust, kString},
    {"vsi",  "vendorInformation",           kMay,  kString},
    {"gstn", "groupSomecastTargetNumber",   kMay,  kPositive},                 // R4
    {"omr",  "ontologyMappingResources",    kMay,  list_of(kId)},              // R4
    {"msu",  "m2mServiceUser",              kMay,  kId},                       // R4
};

constexpr MemberRule kOperationResultMembers[] = {
    {"rsc",  "responseStatusCode",        kMust, kPositive},
    {"rqi",  "requestIdentifier",         kMust, kString},
    {"pc",   "primitiveContent",          kMay,  kAny},
    {"to",   "to",                        kMay,  kUri},
    {"fr",   "from",                      kMay,  kId},
    {"ot",   "originatingTimestamp",      kMay,  kTimestamp},
    {"rset", "resultExpirationTimestamp", kMay,  kAbsRelTimestamp},
    {"ec",   "eventCategory",             kMay,  one_of(kEventCategory)},
    {"cnst", "contentStatus",             kMay,  one_of(kContentStatus)},
    {"cnot", "contentOffset",             kMay,  kPositive},
};

constexpr MemberRule kActionStatusMembers[] = {
    {"acn", "action", kMay, kString},  // xs:anyURI, in practice the name of an attribute
    {"sus", "status", kMay, one_of(kStatus)},
};

constexpr MemberRule kMgmtLinkRefMembers[] = {
    {"val", "value", kMust, kUri},
    {"nm",  "name",  kMust, kResourceName},
    {"typ", "type",  kMust, one_of(kMgmtDefinition)},
};

constexpr MemberRule kBackOffParametersMembers[] = {
    {"bops", "backOffParametersSet", kMust, some_of(object_of(kBackOffParametersSet))},
};

constexpr MemberRule kIpAddressMembers[] = {
    {"ip4", "ipv4Address", kMay, kString},
    {"ip6", "ipv6Address", kMay, kString},
};

/// m2m:evalCriteria (R4)
constexpr MemberRule kEvalCriteriaMembers[] = {
    {"optr", "operator",  kMust, one_of(kEvalCriteriaOperator)},
    {"sbjt", "subject",   kMust, kNcName},
    {"thld", "threshold", kMust, kAny},
};

// clang-format on

}  // namespace gatehouse::complex_types

#include "cse/codec/xml/shapes.h"

#include <algorithm>
#include <array>

#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/value_shapes.h"

namespace gatehouse::xml {
namespace {

using namespace shape;
using namespace enumerations;
using namespace complex_types;

constexpr bool kMay = false;  // what must be there is checked elsewhere

// One row per member, in columns, in the order of the schema files.
// clang-format off

/// m2m:attribute
constexpr MemberRule kAttributeCondition[] = {
    {"nm",  "name",  kMay, kNcName},
    {"val", "value", kMay, kAny},
};

/// Source: TS-0004 clause 6.3.5.8 (m2m:filterCriteria), R4 members last.
constexpr MemberRule kFilterCriteria[] = {
    {"crb",  "createdBefore",         kMay, kTimestamp},
    {"cra",  "createdAfter",          kMay, kTimestamp},
    {"ms",   "modifiedSince",         kMay, kTimestamp},
    {"us",   "unmodifiedSince",       kMay, kTimestamp},
    {"sts",  "stateTagSmaller",       kMay, kInteger},
    {"stb",  "stateTagBigger",        kMay, kInteger},
    {"exb",  "expireBefore",          kMay, kTimestamp},
    {"exa",  "expireAfter",           kMay, kTimestamp},
    {"lbl",  "labels",                kMay, list_of(kString)},
    {"clbl", "childLabels",           kMay, list_of(kString)},
    {"palb", "parentLabels",          kMay, list_of(kString)},
    {"lbq",  "labelsQuery",           kMay, kString},
    {"ty",   "resourceType",          kMay, list_of(kInteger)},
    {"chty", "childResourceType",     kMay, list_of(kInteger)},
    {"pty",  "parentResourceType",    kMay, list_of(kInteger)},
    {"sza",  "sizeAbove",             kMay, kInteger},
    {"szb",  "sizeBelow",             kMay, kInteger},
    {"cty",  "contentType",           kMay, list_of(kString)},
    {"atr",  "attribute",             kMay, list_of(object_of(kAttributeCondition))},
    {"catr", "childAttribute",        kMay, list_of(object_of(kAttributeCondition))},
    {"patr", "parentAttribute",       kMay, list_of(object_of(kAttributeCondition))},
    {"fu",   "filterUsage",           kMay, kInteger},
    {"lim",  "limit",                 kMay, kInteger},
    {"smf",  "semanticsFilter",       kMay, list_of(kString)},
    {"fo",   "filterOperation",       kMay, kInteger},
    {"cfs",  "contentFilterSyntax",   kMay, kInteger},
    {"cfq",  "contentFilterQuery",    kMay, kString},
    {"lvl",  "level",                 kMay, kInteger},
    {"ofst", "offset",                kMay, kInteger},
    {"arp",  "applyRelativePath",     kMay, kUri},
    {"gmty", "geometryType",          kMay, kInteger},
    {"geom", "geometry",              kMay, kString},
    {"gsf",  "geoSpatialFunction",    kMay, kInteger},
    {"ops",  "operations",            kMay, list_of(kInteger)},
};

constexpr MemberRule kResponseTypeInfo[] = {
    {"rtv", "responseTypeValue", kMay, kInteger},
    {"nu",  "notificationURI",   kMay, list_of(kUri)},
};

/// Source: TS-0004 clause 6.4.1 (m2m:requestPrimitive), R4 members last.
constexpr MemberRule kRequestPrimitive[] = {
    {"op",   "operation",                   kMay, kInteger},
    {"to",   "to",                          kMay, kUri},
    {"fr",   "from",                        kMay, kId},
    {"rqi",  "requestIdentifier",           kMay, kString},
    {"ty",   "resourceType",                kMay, kInteger},
    {"pc",   "primitiveContent",            kMay, kAny},
    {"rids", "roleIDs",                     kMay, list_of(kId)},
    {"ot",   "originatingTimestamp",        kMay, kTimestamp},
    {"rqet", "requestExpirationTimestamp",  kMay, kAbsRelTimestamp},
    {"rset", "resultExpirationTimestamp",   kMay, kAbsRelTimestamp},
    {"oet",  "operationExecutionTime",      kMay, kAbsRelTimestamp},
    {"rt",   "responseType",                kMay, object_of(kResponseTypeInfo)},
    {"rp",   "resultPersistence",           kMay, kAbsRelTimestamp},
    {"rcn",  "resultContent",               kMay, kInteger},
    {"ec",   "eventCategory",               kMay, kInteger},
    {"da",   "deliveryAggregation",         kMay, kBoolean},
    {"gid",  "groupRequestIdentifier",      kMay, kString},
    {"fc",   "filterCriteria",              kMay, object_of(kFilterCriteria)},
    {"drt",  "desiredIdentifierResultType", kMay, kInteger},
    {"tkns", "tokens",                      kMay, list_of(kString)},
    {"tids", "tokenIDs",                    kMay, list_of(kId)},
    {"ltids", "localTokenIDs",              kMay, list_of(kNcName)},
    {"tqi",  "tokenRequestIndicator",       kMay, kBoolean},
    {"grtm", "groupRequestTargetMembers",   kMay, list_of(kUri)},
    {"asi",  "authorSignIndicator",         kMay, kBoolean},
    {"aus",  "authorSigns",                 kMay, list_of(kString)},
    {"auri", "authorRelIndicator",          kMay, kBoolean},
    {"sqi",  "semanticQueryIndicator",      kMay, kBoolean},
    {"rvi",  "releaseVersionIndicator",     kMay, kString},
    {"vsi",  "vendorInformation",           kMay, kString},
    {"omr",  "ontologyMappingResources",    kMay, list_of(kId)},
    {"prpi", "primitiveProfileID",          kMay, kString},
    {"msu",  "m2mServiceUser",              kMay, kString},
};

/// m2m:dynAuthLocalTokenIdAssignments
constexpr MemberRule kTokenAssignment[] = {
    {"lti",  "localTokenID", kMay, kNcName},
    {"tkid", "tokenID",      kMay, kId},
};
constexpr MemberRule kTokenAssignments[] = {
    {"ltia", "localTokenIdAssignment", kMay, list_of(object_of(kTokenAssignment))},
};

/// Source: TS-0004 clause 6.4.2 (m2m:responsePrimitive).
constexpr MemberRule kResponsePrimitive[] = {
    {"rsc",  "responseStatusCode",       kMay, kInteger},
    {"rqi",  "requestIdentifier",        kMay, kString},
    {"pc",   "primitiveContent",         kMay, kAny},
    {"to",   "to",                       kMay, kUri},
    {"fr",   "from",                     kMay, kId},
    {"ot",   "originatingTimestamp",     kMay, kTimestamp},
    {"rset", "resultExpirationTimestamp", kMay, kAbsRelTimestamp},
    {"ec",   "eventCategory",            kMay, kInteger},
    {"cnst", "contentStatus",            kMay, kInteger},
    {"cnot", "contentOffset",            kMay, kInteger},
    {"ati",  "assignedTokenIdentifiers", kMay, object_of(kTokenAssignments)},
    {"tqf",  "tokenReqInfo",             kMay, kAny},
    {"asri", "authorSignReqInfo",        kMay, kBoolean},
    {"rvi",  "releaseVersionIndicator",  kMay, kString},
    {"vsi",  "vendorInformation",        kMay, kString},
};

constexpr MemberRule kOperationMonitor[] = {
    {"op", "operation",  kMay, kInteger},
    {"or", "originator", kMay, kId},
};
constexpr MemberRule kNotificationEvent[] = {
    {"rep", "representation",        kMay, kAny},
    {"om",  "operationMonitor",      kMay, object_of(kOperationMonitor)},
    {"net", "notificationEventType", kMay, kInteger},
};
constexpr MemberRule kIpeDiscoveryRequest[] = {
    {"or", "originator",     kMay, kId},
    {"fc", "filterCriteria", kMay, object_of(kFilterCriteria)},
};

/// Source: TS-0004 clause 7.5.1.1 (m2m:notification).
constexpr MemberRule kNotification[] = {
    {"nev",   "notificationEvent",         kMay, object_of(kNotificationEvent)},
    {"vrq",   "verificationRequest",       kMay, kBoolean},
    {"sud",   "subscriptionDeletion",      kMay, kBoolean},
    {"sur",   "subscriptionReference",     kMay, kUri},
    {"cr",    "creator",                   kMay, kId},
    {"nfu",   "notificationForwardingURI", kMay, kUri},
    {"ntt",   "notificationTarget",        kMay, kId},
    {"trr",   "targetRemovalRequest",      kMay, kBoolean},
    {"tra",   "targetRemovalAllowance",    kMay, kBoolean},
    {"idr",   "IPEDiscoveryRequest",       kMay, object_of(kIpeDiscoveryRequest)},
    {"aerp",  "AERegistrationPointChange", kMay, kBoolean},
    {"aerid", "AEReferenceIDChange",       kMay, kBoolean},
    {"tid1",  "trackingID1",               kMay, kId},
    {"tid2",  "trackingID2",               kMay, kId},
};
constexpr MemberRule kAggregatedNotification[] = {
    {"m2m:sgn", "notification", kMay, list_of(object_of(kNotification))},
};
constexpr MemberRule kAggregatedResponse[] = {
    {"ri",      "resourceID",        kMay, kUri},
    {"m2m:rsp", "responsePrimitive", kMay, list_of(object_of(kResponsePrimitive))},
};

/// m2m:childResourceRef: its text is the address, the rest are XML attributes.
constexpr MemberRule kChildResourceRef[] = {
    {"val",  "value",            kMay, kUri},
    {"nm",   "name",             kMay, kResourceName},
    {"typ",  "type",             kMay, kInteger},
    {"spty", "specializationID", kMay, kString},
};
constexpr MemberRule kChildResourceRefs[] = {
    {"rrf", "resourceRef", kMay, list_of(object_of(kChildResourceRef))},
};

/// m2m:timeSeriesNotification
constexpr MemberRule kTimeSeriesNotification[] = {
    {"mdlt", "missingDataList",      kMay, list_of(kTimestamp)},
    {"mdc",  "missingDataCurrentNr", kMay, kInteger},
};

struct Root {
  std::string_view name;
  DataType type;
};

/// Elements that stand for themselves and are no resources. Source: TS-0004 tables 7.5.2-1, 7.5.2-2
/// and 8.2.2-2.
constexpr Root kRoots[] = {
    {"m2m:rqp",  object_of(kRequestPrimitive)},
    {"m2m:rsp",  object_of(kResponsePrimitive)},
    {"m2m:sgn",  object_of(kNotification)},
    {"m2m:agn",  object_of(kAggregatedNotification)},
    {"m2m:agr",  object_of(kAggregatedResponse)},
    {"m2m:rrl",  object_of(kChildResourceRefs)},
    {"m2m:tsn",  object_of(kTimeSeriesNotification)},
    {"m2m:atrl", list_of(kNcName)},
    {"m2m:uril", list_of(kUri)},
    {"m2m:uri",  kUri},
    {"m2m:dbg",  kString},
    {"m2m:qres", kString},
};

// clang-format on

/// Texts of these hold blanks, so each stands in an element of its own: schedules, SPARQL, media
/// types with parameters.
constexpr std::string_view kTextsWithBlanks[] = {"sce", "actw", "smf", "cty", "tod"};

/// Source: TS-0004 annex F; the base types of CDT-commonTypes.
constexpr std::string_view kCommonOrder[] = {"ty",   "ri",   "pi",  "ct",   "lt", "lbl",
                                             "acpi", "et",   "lnk", "daci", "at", "aa",
                                             "ast",  "cstn", "st",  "cr"};
constexpr int kOwnAttributes = 100, kUnknown = 10'000, kChildren = 20'000;

bool is_prefixed(std::string_view name) { return name.find(':') != std::string_view::npos; }

Shape shaped(const DataType& type, std::string_view name) {
  Shape shape{.type = type};
  const bool holds_blanks = std::find(std::begin(kTextsWithBlanks), std::end(kTextsWithBlanks),
                                      name) != std::end(kTextsWithBlanks);
  shape.separate =
      type.list && (holds_blanks || type.kind == Kind::kObject || type.kind == Kind::kAny);
  shape.attributed = type.members.data() == kChildResourceRef ||
                     type.members.data() == complex_types::kMgmtLinkRef.members.data();
  return shape;
}

const MemberRule* find(std::span<const MemberRule> members, std::string_view name) {
  const auto rule = std::find_if(members.begin(), members.end(),
                                 [name](const MemberRule& r) { return r.short_name == name; });
  return rule == members.end() ? nullptr : &*rule;
}

Shape attribute_shape(const Schemas& schemas, const TypeSchema& resource, std::string_view name) {
  if (is_prefixed(name)) {  // a child resource; there may be several
    Shape child = root_shape(schemas, name);
    child.type.list = child.separate = true;
    return child;
  }
  for (const AttributeRule& rule : universal_rules()) {
    if (rule.short_name == name) return shaped(rule.type, name);
  }
  if (const AttributeRule* rule = resource.find(name)) return shaped(rule->type, name);
  if (name == "ch") return shaped(list_of(object_of(kChildResourceRef)), name);
  return {};
}

/// Several types share the roots of <flexContainer>, but not their tables' common part.
const TypeSchema* resource_of(const Schemas& schemas, std::string_view root) {
  if (!is_prefixed(root)) return nullptr;
  const TypeSchema* schema = schemas.find_by_root(root);
  for (const int type :
       {type_number::kFlexContainer, type_number::kAnnounced + type_number::kFlexContainer}) {
    if (!schema || schema->abstract) schema = schemas.find_for(type, root);
  }
  return schema;
}

}  // namespace

Shape item_of(Shape list) {
  list.type.list = list.separate = false;
  return list;
}

Shape root_shape(const Schemas& schemas, std::string_view name) {
  Shape shape;
  shape.is_root = is_prefixed(name);
  for (const Root& root : kRoots) {
    if (root.name != name) continue;
    shape = shaped(root.type, name);
    shape.is_root = true;
    return shape;
  }
  shape.resource = resource_of(schemas, name);
  return shape;
}

Shape member_shape(const Schemas& schemas, const Shape& parent, std::string_view name) {
  if (parent.resource) return attribute_shape(schemas, *parent.resource, name);
  if (parent.type.kind == Kind::kObject) {
    if (const MemberRule* rule = find(parent.type.members, name)) return shaped(rule->type, name);
  }
  return is_prefixed(name) ? root_shape(schemas, name) : Shape{};
}

int position_of(const Shape& parent, std::string_view name) {
  if (parent.resource) {
    if (is_prefixed(name)) return kChildren;
    const auto* common = std::find(std::begin(kCommonOrder), std::end(kCommonOrder), name);
    if (common != std::end(kCommonOrder)) return static_cast<int>(common - kCommonOrder);
    const AttributeRule* rule = parent.resource->find(name);
    return rule ? kOwnAttributes + static_cast<int>(rule - parent.resource->rules.data())
                : kUnknown;
  }
  const MemberRule* rule = find(parent.type.members, name);
  return rule ? static_cast<int>(rule - parent.type.members.data()) : kUnknown;
}

}  // namespace gatehouse::xml

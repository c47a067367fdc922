#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of distributed authorization: where a CSE asks another one for a decision, for
// policies, for roles and tokens.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace complex_types;
using namespace type_number;

namespace {

std::string must_be_object(const Value& value) {
  return value.is_object() ? "" : "must be an object";
}

// One row per attribute, in columns.
// clang-format off
/// m2m:setOfPermissions
constexpr MemberRule kSetOfPermissionsMembers[] = {
    {"pv", "privileges", false, list_of(kPrivileges)},
};
/// m2m:locationRegion
constexpr MemberRule kLocationRegionMembers[] = {
    {"accr", "circRegion",  false, list_of(kFloat)},
    {"accc", "countryCode", false, list_of(kString)},
};

/// Source: TS-0004 table 7.4.43.1-3.
constexpr auto kDecisionOwn = std::to_array<AttributeRule>({
    {"dec",  "decision",              kNp, kNp, one_of(enumerations::kAuthorizationDecision)},
    {"sus",  "status",                kNp, kNp, one_of(enumerations::kAuthorizationStatus)},
    {"to",   "to",                    kO,  kO,  kUri},
    {"fr",   "from",                  kO,  kO,  kId},
    {"op",   "operation",             kO,  kO,  one_of(enumerations::kOperation)},
    {"rrt",  "requestedResourceType", kO,  kO,  one_of(enumerations::kResourceType)},
    {"fu",   "filterUsage",           kO,  kO,  with_rule(kAny, must_be_object)},
    {"rids", "roleIDs",               kO,  kO,  list_of(kId)},
    {"tids", "tokenIDs",              kO,  kO,  list_of(kId)},
    {"tkns", "tokens",                kO,  kO,  list_of(kString)},
    {"rtm",  "requestTime",           kO,  kO,  kTimestamp},
    {"olo",  "originatorLocation",    kO,  kO,  object_of(kLocationRegionMembers)},
    {"oip",  "originatorIP",          kO,  kO,  kIpAddress},
});

/// Source: TS-0004 table 7.4.44.1-3.
constexpr auto kPolicyOwn = std::to_array<AttributeRule>({
    {"ps",  "policies",           kNp, kNp, list_of(object_of(kSetOfPermissionsMembers))},
    {"ca",  "combiningAlgorithm", kNp, kNp, one_of(enumerations::kCombiningAlgorithm)},
    {"sus", "status",             kNp, kNp, one_of(enumerations::kAuthorizationStatus)},
    {"to",  "to",                 kO,  kO,  kUri},
});

/// Source: TS-0004 table 7.4.45.1-3.
constexpr auto kInformationOwn = std::to_array<AttributeRule>({
    {"sus",  "status",   kNp, kNp, one_of(enumerations::kAuthorizationStatus)},
    {"fr",   "from",     kO,  kO,  kId},
    {"rids", "roleIDs",  kO,  kO,  list_of(kId)},
    {"tids", "tokenIDs", kO,  kO,  list_of(kId)},
});
// clang-format on

constexpr auto kDecisionRules = table(kDecisionOwn, kGoverned);
constexpr auto kPolicyRules = table(kPolicyOwn, kGoverned);
constexpr auto kInformationRules = table(kInformationOwn, kGoverned);

constexpr int kBelow[] = {kSubscription, kTransaction};
constexpr int kBelowInformation[] = {kRole, type_number::kToken, kSubscription, kTransaction};
constexpr int kBase[] = {kCseBase};

}  // namespace

constexpr TypeSchema kAuthorizationDecisionType{.type = type_number::kAuthorizationDecision,
                                                .root = "m2m:auds",
                                                .name = "authorizationDecision",
                                                .rules = kDecisionRules,
                                                .children = kBelow,
                                                .parents = kBase};

constexpr TypeSchema kAuthorizationPolicyType{.type = kAuthorizationPolicy,
                                              .root = "m2m:aupy",
                                              .name = "authorizationPolicy",
                                              .rules = kPolicyRules,
                                              .children = kBelow,
                                              .parents = kBase};

constexpr TypeSchema kAuthorizationInformationType{.type = kAuthorizationInformation,
                                                   .root = "m2m:auif",
                                                   .name = "authorizationInformation",
                                                   .rules = kInformationRules,
                                                   .children = kBelowInformation,
                                                   .parents = kBase};

}  // namespace gatehouse::standard

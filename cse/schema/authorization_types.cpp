#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/standard_types.h"

// The tables of what authorization asks beside policies: who is subscribed to the service, roles,
// tokens, and the consultation of authorization systems.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// What these types share: of the governed ones all but `cstn`.
constexpr std::array kPlain = {kExpirationTime, kLabels, kAccessControlPolicyIds, kConsultationIds};

/// Source: TS-0004 table 7.4.20.1-3.
constexpr auto kSubscribedNodeOwn = std::to_array<AttributeRule>({
    {"ni",  "nodeID",           kM, kNp, kId,              kNa, kOne},
    {"csi", "CSE-ID",           kO, kNp, kId,              kNa},
    {"di",  "deviceIdentifier", kO, kNp, list_of(kString), kNa},
    {"rlk", "ruleLinks",        kO, kO,  list_of(kUri),    kNa},
    {"nrq", "niddRequired",     kO, kO,  kBoolean,         kNa},
});

/// Source: TS-0004 table 7.4.28.1-3.
constexpr auto kAppRuleOwn = std::to_array<AttributeRule>({
    {"apci", "applicableCredIDs", kO, kO, list_of(kId), kNa},
    {"aai",  "allowedApp-IDs",    kO, kO, list_of(kId), kNa},
    {"aae",  "allowedAEs",        kO, kO, list_of(kId), kNa},
    {"ari",  "allowedRole-IDs",   kO, kO, list_of(kId), kNa},
});

/// Source: TS-0001 table 9.6.38-2.
constexpr auto kRoleOwn = std::to_array<AttributeRule>({
    {"rlid", "roleID",    kM, kNp, kId,        kNa, kOne},
    {"tkis", "issuer",    kM, kNp, kId,        kNa, kOne},
    {"tkhd", "holder",    kM, kNp, kId,        kNa, kOne},
    {"tknb", "notBefore", kM, kNp, kTimestamp, kNa, kOne},
    {"tkna", "notAfter",  kM, kNp, kTimestamp, kNa, kOne},
    {"rlnm", "roleName",  kO, kNp, kString,    kNa},
    {"rltl", "tokenLink", kO, kO,  kUri,       kNa},
});

/// Source: TS-0001 table 9.6.39-2.
constexpr auto kTokenOwn = std::to_array<AttributeRule>({
    {"tkid", "tokenID",     kM, kNp, kId,               kNa, kOne},
    {"tkob", "tokenObject", kM, kNp, kString,           kNa, kOne},
    {"vr",   "version",     kO, kNp, kString,           kNa},
    {"tkis", "issuer",      kO, kNp, kId,               kNa},
    {"tkhd", "holder",      kO, kNp, kId,               kNa},
    {"tknb", "notBefore",   kO, kNp, kTimestamp,        kNa},
    {"tkna", "notAfter",    kO, kNp, kTimestamp,        kNa},
    {"tknm", "tokenName",   kO, kNp, kString,           kNa},
    {"tkau", "audience",    kO, kNp, list_of(kId),      kNa},
    {"tkps", "permissions", kO, kNp, kTokenPermissions, kNa},
    {"tkex", "extension",   kO, kNp, kString,           kNa},
});

/// Source: TS-0001 table 9.6.40-2.
constexpr auto kConsultationOwn = std::to_array<AttributeRule>({
    {"dae", "dynamicAuthorizationEnabled",  kM, kO, kBoolean,      kNa, kOne},
    {"dap", "dynamicAuthorizationPoA",      kM, kO, some_of(kUri), kNa, kOne},
    {"dal", "dynamicAuthorizationLifetime", kO, kO, kTimestamp,    kNa},
});
// clang-format on

constexpr auto kProfileRules = table(kPlain);
constexpr auto kSubscribedNodeRules = table(kSubscribedNodeOwn, kPlain);
constexpr auto kAppRuleRules = table(kAppRuleOwn, kPlain);
constexpr auto kRoleRules = table(kRoleOwn, kPlain);
constexpr auto kTokenRules = table(kTokenOwn, kPlain);
constexpr auto kConsultationRules = table(kConsultationOwn, kGoverned);

constexpr int kBelow[] = {kSubscription, kTransaction};
constexpr int kBelowProfile[] = {kSubscription, kTransaction, kServiceSubscribedNode};
constexpr int kBase[] = {kCseBase};
constexpr int kRegistrations[] = {kCseBase, kAe, kRemoteCse};

}  // namespace

constexpr TypeSchema kServiceSubscriptionProfileType{.type = kServiceSubscriptionProfile,
                                                     .root = "m2m:mssp",
                                                     .name = "m2mServiceSubscriptionProfile",
                                                     .rules = kProfileRules,
                                                     .children = kBelowProfile,
                                                     .parents = kBase};

constexpr TypeSchema kServiceSubscribedNodeType{.type = kServiceSubscribedNode,
                                                .root = "m2m:svsn",
                                                .name = "serviceSubscribedNode",
                                                .rules = kSubscribedNodeRules,
                                                .children = kBelow};

constexpr TypeSchema kServiceSubscribedAppRuleType{.type = kServiceSubscribedAppRule,
                                                   .root = "m2m:asar",
                                                   .name = "serviceSubscribedAppRule",
                                                   .rules = kAppRuleRules,
                                                   .children = kBelow,
                                                   .parents = kBase};

constexpr TypeSchema kRoleType{.type = kRole,
                               .root = "m2m:rol",
                               .name = "role",
                               .rules = kRoleRules,
                               .children = kBelow,
                               .parents = kBase};

constexpr TypeSchema kTokenType{.type = type_number::kToken,
                                .root = "m2m:tk",
                                .name = "token",
                                .rules = kTokenRules,
                                .children = kBelow,
                                .parents = kBase};

constexpr TypeSchema kConsultationType{.type = kConsultation,
                                       .root = "m2m:dac",
                                       .name = "dynamicAuthorizationConsultation",
                                       .rules = kConsultationRules,
                                       .children = kBelow,
                                       .parents = kRegistrations};

}  // namespace gatehouse::standard

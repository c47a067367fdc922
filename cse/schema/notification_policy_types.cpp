#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of subscriptions over several resources, and of who may leave a subscription:
// <crossResourceSubscription>, <notificationTargetMgmtPolicyRef>, <notificationTargetPolicy>,
// <policyDeletionRules>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// Source: TS-0004 clause 6.3.4.2.
constexpr Enumerator kTimeWindowTypeValues[] = {{1, "PERIODICWINDOW"}, {2, "SLIDINGWINDOW"}};
constexpr Enumeration kTimeWindowType{"m2m:timeWindowType", kTimeWindowTypeValues};
/// R4
constexpr Enumerator kEventEvaluationModeValues[] = {{1, "ALL_EVENTS_PRESENT"},
                                                     {2, "ALL_OR_SOME_EVENTS_PRESENT"},
                                                     {3, "ALL_OR_SOME_EVENTS_MISSING"},
                                                     {4, "ALL_EVENTS_MISSING"},
                                                     {5, "SOME_EVENTS_MISSING"}};
constexpr Enumeration kEventEvaluationMode{"m2m:eventEvaluationMode", kEventEvaluationModeValues};
constexpr Enumerator kTargetPolicyActionValues[] = {
    {1, "accept"}, {2, "reject"}, {3, "seek authorization"}, {4, "inform"}};
constexpr Enumeration kTargetPolicyAction{"m2m:notificationTargetPolicyAction",
                                          kTargetPolicyActionValues};
constexpr Enumerator kLogicalOperatorValues[] = {{1, "AND"}, {2, "OR"}};
constexpr Enumeration kLogicalOperator{"m2m:logicalOperator", kLogicalOperatorValues};

// One row per attribute or member, in columns.
// clang-format off

/// m2m:eventNotificationCriteriaSet. Source: TS-0004 table 6.3.5.66-1; "enc": its name since R4.
constexpr MemberRule kCriteriaSetMembers[] = {
    {"encn", "eventNotificationCriteriaEntry", false, some_of(kEventNotificationCriteria)},
    {"enc",  "eventNotificationCriteria",      false, some_of(kEventNotificationCriteria)},
};

/// m2m:locationRegion, as in access control.
constexpr MemberRule kLocationRegionMembers[] = {
    {"accr", "circRegion",  false, list_of(kFloat)},
    {"accc", "countryCode", false, list_of(kString)},
};

/// m2m:deletionContexts
constexpr MemberRule kDeletionContextsMembers[] = {
    {"tod", "timeOfDay",       false, list_of(kString)},
    {"lr",  "locationRegions", false, list_of(object_of(kLocationRegionMembers))},
};

/// Source: TS-0004 table 7.4.58.1-3.
constexpr auto kCrossResourceSubscriptionOwn = std::to_array<AttributeRule>({
    {"rrat",  "regularResourcesAsTarget",              kO,  kNp, some_of(kUri)},
    {"srat",  "subscriptionResourcesAsTarget",         kO,  kNp, some_of(kUri)},
    {"rrats", "regularResourcesAsTargetSubscriptions", kNp, kNp, list_of(kUri)},
    {"twt",   "timeWindowType",                        kM,  kO,  one_of(kTimeWindowType),        kNa, kOne},
    {"tws",   "timeWindowSize",                        kM,  kO,  kDuration,                      kNa, kOne},
    {"eem",   "eventEvaluationMode",                   kO,  kO,  one_of(kEventEvaluationMode)},                // R4
    {"encs",  "eventNotificationCriteriaSet",          kO,  kNp, object_of(kCriteriaSetMembers)},
    {"nec",   "notificationEventCat",                  kO,  kNp, one_of(kEventCategory)},
    {"exc",   "expirationCounter",                     kO,  kO,  kPositive},
    {"nu",    "notificationURI",                       kM,  kO,  some_of(kUri),                  kNa, kOne},
    {"su",    "subscriberURI",                         kO,  kNp, kUri},
    {"nse",   "notificationStatsEnable",               kO,  kO,  kBoolean},                                    // R4
    {"nsi",   "notificationStatsInfo",                 kNp, kNp, list_of(kNotificationStats)},                 // R4
    kCreator,
});

/// Source: TS-0004 table 7.4.30.1-3.
constexpr auto kTargetPolicyRefOwn = std::to_array<AttributeRule>({
    {"ntu", "notificationTargetURI", kM, kO, some_of(kUri), kNa, kOne},
    {"npi", "notificationPolicyID",  kO, kO, kUri},
});

/// Source: TS-0004 table 7.4.31.1-3; multiplicity 1 of action and policyLabel: TS-0001 table 9.6.32-2.
constexpr auto kTargetPolicyOwn = std::to_array<AttributeRule>({
    {"acn",  "action",            kM, kNp, one_of(kTargetPolicyAction), kNa, kOne},
    {"plbl", "policyLabel",       kM, kO,  kString,                     kNa, kOne},
    {"rrs",  "rulesRelationship", kO, kO,  one_of(kLogicalOperator)},
    kCreator,
});

/// Source: TS-0004 table 7.4.32.1-3; deletionRules may be updated: TS-0001 table 9.6.33-2 (RW).
constexpr auto kDeletionRulesOwn = std::to_array<AttributeRule>({
    {"dr",  "deletionRules",         kO, kO, object_of(kDeletionContextsMembers)},
    {"drr", "deletionRulesRelation", kO, kO, one_of(kLogicalOperator)},
});
// clang-format on

constexpr auto kCrossResourceSubscriptionRules = table(kCrossResourceSubscriptionOwn, kGoverned);
constexpr auto kTargetPolicyRefRules = table(kTargetPolicyRefOwn, kGoverned);
constexpr auto kTargetPolicyRules = table(kTargetPolicyOwn, kGoverned);
constexpr auto kDeletionRulesRules = table(kDeletionRulesOwn, kGoverned);

/// Source: TS-0001 clauses 9.6.58, 9.6.31, 9.6.32 and 9.6.33.
constexpr int kParentsOfCrossResourceSubscription[] = {kCseBase, kAe, kRemoteCse};
constexpr int kParentsOfTargetPolicyRef[] = {kSubscription, kCrossResourceSubscription};
constexpr int kParentsOfTargetPolicy[] = {kCseBase};

/// Source: TS-0001 tables 9.6.58-1, 9.6.31-1, 9.6.32-1 and 9.6.33-1.
constexpr int kBelowCrossResourceSubscription[] = {kSchedule};
constexpr int kBelowTargetPolicyRef[] = {kSubscription};
constexpr int kBelowTargetPolicy[] = {kSubscription, kPolicyDeletionRules};
constexpr int kBelowDeletionRules[] = {kSubscription};

}  // namespace

constexpr TypeSchema kCrossResourceSubscriptionType{.type = kCrossResourceSubscription,
                                                    .root = "m2m:crs",
                                                    .name = "crossResourceSubscription",
                                                    .rules = kCrossResourceSubscriptionRules,
                                                    .children = kBelowCrossResourceSubscription,
                                                    .parents = kParentsOfCrossResourceSubscription};

constexpr TypeSchema kNotificationTargetMgmtPolicyRefType{.type = kNotificationTargetMgmtPolicyRef,
                                                          .root = "m2m:ntpr",
                                                          .name = "notificationTargetMgmtPolicyRef",
                                                          .rules = kTargetPolicyRefRules,
                                                          .children = kBelowTargetPolicyRef,
                                                          .parents = kParentsOfTargetPolicyRef};

constexpr TypeSchema kNotificationTargetPolicyType{.type = kNotificationTargetPolicy,
                                                   .root = "m2m:ntp",
                                                   .name = "notificationTargetPolicy",
                                                   .rules = kTargetPolicyRules,
                                                   .children = kBelowTargetPolicy,
                                                   .parents = kParentsOfTargetPolicy};

constexpr TypeSchema kPolicyDeletionRulesType{.type = kPolicyDeletionRules,
                                              .root = "m2m:pdr",
                                              .name = "policyDeletionRules",
                                              .rules = kDeletionRulesRules,
                                              .children = kBelowDeletionRules};

}  // namespace gatehouse::standard

#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of who may do what, and of what is addressed together: <accessControlPolicy>, <group>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.2.1-3.
constexpr auto kPolicyOwn = std::to_array<AttributeRule>({
    {"pv",   "privileges",                          kM, kO, kPrivileges,     kMa, kOne},
    {"pvs",  "selfPrivileges",                      kM, kO, kSelfPrivileges, kMa, kOne},
    {"adri", "authorizationDecisionResourceIDs",    kO, kO, list_of(kUri),   kMa},
    {"apri", "authorizationPolicyResourceIDs",      kO, kO, list_of(kUri),   kMa},
    {"airi", "authorizationInformationResourceIDs", kO, kO, list_of(kUri),   kMa},
});

/// Source: TS-0004 table 7.4.13.1-3.
constexpr auto kGroupOwn = std::to_array<AttributeRule>({
    {"mt",   "memberType",                    kO,  kNp, one_of(kMemberType),          kOa},
    {"spty", "specializationType",            kO,  kNp, kSpecializationType,          kOa},
    {"cnm",  "currentNrOfMembers",            kNp, kNp, kUnsigned,                    kOa},
    {"mnm",  "maxNrOfMembers",                kM,  kO,  kPositive,                    kOa, kOne},
    {"mid",  "memberIDs",                     kM,  kO,  list_of(kUri),                kOa, kOne},
    {"macp", "membersAccessControlPolicyIDs", kO,  kO,  list_of(kUri),                kOa},
    {"mtv",  "memberTypeValidated",           kNp, kNp, kBoolean,                     kOa},
    {"csy",  "consistencyStrategy",           kO,  kNp, one_of(kConsistencyStrategy), kOa},
    {"gn",   "groupName",                     kO,  kO,  kString,                      kOa},
    {"ssi",  "semanticSupportIndicator",      kNp, kNp, kBoolean,                     kOa},
    {"nar",  "notifyAggregation",             kO,  kO,  kBatchNotify,                 kOa},
    kCreator,
});
// clang-format on

constexpr auto kPolicyRules =
    table(kPolicyOwn, std::array{kExpirationTime, kLabels}, kAnnounceable);
constexpr auto kGroupRules = table(kGroupOwn, kGoverned, kAnnounceable);

/// Source: TS-0001 tables 9.6.2.0-1 and 9.6.13-1.
constexpr int kBelow[] = {kSubscription, kTransaction};
constexpr int kBelowGroup[] = {kAction, kSemanticDescriptor, kSubscription, kTransaction};

}  // namespace

constexpr TypeSchema kAccessControlPolicyType{.type = kAccessControlPolicy,
                                              .root = "m2m:acp",
                                              .name = "accessControlPolicy",
                                              .rules = kPolicyRules,
                                              .children = kBelow,
                                              .has_access_control = false,
                                              .announceable = true};

constexpr TypeSchema kGroupType{.type = kGroup,
                                .root = "m2m:grp",
                                .name = "group",
                                .rules = kGroupRules,
                                .children = kBelowGroup,
                                .announceable = true};

}  // namespace gatehouse::standard

#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of processes and primitive profiles, all of Release 4: <processManagement>, <state>,
// <primitiveProfile>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// m2m:processConditions
constexpr MemberRule kProcessConditionsMembers[] = {
    {"evc", "evalCriteria",      true, kEvalCriteria},
    {"sri", "subjectResourceID", true, kId},
};
/// m2m:stateTransition
constexpr MemberRule kStateTransitionMembers[] = {
    {"evc",  "evalCriteria", true, kEvalCriteria},
    {"nxst", "nextState",    true, kId},
};
/// m2m:attribute
constexpr MemberRule kAttributeMembers[] = {
    {"nm",  "name",  true, kNcName},
    {"val", "value", true, kAny},
};

/// Source: TS-0001 (R4) clause 9.6.63.
constexpr auto kProcessOwn = std::to_array<AttributeRule>({
    {"prst",  "processStatus",      kNp, kNp, one_of(kProcessStatus),                        kOa, kOne},
    {"prct",  "processControl",     kNp, kO,  one_of(kProcessControl),                       kOa, kOne},
    {"cust",  "currentState",       kNp, kNp, kId,                                           kOa, kOne},
    {"atcos", "activateConditions", kNp, kO,  some_of(object_of(kProcessConditionsMembers)), kOa},
    {"encos", "endConditions",      kNp, kO,  some_of(object_of(kProcessConditionsMembers)), kOa},
    {"inst",  "initialState",       kNp, kO,  kId,                                           kOa, kOne},
});

/// Source: TS-0001 (R4) clause 9.6.64.
constexpr auto kStateOwn = std::to_array<AttributeRule>({
    {"sact",  "stateActive",      kNp, kNp, kBoolean,                                    kOa, kOne},
    {"stac",  "stateAction",      kNp, kO,  kId,                                         kOa},
    {"sttrs", "stateTransitions", kO,  kO,  some_of(object_of(kStateTransitionMembers)), kOa},
});

/// Source: TS-0001 (R4) clause 9.6.62.
constexpr auto kProfileOwn = std::to_array<AttributeRule>({
    {"idl",  "IDList",          kM, kO,  list_of(kId),                                    kOa, kOne},
    {"rtys", "resourceTypes",   kO, kO,  list_of(one_of(kResourceType)),                  kOa},
    {"ops",  "operations",      kO, kO,  list_of(one_of(kOperation)),                     kOa},
    {"rsds", "resourceIDs",     kO, kO,  list_of(kUri),                                   kOa},
    {"rvs",  "releaseVersions", kO, kNp, list_of(kString),                                kOa},
    {"adds", "additions",       kO, kO,  list_of(object_of(kAttributeMembers)),           kOa},
    {"dels", "deletions",       kO, kO,  list_of(kNcName),                                kOa},
    {"appl", "applicability",   kO, kO,  list_of(one_of(kPrimitiveProfileApplicability)), kOa},
});
// clang-format on

constexpr auto kProcessRules = table(kProcessOwn, std::array{kCreator}, kGoverned, kAnnounceable);
constexpr auto kStateRules = table(kStateOwn, std::array{kCreator}, kGoverned, kAnnounceable);
constexpr auto kProfileRules = table(kProfileOwn, std::array{kCreator}, kGoverned, kAnnounceable);

constexpr int kBelowProcess[] = {kState, kSubscription};
constexpr int kBelowState[] = {kAction, kSubscription};
constexpr int kBelowProfile[] = {kSubscription};
constexpr int kRegistrations[] = {kCseBase, kAe, kRemoteCse};

}  // namespace

constexpr TypeSchema kProcessManagementType{.type = kProcessManagement,
                                            .root = "m2m:prmr",
                                            .name = "processManagement",
                                            .rules = kProcessRules,
                                            .children = kBelowProcess,
                                            .announceable = true,
                                            .parents = kRegistrations};

constexpr TypeSchema kStateType{.type = kState,
                                .root = "m2m:stte",
                                .name = "state",
                                .rules = kStateRules,
                                .children = kBelowState,
                                .announceable = true};

constexpr TypeSchema kPrimitiveProfileType{.type = kPrimitiveProfile,
                                           .root = "m2m:prp",
                                           .name = "primitiveProfile",
                                           .rules = kProfileRules,
                                           .children = kBelowProfile,
                                           .announceable = true,
                                           .parents = kRegistrations};

}  // namespace gatehouse::standard

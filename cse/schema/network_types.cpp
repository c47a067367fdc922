#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of what an underlying network does for a CSE: <localMulticastGroup>,
// <multimediaSession>, <triggerRequest>, <backgroundDataTransfer>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// m2m:sessionDescriptions
constexpr MemberRule kSessionDescriptionsMembers[] = {
    {"sdc", "sessionDescription", true, some_of(kString)},
};
/// m2m:locationRegion
constexpr MemberRule kLocationRegionMembers[] = {
    {"accr", "circRegion",  false, list_of(kFloat)},
    {"accc", "countryCode", false, list_of(kString)},
};

/// Source: TS-0004 table 7.4.55.1-3; access modes: TS-0001 table 9.6.47-2.
constexpr auto kMulticastGroupOwn = std::to_array<AttributeRule>({
    {"egid", "externalGroupID",            kO, kO,  kString},
    {"mad",  "multicastAddress",           kM, kO,  kIpAddress,    kNa, kOne},
    {"mgft", "multicastGroupFanoutTarget", kM, kNp, kUri,          kNa, kOne},
    {"mli",  "memberList",                 kM, kO,  list_of(kUri), kNa, kOne},
    {"rstt", "responseTarget",             kO, kO,  kUri,          kNa, kOne},
    {"rstw", "responseTimeWindow",         kO, kO,  kDuration},
    {"tmgi", "TMGI",                       kO, kO,  kString},
});

/// Source: TS-0004 table 7.4.56.1-3.
constexpr auto kSessionOwn = std::to_array<AttributeRule>({
    {"soi", "sessionOriginatorID",         kM,  kNp, kId,                                    kOa, kOne},
    {"asd", "acceptedSessionDescriptions", kNp, kO,  object_of(kSessionDescriptionsMembers), kOa, kOne},
    {"osd", "offeredSessionDescriptions",  kM,  kO,  object_of(kSessionDescriptionsMembers), kNa, kOne},
    {"sst", "sessionState",                kNp, kO,  one_of(kSessionState),                  kOa, kOne},
});

/// Source: TS-0004 table 7.4.57.1-3.
constexpr auto kTriggerOwn = std::to_array<AttributeRule>({
    {"mei",  "M2M-Ext-ID",           kM,  kNp, kString,                kNa, kOne},
    {"tri",  "Trigger-Recipient-ID", kM,  kO,  kUnsigned,              kNa, kOne},
    {"tpe",  "triggerPurpose",       kO,  kO,  one_of(kTriggerPurpose), kNa, kOne},
    {"tst",  "triggerStatus",        kNp, kNp, one_of(kTriggerStatus), kNa, kOne},
    {"tvt",  "triggerValidityTime",  kM,  kO,  kDuration,              kNa, kOne},
    {"tiae", "triggerInfoAE-ID",     kO,  kO,  kId},
    {"tia",  "triggerInfoAddress",   kO,  kO,  kUri},
    {"tio",  "triggerInfoOperation", kO,  kO,  one_of(kOperation)},
    {"tirt", "targetedResourceType", kO,  kO,  one_of(kResourceType)},
    {"trf",  "triggerReference",     kNp, kNp, kString},
});

/// Source: TS-0004 table 7.4.59.1-3.
constexpr auto kTransferOwn = std::to_array<AttributeRule>({
    {"vpn", "volumePerNode",             kM, kO, kPositive,                          kNa, kOne},
    {"non", "numberOfNodes",             kM, kO, kPositive,                          kNa, kOne},
    {"dtw", "desiredTimeWindow",         kM, kO, kScheduleEntry},
    {"tsg", "transferSelectionGuidance", kO, kO, list_of(one_of(kTransferSelectionGuidance))},
    {"ggi", "geographicInformation",     kO, kO, object_of(kLocationRegionMembers)},
    {"gli", "groupLink",                 kO, kO, kUri},
    {"mid", "memberIDs",                 kO, kO, list_of(kUri)},
});
// clang-format on

constexpr auto kMulticastGroupRules = table(kMulticastGroupOwn, kGoverned);
constexpr auto kSessionRules = table(kSessionOwn, kGoverned, kAnnounceable);
constexpr auto kTriggerRules = table(kTriggerOwn, kGoverned);
constexpr auto kTransferRules = table(kTransferOwn, std::array{kCreator}, kGoverned);

constexpr int kOnlyTransactions[] = {kTransaction};
constexpr int kOnlySubscriptions[] = {kSubscription};
constexpr int kBelow[] = {kSubscription, kTransaction};
constexpr int kBase[] = {kCseBase};
constexpr int kRegistration[] = {kAe};

}  // namespace

constexpr TypeSchema kLocalMulticastGroupType{.type = kLocalMulticastGroup,
                                              .root = "m2m:lmg",
                                              .name = "localMulticastGroup",
                                              .rules = kMulticastGroupRules,
                                              .children = kOnlyTransactions,
                                              .parents = kBase};

constexpr TypeSchema kMultimediaSessionType{.type = kMultimediaSession,
                                            .root = "m2m:mms",
                                            .name = "multimediaSession",
                                            .rules = kSessionRules,
                                            .children = kBelow,
                                            .announceable = true,
                                            .parents = kRegistration};

constexpr TypeSchema kTriggerRequestType{.type = kTriggerRequest,
                                         .root = "m2m:tgr",
                                         .name = "triggerRequest",
                                         .rules = kTriggerRules,
                                         .children = kBelow,
                                         .parents = kRegistration};

constexpr TypeSchema kBackgroundDataTransferType{.type = kBackgroundDataTransfer,
                                                 .root = "m2m:bdt",
                                                 .name = "backgroundDataTransfer",
                                                 .rules = kTransferRules,
                                                 .children = kOnlySubscriptions,
                                                 .parents = kBase};

}  // namespace gatehouse::standard

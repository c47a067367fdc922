#include "cse/schema/announced_rows.h"
#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of what registers and what registers with: <CSEBase>, <AE>, <remoteCSE>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 tables 7.4.3.1-2 and -3. A <CSEBase> is created and changed by its CSE alone.
constexpr auto kCseBaseOwn = std::to_array<AttributeRule>({
    {"cst", "cseType",                      kNp, kNp, one_of(kCseType)},
    {"csi", "CSE-ID",                       kNp, kNp, kId},
    {"srt", "supportedResourceType",        kNp, kNp, list_of(one_of(kResourceType))},
    {"poa", "pointOfAccess",                kNp, kNp, list_of(kUri)},
    {"nl",  "nodeLink",                     kNp, kNp, kUri},
    {"csz", "contentSerialization",         kNp, kNp, list_of(kSerialization)},
    {"esi", "e2eSecInfo",                   kNp, kNp, kE2eSecInfo,                   kMa},
    {"srv", "supportedReleaseVersions",     kNp, kNp, some_of(kString),              kMa},
    {"hld", "holder",                       kNp, kNp, kId},
    {"loc", "location",                     kNp, kNp, kGeoCoordinates},                     // R4
    {"ncp", "notificationCongestionPolicy", kNp, kNp, kAny},
    {"ctm", "currentTime",                  kNp, kNp, kTimestamp},
    {"spi", "SP-ID",                        kNp, kNp, kId,                           kOa},  // R4
    {"ici", "IN-CSE-ID",                    kNp, kNp, kId,                           kOa},  // R4
});

/// Source: TS-0004 table 7.4.5.1-3. `api`: the first character is a rule of the procedure.
constexpr auto kAeOwn = std::to_array<AttributeRule>({
    {"apn",  "appName",                  kO,  kO,  kString,                       kOa},
    {"api",  "App-ID",                   kM,  kNp, kString,                       kOa},
    {"aei",  "AE-ID",                    kNp, kNp, kId,                           kOa},
    {"poa",  "pointOfAccess",            kO,  kO,  list_of(kUri),                 kOa},
    {"or",   "ontologyRef",              kO,  kO,  kUri,                          kOa},
    {"nl",   "nodeLink",                 kO,  kO,  kUri,                          kOa},
    {"rr",   "requestReachability",      kM,  kO,  kBoolean,                      kOa, kOne},
    {"csz",  "contentSerialization",     kO,  kO,  list_of(kSerialization),              kOa},
    {"esi",  "e2eSecInfo",               kO,  kO,  kE2eSecInfo,                   kMa},
    {"mei",  "M2M-Ext-ID",               kO,  kO,  kString},
    {"srv",  "supportedReleaseVersions", kM,  kO,  some_of(kString),              kMa},
    {"regs", "registrationStatus",       kO,  kO,  one_of(kAeRegistrationStatus), kOa},
    {"trps", "trackRegistrationPoints",  kO,  kO,  kBoolean,                      kOa},
    {"scp",  "sessionCapabilities",      kO,  kO,  list_of(kString),              kOa},
    {"tren", "triggerEnable",            kO,  kO,  kBoolean,                      kOa},
    {"ape",  "activityPatternElements",  kO,  kO,  list_of(kActivityPattern),     kOa},
    {"tri",  "Trigger-Recipient-ID",     kO,  kO,  kUnsigned},
    {"trn",  "triggerReferenceNumber",   kO,  kO,  kUnsigned},
    {"loc",  "location",                 kO,  kO,  kGeoCoordinates,               kOa},  // R4
});

/// Source: TS-0004 table 7.4.4.1-3.
constexpr auto kRemoteCseOwn = std::to_array<AttributeRule>({
    {"cst",  "cseType",                  kO, kNp, one_of(kCseType),             kOa},
    {"poa",  "pointOfAccess",            kO, kO,  list_of(kUri),                kOa},
    {"cb",   "CSEBase",                  kM, kNp, kUri,                         kOa},
    {"csi",  "CSE-ID",                   kO, kNp, kId,                          kOa},
    {"mei",  "M2M-Ext-ID",               kO, kO,  kString},
    {"tri",  "Trigger-Recipient-ID",     kO, kO,  kUnsigned},
    {"rr",   "requestReachability",      kM, kO,  kBoolean,                     kOa, kOne},
    {"nl",   "nodeLink",                 kO, kO,  kUri,                         kOa},
    {"trn",  "triggerReferenceNumber",   kO, kO,  kUnsigned},
    {"csz",  "contentSerialization",     kO, kO,  list_of(kSerialization),             kOa},
    {"esi",  "e2eSecInfo",               kO, kO,  kE2eSecInfo,                  kMa},
    {"dcse", "descendantCSEs",           kO, kO,  list_of(kId),                 kOa},
    {"srv",  "supportedReleaseVersions", kM, kO,  some_of(kString),             kMa},
    {"mtcc", "multicastCapability",      kO, kO,  one_of(kMulticastCapability), kOa},
    {"egid", "externalGroupID",          kO, kO,  kString,                      kOa},
    {"tren", "triggerEnable",            kO, kO,  kBoolean,                     kOa},
    {"ape",  "activityPatternElements",  kO, kO,  list_of(kActivityPattern),    kOa},
    {"loc",  "location",                 kO, kO,  kGeoCoordinates,              kOa},  // R4
    {"spi",  "SP-ID",                    kO, kO,  kId,                          kOa},  // R4
    {"ici",  "IN-CSE-ID",                kO, kO,  kId,                          kOa},  // R4
    kCreator,  // R4
});

/// Source: TS-0001 clause 9.6.3, TS-0004 clause 7.4.26. A <CSEBase> has no `et`, so its announcement may have none.
constexpr auto kCseBaseAnncOwn = std::to_array<AttributeRule>({
    {"cst", "cseType",                  kO, kO, one_of(kCseType)},
    {"csi", "CSE-ID",                   kO, kO, kId},
    {"poa", "pointOfAccess",            kO, kO, list_of(kUri)},
    {"nl",  "nodeLink",                 kO, kO, kUri},
    {"csz", "contentSerialization",     kO, kO, list_of(kSerialization)},
    {"esi", "e2eSecInfo",               kO, kO, kE2eSecInfo},
    {"srv", "supportedReleaseVersions", kO, kO, list_of(kString)},
    {"loc", "location",                 kO, kO, kGeoCoordinates},  // R4
    {"spi", "SP-ID",                    kO, kO, kId},              // R4
    {"ici", "IN-CSE-ID",                kO, kO, kId},              // R4
});
// clang-format on

/// Of the common attributes daci is not announced. Source: TS-0001 table 9.6.3-2.
constexpr auto kCseBaseCommon = never_announced(
    set_by_cse(std::array{kLabels, kAccessControlPolicyIds, kConsultationIds, kCustodian}),
    kConsultationIds);

constexpr auto kCseBaseAnncRules = table(without_mandatory_expiration(), kCseBaseAnncOwn);
constexpr auto kCseBaseRules = table(kCseBaseOwn, kCseBaseCommon);
constexpr auto kAeRules = table(kAeOwn, kGoverned, kAnnounceable);
constexpr auto kRemoteCseRules = table(kRemoteCseOwn, kGoverned, kAnnounceable);

// What may be created below. Source: TS-0001 tables 9.6.3-1, 9.6.5-1 and 9.6.4-1.

/// <AEAnnc> below <CSEBase>: R4.
constexpr int kBelowCseBase[] = {kAccessControlPolicy,
                                 kAe,
                                 kContainer,
                                 kGroup,
                                 kNode,
                                 kRemoteCse,
                                 kRequest,
                                 kSchedule,
                                 kSubscription,
                                 kAnnounced + kAe,
                                 kAnnounced + kCseBase,
                                 kAnnounced + kRemoteCse,
                                 kAction,
                                 kAnnounced + kAction,
                                 kDelivery,
                                 kLocationPolicy,
                                 kMgmtCmd,
                                 kOntologyRepository,
                                 kSemanticMashupJobProfile,
                                 kSemanticMashupInstance,
                                 kTransaction,
                                 kTransactionMgmt};

/// What is announced goes here if the parent of its original is not announced (TS-0001
/// clause 10.2.18).
constexpr int kBelowCseBaseAnnc[] = {kSubscription,
                                     kAnnounced + kAccessControlPolicy,
                                     kAnnounced + kAe,
                                     kAnnounced + kContainer,
                                     kAnnounced + kGroup,
                                     kAnnounced + kMgmtObj,
                                     kAnnounced + kNode,
                                     kAnnounced + kRemoteCse,
                                     kAnnounced + kSchedule,
                                     kAnnounced + kAction,
                                     kAnnounced + kLocationPolicy,
                                     kAnnounced + kSemanticDescriptor,
                                     kAnnounced + kOntologyRepository,
                                     kAnnounced + kOntology,
                                     kAnnounced + kDependency};

constexpr int kBelowAe[] = {kAccessControlPolicy, kContainer,          kGroup,
                            kPollingChannel,      kSubscription,       kAction,
                            kLocationPolicy,      kSemanticDescriptor, kSemanticMashupInstance,
                            kTransaction,         kTransactionMgmt};

/// The last three: R4, for originals whose parent is not announced.
constexpr int kBelowRemoteCse[] = {kAccessControlPolicy,
                                   kContainer,
                                   kGroup,
                                   kPollingChannel,
                                   kSubscription,
                                   kAnnounced + kAccessControlPolicy,
                                   kAnnounced + kAe,
                                   kAnnounced + kContainer,
                                   kAnnounced + kGroup,
                                   kAnnounced + kNode,
                                   kAnnounced + kRemoteCse,
                                   kAnnounced + kContentInstance,
                                   kAnnounced + kMgmtObj,
                                   kAnnounced + kSchedule,
                                   kAction,
                                   kAnnounced + kAction,
                                   kAnnounced + kLocationPolicy,
                                   kSemanticMashupJobProfile,
                                   kSemanticMashupInstance,
                                   kAnnounced + kOntologyRepository,
                                   kAnnounced + kSemanticMashupJobProfile,
                                   kAnnounced + kSemanticMashupInstance,
                                   kTransaction,
                                   kTransactionMgmt};

}  // namespace

constexpr TypeSchema kCseBaseType{.type = kCseBase,
                                  .root = "m2m:cb",
                                  .name = "CSEBase",
                                  .rules = kCseBaseRules,
                                  .children = kBelowCseBase,
                                  .has_expiration = false};

constexpr TypeSchema kCseBaseAnncType{.type = kAnnounced + kCseBase,
                                      .root = "m2m:cbA",
                                      .name = "CSEBaseAnnc",
                                      .rules = kCseBaseAnncRules,
                                      .children = kBelowCseBaseAnnc};

constexpr TypeSchema kAeType{.type = kAe,
                             .root = "m2m:ae",
                             .name = "AE",
                             .rules = kAeRules,
                             .children = kBelowAe,
                             .announceable = true};

constexpr TypeSchema kRemoteCseType{.type = kRemoteCse,
                                    .root = "m2m:csr",
                                    .name = "remoteCSE",
                                    .rules = kRemoteCseRules,
                                    .children = kBelowRemoteCse,
                                    .announceable = true};

}  // namespace gatehouse::standard

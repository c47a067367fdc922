#include "mgmt-objects/management_rows.h"
#include "mgmt-objects/object_families.h"

// Management objects of TS-0001 clause D.12: policies of communication management and delivery
// handling. None is announced. To add an object: its table here, and one row in kObjects.

namespace gatehouse::management {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;

namespace {

// One row per attribute, in columns.
// clang-format off

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhPolicy = table_without_link({
    {"cpn", "cmdhPolicyName", kM, kO, kString, kNa, kOne},
    kMandatoryLink,
});

/// Source: TS-0004 clause D.12.
constexpr auto kActiveCmdhPolicy = table_without_link({
    {"acmlk", "activeCmdhPolicyLink", kM, kO, kId, kNa, kOne},
});

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhDefaults = table_without_link({
    kMandatoryLink,
});

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhDefEcValue = table_without_link({
    {"od",   "order",                      kM, kO, kPositive,              kNa, kOne},
    {"dev",  "defEcValue",                 kM, kO, one_of(kEventCategory), kNa, kOne},
    {"ror",  "requestOrigin",              kM, kO, list_of(kId),           kNa, kOne},
    {"rct",  "requestContext",             kO, kO, kAny},
    {"rctn", "requestContextNotification", kO, kO, kBoolean},
    {"rch",  "requestCharacteristics",     kO, kO, kAny},
});

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhEcDefParamValues = table_without_link({
    {"aec",  "applicableEventCategory", kM, kO, list_of(one_of(kEventCategoryOrDefault)), kNa, kOne},
    {"dqet", "defaultRequestExpTime",   kM, kO, kInteger,                                 kNa, kOne},  // milliseconds; -1: no limit
    {"dset", "defaultResultExpTime",    kM, kO, kInteger,                                 kNa, kOne},  // milliseconds; -1: no limit
    {"doet", "defaultOpExecTime",       kM, kO, kInteger,                                 kNa, kOne},  // milliseconds; -1: no limit
    {"drp",  "defaultRespPersistence",  kM, kO, kInteger,                                 kNa, kOne},  // milliseconds; -1: no limit
    {"dda",  "defaultDelAggregation",   kM, kO, kBoolean,                                 kNa, kOne},
});

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhLimits = table_without_link({
    {"od",   "order",                      kM, kO, kPositive,                       kNa, kOne},
    {"ror",  "requestOrigin",              kM, kO, list_of(kId),                    kNa, kOne},
    {"rct",  "requestContext",             kO, kO, kAny},
    {"rctn", "requestContextNotification", kO, kO, kBoolean},
    {"rch",  "requestCharacteristics",     kO, kO, kAny},
    {"lec",  "limitsEventCategory",        kM, kO, list_of(one_of(kEventCategory)), kNa, kOne},
    {"lqet", "limitsRequestExpTime",       kM, kO, list_of(kInteger),               kNa, kOne},  // minimum, maximum; -1: no limit
    {"lset", "limitsResultExpTime",        kM, kO, list_of(kInteger),               kNa, kOne},  // minimum, maximum; -1: no limit
    {"loet", "limitsOpExecTime",           kM, kO, list_of(kInteger),               kNa, kOne},  // minimum, maximum; -1: no limit
    {"lrp",  "limitsRespPersistence",      kM, kO, list_of(kInteger),               kNa, kOne},  // minimum, maximum; -1: no limit
    {"lda",  "limitsDelAggregation",       kM, kO, list_of(kBoolean),               kNa, kOne},
});

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhNetworkAccessRules = table_without_link({
    {"aecs", "applicableEventCategories", kM, kO, list_of(one_of(kEventCategoryOrDefault)), kNa, kOne},
    kLink,
});

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhNwAccessRule = table_without_link({
    {"ttn", "targetNetwork",     kM, kO, list_of(kId),       kNa, kOne},
    {"mrv", "minReqVolume",      kM, kO, kUnsigned,          kNa, kOne},
    {"swt", "spreadingWaitTime", kM, kO, kUnsigned,          kNa, kOne},
    {"bop", "backOffParameters", kM, kO, kBackOffParameters, kNa, kOne},
    {"ohc", "otherConditions",   kO, kO, list_of(kAny)},
    kMandatoryLink,
});

/// Source: TS-0004 clause D.12.
constexpr auto kCmdhBuffer = table_without_link({
    {"aec",  "applicableEventCategory", kM, kO, list_of(one_of(kEventCategoryOrDefault)), kNa, kOne},
    {"mbfs", "maxBufferSize",           kM, kO, kUnsigned,                                kNa, kOne},
    {"sgp",  "storagePriority",         kM, kO, one_of(kStoragePriority),                 kNa, kOne},
});

// One row per object, in columns.
constexpr TypeSchema kObjects[] = {
    object(1011, "m2m:cmp",  "cmdhPolicy",             kCmdhPolicy,             kNotAnnounced),
    object(1012, "m2m:acmp", "activeCmdhPolicy",       kActiveCmdhPolicy,       kNotAnnounced),
    object(1013, "m2m:cmdf", "cmdhDefaults",           kCmdhDefaults,           kNotAnnounced),
    object(1014, "m2m:cmdv", "cmdhDefEcValue",         kCmdhDefEcValue,         kNotAnnounced),
    object(1015, "m2m:cmpv", "cmdhEcDefParamValues",   kCmdhEcDefParamValues,   kNotAnnounced),
    object(1016, "m2m:cml",  "cmdhLimits",             kCmdhLimits,             kNotAnnounced),
    object(1017, "m2m:cmnr", "cmdhNetworkAccessRules", kCmdhNetworkAccessRules, kNotAnnounced),
    object(1018, "m2m:cmwr", "cmdhNwAccessRule",       kCmdhNwAccessRule,       kNotAnnounced),
    object(1019, "m2m:cmbf", "cmdhBuffer",             kCmdhBuffer,             kNotAnnounced),
};
// clang-format on

}  // namespace

std::span<const TypeSchema> cmdh_objects() { return kObjects; }

}  // namespace gatehouse::management

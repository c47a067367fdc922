#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of what comes at regular times: <timeSeries>, <timeSeriesInstance>, <timeSyncBeacon>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.38.1-3. Times in milliseconds.
constexpr auto kTimeSeriesOwn = std::to_array<AttributeRule>({
    {"mni",  "maxNrOfInstances",       kO,  kO,  kUnsigned,           kOa},
    {"mbs",  "maxByteSize",            kO,  kO,  kUnsigned,           kOa},
    {"mia",  "maxInstanceAge",         kO,  kO,  kUnsigned,           kOa},
    {"cni",  "currentNrOfInstances",   kNp, kNp, kUnsigned,           kNa, kOne},
    {"cbs",  "currentByteSize",        kNp, kNp, kUnsigned,           kNa, kOne},
    {"pei",  "periodicInterval",       kO,  kO,  kPositive,           kOa},
    {"peid", "periodicIntervalDelta",  kO,  kO,  kUnsigned,           kOa},
    {"mdd",  "missingDataDetect",      kO,  kO,  kBoolean},
    {"mdn",  "missingDataMaxNr",       kO,  kO,  kPositive,           kOa},
    {"mdlt", "missingDataList",        kNp, kNp, list_of(kTimestamp)},
    {"mdc",  "missingDataCurrentNr",   kNp, kNp, kUnsigned,           kNa, kOne},
    {"mdt",  "missingDataDetectTimer", kO,  kO,  kPositive,           kOa},
    {"or",   "ontologyRef",            kO,  kO,  kUri,                kOa},
    {"cnf",  "contentInfo",            kO,  kNp, kString,             kOa},
    {"loc",  "location",               kO,  kO,  kGeoCoordinates,     kOa},  // R4
    kCreator,
});

/// Source: TS-0004 table 7.4.39.1-3. Nothing of a <timeSeriesInstance> can be updated.
constexpr auto kTimeSeriesInstanceOwn = std::to_array<AttributeRule>({
    {"dgt", "dataGenerationTime", kM,  kNp, kAbsRelTimestamp, kOa},
    {"con", "content",            kM,  kNp, kAny,             kOa},
    {"snr", "sequenceNr",         kO,  kNp, kUnsigned,        kOa},
    {"cs",  "contentSize",        kNp, kNp, kUnsigned},
    {"loc", "location",           kO,  kNp, kGeoCoordinates,  kOa},  // R4
    kCreator,
});

/// Source: TS-0004 clause 7.4.64 (R4). `bcnt`: a duration or a number of seconds, which is for the
/// procedure to check.
constexpr auto kTimeSyncBeaconOwn = std::to_array<AttributeRule>({
    {"bcnu", "beaconNotificationURIs", kM, kO,  some_of(kUri),           kOa, kOne},
    {"bcnc", "beaconCriteria",         kM, kO,  one_of(kBeaconCriteria), kOa, kOne},
    {"bcni", "beaconInterval",         kO, kO,  kDuration,               kOa},
    {"bcnt", "beaconThreshold",        kO, kO,  kAny,                    kOa},
    {"bcnr", "beaconRequester",        kO, kNp, kId,                     kOa},
});
// clang-format on

/// `et` of a <timeSeriesInstance> is not announced.
constexpr AttributeRule own_expiration() {
  AttributeRule rule = kExpirationTime;
  rule.announced = kNa;
  return rule;
}

constexpr auto kTimeSeriesRules = table(kTimeSeriesOwn, kGoverned, kAnnounceable);
constexpr auto kTimeSeriesInstanceRules =
    table(kTimeSeriesInstanceOwn, write_once(std::array{own_expiration(), kLabels}),
          write_once(kAnnounceable));
constexpr auto kTimeSyncBeaconRules = table(kTimeSyncBeaconOwn, kGoverned, kAnnounceable);

/// Source: TS-0001 tables 9.6.36-1, 9.6.37-1.
constexpr int kBelow[] = {kSubscription};
constexpr int kParentsOfTimeSeries[] = {kAe, kCseBase, kContainer, kFlexContainer, kRemoteCse};
constexpr int kParentsOfInstance[] = {kTimeSeries};
constexpr int kParentsOfBeacon[] = {kAe, kCseBase, kRemoteCse};

}  // namespace

constexpr TypeSchema kTimeSeriesType{.type = kTimeSeries,
                                     .root = "m2m:ts",
                                     .name = "timeSeries",
                                     .rules = kTimeSeriesRules,
                                     .children = kBelow,
                                     .announceable = true,
                                     .parents = kParentsOfTimeSeries};

constexpr TypeSchema kTimeSeriesInstanceType{.type = kTimeSeriesInstance,
                                             .root = "m2m:tsi",
                                             .name = "timeSeriesInstance",
                                             .rules = kTimeSeriesInstanceRules,
                                             .children = {},
                                             .has_access_control = false,
                                             .announceable = true,
                                             .parents = kParentsOfInstance};

constexpr TypeSchema kTimeSyncBeaconType{.type = kTimeSyncBeacon,
                                         .root = "m2m:tsb",
                                         .name = "timeSyncBeacon",
                                         .rules = kTimeSyncBeaconRules,
                                         .children = kBelow,
                                         .announceable = true,
                                         .parents = kParentsOfBeacon};

}  // namespace gatehouse::standard

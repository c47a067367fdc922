#include "cse/schema/attribute_rows.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The table of where a device is: <locationPolicy>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.10.1-3. `lit` is completed by the CSE if absent.
constexpr auto kLocationPolicyOwn = std::to_array<AttributeRule>({
    {"los",  "locationSource",              kM,  kNp, one_of(kLocationSource),              kOa, kOne},
    {"lit",  "locationInformationType",     kO,  kO,  one_of(kLocationInformationType),     kOa, kOne},
    {"lou",  "locationUpdatePeriod",        kO,  kO,  list_of(kDuration),                   kOa},
    {"lot",  "locationTargetID",            kO,  kNp, kId,                                  kOa},
    {"lor",  "locationServer",              kO,  kNp, kUri,                                 kOa},
    {"loi",  "locationContainerID",         kNp, kNp, kUri,                                 kOa, kOne},
    {"lon",  "locationContainerName",       kO,  kNp, kResourceName,                        kOa},
    {"lost", "locationStatus",              kNp, kNp, kString,                              kOa, kOne},
    {"gta",  "geographicalTargetArea",      kO,  kO,  kAny,                                 kOa},
    {"gec",  "geofenceEventCriteria",       kO,  kO,  one_of(kGeofenceEventCriteria),       kOa},
    {"aid",  "authID",                      kO,  kNp, kId,                                  kOa},
    {"rlkl", "retrieveLastKnownLocation",   kO,  kO,  kBoolean,                             kOa},
    {"luec", "locationUpdateEventCriteria", kO,  kO,  one_of(kLocationUpdateEventCriteria), kOa},
});
// clang-format on

constexpr auto kLocationPolicyRules = table(kLocationPolicyOwn, kGoverned, kAnnounceable);

/// Source: TS-0001 table 9.6.10-1.
constexpr int kBelowLocationPolicy[] = {kSubscription, kTransaction};

}  // namespace

constexpr TypeSchema kLocationPolicyType{.type = kLocationPolicy,
                                         .root = "m2m:lcp",
                                         .name = "locationPolicy",
                                         .rules = kLocationPolicyRules,
                                         .children = kBelowLocationPolicy,
                                         .announceable = true};

}  // namespace gatehouse::standard

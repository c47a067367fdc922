#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of what holds data: <container>, <contentInstance>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.6.1-3.
constexpr auto kContainerOwn = std::to_array<AttributeRule>({
    {"mni",  "maxNrOfInstances",     kO,  kO,  kUnsigned,       kOa},
    {"mbs",  "maxByteSize",          kO,  kO,  kUnsigned,       kOa},
    {"mia",  "maxInstanceAge",       kO,  kO,  kUnsigned,       kOa},
    {"cni",  "currentNrOfInstances", kNp, kNp, kUnsigned},
    {"cbs",  "currentByteSize",      kNp, kNp, kUnsigned},
    {"li",   "locationID",           kNp, kNp, kUri,            kOa},
    {"or",   "ontologyRef",          kO,  kO,  kUri,            kOa},
    {"disr", "disableRetrieval",     kO,  kO,  kBoolean,        kOa},
    {"loc",  "location",             kO,  kO,  kGeoCoordinates, kOa},  // R4
    {"subi", "subscriptionIDs",      kO,  kO,  list_of(kString)},      // R4
    kCreator,
    kStateTag,
});

/// Source: TS-0004 table 7.4.7.1-3. Nothing of a <contentInstance> can be updated.
constexpr auto kContentInstanceOwn = std::to_array<AttributeRule>({
    {"cnf",  "contentInfo",        kO,  kNp, kString,           kOa},
    {"cs",   "contentSize",        kNp, kNp, kUnsigned},
    {"conr", "contentRef",         kO,  kNp, kContentReference, kOa},
    {"or",   "ontologyRef",        kO,  kNp, kUri,              kOa},
    {"con",  "content",            kM,  kNp, kAny,              kOa},
    {"loc",  "location",           kO,  kNp, kGeoCoordinates,   kOa},  // R4
    {"dcnt", "deletionCnt",        kO,  kNp, kPositive},               // R4
    {"dgt",  "dataGenerationTime", kO,  kNp, kAbsRelTimestamp,  kOa},  // R4
    kCreator,
    kStateTag,
});
// clang-format on

/// `et` of a <contentInstance> is not announced.
constexpr AttributeRule own_expiration() {
  AttributeRule rule = kExpirationTime;
  rule.announced = kNa;
  return rule;
}

constexpr auto kContainerRules = table(kContainerOwn, kGoverned, kAnnounceable);
constexpr auto kContentInstanceRules =
    table(kContentInstanceOwn, write_once(std::array{own_expiration(), kLabels}),
          write_once(kAnnounceable));

/// Source: TS-0001 table 9.6.6-1.
constexpr int kBelowContainer[] = {kContainer, kContentInstance,    kSubscription,
                                   kAction,    kSemanticDescriptor, kTransaction};

/// Source: TS-0001 table 9.6.7-1.
constexpr int kBelowContentInstance[] = {kSemanticDescriptor};

}  // namespace

constexpr TypeSchema kContainerType{.type = kContainer,
                                    .root = "m2m:cnt",
                                    .name = "container",
                                    .rules = kContainerRules,
                                    .children = kBelowContainer,
                                    .announceable = true};

constexpr TypeSchema kContentInstanceType{.type = kContentInstance,
                                          .root = "m2m:cin",
                                          .name = "contentInstance",
                                          .rules = kContentInstanceRules,
                                          .children = kBelowContentInstance,
                                          .has_access_control = false,
                                          .announceable = true};

}  // namespace gatehouse::standard

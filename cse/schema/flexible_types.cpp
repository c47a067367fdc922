#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/standard_types.h"

// The tables of what specialisations of <flexContainer> have in common, and of their instances. The
// specialisations: flex_containers.h.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.37.1-3; the limits and `fcied`: R4.
constexpr auto kFlexContainerOwn = std::to_array<AttributeRule>({
    {"cnd",   "containerDefinition",  kM,  kNp, kUri,            kMa, kOne},
    {"cs",    "contentSize",          kNp, kNp, kUnsigned,       kNa, kOne},
    {"or",    "ontologyRef",          kO,  kO,  kUri,            kOa},
    {"nl",    "nodeLink",             kO,  kO,  kUri,            kOa},
    {"loc",   "location",             kO,  kO,  kGeoCoordinates, kOa},
    {"fcied", "fcinEnabled",          kO,  kO,  kBoolean,        kOa},
    {"mni",   "maxNrOfInstances",     kO,  kO,  kUnsigned,       kOa},
    {"mbs",   "maxByteSize",          kO,  kO,  kUnsigned,       kOa},
    {"mia",   "maxInstanceAge",       kO,  kO,  kUnsigned,       kOa},
    {"cni",   "currentNrOfInstances", kNp, kNp, kUnsigned},
    {"cbs",   "currentByteSize",      kNp, kNp, kUnsigned},
    kCreator,
    kStateTag,
});

/// Source: TS-0004 clause 7.4.x (R4). Made by the CSE alone.
constexpr auto kFlexContainerInstanceOwn = std::to_array<AttributeRule>({
    {"cs",  "contentSize", kNp, kNp, kUnsigned},
    {"org", "originator",  kNp, kNp, kId},
    {"loc", "location",    kNp, kNp, kGeoCoordinates},
    kStateTag,
});
// clang-format on

constexpr auto kFlexContainerRules = table(kFlexContainerOwn, kGoverned, kAnnounceable);
constexpr auto kFlexContainerInstanceRules =
    table(kFlexContainerInstanceOwn, set_by_cse(std::array{kExpirationTime, kLabels}));

/// Source: TS-0001 table 9.6.35-1.
constexpr int kBelowFlexContainer[] = {kContainer, kFlexContainer, kSubscription};
constexpr int kParentsOfFlexContainer[] = {kAe, kCseBase, kContainer, kNode, kRemoteCse};
constexpr int kParentsOfInstance[] = {kFlexContainer};

}  // namespace

constexpr TypeSchema kFlexContainerType{.type = kFlexContainer,
                                        .root = "m2m:fcnt",
                                        .name = "flexContainer",
                                        .rules = kFlexContainerRules,
                                        .children = kBelowFlexContainer,
                                        .announceable = true,
                                        .parents = kParentsOfFlexContainer,
                                        .abstract = true};

constexpr TypeSchema kFlexContainerInstanceType{.type = kFlexContainerInstance,
                                                .root = "m2m:fci",
                                                .name = "flexContainerInstance",
                                                .rules = kFlexContainerInstanceRules,
                                                .children = {},
                                                .has_access_control = false,
                                                .parents = kParentsOfInstance,
                                                .abstract = true};

}  // namespace gatehouse::standard

#include "cse/schema/attribute_rows.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of what resources mean: <semanticDescriptor>, ontologies, mashups.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace type_number;

namespace {

constexpr bool kMust = true;
constexpr bool kMay = false;

// One row per attribute or member, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.34.1-3.
constexpr auto kSemanticDescriptorOwn = std::to_array<AttributeRule>({
    {"dcrp", "descriptorRepresentation", kM,  kO,  one_of(kSemanticFormat), kOa, kOne},
    {"soe",  "semanticOpExec",           kNp, kO,  kString},
    {"dsp",  "descriptor",               kM,  kO,  kBase64,                 kOa, kOne},
    {"or",   "ontologyRef",              kO,  kO,  kUri,                    kOa},
    {"rels", "relatedSemantics",         kO,  kO,  list_of(kUri),           kOa},
    {"svd",  "semanticValidated",        kNp, kNp, kBoolean,                kOa},
    {"vlde", "validationEnable",         kO,  kO,  kBoolean,                kOa},
    kCreator,
});

/// Source: TS-0004 table 7.4.47.1-3.
constexpr auto kOntologyOwn = std::to_array<AttributeRule>({
    {"dc",   "description",     kO,  kO, kString,                 kOa},
    {"ontf", "ontologyFormat",  kM,  kO, one_of(kSemanticFormat), kOa, kOne},
    {"ontc", "ontologyContent", kM,  kO, kString,                 kOa, kOne},
    {"soe",  "semanticOpExec",  kNp, kO, kString},
    kCreator,
});

/// Source: TS-0004 table 7.4.49.1-3.
constexpr auto kMashupJobProfileOwn = std::to_array<AttributeRule>({
    {"mbft", "memberFilter",       kM, kO, kString,       kOa, kOne},
    {"miid", "smiID",              kO, kO, list_of(kUri), kOa},
    {"iptd", "inputDescriptor",    kO, kO, kBase64,       kOa},
    {"uptd", "outputDescriptor",   kM, kO, kBase64,       kOa, kOne},
    {"fucd", "functionDescriptor", kM, kO, kBase64,       kOa, kOne},
    kCreator,
});

constexpr MemberRule kMashupMember[] = {
    {"muri", "memberURI",   kMust, kUri},
    {"mvl",  "memberValue", kMay,  kFloat},
};
/// m2m:mashupMembers
constexpr MemberRule kMashupMembers[] = {
    {"msm", "mashupMember", kMust, some_of(object_of(kMashupMember))},
};

/// Source: TS-0004 table 7.4.50.1-3.
constexpr auto kMashupInstanceOwn = std::to_array<AttributeRule>({
    {"mjid", "smjpID",             kM, kO, kUri,                                   kOa, kOne},
    {"jpin", "smjpInputParameter", kM, kO, kBase64,                                kOa},
    {"mst",  "memberStoreType",    kM, kO, one_of(kMashupMemberStoreType),         kOa, kOne},
    {"msm",  "mashupMember",       kO, kO, object_of(kMashupMembers),              kOa},
    {"rgt",  "resultGenType",      kM, kO, list_of(one_of(kMashupResultGenType)),  kOa, kOne},
    {"prg",  "periodForResultGen", kO, kO, kDuration,                              kOa},
    kCreator,
});

/// Source: TS-0004 table 7.4.51.1-3. Made by the CSE alone.
constexpr auto kMashupResultOwn = std::to_array<AttributeRule>({
    {"jpin", "smjpInputParameter", kNp, kNp, kBase64, kOa},
    {"mrf",  "mashupResultFormat", kNp, kNp, kString, kOa, kOne},
    {"mrt",  "mashupResult",       kNp, kNp, kBase64, kOa, kOne},
    kCreator,
});
// clang-format on

constexpr auto kSemanticDescriptorRules = table(kSemanticDescriptorOwn, kGoverned, kAnnounceable);
constexpr auto kOntologyRepositoryRules = table(std::array{kCreator}, kGoverned, kAnnounceable);
constexpr auto kOntologyRules = table(kOntologyOwn, kGoverned, kAnnounceable);
constexpr auto kMashupJobProfileRules = table(kMashupJobProfileOwn, kGoverned, kAnnounceable);
constexpr auto kMashupInstanceRules = table(kMashupInstanceOwn, kGoverned, kAnnounceable);
constexpr auto kMashupResultRules =
    table(set_by_cse(kMashupResultOwn), set_by_cse(kGoverned), set_by_cse(kAnnounceable));

constexpr int kBelowSemanticDescriptor[] = {kSubscription, kTransaction};
/// Beside those that name it among their children.
constexpr int kParentsOfSemanticDescriptor[] = {kFlexContainer, kTimeSeries, kTimeSeriesInstance};
constexpr int kBelowOntologyRepository[] = {kOntology, kSubscription, kTransaction};
constexpr int kBelowMashupJobProfile[] = {kSemanticDescriptor, kSemanticMashupInstance,
                                          kSubscription, kTransaction};
constexpr int kBelowMashupInstance[] = {kSemanticDescriptor, kSemanticMashupResult, kSubscription,
                                        kTransaction};
constexpr int kBelowMashupResult[] = {kSemanticDescriptor, kSubscription, kTransaction};

}  // namespace

constexpr TypeSchema kSemanticDescriptorType{.type = kSemanticDescriptor,
                                             .root = "m2m:smd",
                                             .name = "semanticDescriptor",
                                             .rules = kSemanticDescriptorRules,
                                             .children = kBelowSemanticDescriptor,
                                             .announceable = true,
                                             .parents = kParentsOfSemanticDescriptor};

constexpr TypeSchema kOntologyRepositoryType{.type = kOntologyRepository,
                                             .root = "m2m:ontr",
                                             .name = "ontologyRepository",
                                             .rules = kOntologyRepositoryRules,
                                             .children = kBelowOntologyRepository,
                                             .announceable = true};

constexpr TypeSchema kOntologyType{.type = kOntology,
                                   .root = "m2m:ont",
                                   .name = "ontology",
                                   .rules = kOntologyRules,
                                   .children = kBelowSemanticDescriptor,
                                   .announceable = true};

constexpr TypeSchema kSemanticMashupJobProfileType{.type = kSemanticMashupJobProfile,
                                                   .root = "m2m:smjp",
                                                   .name = "semanticMashupJobProfile",
                                                   .rules = kMashupJobProfileRules,
                                                   .children = kBelowMashupJobProfile,
                                                   .announceable = true};

constexpr TypeSchema kSemanticMashupInstanceType{.type = kSemanticMashupInstance,
                                                 .root = "m2m:smi",
                                                 .name = "semanticMashupInstance",
                                                 .rules = kMashupInstanceRules,
                                                 .children = kBelowMashupInstance,
                                                 .announceable = true};

constexpr TypeSchema kSemanticMashupResultType{.type = kSemanticMashupResult,
                                               .root = "m2m:smr",
                                               .name = "semanticMashupResult",
                                               .rules = kMashupResultRules,
                                               .children = kBelowMashupResult,
                                               .announceable = true};

}  // namespace gatehouse::standard

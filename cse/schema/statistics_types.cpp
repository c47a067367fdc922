#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of service statistics: <statsConfig>, <eventConfig>, <statsCollect>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.24.1-3. What goes with which eventType is a rule of the procedure.
constexpr auto kEventConfigOwn = std::to_array<AttributeRule>({
    {"evi",  "eventID",            kNp, kNp, kString,                        kNa, kOne},
    {"evt",  "eventType",          kM,  kO,  one_of(kEventType),             kNa, kOne},
    {"evs",  "eventStart",         kO,  kO,  kTimestamp},
    {"eve",  "eventEnd",           kO,  kO,  kTimestamp},
    {"opt",  "operationType",      kO,  kO,  list_of(one_of(kOperation))},
    {"ds",   "dataSize",           kO,  kO,  kUnsigned},
    {"erts", "eventResourceTypes", kO,  kO,  some_of(one_of(kResourceType))},
    {"eris", "eventResourceIDs",   kO,  kO,  list_of(kUri)},
});

/// Source: TS-0004 table 7.4.25.1-3.
constexpr auto kStatsCollectOwn = std::to_array<AttributeRule>({
    {"sci", "statsCollectID",     kNp, kNp, kString,                  kNa, kOne},
    {"cei", "collectingEntityID", kM,  kNp, kId,                      kNa, kOne},
    {"cdi", "collectedEntityID",  kO,  kNp, list_of(kId)},
    {"srs", "statsRuleStatus",    kM,  kO,  one_of(kStatsRuleStatus), kNa, kOne},
    {"sm",  "statModel",          kM,  kO,  one_of(kStatModel),       kNa, kOne},
    {"cp",  "collectPeriod",      kO,  kO,  kScheduleEntries},
    {"evi", "eventID",            kO,  kO,  kString},
});
// clang-format on

constexpr auto kStatsConfigRules = table(std::array{kCreator}, kGoverned);
constexpr auto kEventConfigRules = table(kEventConfigOwn, std::array{kCreator}, kGoverned);
constexpr auto kStatsCollectRules = table(kStatsCollectOwn, std::array{kCreator}, kGoverned);

constexpr int kBelowStatsConfig[] = {kEventConfig, kSubscription, kTransaction};
constexpr int kBelow[] = {kSubscription, kTransaction};
constexpr int kBase[] = {kCseBase};

}  // namespace

constexpr TypeSchema kStatsConfigType{.type = kStatsConfig,
                                      .root = "m2m:stcg",
                                      .name = "statsConfig",
                                      .rules = kStatsConfigRules,
                                      .children = kBelowStatsConfig,
                                      .parents = kBase};

constexpr TypeSchema kEventConfigType{.type = kEventConfig,
                                      .root = "m2m:evcg",
                                      .name = "eventConfig",
                                      .rules = kEventConfigRules,
                                      .children = kBelow};

constexpr TypeSchema kStatsCollectType{.type = kStatsCollect,
                                       .root = "m2m:stcl",
                                       .name = "statsCollect",
                                       .rules = kStatsCollectRules,
                                       .children = kBelow,
                                       .parents = kBase};

}  // namespace gatehouse::standard

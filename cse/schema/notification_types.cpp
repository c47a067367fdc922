#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of what is told to whom, and when: <subscription>, <schedule>, <pollingChannel>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.8.1-3.
constexpr auto kSubscriptionOwn = std::to_array<AttributeRule>({
    {"enc",  "eventNotificationCriteria",         kO,  kO,  kEventNotificationCriteria},
    {"exc",  "expirationCounter",                 kO,  kO,  kPositive},
    {"nu",   "notificationURI",                   kM,  kO,  some_of(kUri),                    kNa, kOne},
    {"gpi",  "groupID",                           kO,  kO,  kUri},
    {"nfu",  "notificationForwardingURI",         kO,  kO,  list_of(kUri)},
    {"bn",   "batchNotify",                       kO,  kO,  kBatchNotify},
    {"rl",   "rateLimit",                         kO,  kO,  kRateLimit},
    {"psn",  "preSubscriptionNotify",             kO,  kNp, kPositive},
    {"pn",   "pendingNotification",               kO,  kO,  one_of(kPendingNotification)},
    {"nsp",  "notificationStoragePriority",       kO,  kO,  kPositive},
    {"ln",   "latestNotify",                      kO,  kO,  kBoolean},
    {"nct",  "notificationContentType",           kO,  kO,  one_of(kNotificationContentType), kNa, kOne},
    {"nec",  "notificationEventCat",              kO,  kO,  one_of(kEventCategory)},
    {"su",   "subscriberURI",                     kO,  kNp, kUri},
    {"acrs", "associatedCrossResourceSub",        kO,  kO,  list_of(kUri)},
    {"nse",  "notificationStatsEnable",           kO,  kO,  kBoolean},                               // R4
    {"nsi",  "notificationStatsInfo",             kNp, kNp, list_of(kNotificationStats)},            // R4
    {"eeno", "enableEventNotificationOriginator", kO,  kO,  kBoolean},                               // R4
    {"ma",   "maxAge",                            kO,  kO,  kDuration,                        kOa},  // R4
    kCreator,
});

/// Source: TS-0004 table 7.4.9.1-3.
constexpr auto kScheduleOwn = std::to_array<AttributeRule>({
    {"se",  "scheduleElement",    kM, kO, kScheduleEntries, kOa, kOne},
    {"nco", "networkCoordinated", kO, kO, kBoolean,         kOa},
});

/// Source: TS-0004 table 7.4.21.1-3.
constexpr auto kPollingChannelOwn = std::to_array<AttributeRule>({
    {"rqag", "requestAggregation", kO, kO, kBoolean},  // R4
});
// clang-format on

constexpr auto kSubscriptionRules = table(kSubscriptionOwn, kGoverned);
/// Neither acpi nor daci is announced. Source: TS-0001 table 9.6.9-2.
constexpr auto kScheduleGoverned =
    never_announced(never_announced(kGoverned, kAccessControlPolicyIds), kConsultationIds);
constexpr auto kScheduleRules = table(kScheduleOwn, kScheduleGoverned, kAnnounceable);
constexpr auto kPollingChannelRules =
    table(kPollingChannelOwn, std::array{kExpirationTime, kLabels});

/// Source: TS-0001 tables 9.6.8-1 and 9.6.9-1.
constexpr int kBelowSubscription[] = {kSchedule, kTransaction};
constexpr int kBelowSchedule[] = {kSubscription, kTransaction};

}  // namespace

constexpr TypeSchema kSubscriptionType{.type = kSubscription,
                                       .root = "m2m:sub",
                                       .name = "subscription",
                                       .rules = kSubscriptionRules,
                                       .children = kBelowSubscription};

constexpr TypeSchema kScheduleType{.type = kSchedule,
                                   .root = "m2m:sch",
                                   .name = "schedule",
                                   .rules = kScheduleRules,
                                   .children = kBelowSchedule,
                                   .announceable = true};

constexpr TypeSchema kPollingChannelType{.type = kPollingChannel,
                                         .root = "m2m:pch",
                                         .name = "pollingChannel",
                                         .rules = kPollingChannelRules,
                                         .children = {},
                                         .has_access_control = false};

}  // namespace gatehouse::standard

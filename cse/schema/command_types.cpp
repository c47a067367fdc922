#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of commands to devices and of work in several steps: <mgmtCmd>, <execInstance>,
// <transactionMgmt>, <transaction>, <delivery>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

constexpr bool kMust = true;
constexpr bool kMay = false;

// One row per attribute or member, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.11.1-3. Number of the command, target and arguments have response
/// status codes of their own (6022 to 6024): their shape is checked by the procedure.
constexpr auto kMgmtCmdOwn = std::to_array<AttributeRule>({
    {"dc",   "description",   kO, kO,  kString},
    {"cmt",  "cmdType",       kM, kNp, kInteger,              kNa, kOne},
    {"exra", "execReqArgs",   kO, kO,  kAny},
    {"exe",  "execEnable",    kO, kO,  kBoolean,              kNa, kOne},
    {"ext",  "execTarget",    kM, kO,  kId,                   kNa, kOne},
    {"exm",  "execMode",      kO, kO,  one_of(kExecModeType)},
    {"exf",  "execFrequency", kO, kO,  kDuration},
    {"exy",  "execDelay",     kO, kO,  kDuration},
    {"exn",  "execNumber",    kO, kO,  kUnsigned},
});

/// Source: TS-0004 table 7.4.12.1-3. Made by the CSE alone.
constexpr auto kExecInstanceOwn = std::to_array<AttributeRule>({
    {"exs",  "execStatus",    kNp, kNp, one_of(kExecStatusType), kNa, kOne},
    {"exr",  "execResult",    kNp, kNp, one_of(kExecResultType), kNa, kOne},
    {"exd",  "execDisable",   kNp, kO,  kBoolean},
    {"ext",  "execTarget",    kNp, kNp, kId,                     kNa, kOne},
    {"exm",  "execMode",      kNp, kNp, one_of(kExecModeType)},
    {"exf",  "execFrequency", kNp, kNp, kDuration},
    {"exy",  "execDelay",     kNp, kNp, kDuration},
    {"exn",  "execNumber",    kNp, kNp, kUnsigned},
    {"exra", "execReqArgs",   kNp, kNp, kAny},
});

/// One request of a transaction: m2m:aggregatedRequest/request.
constexpr MemberRule kTransactionRequestMembers[] = {
    {"op",  "operation",         kMust, one_of(kOperation)},
    {"to",  "to",                kMust, kUri},
    {"fr",  "from",              kMay,  kId},
    {"rqi", "requestIdentifier", kMust, kString},
    {"ty",  "resourceType",      kMay,  one_of(kResourceType)},
    {"pc",  "primitiveContent",  kMay,  kAny},
    {"mi",  "metaInformation",   kMay,  kMetaInformation},
    {"rvi", "releaseVersionIndicator", kMay, kString},
};
constexpr MemberRule kAggregatedRequestMembers[] = {
    {"m2m:rqp", "requestPrimitive", kMust, some_of(object_of(kTransactionRequestMembers))},
};

/// Source: TS-0004 table 7.4.59.1-3.
constexpr auto kTransactionMgmtOwn = std::to_array<AttributeRule>({
    {"tltm", "transactionLockTime",       kO,  kNp, kTimestamp},
    {"text", "transactionExecuteTime",    kO,  kNp, kTimestamp},
    {"tct",  "transactionCommitTime",     kO,  kNp, kTimestamp},
    {"tept", "transactionExpirationTime", kO,  kNp, kTimestamp},
    {"tmd",  "transactionMode",           kO,  kNp, one_of(kTransactionMode)},
    {"tltp", "transactionLockType",       kO,  kNp, one_of(kTransactionLockType)},
    {"tctl", "transactionControl",        kNp, kO,  one_of(kTransactionControl)},
    {"trst", "transactionState",          kNp, kNp, one_of(kTransactionState),         kNa, kOne},
    {"tmr",  "transactionMaxRetries",     kO,  kO,  kUnsigned},
    {"tmh",  "transactionMgmtHandling",   kO,  kO,  one_of(kTransactionMgmtHandling)},
    {"rqps", "requestPrimitives",         kM,  kNp, object_of(kAggregatedRequestMembers), kNa, kOne},
    {"rsps", "responsePrimitives",        kNp, kNp, kAny,                              kNa, kOne},
    kCreator,
});

/// Source: TS-0004 table 7.4.60.1-3.
constexpr auto kTransactionOwn = std::to_array<AttributeRule>({
    {"tid",     "transactionID",          kM,  kNp, kString,                               kNa, kOne},
    {"tctl",    "transactionControl",     kNp, kO,  one_of(kTransactionControl),           kNa, kOne},
    {"trst",    "transactionState",       kNp, kNp, one_of(kTransactionState),             kNa, kOne},
    {"tltm",    "transactionLockTime",    kO,  kNp, kTimestamp},
    {"text",    "transactionExecuteTime", kO,  kNp, kTimestamp},
    {"tct",     "transactionCommitTime",  kO,  kNp, kTimestamp},
    {"tltp",    "transactionLockType",    kO,  kNp, one_of(kTransactionLockType)},
    {"m2m:rqp", "requestPrimitive",       kM,  kNp, object_of(kTransactionRequestMembers), kNa, kOne},
    {"m2m:rsp", "responsePrimitive",      kNp, kNp, kAny},
    kCreator,
});

constexpr MemberRule kDeliveryMetaDataMembers[] = {
    {"tcop", "tracingOption", kMust, kBoolean},
    {"tcin", "tracingInfo",   kMay,  list_of(kId)},
};
constexpr MemberRule kDeliveredRequestMembers[] = {
    {"op",  "operation",         kMust, one_of(kOperation)},
    {"to",  "to",                kMust, kUri},
    {"fr",  "from",              kMust, kId},
    {"rqi", "requestIdentifier", kMust, kString},
    {"pc",  "primitiveContent",  kMay,  kAny},
    {"mi",  "metaInformation",   kMay,  kMetaInformation},
};
constexpr MemberRule kDeliveredRequestsMembers[] = {
    {"req", "request", kMust, some_of(object_of(kDeliveredRequestMembers))},
};

/// Source: TS-0004 table 7.4.17.1-3.
constexpr auto kDeliveryOwn = std::to_array<AttributeRule>({
    {"sr",  "source",            kM, kNp, kId,                                  kNa, kOne},
    {"tg",  "target",            kM, kNp, kId,                                  kNa, kOne},
    {"ls",  "lifespan",          kM, kO,  kTimestamp,                           kNa, kOne},
    {"ec",  "eventCat",          kM, kO,  one_of(kEventCategory),               kNa, kOne},
    {"dmd", "deliveryMetaData",  kM, kO,  object_of(kDeliveryMetaDataMembers),  kNa, kOne},
    {"arq", "aggregatedRequest", kO, kO,  object_of(kDeliveredRequestsMembers), kNa, kOne},
});
// clang-format on

/// Of an <execInstance> only who may see it, its labels and its end can be changed.
constexpr auto governed_by_cse_at_first() {
  auto part = kGoverned;
  for (AttributeRule& rule : part) rule.create = kNp;
  return part;
}

constexpr auto kMgmtCmdRules = table(kMgmtCmdOwn, kGoverned);
constexpr auto kExecInstanceRules = table(kExecInstanceOwn, governed_by_cse_at_first());
constexpr auto kTransactionMgmtRules = table(kTransactionMgmtOwn, kGoverned);
constexpr auto kTransactionRules = table(kTransactionOwn, kGoverned);
constexpr auto kDeliveryRules = table(kDeliveryOwn, kGoverned);

constexpr int kBelowMgmtCmd[] = {kSubscription, kExecInstance, kTransaction};
constexpr int kBelowExecInstance[] = {kSubscription, kTransaction};
constexpr int kOnlySubscriptions[] = {kSubscription};
/// Beside those that name it among their children.
constexpr int kParentsOfTransaction[] = {kFlexContainer,
                                         kTimeSeries,
                                         kPollingChannel,
                                         kContentInstance,
                                         kTimeSeriesInstance,
                                         kCrossResourceSubscription,
                                         kNotificationTargetMgmtPolicyRef,
                                         kNotificationTargetPolicy,
                                         kPolicyDeletionRules};

}  // namespace

constexpr TypeSchema kMgmtCmdType{.type = kMgmtCmd,
                                  .root = "m2m:mgc",
                                  .name = "mgmtCmd",
                                  .rules = kMgmtCmdRules,
                                  .children = kBelowMgmtCmd};

constexpr TypeSchema kExecInstanceType{.type = kExecInstance,
                                       .root = "m2m:exin",
                                       .name = "execInstance",
                                       .rules = kExecInstanceRules,
                                       .children = kBelowExecInstance};

constexpr TypeSchema kTransactionMgmtType{.type = kTransactionMgmt,
                                          .root = "m2m:tram",
                                          .name = "transactionMgmt",
                                          .rules = kTransactionMgmtRules,
                                          .children = kOnlySubscriptions};

constexpr TypeSchema kTransactionType{.type = kTransaction,
                                      .root = "m2m:trac",
                                      .name = "transaction",
                                      .rules = kTransactionRules,
                                      .children = kOnlySubscriptions,
                                      .parents = kParentsOfTransaction};

constexpr TypeSchema kDeliveryType{.type = kDelivery,
                                   .root = "m2m:dlv",
                                   .name = "delivery",
                                   .rules = kDeliveryRules,
                                   .children = kOnlySubscriptions};

}  // namespace gatehouse::standard

#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/standard_types.h"

// The tables of <node>, below which devices are managed, and of <request>.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.18.1-3.
constexpr auto kNodeOwn = std::to_array<AttributeRule>({
    {"ni",   "nodeID",             kM,  kO,  kId,          kMa, kOne},
    {"hcl",  "hostedCSELink",      kO,  kO,  kId,          kOa},
    {"hael", "hostedAELinks",      kO,  kO,  some_of(kId), kOa},
    {"hsl",  "hostedServiceLinks", kO,  kO,  list_of(kId), kOa},
    {"mgca", "mgmtClientAddress",  kO,  kO,  kString,      kOa},
    {"rms",  "roamingStatus",      kNp, kNp, kBoolean,     kOa},
    {"nid",  "networkID",          kNp, kNp, kString,      kOa},
    {"nty",  "nodeType",           kO,  kO,  kUnsigned,    kOa},  // R4
});

/// Source: TS-0004 table 7.4.12.1-3. A <request> is created by the CSE alone.
constexpr auto kRequestOwn = std::to_array<AttributeRule>({
    {"op",  "operation",        kNp, kNp, one_of(kOperation)},
    {"tg",  "target",           kNp, kNp, kUri},
    {"org", "originator",       kNp, kNp, kId},
    {"rid", "requestID",        kNp, kNp, kString},
    {"mi",  "metaInformation",  kNp, kNp, kMetaInformation},
    {"pc",  "primitiveContent", kNp, kNp, kAny},
    {"rs",  "requestStatus",    kNp, kNp, one_of(kRequestStatus)},
    {"ors", "operationResult",  kNp, kNp, kOperationResult},
});
// clang-format on

/// Source: TS-0004 table 7.4.12.1-2.
constexpr auto kRequestCommon = set_by_cse(std::array{kExpirationTime, kLabels, kCustodian});

/// Only who may see it can be changed.
constexpr auto policies_of_request() {
  auto part = std::array{kAccessControlPolicyIds, kConsultationIds};
  for (AttributeRule& rule : part) rule.create = kNp;
  return part;
}

constexpr auto kNodeRules = table(kNodeOwn, kGoverned, kAnnounceable);
constexpr auto kRequestRules = table(kRequestOwn, kRequestCommon, policies_of_request());

/// Source: TS-0001 tables 9.6.18-1 and 9.6.12-1.
constexpr int kBelowNode[] = {kMgmtObj, kSchedule,           kSubscription,
                              kAction,  kSemanticDescriptor, kTransaction};
constexpr int kBelowRequest[] = {kSubscription};

}  // namespace

constexpr TypeSchema kNodeType{.type = kNode,
                               .root = "m2m:nod",
                               .name = "node",
                               .rules = kNodeRules,
                               .children = kBelowNode,
                               .announceable = true};

constexpr TypeSchema kRequestType{.type = kRequest,
                                  .root = "m2m:req",
                                  .name = "request",
                                  .rules = kRequestRules,
                                  .children = kBelowRequest};

}  // namespace gatehouse::standard

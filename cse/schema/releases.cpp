#include "cse/schema/releases.h"

#include <algorithm>
#include <array>

namespace gatehouse {
namespace {

using namespace type_number;
using R = Release;

constexpr int kAnyType = 0;

struct TypeRow {
  int first, last;
  Release came;
};

/// Types that are not of Release 1. Source: TS-0004 clause 6.3.4.2.1 (m2m:resourceType) of each
/// release.
constexpr TypeRow kTypes[] = {
    {24, 34, R::k2},
    {35, 51, R::k3},
    {52, 9999, R::k4},
    {kAnnounced + kCseBase, kAnnounced + kCseBase, R::k3},
};

struct AttributeRow {
  std::string_view attribute;
  int type;  ///< of the original; kAnyType: wherever it stands
  Release came;
};

// One row per attribute, in columns, sorted by name.
// clang-format off
constexpr auto kAttributes = std::to_array<AttributeRow>({
    {"acrs", kSubscription,              R::k3},  // associatedCrossResourceSub
    {"adri", kAccessControlPolicy,       R::k3},  // distributed authorization
    {"aid",  kLocationPolicy,            R::k3},
    {"airi", kAccessControlPolicy,       R::k3},
    {"ape",  kAe,                        R::k3},  // activityPatternElements
    {"ape",  kRemoteCse,                 R::k3},
    {"apri", kAccessControlPolicy,       R::k3},
    {"ari",  kServiceSubscribedAppRule,  R::k2},  // allowedRole-IDs
    {"ast",  kAnyType,                   R::k4},  // announceSyncType
    {"cbs",  kFlexContainer,             R::k4},  // instances of flexContainers
    {"cni",  kFlexContainer,             R::k4},
    {"conr", kContentInstance,           R::k2},  // contentRef
    {"cr",   kRemoteCse,                 R::k4},
    {"cr",   kTimeSeriesInstance,        R::k4},
    {"cstn", kAnyType,                   R::k4},  // custodian
    {"csz",  kCseBase,                   R::k2},
    {"csz",  kRemoteCse,                 R::k2},
    {"ctm",  kCseBase,                   R::k3},  // currentTime
    {"daci", kAnyType,                   R::k2},  // dynamicAuthorizationConsultationIDs
    {"dcnt", kContentInstance,           R::k4},  // deletionCnt
    {"dcse", kRemoteCse,                 R::k2},  // descendantCSEs
    {"dgt",  kContentInstance,           R::k4},
    {"disr", kContainer,                 R::k2},  // disableRetrieval
    {"eem",  kCrossResourceSubscription, R::k4},  // eventEvaluationMode
    {"eeno", kSubscription,              R::k4},
    {"egid", kRemoteCse,                 R::k3},  // multicast groups
    {"eris", kEventConfig,               R::k3},
    {"erts", kEventConfig,               R::k3},
    {"esi",  kAnyType,                   R::k2},  // e2eSecInfo
    {"fcied", kFlexContainer,            R::k4},
    {"gec",  kLocationPolicy,            R::k3},  // geofenceEventCriteria
    {"gta",  kLocationPolicy,            R::k3},
    {"hld",  kCseBase,                   R::k3},  // holder
    {"hsl",  kNode,                      R::k3},  // hostedServiceLinks
    {"ici",  kAnyType,                   R::k4},  // IN-CSE-ID
    {"lit",  kLocationPolicy,            R::k3},
    {"loc",  kAnyType,                   R::k4},  // location
    {"luec", kLocationPolicy,            R::k3},
    {"ma",   kSubscription,              R::k4},  // maxAge
    {"mbs",  kFlexContainer,             R::k4},
    {"mgca", kNode,                      R::k2},  // mgmtClientAddress
    {"mia",  kFlexContainer,             R::k4},
    {"mni",  kFlexContainer,             R::k4},
    {"mtcc", kRemoteCse,                 R::k3},
    {"nar",  kGroup,                     R::k3},  // notifyAggregation
    {"nco",  kSchedule,                  R::k3},  // networkCoordinated
    {"ncp",  kCseBase,                   R::k3},
    {"nid",  kNode,                      R::k3},  // roaming
    {"nrq",  kServiceSubscribedNode,     R::k3},  // niddRequired
    {"nse",  kAnyType,                   R::k4},  // statistics of notifications
    {"nsi",  kAnyType,                   R::k4},
    {"nty",  kNode,                      R::k4},  // nodeType
    {"regs", kAe,                        R::k3},  // registrationStatus
    {"rlkl", kLocationPolicy,            R::k3},
    {"rms",  kNode,                      R::k3},
    {"rqag", kPollingChannel,            R::k4},  // requestAggregation
    {"scp",  kAe,                        R::k3},  // sessionCapabilities
    {"spi",  kAnyType,                   R::k4},  // SP-ID
    {"spty", kGroup,                     R::k3},  // specializationType
    {"srv",  kAnyType,                   R::k2},  // supportedReleaseVersions
    {"ssi",  kGroup,                     R::k2},  // semanticSupportIndicator
    {"subi", kContainer,                 R::k4},  // subscriptionIDs
    {"tren", kAnyType,                   R::k3},  // triggering
    {"tri",  kAe,                        R::k3},
    {"trn",  kAnyType,                   R::k3},
    {"trps", kAe,                        R::k3},  // trackRegistrationPoints
});
// clang-format on

static_assert(std::is_sorted(kAttributes.begin(), kAttributes.end(),
                             [](const AttributeRow& a, const AttributeRow& b) {
                               return a.attribute < b.attribute;
                             }));

struct ByName {
  bool operator()(const AttributeRow& row, std::string_view name) const {
    return row.attribute < name;
  }
  bool operator()(std::string_view name, const AttributeRow& row) const {
    return name < row.attribute;
  }
};

/// Names of types of Release 4 as a parent's answer has them: "m2m:actr":[…]. For the quick look.
constexpr std::string_view kLaterRoots[] = {"fci", "tsb", "prp", "prmr", "stte", "actr", "depr"};

bool is_specialised(const TypeSchema& schema) {
  return schema.management_definition != 0 || !schema.custom.empty();
}

/// An attribute that the specialisation alone has, whose version is its own matter.
bool is_own(const TypeSchema& schema, std::string_view attribute) {
  if (schema.management_definition != 0) {
    constexpr std::string_view kCommon[] = {"ast", "cstn", "daci"};
    return std::find(std::begin(kCommon), std::end(kCommon), attribute) == std::end(kCommon);
  }
  return std::any_of(
      schema.custom.begin(), schema.custom.end(),
      [attribute](const AttributeRule& rule) { return rule.short_name == attribute; });
}

const TypeSchema* schema_of(const Schemas& schemas, std::string_view root) {
  if (root.find(':') == root.npos) return nullptr;
  if (const TypeSchema* schema = schemas.find_by_root(root)) return schema;
  for (const int type : {kFlexContainer, kAnnounced + kFlexContainer}) {
    if (const TypeSchema* schema = schemas.find_for(type, root)) return schema;
  }
  return nullptr;
}

/// The release in which a resource type with that number came, announced variants included.
Release since_type(int type) {
  const int original = type >= kAnnounced ? type - kAnnounced : type;
  Release came = Release::k1;
  for (const TypeRow& row : kTypes) {
    const int number = row.first >= kAnnounced ? type : original;
    if (number >= row.first && number <= row.last) came = std::max(came, row.came);
  }
  return came;
}

/// The attribute that lists resource types: a client checks it against the enumeration it knows.
constexpr std::string_view kSupportedTypes = "srt";

class Pruner {
 public:
  Pruner(const Schemas& schemas, Release asked) : schemas_(schemas), asked_(asked) {}

  /// A primitive content: one resource, a collection of answers, or notifications.
  void content(Value& value) const {
    Value::Object* members = value.as_object();
    if (!members) return;
    for (Member& member : *members) {
      if (const TypeSchema* schema = schema_of(schemas_, member.name)) {
        resource(*schema, member.value);
      } else if (member.name == "m2m:agr" || member.name == "m2m:rsp" || member.name == "pc") {
        answers(member.value);
      } else if (member.name == "m2m:sgn") {
        notification(member.value);
      } else if (Value* list = member.name == "m2m:agn" ? member.value.find("m2m:sgn") : nullptr;
                 list && list->as_array()) {
        for (Value& each : *list->as_array()) notification(each);
      }
    }
  }

 private:
  /// m2m:sgn {"nev":{"rep":{"m2m:cnt":{…}}}}
  void notification(Value& value) const {
    Value* event = value.find("nev");
    if (Value* representation = event ? event->find("rep") : nullptr) content(*representation);
  }

  /// m2m:agr {"m2m:rsp":[{"pc":{…}}]}
  void answers(Value& value) const {
    if (Value::Array* items = value.as_array()) {
      for (Value& item : *items) content(item);
    } else {
      content(value);
    }
  }

  void resource(const TypeSchema& schema, Value& value) const {
    Value::Object* members = value.as_object();
    if (!members) return;
    members->erase(std::remove_if(members->begin(), members->end(),
                                  [&](const Member& member) { return goes(schema, member); }),
                   members->end());
    for (Member& member : *members) {
      if (member.name == kSupportedTypes) types(member.value);
      const TypeSchema* child = schema_of(schemas_, member.name);
      Value::Array* items = child ? member.value.as_array() : nullptr;
      if (!items) continue;
      for (Value& item : *items) resource(*child, item);
    }
  }

  void types(Value& value) const {
    Value::Array* numbers = value.as_array();
    if (!numbers) return;
    const auto later = [this](const Value& number) {
      return number.is_integer() && since_type(static_cast<int>(*number.as_integer())) > asked_;
    };
    numbers->erase(std::remove_if(numbers->begin(), numbers->end(), later), numbers->end());
  }

  bool goes(const TypeSchema& schema, const Member& member) const {
    if (const TypeSchema* child = schema_of(schemas_, member.name)) return since(*child) > asked_;
    return since(schema, member.name) > asked_;
  }

  const Schemas& schemas_;
  Release asked_;
};

}  // namespace

Release since(const TypeSchema& schema) { return since_type(schema.type); }

Release since(const TypeSchema& schema, std::string_view attribute) {
  const Release came = since(schema);
  const auto [first, last] =
      std::equal_range(kAttributes.begin(), kAttributes.end(), attribute, ByName{});
  if (first == last || (is_specialised(schema) && is_own(schema, attribute))) return came;
  const int original = schema.type >= kAnnounced ? schema.type - kAnnounced : schema.type;
  const auto row = std::find_if(first, last, [original](const AttributeRow& r) {
    return r.type == kAnyType || r.type == original;
  });
  return row == last ? came : std::max(came, row->came);
}

std::string later_than(Release came, Release asked) {
  return "came with release " + std::string(name_of(came)) +
         ", and the request is one of release " + std::string(name_of(asked));
}

Result<void> check_release(const TypeSchema& schema, Release asked) {
  const Release came = since(schema);
  if (came <= asked) return {};
  return fail(Rsc::kBadRequest,
              "ty: <" + std::string(schema.name) + "> " + later_than(came, asked));
}

void leave_out_later(Value& content, const Schemas& schemas, Release asked) {
  Pruner(schemas, asked).content(content);
}

bool may_hold_later(std::string_view json, Release asked) {
  if (asked >= Release::k4) return false;
  const auto is_later = [asked](std::string_view name) {
    if (name == kSupportedTypes) return true;
    const auto [first, last] =
        std::equal_range(kAttributes.begin(), kAttributes.end(), name, ByName{});
    return std::any_of(first, last, [asked](const AttributeRow& r) { return r.came > asked; }) ||
           (name.starts_with("m2m:") &&
            (asked < Release::k3 || std::any_of(std::begin(kLaterRoots), std::end(kLaterRoots),
                                                [rest = name.substr(4)](std::string_view root) {
                                                  return rest.starts_with(root);
                                                })));
  };
  for (std::size_t colon = json.find("\":"); colon != json.npos;
       colon = json.find("\":", colon + 2)) {
    const std::size_t quote = colon == 0 ? json.npos : json.rfind('"', colon - 1);
    if (quote != json.npos && is_later(json.substr(quote + 1, colon - quote - 1))) return true;
  }
  return false;
}

}  // namespace gatehouse

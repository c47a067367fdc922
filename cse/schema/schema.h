#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cse/primitive/release.h"
#include "cse/primitive/request.h"

namespace gatehouse {

/// May, must or must not an attribute stand in a request? Source: the tables 7.4.x of TS-0004.
enum class Need : std::uint8_t { kNotPermitted, kOptional, kMandatory };

/// May or must an announced resource carry the attribute? Source: the tables 9.6.x of TS-0001.
enum class Announced : std::uint8_t { kNever, kOptional, kAlways };

/// Shapes of attribute values, after TS-0004 clause 6.3.
enum class Kind : std::uint8_t {
  kString,         ///< any text
  kToken,          ///< xs:token: not empty, no line breaks or tabs, single spaces, none at the ends
  kSerialization,  ///< m2m:serializations: a media type of oneM2M
  kNcName,         ///< a name without spaces or colons
  kResourceName,
  kId,   ///< an identifier: AE-ID, CSE-ID, resource ID; not empty, no spaces
  kUri,  ///< not empty, no spaces or control characters
  kBoolean,
  kInteger,
  kUnsigned,  ///< >= 0
  kPositive,  ///< >= 1
  kFloat,     ///< any JSON number
  kTimestamp,
  kAbsRelTimestamp,  ///< text or integer milliseconds
  kDuration,
  kScheduleEntry,  ///< seven fields, "* 0-5 2,6,10 * * * *"
  kIpv4,           ///< an address, maybe with "/bits"
  kIpv6,
  kBase64,
  kEnumeration,  ///< an integer of `DataType::enumeration`
  kObject,       ///< members of `DataType::members`; others are refused
  kAny,          ///< any value
};

struct Enumerator {
  std::int64_t value;
  std::string_view name;
};

struct Enumeration {
  std::string_view name;  ///< "m2m:cseTypeID"
  std::span<const Enumerator> values;
};

struct MemberRule;

/// The shape of one attribute, or of each item of a list.
struct DataType {
  Kind kind = Kind::kString;
  bool list = false;
  bool non_empty = false;  ///< a list that must have at least one item
  const Enumeration* enumeration = nullptr;
  std::span<const MemberRule> members = {};
  /// A rule beyond the shape, of one value that has it: what is wrong with it, or an empty text.
  std::string (*rule)(const Value&) = nullptr;
};

/// One member of a complex type. Source: TS-0004 clause 6.3.5.
struct MemberRule {
  std::string_view short_name;
  std::string_view long_name;
  bool mandatory;
  DataType type;
};

/// One row of a resource type's attribute table.
struct AttributeRule {
  std::string_view short_name;
  std::string_view long_name;
  Need create;
  Need update;
  DataType type;
  Announced announced = Announced::kNever;
  bool multiplicity_one = false;  ///< may not be deleted by null
};

/// Numbers of resource types. Source: TS-0004 clause 6.3.4.2.1 (m2m:resourceType).
namespace type_number {
inline constexpr int kAccessControlPolicy = 1, kAe = 2, kContainer = 3, kContentInstance = 4,
                     kCseBase = 5, kGroup = 9, kMgmtObj = 13, kNode = 14, kPollingChannel = 15,
                     kRemoteCse = 16, kRequest = 17, kSchedule = 18, kSubscription = 23,
                     kFlexContainer = 28, kTimeSeries = 29, kTimeSeriesInstance = 30,
                     kFlexContainerInstance = 58, kTimeSyncBeacon = 60;
inline constexpr int kDelivery = 6, kExecInstance = 8, kLocationPolicy = 10, kMgmtCmd = 12,
                     kSemanticDescriptor = 24, kOntologyRepository = 38, kOntology = 39,
                     kSemanticMashupJobProfile = 40, kSemanticMashupInstance = 41,
                     kSemanticMashupResult = 42, kTransactionMgmt = 50, kTransaction = 51,
                     kAction = 65, kDependency = 66;
inline constexpr int kNotificationTargetMgmtPolicyRef = 25, kNotificationTargetPolicy = 26,
                     kPolicyDeletionRules = 27, kCrossResourceSubscription = 48;
inline constexpr int kServiceSubscriptionProfile = 11, kServiceSubscribedAppRule = 19,
                     kServiceSubscribedNode = 20, kRole = 31, kToken = 32, kConsultation = 34,
                     kAuthorizationDecision = 35, kAuthorizationPolicy = 36,
                     kAuthorizationInformation = 37;
inline constexpr int kEventConfig = 7, kStatsCollect = 21, kStatsConfig = 22, kAeContactList = 43,
                     kAeContactListPerCse = 44, kLocalMulticastGroup = 45, kMultimediaSession = 46,
                     kTriggerRequest = 47, kBackgroundDataTransfer = 49, kPrimitiveProfile = 62,
                     kProcessManagement = 63, kState = 64;
inline constexpr int kAnnounced = 10000;  ///< added for the announced variant
}  // namespace type_number

/// What the standard's tables say of one resource type (or of one specialisation of <mgmtObj>).
struct TypeSchema {
  int type;                                ///< `ty`; 13 for every management object
  std::string_view root;                   ///< "m2m:cnt"
  std::string_view name;                   ///< "container"
  std::span<const AttributeRule> rules;    ///< all but the universal attributes rn ty ri pi ct lt
  std::span<const int> children;           ///< numbers of the types that may be created below
  std::int64_t management_definition = 0;  ///< mgd; 0: not a management object
  bool has_expiration = true;              ///< has `et`
  bool has_access_control = true;          ///< has `acpi`; else the parent's policies govern
  bool announceable = false;               ///< has `at`/`aa`, and an announced variant ty + 10000
  /// Numbers of the types below which it may be created, beside those that name it in `children`; a
  /// type of a new file needs no change in the tables of its parents. An announceable type may be
  /// created below their announced variants too (TS-0001 tables 9.6.x-1, last column); its
  /// announced variant, which has the same list, below those and where it goes if the parent is not
  /// announced.
  std::span<const int> parents = {};
  /// Only its specialisations exist (<flexContainer>): `root` stands in no request.
  bool abstract = false;
  std::string_view container_definition = {};  ///< what `cnd` must say; empty: anything
  std::span<const AttributeRule> custom = {};  ///< of `rules`: those of the specialisation alone

  const AttributeRule* find(std::string_view short_name) const;
  bool allows_child(int child_type) const;
  bool allows_parent(int parent_type) const;
};

/// May a `child` be created below a `parent`?
bool may_be_child(const TypeSchema& parent, const TypeSchema& child);

/// Specialisations that are too many to keep a table of each: a table is made when it is asked for.
/// Threading: any.
class Specialisations {
 public:
  virtual ~Specialisations() = default;
  /// `type`: of an abstract schema. nullptr: no such specialisation. Lives as long as this.
  virtual const TypeSchema* find(int type, std::string_view root) const = 0;
  /// The same for what is stored already: of a definition that is gone, the common attributes.
  virtual const TypeSchema& find_stored(int type, std::string_view root) const = 0;
  /// Has any of them an attribute of that short name?
  virtual bool has_attribute(std::string_view short_name) const = 0;
  /// Why a CREATE of an unknown one is refused.
  virtual Error refusal(std::string_view root, const Value& attributes) const = 0;
};

/// Every type this node knows. Filled by main() with explicit calls, then only read.
class Schemas {
 public:
  /// `schema` must outlive this. Throws std::logic_error for a root or type that is taken.
  void add(const TypeSchema& schema);
  /// The schema of a type; for kMgmtObj the one of that management definition. nullptr if unknown.
  const TypeSchema* find(int type, std::int64_t management_definition = 0) const;
  const TypeSchema* find_by_root(std::string_view root) const;
  /// The schema that a request for a resource of that type with that root means; nullptr if
  /// unknown. Several types may share a root (<flexContainer> and its instances).
  const TypeSchema* find_for(int type, std::string_view root) const;
  /// The schema of a stored resource, of which `body` is the JSON text. nullptr if unknown.
  const TypeSchema* find_stored(int type, std::string_view body) const;
  void set_specialisations(std::shared_ptr<const Specialisations> source) {
    specialisations_ = std::move(source);
  }
  const Specialisations* specialisations() const { return specialisations_.get(); }
  std::span<const TypeSchema* const> all() const { return all_; }
  /// Is that the short name of an attribute of some resource type, universal ones included?
  bool knows_attribute(std::string_view short_name) const;
  /// Keeps a text that a table made at run time refers to, as long as this or a copy of it lives.
  std::string_view keep(std::string text);

 private:
  std::vector<const TypeSchema*> all_;
  std::unordered_map<std::int64_t, const TypeSchema*> by_number_;
  std::unordered_map<std::string_view, const TypeSchema*> by_root_;
  std::vector<std::shared_ptr<const void>> kept_;
  std::shared_ptr<const Specialisations> specialisations_;
};

/// Adds the types of TS-0001 that this node implements, less the management objects (those:
/// mgmt-objects).
void add_standard_types(Schemas& schemas);
/// For each announceable type in `schemas`, adds its announced variant (10000 + ty, root + "A"):
/// lnk, et, acpi, lbl, the attributes that are announced, all optional or as TS-0001 clause 9.6.26
/// says. Owns the tables it makes.
void add_announced_variants(Schemas& schemas, std::vector<std::unique_ptr<TypeSchema>>& owner,
                            std::vector<std::unique_ptr<std::vector<AttributeRule>>>& rule_owner);

/// Root of the announced variant: "m2m:cntA", "cod:tempeAnnc".
std::string announced_root(const TypeSchema& original);

/// Checks the attributes of a CREATE or UPDATE (the object below the root) against the table and
/// the universal rules. Errors: kBadRequest with "short (longName): rule", such as "mni
/// (maxNrOfInstances): must be a non-negative integer, not the string \"ten\"", "cnx: <container>
/// has no such attribute", "api (App-ID): is mandatory on CREATE", "ri (resourceID): is assigned by
/// the CSE and may not stand in a CREATE", "loc (location): came with release 4, and the request is
/// one of release 3". `asked`: the release of the request; what came later is unknown to it, and so
/// never mandatory.
Result<void> validate_create(const TypeSchema& schema, const Value& attributes,
                             Release asked = kNewestRelease);
Result<void> validate_update(const TypeSchema& schema, const Value& attributes,
                             Release asked = kNewestRelease);
/// One value against one shape; `path` names it in the error ("enc/net").
Result<void> validate_value(std::string_view path, const DataType& type, const Value& value);

/// Resource types whose universal attributes are assigned by the CSE: rn (WO), ty, ri, pi, ct, lt.
std::span<const AttributeRule> universal_rules();

}  // namespace gatehouse

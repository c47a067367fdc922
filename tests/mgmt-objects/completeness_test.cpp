// What this node knows of resource types, against an independent listing of what the standard's
// tables say: data/standard_listing.txt.
#include <gmock/gmock.h>

#include "cse/schema/flex_containers.h"
#include "cse/schema/releases.h"
#include "mgmt-objects/management_objects.h"
#include "tests/mgmt-objects/standard_listing.h"

namespace gatehouse {
namespace {

using test::ListedAttribute;
using test::ListedMember;
using test::ListedType;
using test::StandardListing;

/// Where our table says something else than the listing, and why that is right.
struct Departure {
  std::string_view type, attribute, why;
};

constexpr Departure kDepartures[] = {
    {"notificationTargetPolicy", "acn", "multiplicity 1 without a default: a CREATE must bring it"},
    {"notificationTargetPolicy", "plbl", "the same"},
    {"ontology", "acpi", "acpi and et are those of the announced resource itself"},
    {"ontology", "et", "the same"},
    {"ontologyRepository", "acpi", "the same"},
    {"ontologyRepository", "et", "the same"},
    {"cmdhNwAccessRule", "cmlk", "m2m:mgmtLinkRef stands in lists everywhere"},
    {"timeSyncBeacon", "bcnt", "a duration, or as in the field a number of seconds"},
    {"localMulticastGroup", "at", "has no announced variant"},
    {"localMulticastGroup", "aa", "the same"},
    {"semanticMashupResult", "mrf", "one result has one format"},
    {"transaction", "rqp", "a primitive, written with its prefix as m2m:rqp"},
    {"transaction", "rsp", "the same"},
    {"wifiClient", "uds", "TS-0022 names it; no public source gives its short name"},
    {"flexContainerInstance", "st", "stateTag of the <flexContainer> at that time"},
};

bool departs(const ListedType& type, std::string_view attribute) {
  return std::any_of(std::begin(kDepartures), std::end(kDepartures), [&](const Departure& row) {
    return row.type == type.name && row.attribute == attribute;
  });
}

/// Attributes that Release 4 gives to all resources, or to all that can be announced; and those
/// that all management objects have. The sources list them for a part of the types only.
bool is_common(const ListedType& type, std::string_view attribute) {
  return attribute == "cstn" || attribute == "ast" || (type.type == 13 && attribute == "mgs");
}

/// A kind of the listing, by what our tables may call it.
bool is_of_kind(const ListedAttribute& row, const DataType& type) {
  static const std::map<std::string, std::set<Kind>> kKinds = {
      {"string", {Kind::kString, Kind::kToken}},
      {"token", {Kind::kToken, Kind::kString}},
      {"id", {Kind::kId, Kind::kUri, Kind::kString}},
      {"uri", {Kind::kUri, Kind::kId}},
      {"name", {Kind::kResourceName}},
      {"ncname", {Kind::kNcName}},
      {"boolean", {Kind::kBoolean}},
      {"unsigned", {Kind::kUnsigned, Kind::kEnumeration}},
      {"positive", {Kind::kPositive, Kind::kEnumeration}},
      {"integer", {Kind::kInteger}},
      {"timestamp", {Kind::kTimestamp}},
      {"absreltime", {Kind::kAbsRelTimestamp}},
      {"duration", {Kind::kDuration}},
      {"schedule", {Kind::kScheduleEntry}},
      {"base64", {Kind::kBase64}},
      {"any", {Kind::kAny}},
  };
  if (row.kind.find(':') == std::string::npos) {
    const auto known = kKinds.find(row.kind);
    return known != kKinds.end() && known->second.contains(type.kind);
  }
  return type.kind != Kind::kEnumeration || row.kind == type.enumeration->name;
}

Need need_of(const std::string& text) {
  return text == "M" ? Need::kMandatory : text == "O" ? Need::kOptional : Need::kNotPermitted;
}

Announced announced_of(const std::string& text) {
  return text == "MA"   ? Announced::kAlways
         : text == "OA" ? Announced::kOptional
                        : Announced::kNever;
}

class Completeness : public testing::Test {
 protected:
  Completeness() : listing_(test::read_standard_listing(GATEHOUSE_STANDARD_LISTING)) {
    add_standard_types(schemas_);
    add_management_objects(schemas_);
    add_announced_variants(schemas_, owner_, rule_owner_);
    for (const TypeSchema* schema : schemas_.all()) by_name_.emplace(schema->name, schema);
    by_name_.emplace("mgmtObj", schemas_.find(13, 1001));
    by_name_.emplace("mgmtObjAnnc", schemas_.find(10013, 1001));
  }

  /// nullptr for what has no name in the listing (abstract types).
  const TypeSchema* known(const ListedType& type) const {
    return schemas_.find(type.type, type.management_definition);
  }

  void expect_attribute(const ListedType& type, const TypeSchema& schema,
                        const ListedAttribute& row) const;
  void expect_children(const TypeSchema& parent, const std::vector<std::string>& names) const;

  const StandardListing listing_;
  Schemas schemas_;
  std::vector<std::unique_ptr<TypeSchema>> owner_;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> rule_owner_;
  std::map<std::string, const TypeSchema*, std::less<>> by_name_;
};

TEST_F(Completeness, HasEveryTypeByNumberRootAndName) {
  ASSERT_EQ(listing_.types.size(), 88u);
  for (const ListedType& type : listing_.types) {
    const TypeSchema* schema = known(type);
    if (type.name == "mgmtObj") continue;
    ASSERT_NE(schema, nullptr) << type.name;
    EXPECT_EQ(schema->name, type.name);
    if (!type.is_named()) continue;
    EXPECT_EQ(schema->root, type.root);
    EXPECT_EQ(schemas_.find(type.type + 10000, type.management_definition) != nullptr,
              type.announced)
        << type.name;
  }
}

void Completeness::expect_attribute(const ListedType& type, const TypeSchema& schema,
                                    const ListedAttribute& row) const {
  const std::string where = type.name + "/" + row.short_name;
  const AttributeRule* rule = schema.find(row.short_name);
  ASSERT_NE(rule, nullptr) << where;
  EXPECT_EQ(rule->long_name, row.long_name) << where;
  if (row.create != "-") {
    EXPECT_EQ(rule->create, need_of(row.create)) << where << ": CREATE " << row.create;
  }
  if (row.update != "-") {
    EXPECT_EQ(rule->update, need_of(row.update)) << where << ": UPDATE " << row.update;
  }
  EXPECT_EQ(rule->type.list, row.is_list()) << where << ": " << row.multiplicity;
  EXPECT_TRUE(is_of_kind(row, rule->type)) << where << ": " << row.kind;
  if (row.announced != "-" && type.announced) {
    EXPECT_EQ(rule->announced, announced_of(row.announced)) << where << ": " << row.announced;
  }
  const bool changes = rule->update != Need::kNotPermitted && row.short_name != "et";
  const bool is_one = row.multiplicity.starts_with('1');
  if (changes) {
    EXPECT_EQ(rule->multiplicity_one, is_one) << where << ": " << row.multiplicity;
  }
  // A specialisation's own attributes have versions of their own.
  if (type.management_definition == 0) {
    EXPECT_EQ(name_of(since(schema, row.short_name)), row.release) << where;
  }
}

// TS-0004 tables 7.4.x-2 and -3, TS-0001 tables 9.6.x-2
TEST_F(Completeness, HasEveryAttributeAsTheStandardHasIt) {
  for (const ListedType& type : listing_.types) {
    const TypeSchema* schema = known(type);
    if (!schema) continue;
    for (const ListedAttribute& row : type.attributes) {
      if (!departs(type, row.short_name)) expect_attribute(type, *schema, row);
    }
  }
}

TEST_F(Completeness, HasNoAttributeThatTheStandardHasNot) {
  for (const ListedType& type : listing_.types) {
    const TypeSchema* schema = known(type);
    if (!schema || !type.is_named()) continue;
    std::set<std::string_view> names;
    for (const ListedAttribute& row : type.attributes) names.insert(row.short_name);
    for (const AttributeRule& rule : schema->rules) {
      const std::string_view name = rule.short_name.substr(rule.short_name.find(':') + 1);
      EXPECT_TRUE(names.contains(name) || is_common(type, name) || departs(type, name))
          << type.name << "/" << rule.short_name;
    }
  }
}

TEST_F(Completeness, NamesOnlyDeparturesThatThereAre) {
  for (const Departure& row : kDepartures) {
    const auto type = std::find_if(listing_.types.begin(), listing_.types.end(),
                                   [&row](const ListedType& t) { return t.name == row.type; });
    ASSERT_NE(type, listing_.types.end()) << row.type;
    EXPECT_FALSE(row.why.empty());
  }
}

/// Children that are not stored have no table.
bool is_virtual(std::string_view name) {
  constexpr std::string_view kVirtual[] = {"latest",
                                           "oldest",
                                           "fanOutPoint",
                                           "semanticFanOutPoint",
                                           "notificationTargetSelfReference",
                                           "pollingChannelURI",
                                           "semanticValidation",
                                           "mashup"};
  return std::find(std::begin(kVirtual), std::end(kVirtual), name) != std::end(kVirtual);
}

void Completeness::expect_children(const TypeSchema& parent,
                                   const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    if (is_virtual(name)) continue;
    // Only the CSE makes them, below a <flexContainer>.
    if (parent.name == "remoteCSE" && name == "flexContainerInstance") continue;
    const auto child = by_name_.find(name);
    ASSERT_NE(child, by_name_.end()) << parent.name << " > " << name;
    EXPECT_TRUE(may_be_child(parent, *child->second)) << parent.name << " > " << name;
  }
}

// TS-0001 tables 9.6.x-1
TEST_F(Completeness, AllowsEveryChildBelowTypesAndTheirAnnouncedVariants) {
  for (const ListedType& type : listing_.types) {
    const TypeSchema* schema = known(type);
    if (!schema) continue;
    expect_children(*schema, type.children);
    const TypeSchema* announced = schemas_.find(type.type + 10000, type.management_definition);
    if (announced) expect_children(*announced, type.children_of_announced);
  }
}

/// Every shape that an attribute or a member of one has, once for each name.
void collect(const DataType& type, std::map<std::string_view, const Enumeration*>& enumerations) {
  if (type.enumeration) enumerations.emplace(type.enumeration->name, type.enumeration);
  for (const MemberRule& member : type.members) collect(member.type, enumerations);
}

/// Sets that the standard gives as bits, or by a range beside names; and one that a public
/// implementation has extended by experiments (9, 10).
bool is_open(std::string_view name) {
  return name == "m2m:accessControlOperations" || name == "m2m:eventCat" ||
         name == "m2m:notificationEventType";
}

// TS-0004 clause 6.3.4.2
TEST_F(Completeness, HasTheValuesOfEveryEnumeration) {
  std::map<std::string_view, const Enumeration*> ours;
  for (const TypeSchema* schema : schemas_.all()) {
    for (const AttributeRule& rule : schema->rules) collect(rule.type, ours);
  }
  std::size_t compared = 0;
  for (const auto& [name, enumeration] : ours) {
    const auto listed = listing_.enumerations.find(std::string(name));
    if (listed == listing_.enumerations.end() || is_open(name)) continue;
    std::set<std::int64_t> values;
    for (const Enumerator& e : enumeration->values) values.insert(e.value);
    EXPECT_EQ(values, listed->second) << name;
    ++compared;
  }
  EXPECT_GE(compared, 55u);
}

/// The members that the standard names, by short name.
void expect_members(const std::string& where, const DataType& type,
                    const std::vector<ListedMember>& listed) {
  for (const ListedMember& row : listed) {
    const auto member =
        std::find_if(type.members.begin(), type.members.end(),
                     [&row](const MemberRule& m) { return m.short_name == row.short_name; });
    if (member == type.members.end()) {
      ADD_FAILURE() << where << "/" << row.short_name << " is missing";
      continue;
    }
    // selfPrivileges have at least one rule (TS-0004 table 7.4.2.1-3).
    const bool must = row.multiplicity.starts_with('1') || where == "accessControlPolicy/pvs";
    EXPECT_EQ(member->mandatory, must) << where << "/" << row.short_name;
  }
}

// TS-0004 clause 6.3.5
TEST_F(Completeness, HasTheMembersOfEveryComplexType) {
  std::size_t compared = 0;
  for (const ListedType& type : listing_.types) {
    const TypeSchema* schema = known(type);
    if (!schema) continue;
    for (const ListedAttribute& row : type.attributes) {
      const AttributeRule* rule = schema->find(row.short_name);
      const auto listed = listing_.complex_types.find(row.kind);
      if (!rule || rule->type.kind != Kind::kObject || listed == listing_.complex_types.end())
        continue;
      expect_members(type.name + "/" + row.short_name, rule->type, listed->second);
      ++compared;
    }
  }
  EXPECT_GE(compared, 40u);
}

}  // namespace
}  // namespace gatehouse

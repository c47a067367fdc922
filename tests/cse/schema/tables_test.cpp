#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "cse/schema/schema.h"
#include "cse/schema/value_check.h"
#include "tests/cse/schema/sample_values.h"

namespace gatehouse {
namespace {

using test::minimal_create;
using test::refusal;
using testing::Contains;
using testing::IsEmpty;

class StandardTables : public testing::Test {
 protected:
  StandardTables() {
    add_standard_types(schemas_);
    add_announced_variants(schemas_, owner_, rule_owner_);
  }

  const TypeSchema& type(std::string_view root) const { return *schemas_.find_by_root(root); }

  Schemas schemas_;
  std::vector<std::unique_ptr<TypeSchema>> owner_;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> rule_owner_;
};

void expect_sound(const DataType& type, const std::string& where) {
  EXPECT_EQ(type.kind == Kind::kEnumeration, type.enumeration != nullptr) << where;
  EXPECT_EQ(type.kind == Kind::kObject, !type.members.empty()) << where;
  if (type.enumeration) {
    EXPECT_TRUE(std::is_sorted(type.enumeration->values.begin(), type.enumeration->values.end(),
                               [](const Enumerator& a, const Enumerator& b) {
                                 return a.value <= b.value;  // also refuses a value twice
                               }) ||
                type.enumeration->values.size() == 1)
        << where;
  }
  std::set<std::string_view> names;
  for (const MemberRule& member : type.members) {
    const std::string inner = where + "/" + std::string(member.short_name);
    EXPECT_TRUE(names.insert(member.short_name).second) << inner;
    expect_sound(member.type, inner);
  }
}

TEST_F(StandardTables, HaveEveryShortNameOnceAndOnlySoundShapes) {
  for (const TypeSchema* schema : schemas_.all()) {
    std::set<std::string_view> names;
    for (const AttributeRule& rule : universal_rules()) names.insert(rule.short_name);
    for (const AttributeRule& rule : schema->rules) {
      const std::string where = std::string(schema->root) + "/" + std::string(rule.short_name);
      EXPECT_TRUE(names.insert(rule.short_name).second) << where << " stands twice";
      EXPECT_FALSE(rule.short_name.empty() || rule.long_name.empty()) << where;
      expect_sound(rule.type, where);
    }
  }
}

TEST_F(StandardTables, SayOfEveryTypeWhatItsRowsSay) {
  for (const TypeSchema* schema : schemas_.all()) {
    EXPECT_EQ(schema->has_expiration, schema->find("et") != nullptr) << schema->root;
    EXPECT_EQ(schema->has_access_control, schema->find("acpi") != nullptr) << schema->root;
    EXPECT_EQ(schema->announceable, schema->find("at") != nullptr) << schema->root;
    EXPECT_EQ(schema->announceable, schema->find("aa") != nullptr) << schema->root;
  }
}

TEST_F(StandardTables, NameOnlyKnownTypesAsChildren) {
  std::set<int> known{type_number::kMgmtObj, type_number::kAnnounced + type_number::kMgmtObj};
  for (const TypeSchema* schema : schemas_.all()) known.insert(schema->type);
  for (const TypeSchema* schema : schemas_.all()) {
    const std::set<int> children(schema->children.begin(), schema->children.end());
    EXPECT_EQ(children.size(), schema->children.size()) << schema->root << ": a child twice";
    for (const int child : children) EXPECT_THAT(known, Contains(child)) << schema->root;
  }
}

TEST_F(StandardTables, CoverTheTypesOfThisNode) {
  for (const int number : {1,  2,     3,     4,     5,     9,     14,    15,    16,    17,   18,
                           23, 10001, 10002, 10003, 10004, 10005, 10009, 10014, 10016, 10018}) {
    ASSERT_NE(schemas_.find(number), nullptr) << number;
    EXPECT_EQ(schemas_.find(number)->type, number);
  }
  EXPECT_EQ(schemas_.find(10015), nullptr) << "a <pollingChannel> is never announced";
  EXPECT_EQ(schemas_.find(13), nullptr) << "a <mgmtObj> needs its mgmtDefinition";
  EXPECT_EQ(schemas_.find_by_root("m2m:nothing"), nullptr);
}

TEST_F(StandardTables, AcceptTheSmallestCreateAndRefuseItWithoutAnyOfItsAttributes) {
  for (const TypeSchema* schema : schemas_.all()) {
    const Value smallest = minimal_create(*schema);
    EXPECT_THAT(refusal(validate_create(*schema, smallest)), IsEmpty()) << schema->root;
    for (const Member& member : *smallest.as_object()) {
      Value without = smallest;
      without.erase(member.name);
      const AttributeRule& rule = *schema->find(member.name);
      EXPECT_EQ(refusal(validate_create(*schema, without)),
                member.name + " (" + std::string(rule.long_name) + "): is mandatory on CREATE")
          << schema->root;
    }
  }
}

// A value of the wrong shape in any attribute is refused under that attribute's name.
TEST_F(StandardTables, RefuseNullInEveryAttributeOfACreateButCreator) {
  for (const TypeSchema* schema : schemas_.all()) {
    for (const AttributeRule& rule : schema->rules) {
      if (rule.short_name == "cr") continue;
      Value attributes = minimal_create(*schema);
      attributes.set(rule.short_name, nullptr);
      EXPECT_THAT(refusal(validate_create(*schema, attributes)),
                  testing::StartsWith(text_of({nullptr, rule.short_name, rule.long_name})))
          << schema->root;
    }
  }
}

// TS-0004 clause 7.2.2.2: null deletes an attribute unless its multiplicity is 1.
TEST_F(StandardTables, TakeNullInAnUpdateForWhatMayBeDeleted) {
  for (const TypeSchema* schema : schemas_.all()) {
    for (const AttributeRule& rule : schema->rules) {
      const bool deletable = rule.update != Need::kNotPermitted && !rule.multiplicity_one;
      const Value attributes = Value::object({{std::string(rule.short_name), nullptr}});
      EXPECT_EQ(validate_update(*schema, attributes).has_value(), deletable)
          << schema->root << "/" << rule.short_name;
    }
  }
}

TEST_F(StandardTables, AllowChildrenAsTheStandardDoes) {
  EXPECT_TRUE(type("m2m:cb").allows_child(type_number::kAe));
  EXPECT_TRUE(type("m2m:cb").allows_child(10005));
  EXPECT_FALSE(type("m2m:cb").allows_child(type_number::kContentInstance));
  EXPECT_TRUE(type("m2m:nod").allows_child(type_number::kMgmtObj));
  EXPECT_TRUE(type("m2m:cbA").allows_child(10014));
  EXPECT_TRUE(type("m2m:nodA").allows_child(10013));
  EXPECT_TRUE(type("m2m:cntA").allows_child(10004));
  EXPECT_FALSE(type("m2m:cin").allows_child(type_number::kSubscription));
}

// TS-0001 clause 9.6.26: an announced resource has a link and the announced attributes of its
// original.
TEST_F(StandardTables, DeriveTheAnnouncedVariantFromTheOriginal) {
  const TypeSchema& announced = type("m2m:cntA");

  EXPECT_EQ(announced.name, "containerAnnc");
  EXPECT_EQ(announced.find("lnk")->create, Need::kMandatory);
  EXPECT_EQ(announced.find("et")->create, Need::kMandatory);
  EXPECT_NE(announced.find("mni"), nullptr) << "optionally announced";
  EXPECT_NE(announced.find("ast"), nullptr) << "always announced";
  EXPECT_EQ(announced.find("cni"), nullptr) << "never announced";
  EXPECT_EQ(announced.find("at"), nullptr);
  EXPECT_EQ(type("m2m:aeA").find("api")->create, Need::kOptional);
  EXPECT_EQ(type("m2m:cbA").find("et")->create, Need::kOptional);
}

TEST(Schemas, RefusesATypeOrRootThatIsTaken) {
  static constexpr TypeSchema kOne{
      .type = 90, .root = "x:one", .name = "one", .rules = {}, .children = {}};
  static constexpr TypeSchema kSameType{
      .type = 90, .root = "x:two", .name = "two", .rules = {}, .children = {}};
  static constexpr TypeSchema kSameRoot{
      .type = 91, .root = "x:one", .name = "one", .rules = {}, .children = {}};
  Schemas schemas;
  schemas.add(kOne);

  EXPECT_THROW(schemas.add(kSameType), std::logic_error);
  EXPECT_THROW(schemas.add(kSameRoot), std::logic_error);
  EXPECT_EQ(schemas.all().size(), 1u);
}

TEST(Schemas, FindsNothingForAManagementDefinitionOutOfRange) {
  Schemas schemas;
  add_standard_types(schemas);

  EXPECT_EQ(schemas.find(3, -1), nullptr);
  EXPECT_EQ(schemas.find(3, std::int64_t{1} << 40), nullptr);
}

}  // namespace
}  // namespace gatehouse

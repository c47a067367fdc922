#include "mgmt-objects/management_objects.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/cse/schema/sample_values.h"

namespace gatehouse {
namespace {

using test::minimal_create;
using test::refusal;
using testing::IsEmpty;

class ManagementObjects : public testing::Test {
 protected:
  ManagementObjects() {
    add_standard_types(schemas_);
    add_management_objects(schemas_);
    add_announced_variants(schemas_, owner_, rule_owner_);
  }

  std::vector<const TypeSchema*> of_type(int type) const {
    std::vector<const TypeSchema*> found;
    for (const TypeSchema* schema : schemas_.all()) {
      if (schema->type == type) found.push_back(schema);
    }
    return found;
  }

  Schemas schemas_;
  std::vector<std::unique_ptr<TypeSchema>> owner_;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> rule_owner_;
};

// TS-0004 clause 6.3.4.2.16 (m2m:mgmtDefinition)
TEST_F(ManagementObjects, AreFoundByEveryMgmtDefinition) {
  for (std::int64_t number = 1001; number <= 1031; ++number) {
    const TypeSchema* schema = schemas_.find(type_number::kMgmtObj, number);
    ASSERT_NE(schema, nullptr) << number;
    EXPECT_EQ(schema->management_definition, number);
    EXPECT_EQ(schemas_.find_by_root(schema->root), schema);
  }
  EXPECT_EQ(of_type(type_number::kMgmtObj).size(), 31u);
  EXPECT_EQ(schemas_.find(type_number::kMgmtObj, 1032), nullptr);
}

TEST_F(ManagementObjects, AcceptTheSmallestCreate) {
  for (const TypeSchema* schema : of_type(type_number::kMgmtObj)) {
    EXPECT_THAT(refusal(validate_create(*schema, minimal_create(*schema))), IsEmpty())
        << schema->root;
  }
}

TEST_F(ManagementObjects, RefuseAnUnknownAttribute) {
  for (const TypeSchema* schema : of_type(type_number::kMgmtObj)) {
    Value attributes = minimal_create(*schema);
    attributes.set("nope", 1);
    EXPECT_EQ(refusal(validate_create(*schema, attributes)),
              "nope: [" + std::string(schema->name) + "] has no such attribute");
  }
}

TEST_F(ManagementObjects, RefuseACreateWithoutAnyMandatoryAttribute) {
  for (const TypeSchema* schema : of_type(type_number::kMgmtObj)) {
    for (const AttributeRule& rule : schema->rules) {
      if (rule.create != Need::kMandatory) continue;
      Value attributes = minimal_create(*schema);
      attributes.erase(rule.short_name);
      EXPECT_EQ(refusal(validate_create(*schema, attributes)), std::string(rule.short_name) + " (" +
                                                                   std::string(rule.long_name) +
                                                                   "): is mandatory on CREATE")
          << schema->root;
    }
  }
}

TEST_F(ManagementObjects, RefuseTheMgmtDefinitionOfAnotherObject) {
  const TypeSchema& firmware = *schemas_.find_by_root("m2m:fwr");
  Value attributes = minimal_create(firmware);
  attributes.set("mgd", 1002);

  EXPECT_EQ(refusal(validate_create(firmware, attributes)),
            "mgd (mgmtDefinition): must be 1001 for [firmware], not the number 1002");
}

TEST_F(ManagementObjects, HaveEveryShortNameOnceAndTheCommonAttributes) {
  for (const TypeSchema* schema : of_type(type_number::kMgmtObj)) {
    std::set<std::string_view> names;
    for (const AttributeRule& rule : schema->rules) {
      EXPECT_TRUE(names.insert(rule.short_name).second) << schema->root << "/" << rule.short_name;
    }
    for (const std::string_view common : {"mgd", "obis", "obps", "dc", "et", "acpi", "lbl"}) {
      EXPECT_TRUE(names.contains(common)) << schema->root << "/" << common;
    }
    EXPECT_TRUE(schema->allows_child(type_number::kSubscription)) << schema->root;
  }
}

// TS-0001 Annex D: [cmdhPolicy] and its parts are not announced.
TEST_F(ManagementObjects, AreAnnouncedAsMgmtObjAnncOfTheSameDefinition) {
  const TypeSchema* firmware = schemas_.find(10013, 1001);

  ASSERT_NE(firmware, nullptr);
  EXPECT_EQ(firmware->root, "m2m:fwrA");
  EXPECT_EQ(firmware->name, "firmwareAnnc");
  EXPECT_EQ(firmware->find("mgd")->create, Need::kMandatory);
  EXPECT_EQ(firmware->find("vr")->create, Need::kOptional);
  EXPECT_THAT(refusal(validate_create(*firmware, minimal_create(*firmware))), IsEmpty());
  EXPECT_EQ(schemas_.find(10013, 1011), nullptr);
  for (const TypeSchema* schema : of_type(type_number::kMgmtObj)) {
    EXPECT_EQ(schema->announceable, schemas_.find(10013, schema->management_definition) != nullptr)
        << schema->root;
  }
}

struct PairCase {
  std::string name;
  std::string root;
  Value attributes;
  std::string refused;  ///< the whole text; empty: accepted
};

class Contradictions : public testing::TestWithParam<PairCase> {};

// TS-0004 clauses D.3, D.9, D.10 and D.11
TEST_P(Contradictions, AreRefusedOnlyWhenBothAreTrue) {
  Schemas schemas;
  add_management_objects(schemas);

  const Result<void> result =
      check_contradictions(*schemas.find_by_root(GetParam().root), GetParam().attributes);

  EXPECT_EQ(refusal(result), GetParam().refused);
  if (!result) {
    EXPECT_EQ(result.error().rsc, Rsc::kBadRequest);
  }
}

Value both(std::string one, Value first, std::string other, Value second) {
  return Value::object({{std::move(one), std::move(first)}, {std::move(other), std::move(second)}});
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, Contradictions,
    testing::Values(PairCase{"install_alone", "m2m:swr", Value::object({{"in", true}}), ""},
                    PairCase{"install_not_uninstall", "m2m:swr", both("in", true, "un", false), ""},
                    PairCase{"install_not_activate", "m2m:swr", both("in", true, "act", true), ""},
                    PairCase{"install_uninstall", "m2m:swr", both("in", true, "un", true),
                             "in (install): may not be true together with un (uninstall)"},
                    PairCase{"activate_deactivate", "m2m:swr", both("dea", true, "act", true),
                             "act (activate): may not be true together with dea (deactivate)"},
                    PairCase{"enable_disable", "m2m:dvc", both("ena", true, "dis", true),
                             "ena (enable): may not be true together with dis (disable)"},
                    PairCase{"reboot_reset", "m2m:rbo", both("rbo", true, "far", true),
                             "rbo (reboot): may not be true together with far (factoryReset)"},
                    PairCase{"start_stop", "m2m:evl", both("lga", true, "lgo", true),
                             "lga (logStart): may not be true together with lgo (logStop)"},
                    PairCase{"other_object", "m2m:fwr", both("in", true, "un", true), ""},
                    PairCase{"not_an_object", "m2m:swr", Value::array(), ""}),
    [](const auto& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace gatehouse

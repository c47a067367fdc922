#include <gmock/gmock.h>

#include "cse/schema/schema.h"
#include "tests/cse/schema/sample_values.h"

namespace gatehouse {
namespace {

using test::refusal;

enum class Verb { kCreate, kUpdate };

struct Case {
  std::string name;
  Verb verb;
  std::string root;
  Value attributes;
  std::string refused;  ///< the whole text; empty: accepted
};

class Validation : public testing::TestWithParam<Case> {
 protected:
  Validation() {
    add_standard_types(schemas_);
    add_announced_variants(schemas_, owner_, rule_owner_);
  }

  Schemas schemas_;
  std::vector<std::unique_ptr<TypeSchema>> owner_;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> rule_owner_;
};

// TS-0004 clauses 7.2.2.1, 7.2.2.2 and 7.4: the attributes of a request
TEST_P(Validation, AcceptsOrNamesTheAttributeAndTheRule) {
  const Case& c = GetParam();
  const TypeSchema& schema = *schemas_.find_by_root(c.root);

  const Result<void> result = c.verb == Verb::kCreate ? validate_create(schema, c.attributes)
                                                      : validate_update(schema, c.attributes);

  EXPECT_EQ(refusal(result), c.refused);
  if (!result) {
    EXPECT_EQ(result.error().rsc, Rsc::kBadRequest);
  }
}

Case create(std::string name, std::string root, Value attributes, std::string refused) {
  return {std::move(name), Verb::kCreate, std::move(root), std::move(attributes),
          std::move(refused)};
}

Case update(std::string name, std::string root, Value attributes, std::string refused) {
  return {std::move(name), Verb::kUpdate, std::move(root), std::move(attributes),
          std::move(refused)};
}

Value one(std::string name, Value value) {
  return Value::object({{std::move(name), std::move(value)}});
}

Value ae(std::string name, Value value) {
  Value attributes = Value::object({{"api", "Ntest"}, {"rr", true}, {"srv", Value::array({"3"})}});
  attributes.set(name, std::move(value));
  return attributes;
}

const std::string kAssigned = ": is assigned by the CSE and may not stand in ";

INSTANTIATE_TEST_SUITE_P(
    Create, Validation,
    testing::Values(
        create("container_empty", "m2m:cnt", Value::object(), ""),
        create("no_object", "m2m:cnt", Value::array(),
               "the content of <container> must be an object, not an empty list"),
        create("unknown", "m2m:cnt", one("cnx", 1), "cnx: <container> has no such attribute"),
        create("unknown_empty_name", "m2m:cnt", one("", 1), ": <container> has no such attribute"),
        create("wrong_type", "m2m:cnt", one("mni", "ten"),
               "mni (maxNrOfInstances): must be a non-negative integer, not the string \"ten\""),
        create("null", "m2m:cnt", one("mni", nullptr),
               "mni (maxNrOfInstances): must be a non-negative integer, not null"),
        create("resource_id", "m2m:cnt", one("ri", "x"),
               "ri (resourceID)" + kAssigned + "a CREATE"),
        create("creation_time", "m2m:cnt", one("ct", "20270131T120000"),
               "ct (creationTime)" + kAssigned + "a CREATE"),
        create("resource_type", "m2m:cnt", one("ty", 3),
               "ty (resourceType)" + kAssigned + "a CREATE"),
        create("state_tag", "m2m:cnt", one("st", 0), "st (stateTag)" + kAssigned + "a CREATE"),
        create("computed", "m2m:cnt", one("cni", 0),
               "cni (currentNrOfInstances)" + kAssigned + "a CREATE"),
        create("name", "m2m:cnt", one("rn", "temp"), ""),
        create("bad_name", "m2m:cnt", one("rn", "a b"),
               "rn (resourceName): must be a name of letters, digits, '-', '.' and '_' that starts "
               "with a letter or digit, not the string \"a b\""),
        create("creator_asked", "m2m:cnt", one("cr", nullptr), ""),
        create(
            "creator_given", "m2m:cnt", one("cr", "CAE1"),
            "cr (creator): must be null: the CSE fills in the Originator, not the string \"CAE1\""),
        create("ae", "m2m:ae", ae("apn", "x"), ""),
        create("ae_without_api", "m2m:ae",
               Value::object({{"rr", true}, {"srv", Value::array({"3"})}}),
               "api (App-ID): is mandatory on CREATE"),
        create("ae_without_srv", "m2m:ae", Value::object({{"api", "Nx"}, {"rr", true}}),
               "srv (supportedReleaseVersions): is mandatory on CREATE"),
        create("ae_srv_empty", "m2m:ae", ae("srv", Value::array()),
               "srv (supportedReleaseVersions): must be a non-empty list of strings, not an empty "
               "list"),
        create("ae_id", "m2m:ae", ae("aei", "C1"), "aei (AE-ID)" + kAssigned + "a CREATE"),
        create("content", "m2m:cin", one("con", ""), ""),
        create("content_number", "m2m:cin", one("con", 21.5), ""),
        create("content_missing", "m2m:cin", Value::object(),
               "con (content): is mandatory on CREATE"),
        create("no_acpi_in_instance", "m2m:cin",
               Value::object({{"con", "x"}, {"acpi", Value::array()}}),
               "acpi: <contentInstance> has no such attribute"),
        create("request_by_hand", "m2m:req", one("op", 1),
               "op (operation)" + kAssigned + "a CREATE"),
        create("announced_without_link", "m2m:aeA", one("et", "20270131T120000"),
               "lnk (link): is mandatory on CREATE"),
        create("base_announced", "m2m:cbA", one("lnk", "/id-mn/cse-mn"), "")),
    [](const auto& test_case) { return test_case.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Update, Validation,
    testing::Values(
        update("nothing", "m2m:cnt", Value::object(), ""),
        update("value", "m2m:cnt", one("mni", 5), ""),
        update("delete", "m2m:cnt", one("mni", nullptr), ""),
        update("default_expiration", "m2m:cnt", one("et", nullptr), ""),
        update("delete_mandatory", "m2m:ae", one("rr", nullptr),
               "rr (requestReachability): is mandatory and may not be deleted"),
        update("wrong_type", "m2m:cnt", one("mni", -1),
               "mni (maxNrOfInstances): must be a non-negative integer, not the number -1"),
        update("unknown_null", "m2m:cnt", one("cnx", nullptr),
               "cnx: <container> has no such attribute"),
        update("name", "m2m:cnt", one("rn", "x"),
               "rn (resourceName): is fixed at creation and may not stand in an UPDATE"),
        update("fixed", "m2m:ae", one("api", "Nx"),
               "api (App-ID): is fixed at creation and may not stand in an UPDATE"),
        update("fixed_null", "m2m:ae", one("api", nullptr),
               "api (App-ID): is fixed at creation and may not stand in an UPDATE"),
        update("creator_null", "m2m:cnt", one("cr", nullptr),
               "cr (creator): is fixed at creation and may not stand in an UPDATE"),
        update("assigned", "m2m:cnt", one("lt", "20270131T120000"),
               "lt (lastModifiedTime)" + kAssigned + "an UPDATE"),
        update("instance", "m2m:cin", one("con", "x"),
               "con (content): is fixed at creation and may not stand in an UPDATE"),
        update("members", "m2m:grp", one("mid", Value::array()), ""),
        update("policies_of_request", "m2m:req", one("acpi", Value::array({"acp1"})), ""),
        update("base", "m2m:cb", one("lbl", Value::array({"x"})),
               "lbl (labels)" + kAssigned + "an UPDATE"),
        update("announced_link", "m2m:aeA", one("lnk", nullptr),
               "lnk (link): is mandatory and may not be deleted"),
        update("announced_value", "m2m:aeA", one("apn", nullptr), "")),
    [](const auto& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace gatehouse

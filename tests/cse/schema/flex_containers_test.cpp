#include "cse/schema/flex_containers.h"

#include <gmock/gmock.h>

#include <set>

#include "cse/codec/json.h"
#include "tests/cse/schema/sample_values.h"

namespace gatehouse {
namespace {

using test::minimal_create;
using test::refusal;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kFlex = type_number::kFlexContainer, kInstance = type_number::kFlexContainerInstance,
              kAnnouncedFlex = 10028;

class FlexContainerData : public testing::Test {
 protected:
  const FlexContainers known_;
};

// TS-0023: every specialisation makes three sound tables.
TEST_F(FlexContainerData, MakesATableOfEachSpecialisation) {
  const auto roots = known_.roots();

  EXPECT_EQ(roots.size(), 270u);
  for (const std::string& root : roots) {
    const TypeSchema* schema = known_.find(kFlex, root);
    ASSERT_NE(schema, nullptr) << root;
    EXPECT_EQ(schema->root, root);
    EXPECT_FALSE(schema->abstract);
    std::set<std::string_view> names;
    for (const AttributeRule& rule : universal_rules()) names.insert(rule.short_name);
    for (const AttributeRule& rule : schema->rules)
      EXPECT_TRUE(names.insert(rule.short_name).second) << root << "/" << rule.short_name;
    Value smallest = minimal_create(*schema);
    if (!schema->container_definition.empty()) smallest.set("cnd", schema->container_definition);
    EXPECT_THAT(refusal(validate_create(*schema, smallest)), IsEmpty()) << root;
    const std::string announced = root + (root.starts_with("m2m:") ? "A" : "Annc");
    ASSERT_NE(known_.find(kAnnouncedFlex, announced), nullptr) << announced;
    ASSERT_NE(known_.find(kInstance, root), nullptr) << root;
  }
}

TEST_F(FlexContainerData, GivesTheSameTableEachTime) {
  EXPECT_EQ(known_.find(kFlex, "cod:tempe"), known_.find(kFlex, "cod:tempe"));
  EXPECT_NE(known_.find(kFlex, "cod:tempe"), known_.find(kInstance, "cod:tempe"));
}

// TS-0023 clause 5.3 (temperature)
TEST_F(FlexContainerData, HasCommonAndCustomAttributes) {
  const TypeSchema& temperature = *known_.find(kFlex, "cod:tempe");

  EXPECT_EQ(temperature.name, "temperature");
  EXPECT_EQ(temperature.container_definition, "org.onem2m.common.moduleclass.temperature");
  EXPECT_EQ(temperature.custom.size(), 7u);
  EXPECT_EQ(temperature.find("curT0")->type.kind, Kind::kFloat);
  EXPECT_TRUE(temperature.find("curT0")->multiplicity_one);
  EXPECT_EQ(temperature.find("cnd")->create, Need::kMandatory);
  EXPECT_TRUE(temperature.announceable);
}

// TS-0004 clause 7.4.37, TS-0001 clause 9.6.26
TEST_F(FlexContainerData, DerivesInstanceAndAnnouncedVariant) {
  const TypeSchema& instance = *known_.find(kInstance, "cod:tempe");
  const TypeSchema& announced = *known_.find(kAnnouncedFlex, "cod:tempeAnnc");

  EXPECT_EQ(instance.type, kInstance);
  EXPECT_EQ(instance.find("curT0")->create, Need::kNotPermitted);
  EXPECT_FALSE(instance.has_access_control);
  EXPECT_EQ(announced.root, "cod:tempeAnnc");
  EXPECT_EQ(announced.name, "temperatureAnnc");
  EXPECT_EQ(announced.find("cnd")->create, Need::kMandatory);
  EXPECT_EQ(announced.find("curT0")->create, Need::kOptional);
  EXPECT_EQ(announced.find("lnk")->create, Need::kMandatory);
  EXPECT_EQ(known_.find(kAnnouncedFlex, "cod:tempe"), nullptr);
  EXPECT_EQ(known_.find(kFlex, "cod:tempeAnnc"), nullptr);
}

TEST_F(FlexContainerData, KeepsWhatIsStoredReadableWhenItsDefinitionIsGone) {
  const TypeSchema& gone = known_.find_stored(kFlex, "my:gone");

  EXPECT_EQ(gone.root, "my:gone");
  EXPECT_NE(gone.find("cnd"), nullptr);
  EXPECT_TRUE(gone.custom.empty());
  EXPECT_EQ(known_.find(kFlex, "my:gone"), nullptr);
}

struct UnknownCase {
  std::string name, root, cnd;
  Rsc rsc;
  std::string text;
};
class UnknownFlexContainer : public testing::TestWithParam<UnknownCase> {};

// TS-0004 clause 7.4.37.2.1: SPECIALIZATION_SCHEMA_NOT_FOUND where the schema is not known; a
// representation that contradicts a schema that is known is a bad request.
TEST_P(UnknownFlexContainer, IsRefusedAsTheStandardSays) {
  const FlexContainers known;
  Value attributes = Value::object();
  if (!GetParam().cnd.empty()) attributes.set("cnd", GetParam().cnd);

  const Error error = known.refusal(GetParam().root, attributes);

  EXPECT_EQ(error.rsc, GetParam().rsc);
  EXPECT_THAT(error.detail, HasSubstr(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Cases, UnknownFlexContainer,
    testing::Values(UnknownCase{"foreign_schema", "my:lamp", "com.example.lamp",
                                Rsc::kSpecializationSchemaNotFound, "com.example.lamp"},
                    UnknownCase{"no_definition", "my:lamp", "", Rsc::kBadRequest, "mandatory"},
                    UnknownCase{"newer_module", "cod:newer", "org.onem2m.common.moduleclass.newer",
                                Rsc::kSpecializationSchemaNotFound, "newer"},
                    UnknownCase{"namespace_and_definition_differ", "cod:unknown", "unknown",
                                Rsc::kBadRequest, "org.onem2m.common"},
                    UnknownCase{"definition_of_another", "my:lamp",
                                "org.onem2m.common.moduleclass.temperature", Rsc::kBadRequest,
                                "cod:tempe"},
                    UnknownCase{"no_prefix", "wrong", "org.onem2m.common.moduleclass.temperature",
                                Rsc::kBadRequest, "cod:tempe"}),
    [](const auto& c) { return c.param.name; });

constexpr std::string_view kLamp = R"([
  // a lamp of our own
  {"type": "my:lamp", "lname": "lamp", "cnd": "com.example.lamp", "sdttype": "device",
   "attributes": [
     {"sname": "brght", "lname": "brightness", "type": "nonNegInteger", "car": "1", "oc": "M"},
     {"sname": "mode", "lname": "mode", "type": "enum", "evalues": [1, "4..6"]},
     {"sname": "steps", "lname": "steps", "type": "list", "ltype": "float"},
     {"sname": "url", "type": "anyURI", "annc": "MA", "ou": "NP"}],
   "children": ["my:lampInst"]},
  {"type": "my:lampAnnc", "lname": "lampAnnc", "cnd": "com.example.lampAnnc"}
])";

struct LampCase {
  std::string name, json, refusal;
};
class UsersDefinition : public testing::TestWithParam<LampCase> {};

TEST_P(UsersDefinition, IsChecked) {
  FlexContainers known;
  ASSERT_TRUE(known.add(kLamp));
  Value attributes = Value::object({{"cnd", "com.example.lamp"}, {"brght", 5}});
  const auto given = parse_json(GetParam().json);
  ASSERT_TRUE(given);
  for (const Member& member : *given->as_object()) attributes.set(member.name, member.value);

  const std::string text = refusal(validate_create(*known.find(kFlex, "my:lamp"), attributes));

  EXPECT_EQ(text.empty(), GetParam().refusal.empty()) << text;
  EXPECT_THAT(text, HasSubstr(GetParam().refusal));
}
INSTANTIATE_TEST_SUITE_P(
    Attributes, UsersDefinition,
    testing::Values(LampCase{"all_well", R"({"mode":5,"steps":[1,0.5],"url":"x:y"})", ""},
                    LampCase{"not_in_the_enumeration", R"({"mode":3})", "mode (mode)"},
                    LampCase{"first_of_a_range", R"({"mode":4})", ""},
                    LampCase{"behind_a_range", R"({"mode":7})", "1, 4, 5, 6"},
                    LampCase{"wrong_item", R"({"steps":["a"]})", "steps[0]"},
                    LampCase{"negative", R"({"brght":-1})", "brght (brightness)"},
                    LampCase{"wrong_definition", R"({"cnd":"com.example.lump"})",
                             "must be \"com.example.lamp\""},
                    LampCase{"unknown_attribute", R"({"colour":1})", "has no such attribute"}),
    [](const auto& c) { return c.param.name; });

TEST(UsersDefinitions, LeaveOutWhatIsDerived) {
  FlexContainers known;
  ASSERT_TRUE(known.add(kLamp));

  EXPECT_EQ(known.find(kFlex, "my:lampAnnc"), nullptr);
  ASSERT_NE(known.find(kAnnouncedFlex, "my:lampAnnc"), nullptr);
  EXPECT_EQ(known.find(kFlex, "my:lamp")->find("brght")->create, Need::kMandatory);
  EXPECT_EQ(known.find(kFlex, "my:lamp")->find("url")->update, Need::kNotPermitted);
  EXPECT_EQ(known.find(kFlex, "my:lamp")->find("url")->announced, Announced::kAlways);
}

TEST(UsersDefinitions, AreKnownByTheirAttributesToo) {
  FlexContainers known;
  ASSERT_TRUE(known.add(kLamp));

  EXPECT_TRUE(known.has_attribute("brght"));
  EXPECT_TRUE(known.has_attribute("curT0")) << "of cod:tempe, in the data of the program";
  for (const char* none : {"", "brght2", "cod:tempe", "curT0 currentTemperature", "m"})
    EXPECT_FALSE(known.has_attribute(none)) << none;
}

struct BadFile {
  std::string name, json, text;
};
class UsersFile : public testing::TestWithParam<BadFile> {};

TEST_P(UsersFile, IsRefusedWithTheNameOfWhatIsWrong) {
  FlexContainers known;

  const auto added = known.add(GetParam().json);

  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().rsc, Rsc::kBadRequest);
  EXPECT_THAT(added.error().detail, HasSubstr(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Wrong, UsersFile,
    testing::Values(
        BadFile{"no_json", "[{", "byte"}, BadFile{"no_list", "{}", "list"},
        BadFile{"no_prefix", R"([{"type":"lamp"}])", "prefix"},
        BadFile{"space_in_type", R"([{"type":"my:la mp"}])", "prefix"},
        BadFile{"defined_already", R"([{"type":"cod:tempe"}])", "cod:tempe"},
        BadFile{"twice", R"([{"type":"my:a"},{"type":"my:a"}])", "my:a"},
        BadFile{"attribute_of_all",
                R"([{"type":"my:a","attributes":[{"sname":"lbl","type":"string"}]}])", "my:a/lbl"},
        BadFile{
            "attribute_twice",
            R"([{"type":"my:a","attributes":[{"sname":"b","type":"string"},{"sname":"b","type":"string"}]}])",
            "my:a/b"},
        BadFile{"unknown_type", R"([{"type":"my:a","attributes":[{"sname":"b","type":"colour"}]}])",
                "my:a/b: type"},
        BadFile{
            "bad_range",
            R"([{"type":"my:a","attributes":[{"sname":"b","type":"enum","evalues":["7..5"]}]}])",
            "evalues"},
        BadFile{
            "endless_range",
            R"([{"type":"my:a","attributes":[{"sname":"b","type":"enum","evalues":["0..99999999"]}]}])",
            "too many"},
        BadFile{"bad_multiplicity",
                R"([{"type":"my:a","attributes":[{"sname":"b","type":"string","car":"2"}]}])",
                "car"},
        BadFile{"bad_need",
                R"([{"type":"my:a","attributes":[{"sname":"b","type":"string","oc":"X"}]}])",
                "oc"}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace gatehouse

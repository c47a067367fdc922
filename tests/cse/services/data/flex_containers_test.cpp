#include "cse/services/data/flex_containers.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using testing::HasSubstr;

constexpr int kFlex = type_number::kFlexContainer, kInstance = type_number::kFlexContainerInstance;
const std::string kDefinition = "org.onem2m.common.moduleclass.temperature";

class FlexContainerService : public testing::Test {
 protected:
  FlexContainerService() {
    add_flex_containers(node_.cse());
    node_.add_ae("CAE1");
  }
  Response create(const std::string& root, Value attributes, int type = kFlex,
                  const std::string& to = "cse-in/CAE1") {
    Request request = node_.create_request("CAE1", to, type, {});
    request.content = Value::object({{root, std::move(attributes)}});
    return node_.ask(std::move(request));
  }
  Response temperature(Value attributes) {
    attributes.set("rn", "t").set("cnd", kDefinition);
    if (!attributes.contains("curT0")) attributes.set("curT0", 20.5);
    return create("cod:tempe", std::move(attributes));
  }
  Response update(Value attributes) {
    return node_.update("CAE1", "cse-in/CAE1/t", "cod:tempe", std::move(attributes));
  }
  Value now() { return node_.find("cse-in/CAE1/t")->attributes(); }
  Response ask(const std::string& to) { return node_.retrieve("CAE1", to); }
  double degrees(const std::string& to) {
    const Value* value = nullptr;
    const Value attributes = TestCse::attributes(ask(to));
    value = attributes.find("curT0");
    return value ? value->as_number().value_or(-1) : -1;
  }

  TestCse node_;
};

struct FlexCase {
  std::string name, root;
  Value attributes;
  Rsc rsc;
  std::string text;
};
class FlexContainerCreate : public FlexContainerService,
                            public testing::WithParamInterface<FlexCase> {};

// TS-0004 clause 7.4.37.2.1
TEST_P(FlexContainerCreate, FollowsItsDefinition) {
  const Response made = create(GetParam().root, GetParam().attributes);

  EXPECT_EQ(made.rsc, GetParam().rsc) << TestCse::debug_text(made);
  EXPECT_THAT(TestCse::debug_text(made), HasSubstr(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Definitions, FlexContainerCreate,
    testing::Values(
        FlexCase{"complete", "cod:tempe", Value::object({{"cnd", kDefinition}, {"curT0", 1.5}}),
                 Rsc::kCreated, ""},
        FlexCase{"without_definition", "cod:tempe", Value::object({{"curT0", 1.5}}),
                 Rsc::kBadRequest, "cnd"},
        FlexCase{"another_definition", "cod:tempe", Value::object({{"cnd", "wrong"}}),
                 Rsc::kBadRequest, kDefinition},
        FlexCase{"wrong_type", "cod:tempe", Value::object({{"cnd", kDefinition}, {"curT0", "1"}}),
                 Rsc::kBadRequest, "curT0 (currentTemperature)"},
        FlexCase{"unknown_attribute", "cod:tempe",
                 Value::object({{"cnd", kDefinition}, {"colour", 1}}), Rsc::kBadRequest, "colour"},
        FlexCase{"unknown_schema", "my:lamp", Value::object({{"cnd", "com.example.lamp"}}),
                 Rsc::kSpecializationSchemaNotFound, "com.example.lamp"},
        FlexCase{"the_general_type", "m2m:fcnt", Value::object({{"cnd", kDefinition}}),
                 Rsc::kBadRequest, "cod:tempe"},
        FlexCase{"mandatory_of_annex_j", "m2m:gis", Value::object({{"cnd", "x"}}), Rsc::kBadRequest,
                 "gisn"},
        FlexCase{"annex_j", "m2m:gis", Value::object({{"cnd", "x"}, {"gisn", "service"}}),
                 Rsc::kCreated, ""},
        FlexCase{"of_another_type", "m2m:cnt", Value::object({{"cnd", kDefinition}}),
                 Rsc::kBadRequest, ""},
        FlexCase{"an_action", "cod:togge",
                 Value::object({{"cnd", "org.onem2m.common.action.toggle"}}), Rsc::kCreated, ""},
        FlexCase{"limit_without_history", "cod:tempe",
                 Value::object({{"cnd", kDefinition}, {"mni", 5}}), Rsc::kBadRequest, "fcied"},
        FlexCase{"no_room", "cod:tempe",
                 Value::object({{"cnd", kDefinition}, {"fcied", false}, {"mni", 0}}),
                 Rsc::kBadRequest, "mni"},
        FlexCase{
            "too_little_room", "cod:tempe",
            Value::object({{"cnd", kDefinition}, {"curT0", 20.125}, {"fcied", true}, {"mbs", 2}}),
            Rsc::kBadRequest, "mbs"}),
    [](const auto& c) { return c.param.name; });

// TS-0001 table 9.6.35-2 (contentSize): the custom attributes alone.
TEST_F(FlexContainerService, CountsTheBytesOfItsCustomAttributes) {
  temperature(Value::object({{"lbl", Value::array({"long label"})}}));
  EXPECT_EQ(now().integer_at("cs"), 4) << "20.5";

  update(Value::object({{"tarTe", 100.25}}));

  EXPECT_EQ(now().integer_at("cs"), 10);
  EXPECT_EQ(now().integer_at("st"), 1);
}

TEST_F(FlexContainerService, AllowsOnlyWhatItsDefinitionAllows) {
  temperature(Value::object());

  EXPECT_EQ(update(Value::object({{"tarTe", "5.0"}})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(update(Value::object({{"cnd", kDefinition}})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(update(Value::object({{"curT0", nullptr}})).rsc, Rsc::kBadRequest) << "multiplicity 1";
  EXPECT_EQ(update(Value::object({{"tarTe", nullptr}})).rsc, Rsc::kUpdated);
}

TEST_F(FlexContainerService, HasContainersAndFlexContainersBelow) {
  temperature(Value::object());

  EXPECT_EQ(create("m2m:cnt", Value::object(), 3, "cse-in/CAE1/t").rsc, Rsc::kCreated);
  const Value inner = Value::object({{"rn", "inner"}, {"cnd", kDefinition}});
  EXPECT_EQ(create("cod:tempe", inner, kFlex, "cse-in/CAE1/t").rsc, Rsc::kCreated);
  EXPECT_EQ(create("cod:tempe", Value::object(), kInstance, "cse-in/CAE1/t").rsc,
            Rsc::kOperationNotAllowed);
}

TEST_F(FlexContainerService, KeepsEachStateWhereItHasInstances) {
  temperature(Value::object({{"fcied", true}}));
  update(Value::object({{"curT0", 21}}));
  update(Value::object({{"lbl", Value::array({"warm"})}}));
  update(Value::object({{"nl", "x"}}));

  EXPECT_EQ(now().integer_at("cni"), 3) << "nodeLink is no part of the state";
  EXPECT_EQ(degrees("cse-in/CAE1/t/ol"), 20.5);
  EXPECT_EQ(degrees("cse-in/CAE1/t/la"), 21);
  const Value latest = TestCse::attributes(ask("cse-in/CAE1/t/la"));
  EXPECT_EQ(latest.integer_at("ty"), kInstance);
  EXPECT_EQ(latest.integer_at("st"), 2);
  EXPECT_EQ(latest.string_at("org"), "CAE1");
  EXPECT_TRUE(latest.contains("lbl"));
  EXPECT_FALSE(latest.contains("cnd"));
}

TEST_F(FlexContainerService, KeepsNoMoreStatesThanItsLimitsAllow) {
  temperature(Value::object({{"fcied", true}, {"mni", 2}}));
  update(Value::object({{"curT0", 21}}));
  update(Value::object({{"curT0", 22}}));

  EXPECT_EQ(now().integer_at("cni"), 2);
  EXPECT_EQ(degrees("cse-in/CAE1/t/ol"), 21);
  update(Value::object({{"mni", 1}}));
  EXPECT_EQ(now().integer_at("cni"), 1);
  EXPECT_EQ(now().integer_at("cbs"), 2);
  EXPECT_EQ(update(Value::object({{"mbs", 1}})).rsc, Rsc::kBadRequest);
}

TEST_F(FlexContainerService, StandsStillAtItsNewestStateWhenInstancesAreSwitchedOff) {
  temperature(Value::object({{"fcied", true}}));
  update(Value::object({{"curT0", 21}}));

  update(Value::object({{"fcied", false}}));
  update(Value::object({{"curT0", 22}}));

  EXPECT_EQ(now().integer_at("cni"), 1);
  EXPECT_EQ(degrees("cse-in/CAE1/t/la"), 21);
}

TEST_F(FlexContainerService, GoesOnWithAStateThatIsNotInTheHistory) {
  temperature(Value::object({{"fcied", false}}));
  update(Value::object({{"fcied", true}}));
  EXPECT_EQ(now().integer_at("cni"), 1) << "nothing has changed";

  update(Value::object({{"fcied", false}}));
  update(Value::object({{"curT0", 21}}));
  update(Value::object({{"fcied", true}}));

  EXPECT_EQ(now().integer_at("cni"), 2);
  EXPECT_EQ(degrees("cse-in/CAE1/t/la"), 21);
}

TEST_F(FlexContainerService, ForgetsItsHistoryWithTheAttribute) {
  temperature(Value::object({{"fcied", true}, {"mni", 5}}));

  update(Value::object({{"fcied", nullptr}}));

  for (const char* name : {"fcied", "mni", "cni", "cbs"})
    EXPECT_FALSE(now().contains(name)) << name;
  EXPECT_EQ(ask("cse-in/CAE1/t/la").rsc, Rsc::kNotFound);
}

TEST_F(FlexContainerService, IsReadFromTheStoreWithItsDefinition) {
  temperature(Value::object({{"fcied", true}}));
  TestCse second({}, node_.store(), node_.shared_clock());
  add_flex_containers(second.cse());

  const ResourcePtr read = second.find("cse-in/CAE1/t");

  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->schema().root, "cod:tempe");
  EXPECT_EQ(read->schema().custom.size(), 7u);
  const auto latest = second.retrieve("CAE1", "cse-in/CAE1/t/la");
  EXPECT_EQ(TestCse::attributes(latest).integer_at("ty"), kInstance);
}

}  // namespace
}  // namespace gatehouse

#include <gtest/gtest.h>

#include "cse/services/action/actions.h"
#include "cse/services/action/evaluation.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using Strings = std::vector<std::string>;

Value criteria(std::string subject, int op, Value threshold) {
  return Value::object(
      {{"sbjt", std::move(subject)}, {"optr", op}, {"thld", std::move(threshold)}});
}

class Action : public testing::Test {
 protected:
  Action() : actions_(node_.cse()) {
    node_.add_ae("CAE1");
    node_.create("CAE1", "CAE1", type_number::kContainer, Value::object({{"rn", "cnt"}}));
    node_.create("CAE1", "CAE1", type_number::kContainer, Value::object({{"rn", "other"}}));
    node_.add_ae("CAE2");
    node_.create("CAE2", "CAE2", type_number::kContainer, Value::object({{"rn", "private"}}));
  }

  /// Labels the <AE> when CAE1/cnt has instances.
  static Value labelling(int mode, Value parameter = {}) {
    Value action = Value::object(
        {{"rn", "act"},
         {"evc", criteria("cni", 3, 0)},
         {"evm", mode},
         {"orc", "CAE1"},
         {"apv",
          Value::object(
              {{"op", 3},
               {"fr", "CAE1"},
               {"to", "CAE1"},
               {"rqi", "1234"},
               {"pc",
                Value::object({{"m2m:ae", Value::object({{"lbl", Value::array({"done"})}})}})}})}});
    if (!parameter.is_null()) action.set("ecp", std::move(parameter));
    return action;
  }
  Response create(Value action) {
    return node_.create("CAE1", "CAE1/cnt", type_number::kAction, std::move(action));
  }
  void add_instance() {
    node_.create("CAE1", "CAE1/cnt", type_number::kContentInstance, Value::object({{"con", "x"}}));
  }
  /// Whether the action has run since the last question.
  bool has_run() {
    const bool labelled = node_.find("CAE1")->attributes().contains("lbl");
    if (labelled) node_.update("CAE1", "CAE1", "m2m:ae", Value::object({{"lbl", nullptr}}));
    return labelled;
  }
  std::string add_dependency(const std::string& name, bool sufficient, Value rule) {
    const Response made = node_.create("CAE1", "CAE1/cnt/act", type_number::kDependency,
                                       Value::object({{"rn", name},
                                                      {"sfc", sufficient},
                                                      {"evc", std::move(rule)},
                                                      {"rri", "cse-in/CAE1/other"}}));
    EXPECT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
    return TestCse::attributes(made).string_at("ri");
  }

  TestCse node_;
  Actions actions_;
};

TEST_F(Action, RunsOnceAndKeepsTheAnswer) {
  ASSERT_EQ(create(labelling(1)).rsc, Rsc::kCreated);
  EXPECT_FALSE(has_run());

  add_instance();
  EXPECT_TRUE(has_run());
  const Value answer = *node_.find("CAE1/cnt/act")->attributes().find("air");
  EXPECT_EQ(answer.integer_at("rsc"), 2004);
  EXPECT_EQ(answer.find("pc")->find("m2m:ae")->strings_at("lbl"), Strings{"done"});

  add_instance();
  EXPECT_FALSE(has_run());
}

TEST_F(Action, RunsAsOftenAsItsCounterSays) {
  ASSERT_EQ(create(labelling(3, 2)).rsc, Rsc::kCreated);

  std::vector<bool> runs;
  for (int i = 0; i < 4; ++i) {
    add_instance();
    runs.push_back(has_run());
  }

  EXPECT_EQ(runs, (std::vector<bool>{true, true, false, false}));
}

TEST_F(Action, RunsOnceInEachPeriod) {
  ASSERT_EQ(create(labelling(2, 2000)).rsc, Rsc::kCreated);
  add_instance();
  EXPECT_TRUE(has_run());
  node_.advance(std::chrono::seconds(1));
  add_instance();
  EXPECT_FALSE(has_run()) << "the same period";

  node_.advance(std::chrono::milliseconds(1100));
  add_instance();
  EXPECT_TRUE(has_run());
}

TEST_F(Action, RestsWhileOffAndStartsAnewWhenItsModeIsSet) {
  ASSERT_EQ(create(labelling(0)).rsc, Rsc::kCreated);
  add_instance();
  EXPECT_FALSE(has_run());

  node_.update("CAE1", "CAE1/cnt/act", "m2m:actr", Value::object({{"evm", 1}}));
  add_instance();
  EXPECT_TRUE(has_run());
  node_.update("CAE1", "CAE1/cnt/act", "m2m:actr", Value::object({{"evm", 1}}));
  add_instance();
  EXPECT_TRUE(has_run());
}

TEST_F(Action, LooksAtTheNamedSubject) {
  Value action = labelling(1);
  action.set("sri", "cse-in/CAE1/other");
  ASSERT_EQ(create(std::move(action)).rsc, Rsc::kCreated);
  add_instance();
  EXPECT_FALSE(has_run());

  node_.create("CAE1", "CAE1/other", type_number::kContentInstance, Value::object({{"con", "x"}}));

  EXPECT_TRUE(has_run());
}

TEST_F(Action, IsKnownAfterARestart) {
  ASSERT_EQ(create(labelling(1)).rsc, Rsc::kCreated);

  TestCse again({}, node_.store(), node_.shared_clock());
  Actions actions(again.cse());
  again.create("CAE1", "CAE1/cnt", type_number::kContentInstance, Value::object({{"con", "x"}}));

  EXPECT_TRUE(again.find("CAE1")->attributes().contains("lbl"));
}

TEST_F(Action, RunsTheOneOfTheLowestPriorityFirst) {
  for (const int priority : {9, 1}) {
    Value action = labelling(1);
    action.set("rn", "act" + std::to_string(priority));
    action.set("apy", priority);
    action.find("apv")->find("pc")->find("m2m:ae")->set("lbl",
                                                        Value::array({std::to_string(priority)}));
    ASSERT_EQ(create(std::move(action)).rsc, Rsc::kCreated);
  }

  add_instance();

  EXPECT_EQ(node_.find("CAE1")->attributes().strings_at("lbl"), Strings{"9"}) << "the last one";
}

TEST_F(Action, PutsItsInputIntoThePrimitive) {
  Value action = labelling(1);
  action.find("apv")->find("pc")->find("m2m:ae")->set("lbl", Value::array({"place"}));
  action.set("ipu",
             Value::object({{"cstr", "place"}, {"rsid", "cse-in/CAE1/cnt"}, {"raid", "rn"}}));
  ASSERT_EQ(create(std::move(action)).rsc, Rsc::kCreated);

  add_instance();

  EXPECT_EQ(node_.find("CAE1")->attributes().strings_at("lbl"), Strings{"cnt"});
}

struct Refusal {
  const char* name;
  Value change;
  const char* text;
};
class Refusals : public Action, public testing::WithParamInterface<Refusal> {};

TEST_P(Refusals, NameTheAttribute) {
  Value action = labelling(1);
  for (const Member& member : *GetParam().change.as_object()) action.set(member.name, member.value);

  const Response refused = create(std::move(action));

  EXPECT_EQ(refused.rsc, Rsc::kBadRequest);
  EXPECT_NE(TestCse::debug_text(refused).find(GetParam().text), std::string::npos)
      << TestCse::debug_text(refused);
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, Refusals,
    testing::Values(
        Refusal{"object", Value::object({{"orc", "nothing"}}), "orc"},
        Refusal{"object_of_another", Value::object({{"orc", "CAE2/private"}}), "may not be read"},
        Refusal{"subject_of_another", Value::object({{"sri", "CAE2/private"}}), "sri"},
        Refusal{"attribute", Value::object({{"evc", criteria("nothing", 1, 3)}}), "evc/sbjt"},
        Refusal{"threshold", Value::object({{"evc", criteria("cni", 1, -99)}}), "evc/thld"},
        Refusal{"order_of_a_list",
                Value::object({{"evc", criteria("lbl", 4, Value::array({"a"}))}}), "evc/optr"},
        Refusal{"parameter_with_once", Value::object({{"ecp", 10}}), "ecp"},
        Refusal{"mode", Value::object({{"evm", 99}}), "evm"},
        Refusal{"primitive", Value::object({{"apv", Value::object()}}), "apv"},
        Refusal{"from_another",
                Value::object(
                    {{"apv",
                      Value::object({{"op", 2}, {"fr", "CAE2"}, {"to", "CAE1"}, {"rqi", "1"}})}}),
                "apv/fr"},
        Refusal{"dependencies", Value::object({{"dep", Value::array({"x"})}}), "dep"}),
    [](const auto& test) { return test.param.name; });

TEST_F(Action, RefersOnlyToDependencies) {
  create(labelling(1));

  const Response refused = node_.update("CAE1", "CAE1/cnt/act", "m2m:actr",
                                        Value::object({{"dep", Value::array({"CAE1/cnt"})}}));

  EXPECT_EQ(refused.rsc, Rsc::kBadRequest);
}

/// Of dependencies: sufficient or not, fulfilled or not.
struct Dependencies {
  const char* name;
  std::vector<std::pair<bool, bool>> given;
  bool runs;
};
class DependenciesOfAnAction : public Action, public testing::WithParamInterface<Dependencies> {};

// TS-0001 (R4) clause 9.6.62
TEST_P(DependenciesOfAnAction, DecideWhetherItRuns) {
  create(labelling(1));
  Value list = Value::array();
  for (const auto& [sufficient, fulfilled] : GetParam().given) {
    list.push_back(add_dependency("dep" + std::to_string(list.size()), sufficient,
                                  criteria("cni", 1, fulfilled ? 0 : 7)));
  }
  node_.update("CAE1", "CAE1/cnt/act", "m2m:actr", Value::object({{"dep", std::move(list)}}));

  add_instance();

  EXPECT_EQ(has_run(), GetParam().runs);
}

INSTANTIATE_TEST_SUITE_P(
    Sets, DependenciesOfAnAction,
    testing::Values(
        Dependencies{"none", {}, true}, Dependencies{"sufficient", {{true, true}}, true},
        Dependencies{"sufficient_unmet", {{true, false}}, false},
        Dependencies{"necessary", {{false, true}}, true},
        Dependencies{"necessary_unmet", {{false, false}}, false},
        Dependencies{"both_necessary", {{false, true}, {false, true}}, true},
        Dependencies{"one_necessary_unmet", {{false, true}, {false, false}}, false},
        Dependencies{"sufficient_beats_necessary", {{false, false}, {true, true}}, true},
        Dependencies{"necessary_without_sufficient", {{true, false}, {false, true}}, true}),
    [](const auto& test) { return test.param.name; });

TEST_F(Action, DoesNotRunWithADependencyThatHasGone) {
  create(labelling(1));
  const std::string id = add_dependency("dep", true, criteria("cni", 1, 0));
  node_.update("CAE1", "CAE1/cnt/act", "m2m:actr", Value::object({{"dep", Value::array({id})}}));
  node_.remove("CAE1", id);

  add_instance();

  EXPECT_FALSE(has_run());
}

}  // namespace
}  // namespace gatehouse

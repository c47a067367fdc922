#include "cse/services/command/commands.h"

#include <gtest/gtest.h>

#include "cse/services/command/command_arguments.h"
#include "mgmt-objects/management_behaviour.h"
#include "mgmt-objects/management_objects.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

Value arguments(const char* member, Value values) {
  return Value::object({{member, Value::array({std::move(values)})}});
}

struct Arguments {
  const char* name;
  int command;
  std::optional<Value> given;
  std::optional<Rsc> refused;
};
class CommandArguments : public testing::TestWithParam<Arguments> {};

// TS-0004 clause 7.4.11.2.1
TEST_P(CommandArguments, FitTheCommandOrAreRefused) {
  const auto outcome =
      check_arguments(GetParam().command, GetParam().given ? &*GetParam().given : nullptr);

  EXPECT_EQ(outcome ? std::nullopt : std::optional(outcome.error().rsc), GetParam().refused)
      << (outcome ? "" : outcome.error().detail);
}

const Value kInstall =
    Value::object({{"url", "http://a/b"}, {"uuid", "u"}, {"unm", "n"}, {"pwd", "p"}, {"eer", "e"}});

INSTANTIATE_TEST_SUITE_P(
    Commands, CommandArguments,
    testing::Values(Arguments{"reboot", 2, {}, {}},
                    Arguments{"reboot_with_arguments", 2, arguments("rbo", Value::object()), {}},
                    Arguments{"unknown_command", 8, {}, Rsc::kInvalidCmdType},
                    Arguments{"arguments_of_another", 2, arguments("rst", Value::object()),
                              Rsc::kInvalidArguments},
                    Arguments{"no_object", 2, Value("x"), Rsc::kInvalidArguments},
                    Arguments{"upload_without", 3, {}, Rsc::kInsufficientArguments},
                    Arguments{"install", 5, arguments("swin", kInstall), {}},
                    Arguments{"install_without_url", 5,
                              arguments("swin", Value::object({{"uuid", "u"}})),
                              Rsc::kInsufficientArguments},
                    Arguments{"reboot_with_unknown_argument", 2,
                              arguments("rbo", Value::object({{"x", 1}})), Rsc::kInvalidArguments}),
    [](const auto& test) { return test.param.name; });

class Commanded : public testing::Test {
 protected:
  Commanded() : commands_(node_.cse()) {
    add_management_objects(node_.schemas());
    node_.cse().behaviours().add(type_number::kMgmtObj, management_object_behaviour());
    for (const char* name : {"n1", "n2"}) {
      node_.create("CAdmin", "cse-in", type_number::kNode,
                   Value::object({{"rn", name}, {"ni", name}}));
      Request reboot =
          TestCse::request(Operation::kCreate, "CAdmin", std::string("cse-in/") + name);
      reboot.resource_type = type_number::kMgmtObj;
      reboot.content = Value::object(
          {{"m2m:rbo",
            Value::object({{"rn", "rbo"}, {"mgd", 1009}, {"rbo", false}, {"far", false}})}});
      EXPECT_EQ(node_.ask(std::move(reboot)).rsc, Rsc::kCreated);
    }
  }
  Response create(Value attributes) {
    attributes.set("rn", "cmd");
    if (!attributes.contains("cmt")) attributes.set("cmt", 2);
    if (!attributes.contains("ext")) attributes.set("ext", "cse-in/n1");
    return node_.create("CAdmin", "cse-in", type_number::kMgmtCmd, std::move(attributes));
  }
  Response execute() {
    return node_.update("CAdmin", "cse-in/cmd", "m2m:mgc", Value::object({{"exe", true}}));
  }
  std::vector<ResourcePtr> instances() {
    CommittedView resources = node_.cse().view();
    std::vector<ResourcePtr> found;
    auto entries = resources.children_of_type(node_.find("cse-in/cmd")->id(),
                                              type_number::kExecInstance, Page{});
    for (const ChildEntry& entry : *entries) found.push_back(*resources.find(entry.id));
    return found;
  }
  static std::pair<std::int64_t, std::int64_t> state(const ResourcePtr& instance) {
    return {instance->attributes().integer_at("exs"), instance->attributes().integer_at("exr")};
  }
  TestCse node_;
  Commands commands_;
};

using State = std::pair<std::int64_t, std::int64_t>;  // exs, exr

TEST_F(Commanded, NodeGetsTheCommandInItsManagementObject) {
  ASSERT_EQ(create(Value::object()).rsc, Rsc::kCreated);
  EXPECT_TRUE(instances().empty());

  const Response executed = execute();

  EXPECT_EQ(executed.rsc, Rsc::kUpdated) << TestCse::debug_text(executed);
  ASSERT_EQ(instances().size(), 1u);
  EXPECT_EQ(instances()[0]->attributes().string_at("ext"), "cse-in/n1");
  EXPECT_EQ(state(instances()[0]), (State{3, 0}));
}

TEST_F(Commanded, GroupOfNodesGetsAnInstanceForEach) {
  node_.put(type_number::kGroup, "g", "CAdmin",
            Value::object({{"mid", Value::array({"cse-in/n1", "cse-in/n2"})}}));
  create(Value::object({{"ext", "cse-in/g"}}));

  execute();

  EXPECT_EQ(instances().size(), 2u);
}

struct Outcome {
  const char* name;
  Value attributes;
  State state;
};
class Outcomes : public Commanded, public testing::WithParamInterface<Outcome> {};

TEST_P(Outcomes, AreToldByStatusAndResult) {
  ASSERT_EQ(create(GetParam().attributes).rsc, Rsc::kCreated);

  execute();

  ASSERT_EQ(instances().size(), 1u);
  EXPECT_EQ(state(instances()[0]), GetParam().state);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Outcomes,
    testing::Values(Outcome{"reset", Value::object({{"cmt", 1}}), {3, 0}},
                    Outcome{"no_such_object",
                            Value::object({{"cmt", 5}, {"exra", arguments("swin", kInstall)}}),
                            {3, 1}},
                    Outcome{"delayed", Value::object({{"exy", "PT10S"}}), {2, 31}}),
    [](const auto& test) { return test.param.name; });

TEST_F(Commanded, DelayedCommandRunsWhenItsTimeHasCome) {
  create(Value::object({{"exy", "PT10S"}}));
  execute();

  node_.advance(std::chrono::seconds(11));

  EXPECT_EQ(state(instances()[0]), (State{3, 0}));
}

TEST_F(Commanded, RepeatedCommandIsPendingUntilItsNumberIsDone) {
  create(Value::object({{"exm", 2}, {"exf", "PT5S"}, {"exn", 3}}));
  execute();
  EXPECT_EQ(state(instances()[0]), (State{2, 0}));

  node_.advance(std::chrono::seconds(6));
  EXPECT_EQ(state(instances()[0]), (State{2, 0}));
  node_.advance(std::chrono::seconds(5));
  EXPECT_EQ(state(instances()[0]), (State{3, 0}));
}

// TS-0004 clause 7.4.12.2.3
TEST_F(Commanded, PendingInstanceCanBeCancelledAndAFinishedOneCannot) {
  create(Value::object({{"exy", "PT10S"}}));
  execute();
  const std::string instance = instances()[0]->id().text;
  const Value cancel = Value::object({{"exd", true}});

  EXPECT_EQ(node_.update("CAdmin", instance, "m2m:exin", cancel).rsc, Rsc::kUpdated);
  node_.advance(std::chrono::seconds(11));

  EXPECT_EQ(state(instances()[0]), (State{5, 31}));
  EXPECT_EQ(node_.update("CAdmin", instance, "m2m:exin", cancel).rsc, Rsc::kAlreadyComplete);
}

TEST_F(Commanded, TargetAndModeAreFixedWhileThereAreInstances) {
  create(Value::object());
  execute();

  const Response refused =
      node_.update("CAdmin", "cse-in/cmd", "m2m:mgc", Value::object({{"ext", "cse-in/n2"}}));

  EXPECT_EQ(refused.rsc, Rsc::kOperationNotAllowed);
}

TEST_F(Commanded, TargetThatIsNoNodeCannotBeConverted) {
  create(Value::object({{"ext", "cse-in"}}));

  EXPECT_EQ(execute().rsc, Rsc::kMgmtConversionError);
  EXPECT_TRUE(instances().empty());
}

/// What an AE would be told, and its answer.
class TellsAe final : public NotifyProcedure {
 public:
  void notify(Request request, const ResourcePtr& target, const std::string& originator,
              Reply reply) override {
    told = std::move(request);
    to = target->path();
    by = originator;
    Response response;
    response.rsc = answer;
    reply(std::move(response));
  }
  Request told;
  std::string to, by;
  Rsc answer = Rsc::kOk;
};

class CommandedToAe : public Commanded {
 protected:
  CommandedToAe() {
    node_.cse().extensions().notify = &tells_;
    node_.add_ae("Cagent");
    node_.put(type_number::kNode, "n3", "CAdmin",
              Value::object({{"ni", "n3"}, {"hael", Value::array({"Cagent"})}}));
  }
  TellsAe tells_;
};

// TS-0001 clause 10.2.8
TEST_F(CommandedToAe, TheAeThatManagesTheNodeIsToldAndItsAnswerIsTheResult) {
  const std::tuple<Rsc, State> cases[] = {{Rsc::kOk, {3, 0}},
                                          {Rsc::kNotAcceptable, {3, 2}},
                                          {Rsc::kConflict, {3, 2}},
                                          {Rsc::kBadRequest, {3, 5}},
                                          {Rsc::kNotImplemented, {3, 1}},
                                          {Rsc::kTargetNotReachable, {3, 4}}};
  create(Value::object({{"ext", "cse-in/n3"}}));
  for (const auto& [answer, wanted] : cases) {
    tells_.answer = answer;

    EXPECT_EQ(execute().rsc, Rsc::kUpdated);

    EXPECT_EQ(state(instances().back()), wanted) << static_cast<int>(answer);
  }
  EXPECT_EQ(tells_.to, "cse-in/Cagent");
  EXPECT_EQ(tells_.by, "CAdmin") << "who set exe";
  const Value* instance = tells_.told.content->find("m2m:exin");
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(instance->string_at("pi"), node_.find("cse-in/cmd")->id().text);
  EXPECT_EQ(instance->string_at("ri"), instances().back()->id().text);
}

TEST_F(CommandedToAe, WhoMayExecuteAndNotTellTheAeIsDenied) {
  node_.add_ae("Cother");
  const Value rules = Value::object(
      {{"acr", Value::array({Value::object({{"acor", Value::array({"Cother"})}, {"acop", 63}})})}});
  node_.put(type_number::kAccessControlPolicy, "rules", "CAdmin",
            Value::object({{"pv", rules}, {"pvs", rules}}));
  create(Value::object({{"ext", "cse-in/n3"}, {"acpi", Value::array({"cse-in/rules"})}}));

  const Response executed =
      node_.update("Cother", "cse-in/cmd", "m2m:mgc", Value::object({{"exe", true}}));

  EXPECT_EQ(executed.rsc, Rsc::kUpdated) << TestCse::debug_text(executed);
  EXPECT_EQ(state(instances()[0]), (State{3, 2}));
  EXPECT_TRUE(tells_.to.empty());
}

TEST_F(Commanded, InstanceIsMadeByTheCseOnly) {
  create(Value::object());

  EXPECT_EQ(node_.create("CAdmin", "cse-in/cmd", type_number::kExecInstance, Value::object()).rsc,
            Rsc::kOperationNotAllowed);
}

TEST_F(Commanded, PendingInstanceIsTakenUpAfterARestart) {
  create(Value::object({{"exy", "PT10S"}}));
  execute();
  commands_.stop();

  TestCse again({}, node_.store(), node_.shared_clock());
  add_management_objects(again.schemas());
  Commands commands(again.cse());
  again.start();
  commands.start();
  again.advance(std::chrono::seconds(11));

  CommittedView resources = again.cse().view();
  auto entries = resources.all_of_type(type_number::kExecInstance, Page{});
  EXPECT_EQ(state(*resources.find(entries->front().id)), (State{3, 0}));
}

}  // namespace
}  // namespace gatehouse

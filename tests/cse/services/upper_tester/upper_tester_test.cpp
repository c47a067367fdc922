// Source: TS-0019 clause 6 (upper tester).
#include "cse/services/upper_tester/upper_tester.h"

#include "cse/core/expiration.h"
#include "cse/services/delivery/requests.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

using std::chrono::seconds;

class TestedFromAbove : public testing::Test {
 protected:
  TestedFromAbove()
      : deferred(node.cse()),
        tester(
            node.cse(),
            [](const std::string& key) -> std::optional<std::string> {
              if (key == "http.port") return "8080";
              return std::nullopt;
            },
            [this](const std::string& line) { log.push_back(line); }) {}

  UpperTester::Outcome run(const std::string& command) {
    std::optional<UpperTester::Outcome> outcome;
    tester.run(command, [&outcome](UpperTester::Outcome ended) { outcome = std::move(ended); });
    node.settle();
    if (!outcome) ADD_FAILURE() << command << " is not answered";
    return outcome.value_or(UpperTester::Outcome{Rsc::kInternalServerError, ""});
  }
  Value base() { return TestCse::attributes(node.retrieve("CAdmin", "cse-in")); }

  TestCse node;
  DeferredRequests deferred;
  std::vector<std::string> log;
  UpperTester tester;
};

TEST_F(TestedFromAbove, TellsItsState) {
  EXPECT_EQ(run("Status").result, "STARTING");

  tester.set_running();

  EXPECT_EQ(run("Status").result, "RUNNING");
}

struct CommandCase {
  std::string name, command;
  Rsc rsc;
  std::string result;
};
class UpperTesterCommand : public TestedFromAbove,
                           public testing::WithParamInterface<CommandCase> {};

TEST_P(UpperTesterCommand, IsAnswered) {
  const auto outcome = run(GetParam().command);

  EXPECT_EQ(outcome.rsc, GetParam().rsc) << outcome.result;
  if (is_success(GetParam().rsc)) {
    EXPECT_EQ(outcome.result, GetParam().result);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Commands, UpperTesterCommand,
    testing::Values(
        CommandCase{"cse_type_as_number", "GetConfig cse.type", Rsc::kOk, "1"},
        CommandCase{"configuration", "GetConfig http.port", Rsc::kOk, "8080"},
        CommandCase{"spaces", "GetConfig   http.port", Rsc::kOk, "8080"},
        CommandCase{"no_such_key", "GetConfig no.such", Rsc::kBadRequest, ""},
        CommandCase{"key_missing", "GetConfig", Rsc::kBadRequest, ""},
        CommandCase{"case_start", "testCaseStart some name", Rsc::kOk, ""},
        CommandCase{"case_end", "testCaseEnd some name", Rsc::kOk, ""},
        CommandCase{"short_resources", "enableShortResourceExpiration 2", Rsc::kOk, "1,315360000"},
        CommandCase{"short_requests", "enableShortRequestExpiration 3.0", Rsc::kOk, "10.0"},
        CommandCase{"seconds_missing", "enableShortRequestExpiration", Rsc::kBadRequest, ""},
        CommandCase{"no_number", "enableShortRequestExpiration soon", Rsc::kBadRequest, ""},
        CommandCase{"zero", "enableShortResourceExpiration 0", Rsc::kBadRequest, ""},
        CommandCase{"negative", "enableShortResourceExpiration -1", Rsc::kBadRequest, ""},
        CommandCase{"too_many", "enableShortResourceExpiration 1e300", Rsc::kBadRequest, ""},
        CommandCase{"not_a_number", "enableShortResourceExpiration nan", Rsc::kBadRequest, ""},
        CommandCase{"unknown", "Explode", Rsc::kBadRequest, ""},
        CommandCase{"empty", "", Rsc::kBadRequest, ""}),
    [](const auto& c) { return c.param.name; });

TEST_F(TestedFromAbove, ResetLeavesAFreshCseBaseOnly) {
  const Value before = base();
  node.add_ae("CAE1");
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));
  node.clock().advance(seconds(5));

  EXPECT_EQ(run("Reset").rsc, Rsc::kOk);

  EXPECT_GT(base().string_at("ct"), before.string_at("ct"));
  EXPECT_EQ(base().string_at("ri"), before.string_at("ri"));
  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/CAE1").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.retrieve("CAdmin", "CAE1").rsc, Rsc::kNotFound);
  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/acpEntrance").rsc, Rsc::kOk);
  EXPECT_EQ(*node.store()->count(), 3);  // <CSEBase> and its two policies
}

TEST_F(TestedFromAbove, AfterAResetNamesAndIdentifiersAreFree) {
  node.add_ae("CAE1");
  ASSERT_EQ(run("Reset").rsc, Rsc::kOk);

  node.add_ae("CAE1");

  EXPECT_EQ(node.create("CAE1", "cse-in/CAE1", 3, Value::object({{"rn", "cnt"}})).rsc,
            Rsc::kCreated);
}

TEST_F(TestedFromAbove, ResetFoundsWhatServicesKeepAndTellsThem) {
  int told = 0, founded = 0;
  node.cse().extensions().after_reset.push_back([&told] { ++told; });
  node.cse().extensions().founders.push_back([&founded](OperationContext&) -> Result<void> {
    ++founded;
    return {};
  });
  node.start();
  ASSERT_EQ(founded, 1);

  run("Reset");

  EXPECT_EQ(founded, 2);
  EXPECT_EQ(told, 1);
}

TEST_F(TestedFromAbove, AResetThatFailsChangesNothing) {
  node.add_ae("CAE1");
  node.cse().extensions().founders.push_back(
      [](OperationContext&) -> Result<void> { return fail(Rsc::kInternalServerError, "no room"); });

  const auto outcome = run("Reset");

  EXPECT_EQ(outcome.rsc, Rsc::kInternalServerError);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1").rsc, Rsc::kOk);
}

TEST_F(TestedFromAbove, ResultsOfRequestsLiveAsShortAsWanted) {
  run("enableShortResourceExpiration 2");
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
  request.response_type = 1;
  const std::string kept = TestCse::attributes(node.ask(request)).as_string()->substr(0);
  ASSERT_EQ(node.retrieve("CAdmin", kept).rsc, Rsc::kOk);

  node.advance(seconds(3));

  EXPECT_EQ(node.retrieve("CAdmin", kept).rsc, Rsc::kNotFound);
}

TEST_F(TestedFromAbove, ShortTimesEndAgain) {
  const Pace usual;
  run("enableShortResourceExpiration 2");
  run("enableShortRequestExpiration 3");
  EXPECT_EQ(node.cse().pace().expiration_interval.load(), seconds(2));
  EXPECT_EQ(node.cse().pace().request_expiration.load(), seconds(3));

  run("disableShortResourceExpiration");
  run("disableShortRequestExpiration");

  EXPECT_EQ(node.cse().pace().expiration_interval.load(), usual.expiration_interval.load());
  EXPECT_EQ(node.cse().pace().result_persistence.load(), usual.result_persistence.load());
  EXPECT_EQ(node.cse().pace().request_expiration.load(), usual.request_expiration.load());
}

TEST_F(TestedFromAbove, ATriggeredPrimitiveIsSentAsTheCsesOwn) {
  node.add_ae("CAE1", Value::object({{"acpi", Value::array({"acpEntrance"})}}));
  const Value primitive =
      Value::object({{"op", 1},
                     {"to", "cse-in"},
                     {"fr", "CAdmin"},
                     {"rqi", "1"},
                     {"rvi", "4"},
                     {"ty", 3},
                     {"pc", Value::object({{"m2m:cnt", Value::object({{"rn", "triggered"}})}})}});
  node.start();

  const auto outcome = tester.trigger(Value::object({{"m2m:rqp", primitive}}));
  node.settle();

  EXPECT_EQ(outcome.rsc, Rsc::kOk);
  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/triggered").rsc, Rsc::kOk);
}

TEST_F(TestedFromAbove, ATriggerWithoutAPrimitiveIsRefused) {
  node.start();

  EXPECT_EQ(tester.trigger(Value::object({{"m2m:cnt", Value::object()}})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(tester.trigger(Value::object({{"m2m:rqp", Value("x")}})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(tester.trigger(Value("x")).rsc, Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

#include "ae-apps/sdk/ae.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <optional>

#include "ae-apps/sdk/fake_cse.h"
#include "cse/codec/json.h"
#include "cse/primitive/simulated_scheduler.h"

namespace gatehouse::sdk {
namespace {

AeSettings settings_of(const std::string& name) {
  AeSettings settings;
  settings.name = name;
  settings.ae_id = "C" + name;
  settings.request_timeout = std::chrono::milliseconds(200);
  return settings;
}

/// An AE at a fake CSE.
class AeAtFakeCse : public testing::Test {
 protected:
  void SetUp() override { ae_ = connect(settings_of("lamp")); }
  std::unique_ptr<Ae> connect(AeSettings settings) {
    auto made = Ae::connect(std::move(settings), cse_.link());
    EXPECT_TRUE(made) << made.error().detail;
    return made ? *std::move(made) : nullptr;
  }
  int count(Operation operation) const {
    int found = 0;
    for (const Request& each : cse_.requests()) found += each.operation == operation;
    return found;
  }

  FakeCse cse_;
  std::unique_ptr<Ae> ae_;
};

// TS-0001 clause 10.2.2.2
TEST_F(AeAtFakeCse, RegistersWithItsPointOfAccess) {
  const Value attributes = cse_.find("cse-in/lamp");

  EXPECT_EQ(attributes.string_at("aei"), "Clamp");
  EXPECT_EQ(attributes.strings_at("poa"), ae_->points_of_access());
  EXPECT_TRUE(attributes.bool_at("rr"));
  EXPECT_EQ(ae_->id(), "Clamp");
  EXPECT_EQ(ae_->sp_relative_id(), "/id-in/Clamp");
  EXPECT_EQ(ae_->path(), "cse-in/lamp");
}

TEST_F(AeAtFakeCse, TakesUpTheAeOfItsLastRun) {
  ASSERT_TRUE(ae_->container("state").ensure());
  ae_.reset();
  AeSettings again = settings_of("lamp");
  again.labels = {"floor:2"};

  ae_ = connect(again);

  EXPECT_EQ(cse_.find("cse-in/lamp").strings_at("lbl"), again.labels);
  EXPECT_FALSE(cse_.find("cse-in/lamp/state").is_null());
}

TEST_F(AeAtFakeCse, RefusesTheNameOfAnotherAe) {
  AeSettings other = settings_of("lamp");
  other.ae_id = "Cother";

  const auto refused = Ae::connect(other, cse_.link());

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rsc, Rsc::kConflict);
}

TEST_F(AeAtFakeCse, TakesTheIdThatTheCseAssigns) {
  AeSettings unnamed = settings_of("switch");
  unnamed.ae_id.clear();

  const auto ae = connect(unnamed);

  EXPECT_TRUE(ae->id().starts_with("C"));
  EXPECT_GT(ae->id().size(), 1u);
  EXPECT_TRUE(ae->container("state").ensure());
  EXPECT_EQ(cse_.requests().back().from, ae->id());
}

struct WrongSettings {
  std::string name;
  std::function<void(AeSettings&)> spoil;
};
class AeSettingsCheck : public testing::TestWithParam<WrongSettings> {};
TEST_P(AeSettingsCheck, RefusesWhatCannotWork) {
  AeSettings settings = settings_of("lamp");
  GetParam().spoil(settings);

  const auto ae = Ae::connect(settings);

  ASSERT_FALSE(ae);
  EXPECT_EQ(ae.error().rsc, Rsc::kBadRequest) << ae.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    Faults, AeSettingsCheck,
    testing::Values(WrongSettings{"no_name", [](AeSettings& s) { s.name.clear(); }},
                    WrongSettings{"name_with_slash", [](AeSettings& s) { s.name = "a/b"; }},
                    WrongSettings{"cse_id", [](AeSettings& s) { s.cse_id = "id-in"; }},
                    WrongSettings{"ae_id", [](AeSettings& s) { s.ae_id = "lamp"; }},
                    WrongSettings{"scheme", [](AeSettings& s) { s.cse_url = "ftp://x"; }},
                    WrongSettings{"https_without_tls",
                                  [](AeSettings& s) { s.cse_url = "https://127.0.0.1:1"; }},
                    WrongSettings{"broker", [](AeSettings& s) { s.broker = "http://x"; }},
                    WrongSettings{"two_brokers",
                                  [](AeSettings& s) {
                                    s.cse_url = "mqtt://127.0.0.1:1";
                                    s.broker = "mqtt://127.0.0.1:2";
                                  }}),
    [](const auto& test) { return test.param.name; });

TEST(AeSettingsFromEnvironment, ReadsVariablesAndNamesTheWrongOne) {
  ::setenv("GATEHOUSE_AE_NAME", "from-env", 1);
  ::setenv("GATEHOUSE_LISTEN", "[::1]:8099", 1);
  const auto settings = AeSettings::from_env(settings_of("lamp"));
  ::setenv("GATEHOUSE_LISTEN", "8099", 1);
  const auto wrong = AeSettings::from_env(settings_of("lamp"));
  ::unsetenv("GATEHOUSE_AE_NAME");
  ::unsetenv("GATEHOUSE_LISTEN");

  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->name, "from-env");
  EXPECT_EQ(settings->ae_id, "Clamp");
  EXPECT_EQ(settings->listener->address, "::1");
  EXPECT_EQ(settings->listener->port, 8099);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("GATEHOUSE_LISTEN"), std::string::npos);
}

TEST_F(AeAtFakeCse, PathsAreBelowTheAeUnlessTheySayOtherwise) {
  EXPECT_EQ(ae_->address_of("temp"), "cse-in/lamp/temp");
  EXPECT_EQ(ae_->address_of(""), "cse-in/lamp");
  EXPECT_EQ(ae_->address_of("cse-in/x"), "cse-in/x");
  EXPECT_EQ(ae_->address_of("/id-mn/cse-mn/x"), "/id-mn/cse-mn/x");
  EXPECT_EQ(ae_->node("ecu1").address(), "cse-in/ecu1");
}

TEST_F(AeAtFakeCse, ContainerKeepsTypedContents) {
  Container temperature = ae_->container("temp");
  ASSERT_TRUE(temperature.ensure({.max_instances = 10}));
  const auto none = temperature.latest<double>();
  ASSERT_TRUE(temperature.push(21.5));

  const auto number = temperature.latest<double>();
  const auto text = temperature.latest<std::string>();

  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  ASSERT_TRUE(number);
  EXPECT_EQ(*number, 21.5);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().rsc, Rsc::kContentsUnacceptable);
}

TEST_F(AeAtFakeCse, EnsureChangesOnlyWhatDiffers) {
  Container container = ae_->container("temp");
  ASSERT_TRUE(container.ensure({.max_instances = 10}));
  ASSERT_TRUE(container.ensure({.max_instances = 10}));
  const int updates_when_equal = count(Operation::kUpdate);

  ASSERT_TRUE(container.ensure({.max_instances = 20}));

  EXPECT_EQ(updates_when_equal, 0);
  EXPECT_EQ(count(Operation::kUpdate), 1);
  EXPECT_EQ(cse_.find("cse-in/lamp/temp").integer_at("mni"), 20);
}

TEST_F(AeAtFakeCse, ErrorsCarryStatusAndText) {
  cse_.inject({.operation = Operation::kRetrieve, .answer = Rsc::kTargetNotReachable});

  const auto busy = ae_->retrieve("temp");
  const auto absent = ae_->retrieve("temp");

  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error(), (Error{Rsc::kTargetNotReachable, "injected"}));
  EXPECT_TRUE(retryable(busy.error()));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().rsc, Rsc::kNotFound);
  EXPECT_FALSE(retryable(absent.error()));
}

TEST_F(AeAtFakeCse, AnAnswerThatDoesNotComeIsATimeout) {
  cse_.inject({.kind = Fault::Kind::kDrop});

  const auto lost = ae_->retrieve("");

  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().rsc, Rsc::kRequestTimeout);
}

TEST_F(AeAtFakeCse, AsynchronousRequestsAreAnsweredOnceTheirDelayIsOver) {
  SimulatedScheduler clock;
  cse_.set_scheduler(clock);
  cse_.inject({.kind = Fault::Kind::kDelay, .delay = std::chrono::seconds(5)});
  std::optional<Response> answer;
  Request request;
  request.to = "cse-in";

  ae_->request(std::move(request), [&answer](Response response) { answer = std::move(response); });
  clock.advance(std::chrono::seconds(4));
  const bool early = answer.has_value();
  clock.advance(std::chrono::seconds(1));

  EXPECT_FALSE(early);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rsc, Rsc::kOk);
}

TEST_F(AeAtFakeCse, DiscoversByFilter) {
  ASSERT_TRUE(ae_->container("a").ensure({.labels = {"x"}}));
  ASSERT_TRUE(ae_->container("b").ensure());
  FilterCriteria filter;
  filter.labels = {"x"};

  const auto found = ae_->discover("", filter);

  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::vector<std::string>{"cse-in/lamp/a"});
}

// TS-0001 clause 9.6.2
TEST_F(AeAtFakeCse, PolicyHoldsTheRulesAndLeavesItselfToUs) {
  const auto policy = ae_->ensure_policy("acp", {{{"Cother"}, kMayRetrieve | kMayNotify}});

  ASSERT_TRUE(policy);
  EXPECT_EQ(*policy, "cse-in/lamp/acp");
  EXPECT_EQ(to_json(*cse_.find(*policy).find("pv")), R"({"acr":[{"acor":["Cother"],"acop":18}]})");
  EXPECT_EQ(to_json(*cse_.find(*policy).find("pvs")), R"({"acr":[{"acor":["Clamp"],"acop":63}]})");
}

TEST_F(AeAtFakeCse, MessagesOfOthersReachTheHandlerAndAreAnswered) {
  ae_->on_message([](const Request& request) -> Result<Value> {
    if (!request.content->contains("x:ask")) return fail(Rsc::kBadRequest, "ask, please");
    return Value::object({{"x:answer", request.from}});
  });
  const auto other = connect(settings_of("server"));

  const auto answer = other->notify("/id-in/Clamp", Value::object({{"x:ask", 1}}));
  const auto refused = other->notify("/id-in/Clamp", Value::object({{"x:other", 1}}));

  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->string_at("x:answer"), "Cserver");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{Rsc::kBadRequest, "ask, please"}));
}

TEST_F(AeAtFakeCse, AHandlerMayAnswerLater) {
  std::promise<Reply> kept;
  ae_->on_message_async([&kept](const Request&, Reply reply) { kept.set_value(std::move(reply)); });
  const auto other = connect(settings_of("server"));
  auto answer = std::async(std::launch::async, [&other] {
    return other->notify("/id-in/Clamp", Value::object({{"x:ask", 1}}));
  });
  const Reply reply = kept.get_future().get();

  Response response;
  response.content = Content(Value::object({{"x:answer", 7}}));
  reply(std::move(response));

  const auto got = answer.get();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->integer_at("x:answer"), 7);
}

TEST_F(AeAtFakeCse, WithoutAHandlerMessagesAreRefused) {
  const auto other = connect(settings_of("server"));

  const auto refused = other->notify("/id-in/Clamp", Value::object({{"x:ask", 1}}));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rsc, Rsc::kNotImplemented);
}

TEST_F(AeAtFakeCse, UnregisterRemovesTheAe) {
  ASSERT_TRUE(ae_->unregister());

  EXPECT_TRUE(cse_.find("cse-in/lamp").is_null());
  EXPECT_TRUE(ae_->unregister()) << "removing what is not there succeeds";
}

}  // namespace
}  // namespace gatehouse::sdk

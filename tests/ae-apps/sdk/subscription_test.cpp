#include "ae-apps/sdk/subscription.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>

#include "ae-apps/sdk/ae.h"
#include "ae-apps/sdk/fake_cse.h"
#include "ae-apps/sdk/inbox.h"
#include "cse/codec/json.h"

namespace gatehouse::sdk {
namespace {

class SubscriptionAtFakeCse : public testing::Test {
 protected:
  void SetUp() override {
    AeSettings settings;
    settings.name = "lamp";
    settings.ae_id = "Clamp";
    auto made = Ae::connect(settings, cse_.link());
    ASSERT_TRUE(made) << made.error().detail;
    ae_ = *std::move(made);
    ASSERT_TRUE(ae_->container("temp").ensure());
  }
  EventCallback collector() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    };
  }
  std::vector<Event> events() {
    EXPECT_TRUE(ae_->settle());
    const std::lock_guard lock(mutex_);
    return events_;
  }

  FakeCse cse_;
  std::mutex mutex_;
  std::vector<Event> events_;
  std::unique_ptr<Ae> ae_;  ///< goes first: its callbacks use the above
};

// TS-0001 clause 9.6.8
TEST_F(SubscriptionAtFakeCse, TellsEveryNewInstanceInOrder) {
  Container container = ae_->container("temp");
  const auto subscription = container.on_push(collector());
  ASSERT_TRUE(subscription) << subscription.error().detail;

  for (int i = 0; i < 100; ++i) ASSERT_TRUE(container.push(i));

  const auto seen = events();
  ASSERT_EQ(seen.size(), 100u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(seen[i].attributes.integer_at("con", -1), i);
    EXPECT_EQ(seen[i].root, "m2m:cin");
    EXPECT_EQ(seen[i].type, EventType::kCreateChild);
  }
}

TEST_F(SubscriptionAtFakeCse, EndsWithItsHandle) {
  Container container = ae_->container("temp");
  {
    const auto subscription = container.on_push(collector());
    ASSERT_TRUE(subscription);
    ASSERT_FALSE(cse_.find(subscription->address()).is_null());
  }

  ASSERT_TRUE(container.push(1));

  EXPECT_TRUE(events().empty());
  EXPECT_TRUE(cse_.find("cse-in/lamp/temp/Clamp-sub").is_null());
}

TEST_F(SubscriptionAtFakeCse, KeptOneIsTakenUpAndChangedByTheNextRun) {
  Criteria criteria;
  criteria.keep = true;
  ASSERT_TRUE(ae_->subscribe("temp", criteria, collector()));
  const std::string before = cse_.find("cse-in/lamp/temp/Clamp-sub").string_at("ri");
  criteria.events = {EventType::kCreateChild};

  const auto again = ae_->subscribe("temp", criteria, collector());

  ASSERT_TRUE(again);
  const Value there = cse_.find("cse-in/lamp/temp/Clamp-sub");
  EXPECT_EQ(there.string_at("ri"), before);
  EXPECT_EQ(to_json(*there.find("enc")), R"({"net":[3]})");
}

TEST_F(SubscriptionAtFakeCse, TheSameOneTwiceIsAConflict) {
  const auto first = ae_->subscribe("temp", {}, collector());
  ASSERT_TRUE(first);

  const auto second = ae_->subscribe("temp", {}, collector());

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().rsc, Rsc::kConflict);
  EXPECT_FALSE(cse_.find("cse-in/lamp/temp/Clamp-sub").is_null()) << "the first one stays";
}

TEST_F(SubscriptionAtFakeCse, CallbackMaySendRequestsAndEndItsOwnSubscription) {
  Container container = ae_->container("temp");
  ASSERT_TRUE(ae_->container("copy").ensure());
  Subscription subscription;
  int calls = 0;
  auto made = container.on_push([&](const Event& event) {
    ++calls;
    EXPECT_TRUE(ae_->container("copy").push(*event.attributes.find("con")));
    subscription.reset();
  });
  ASSERT_TRUE(made);
  subscription = *std::move(made);

  ASSERT_TRUE(container.push(5));
  ASSERT_TRUE(ae_->settle());
  ASSERT_TRUE(container.push(6));
  ASSERT_TRUE(ae_->settle());

  EXPECT_EQ(calls, 1);
  EXPECT_EQ(*ae_->container("copy").latest<std::int64_t>(), 5);
}

TEST_F(SubscriptionAtFakeCse, MayOutliveItsAe) {
  auto subscription = ae_->subscribe("temp", {}, collector());
  ASSERT_TRUE(subscription);

  ae_.reset();
  subscription->reset();

  EXPECT_FALSE(cse_.find("cse-in/lamp/temp/Clamp-sub").is_null());
}

TEST_F(SubscriptionAtFakeCse, OfAFailedCreateLeavesNothing) {
  cse_.inject({.operation = Operation::kCreate, .answer = Rsc::kTargetNotReachable});

  const auto failed = ae_->subscribe("temp", {}, collector());
  const auto second = ae_->subscribe("temp", {}, collector());

  ASSERT_FALSE(failed);
  EXPECT_TRUE(retryable(failed.error()));
  EXPECT_TRUE(second);
}

// TS-0001 clause D.2
TEST_F(SubscriptionAtFakeCse, FirmwareTellsTheOrderToUpdateOnly) {
  Node node = ae_->node("ecu1");
  ASSERT_TRUE(node.ensure("urn:ecu:1"));
  Firmware firmware = node.firmware();
  ASSERT_TRUE(firmware.ensure({"1.0", "brake", "http://x/1"}));
  const auto subscription = firmware.on_update_ordered(collector());
  ASSERT_TRUE(subscription);

  ASSERT_TRUE(firmware.report(UpdateStatus::kInProcess));
  ASSERT_TRUE(firmware.update(Value::object({{"ud", false}})));
  ASSERT_TRUE(firmware.order_update({"2.0", "brake", "http://x/2"}));

  const auto seen = events();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].attributes.string_at("vr"), "2.0");
  EXPECT_EQ(seen[0].attributes.string_at("url"), "http://x/2");
  ASSERT_TRUE(firmware.ensure({"1.0", "brake", "http://x/1"}));
  EXPECT_EQ(firmware.facts()->version, "2.0") << "an order that stands is left alone";
}

TEST_F(SubscriptionAtFakeCse, DeviceInfoRoundTrip) {
  Node node = ae_->node("ecu1");
  ASSERT_TRUE(node.ensure("urn:ecu:1", {"/id-in/Clamp"}));
  DeviceInfo device = node.device_info();
  ASSERT_TRUE(device.ensure({"SN1", "Maker", "M1", "ECU", "1.0", "", "H2"}));

  const auto facts = device.facts();

  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->label, "SN1");
  EXPECT_EQ(facts->hardware_version, "H2");
  EXPECT_EQ(cse_.find("cse-in/ecu1/deviceInfo").integer_at("mgd"), 1007);
  EXPECT_EQ(cse_.find("cse-in/ecu1").strings_at("hael"), std::vector<std::string>{"/id-in/Clamp"});
}

// What the CSE may send, without a CSE.
class InboxTest : public testing::Test {
 protected:
  Response send(const std::string& content, Operation operation = Operation::kNotify,
                std::shared_ptr<const Peer> peer = nullptr) {
    Request request;
    request.operation = operation;
    request.from = from_;
    request.content = *parse_json(content);
    request.peer = std::move(peer);
    std::promise<Response> answer;
    inbox_.handle(std::move(request),
                  [&answer](Response response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }
  Inbox::EntryPtr entry(const std::string& identifier) {
    auto made = std::make_shared<Inbox::Entry>();
    made->key = {"/id-in", identifier, "cse-in/cnt/" + identifier};
    made->callback = [this](const Event& event) { seen_.push_back(event); };
    return made;
  }
  void SetUp() override {
    inbox_.set_identity("Clamp");
    dispatcher_.start();
  }

  std::string from_ = "/id-in";
  std::vector<Event> seen_;  ///< of the dispatcher's thread; read after settle()
  Dispatcher dispatcher_{10};
  Inbox inbox_{dispatcher_, "/id-in"};
};

// TS-0004 clause 7.5.1.2.2
TEST_F(InboxTest, VerifiesItsOwnSubscriptionsOnly) {
  EXPECT_EQ(send(R"({"m2m:sgn":{"vrq":true,"sur":"/id-in/s"}})").rsc, Rsc::kOk);
  EXPECT_EQ(send(R"({"m2m:sgn":{"vrq":true,"cr":"/id-in/Clamp"}})").rsc, Rsc::kOk);
  EXPECT_EQ(send(R"({"m2m:sgn":{"vrq":true,"cr":"/id-in/Cevil"}})").rsc,
            Rsc::kSubscriptionCreatorHasNoPrivilege);
}

TEST_F(InboxTest, HoldsWhatComesBeforeTheAnswerToTheCreate) {
  inbox_.begin_subscribing();
  const Rsc held = send(R"({"m2m:sgn":{"nev":{"net":3},"sur":"/id-in/sub1"}})").rsc;

  inbox_.end_subscribing(entry("sub1"));

  ASSERT_TRUE(dispatcher_.settle(std::chrono::seconds(5)));
  EXPECT_EQ(held, Rsc::kOk);
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_EQ(seen_[0].type, EventType::kCreateChild);
}

struct SurCase {
  std::string name, sur;
  bool known;
};
class SubscriptionReference : public InboxTest, public testing::WithParamInterface<SurCase> {};
TEST_P(SubscriptionReference, IsKnownInEveryForm) {
  inbox_.begin_subscribing();
  inbox_.end_subscribing(entry("sub1"));

  const Response answer =
      send(R"({"m2m:sgn":{"nev":{"net":1},"sur":")" + GetParam().sur + R"("}})");

  ASSERT_TRUE(dispatcher_.settle(std::chrono::seconds(5)));
  EXPECT_EQ(answer.rsc, GetParam().known ? Rsc::kOk : Rsc::kTargetNotReachable);
  EXPECT_EQ(seen_.size(), GetParam().known ? 1u : 0u);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, SubscriptionReference,
    testing::Values(SurCase{"cse_relative", "sub1", true},
                    SurCase{"sp_relative", "/id-in/sub1", true},
                    SurCase{"absolute", "//sp.example/id-in/sub1", true},
                    SurCase{"structured", "cse-in/cnt/sub1", true},
                    SurCase{"sp_relative_structured", "/id-in/cse-in/cnt/sub1", true},
                    SurCase{"of_another_cse", "/id-mn/sub1", false},
                    SurCase{"another", "/id-in/sub2", false}, SurCase{"empty", "", false},
                    SurCase{"only_a_cse", "/id-in", false}, SurCase{"only_slashes", "//", false}),
    [](const auto& test) { return test.param.name; });

/// Whoever may notify the AE could else tell of events that never were.
TEST_F(InboxTest, BelievesEventsOfTheirCseAlone) {
  const std::string event = R"({"m2m:sgn":{"nev":{"net":3},"sur":"/id-in/sub1"}})";
  inbox_.begin_subscribing();
  for (const char* from : {"", "Cevil", "/id-in/Cevil", "/id-mn", "id-in", "//sp.example", "//"}) {
    from_ = from;
    EXPECT_EQ(send(event).rsc, Rsc::kOriginatorHasNoPrivilege) << from << ", before it is known";
  }
  inbox_.end_subscribing(entry("sub1"));
  for (const char* from : {"", "Cevil", "/id-in/Cevil", "/id-mn", "//sp.example/id-mn"}) {
    from_ = from;
    EXPECT_EQ(send(event).rsc, Rsc::kOriginatorHasNoPrivilege) << from;
  }
  from_ = "//sp.example/id-in";
  EXPECT_EQ(send(event).rsc, Rsc::kOk);
  ASSERT_TRUE(dispatcher_.settle(std::chrono::seconds(5)));
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(InboxTest, TakesAggregatedNotifications) {
  inbox_.begin_subscribing();
  inbox_.end_subscribing(entry("sub1"));

  send(
      R"({"m2m:agn":{"m2m:sgn":[{"nev":{"net":1},"sur":"sub1"},{"nev":{"net":4},"sur":"sub1"}]}})");

  ASSERT_TRUE(dispatcher_.settle(std::chrono::seconds(5)));
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_EQ(seen_[1].type, EventType::kDeleteChild);
}

TEST_F(InboxTest, RefusesOtherSendersOperationsAndAFlood) {
  const auto stranger = std::make_shared<Peer>(Peer{"https", "", true, {"/id-mn/Cevil"}});
  const auto registrar = std::make_shared<Peer>(Peer{"https", "", true, {"/id-in"}});
  inbox_.begin_subscribing();
  inbox_.end_subscribing(entry("sub1"));
  const std::string notification = R"({"m2m:sgn":{"nev":{"net":1},"sur":"sub1"}})";

  EXPECT_EQ(send(notification, Operation::kNotify, stranger).rsc, Rsc::kOriginatorNotAuthenticated);
  EXPECT_EQ(send(notification, Operation::kNotify, registrar).rsc, Rsc::kOk);
  EXPECT_EQ(send("{}", Operation::kRetrieve).rsc, Rsc::kOperationNotAllowed);

  std::promise<void> runs, go_on;
  auto may_go_on = go_on.get_future();
  ASSERT_TRUE(dispatcher_.settle(std::chrono::seconds(5)));
  ASSERT_TRUE(dispatcher_.post([&] {
    runs.set_value();
    may_go_on.wait();
  }));
  runs.get_future().wait();  // from here on the queue is empty and nothing leaves it
  int refused = 0;
  for (int i = 0; i < 12; ++i) refused += send(notification).rsc == Rsc::kTargetNotReachable;
  go_on.set_value();
  ASSERT_TRUE(dispatcher_.settle(std::chrono::seconds(5)));
  EXPECT_EQ(refused, 2);
}

}  // namespace
}  // namespace gatehouse::sdk

// Requests that are answered later. Source: TS-0001 clauses 8.2 and 9.6.12, TS-0004 clause 7.4.12.
#include "cse/services/delivery/requests.h"

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::TestCse;

constexpr int kCompleted = 1, kFailed = 2, kPending = 3;  // m2m:requestStatus

class RecordingMessenger final : public Messenger {
 public:
  void send_to(const std::string& target, Request request, Reply reply) override {
    sent.emplace_back(target, std::move(request));
    reply(Response{});
  }
  std::vector<std::pair<std::string, Request>> sent;
};

/// A core with deferred requests; CAE1 owns "cnt".
struct DeferringCse {
  explicit DeferringCse(
      std::shared_ptr<Store> store = std::make_shared<MemoryStore>(),
      std::shared_ptr<SimulatedScheduler> clock = std::make_shared<SimulatedScheduler>())
      : node({}, std::move(store), std::move(clock)), deferred(node.cse()) {
    node.cse().extensions().messenger = &messenger;
    node.start();
    deferred.start();
    node.settle();
  }
  TestCse node;
  DeferredRequests deferred;
  RecordingMessenger messenger;
};

class Deferred : public testing::Test {
 protected:
  Deferred() {
    node.add_ae("CAE1");
    node.add_ae("CAE2");
    node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}, {"mni", 5}}));
  }
  Request create_instance(int response_type, std::string from = "CAE1") {
    Request request =
        node.create_request(std::move(from), "CAE1/cnt", 4, Value::object({{"con", "x"}}));
    request.response_type = response_type;
    return request;
  }
  std::int64_t instances() {
    return TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt")).integer_at("cni");
  }
  std::string address_in(const Response& response) {
    auto tree = tree_of(response.content);
    return tree ? tree->string_at("m2m:uri") : "";
  }
  Value kept(const std::string& address) {
    return TestCse::attributes(node.retrieve("CAE1", address));
  }

  DeferringCse cse;
  TestCse& node = cse.node;
};

// TS-0004 clause 7.3.2.2: nonBlockingRequestSynch
TEST_F(Deferred, SynchIsAcknowledgedWithTheAddressOfItsResult) {
  const Response accepted = node.ask(create_instance(1));

  EXPECT_EQ(accepted.rsc, Rsc::kAcceptedNonBlockingSynch);
  const Value request = kept(address_in(accepted));
  EXPECT_EQ(request.integer_at("rs"), kCompleted);
  EXPECT_EQ(request.integer_at("op"), 1);
  EXPECT_EQ(request.string_at("tg"), "CAE1/cnt");
  EXPECT_EQ(request.string_at("org"), "CAE1");
  EXPECT_EQ(request.string_at("rid"), accepted.request_identifier);
  const Value* result = request.find("ors");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->integer_at("rsc"), 2001);
  ASSERT_TRUE(result->find("pc"));
  EXPECT_EQ(result->find("pc")->find("m2m:cin")->string_at("con"), "x");
  EXPECT_EQ(instances(), 1);
  EXPECT_TRUE(cse.messenger.sent.empty());
}

TEST_F(Deferred, ARefusedRequestIsAFailedOne) {
  const Response accepted = node.ask(create_instance(1, "CAE2"));

  EXPECT_EQ(accepted.rsc, Rsc::kAcceptedNonBlockingSynch);
  const Value request = TestCse::attributes(node.retrieve("CAE2", address_in(accepted)));
  EXPECT_EQ(request.integer_at("rs"), kFailed);
  EXPECT_EQ(request.find("ors")->integer_at("rsc"), 4103);
  EXPECT_EQ(instances(), 0);
}

TEST_F(Deferred, ARequestIsItsOriginatorsOnlyAndNobodyChangesIt) {
  const std::string address = address_in(node.ask(create_instance(1)));

  EXPECT_EQ(node.retrieve("CAE2", address).rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(node.remove("CAE2", address).rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(node.update("CAE1", address, "m2m:req", Value::object({{"rs", 1}})).rsc,
            Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(node.create("CAE1", "cse-in", type_number::kRequest, Value::object()).rsc,
            Rsc::kOperationNotAllowed);
}

// TS-0004 clause 7.3.2.3: nonBlockingRequestAsynch
TEST_F(Deferred, AsynchTellsTheOriginator) {
  const Response accepted = node.ask(create_instance(2));

  EXPECT_EQ(accepted.rsc, Rsc::kAcceptedNonBlockingAsynch);
  ASSERT_EQ(cse.messenger.sent.size(), 1u);
  const auto& [target, told] = cse.messenger.sent[0];
  EXPECT_EQ(target, "CAE1");
  EXPECT_EQ(told.operation, Operation::kNotify);
  EXPECT_EQ(told.from, "/id-in");
  const Value* result = told.content->find("m2m:rsp");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->integer_at("rsc"), 2001);
  EXPECT_EQ(result->string_at("rqi"), accepted.request_identifier);
  // TS-0004 table 6.4.2-1: whose request it was, and who answered it.
  EXPECT_EQ(result->string_at("to"), "CAE1");
  EXPECT_EQ(result->string_at("fr"), "/id-in");
}

TEST_F(Deferred, AsynchTellsThoseThatTheRequestNames) {
  Request request = create_instance(2);
  request.notification_uris = {"http://a/x", "CAE2"};
  node.ask(std::move(request));

  ASSERT_EQ(cse.messenger.sent.size(), 2u);
  EXPECT_EQ(cse.messenger.sent[0].first, "http://a/x");
  EXPECT_EQ(cse.messenger.sent[1].first, "CAE2");
}

TEST_F(Deferred, AsynchTellsNobodyIfTheListIsEmpty) {
  Request request = create_instance(2);
  request.notification_uris.emplace();
  const Response accepted = node.ask(std::move(request));

  EXPECT_TRUE(cse.messenger.sent.empty());
  EXPECT_EQ(kept(address_in(accepted)).integer_at("rs"), kCompleted);
}

TEST_F(Deferred, NoResponseIsDoneAndItsResultDropped) {
  const Response accepted = node.ask(create_instance(5));

  EXPECT_EQ(accepted.rsc, Rsc::kAccepted);
  EXPECT_TRUE(accepted.content.empty());
  EXPECT_EQ(instances(), 1);
  EXPECT_TRUE(cse.messenger.sent.empty());
}

struct DelayCase {
  std::string name;
  int response_type;
  bool answered_at_once;
};
class Delays : public Deferred, public testing::WithParamInterface<DelayCase> {};

// TS-0001 clause 8.1.2 (Operation Execution Time)
TEST_P(Delays, NothingIsDoneBeforeItsTime) {
  Request request = create_instance(GetParam().response_type);
  request.operation_execution_time = "10000";
  const auto answer = node.send(std::move(request));
  node.advance(milliseconds(9'900));
  EXPECT_EQ(answer->has_value(), GetParam().answered_at_once);
  EXPECT_EQ(instances(), 0);

  node.advance(milliseconds(200));

  ASSERT_TRUE(*answer);
  EXPECT_EQ(instances(), 1);
}
INSTANTIATE_TEST_SUITE_P(ResponseTypes, Delays,
                         testing::Values(DelayCase{"synch", 1, true}, DelayCase{"asynch", 2, true},
                                         DelayCase{"blocking", 3, false},
                                         DelayCase{"flexible", 4, false},
                                         DelayCase{"no_response", 5, true}),
                         [](const auto& each) { return each.param.name; });

TEST_F(Deferred, ATimeThatHasPassedMeansNow) {
  Request request = create_instance(3);
  request.operation_execution_time = "20200101T000000";

  EXPECT_EQ(node.ask(std::move(request)).rsc, Rsc::kCreated);
}

TEST_F(Deferred, ItIsPendingUntilThen) {
  Request request = create_instance(1);
  request.operation_execution_time = "10000";
  const std::string address = address_in(node.ask(std::move(request)));

  EXPECT_EQ(kept(address).integer_at("rs"), kPending);
  EXPECT_EQ(kept(address).find("ors")->integer_at("rsc"), 1000);
  node.advance(seconds(11));
  EXPECT_EQ(kept(address).integer_at("rs"), kCompleted);
}

// TS-0001 clause 9.6.12: who deletes the <request> recalls what waits.
TEST_F(Deferred, ADeletedRequestIsRecalled) {
  Request request = create_instance(2);
  request.operation_execution_time = "10000";
  const std::string address = address_in(node.ask(std::move(request)));
  node.advance(seconds(5));

  EXPECT_EQ(node.remove("CAE1", address).rsc, Rsc::kDeleted);
  node.advance(seconds(10));

  EXPECT_EQ(instances(), 0);
  EXPECT_TRUE(cse.messenger.sent.empty());
}

// Its <request> must not be gone before the request had its turn.
TEST_F(Deferred, ALongDelayKeepsTheRequestUntilThen) {
  Request request = create_instance(1);
  request.operation_execution_time = std::to_string(milliseconds(std::chrono::hours(3)).count());
  request.result_persistence = "1000";
  const std::string address = address_in(node.ask(std::move(request)));

  node.advance(std::chrono::hours(3) + seconds(1), seconds(600));

  EXPECT_EQ(instances(), 1);
  EXPECT_EQ(kept(address).integer_at("rs"), kCompleted);
}

TEST(DeferredLimits, MoreThanMayWaitIsRefusedUntilSomethingIsDone) {
  TestCse node;
  DeferredRequests deferred(node.cse(), {.max_waiting = 2});
  node.add_ae("CAE1");
  deferred.start();
  const auto later = [](int response_type) {
    Request request = TestCse::request(Operation::kRetrieve, "CAE1", "CAE1");
    request.response_type = response_type;
    request.operation_execution_time = "10000";
    return request;
  };
  EXPECT_EQ(node.ask(later(1)).rsc, Rsc::kAcceptedNonBlockingSynch);
  const auto blocking = node.send(later(3));
  node.settle();

  for (const int response_type : {1, 2, 3, 5}) {
    const Response refused = node.ask(later(response_type));
    EXPECT_EQ(refused.rsc, Rsc::kInternalServerError) << response_type;
    EXPECT_NE(TestCse::debug_text(refused).find("wait"), std::string::npos);
  }
  node.advance(seconds(11));
  EXPECT_TRUE(*blocking);
  EXPECT_EQ(node.ask(later(1)).rsc, Rsc::kAcceptedNonBlockingSynch);
}

// The request would expire before it may run. Source: TS-0001 clause 8.1.2 (Request Expiration).
TEST_F(Deferred, ARequestThatExpiresFirstIsRefused) {
  Request request = create_instance(1);
  request.operation_execution_time = "10000";
  request.request_expiration = "5000";

  EXPECT_EQ(node.ask(std::move(request)).rsc, Rsc::kBadRequest);

  node.advance(seconds(11));
  EXPECT_EQ(instances(), 0);
}

TEST_F(Deferred, TheResultStaysAsLongAsAskedFor) {
  Request request = create_instance(1);
  request.result_persistence = "60000";
  const std::string address = address_in(node.ask(std::move(request)));

  node.advance(seconds(59));
  EXPECT_EQ(node.retrieve("CAE1", address).rsc, Rsc::kOk);
  node.advance(seconds(2));
  EXPECT_EQ(node.retrieve("CAE1", address).rsc, Rsc::kNotFound);
}

TEST_F(Deferred, WhatWasWaitingAtTheEndIsFailedAtTheNextStart) {
  Request waiting = create_instance(1);
  waiting.operation_execution_time = "10000";
  const std::string pending = address_in(node.ask(std::move(waiting)));
  const std::string done = address_in(node.ask(create_instance(1)));

  DeferringCse again(node.store(), std::make_shared<SimulatedScheduler>(node.clock().now()));

  const Value request = TestCse::attributes(again.node.retrieve("CAE1", pending));
  EXPECT_EQ(request.integer_at("rs"), kFailed);
  EXPECT_EQ(request.find("ors")->integer_at("rsc"), 5000);
  EXPECT_EQ(TestCse::attributes(again.node.retrieve("CAE1", done)).integer_at("rs"), kCompleted);
  again.node.advance(seconds(11));
  EXPECT_EQ(TestCse::attributes(again.node.retrieve("CAE1", "CAE1/cnt")).integer_at("cni"), 1);
}

// TS-0001 clause 10.2.2.1: without an AE-ID there is nobody to keep a result for.
TEST_F(Deferred, ARegistrationWithoutIdentityMustBeBlocking) {
  Request request =
      node.create_request("", "cse-in", 2, Value::object({{"api", "Ntest"}, {"rr", false}}));
  request.response_type = 1;
  request.peer = std::make_shared<Peer>();

  const Response answer = node.ask(std::move(request));

  EXPECT_EQ(answer.rsc, Rsc::kBadRequest);
  EXPECT_TRUE(TestCse::debug_text(answer).starts_with("rt")) << TestCse::debug_text(answer);
}

}  // namespace
}  // namespace gatehouse

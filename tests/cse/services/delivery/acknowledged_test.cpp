// Requests that are acknowledged here and done elsewhere. Source: TS-0004 clauses 7.3.2.2
// to 7.3.2.6.
#include "cse/services/delivery/messenger.h"
#include "cse/services/delivery/notify.h"
#include "cse/services/delivery/requests.h"
#include "tests/cse/core/test_cse.h"
#include "tests/cse/services/delivery/recording_sender.h"

namespace gatehouse::test {
namespace {

using std::chrono::seconds;

/// The way to other CSEs: keeps what it was given and answers as it is told.
class RecordingTransit final : public Transit {
 public:
  void forward(Request request, const std::string&, Reply reply) override {
    forwarded.push_back(std::move(request));
    if (silent) {
      waiting = std::move(reply);
      return;
    }
    Response response;
    response.rsc = answer;
    reply(std::move(response));
  }
  std::vector<Request> forwarded;
  Rsc answer = Rsc::kOk;
  bool silent = false;  ///< keeps the reply instead
  Reply waiting;
};

class ForAnotherCse : public testing::Test {
 protected:
  ForAnotherCse() : deferred(node.cse()) {
    node.cse().extensions().transit = &transit;
    node.start();
    deferred.start();
  }
  Response ask(int response_type, const std::string& from = "CAdmin") {
    Request request = TestCse::request(Operation::kRetrieve, from, "/id-mn/cse-mn");
    request.response_type = response_type;
    return node.ask(request);
  }
  static std::string uri_of(const Response& response) {
    const Value uri = TestCse::attributes(response);
    return uri.as_string() ? *uri.as_string() : "";
  }
  int status(const std::string& request) {
    return static_cast<int>(node.find(request)->attributes().integer_at("rs"));
  }
  TestCse node;
  RecordingTransit transit;
  DeferredRequests deferred;
};

TEST_F(ForAnotherCse, TheAcknowledgementIsOursAndTheNextCseIsAskedBlocking) {
  const Response response = ask(1);

  EXPECT_EQ(response.rsc, Rsc::kAcceptedNonBlockingSynch);
  ASSERT_EQ(transit.forwarded.size(), 1u);
  EXPECT_FALSE(transit.forwarded[0].response_type);
  EXPECT_EQ(status(uri_of(response)), 1);
}

TEST_F(ForAnotherCse, ABlockingRequestGoesAsItIs) {
  EXPECT_EQ(ask(3).rsc, Rsc::kOk);
  EXPECT_EQ(transit.forwarded.size(), 1u);
}

TEST_F(ForAnotherCse, ARemoteOriginatorGetsAnAddressThatLeadsHere) {
  EXPECT_TRUE(uri_of(ask(1, "/id-asn/CAE1")).starts_with("/id-in/cse-in/"));
  EXPECT_TRUE(uri_of(ask(1)).starts_with("cse-in/"));
}

TEST_F(ForAnotherCse, WhileTheLinkIsDownTheRequestWaits) {
  transit.answer = Rsc::kRemoteEntityNotReachable;
  const std::string request = uri_of(ask(1));
  EXPECT_EQ(status(request), 3);

  transit.answer = Rsc::kOk;
  node.advance(seconds(3));

  EXPECT_EQ(status(request), 1);
  EXPECT_EQ(transit.forwarded.size(), 2u);
}

// TS-0004 clause 7.4.12.2.4
TEST_F(ForAnotherCse, WhatIsUnderWayCannotBeRecalled) {
  transit.silent = true;
  const std::string request = uri_of(ask(1));
  ASSERT_EQ(status(request), 4);

  EXPECT_EQ(node.remove("CAdmin", request).rsc, Rsc::kUnableToRecallRequest);

  transit.waiting(Response{});
  node.settle();
  EXPECT_EQ(status(request), 1);
  EXPECT_EQ(node.remove("CAdmin", request).rsc, Rsc::kDeleted);
}

TEST_F(ForAnotherCse, WhatWaitsForTheLinkCan) {
  transit.answer = Rsc::kRemoteEntityNotReachable;
  const std::string request = uri_of(ask(1));

  EXPECT_EQ(node.remove("CAdmin", request).rsc, Rsc::kDeleted);

  node.advance(seconds(3));
  EXPECT_EQ(transit.forwarded.size(), 1u);
}

TEST_F(ForAnotherCse, ButNotLongerThanTheRequestLives) {
  transit.answer = Rsc::kRemoteEntityNotReachable;
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "/id-mn/cse-mn");
  request.response_type = 1;
  request.request_expiration = "5000";
  const std::string kept = uri_of(node.ask(request));

  node.advance(seconds(10));

  EXPECT_EQ(status(kept), 2);
}

TEST_F(ForAnotherCse, NoResponseIsNone) {
  const Response response = ask(5);

  EXPECT_TRUE(response.suppressed);
  EXPECT_EQ(transit.forwarded.size(), 1u);
}

TEST_F(ForAnotherCse, AResultIsKeptNoLongerThanItsExpiration) {
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
  request.response_type = 1;
  request.result_expiration = "2000";
  const std::string kept = uri_of(node.ask(request));
  ASSERT_TRUE(node.find(kept));

  node.advance(seconds(3));

  EXPECT_FALSE(node.find(kept));
}

class NotifyingAnAe : public testing::Test {
 protected:
  NotifyingAnAe() : messenger(node.cse(), {&sender}), receiver(node.cse(), messenger) {
    node.cse().extensions().notify = &receiver;
  }
  TestCse node;
  RecordingSender sender;
  EntityMessenger messenger;
  NotifyReceiver receiver;
};

// TS-0001 clause 9.6.5 (supportedReleaseVersions)
TEST_F(NotifyingAnAe, ItIsSpokenToInItsOwnRelease) {
  for (const auto& [theirs, expected] : {std::pair<Value, std::string>{Value::array({"2"}), "2"},
                                         {Value::array({"2a", "3"}), "3"},
                                         {Value::array({"3", "9"}), "3"}}) {
    TestCse fresh;
    RecordingSender wire;
    EntityMessenger way(fresh.cse(), {&wire});
    NotifyReceiver taking(fresh.cse(), way);
    fresh.cse().extensions().notify = &taking;
    fresh.add_ae("CAE1", Value::object({{"poa", Value::array({"http://x"})}, {"srv", theirs}}));

    fresh.notify("CAE1", "CAE1", Value::object({{"m2m:sgn", Value::object({{"sur", "ignored"}})}}));

    ASSERT_EQ(wire.sent.size(), 1u);
    EXPECT_EQ(wire.sent[0].request.release_version, expected);
  }
}

// TS-0004 clause 6.3.5.4 (m2m:notification)
TEST_F(NotifyingAnAe, TheCseTakesNoNotificationWithoutItsSubscription) {
  EXPECT_EQ(node.notify("CAdmin", "cse-in", Value::object({{"m2m:sgn", Value::object()}})).rsc,
            Rsc::kBadRequest);
  EXPECT_EQ(node.notify("CAdmin", "cse-in",
                        Value::object({{"m2m:sgn", Value::object({{"sur", "cse-in/sub"}})}}))
                .rsc,
            Rsc::kOk);
}

}  // namespace
}  // namespace gatehouse::test

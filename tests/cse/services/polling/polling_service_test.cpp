#include "cse/services/polling/polling.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class Polling : public testing::Test {
 protected:
  Polling() : channels(PollingChannels::add(node.cse(), PollingChannels::Settings{})) {
    node.add_ae("CAE1");
    node.add_ae("CAE2");
  }
  void make_channel() {
    ASSERT_EQ(node.create("CAE1", "CAE1", 15, Value::object({{"rn", "pch"}})).rsc, Rsc::kCreated);
  }
  /// Gives a request to the channel as a service would; the answer appears in `answer`.
  bool enqueue(const std::string& identifier) {
    Request request = TestCse::request(Operation::kNotify, "/id-in", "CAE1");
    request.request_identifier = identifier;
    request.release_version = "3";
    request.content = Value::object({{"m2m:sgn", Value::object({{"sur", "x"}})}});
    return channels->enqueue(ResourceId{"CAE1"}, request,
                             [this](Response response) { answer = std::move(response); });
  }
  Response reply_to(const std::string& identifier, const std::string& from = "CAE1") {
    return node.notify(
        from, "CAE1/pch/pcu",
        Value::object({{"m2m:rsp", Value::object({{"rsc", 2000}, {"rqi", identifier}})}}));
  }

  TestCse node;
  std::shared_ptr<PollingChannels> channels;
  std::optional<Response> answer;
};

// TS-0004 clause 7.4.22.2.1
TEST_F(Polling, OnlyTheRegistreeMayMakeItsChannelAndOnlyOne) {
  EXPECT_EQ(node.create("CAE2", "CAE1", 15, Value::object({{"rn", "x"}})).rsc,
            Rsc::kOriginatorHasNoPrivilege);
  make_channel();
  EXPECT_EQ(node.create("CAE1", "CAE1", 15, Value::object({{"rn", "y"}})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(node.create("CAE1", "CAE1", 15, Value::object({{"rn", "pch"}})).rsc, Rsc::kConflict);
}

TEST_F(Polling, AnEntityWithoutChannelTakesNothing) { EXPECT_FALSE(enqueue("r1")); }

// TS-0004 clause 7.4.23.2.2
TEST_F(Polling, AWaitingRequestAnswersThePollAndItsAnswerGoesBack) {
  make_channel();
  ASSERT_TRUE(enqueue("r1"));

  const Response polled = node.retrieve("CAE1", "CAE1/pch/pcu");
  ASSERT_EQ(polled.rsc, Rsc::kOk);
  EXPECT_EQ(TestCse::attributes(polled).string_at("rqi"), "r1");
  EXPECT_FALSE(answer);

  EXPECT_EQ(reply_to("r1").rsc, Rsc::kOk);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rsc, Rsc::kOk);
}

TEST_F(Polling, APollWaitsForTheNextRequest) {
  make_channel();
  auto polled = node.send(TestCse::request(Operation::kRetrieve, "CAE1", "CAE1/pch/pcu"));
  node.settle();
  EXPECT_FALSE(*polled);

  ASSERT_TRUE(enqueue("r2"));

  ASSERT_TRUE(*polled);
  EXPECT_EQ(TestCse::attributes(**polled).string_at("rqi"), "r2");
}

// TS-0004 clause 7.4.23.2.2: 4008 when nothing came
TEST_F(Polling, APollEndsAtItsExpiration) {
  make_channel();
  Request request = TestCse::request(Operation::kRetrieve, "CAE1", "CAE1/pch/pcu");
  request.request_expiration = "2000";
  auto polled = node.send(request);

  node.advance(std::chrono::milliseconds(1900));
  EXPECT_FALSE(*polled);
  node.advance(std::chrono::milliseconds(200));

  ASSERT_TRUE(*polled);
  EXPECT_EQ((*polled)->rsc, Rsc::kRequestTimeout);
}

TEST_F(Polling, ARequestThatNobodyFetchesIsReportedAsUnreachable) {
  make_channel();
  ASSERT_TRUE(enqueue("r1"));

  node.advance(std::chrono::seconds(61), std::chrono::seconds(1));

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(reply_to("r1").rsc, Rsc::kBadRequest);
}

TEST_F(Polling, NobodyElseFetchesOrAnswers) {
  make_channel();
  ASSERT_TRUE(enqueue("r1"));

  EXPECT_EQ(node.retrieve("CAE2", "CAE1/pch/pcu").rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(reply_to("r1", "CAE2").rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_FALSE(answer);
}

TEST_F(Polling, AnswersToUnknownRequestsAreRefused) {
  make_channel();

  EXPECT_EQ(reply_to("never-asked").rsc, Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

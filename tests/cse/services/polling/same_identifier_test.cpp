// Two originators that chose the same request identifier, and an entity that asks too often.
// Source: TS-0004 clauses 7.1.1 (requestIdentifier is unique to its originator) and 7.4.23.
#include "cse/services/polling/polling.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class PolledByOne : public testing::Test {
 protected:
  PolledByOne() {
    PollingChannels::Settings settings;
    settings.max_waiting = 4;
    channels = PollingChannels::add(node.cse(), settings);
    node.add_ae("CAE1");
    node.create("CAE1", "CAE1", 15, Value::object({{"rn", "pch"}}));
  }
  std::shared_ptr<std::optional<Response>> enqueue(const std::string& from) {
    Request request = TestCse::request(Operation::kNotify, from, "CAE1");
    request.request_identifier = "1";
    request.release_version = "3";
    request.content = Value::object({{"m2m:sgn", Value::object({{"sur", from}})}});
    auto answer = std::make_shared<std::optional<Response>>();
    EXPECT_TRUE(channels->enqueue(ResourceId{"CAE1"}, request,
                                  [answer](Response response) { *answer = std::move(response); }));
    return answer;
  }
  Value fetch() { return TestCse::attributes(node.retrieve("CAE1", "CAE1/pch/pcu")); }
  void reply_to(const Value& fetched, int rsc) {
    const std::string identifier = fetched.string_at("rqi");
    EXPECT_EQ(node.notify("CAE1", "CAE1/pch/pcu",
                          Value::object(
                              {{"m2m:rsp", Value::object({{"rsc", rsc}, {"rqi", identifier}})}}))
                  .rsc,
              Rsc::kOk);
  }

  TestCse node;
  std::shared_ptr<PollingChannels> channels;
};

TEST_F(PolledByOne, EachOriginatorGetsItsOwnAnswer) {
  const auto first = enqueue("/id-a/C1");
  const auto second = enqueue("/id-b/C2");
  const Value one = fetch(), other = fetch();
  EXPECT_EQ(one.string_at("fr"), "/id-a/C1");
  EXPECT_EQ(other.string_at("fr"), "/id-b/C2");

  reply_to(other, 4000);
  reply_to(one, 2000);

  ASSERT_TRUE(*first);
  ASSERT_TRUE(*second);
  EXPECT_EQ((*first)->rsc, Rsc::kOk);
  EXPECT_EQ((*second)->rsc, Rsc::kBadRequest);
  EXPECT_EQ((*second)->request_identifier, "1");
}

TEST_F(PolledByOne, NoMorePollsWaitThanRequestsMay) {
  std::vector<std::shared_ptr<std::optional<Response>>> polls;
  for (int i = 0; i < 6; ++i) {
    polls.push_back(node.send(TestCse::request(Operation::kRetrieve, "CAE1", "CAE1/pch/pcu")));
  }

  EXPECT_FALSE(*polls[3]);
  ASSERT_TRUE(*polls[4]);
  EXPECT_EQ((*polls[4])->rsc, Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

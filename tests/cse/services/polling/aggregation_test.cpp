// Request aggregation. Source: TS-0001 table 9.6.21-2 (requestAggregation).
#include "cse/services/polling/polling.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class Aggregating : public testing::Test {
 protected:
  Aggregating() {
    PollingChannels::Settings settings;
    settings.max_aggregated = 3;
    channels = PollingChannels::add(node.cse(), settings);
    node.add_ae("CAE1");
  }
  void make_channel(bool aggregates) {
    ASSERT_EQ(
        node.create("CAE1", "CAE1", 15, Value::object({{"rn", "pch"}, {"rqag", aggregates}})).rsc,
        Rsc::kCreated);
  }
  void enqueue(const std::string& identifier) {
    Request request = TestCse::request(Operation::kNotify, "/id-in", "CAE1");
    request.request_identifier = identifier;
    request.content = Value::object({{"m2m:sgn", Value::object({{"sur", "x"}})}});
    EXPECT_TRUE(channels->enqueue(ResourceId{"CAE1"}, request, [](Response) {}));
  }
  Value fetch() {
    auto tree = tree_of(node.retrieve("CAE1", "CAE1/pch/pcu").content);
    return tree ? *tree : Value();
  }
  TestCse node;
  std::shared_ptr<PollingChannels> channels;
};

TEST_F(Aggregating, GivesWhatWaitsInOneAnswerUpToItsLimit) {
  make_channel(true);
  for (const char* identifier : {"1", "2", "3", "4"}) enqueue(identifier);

  const Value first = fetch(), second = fetch();

  ASSERT_TRUE(first.find("m2m:agrp"));
  EXPECT_EQ(first.find("m2m:agrp")->size(), 3u);
  EXPECT_EQ(second.find("m2m:agrp")->as_array()->front().string_at("rqi"), "4");
}

TEST_F(Aggregating, GivesAListToAPollThatWaitedToo) {
  make_channel(true);
  auto answer = node.send(TestCse::request(Operation::kRetrieve, "CAE1", "CAE1/pch/pcu"));
  node.settle();
  ASSERT_FALSE(*answer);

  enqueue("1");

  ASSERT_TRUE(*answer);
  auto tree = tree_of((*answer)->content);
  ASSERT_TRUE(tree && tree->find("m2m:agrp"));
  EXPECT_EQ(tree->find("m2m:agrp")->size(), 1u);
}

TEST_F(Aggregating, WithoutItEachRequestComesAlone) {
  make_channel(false);
  enqueue("1");
  enqueue("2");

  EXPECT_EQ(fetch().find("m2m:rqp")->string_at("rqi"), "1");
  EXPECT_EQ(fetch().find("m2m:rqp")->string_at("rqi"), "2");
}

TEST_F(Aggregating, ARegistrationHasOneChannelOnly) {
  make_channel(false);

  EXPECT_EQ(node.create("CAE1", "CAE1", 15, Value::object({{"rn", "other"}})).rsc,
            Rsc::kBadRequest);
}

}  // namespace
}  // namespace gatehouse::test

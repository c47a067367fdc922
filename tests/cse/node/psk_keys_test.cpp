// The CSE's end of the MAF, with a MAF that a test plays.
#include "cse/node/psk_keys.h"

#include <gmock/gmock.h>

#include "cse/node/log.h"

namespace gatehouse::node {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const std::string kId = std::string(32, 'a') + "@maf.example";

/// Answers by a function, or not at all.
class FakeMaf final : public PrimitiveSender {
 public:
  bool serves(std::string_view) const override { return true; }
  void send(const std::string&, const std::string&, Request request, Reply reply) override {
    asked.push_back(request);
    if (answer) reply(answer(request));
  }
  std::vector<Request> asked;
  std::function<Response(const Request&)> answer;
};

class MafKeysTest : public testing::Test {
 protected:
  MafKeysTest() { set_log_level("error"); }
  static Response with_key(Value more) {
    Value key = Value::object({{"kv", std::string(64, '1')},
                               {"cr", "/id-in/CAE1"},
                               {"suid", 32},
                               {"et", "20270102T000000"}});
    for (Member& member : *more.as_object()) key.set(member.name, member.value);
    Response response;
    response.content = Content(Value::object({{"sec:skr", std::move(key)}}));
    return response;
  }
  static Response refusing(Rsc rsc) {
    Response response;
    response.rsc = rsc;
    return response;
  }
  Timestamp now_ = *parse_timestamp("20270101T000000");
  FakeMaf maf_;
  MafKeys keys_{
      {"https://maf.example", "maf.example", 20, 60}, "/id-in", maf_, [this] { return now_; }};
};

TEST_F(MafKeysTest, AsksOnceAndRemembers) {
  maf_.answer = [](const Request&) { return with_key(Value::object()); };

  const auto first = keys_.find(kId), second = keys_.find(kId);

  ASSERT_TRUE(first && second);
  EXPECT_THAT(first->originators, ElementsAre("CAE1", "/id-in/CAE1"));
  EXPECT_THAT(first->key, SizeIs(32));
  ASSERT_THAT(maf_.asked, SizeIs(1));
  EXPECT_EQ(maf_.asked[0].to, "maf/" + kId.substr(0, 32));
  EXPECT_EQ(maf_.asked[0].from, "/id-in");
}

TEST_F(MafKeysTest, AsksAgainSoThatARevocationIsSeen) {
  maf_.answer = [](const Request&) { return with_key(Value::object()); };
  EXPECT_TRUE(keys_.find(kId));
  maf_.answer = [](const Request&) { return refusing(Rsc::kNotFound); };
  now_ = now_ + std::chrono::seconds(59);
  EXPECT_TRUE(keys_.find(kId));

  now_ = now_ + std::chrono::seconds(1);

  EXPECT_FALSE(keys_.find(kId));
  EXPECT_FALSE(keys_.find(kId));
  EXPECT_THAT(maf_.asked, SizeIs(2)) << "that there is none is remembered, too";
}

TEST_F(MafKeysTest, AKeyEndsWithItsTime) {
  maf_.answer = [](const Request&) { return with_key(Value::object({{"et", "20270101T000030"}})); };
  EXPECT_TRUE(keys_.find(kId));

  now_ = now_ + std::chrono::seconds(30);

  EXPECT_FALSE(keys_.find(kId));
}

TEST_F(MafKeysTest, TakesOnlyKeysForAssociations) {
  const std::pair<const char*, Value> wrong[] = {{"suid", 33}, {"kv", "0011"}, {"kv", "zz"},
                                                 {"cr", "C"},  {"cr", ""},     {"et", "later"}};
  int number = 0;
  for (const std::pair<const char*, Value>& row : wrong) {
    maf_.answer = [&row](const Request&) {
      return with_key(Value::object({{row.first, row.second}}));
    };
    EXPECT_FALSE(keys_.find(std::to_string(++number) + kId.substr(1))) << row.first;
  }
}

TEST_F(MafKeysTest, TakesKeysForOneUsageOnly) {
  MafKeys for_messages{{"https://maf.example", "maf.example", 20, 60},
                       "/id-in",
                       maf_,
                       [this] { return now_; },
                       MafKeys::Usage::kEsPrim};
  maf_.answer = [](const Request&) { return with_key(Value::object({{"suid", 33}})); };

  EXPECT_TRUE(for_messages.find(kId));
  EXPECT_FALSE(keys_.find(kId));
}

TEST_F(MafKeysTest, AsksOnlyForIdentitiesOfThisMaf) {
  for (const std::string& identity :
       {std::string("contract@gatehouse.example"), std::string("@maf.example"),
        std::string("xyz@maf.example"), kId + ".evil", std::string(100, 'a') + "@maf.example",
        std::string("../maf@maf.example"), std::string()}) {
    EXPECT_FALSE(keys_.find(identity)) << identity;
  }
  EXPECT_THAT(maf_.asked, SizeIs(0));
}

TEST_F(MafKeysTest, DoesNotWaitForOneThatIsAwayEachTime) {
  EXPECT_FALSE(keys_.find(kId)) << "no answer";
  EXPECT_FALSE(keys_.find(kId));
  EXPECT_THAT(maf_.asked, SizeIs(1));
  maf_.answer = [](const Request&) { return with_key(Value::object()); };

  now_ = now_ + std::chrono::seconds(2);

  EXPECT_TRUE(keys_.find(kId));
}

}  // namespace
}  // namespace gatehouse::node

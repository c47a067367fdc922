#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ae-apps/ota/gateway/consent.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::gateway {
namespace {

TEST(ConsentDesk, KeepsAnAnswerBehindALineThatALossOfPowerCut) {
  const TemporaryFolder folder;
  std::ofstream(folder / "consents.jsonl") << R"({"at":"20300101T000000","job":"a","dec)";
  Question question;
  question.job = "b";
  {
    ConsentDesk desk;
    ASSERT_TRUE(desk.open(folder / "consents.jsonl"));
    ASSERT_TRUE(desk.record(question, Decision::kAccepted, "the display"));
  }
  ConsentDesk desk;
  ASSERT_TRUE(desk.open(folder / "consents.jsonl"));
  ASSERT_EQ(desk.history().size(), 1u);
  EXPECT_EQ(desk.history()[0].job, "b");
}

TEST(ConsentDesk, CountsNoAnswerThatItCannotKeep) {
  TemporaryFolder folder;
  ConsentDesk desk;
  ASSERT_TRUE(desk.open(folder / "absent/consents.jsonl"));

  const auto decision = desk.ask({}, Timestamp{});

  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().rsc, Rsc::kInternalServerError);
  EXPECT_TRUE(desk.history().empty());
}

class ConsentDeskTest : public testing::Test {
 protected:
  ConsentDeskTest() { EXPECT_TRUE(desk_.open(folder_ / "consents.jsonl")); }
  Decision ask(const std::string& job) {
    Question question;
    question.job = job;
    question.answer_by = to_text(kEnd);
    return desk_.ask(question, now_).value().decision;
  }
  static constexpr Timestamp kEnd{3'600'000'000};

  TemporaryFolder folder_;
  ConsentDesk desk_;
  Timestamp now_{0};
};

TEST_F(ConsentDeskTest, TakesNoAnswerOnceItIsStopped) {
  EXPECT_EQ(ask("a"), Decision::kOpen);
  desk_.stop();

  EXPECT_FALSE(desk_.answer("a", true, "a test"));
  EXPECT_FALSE(desk_.postpone("a", {}, "a test"));

  EXPECT_EQ(ask("a"), Decision::kOpen);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "consents.jsonl")) << "no answer was given";
}

TEST_F(ConsentDeskTest, ShowsOneQuestionAfterTheOther) {
  EXPECT_EQ(ask("a"), Decision::kOpen);
  EXPECT_EQ(ask("b"), Decision::kOpen);
  EXPECT_EQ(desk_.pending()->job, "a");

  EXPECT_TRUE(desk_.postpone("a", std::chrono::hours(1), "a test"));
  EXPECT_EQ(desk_.pending()->job, "b");
  EXPECT_FALSE(desk_.answer("a", true, "a test")) << "nobody sees it";
  EXPECT_EQ(ask("a"), Decision::kPostponed);
  EXPECT_EQ(ask("a"), Decision::kOpen);

  EXPECT_TRUE(desk_.answer("b", false, "a test"));
  EXPECT_EQ(ask("b"), Decision::kDeclined);
  EXPECT_FALSE(desk_.pending());
}

TEST_F(ConsentDeskTest, TakesNoAnswerForANoAlsoAfterAPostponement) {
  EXPECT_EQ(ask("a"), Decision::kOpen);
  EXPECT_TRUE(desk_.postpone("a", std::chrono::hours(1), "a test"));
  EXPECT_EQ(ask("a"), Decision::kPostponed);
  now_ = kEnd;

  EXPECT_EQ(ask("a"), Decision::kNoAnswer);
  EXPECT_EQ(desk_.history().front().by, "nobody");
}

TEST_F(ConsentDeskTest, KeepsThePostponementsThatAnAnswerFollowsAtOnce) {
  EXPECT_EQ(ask("a"), Decision::kOpen);
  EXPECT_TRUE(desk_.postpone("a", {}, "the first"));
  EXPECT_TRUE(desk_.postpone("a", {}, "the second"));
  EXPECT_TRUE(desk_.answer("a", true, "the third"));

  EXPECT_EQ(ask("a"), Decision::kPostponed);
  EXPECT_EQ(ask("a"), Decision::kPostponed);
  EXPECT_EQ(ask("a"), Decision::kAccepted);

  std::vector<std::string> said;
  for (const Answer& answer : desk_.history()) said.push_back(answer.by);
  EXPECT_EQ(said, (std::vector<std::string>{"the third", "the second", "the first"}));
}

TEST_F(ConsentDeskTest, CallsWhoeverWaitsForAnAnswer) {
  int calls = 0;
  desk_.on_answer([&] { ++calls; });
  EXPECT_EQ(ask("a"), Decision::kOpen);

  EXPECT_TRUE(desk_.postpone("a", {}, "a test"));
  EXPECT_TRUE(desk_.answer("a", true, "a test"));
  EXPECT_FALSE(desk_.answer("a", true, "a test"));

  EXPECT_EQ(calls, 2);
}

TEST_F(ConsentDeskTest, ForgetsWhatIsWithdrawn) {
  EXPECT_EQ(ask("a"), Decision::kOpen);

  desk_.withdraw("a");

  EXPECT_FALSE(desk_.pending());
}

}  // namespace
}  // namespace gatehouse::gateway

#include "ae-apps/ota/gateway/refused_answers.h"

#include <gmock/gmock.h>

#include <sstream>

namespace gatehouse::gateway {
namespace {

using testing::HasSubstr;

class RefusedAnswersTest : public testing::Test {
 protected:
  void refuse(int times) {
    for (int i = 0; i < times; ++i) refused_.take(403, "Not from here.", "the display (10.0.0.9)");
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::istringstream in(steps_.str());
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  std::ostringstream steps_, said_;
  ota::StepLog log_{steps_, said_};
  Timestamp now_ = *parse_timestamp("20300101T120000");
  RefusedAnswers refused_{log_, [this] { return now_; }};
};

TEST_F(RefusedAnswersTest, AreToldWithReasonAndSender) {
  refuse(1);

  ASSERT_EQ(lines().size(), 1u);
  EXPECT_THAT(lines()[0], HasSubstr("STEP F event=answer-refused"));
  EXPECT_THAT(lines()[0], HasSubstr("by=\"the display (10.0.0.9)\""));
  EXPECT_THAT(lines()[0], HasSubstr("reason=\"Not from here.\""));
  EXPECT_THAT(lines()[0], HasSubstr("status=403"));
}

TEST_F(RefusedAnswersTest, AreOnlyCountedInAFlood) {
  refuse(100'000);

  EXPECT_EQ(lines().size(), RefusedAnswers::kToldInAMinute);
  EXPECT_EQ(refused_.count(), 100'000u);

  now_ = now_ + std::chrono::seconds(59);
  refuse(1);
  EXPECT_EQ(lines().size(), RefusedAnswers::kToldInAMinute);

  now_ = now_ + std::chrono::seconds(1);
  refuse(2);
  ASSERT_EQ(lines().size(), RefusedAnswers::kToldInAMinute + 2);
  EXPECT_THAT(lines()[RefusedAnswers::kToldInAMinute], HasSubstr("untold=99991"));
  EXPECT_THAT(lines().back(), testing::Not(HasSubstr("untold")));
}

TEST_F(RefusedAnswersTest, AreToldAgainByAClockThatWasPutBack) {
  refuse(11);
  now_ = *parse_timestamp("20200101T120000");
  refuse(1);
  EXPECT_THAT(lines().back(), HasSubstr("untold=1"));
}

}  // namespace
}  // namespace gatehouse::gateway

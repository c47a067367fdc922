#include "bindings/mqtt/duplicate_window.h"

#include <gtest/gtest.h>

namespace gatehouse::mqtt {
namespace {

using Seen = DuplicateWindow::Seen;
using std::chrono::milliseconds;

DuplicateWindow::Payload text(std::string value) {
  return std::make_shared<const std::string>(std::move(value));
}
DuplicateWindow::Time at(int ms) { return DuplicateWindow::Time(milliseconds(ms)); }

TEST(DuplicateWindow, GivesTheSameAnswerAgain) {
  DuplicateWindow window({});

  EXPECT_EQ(window.begin("a", at(0)).seen, Seen::kNew);
  EXPECT_EQ(window.begin("a", at(1)).seen, Seen::kInProgress);
  window.finish("a", text("answer"), at(2));
  const auto lookup = window.begin("a", at(3));

  EXPECT_EQ(lookup.seen, Seen::kAnswered);
  EXPECT_EQ(*lookup.answer, "answer");
  EXPECT_EQ(window.begin("b", at(3)).seen, Seen::kNew);
}

TEST(DuplicateWindow, ForgetsTheOldestBeyondItsNumber) {
  DuplicateWindow window({.entries = 2});

  for (const char* key : {"a", "b", "c"}) {
    window.begin(key, at(0));
    window.finish(key, text("x"), at(0));
  }

  EXPECT_EQ(window.begin("b", at(0)).seen, Seen::kAnswered);
  EXPECT_EQ(window.begin("c", at(0)).seen, Seen::kAnswered);
  EXPECT_EQ(window.begin("a", at(0)).seen, Seen::kNew);
}

TEST(DuplicateWindow, ForgetsTheOldestBeyondItsBytes) {
  DuplicateWindow window({.bytes = 100});

  for (const char* key : {"a", "b"}) {
    window.begin(key, at(0));
    window.finish(key, text(std::string(60, 'x')), at(0));
  }

  EXPECT_EQ(window.size(), 1u);
  EXPECT_EQ(window.begin("b", at(0)).seen, Seen::kAnswered);
}

TEST(DuplicateWindow, ForgetsByAge) {
  DuplicateWindow window({.age = milliseconds(100)});
  window.begin("a", at(0));
  window.finish("a", text("x"), at(50));

  EXPECT_EQ(window.begin("a", at(150)).seen, Seen::kAnswered);
  EXPECT_EQ(window.begin("a", at(151)).seen, Seen::kNew);
}

TEST(DuplicateWindow, NeverForgetsWhatIsInProgress) {
  DuplicateWindow window({.entries = 1, .bytes = 1, .age = milliseconds(1)});
  window.begin("slow", at(0));

  window.begin("a", at(1000));
  window.finish("a", text("x"), at(1000));

  EXPECT_EQ(window.begin("slow", at(5000)).seen, Seen::kInProgress);
}

TEST(DuplicateWindow, ForgottenRequestsAreNewAgain) {
  DuplicateWindow window({});
  window.begin("a", at(0));
  window.finish("a", text("x"), at(0));

  window.forget("a");

  EXPECT_EQ(window.begin("a", at(0)).seen, Seen::kNew);
}

TEST(DuplicateKey, TellsOriginatorIdentifierAndContentApart) {
  const std::string key = duplicate_key("/oneM2M/req/C1/id-in/json", "1", "{}");

  EXPECT_EQ(duplicate_key("/oneM2M/req/C1/id-in/json", "1", "{}"), key);
  EXPECT_NE(duplicate_key("/oneM2M/req/C2/id-in/json", "1", "{}"), key);
  EXPECT_NE(duplicate_key("/oneM2M/req/C1/id-in/json", "2", "{}"), key);
  EXPECT_NE(duplicate_key("/oneM2M/req/C1/id-in/json", "1", "{ }"), key);
}

}  // namespace
}  // namespace gatehouse::mqtt

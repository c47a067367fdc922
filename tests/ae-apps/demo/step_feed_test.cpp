#include "ae-apps/demo/step_feed.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::demo {
namespace {

TEST(StepLineOfAProgram, IsTakenApart) {
  StepEvent event;

  ASSERT_TRUE(
      parse_step(R"(STEP E event=cut ecu=BRAKE-1 reason="as asked for; \"now\"" n=3)", event));

  EXPECT_EQ(event.letter, 'E');
  EXPECT_EQ(event.at("event"), "cut");
  EXPECT_EQ(event.at("ecu"), "BRAKE-1");
  EXPECT_EQ(event.at("reason"), "as asked for; \"now\"");
  EXPECT_EQ(event.at("n"), "3");
  EXPECT_EQ(event.at("nothing"), "");
}

TEST(StepLineOfAProgram, IsNoOtherLine) {
  StepEvent event;

  EXPECT_FALSE(parse_step("READY images=https://127.0.0.1:1/", event));
  EXPECT_FALSE(parse_step("STEP", event));
  EXPECT_FALSE(parse_step("", event));
}

TEST(StepLineOfAProgram, MayBeCutAnywhere) {
  const std::string line = R"(STEP E event=cut reason="a \"b\" c" n=3)";
  for (std::size_t length = 0; length <= line.size(); ++length) {
    StepEvent event;
    const bool is_step = parse_step(line.substr(0, length), event);
    EXPECT_EQ(is_step, length >= 6) << length;
  }
}

TEST(FieldOfALogLine, IsUnquoted) {
  const std::string line =
      R"(time debug op=RETRIEVE to=cse-in/x rsc=4004 dbg="no \"x\" here" us=7)";

  EXPECT_EQ(field_of(line, "to"), "cse-in/x");
  EXPECT_EQ(field_of(line, "dbg"), "no \"x\" here");
  EXPECT_EQ(field_of(line, "us"), "7");
  EXPECT_EQ(field_of(line, "fr"), "");
}

TEST(NotificationInALog, IsOneThatWasSent) {
  StepEvent event;

  EXPECT_FALSE(parse_notification("t debug op=NOTIFY to=/id-in fr=C rsc=2000 via=https", event));
  EXPECT_FALSE(
      parse_notification("t debug op=CREATE to=/id-in fr=C rsc=2001 via=out-https", event));
  ASSERT_TRUE(parse_notification(
      "t debug op=NOTIFY to=/id-mn/CGw fr=/id-mn rsc=2000 via=out-mqtts us=9", event));
  EXPECT_EQ(event.at("to"), "/id-mn/CGw");
  EXPECT_EQ(event.at("us"), "9");
}

TEST(LogTail, GivesWholeLinesOnce) {
  const TemporaryFolder folder;
  LogTail tail(folder / "log");
  EXPECT_TRUE(tail.fresh_lines().empty());  // there is no file yet
  std::ofstream log(folder / "log");

  log << "one\ntw" << std::flush;
  EXPECT_EQ(tail.fresh_lines(), std::vector<std::string>{"one"});
  log << "o\n\nthree\n" << std::flush;

  EXPECT_EQ(tail.fresh_lines(), (std::vector<std::string>{"two", "", "three"}));
  EXPECT_TRUE(tail.fresh_lines().empty());
}

}  // namespace
}  // namespace gatehouse::demo

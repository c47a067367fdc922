#include "ae-apps/demo/screen.h"

#include <gtest/gtest.h>

#include <sstream>

namespace gatehouse::demo {
namespace {

TEST(TimeText, HasTwoOrThreeDigits) {
  EXPECT_EQ(time_text(Duration(840)), "0.8 ms");
  EXPECT_EQ(time_text(Duration(43'200)), "43 ms");
  EXPECT_EQ(time_text(Duration(1'256'000)), "1.26 s");
  EXPECT_EQ(time_text(Duration(999'700)), "1.00 s");
}

TEST(Padding, CountsCharactersAndNotBytes) {
  EXPECT_EQ(padded("a → b", 7), "a → b  ");
  EXPECT_EQ(padded("longer", 3), "longer");
}

TEST(PlainScreen, HasNoEscapesAndNoUnicode) {
  std::ostringstream out;
  Screen screen(out, {});

  screen.chapter("", "Chapter");
  screen.step('E', {"gateway", "OTA server", "GET", "206", {"evidence"}, Duration(1'000)});
  screen.refused('1', {"a", "b", "c", "refused", {}, Duration(0)});
  screen.waiting("something", Milliseconds(6'000));
  screen.failure("step E", "why");

  EXPECT_EQ(out.str().find('\033'), std::string::npos);
  for (const char c : out.str()) ASSERT_LT(static_cast<unsigned char>(c), 0x80);
  EXPECT_NE(out.str().find("gateway -> OTA server"), std::string::npos);
  EXPECT_NE(out.str().find("something, 6.00 s so far"), std::string::npos);
}

TEST(ColouredScreen, TakesTheWaitingLineAway) {
  std::ostringstream out;
  Screen screen(out, {true, true, true});

  screen.waiting("something", Milliseconds(500));
  screen.text("after");

  EXPECT_TRUE(out.str().ends_with("\r\033[Kafter\n"));
}

TEST(TableOnTheScreen, IsAligned) {
  std::ostringstream out;
  Screen screen(out, {});

  screen.table({{"ECU", "after"}, {{"BRAKE-0001", "1.4.0"}, {"W", "1.4.0"}}});

  EXPECT_EQ(out.str(),
            " ECU         after\n"
            " ----------  -----\n"
            " BRAKE-0001  1.4.0\n"
            " W           1.4.0\n");
}

}  // namespace
}  // namespace gatehouse::demo

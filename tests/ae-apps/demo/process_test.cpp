#include "ae-apps/demo/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::demo {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLong{20'000};

class ChildProcess : public testing::Test {
 protected:
  Command shell(const std::string& script) const {
    return {"child",
            {"/bin/sh", "-c", script},
            {{"GREETING", "hello"}},
            folder_ / "log",
            folder_ / "log"};
  }
  TemporaryFolder folder_;
};

TEST_F(ChildProcess, SaysWhatItSaidOnBothStreams) {
  const auto said = run_to_end(shell("echo $GREETING; echo world >&2"), kLong);

  ASSERT_TRUE(said) << said.error().detail;
  EXPECT_EQ(*said, "hello\nworld\n");
}

TEST_F(ChildProcess, OfTheSameLogSaysOnlyItsOwn) {
  ASSERT_TRUE(run_to_end(shell("echo first"), kLong));

  EXPECT_EQ(run_to_end(shell("echo second"), kLong).value(), "second\n");
}

TEST_F(ChildProcess, ThatFailsIsNamedWithItsLastWords) {
  const auto said = run_to_end(shell("echo no key; exit 3"), kLong);

  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().detail, "child ended with status 3: no key");
}

TEST_F(ChildProcess, ThatTakesTooLongIsEnded) {
  const auto start = Clock::now();

  const auto said = run_to_end(shell("exec sleep 1000"), milliseconds(50));

  ASSERT_FALSE(said);
  EXPECT_LT(Clock::now() - start, kLong);
}

TEST_F(ChildProcess, ThatCannotBeExecutedEndsWith127) {
  const auto said =
      run_to_end({"child", {folder_ / "nothing"}, {}, folder_ / "log", folder_ / "log"}, kLong);

  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().detail, "child ended with status 127: cannot be executed");
}

TEST_F(ChildProcess, EndsWhenAskedTo) {
  auto child = Process::start(shell("exec sleep 1000"));
  ASSERT_TRUE(child);
  ASSERT_TRUE((*child)->running());

  (*child)->send(SIGTERM);

  ASSERT_TRUE((*child)->wait(Clock::now() + kLong));
  EXPECT_EQ((*child)->end_text(), "was ended by signal 15");
}

TEST_F(ChildProcess, EndsWithItsObject) {
  {
    const auto child = Process::start(shell("echo $$; exec sleep 1000"));
    ASSERT_TRUE(child);
    const auto deadline = Clock::now() + kLong;
    while (whole_file(folder_ / "log").empty() && Clock::now() < deadline) {
    }
  }

  EXPECT_NE(::kill(std::stoi(whole_file(folder_ / "log")), 0), 0);
}

TEST(LastLines, AreTheEndOfTheFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log") << "one\ntwo\nthree\n";

  EXPECT_EQ(last_lines(folder / "log", 2), "two\nthree");
  EXPECT_EQ(last_lines(folder / "log", 9), "one\ntwo\nthree");
  EXPECT_EQ(last_lines(folder / "nothing", 2), "");
}

}  // namespace
}  // namespace gatehouse::demo

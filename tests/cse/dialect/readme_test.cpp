// The README of cse/dialect lists the switches and profiles of the table.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cse/dialect/switches.h"

namespace gatehouse {
namespace {

std::string row_of(const Switch& row) {
  std::string text;
  for (const Profile& profile : all_profiles()) {
    if (profile.bit != 0) text += row.profiles & profile.bit ? " x |" : " |";
  }
  return text;
}

TEST(Readme, HasEachSwitchWithItsProfiles) {
  std::stringstream text;
  text << std::ifstream(GATEHOUSE_DIALECT_README).rdbuf();

  for (const Switch& row : all_switches()) {
    const std::string begins = "| `" + std::string(row.name) + "`";
    const std::size_t at = text.str().find(begins);
    ASSERT_NE(at, std::string::npos) << row.name;
    std::string line = text.str().substr(at, text.str().find('\n', at) - at);
    line.erase(0, line.find('|', 1) + 1);
    EXPECT_EQ(line, row_of(row)) << row.name;
  }
}

}  // namespace
}  // namespace gatehouse

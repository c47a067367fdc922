#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/ae-apps/ota/uptane/attack_table.h"

namespace gatehouse::uptane {
namespace {

/// The page of results, out of what really happened.
std::string page_of(const std::vector<std::string>& outcomes) {
  std::ostringstream page;
  page
      << "# Attacks on the verification, and what became of them\n\n"
         "Made by `ota_uptane_test` out of what happens when each attack is mounted; with "
         "`GATEHOUSE_WRITE_ATTACKS=1` it writes\nthis page anew. `accepted` means that the vehicle "
         "goes on; everything else is the reason of the refusal.\n\n"
         "| attack | keys stolen | means | outcome |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const AttackRow& row = attack_table()[i];
    page << "| " << row.attack << " | " << row.stolen << " | " << row.means << " | " << outcomes[i]
         << " |\n";
  }
  return page.str();
}

/// A refusal leaves nothing behind but new roots and the time.
void expect_only_roots_and_time_changed(const VehicleState& before, const VehicleState& after) {
  EXPECT_EQ(after.orders, before.orders);
  for (const auto& [was, is] :
       {std::pair(&before.director, &after.director), std::pair(&before.images, &after.images)}) {
    if (is->root != was->root) continue;
    EXPECT_EQ(*is, *was);
  }
}

// Uptane standard 2.1 section 4.3
TEST(Attacks, EndAsTheTableSays) {
  std::vector<std::string> outcomes;
  for (const AttackRow& row : attack_table()) {
    VehicleWorld world;
    ASSERT_EQ(word_of(world.first.refusal), "accepted") << world.first.refusal->detail;
    outcomes.push_back(row.mount(world));
    EXPECT_EQ(outcomes.back(), row.outcome) << row.attack << ": " << row.means;
  }
  const std::string page = page_of(outcomes);
  if (std::getenv("GATEHOUSE_WRITE_ATTACKS") != nullptr) {
    std::ofstream(GATEHOUSE_ATTACKS_PAGE) << page;
  }
  std::ifstream file(GATEHOUSE_ATTACKS_PAGE);
  const std::string kept{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(page, kept);
}

TEST(Attacks, LeaveNothingBehindWhenTheyAreRefused) {
  for (const AttackRow& row : attack_table()) {
    VehicleWorld world;
    row.mount(world);  // whatever it did, the same again is refused again and changes nothing
    const VehicleState before = world.state;
    const VerifyOutcome again = world.verify();
    if (!again.refusal) continue;
    SCOPED_TRACE(row.means);
    expect_only_roots_and_time_changed(before, world.state);
  }
}

}  // namespace
}  // namespace gatehouse::uptane

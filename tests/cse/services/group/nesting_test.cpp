// Groups of groups, and groups of very many: what one request may cost. Source: TS-0004
// clauses 7.4.13.2.1 and 7.4.14.
#include "cse/services/group/group.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

int depth_of(const Value& value) {
  int deepest = 0;
  if (const auto* items = value.as_array()) {
    for (const Value& item : *items) deepest = std::max(deepest, depth_of(item));
  } else if (const auto* members = value.as_object()) {
    for (const Member& member : *members) deepest = std::max(deepest, depth_of(member.value));
  }
  return deepest + 1;
}

// Each level would take its part of the stack, and of the depth that a decoder accepts.
TEST(NestedGroups, AreFollowedToABoundedDepth) {
  TestCse node;
  add_groups(node.cse());
  node.add_ae("CAE1");
  std::string member = "CAE1";
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "g" + std::to_string(i);
    node.put(type_number::kGroup, name, "CAdmin",
             Value::object({{"mnm", 1}, {"mt", 0}, {"mid", Value::array({member})}}));
    member = "cse-in/" + name + "/fopt";
  }

  const Response near = node.retrieve("CAdmin", "cse-in/g7/fopt");
  const Response far = node.retrieve("CAdmin", member);

  EXPECT_EQ(near.rsc, Rsc::kOk);
  EXPECT_NE(to_json(*tree_of(near.content)).find("m2m:ae"), std::string::npos);
  EXPECT_EQ(far.rsc, Rsc::kOk);
  EXPECT_LT(depth_of(*tree_of(far.content)), 200);
  EXPECT_NE(to_json(*tree_of(far.content)).find("nested"), std::string::npos);
}

TEST(LargeGroups, AreCheckedInTimeThatFollowsTheirSize) {
  TestCse node;
  add_groups(node.cse());
  Value members = Value::array();
  for (int i = 0; i < 60'000; ++i) {
    members.push_back("/id-elsewhere/" + std::string(20, 'x') + std::to_string(i));
  }
  members.push_back(members.as_array()->front());
  const auto start = std::chrono::steady_clock::now();

  const Response made = node.create(
      "CAdmin", "cse-in", 9, Value::object({{"rn", "g"}, {"mid", members}, {"mnm", 100'000}}));

  EXPECT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  EXPECT_EQ(TestCse::attributes(made).integer_at("cnm"), 60'000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
}

}  // namespace
}  // namespace gatehouse::test

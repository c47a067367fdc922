// Time windows and addresses of access control rules. Source: TS-0004 clause 6.3.5.
#include <gtest/gtest.h>

#include "cse/core/access_control.h"

namespace gatehouse {
namespace {

/// Friday, 2027-01-15 08:30:05 UTC.
const Timestamp kFriday = *parse_timestamp("20270115T083005");

struct ScheduleCase {
  std::string name, entry;
  bool covers;
};
class Schedule : public testing::TestWithParam<ScheduleCase> {};

TEST_P(Schedule, CoversTheTimeOrNot) {
  EXPECT_EQ(schedule_covers(GetParam().entry, kFriday), GetParam().covers);
}
INSTANTIATE_TEST_SUITE_P(
    Entries, Schedule,
    testing::Values(ScheduleCase{"always", "* * * * * * *", true},
                    ScheduleCase{"every_field", "5 30 8 15 1 5 2027", true},
                    ScheduleCase{"other_second", "6 30 8 15 1 5 2027", false},
                    ScheduleCase{"other_minute", "5 31 8 15 1 5 2027", false},
                    ScheduleCase{"other_hour", "5 30 9 15 1 5 2027", false},
                    ScheduleCase{"other_day", "5 30 8 16 1 5 2027", false},
                    ScheduleCase{"other_month", "5 30 8 15 2 5 2027", false},
                    ScheduleCase{"other_weekday", "5 30 8 15 1 4 2027", false},
                    ScheduleCase{"other_year", "5 30 8 15 1 5 2028", false},
                    ScheduleCase{"working_hours", "* * 8-17 * * 1-5 *", true},
                    ScheduleCase{"hours_begin", "* * 8-8 * * * *", true},
                    ScheduleCase{"hours_before", "* * 0-7 * * * *", false},
                    ScheduleCase{"hours_after", "* * 9-17 * * * *", false},
                    ScheduleCase{"weekend", "* * * * * 0,6 *", false},
                    ScheduleCase{"list", "* * 1,8,20 * * * *", true},
                    ScheduleCase{"list_of_ranges", "* 0-10,25-35 * * * * *", true},
                    ScheduleCase{"step_hit", "* */10 * * * * *", true},
                    ScheduleCase{"step_missed", "* */7 * * * * *", false},
                    ScheduleCase{"range_step_hit", "1-9/2 * * * * * *", true},
                    ScheduleCase{"range_step_missed", "0-9/2 * * * * * *", false},
                    ScheduleCase{"several_spaces", "*  *  *  *  *  *  *", true},
                    ScheduleCase{"empty", "", false},
                    ScheduleCase{"six_fields", "* * * * * *", false},
                    ScheduleCase{"eight_fields", "* * * * * * * *", false},
                    ScheduleCase{"a_word", "* * noon * * * *", false},
                    ScheduleCase{"step_0", "*/0 * * * * * *", false},
                    ScheduleCase{"step_negative", "*/-5 * * * * * *", false},
                    ScheduleCase{"range_backwards", "* * 17-8 * * * *", false},
                    ScheduleCase{"range_without_end", "* * 8- * * * *", false},
                    ScheduleCase{"huge_number", "* * 99999999999999999999 * * * *", false}),
    [](const auto& each) { return each.param.name; });

struct AddressCase {
  std::string name;
  std::vector<std::string> entries;
  std::string address;
  bool inside;
};
class Addresses : public testing::TestWithParam<AddressCase> {};

TEST_P(Addresses, AreInTheListOrNot) {
  EXPECT_EQ(address_in_list(GetParam().entries, GetParam().address), GetParam().inside);
}
INSTANTIATE_TEST_SUITE_P(
    Lists, Addresses,
    testing::Values(AddressCase{"itself", {"10.0.0.1"}, "10.0.0.1", true},
                    AddressCase{"another", {"10.0.0.1"}, "10.0.0.2", false},
                    AddressCase{"one_of_two", {"10.0.0.1", "10.0.0.2"}, "10.0.0.2", true},
                    AddressCase{"empty_list", {}, "10.0.0.1", false},
                    AddressCase{"network", {"10.0.0.0/8"}, "10.200.3.4", true},
                    AddressCase{"network_outside", {"10.0.0.0/8"}, "11.0.0.0", false},
                    AddressCase{"part_of_a_byte", {"10.0.0.128/25"}, "10.0.0.200", true},
                    AddressCase{"part_of_a_byte_outside", {"10.0.0.128/25"}, "10.0.0.127", false},
                    AddressCase{"all", {"0.0.0.0/0"}, "192.0.2.1", true},
                    AddressCase{"all_bits", {"10.0.0.1/32"}, "10.0.0.1", true},
                    AddressCase{"all_bits_outside", {"10.0.0.1/32"}, "10.0.0.0", false},
                    AddressCase{"too_many_bits", {"10.0.0.1/33"}, "10.0.0.1", false},
                    AddressCase{"negative_bits", {"10.0.0.1/-1"}, "10.0.0.1", false},
                    AddressCase{"no_bits", {"10.0.0.1/"}, "10.0.0.1", false},
                    AddressCase{"v6", {"2001:db8::1"}, "2001:0db8:0:0::1", true},
                    AddressCase{"v6_network", {"2001:db8::/32"}, "2001:db8:1::5", true},
                    AddressCase{"v6_network_outside", {"2001:db8::/33"}, "2001:db8:8000::5", false},
                    AddressCase{"v4_is_not_v6", {"::/0"}, "10.0.0.1", false},
                    AddressCase{"v6_is_not_v4", {"0.0.0.0/0"}, "::1", false},
                    AddressCase{"no_address", {"0.0.0.0/0"}, "localhost", false},
                    AddressCase{"unknown", {"0.0.0.0/0", "::/0"}, "", false},
                    AddressCase{"bad_entry_is_passed_over", {"x/8", "10.0.0.1"}, "10.0.0.1", true}),
    [](const auto& each) { return each.param.name; });

struct WildcardCase {
  std::string name, pattern, text;
  bool matches;
};
class Wildcards : public testing::TestWithParam<WildcardCase> {};

TEST_P(Wildcards, Match) {
  EXPECT_EQ(matches_wildcard(GetParam().pattern, GetParam().text), GetParam().matches);
}
INSTANTIATE_TEST_SUITE_P(Patterns, Wildcards,
                         testing::Values(WildcardCase{"same", "CAE1", "CAE1", true},
                                         WildcardCase{"longer", "CAE1", "CAE12", false},
                                         WildcardCase{"shorter", "CAE12", "CAE1", false},
                                         WildcardCase{"tail", "CAE*", "CAE12", true},
                                         WildcardCase{"empty_tail", "CAE*", "CAE", true},
                                         WildcardCase{"head", "*1", "CAE1", true},
                                         WildcardCase{"middle", "C*1", "CAE1", true},
                                         WildcardCase{"middle_twice", "C*E*1", "CAEE21", true},
                                         WildcardCase{"back_and_forth", "*ab*ab", "abxabab", true},
                                         WildcardCase{"missing_end", "*ab*ac", "abxabab", false},
                                         WildcardCase{"empty_pattern", "", "", true},
                                         WildcardCase{"empty_pattern_of_something", "", "x", false},
                                         WildcardCase{"star_of_nothing", "*", "", true}),
                         [](const auto& each) { return each.param.name; });

// A hostile pattern must not take long.
TEST(Wildcards, TakeLinearTimeAtMostForEachStar) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  EXPECT_FALSE(matches_wildcard(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace gatehouse

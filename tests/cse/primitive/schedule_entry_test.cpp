// m2m:scheduleEntry. Source: TS-0004 clause 7.4.9.1, table 7.4.9.1-4.
#include "cse/primitive/schedule_entry.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(any_entry_covers({GetParam().entry}, kFriday), GetParam().covers);
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

TEST(ScheduleEntries, OneOfThemIsEnough) {
  EXPECT_TRUE(any_entry_covers({"* * 9 * * * *", "nonsense", "* * 8 * * * *"}, kFriday));
  EXPECT_FALSE(any_entry_covers({"* * 9 * * * *", "* * 10 * * * *"}, kFriday));
  EXPECT_FALSE(any_entry_covers({}, kFriday));
}

struct RefusedCase {
  std::string name, entry, text;
};
class ScheduleRefused : public testing::TestWithParam<RefusedCase> {};

TEST_P(ScheduleRefused, NamesTheField) {
  const auto parsed = ScheduleEntry::parse(GetParam().entry);

  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().rsc, Rsc::kBadRequest);
  EXPECT_TRUE(parsed.error().detail.starts_with(GetParam().text)) << parsed.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    Fields, ScheduleRefused,
    testing::Values(RefusedCase{"empty", "", "must have seven fields (second minute hour"},
                    RefusedCase{"six", "* * * * * *", "must have seven fields (second minute hour"},
                    RefusedCase{"eight", "* * * * * * * *", "must have seven fields, not more"},
                    RefusedCase{"second", "60 * * * * * *", "second \"60\": must be"},
                    RefusedCase{"minute", "* 60 * * * * *", "minute \"60\": must be"},
                    RefusedCase{"hour", "* * 24 * * * *", "hour \"24\": must be"},
                    RefusedCase{"day_low", "* * * 0 * * *", "day of the month \"0\": must be"},
                    RefusedCase{"day_high", "* * * 32 * * *", "day of the month \"32\": must be"},
                    RefusedCase{"month_low", "* * * * 0 * *", "month \"0\": must be"},
                    RefusedCase{"month_high", "* * * * 13 * *", "month \"13\": must be"},
                    RefusedCase{"weekday", "* * * * * 7 *", "day of the week \"7\": must be"},
                    RefusedCase{"year_low", "* * * * * * 1999", "year \"1999\": must be"},
                    RefusedCase{"year_high", "* * * * * * 10000", "year \"10000\": must be"},
                    RefusedCase{"backwards", "* * 17-8 * * * *", "hour \"17-8\": must be"},
                    RefusedCase{"half_a_list", "1,,2 * * * * * *", "second \"1,,2\": must be"},
                    RefusedCase{"list_ends", "1, * * * * * *", "second \"1,\": must be"},
                    RefusedCase{"step_of_a_number", "5/2 * * * * * *", "second \"5/2\": must be"},
                    RefusedCase{"step_0", "*/0 * * * * * *", "second \"*/0\": must be"},
                    RefusedCase{"sign", "+5 * * * * * *", "second \"+5\": must be"}),
    [](const auto& each) { return each.param.name; });

struct NextCase {
  std::string name, entry, from, expected;  ///< expected empty: never
};
class ScheduleNext : public testing::TestWithParam<NextCase> {};

TEST_P(ScheduleNext, IsTheFirstCoveredSecond) {
  const auto entry = ScheduleEntry::parse(GetParam().entry);
  ASSERT_TRUE(entry);

  const auto next = entry->next_covered(*parse_timestamp(GetParam().from));

  EXPECT_EQ(next, parse_timestamp(GetParam().expected));
  EXPECT_TRUE(!next || entry->covers(*next));
}
INSTANTIATE_TEST_SUITE_P(
    Moments, ScheduleNext,
    testing::Values(
        NextCase{"now", "* * * * * * *", "20270115T083005,5", "20270115T083005,5"},
        NextCase{"next_second", "6 * * * * * *", "20270115T083005,5", "20270115T083006"},
        NextCase{"next_minute", "0 * * * * * *", "20270115T083005", "20270115T083100"},
        NextCase{"next_hour", "* * 9 * * * *", "20270115T083005", "20270115T090000"},
        NextCase{"tomorrow", "* * 8 * * * *", "20270115T090000", "20270116T080000"},
        NextCase{"next_month", "0 0 0 1 * * *", "20270131T120000", "20270201T000000"},
        NextCase{"next_year", "* * * 1 1 * *", "20270115T120000", "20280101T000000"},
        NextCase{"leap_day", "* * * 29 2 * *", "20270115T120000", "20280229T000000"},
        NextCase{"leap_day_on_a_sunday", "* * * 29 2 0 *", "20270115T120000", "20320229T000000"},
        NextCase{"a_year_to_come", "* * * * * * 2100", "20270115T120000", "21000101T000000"},
        NextCase{"a_year_that_is_over", "* * * * * * 2026", "20270115T120000", ""},
        NextCase{"no_such_day", "* * * 31 2 * *", "20270115T120000", ""}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace gatehouse

#include "cse/primitive/timestamp.h"

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t kNoon = 1'795'262'400'000'000;  // 2026-11-21T12:00:00Z

struct TextCase {
  std::string name;
  std::string text;
  std::optional<std::int64_t> microseconds;
};
std::string name_of_case(const testing::TestParamInfo<TextCase>& info) { return info.param.name; }

// TS-0004 clause 6.3.3 (m2m:timestamp)
class TimestampText : public testing::TestWithParam<TextCase> {};
TEST_P(TimestampText, IsReadOnlyInTheExactForm) {
  const std::optional<Timestamp> time = parse_timestamp(GetParam().text);

  EXPECT_EQ(time ? std::optional(time->microseconds) : std::nullopt, GetParam().microseconds);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, TimestampText,
    testing::Values(TextCase{"seconds", "20261121T120000", kNoon},
                    TextCase{"one_digit", "20261121T120000,5", kNoon + 500'000},
                    TextCase{"six_digits", "20261121T120000,000001", kNoon + 1},
                    TextCase{"epoch", "19700101T000000", 0},
                    TextCase{"before_epoch", "19691231T235959,999999", -1},
                    TextCase{"leap_day", "20240229T000000", 1'709'164'800'000'000},
                    TextCase{"no_leap_day", "20230229T000000", std::nullopt},
                    TextCase{"century_no_leap_day", "21000229T000000", std::nullopt},
                    TextCase{"month_13", "20261321T120000", std::nullopt},
                    TextCase{"day_0", "20261100T120000", std::nullopt},
                    TextCase{"hour_24", "20261121T240000", std::nullopt},
                    TextCase{"second_60", "20261121T120060", std::nullopt},
                    TextCase{"zone", "20261121T120000Z", std::nullopt},
                    TextCase{"dot", "20261121T120000.5", std::nullopt},
                    TextCase{"comma_only", "20261121T120000,", std::nullopt},
                    TextCase{"seven_digits", "20261121T120000,1234567", std::nullopt},
                    TextCase{"sign", "20261121T12-100", std::nullopt},
                    TextCase{"dashes", "2026-11-21T12:00:00", std::nullopt},
                    TextCase{"short", "20261121T1200", std::nullopt},
                    TextCase{"blank", " 20261121T120000", std::nullopt},
                    TextCase{"empty", "", std::nullopt}),
    name_of_case);

TEST(Timestamp, TextsSortAsTheTimesDo) {
  EXPECT_EQ(to_text(Timestamp{kNoon + 7}), "20261121T120000,000007");
  EXPECT_LT(to_text(Timestamp{kNoon}), to_text(Timestamp{kNoon + 1}));
  EXPECT_LT(to_text(Timestamp{kNoon}), to_text(Timestamp{kNoon} + std::chrono::hours(13)));
}

TEST(Timestamp, ItsTextReadsBackTheSame) {
  for (std::int64_t time = -kNoon; time < 2 * kNoon; time += kNoon / 97 + 12'345) {
    const std::optional<Timestamp> back = parse_timestamp(to_text(Timestamp{time}));

    ASSERT_TRUE(back) << time;
    ASSERT_EQ(back->microseconds, time);
  }
}

// TS-0004 clause 6.3.3 (m2m:absRelTimestamp)
class AbsRelTimestamp : public testing::TestWithParam<TextCase> {};
TEST_P(AbsRelTimestamp, IsATimeOrMillisecondsFromReception) {
  const auto time = parse_abs_rel_timestamp(GetParam().text, Timestamp{1'000'000});

  EXPECT_EQ(time ? std::optional(time->microseconds) : std::nullopt, GetParam().microseconds);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, AbsRelTimestamp,
    testing::Values(TextCase{"absolute", "20261121T120000", kNoon},
                    TextCase{"later", "500", 1'500'000}, TextCase{"plus", "+500", 1'500'000},
                    TextCase{"earlier", "-500", 500'000}, TextCase{"zero", "0", 1'000'000},
                    TextCase{"plus_minus", "+-500", std::nullopt},
                    TextCase{"plus_alone", "+", std::nullopt},
                    TextCase{"fraction", "1.5", std::nullopt},
                    TextCase{"too_far", "99999999999999999", std::nullopt},
                    TextCase{"beyond_64_bits", "99999999999999999999", std::nullopt},
                    TextCase{"duration", "PT2S", 3'000'000}, TextCase{"duration_back", "-PT1S", 0},
                    TextCase{"unit", "5s", std::nullopt}, TextCase{"empty", "", std::nullopt}),
    name_of_case);

// XML Schema Part 2 clause 3.2.6 (duration), less years and months
class Duration : public testing::TestWithParam<TextCase> {};
TEST_P(Duration, IsReadIfItsLengthIsFixed) {
  const auto duration = parse_duration(GetParam().text);

  EXPECT_EQ(duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt,
            GetParam().microseconds);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, Duration,
    testing::Values(
        TextCase{"seconds", "PT10S", 10'000'000}, TextCase{"fraction", "PT0.25S", 250'000},
        TextCase{"all", "P1DT2H3M4S", 93'784'000'000}, TextCase{"weeks", "P2W", 1'209'600'000'000},
        TextCase{"negative", "-PT1M", -60'000'000}, TextCase{"zero", "PT0S", 0},
        TextCase{"year", "P1Y", std::nullopt}, TextCase{"month", "P1M", std::nullopt},
        TextCase{"nothing", "P", std::nullopt}, TextCase{"no_time", "PT", std::nullopt},
        TextCase{"open_end", "P1DT", std::nullopt}, TextCase{"no_unit", "PT10", std::nullopt},
        TextCase{"hours_before_t", "P1H", std::nullopt},
        TextCase{"wrong_order", "PT1S1H", std::nullopt}, TextCase{"twice", "PT1S1S", std::nullopt},
        TextCase{"t_as_unit", "P1T1S", std::nullopt}, TextCase{"t_twice", "PTT1S", std::nullopt},
        TextCase{"fraction_of_hours", "PT1.5H", std::nullopt},
        TextCase{"no_digit", "PT.5S", std::nullopt},
        TextCase{"no_digit_behind", "PT1.S", std::nullopt},
        TextCase{"inner_minus", "PT-1S", std::nullopt},
        TextCase{"not_a_number", "PTnanS", std::nullopt},
        TextCase{"infinite", "PTinfS", std::nullopt},
        TextCase{"too_long", "PT99999999999999999999S", std::nullopt},
        TextCase{"bare_number", "10", std::nullopt}, TextCase{"empty", "", std::nullopt}),
    name_of_case);

}  // namespace
}  // namespace gatehouse

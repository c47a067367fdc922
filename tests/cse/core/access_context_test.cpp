// Addresses of access control rules. Source: TS-0004 clause 6.3.5.
#include <gtest/gtest.h>

#include "cse/core/access_rule.h"

namespace gatehouse {
namespace {

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
  EXPECT_EQ(matches_identifier(GetParam().pattern, GetParam().text), GetParam().matches);
}

TEST(WildcardsElsewhere, OfFiltersPassSlashes) {
  EXPECT_TRUE(matches_wildcard("a*c", "a/b/c"));
  EXPECT_FALSE(matches_identifier("a*c", "a/b/c"));
}
INSTANTIATE_TEST_SUITE_P(
    Patterns, Wildcards,
    testing::Values(
        WildcardCase{"same", "CAE1", "CAE1", true}, WildcardCase{"longer", "CAE1", "CAE12", false},
        WildcardCase{"shorter", "CAE12", "CAE1", false},
        WildcardCase{"tail", "CAE*", "CAE12", true},
        WildcardCase{"empty_tail", "CAE*", "CAE", true}, WildcardCase{"head", "*1", "CAE1", true},
        WildcardCase{"middle", "C*1", "CAE1", true},
        WildcardCase{"middle_twice", "C*E*1", "CAEE21", true},
        WildcardCase{"back_and_forth", "*ab*ab", "abxabab", true},
        WildcardCase{"missing_end", "*ab*ac", "abxabab", false},
        WildcardCase{"empty_pattern", "", "", true},
        WildcardCase{"empty_pattern_of_something", "", "x", false},
        WildcardCase{"star_of_nothing", "*", "", true},
        WildcardCase{"star_stops_at_a_slash", "/id*", "/id-mn/C1", false},
        WildcardCase{"star_in_each_part", "/id*/C*", "/id-mn/C1", true},
        WildcardCase{"star_for_a_part", "//*/id-mn/C1", "//sp.example/id-mn/C1", true},
        WildcardCase{"star_for_no_two_parts", "//*/C1", "//sp.example/id-mn/C1", false}),
    [](const auto& each) { return each.param.name; });

struct LocationCase {
  std::string name, text;
  bool good;
};
class NetworkLocations : public testing::TestWithParam<LocationCase> {};

TEST_P(NetworkLocations, AreReadOrRefused) {
  EXPECT_EQ(parse_network_location(GetParam().text).has_value(), GetParam().good);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, NetworkLocations,
    testing::Values(LocationCase{"country", "10.0.0.0/8 DE", true},
                    LocationCase{"position", "10.0.0.0/8 DE 52.52 13.41", true},
                    LocationCase{"no_country", "2001:db8::/32 - -33.9 151.2", true},
                    LocationCase{"network_only", "10.0.0.0/8", false},
                    LocationCase{"no_network", "ten DE", false},
                    LocationCase{"too_many_bits", "10.0.0.0/33 DE", false},
                    LocationCase{"long_country", "10.0.0.0/8 DEU", false},
                    LocationCase{"half_a_position", "10.0.0.0/8 DE 52.52", false},
                    LocationCase{"beyond_the_pole", "10.0.0.0/8 DE 90.1 0", false},
                    LocationCase{"beyond_the_date_line", "10.0.0.0/8 DE 0 180.1", false},
                    LocationCase{"too_much", "10.0.0.0/8 DE 52.52 13.41 7", false},
                    LocationCase{"empty", "", false}),
    [](const auto& each) { return each.param.name; });

TEST(Distance, IsThatOfTheGreatCircle) {
  EXPECT_DOUBLE_EQ(distance_metres(52.52, 13.41, 52.52, 13.41), 0);
  EXPECT_NEAR(distance_metres(52.52, 13.405, 48.8566, 2.3522), 877'500, 1'000);  // Berlin, Paris
  EXPECT_NEAR(distance_metres(0, 179.5, 0, -179.5), 111'195, 100);  // across the date line
}

// A hostile pattern must not take long.
TEST(WildcardsElsewhere, TakeLinearTimeAtMostForEachStar) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  EXPECT_FALSE(matches_wildcard(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace gatehouse

#include "cse/primitive/identifiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse {
namespace {

using testing::HasSubstr;
using Scope = Address::Scope;

struct AddressCase {
  std::string name;
  std::string text;
  Scope scope;
  std::string sp_id;
  std::string cse_id;
  std::vector<std::string> segments;
};
class AddressText : public testing::TestWithParam<AddressCase> {};

// TS-0001 clause 7.2, TS-0004 clause 6.2.3
TEST_P(AddressText, FallsIntoItsParts) {
  const Result<Address> address = parse_address(GetParam().text);

  ASSERT_TRUE(address) << address.error().detail;
  EXPECT_EQ(address->scope, GetParam().scope);
  EXPECT_EQ(address->sp_id, GetParam().sp_id);
  EXPECT_EQ(address->cse_id, GetParam().cse_id);
  EXPECT_EQ(address->segments, GetParam().segments);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, AddressText,
    testing::Values(
        AddressCase{"unstructured", "cnt2Hs8f", Scope::kCseRelative, "", "", {"cnt2Hs8f"}},
        AddressCase{
            "structured", "cse-in/ae/cnt", Scope::kCseRelative, "", "", {"cse-in", "ae", "cnt"}},
        AddressCase{"dash", "-/ae", Scope::kCseRelative, "", "", {"-", "ae"}},
        AddressCase{"hybrid", "cnt2Hs8f/la", Scope::kCseRelative, "", "", {"cnt2Hs8f", "la"}},
        AddressCase{
            "sp_relative", "/id-mn/cse-mn/ae", Scope::kSpRelative, "", "/id-mn", {"cse-mn", "ae"}},
        AddressCase{
            "sp_relative_unstructured", "/id-mn/cnt1", Scope::kSpRelative, "", "/id-mn", {"cnt1"}},
        AddressCase{"cse_alone", "/id-mn", Scope::kSpRelative, "", "/id-mn", {}},
        AddressCase{"absolute",
                    "//sp.example/id-mn/-/a",
                    Scope::kAbsolute,
                    "//sp.example",
                    "/id-mn",
                    {"-", "a"}},
        AddressCase{"absolute_cse_alone",
                    "//sp.example/id-mn",
                    Scope::kAbsolute,
                    "//sp.example",
                    "/id-mn",
                    {}}),
    [](const auto& each) { return each.param.name; });

struct RefusalCase {
  std::string name;
  std::string text;
  std::string reason;
};
class AddressRefusal : public testing::TestWithParam<RefusalCase> {};

TEST_P(AddressRefusal, SaysWhatIsWrong) {
  const Result<Address> address = parse_address(GetParam().text);

  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().rsc, Rsc::kBadRequest);
  EXPECT_THAT(address.error().detail, HasSubstr(GetParam().reason));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, AddressRefusal,
    testing::Values(RefusalCase{"empty", "", "empty"},
                    RefusalCase{"too_long", std::string(1025, 'a'), "longer than 1024"},
                    RefusalCase{"empty_segment", "cse-in//cnt", "part of the path"},
                    RefusalCase{"trailing_slash", "cse-in/", "ends with"},
                    RefusalCase{"trailing_slash_behind_cse", "/id-mn/", "ends with"},
                    RefusalCase{"slash", "/", "ends with"},
                    RefusalCase{"no_sp", "///id-mn/a", "M2M-SP-ID"},
                    RefusalCase{"no_cse", "//sp.example", "CSE-ID"},
                    RefusalCase{"blank", "cse-in/a b", "character"},
                    RefusalCase{"percent", "cse-in/%41", "character"},
                    RefusalCase{"hash", "cse-in/a#lbl", "character"},
                    RefusalCase{"nul", std::string("a\0b", 3), "character"},
                    RefusalCase{"umlaut", "cse-in/t\xC3\xBCr", "character"}),
    [](const auto& each) { return each.param.name; });

TEST(AddressText, MayHave1024Bytes) { EXPECT_TRUE(parse_address(std::string(1024, 'a'))); }

// TS-0004 clause 6.3.3 (m2m:resourceName)
TEST(ResourceName, StartsWithALetterOrDigit) {
  EXPECT_TRUE(is_resource_name("a"));
  EXPECT_TRUE(is_resource_name("9-b_c.d"));
  EXPECT_FALSE(is_resource_name("-a"));
  EXPECT_FALSE(is_resource_name(".."));
  EXPECT_FALSE(is_resource_name("a/b"));
  EXPECT_FALSE(is_resource_name("a b"));
  EXPECT_FALSE(is_resource_name(""));
}

// TS-0001 clause 7.2 (CSE-ID, AE-ID-Stem)
TEST(CseId, IsSpRelativeOrAbsolute) {
  EXPECT_TRUE(is_cse_id("/id-mn"));
  EXPECT_TRUE(is_cse_id("//sp.example/id-mn"));
  EXPECT_FALSE(is_cse_id("id-mn"));
  EXPECT_FALSE(is_cse_id("/"));
  EXPECT_FALSE(is_cse_id("/id-mn/x"));
  EXPECT_FALSE(is_cse_id("//sp.example"));
  EXPECT_FALSE(is_cse_id("///id-mn"));
  EXPECT_FALSE(is_cse_id(""));
}

TEST(AeIdStem, StartsWithCOrS) {
  EXPECT_TRUE(is_ae_id_stem("CAE1"));
  EXPECT_TRUE(is_ae_id_stem("Sxyz"));
  EXPECT_TRUE(is_ae_id_stem("C"));
  EXPECT_FALSE(is_ae_id_stem("cAE1"));
  EXPECT_FALSE(is_ae_id_stem("/id-mn/CAE1"));
  EXPECT_FALSE(is_ae_id_stem(""));
}

}  // namespace
}  // namespace gatehouse

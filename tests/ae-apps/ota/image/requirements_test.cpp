#include "ae-apps/ota/image/requirements.h"

#include <gtest/gtest.h>

namespace gatehouse::image {
namespace {

TEST(Requirements, VersionsAreComparedAsSemanticOnes) {
  const struct {
    const char *version, *least;
    bool enough;
  } rows[] = {{"1.10.0", "1.9", true},
              {"1.9.0", "1.10", false},
              {"1.4.0", "1.4.0", true},
              {"1.4.0-rc.1", "1.4.0", false},
              {"1.4.0", "1.4.0-rc.1", true},
              {"1.4.0-rc.10", "1.4.0-rc.9", true},
              {"1.4.0-rc.1", "1.4.0-rc.1.1", false},
              {"1.4.0-1", "1.4.0-alpha", false},
              {"1.4.0+build.1", "1.4.0+build.2", true},
              {"99999999999999999999999.0.0", "2", true},
              {"2", "99999999999999999999999", false},
              {"unknown", "0", false},
              {"none", "0.0.0", false},
              {"", "0", false}};
  for (const auto& row : rows) {
    EXPECT_EQ(is_at_least(row.version, row.least), row.enough) << row.version << " " << row.least;
  }
}

TEST(Requirements, OnlyWhatIsUnderstoodIsSigned) {
  EXPECT_TRUE(check_requirements({"BRAKE-0001>=1.4", "brake-2 >= 1.4.0-rc.1", "release=R-1/2"}));
  for (const char* each :
       {"x", "gateway", "gateway>1.2", "gateway<=1.2", "gateway=1.2", "gateway>=", ">=1.2",
        "gateway>=new", "gateway>=1.2.3.4", "gateway>=1..2", "gateway>=1.", "a b>=1", "release=R-1",
        "release=R-1/0", "release=/2", "release=R-1/2x", "release>1"}) {
    const auto checked = check_requirements({"a>=1", each});
    ASSERT_FALSE(checked) << each;
    EXPECT_TRUE(checked.error().detail.starts_with("requires: \"" + std::string(each) + "\" must"));
  }
  EXPECT_FALSE(check_requirements({"release=a/2", "release=b/2"}));
}

TEST(Requirements, HoldForEachEcuThatTheyName) {
  const std::vector<Neighbour> vehicle = {{"GW-1", "gateway-3", "1.2.0"},
                                          {"BRK-1", "brake-2", "1.0.0"},
                                          {"BRK-2", "brake-2", "1.1.0"},
                                          {"LMP-1", "lamp-1", "unknown"}};
  const auto why = [&](const char* each) {
    const auto found = unmet({"release=R-1/2", each}, vehicle);
    return found ? (found->unknown ? "? " : "") + found->reason : std::string();
  };
  EXPECT_EQ(why("GW-1>=1.2"), "");
  EXPECT_EQ(why("gateway-3>=1.2"), "");
  EXPECT_EQ(why("GW-1>=1.3"), "the image requires GW-1>=1.3; GW-1 would run 1.2.0");
  EXPECT_EQ(why("brake-2>=1.1"), "the image requires brake-2>=1.1; BRK-1 would run 1.0.0");
  EXPECT_EQ(why("brake-2>=1.0"), "");
  EXPECT_EQ(why("LMP-1>=1.0"), "? the image requires LMP-1>=1.0; it is not known what LMP-1 runs");
  EXPECT_EQ(why("X-9>=1"), "the image requires X-9>=1, and no such ECU is in the vehicle");
  EXPECT_EQ(why("GW-1<2"), "the image requires \"GW-1<2\", which is not understood");
  // What cannot be met wins over what is merely not known.
  EXPECT_FALSE(unmet({"LMP-1>=1.0", "GW-1>=9"}, vehicle)->unknown);
}

}  // namespace
}  // namespace gatehouse::image

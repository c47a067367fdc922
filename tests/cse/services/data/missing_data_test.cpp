#include "cse/services/data/missing_data.h"

#include <gmock/gmock.h>

namespace gatehouse {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kStart = 1'700'000'000'000'000;

Timestamp at(double second) { return {kStart + static_cast<std::int64_t>(second * 1'000'000)}; }

/// Period 10 s, tolerance 4 s, timer 6 s.
constexpr DetectionSettings kSettings{seconds(10), seconds(4), seconds(6)};

MissingDataDetector started() {
  MissingDataDetector detector(kSettings, {});
  detector.arrived(at(0), at(0));
  return detector;
}

struct PointCase {
  std::string name;
  double generated, received;
  bool in_time;
};
class DataPoint : public testing::TestWithParam<PointCase> {};

// TS-0001 clause 10.2.4.28: the first point is expected at 10 s, and missing at 16 s.
TEST_P(DataPoint, IsMissingUnlessAnInstanceOfItsWindowComes) {
  MissingDataDetector detector = started();
  detector.decide(at(GetParam().received));
  detector.arrived(at(GetParam().generated), at(GetParam().received));

  const auto missing = detector.decide(at(16));

  EXPECT_EQ(missing.empty(), GetParam().in_time);
}
INSTANTIATE_TEST_SUITE_P(Windows, DataPoint,
                         testing::Values(PointCase{"exact", 10, 10, true},
                                         PointCase{"end_of_the_window", 14, 14, true},
                                         PointCase{"behind_the_window", 14.1, 14.1, false},
                                         PointCase{"begin_of_the_window", 6, 10, false},
                                         PointCase{"in_the_window", 6.1, 10, true},
                                         PointCase{"last_moment", 10, 15.9, true},
                                         PointCase{"from_the_future", 14, 9.9, false},
                                         PointCase{"of_the_next_point", 20, 15.9, false},
                                         PointCase{"of_the_past", 0, 10, false}),
                         [](const auto& c) { return c.param.name; });

TEST(MissingData, WaitsForNothingBeforeTheFirstInstance) {
  MissingDataDetector detector(kSettings, {});

  EXPECT_FALSE(detector.deadline());
  EXPECT_THAT(detector.decide(at(1000)), IsEmpty());
  EXPECT_TRUE(detector.to_value().is_null());
}

TEST(MissingData, BeginsWithNoInstanceOfLongAgo) {
  MissingDataDetector detector(kSettings, {});

  detector.arrived(at(-1000), at(0));

  EXPECT_FALSE(detector.deadline());
}

TEST(MissingData, NamesEachMissingPointOnce) {
  MissingDataDetector detector = started();

  EXPECT_THAT(detector.decide(at(15.9)), IsEmpty());
  EXPECT_THAT(detector.decide(at(26)), ElementsAre(at(10), at(20)));
  EXPECT_THAT(detector.decide(at(26)), IsEmpty());
  EXPECT_EQ(detector.deadline(), at(36));
}

TEST(MissingData, GoesOnToTheNextPointWhenOneHasCome) {
  MissingDataDetector detector = started();
  detector.arrived(at(10), at(10));

  EXPECT_THAT(detector.decide(at(10)), IsEmpty());
  EXPECT_EQ(detector.deadline(), at(26));
}

TEST(MissingData, RemembersPointsThatOvertakeAMissingOne) {
  const DetectionSettings patient{seconds(10), seconds(4), seconds(25)};
  MissingDataDetector detector(patient, {});
  detector.arrived(at(0), at(0));
  detector.arrived(at(20), at(20));

  EXPECT_THAT(detector.decide(at(35)), ElementsAre(at(10)));
  EXPECT_EQ(detector.deadline(), at(55)) << "20 has come, 30 is waited for";
}

TEST(MissingData, IsTheSameAfterARestart) {
  const DetectionSettings patient{seconds(10), seconds(4), seconds(25)};
  MissingDataDetector before(patient, {});
  before.arrived(at(0), at(0));
  before.arrived(at(20), at(20));

  MissingDataDetector after(patient, before.to_value());

  EXPECT_THAT(after.decide(at(35)), ElementsAre(at(10)));
  EXPECT_EQ(after.deadline(), at(55));
}

TEST(MissingData, IsBoundedAfterALongPause) {
  MissingDataDetector detector = started();

  const auto missing = detector.decide(at(10e9));

  ASSERT_LE(missing.size(), std::size_t{MissingDataDetector::kMaxAtOnce} + 1);
  EXPECT_GT(missing.back(), at(10e9 - 20));
}

}  // namespace
}  // namespace gatehouse

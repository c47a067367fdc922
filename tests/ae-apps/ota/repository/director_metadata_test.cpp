#include "ae-apps/ota/repository/director_metadata.h"

#include "tests/ae-apps/ota/repository/desk_fixture.h"

namespace gatehouse::uptane {
namespace {

std::vector<std::string> names(const std::vector<EcuOrder>& orders) {
  std::vector<std::string> out;
  for (const EcuOrder& order : orders) out.push_back(order.serial + " " + order.target);
  return out;
}

class DirectorMetadata : public DeskTest {
 protected:
  std::vector<EcuOrder> orders(const std::string& gateway_runs, const std::string& brake_runs) {
    VehicleManifest manifest{"VIN-1", "GW-1", {}};
    manifest.reports["GW-1"] = report_of("GW-1", gateway_runs);
    manifest.reports["BR-1"] = report_of("BR-1", brake_runs);
    return orders_for(manifest, ecus_, described());
  }
};

// Uptane standard 2.1 section 5.3.2.1.
TEST_F(DirectorMetadata, OrdersTheNewestImageForTheHardware) {
  create();
  release(1);
  release(3);
  release(2);

  using Names = std::vector<std::string>;
  EXPECT_EQ(names(orders("gateway/1", "brake/2")), (Names{"GW-1 gateway/3", "BR-1 brake/3"}));
  EXPECT_EQ(names(orders("gateway/3", "")), (Names{"GW-1 gateway/3", "BR-1 brake/3"}))
      << "what runs already is part of the state wanted";
}

TEST_F(DirectorMetadata, OrdersNothingForAnEcuThatDidNotReport) {
  create();
  release(1);
  VehicleManifest manifest{"VIN-1", "GW-1", {}};
  manifest.reports["GW-1"] = report_of("GW-1", "");

  EXPECT_EQ(names(orders_for(manifest, ecus_, described())),
            (std::vector<std::string>{"GW-1 gateway/1"}));
}

TEST_F(DirectorMetadata, NeverOrdersAnOlderImage) {
  create();
  release(1);
  release(2);
  auto content = images_.draft("targets", now_);
  ASSERT_TRUE(content);
  const EcuReport runs_two = report_of("BR-1", "brake/2");
  // The Image repository still tells of release 2, but for other hardware only.
  TargetSpec moved{"brake/2", runs_two.length, runs_two.hashes, {"other-hw"}, 2, {}, {}};
  set_target(*content, moved);
  ASSERT_TRUE(images_.stage("targets", *content));
  sign("targets", {&targets_[0], &targets_[1]});
  publish();
  VehicleManifest manifest{"VIN-1", "GW-1", {}};
  manifest.reports["BR-1"] = runs_two;

  EXPECT_TRUE(orders_for(manifest, ecus_, described()).empty());
}

TEST_F(DirectorMetadata, RefusesTwoImagesForOneEcu) {
  create();
  release(1);
  auto all = orders("", "");
  all.push_back(all.front());

  EXPECT_FALSE(make_director_files({"VIN-1", 1, now_, std::chrono::hours(1), all},
                                   {director_targets_, snapshot_, timestamp_}));
}

TEST_F(DirectorMetadata, AnOlderIssueIsRefused) {
  create();
  release(1);
  issue_ = 6;
  direct("", "");
  ASSERT_EQ(verify(), "accepted") << said_;
  issue_ = 3;
  direct("gateway/1", "brake/1");

  EXPECT_EQ(verify(), "rollback") << said_;
}

TEST_F(DirectorMetadata, AnEmptyIssueSaysThatThereIsNothingToDo) {
  create();
  release(1);
  write_director({"VIN-1", 1, now_, std::chrono::hours(1), {}});
  EXPECT_EQ(verify(), "accepted") << said_;
  write_director({"VIN-2", 2, now_, std::chrono::hours(1), {}});

  EXPECT_EQ(verify(), "wrong-vehicle") << "of another vehicle, as a replay would be";
}

}  // namespace
}  // namespace gatehouse::uptane

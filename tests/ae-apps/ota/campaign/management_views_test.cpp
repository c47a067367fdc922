// ECUs as [flexNode] and campaigns as [software]: what is shown, what an UPDATE of them does.
#include "ae-apps/ota/campaign/management_views.h"

#include <gmock/gmock.h>

#include "tests/ae-apps/ota/campaign/fake_updates.h"

namespace gatehouse::campaign {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Kind = Standing::Kind;

constexpr const char* kAda = "CAda";
constexpr const char* kBob = "CBob";

/// Vehicles "/v0" and "/v1"; the first has two brakes, "B0" and "BB", and a lamp "L0".
class ViewsTest : public testing::Test {
 protected:
  ViewsTest() {
    auto& fleet = manager_.fleet();
    const auto first = fleet.add("/v0"), second = fleet.add("/v1");
    fleet.add_ecu(first, "B0", "brake-2");
    fleet.add_ecu(first, "BB", "brake-2");
    fleet.add_ecu(first, "L0", "lamp-1");
    fleet.add_ecu(second, "B1", "brake-2");
    for (const char* each : {"B0", "BB", "L0", "B1"}) updates_.ecus[each] = {};
    updates_.images[kBrake].url = url();
    manager_.show_ecus();
  }
  static std::string url(const std::string& image = kBrake) { return "https://ota/" + image; }
  Verdict order(const Value& requested, const std::string& serial = "B0") {
    now_ = now_ + std::chrono::seconds(1);
    return manager_.take_order(serial, requested, kAda, now_);
  }
  Verdict good_order(const std::string& serial = "B0") {
    return order(Value::object({{"url", url()}, {"versn", "1.1.0"}}), serial);
  }
  Verdict software(const char* attribute, const std::string& by,
                   const std::string& name = "update-B0-1") {
    now_ = now_ + std::chrono::seconds(1);
    return manager_.take_software(name, Value::object({{attribute, true}}), by, now_);
  }
  /// The last one of each path, of all that is to be written.
  std::map<std::string, Value> written(Write::Kind kind) {
    std::map<std::string, Value> out;
    for (;;) {
      const auto some = manager_.take_writes(100, now_);
      if (some.empty()) return out;
      for (const Write& each : some) {
        if (each.kind == kind) out[each.path] = each.content;
      }
    }
  }
  Value status_of(const std::string& name = "update-B0-1") {
    return software_status(*manager_.find(name));
  }

  Timestamp now_ = *parse_timestamp("20300101T120000");
  FakeUpdates updates_;
  Manager manager_{updates_};
};

TEST_F(ViewsTest, EveryEcuIsShownOnceAndAgainWhenItChanges) {
  auto shown = written(Write::Kind::kEcu);
  ASSERT_EQ(shown.size(), 4u);
  const Value firmware = *shown.at("B0").find("firmware");
  EXPECT_EQ(firmware.string_at("priVn"), "1.0.0");
  EXPECT_EQ(firmware.string_at("priNe"), "brake");
  EXPECT_EQ(firmware.string_at("compt"), "brake-2");
  EXPECT_EQ(firmware.integer_at("priSe", -1), 0);
  EXPECT_FALSE(firmware.bool_at("mulFe"));
  EXPECT_EQ(shown.at("B0").string_at("node"), "/v0/cse/ecu-B0");
  EXPECT_TRUE(written(Write::Kind::kEcu).empty());

  EXPECT_EQ(firmware.strings_at("lbl"), std::vector<std::string>{"signed_by:ecu"});

  updates_.ecus["B1"].kind = Kind::kOpen;
  updates_.ecus["B1"].signed_by = "gateway";
  updates_.ecus["L0"].signed_by = "";  // no report was verified yet
  manager_.touched("B1", "1.0.0", now_);
  manager_.touched("L0", "1.0.0", now_);
  shown = written(Write::Kind::kEcu);
  EXPECT_EQ(shown.at("B1").find("firmware")->strings_at("lbl"),
            std::vector<std::string>{"signed_by:gateway"});
  EXPECT_TRUE(shown.at("L0").find("firmware")->find("lbl")->is_null());
  shown.erase("L0");

  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown.at("B1").find("firmware")->integer_at("priSe"), 3);
}

TEST_F(ViewsTest, NothingIsShownUnlessItIsWanted) {
  Manager quiet(updates_);
  quiet.fleet().add_ecu(quiet.fleet().add("/v0"), "B0", "brake-2");
  quiet.touched("B0", "1.0.0", now_);
  EXPECT_TRUE(quiet.take_writes(100, now_).empty());
}

TEST_F(ViewsTest, AnOrderIsACampaignOfThatEcuWhichSomebodyElseApproves) {
  const Verdict verdict = good_order();
  ASSERT_TRUE(verdict.accepted) << verdict.reason;
  EXPECT_EQ(verdict.campaign, "update-B0-1");
  EXPECT_EQ(manager_.find("update-B0-1")->definition().author, kAda);
  EXPECT_EQ(written(Write::Kind::kEcu).at("B0").string_at("campaign"), "update-B0-1");
  manager_.tick(now_);
  EXPECT_TRUE(updates_.told.empty());

  const Verdict own = software("in", kAda);
  EXPECT_FALSE(own.accepted);
  EXPECT_THAT(own.reason, HasSubstr("CAda is its author; somebody else must approve"));
  const Verdict other = software("in", kBob);
  EXPECT_TRUE(other.accepted) << other.reason;
  manager_.tick(now_);

  EXPECT_EQ(updates_.told, std::vector<std::string>{"B0"}) << "not the other brake";
  EXPECT_EQ(status_of().find("ins")->integer_at("sus"), 3);
  updates_.ecus["B0"].kind = Kind::kRuns;
  manager_.touched("B0", "1.1.0", now_);
  manager_.tick(now_);
  EXPECT_EQ(manager_.find("update-B0-1")->state(), State::kFinished);
  EXPECT_EQ(status_of().find("ins")->integer_at("sus"), 1);
  EXPECT_EQ(good_order("BB").campaign, "update-BB-1");
}

TEST_F(ViewsTest, OrdersThatCannotBeCarriedOutAreRefusedWithTheReason) {
  struct Row {
    Value requested;
    const char* reason;
  };
  const Row rows[] = {
      {Value(), "url: must be there"},
      {Value::object({{"url", url()}}), "versn (version): must be there"},
      {Value::object({{"url", 5}, {"versn", "1.1.0"}}), "url: an order is made of"},
      {Value::object({{"url", url()}, {"versn", "1.1.0"}, {"dgt", "20300101T120000"}}), "dgt: "},
      {Value::object({{"url", "https://else/" + kBrake}, {"versn", "1.1.0"}}), "url: is no image"},
      {Value::object({{"url", url(std::string(64, 'd'))}, {"versn", "1"}}), "url: is no image"},
      {Value::object({{"url", std::string(3'000, 'u')}, {"versn", "1"}}), "url: must be there"},
      {Value::object({{"url", url()}, {"versn", "1.2.0"}}), "versn (version): the image at url"},
  };
  for (const Row& row : rows) {
    const Verdict verdict = order(row.requested);
    EXPECT_FALSE(verdict.accepted) << row.reason;
    EXPECT_THAT(verdict.reason, StartsWith(row.reason));
  }
  EXPECT_THAT(good_order("L0").reason, StartsWith("url: is for hardware brake-2, this is lamp-1"));
  EXPECT_THAT(good_order("B9").reason, HasSubstr("no such ECU"));
  updates_.ecus["B0"].kind = Kind::kRuns;
  EXPECT_THAT(good_order().reason, HasSubstr("runs this image already"));
  updates_.ecus["B0"] = {Kind::kObjection, "the release counter is smaller", "2.0.0", ""};
  EXPECT_EQ(good_order().reason, "url: the release counter is smaller");
  updates_.ecus["B0"] = {};
  ASSERT_TRUE(good_order().accepted);
  EXPECT_EQ(good_order().reason, "url: campaign update-B0-1 orders it already");
  updates_.images[kBrake].release = "spring";
  updates_.images[kBrake].release_images = 3;
  EXPECT_THAT(good_order("BB").reason, HasSubstr("1 of the 3 images of release spring"));
  EXPECT_EQ(manager_.names(), std::vector<std::string>{"update-B0-1"});
}

TEST_F(ViewsTest, EachRefusalIsInTheLog) {
  order(Value());
  for (const Write& each : manager_.take_writes(100, now_)) {
    if (each.path != "campaign-log") continue;
    EXPECT_THAT(each.name, StartsWith("order-B0-"));
    EXPECT_EQ(each.content.string_at("by"), kAda);
    EXPECT_THAT(each.content.string_at("reason"), StartsWith("url: "));
    return;
  }
  FAIL() << "nothing was written";
}

TEST_F(ViewsTest, SoftwareShowsACampaignAndTakesThreeWords) {
  ASSERT_TRUE(good_order().accepted);
  const auto drafted = written(Write::Kind::kSoftware);
  const Value facts = *drafted.at("update-B0-1").find("facts");
  EXPECT_EQ(facts.string_at("swn"), "update-B0-1");
  EXPECT_EQ(facts.string_at("vr"), "brake 1.1.0");
  EXPECT_EQ(facts.string_at("url"), url());
  EXPECT_EQ(status_of().find("ins")->integer_at("sus", -1), 0);

  ASSERT_TRUE(software("in", kBob).accepted);
  ASSERT_TRUE(software("dea", kAda).accepted);
  EXPECT_EQ(manager_.find("update-B0-1")->state(), State::kPaused);
  EXPECT_EQ(status_of().find("acts")->string_at("acn"), "dea");
  ASSERT_TRUE(software("act", kAda).accepted);
  EXPECT_EQ(status_of().find("acts")->string_at("acn"), "act");
  EXPECT_THAT(software("un", kBob).reason, StartsWith("un (uninstall): "));
  EXPECT_THAT(software("vr", kBob).reason, StartsWith("vr: "));
  EXPECT_THAT(software("in", kBob).reason, HasSubstr("the campaign is approved"));
  EXPECT_THAT(software("in", kBob, "none").reason, HasSubstr("no such campaign"));
  const Value both = Value::object({{"in", true}, {"dea", true}});
  EXPECT_THAT(manager_.take_software("update-B0-1", both, kBob, now_).reason, HasSubstr("one of"));
  const Value no = Value::object({{"in", false}});
  EXPECT_FALSE(manager_.take_software("update-B0-1", no, kBob, now_).accepted);

  ASSERT_TRUE(
      manager_
          .take_command(Value(R"({"campaign":"update-B0-1","command":"stop"})"), kAda, "c", now_)
          .accepted);
  EXPECT_EQ(status_of().find("ins")->integer_at("sus"), 2) << "stopped before its end";
}

TEST_F(ViewsTest, ADefinitionMayNameEcus) {
  const auto fits = [&](const std::string& ecus) {
    const std::string text =
        R"({"name":"n","images":[")" + kBrake + R"("],"filter":{"ecus":)" + ecus + "}}";
    return manager_.fleet().select(parse_definition(Value(text), kAda)->filter, {"brake-2"});
  };
  EXPECT_EQ(fits(R"(["BB","B1"])").size(), 2u);
  EXPECT_EQ(fits(R"(["B1"])"), std::vector<Fleet::Index>{1});
  EXPECT_TRUE(fits(R"(["L0"])").empty());
  Filter filter;
  filter.ecus = {"L0"};
  EXPECT_EQ(manager_.fleet().objection(0, filter, {"brake-2"}),
            "has none of filter.ecus with the images' hardware");
  const auto in_stage = parse_definition(
      Value(R"({"name":"n","images":[")" + kBrake +
            R"("],"stages":[{"name":"a","filter":{"ecus":["B1"]}},{"name":"b"}]})"),
      kAda);
  ASSERT_FALSE(in_stage);
  EXPECT_THAT(in_stage.error().detail, HasSubstr("stages[0].filter.ecus"));
}

}  // namespace
}  // namespace gatehouse::campaign

#include "cse/services/location/location_policies.h"

#include <gtest/gtest.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
constexpr int kPolicy = type_number::kLocationPolicy;
constexpr const char* kArea = "[[0.0,0.0],[10.0,0.0],[10.0,10.0],[0.0,10.0]]";

class Location : public testing::Test {
 protected:
  Location() : policies_(node_.cse()) { node_.add_ae("CAE1"); }

  Response create(Value attributes) {
    attributes.set("rn", "lcp");
    return node_.create("CAE1", "CAE1", kPolicy, std::move(attributes));
  }
  void report(double longitude, double latitude) {
    const Response made = node_.create(
        "CAE1", "CAE1/places", type_number::kContentInstance,
        Value::object(
            {{"con", Value::object({{"type", "Point"},
                                    {"coordinates", Value::array({longitude, latitude})}})}}));
    ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  }
  /// The newest content, if it is an event; 0 if it is a position.
  std::int64_t newest_event() {
    const Value latest = TestCse::attributes(node_.retrieve("CAE1", "CAE1/places/la"));
    return latest.integer_at("con", 0);
  }
  Value fence(int event, Value period = {}) {
    Value policy =
        Value::object({{"los", 2}, {"lit", 2}, {"lon", "places"}, {"gta", kArea}, {"gec", event}});
    if (!period.is_null()) policy.set("lou", std::move(period));
    return policy;
  }

  TestCse node_;
  LocationPolicies policies_;
};

// TS-0004 clause 7.4.10.2.1: cross-references of the policy and its container
TEST_F(Location, IsKeptInAContainerThatIsMadeAndDeletedWithThePolicy) {
  const Response made = create(Value::object({{"los", 2}, {"lon", "places"}}));

  ASSERT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
  const Value policy = TestCse::attributes(made);
  const ResourcePtr container = node_.find("CAE1/places");
  ASSERT_TRUE(container);
  EXPECT_EQ(policy.string_at("loi"), container->id().text);
  EXPECT_EQ(container->attributes().string_at("li"), policy.string_at("ri"));
  EXPECT_EQ(policy.string_at("lost", "absent"), "");
  EXPECT_EQ(policy.integer_at("lit"), 1);

  EXPECT_EQ(node_.remove("CAE1", "CAE1/lcp").rsc, Rsc::kDeleted);
  EXPECT_FALSE(node_.find("CAE1/places"));
}

TEST_F(Location, GoesWithTheAeThatHasIt) {
  create(Value::object({{"los", 2}, {"lon", "places"}}));

  EXPECT_EQ(node_.remove("CAdmin", "CAE1").rsc, Rsc::kDeleted);

  EXPECT_FALSE(node_.find("CAE1"));
}

struct Refusal {
  const char* name;
  Value attributes;
  Rsc rsc;
  const char* text;
};
class Refusals : public Location, public testing::WithParamInterface<Refusal> {};

TEST_P(Refusals, NameTheAttribute) {
  node_.create("CAE1", "CAE1", type_number::kContainer, Value::object({{"rn", "taken"}}));

  const Response refused = create(GetParam().attributes);

  EXPECT_EQ(refused.rsc, GetParam().rsc);
  EXPECT_NE(TestCse::debug_text(refused).find(GetParam().text), std::string::npos)
      << TestCse::debug_text(refused);
  EXPECT_FALSE(node_.find("CAE1/lcp"));
}

// TS-0001 table 9.6.10-2
INSTANTIATE_TEST_SUITE_P(
    Wrong, Refusals,
    testing::Values(
        Refusal{"no_source", Value::object({{"lou", Value::array({"PT5S"})}}), Rsc::kBadRequest,
                "los"},
        Refusal{"own_name", Value::object({{"los", 2}, {"lon", "lcp"}}), Rsc::kBadRequest, "lon"},
        Refusal{"taken_name", Value::object({{"los", 2}, {"lon", "taken"}}), Rsc::kConflict, "lon"},
        Refusal{"target", Value::object({{"los", 2}, {"lot", "1234"}}), Rsc::kBadRequest, "lot"},
        Refusal{"server", Value::object({{"los", 3}, {"lor", "1234"}}), Rsc::kBadRequest, "lor"},
        Refusal{"authority", Value::object({{"los", 2}, {"aid", "1234"}}), Rsc::kBadRequest, "aid"},
        Refusal{"last_known", Value::object({{"los", 2}, {"rlkl", true}}), Rsc::kBadRequest,
                "rlkl"},
        Refusal{"event", Value::object({{"los", 2}, {"luec", 0}}), Rsc::kBadRequest, "luec"},
        Refusal{"no_server", Value::object({{"los", 1}, {"lot", "1"}}), Rsc::kBadRequest, "lor"},
        Refusal{"area", Value::object({{"los", 2}, {"gta", "wrong"}}), Rsc::kBadRequest, "gta"},
        Refusal{"zero_and_more",
                Value::object({{"los", 2}, {"lou", Value::array({"PT0S", "PT5S"})}}),
                Rsc::kBadRequest, "lou"}),
    [](const auto& test) { return test.param.name; });

struct Walk {
  const char* name;
  int criterion;
  std::vector<std::int64_t> events;  ///< after in, in, out, out, in
};
class Walks : public Location, public testing::WithParamInterface<Walk> {};

// TS-0001 figure 9.6.10-1
TEST_P(Walks, GiveTheEventThatThePolicyWaitsFor) {
  ASSERT_EQ(create(fence(GetParam().criterion)).rsc, Rsc::kCreated);
  std::vector<std::int64_t> events;

  for (const bool inside : {true, true, false, false, true}) {
    report(inside ? 5.0 : 50.0, 5.0);
    events.push_back(newest_event());
  }

  EXPECT_EQ(events, GetParam().events);
}

INSTANTIATE_TEST_SUITE_P(Criteria, Walks,
                         testing::Values(Walk{"entering", 1, {0, 0, 0, 0, 1}},
                                         Walk{"leaving", 2, {0, 0, 2, 0, 0}},
                                         Walk{"inside", 3, {3, 3, 0, 0, 0}},
                                         Walk{"outside", 4, {0, 0, 0, 4, 0}}),
                         [](const auto& test) { return test.param.name; });

TEST_F(Location, IsLookedAtInThePeriodOfThePolicy) {
  ASSERT_EQ(create(fence(2, Value::array({"PT5S"}))).rsc, Rsc::kCreated);
  report(50.0, 5.0);
  node_.advance(std::chrono::seconds(4));
  EXPECT_EQ(newest_event(), 0);

  node_.advance(std::chrono::seconds(2));
  EXPECT_EQ(newest_event(), 2);

  report(5.0, 5.0);
  report(50.0, 5.0);
  node_.advance(std::chrono::seconds(6));
  EXPECT_EQ(newest_event(), 0) << "out at both looks: it has not left";
}

TEST_F(Location, IsLookedAtAgainAfterARestart) {
  ASSERT_EQ(create(fence(2, Value::array({"PT5S"}))).rsc, Rsc::kCreated);
  report(50.0, 5.0);
  policies_.stop();

  TestCse again({}, node_.store(), node_.shared_clock());
  LocationPolicies policies(again.cse());
  again.start();
  policies.start();
  again.advance(std::chrono::seconds(6));

  EXPECT_EQ(TestCse::attributes(again.retrieve("CAE1", "CAE1/places/la")).integer_at("con"), 2);
}

TEST_F(Location, HasNoEventForWhatIsNoPosition) {
  ASSERT_EQ(create(fence(3)).rsc, Rsc::kCreated);

  node_.create("CAE1", "CAE1/places", type_number::kContentInstance,
               Value::object({{"con", "somewhere"}}));

  EXPECT_EQ(node_.find("CAE1/places")->attributes().integer_at("cni"), 1);
}

}  // namespace
}  // namespace gatehouse

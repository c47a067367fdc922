// Every rule of the executable specification, one test each, against a node in this process.
#include <gtest/gtest.h>

#include "ae-apps/ctl/conformance/runner.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::conformance {
namespace {

/// One node for all rules of this process: each rule runs below an <AE> of its own.
class Target {
 public:
  static Target& instance() {
    static Target target;
    return target;
  }
  Runner& runner() { return runner_; }

 private:
  Target() : node_(node::test::in_memory()) {
    if (const auto ready = node_.start(); !ready) ADD_FAILURE() << ready.error().detail;
    asker_.emplace(node::test::url_of(node_));
  }
  node::Node node_;
  std::optional<node::test::Asker> asker_;
  Runner runner_{{}, [this](Request request) { return asker_->ask(std::move(request)); }};
};

class Conformance : public testing::TestWithParam<const Rule*> {};

TEST_P(Conformance, Holds) {
  const Outcome outcome = Target::instance().runner().run(*GetParam());
  EXPECT_TRUE(outcome.passed) << GetParam()->clause << ": " << GetParam()->text << "\n"
                              << outcome.detail;
}

std::vector<const Rule*> each_rule() {
  std::vector<const Rule*> rules;
  for (const Rule& rule : all_rules()) rules.push_back(&rule);
  return rules;
}

std::string name_of(const testing::TestParamInfo<const Rule*>& test) {
  std::string name = test.param->identifier;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Rules, Conformance, testing::ValuesIn(each_rule()), name_of);

// --- the runner itself: a check that cannot fail would be worth nothing

Rule rule_with(const std::string& step) {
  auto rules = parse_rules(
      R"({"group":"g","rules":[{"id":"T-1","clause":"-","rule":"-","steps":[)" + step + "]}]}");
  EXPECT_TRUE(rules) << (rules ? "" : rules.error().detail);
  return rules ? rules->front() : Rule{};
}

struct Wrong {
  std::string name, step, said;
};
class RunnerFinds : public testing::TestWithParam<Wrong> {};

TEST_P(RunnerFinds, WhatIsNotAsTheRuleSays) {
  const Rule rule = rule_with(GetParam().step);

  const Outcome outcome = Target::instance().runner().run(rule);

  EXPECT_FALSE(outcome.passed);
  EXPECT_NE(outcome.detail.find(GetParam().said), std::string::npos) << outcome.detail;
}

const std::string kRead = R"({"rqp":{"op":2,"to":"${ae}"},"rsc":2000,"has":)";
INSTANTIATE_TEST_SUITE_P(
    Each, RunnerFinds,
    testing::Values(
        Wrong{"code", R"({"rqp":{"op":2,"to":"${ae}"},"rsc":4004})",
              "answered 2000, expected 4004"},
        Wrong{"value", kRead + R"({"m2m:ae/ty":3}})", "m2m:ae/ty is 2, expected 3"},
        Wrong{"absent", kRead + R"({"m2m:ae/ri":{"is":"absent"}}})", "m2m:ae/ri is "},
        Wrong{"present", kRead + R"({"m2m:ae/lbl":{"is":"present"}}})", "m2m:ae/lbl is absent"},
        Wrong{"kind", kRead + R"({"m2m:ae/ct":{"is":"integer"}}})", "m2m:ae/ct is "},
        Wrong{"timestamp", kRead + R"({"m2m:ae/rn":{"is":"timestamp"}}})", "m2m:ae/rn is "},
        Wrong{"unknown_condition", kRead + R"({"m2m:ae/rn":{"is":"nonsense"}}})", "m2m:ae/rn is "},
        Wrong{"contains", kRead + R"({"m2m:ae/srv":{"contains":"9"}}})", "m2m:ae/srv is "},
        Wrong{"lacks", kRead + R"({"m2m:ae/srv":{"lacks":"3"}}})", "m2m:ae/srv is "},
        Wrong{"size", kRead + R"({"m2m:ae/srv":{"size":2}}})", "m2m:ae/srv is "},
        Wrong{"not", kRead + R"({"m2m:ae/ty":{"not":2}}})", "m2m:ae/ty is 2"},
        Wrong{"keep", R"({"rqp":{"op":2,"to":"${ae}"},"rsc":2000,"keep":{"x":"m2m:ae/ty"}})",
              "m2m:ae/ty is no text"},
        Wrong{"own_request", R"({"rqp":{"op":"x","to":"${ae}"},"rsc":2000})",
              "the rule's own request is malformed"}),
    [](const auto& test) { return test.param.name; });

class BadRules : public testing::TestWithParam<std::pair<std::string, std::string>> {};
TEST_P(BadRules, AreRefusedByName) {
  const auto rules = parse_rules(GetParam().second);

  ASSERT_FALSE(rules);
  EXPECT_NE(rules.error().detail.find(GetParam().first), std::string::npos) << rules.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    Each, BadRules,
    testing::Values(
        std::pair{"JSON", "{"}, std::pair{"group and rules", "{}"},
        std::pair{"id, clause and rule", R"({"group":"g","rules":[{"id":"A"}]})"},
        std::pair{"needs steps", R"({"group":"g","rules":[{"id":"A","clause":"c","rule":"r"}]})"},
        std::pair{"rqp",
                  R"({"group":"g","rules":[{"id":"A","clause":"c","rule":"r","steps":[{}]}]})"},
        std::pair{
            "rsc",
            R"({"group":"g","rules":[{"id":"A","clause":"c","rule":"r","steps":[{"rqp":{}}]}]})"},
        std::pair{"unknown member \"hass\"",
                  R"({"group":"g","rules":[{"id":"A","clause":"c","rule":"r",)"
                  R"("steps":[{"rqp":{},"rsc":2000,"hass":{}}]}]})"},
        std::pair{"stands twice",
                  R"({"group":"g","rules":[{"id":"A","clause":"c","rule":"r",)"
                  R"("steps":[{"rqp":{},"rsc":2000}]},{"id":"A","clause":"c","rule":"r",)"
                  R"("steps":[{"rqp":{},"rsc":2000}]}]})"}));

}  // namespace
}  // namespace gatehouse::conformance

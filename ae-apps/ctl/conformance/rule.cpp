#include "ae-apps/ctl/conformance/rule.h"

#include <set>
#include <stdexcept>

#include "ae-apps/ctl/conformance/rule_data.h"
#include "cse/codec/json.h"

namespace gatehouse::conformance {
namespace {

tl::unexpected<Error> wrong(const std::string& rule, const std::string& why) {
  return fail(Rsc::kBadRequest, "rule " + rule + ": " + why);
}

Result<std::vector<int>> codes_of(const Value* rsc, const std::string& rule) {
  std::vector<int> codes;
  if (rsc && rsc->is_integer()) codes.push_back(static_cast<int>(*rsc->as_integer()));
  if (rsc && rsc->is_array()) {
    for (const Value& code : *rsc->as_array()) {
      codes.push_back(static_cast<int>(code.as_integer().value_or(0)));
    }
  }
  for (const int code : codes) {
    if (code < 1000 || code > 6999) return wrong(rule, "rsc: must be one or more status codes");
  }
  if (codes.empty()) return wrong(rule, "rsc: must be one or more status codes");
  return codes;
}

Result<Step> step_of(const Value& value, const std::string& rule) {
  static const std::set<std::string, std::less<>> kKnown = {"rqp", "rsc", "has", "keep"};
  if (!value.is_object()) return wrong(rule, "steps: must be objects");
  for (const Member& member : *value.as_object()) {
    if (!kKnown.contains(member.name)) return wrong(rule, "unknown member \"" + member.name + "\"");
  }
  Step step;
  const Value* primitive = value.find("rqp");
  if (!primitive || !primitive->is_object()) return wrong(rule, "rqp: must be an object");
  step.primitive = *primitive;
  auto codes = codes_of(value.find("rsc"), rule);
  if (!codes) return fail(codes.error());
  step.codes = *std::move(codes);
  if (const Value* has = value.find("has"); has && has->as_object()) {
    for (const Member& member : *has->as_object()) step.has.push_back({member.name, member.value});
  }
  if (const Value* keep = value.find("keep"); keep && keep->as_object()) {
    for (const Member& member : *keep->as_object()) {
      if (!member.value.is_string()) return wrong(rule, "keep: must name paths");
      step.keep[member.name] = *member.value.as_string();
    }
  }
  return step;
}

Result<Rule> rule_of(const Value& value, const std::string& group) {
  Rule rule;
  rule.group = group;
  rule.identifier = value.string_at("id");
  rule.clause = value.string_at("clause");
  rule.text = value.string_at("rule");
  if (rule.identifier.empty() || rule.clause.empty() || rule.text.empty()) {
    return wrong(rule.identifier, "needs id, clause and rule");
  }
  const Value* steps = value.find("steps");
  if (!steps || !steps->as_array() || steps->size() == 0) {
    return wrong(rule.identifier, "needs steps");
  }
  for (const Value& each : *steps->as_array()) {
    auto step = step_of(each, rule.identifier);
    if (!step) return fail(step.error());
    rule.steps.push_back(*std::move(step));
  }
  return rule;
}

}  // namespace

Result<std::vector<Rule>> parse_rules(std::string_view json) {
  auto content = parse_json(json);
  if (!content) return fail(content.error());
  const std::string group = content->string_at("group");
  const Value* list = content->find("rules");
  if (group.empty() || !list || !list->as_array()) {
    return fail(Rsc::kBadRequest, "a file of rules needs group and rules");
  }
  std::vector<Rule> rules;
  std::set<std::string> identifiers;
  for (const Value& each : *list->as_array()) {
    auto rule = rule_of(each, group);
    if (!rule) return fail(rule.error());
    if (!identifiers.insert(rule->identifier).second) {
      return wrong(rule->identifier, "the identifier stands twice");
    }
    rules.push_back(*std::move(rule));
  }
  return rules;
}

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> kRules = [] {
    std::vector<Rule> rules;
    for (const std::string_view file : rule_files()) {
      auto some = parse_rules(file);
      // Part of the program, and every test run reads it.
      if (!some) throw std::logic_error(some.error().detail);
      rules.insert(rules.end(), some->begin(), some->end());
    }
    return rules;
  }();
  return kRules;
}

}  // namespace gatehouse::conformance

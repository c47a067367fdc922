#include "cse/services/action/evaluation.h"

#include <algorithm>

namespace gatehouse {
namespace {

constexpr int kEqual = 1, kNotEqual = 2, kGreater = 3, kLess = 4, kGreaterOrEqual = 5,
              kLessOrEqual = 6;

/// -1, 0, 1; nullopt: these two have no order.
std::optional<int> compared(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    const double a = *left.as_number(), b = *right.as_number();
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.as_string() && right.as_string()) {
    const int order = left.as_string()->compare(*right.as_string());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return std::nullopt;
}

const AttributeRule* rule_of(const TypeSchema& subject, std::string_view name) {
  for (const AttributeRule& rule : universal_rules()) {
    if (rule.short_name == name) return &rule;
  }
  return subject.find(name);
}

bool has_order(const DataType& type) {
  if (type.list) return false;
  switch (type.kind) {
    case Kind::kBoolean:
    case Kind::kObject:
    case Kind::kBase64:
    case Kind::kEnumeration:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool fulfils(const Value& attributes, const Value& criteria) {
  const Value* value = attributes.find(criteria.string_at("sbjt"));
  const Value* threshold = criteria.find("thld");
  if (!value || !threshold) return false;
  const std::int64_t wanted = criteria.integer_at("optr");
  const auto order = compared(*value, *threshold);
  if (wanted == kEqual) return order ? *order == 0 : *value == *threshold;
  if (wanted == kNotEqual) return order ? *order != 0 : !(*value == *threshold);
  if (!order) return false;
  switch (wanted) {
    case kGreater:
      return *order > 0;
    case kLess:
      return *order < 0;
    case kGreaterOrEqual:
      return *order >= 0;
    case kLessOrEqual:
      return *order <= 0;
    default:
      return false;
  }
}

Result<void> check_criteria(const Value& criteria, const TypeSchema& subject) {
  const std::string name = criteria.string_at("sbjt");
  const AttributeRule* rule = rule_of(subject, name);
  if (!rule) {
    return fail(Rsc::kBadRequest, "evc/sbjt (subject): <" + std::string(subject.name) +
                                      "> has no attribute \"" + name + "\"");
  }
  if (const Value* threshold = criteria.find("thld")) {
    if (auto fits = validate_value("evc/thld", rule->type, *threshold); !fits)
      return fail(fits.error());
  }
  if (criteria.integer_at("optr") > kNotEqual && !has_order(rule->type)) {
    return fail(Rsc::kBadRequest,
                "evc/optr (operator): \"" + name + "\" can only be equal or not equal");
  }
  return {};
}

Result<bool> dependencies_fulfilled(const Value& action, const std::string& csebase_name,
                                    const ResourceId& csebase, ResourceReader& resources) {
  const auto dependencies = action.strings_at("dep");
  if (dependencies.empty()) return true;
  bool any_necessary = false, all_necessary = true;
  for (const std::string& address : dependencies) {
    auto dependency = resources.find_path(address, csebase_name, csebase);
    if (!dependency) return fail(dependency.error());
    if (!*dependency) continue;
    const Value& rules = (*dependency)->attributes();
    auto referenced = resources.find_path(rules.string_at("rri"), csebase_name, csebase);
    if (!referenced) return fail(referenced.error());
    const Value* criteria = rules.find("evc");
    const bool holds = *referenced && criteria && fulfils((*referenced)->attributes(), *criteria);
    if (rules.bool_at("sfc")) {
      if (holds) return true;
    } else {
      any_necessary = true;
      all_necessary = all_necessary && holds;
    }
  }
  return any_necessary && all_necessary;
}

}  // namespace gatehouse

#include "cse/services/discovery/implied_types.h"

#include <algorithm>

namespace gatehouse {
namespace {

bool has_rule(std::span<const AttributeRule> rules, std::string_view name) {
  return std::any_of(rules.begin(), rules.end(),
                     [name](const AttributeRule& rule) { return rule.short_name == name; });
}

std::set<int> types_with(const std::string& attribute, const Schemas& schemas) {
  std::set<int> types;
  for (const TypeSchema* schema : schemas.all()) {
    // An abstract type stands for specialisations, whose own attributes are in no table here.
    const bool special = schema->abstract && schemas.specialisations() &&
                         schemas.specialisations()->has_attribute(attribute);
    if (special || has_rule(schema->rules, attribute)) types.insert(schema->type);
  }
  return types;
}

}  // namespace

std::optional<std::set<int>> implied_types(const FilterCriteria& f, const Schemas& schemas) {
  std::vector<std::string> needed;
  if (f.state_tag_smaller || f.state_tag_bigger) needed.emplace_back("st");
  if (f.size_above || f.size_below) needed.emplace_back("cs");
  if (!f.content_types.empty()) needed.emplace_back("cnf");
  for (const AttributeCondition& condition : f.attributes) {
    if (!has_rule(universal_rules(), condition.name)) needed.push_back(condition.name);
  }
  std::optional<std::set<int>> types;
  const auto narrow = [&types](const std::set<int>& more) {
    if (types)
      std::erase_if(*types, [&more](int type) { return !more.contains(type); });
    else
      types = more;
  };
  if (!f.resource_types.empty())
    narrow(std::set<int>(f.resource_types.begin(), f.resource_types.end()));
  else if (f.content_filter_query)
    narrow({type_number::kContentInstance});
  for (const std::string& attribute : needed) narrow(types_with(attribute, schemas));
  return types;
}

}  // namespace gatehouse

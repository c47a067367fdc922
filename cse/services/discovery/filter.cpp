#include "cse/services/discovery/filter.h"

#include <algorithm>
#include <functional>

#include "cse/codec/json.h"
#include "cse/core/access_control.h"

namespace gatehouse {
namespace {

bool any_common(const std::vector<std::string>& wanted, const std::vector<std::string>& present) {
  return std::any_of(wanted.begin(), wanted.end(), [&present](const std::string& pattern) {
    return std::any_of(present.begin(), present.end(), [&pattern](const std::string& label) {
      return matches_wildcard(pattern, label);
    });
  });
}

bool has_type(const std::vector<std::int64_t>& wanted, int type) {
  return std::find(wanted.begin(), wanted.end(), type) != wanted.end();
}

/// A value as the text that a query string compares with.
std::string text_of(const Value& value) {
  const std::string* text = value.as_string();
  return text ? *text : to_json(value);
}

bool value_matches(const std::string& pattern, const Value& value) {
  if (const Value::Array* items = value.as_array()) {
    return std::any_of(items->begin(), items->end(),
                       [&](const Value& item) { return value_matches(pattern, item); });
  }
  return matches_wildcard(pattern, text_of(value));
}

bool attributes_match(const std::vector<AttributeCondition>& conditions, const Value& attributes) {
  return std::any_of(conditions.begin(), conditions.end(),
                     [&attributes](const AttributeCondition& condition) {
                       const Value* value = attributes.find(condition.name);
                       return value && value_matches(condition.value, *value);
                     });
}

/// Timestamps are texts that sort as the times do, once both have six places; parsing also accepts
/// shorter fractions.
bool time_is(const Value& attributes, std::string_view name, const std::string& limit,
             bool before) {
  const auto time = parse_timestamp(attributes.string_at(name));
  const auto bound = parse_timestamp(limit);
  return time && bound && (before ? *time < *bound : *time >= *bound);
}

bool number_is(const Value& attributes, std::string_view name, std::int64_t limit, bool smaller) {
  const Value* value = attributes.find(name);
  const auto number = value ? value->as_integer() : std::nullopt;
  return number && (smaller ? *number < limit : *number >= limit);
}

bool content_type_is(const std::vector<std::string>& wanted, const Value& attributes) {
  const std::string info = attributes.string_at("cnf");
  const std::string media = info.substr(0, info.find(':'));
  return std::find(wanted.begin(), wanted.end(), media) != wanted.end();
}

std::optional<Error> unsupported(const FilterCriteria& filter) {
  if (!filter.semantics_filters.empty())
    return Error{Rsc::kNotImplemented, "smf (semanticsFilter): is not supported"};
  if (filter.content_filter_syntax || filter.content_filter_query) {
    return Error{Rsc::kNotImplemented, "cfs, cfq (contentFilter): are not supported"};
  }
  if (filter.geometry || filter.geometry_type || filter.geo_spatial_function) {
    return Error{Rsc::kNotImplemented, "gmty, geom, gsf (geo query): are not supported"};
  }
  if (!filter.operations.empty())
    return Error{Rsc::kNotImplemented, "ops (operations): is not supported"};
  return std::nullopt;
}

/// Does one child fulfil the test? Reads children page by page until one does.
Result<bool> any_child(const Resource& resource, ResourceReader& resources,
                       const std::function<bool(const Resource&)>& test) {
  Page page;
  for (;;) {
    auto entries = resources.children(resource.id(), page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto child = resources.find(entry.id);
      if (!child) return fail(child.error());
      if (*child && test(**child)) return true;
    }
    if (entries->size() < page.limit) return false;
  }
}

/// Gathers what each kind of condition says.
class Verdict {
 public:
  void add(bool matches) {
    ++kinds_;
    if (matches) ++true_;
  }
  bool combined(std::int64_t operation) const {
    if (kinds_ == 0) return true;
    if (operation == 2) return true_ > 0;
    if (operation == 3) return true_ % 2 == 1;
    return true_ == kinds_;
  }

 private:
  int kinds_ = 0, true_ = 0;
};

void own_conditions(const FilterCriteria& f, const Resource& resource, Verdict& verdict) {
  const Value& a = resource.attributes();
  if (f.created_before) verdict.add(time_is(a, "ct", *f.created_before, true));
  if (f.created_after) verdict.add(time_is(a, "ct", *f.created_after, false));
  if (f.modified_since) verdict.add(time_is(a, "lt", *f.modified_since, false));
  if (f.unmodified_since) verdict.add(time_is(a, "lt", *f.unmodified_since, true));
  if (f.expire_before) verdict.add(time_is(a, "et", *f.expire_before, true));
  if (f.expire_after) verdict.add(time_is(a, "et", *f.expire_after, false));
  if (f.state_tag_smaller) verdict.add(number_is(a, "st", *f.state_tag_smaller, true));
  if (f.state_tag_bigger) verdict.add(number_is(a, "st", *f.state_tag_bigger, false));
  if (f.size_above) verdict.add(number_is(a, "cs", *f.size_above, false));
  if (f.size_below) verdict.add(number_is(a, "cs", *f.size_below, true));
  if (!f.labels.empty()) verdict.add(any_common(f.labels, a.strings_at("lbl")));
  if (!f.resource_types.empty()) verdict.add(has_type(f.resource_types, resource.type()));
  if (!f.content_types.empty()) verdict.add(content_type_is(f.content_types, a));
  // Different attributes are different conditions; the same name given twice is one with two
  // values.
  std::vector<std::string> done;
  for (const AttributeCondition& condition : f.attributes) {
    if (std::find(done.begin(), done.end(), condition.name) != done.end()) continue;
    done.push_back(condition.name);
    std::vector<AttributeCondition> same;
    std::copy_if(
        f.attributes.begin(), f.attributes.end(), std::back_inserter(same),
        [&condition](const AttributeCondition& other) { return other.name == condition.name; });
    verdict.add(attributes_match(same, a));
  }
}

Result<void> child_conditions(const FilterCriteria& f, const Resource& resource,
                              ResourceReader& resources, Verdict& verdict) {
  const auto add = [&](auto test) -> Result<void> {
    auto found = any_child(resource, resources, test);
    if (!found) return fail(found.error());
    verdict.add(*found);
    return {};
  };
  if (!f.child_resource_types.empty()) {
    if (auto r =
            add([&f](const Resource& c) { return has_type(f.child_resource_types, c.type()); });
        !r)
      return r;
  }
  if (!f.child_labels.empty()) {
    if (auto r = add([&f](const Resource& c) {
          return any_common(f.child_labels, c.attributes().strings_at("lbl"));
        });
        !r)
      return r;
  }
  if (!f.child_attributes.empty()) {
    if (auto r = add([&f](const Resource& c) {
          return attributes_match(f.child_attributes, c.attributes());
        });
        !r)
      return r;
  }
  return {};
}

Result<void> parent_conditions(const FilterCriteria& f, const Resource& resource,
                               ResourceReader& resources, Verdict& verdict) {
  if (f.parent_resource_types.empty() && f.parent_labels.empty() && f.parent_attributes.empty())
    return {};
  auto parent = resource.parent().empty() ? Result<ResourcePtr>(ResourcePtr{})
                                          : resources.find(resource.parent());
  if (!parent) return fail(parent.error());
  const Resource* p = parent->get();
  if (!f.parent_resource_types.empty())
    verdict.add(p && has_type(f.parent_resource_types, p->type()));
  if (!f.parent_labels.empty())
    verdict.add(p && any_common(f.parent_labels, p->attributes().strings_at("lbl")));
  if (!f.parent_attributes.empty())
    verdict.add(p && attributes_match(f.parent_attributes, p->attributes()));
  return {};
}

}  // namespace

bool needs_only_type(const FilterCriteria& filter) {
  FilterCriteria rest = filter;
  rest.resource_types.clear();
  rest.filter_usage = rest.filter_operation = rest.limit = rest.level = rest.offset = std::nullopt;
  rest.apply_relative_path.reset();
  return rest == FilterCriteria{};
}

bool matches_type(const FilterCriteria& filter, int type) {
  return filter.resource_types.empty() || has_type(filter.resource_types, type);
}

Result<bool> matches_filter(const FilterCriteria& filter, const Resource& resource,
                            ResourceReader& resources) {
  if (auto missing = unsupported(filter)) return fail(std::move(*missing));
  Verdict verdict;
  own_conditions(filter, resource, verdict);
  if (filter.labels_query) {
    auto matches =
        matches_labels_query(*filter.labels_query, resource.attributes().strings_at("lbl"));
    if (!matches) return matches;
    verdict.add(*matches);
  }
  if (auto checked = child_conditions(filter, resource, resources, verdict); !checked)
    return fail(checked.error());
  if (auto checked = parent_conditions(filter, resource, resources, verdict); !checked)
    return fail(checked.error());
  return verdict.combined(filter.filter_operation.value_or(1));
}

Result<bool> matches_labels_query(const std::string& query,
                                  const std::vector<std::string>& labels) {
  const auto trim = [](std::string text) {
    text.erase(0, text.find_first_not_of(' '));
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  const auto has_key = [&labels](const std::string& key) {
    return std::any_of(labels.begin(), labels.end(), [&key](const std::string& label) {
      return label == key || label.starts_with(key + ":");
    });
  };
  const auto has_pair = [&labels](const std::string& key, const std::string& value) {
    return std::find(labels.begin(), labels.end(), key + ":" + value) != labels.end();
  };
  const std::string text = trim(query);
  if (text.starts_with("NT ")) return !has_key(trim(text.substr(3)));
  for (const char* op : {" EQ ", " NE ", " IN ", " NI "}) {
    const std::size_t at = text.find(op);
    if (at == std::string::npos) continue;
    const std::string key = trim(text.substr(0, at)), operand = trim(text.substr(at + 4));
    const std::string_view name = std::string_view(op).substr(1, 2);
    if (name == "EQ") return has_pair(key, operand);
    if (name == "NE") return has_key(key) && !has_pair(key, operand);
    if (operand.size() < 2 || operand.front() != '(' || operand.back() != ')') {
      return fail(Rsc::kBadRequest, "lbq (labelsQuery): IN and NI need a list in parentheses");
    }
    std::vector<std::string> values;
    std::string rest = operand.substr(1, operand.size() - 2);
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      values.push_back(trim(rest.substr(0, comma)));
      rest.erase(0, comma + 1);
    }
    const bool in = std::any_of(values.begin(), values.end(),
                                [&](const std::string& v) { return has_pair(key, v); });
    return name == "IN" ? in : has_key(key) && !in;
  }
  if (text.empty()) return fail(Rsc::kBadRequest, "lbq (labelsQuery): is empty");
  const std::size_t colon = text.find(':');
  return colon == std::string::npos ? has_key(text)
                                    : has_pair(text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace gatehouse

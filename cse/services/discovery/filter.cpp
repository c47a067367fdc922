#include "cse/services/discovery/filter.h"

#include <algorithm>

#include "cse/codec/json.h"
#include "cse/core/access_control.h"
#include "cse/services/discovery/content_query.h"
#include "cse/services/discovery/implied_types.h"

namespace gatehouse {
namespace {

/// How many children of one resource a condition on children looks at; beyond that the request is
/// too costly to be answered.
constexpr std::size_t kMaxChildrenLookedAt = 10'000;

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

/// Different attributes are different conditions; the same name given twice is one with two values.
std::vector<std::vector<AttributeCondition>> by_name(
    const std::vector<AttributeCondition>& conditions) {
  std::vector<std::vector<AttributeCondition>> groups;
  for (const AttributeCondition& condition : conditions) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.front().name == condition.name;
    });
    if (same == groups.end())
      groups.push_back({condition});
    else
      same->push_back(condition);
  }
  return groups;
}

bool content_type_is(const std::vector<std::string>& wanted, const Value& attributes) {
  const std::string info = attributes.string_at("cnf");
  const std::string media = info.substr(0, info.find(':'));
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& type) { return type == media || type == info; });
}

constexpr int kNoType = -1;  // what no resource has: for criteria that contradict each other
constexpr std::int64_t kJsonPathSyntax = 1;  // m2m:contentFilterSyntax

/// contentInfo says JSON that is not wrapped in base64: "application/json", "application/json:0".
bool holds_plain_json(const Value& attributes) {
  const std::string kept = attributes.string_at("cnf");
  const std::string_view info = kept;
  const std::size_t colon = std::min(info.find(':'), info.size());
  const std::string_view media = info.substr(0, colon), encoding = info.substr(colon);
  return (media == "application/json" || media.ends_with("+json")) &&
         (encoding.empty() || encoding == ":0" || encoding.starts_with(":0:"));
}

/// Does one child fulfil the test? Reads children page by page until one does.
/// Errors: kBadRequest if that takes too many.
Result<bool> any_child(const Resource& resource, ResourceReader& resources, const char* condition,
                       const std::function<bool(const Resource&)>& test) {
  Page page;
  for (std::size_t looked_at = 0;;) {
    auto entries = resources.children(resource.id(), page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto child = resources.find(entry.id);
      if (!child) return fail(child.error());
      if (*child && test(**child)) return true;
    }
    if (entries->size() < page.limit) return false;
    looked_at += entries->size();
    if (looked_at >= kMaxChildrenLookedAt) {
      return fail(Rsc::kBadRequest, std::string(condition) + ": " + resource.path() +
                                        " has more children than are looked at for one answer");
    }
  }
}

/// Is there a child of one of these types that has not expired?
Result<bool> has_child_of_type(const std::vector<std::int64_t>& types, const Resource& resource,
                               ResourceReader& resources) {
  for (const std::int64_t type : types) {
    Page page;
    page.limit = 16;
    for (;;) {
      auto entries = resources.children_of_type(resource.id(), static_cast<int>(type), page);
      if (!entries) return fail(entries.error());
      for (const ChildEntry& entry : *entries) {
        page.after = entry.order;
        auto child = resources.find(entry.id);
        if (!child) return fail(child.error());
        if (*child) return true;
      }
      if (entries->size() < page.limit) break;
    }
  }
  return false;
}

/// One limit of time or size: {criterion, attribute, must be smaller}.
struct TimeLimit {
  const std::optional<std::string>& limit;
  const char* attribute;
  bool before;
};
struct NumberLimit {
  const std::optional<std::int64_t>& limit;
  const char* attribute;
  bool smaller;
};

std::optional<Timestamp> time_of(const std::optional<std::string>& text) {
  return text ? parse_timestamp(*text) : std::nullopt;
}

}  // namespace

Result<void> check_attribute_names(const FilterCriteria& criteria, const Schemas& schemas) {
  for (const auto* conditions :
       {&criteria.attributes, &criteria.child_attributes, &criteria.parent_attributes}) {
    for (const AttributeCondition& condition : *conditions) {
      if (schemas.knows_attribute(condition.name)) continue;
      return fail(Rsc::kBadRequest, "fc: \"" + condition.name.substr(0, 64) +
                                        "\" is neither a filter criterion nor an attribute of any "
                                        "resource type");
    }
  }
  return {};
}

Result<Filter> Filter::prepare(const FilterCriteria& criteria, const std::string& originator,
                               const Extensions& extensions, const Schemas& schemas) {
  Filter filter;
  filter.operation_ = criteria.filter_operation.value_or(1);
  filter.add_own(criteria);
  filter.add_neighbours(criteria);
  if (auto added = filter.add_content(criteria); !added) return fail(added.error());
  if (auto added = filter.add_extensions(criteria, originator, extensions); !added)
    return fail(added.error());
  if (filter.operation_ == 1 || filter.conditions_.size() == 1)
    filter.learn_needs(criteria, schemas);
  return filter;
}

void Filter::add_own(const FilterCriteria& f) {
  if (!f.resource_types.empty())
    add([&types = f.resource_types](const Resource& r) { return has_type(types, r.type()); });
  const TimeLimit times[] = {{f.created_before, "ct", true},  {f.created_after, "ct", false},
                             {f.modified_since, "lt", false}, {f.unmodified_since, "lt", true},
                             {f.expire_before, "et", true},   {f.expire_after, "et", false}};
  for (const TimeLimit& row : times) {
    if (!row.limit) continue;
    add([bound = parse_timestamp(*row.limit), name = row.attribute,
         before = row.before](const Resource& r) {
      const auto time = parse_timestamp(r.attributes().string_at(name));
      return time && bound && (before ? *time < *bound : *time >= *bound);
    });
  }
  const NumberLimit numbers[] = {{f.state_tag_smaller, "st", true},
                                 {f.state_tag_bigger, "st", false},
                                 {f.size_above, "cs", false},
                                 {f.size_below, "cs", true}};
  for (const NumberLimit& row : numbers) {
    if (!row.limit) continue;
    add([limit = *row.limit, name = row.attribute, smaller = row.smaller](const Resource& r) {
      const Value* value = r.attributes().find(name);
      const auto number = value ? value->as_integer() : std::nullopt;
      return number && (smaller ? *number < limit : *number >= limit);
    });
  }
  if (!f.labels.empty()) {
    add([&labels = f.labels](const Resource& r) {
      return any_common(labels, r.attributes().strings_at("lbl"));
    });
  }
  if (!f.content_types.empty()) {
    add([&types = f.content_types](const Resource& r) {
      return content_type_is(types, r.attributes());
    });
  }
  add_attributes(f.attributes);
  if (f.labels_query) {
    conditions_.push_back([&query = *f.labels_query](const ResourcePtr& r, ResourceReader&) {
      return matches_labels_query(query, r->attributes().strings_at("lbl"));
    });
  }
}

void Filter::add_attributes(const std::vector<AttributeCondition>& conditions) {
  for (auto& group : by_name(conditions)) {
    add([group = std::move(group)](const Resource& r) {
      return attributes_match(group, r.attributes());
    });
  }
}

void Filter::add_neighbours(const FilterCriteria& f) {
  const auto of_parent = [this](auto test) {
    conditions_.push_back([test](const ResourcePtr& r, ResourceReader& all) -> Result<bool> {
      if (r->parent().empty()) return false;
      auto parent = all.find(r->parent());
      if (!parent) return fail(parent.error());
      return *parent && test(**parent);
    });
  };
  const auto of_child = [this](const char* name, auto test) {
    conditions_.push_back([name, test](const ResourcePtr& r, ResourceReader& all) {
      return any_child(*r, all, name, test);
    });
  };
  if (!f.parent_resource_types.empty())
    of_parent([&f](const Resource& p) { return has_type(f.parent_resource_types, p.type()); });
  if (!f.parent_labels.empty()) {
    of_parent([&f](const Resource& p) {
      return any_common(f.parent_labels, p.attributes().strings_at("lbl"));
    });
  }
  for (const auto& group : by_name(f.parent_attributes))
    of_parent([group](const Resource& p) { return attributes_match(group, p.attributes()); });
  if (!f.child_resource_types.empty()) {
    conditions_.push_back([&f](const ResourcePtr& r, ResourceReader& all) {
      return has_child_of_type(f.child_resource_types, *r, all);
    });
  }
  if (!f.child_labels.empty()) {
    of_child("clbl (childLabels)", [&f](const Resource& c) {
      return any_common(f.child_labels, c.attributes().strings_at("lbl"));
    });
  }
  for (const auto& group : by_name(f.child_attributes)) {
    of_child("catr (childAttribute)",
             [group](const Resource& c) { return attributes_match(group, c.attributes()); });
  }
}

/// Source: TS-0004 clause 7.3.3.17.13.
Result<void> Filter::add_content(const FilterCriteria& f) {
  if (!f.content_filter_syntax && !f.content_filter_query) return {};
  if (!f.content_filter_syntax || !f.content_filter_query)
    return fail(Rsc::kBadRequest, "cfs, cfq (contentFilter): both are needed, or none of them");
  if (*f.content_filter_syntax != kJsonPathSyntax)
    return fail(Rsc::kBadRequest, "cfs (contentFilterSyntax): must be 1 (JSON path)");
  auto query = ContentQuery::parse(*f.content_filter_query);
  if (!query) return fail(query.error());
  add([query = *std::move(query)](const Resource& r) {
    if (r.type() != type_number::kContentInstance || !holds_plain_json(r.attributes()))
      return false;
    const Value* content = r.attributes().find("con");
    if (!content) return false;
    const std::string* text = content->as_string();
    const auto data = text ? parse_json(*text) : Result<Value>(*content);
    return data && query.matches(*data);
  });
  return {};
}

Result<void> Filter::add_extensions(const FilterCriteria& f, const std::string& originator,
                                    const Extensions& extensions) {
  struct Row {
    bool present;
    FilterCondition* condition;
    const char* name;
  };
  const Row rows[] = {{f.geometry || f.geometry_type || f.geo_spatial_function,
                       extensions.geo_query, "gmty, geom, gsf (geo query): are not supported"},
                      {!f.semantics_filters.empty(), extensions.semantics_filter,
                       "smf (semanticsFilter): is not supported"}};
  for (const Row& row : rows) {
    if (!row.present) continue;
    if (!row.condition) return fail(Rsc::kNotImplemented, row.name);
    auto test = row.condition->prepare(f, originator);
    if (!test) return fail(test.error());
    conditions_.push_back(*std::move(test));
  }
  return {};
}

void Filter::learn_needs(const FilterCriteria& f, const Schemas& schemas) {
  if (const auto types = implied_types(f, schemas)) {
    needs_.types = *types;
    if (types->empty()) needs_.types.insert(kNoType);
  }
  needs_.labels = f.labels;
  needs_.created_after = time_of(f.created_after);
  needs_.created_before = time_of(f.created_before);
  needs_.modified_since = time_of(f.modified_since);
  needs_.expires_before = time_of(f.expire_before);
}

Result<bool> Filter::matches(const ResourcePtr& resource, ResourceReader& resources) const {
  if (conditions_.empty()) return true;
  std::size_t hits = 0;
  for (const Condition& condition : conditions_) {
    auto hit = condition(resource, resources);
    if (!hit) return hit;
    if (operation_ == 1 && !*hit) return false;
    if (operation_ == 2 && *hit) return true;
    hits += *hit ? 1 : 0;
  }
  return operation_ == 1 || (operation_ == 3 && hits % 2 == 1);
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

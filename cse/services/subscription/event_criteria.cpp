#include "cse/services/subscription/event_criteria.h"

#include <algorithm>
#include <array>
#include <functional>

#include "cse/core/address.h"

namespace gatehouse {
namespace {

bool lists(const Value* list, std::int64_t wanted) {
  if (!list || !list->as_array()) return false;
  return std::any_of(list->as_array()->begin(), list->as_array()->end(),
                     [wanted](const Value& item) { return item.as_integer() == wanted; });
}

/// Which attribute a condition reads, and how it compares.
struct TimeCondition {
  std::string_view name, attribute;
  bool from;  ///< true: attribute >= value; false: attribute < value
};
constexpr std::array<TimeCondition, 6> kTimes = {{{"crb", "ct", false},
                                                  {"cra", "ct", true},
                                                  {"us", "lt", false},
                                                  {"ms", "lt", true},
                                                  {"exb", "et", false},
                                                  {"exa", "et", true}}};
struct NumberCondition {
  std::string_view name, attribute;
  bool from;
  bool of_subject;
};
constexpr std::array<NumberCondition, 4> kNumbers = {{{"sts", "st", false, false},
                                                      {"stb", "st", true, false},
                                                      {"szb", "cs", false, true},
                                                      {"sza", "cs", true, true}}};

bool time_holds(const TimeCondition& condition, const Value& wanted, const Resource& host) {
  const auto limit = parse_timestamp(wanted.as_string() ? *wanted.as_string() : "");
  const auto actual = parse_timestamp(host.attributes().string_at(condition.attribute));
  if (!limit || !actual) return false;
  return condition.from ? *actual >= *limit : *actual < *limit;
}

bool number_holds(const NumberCondition& condition, const Value& wanted, const Event& event) {
  const Resource& resource = condition.of_subject ? event.subject() : *event.host;
  const Value* attribute = resource.attributes().find(condition.attribute);
  if (!attribute) return false;
  const auto actual = attribute->as_integer();
  const auto limit = wanted.as_integer();
  if (!limit || !actual) return false;
  return condition.from ? *actual >= *limit : *actual < *limit;
}

bool attribute_changed(const Value& names, const Event& event) {
  const Value changed = modified_attributes(event);
  return std::any_of(names.as_array()->begin(), names.as_array()->end(),
                     [&changed](const Value& name) {
                       return name.as_string() && changed.contains(*name.as_string());
                     });
}

/// What each condition that applies to this event says.
std::vector<bool> conditions(const Value& criteria, const Event& event) {
  std::vector<bool> results;
  for (const TimeCondition& condition : kTimes) {
    const Value* wanted = criteria.find(condition.name);
    if (wanted) results.push_back(time_holds(condition, *wanted, *event.host));
  }
  for (const NumberCondition& condition : kNumbers) {
    const Value* wanted = criteria.find(condition.name);
    if (wanted) results.push_back(number_holds(condition, *wanted, event));
  }
  const Value* names = criteria.find("atr");
  const bool about_attributes =
      event.type == event_type::kUpdate || event.type == event_type::kBlockingUpdate;
  if (names && names->size() > 0 && about_attributes && !event.attempt_only) {
    results.push_back(attribute_changed(*names, event));
  }
  const Value* types = criteria.find("chty");
  const bool about_child =
      event.type == event_type::kChildCreated || event.type == event_type::kChildDeleted;
  if (types && types->size() > 0 && about_child) {
    results.push_back(lists(types, event.subject().type()));
  }
  return results;
}

/// An operation monitor names operations (bits as in accessControlOperations) and an originator;
/// what it does not name may be any. The deletion of a child is an operation on the child.
bool monitored(const Value& monitors, const Event& event) {
  if (!monitors.as_array() || event.type == event_type::kChildDeleted) return false;
  const auto bit = static_cast<std::int64_t>(privilege_for(event.operation));
  return std::any_of(
      monitors.as_array()->begin(), monitors.as_array()->end(), [&](const Value& monitor) {
        const std::int64_t operations = monitor.integer_at("ops", 63);
        const std::string originator = monitor.string_at("or");
        return (operations & bit) != 0 &&
               (originator.empty() || matches_wildcard(originator, event.originator));
      });
}

}  // namespace

Value modified_attributes(const Event& event) {
  static const Value kNothing = Value::object();
  Value changed = Value::object();
  if (!event.change) return event.requested ? *event.requested : changed;
  const Value& before = event.change->before->attributes();
  const Value& after = event.change->after->attributes();
  const Value& requested = event.requested ? *event.requested : kNothing;
  for (const Member& member : *after.as_object()) {
    const Value* old = before.find(member.name);
    const bool same = old && *old == member.value;
    if (!same || requested.contains(member.name)) changed.set(member.name, member.value);
  }
  for (const Member& member : *before.as_object()) {
    if (!after.contains(member.name)) changed.set(member.name, nullptr);
  }
  return changed;
}

bool satisfies(const Value& criteria, const Event& event) {
  const Value* monitors = criteria.find("om");
  const bool concerned = monitors ? monitored(*monitors, event)
                                  : !event.attempt_only && lists(criteria.find("net"), event.type);
  if (!concerned) return false;
  const std::vector<bool> results = conditions(criteria, event);
  if (results.empty()) return true;
  const auto held = std::count(results.begin(), results.end(), true);
  switch (criteria.integer_at("fo", 1)) {
    case 2:  // OR
      return held > 0;
    case 3:  // XOR
      return held == 1;
    default:
      return held == static_cast<std::ptrdiff_t>(results.size());
  }
}

}  // namespace gatehouse

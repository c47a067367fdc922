#include "cse/services/subscription/subscription_rules.h"

#include <algorithm>
#include <array>

#include "cse/core/address.h"

namespace gatehouse {
namespace {

using namespace event_type;

constexpr int kTimeSeries = 29;

/// Which notificationContentType goes with which event type, and its default: bit n means nct n.
/// Source: TS-0001 table 9.6.8-4.
struct ContentRow {
  unsigned valid;
  int by_default;
};
constexpr std::array<ContentRow, 9> kContentTypes = {{{0, 0},
                                                      {1u << 1 | 1u << 2 | 1u << 3, 1},
                                                      {1u << 1 | 1u << 3, 1},
                                                      {1u << 1 | 1u << 3, 1},
                                                      {1u << 1 | 1u << 3, 1},
                                                      {1u << 1 | 1u << 3, 1},
                                                      {1u << 4, 4},
                                                      {1u << 2, 2},
                                                      {1u << 5, 5}}};

/// Event types of one kind of resource. Source: TS-0001 table 9.6.8-3.
struct EventParent {
  int type;
  int parent;
  std::string_view where;
};
constexpr std::array<EventParent, 3> kEventParents = {
    {{kRetrieveWithoutChild, type_number::kContainer, "below a <container>"},
     {kTrigger, type_number::kAe, "below an <AE>"},
     {kMissingData, kTimeSeries, "below a <timeSeries>"}}};

bool is_url(const std::string& target) { return target.find("://") != std::string::npos; }

std::vector<std::int64_t> integers_at(const Value& value, std::string_view name) {
  std::vector<std::int64_t> numbers;
  const Value* list = value.find(name);
  if (!list || !list->as_array()) return numbers;
  for (const Value& item : *list->as_array()) {
    if (const auto number = item.as_integer()) numbers.push_back(*number);
  }
  return numbers;
}

bool contains(const std::vector<std::int64_t>& list, std::int64_t wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

/// enc with the event types that apply when none are named. Returns them (none with monitors).
std::vector<std::int64_t> complete_event_types(Value& attributes) {
  Value criteria = attributes.find("enc") ? *attributes.find("enc") : Value::object();
  if (!criteria.contains("om") && integers_at(criteria, "net").empty()) {
    criteria.set("net", Value::array({kUpdate}));
    attributes.set("enc", criteria);
  }
  return integers_at(criteria, "net");
}

/// TS-0004 clause 7.4.8.2.1: a blocking update has one target, a resource, and nothing but enc/nu.
Result<void> check_blocking_update(const Value& attributes, const Value& requested,
                                   const std::vector<std::int64_t>& types, bool is_update) {
  const std::string rule = "enc/net: a subscription to blocking updates (7) ";
  if (is_update && requested.contains("enc")) {
    return fail(Rsc::kBadRequest, rule + "cannot be made by an UPDATE");
  }
  if (types.size() != 1) return fail(Rsc::kBadRequest, rule + "has no other event type");
  const auto targets = attributes.strings_at("nu");
  if (targets.size() != 1 || is_url(targets[0])) {
    return fail(Rsc::kBadRequest, rule + "needs one nu (notificationURI), a resource identifier");
  }
  for (const Member& member : *requested.as_object()) {
    // nct 2 says no more than what holds anyway: TS-0001 table 9.6.8-4 calls it valid.
    // DEVIATION: eeno (R4) is younger than that rule, and who is to consent must know to whom.
    static constexpr std::array<std::string_view, 10> kAllowed = {
        "rn", "et", "lbl", "acpi", "daci", "enc", "nu", "cr", "nct", "eeno"};
    if (std::find(kAllowed.begin(), kAllowed.end(), member.name) == kAllowed.end()) {
      return fail(Rsc::kBadRequest, rule + "may not have \"" + member.name + "\"");
    }
  }
  for (const Member& member : *attributes.find("enc")->as_object()) {
    if (member.name != "net" && member.name != "atr") {
      return fail(Rsc::kBadRequest, rule + "may not have the condition \"" + member.name + "\"");
    }
  }
  return {};
}

Result<void> check_content_type(Value& attributes, const std::vector<std::int64_t>& types) {
  const Value* given = attributes.find("nct");
  const std::int64_t first = types.empty() ? kUpdate : types.front();
  if (!given) {
    attributes.set("nct", kContentTypes[static_cast<std::size_t>(first)].by_default);
    given = attributes.find("nct");
  }
  const std::int64_t content_type = given->as_integer().value_or(0);
  for (const std::int64_t type : types) {
    if (kContentTypes[static_cast<std::size_t>(type)].valid >> content_type & 1u) continue;
    return fail(Rsc::kBadRequest, "nct (notificationContentType): " + std::to_string(content_type) +
                                      " does not go with enc/net " + std::to_string(type));
  }
  return {};
}

bool may_have_child(const SubscriptionCheck& check, int type) {
  if (check.parent.schema().allows_child(type)) return true;
  const TypeSchema* child = check.schemas.find(type);
  return child && may_be_child(check.parent.schema(), *child);
}

Result<void> check_criteria(const Value& attributes, const SubscriptionCheck& check,
                            const std::vector<std::int64_t>& types) {
  const Resource& parent = check.parent;
  const Value& criteria = *attributes.find("enc");
  if (criteria.contains("om") && criteria.contains("net")) {
    return fail(Rsc::kBadRequest, "enc: net and om (operationMonitor) exclude each other");
  }
  if (criteria.contains("md") && parent.type() != kTimeSeries) {
    return fail(Rsc::kBadRequest, "enc/md (missingData): only below a <timeSeries>");
  }
  const Value* monitors = criteria.find("om");
  for (std::size_t i = 0; monitors && i < monitors->size(); ++i) {
    if (monitors->as_array()->at(i).size() > 0) continue;  // TS-0004 table 6.3.5.57-1, note
    return fail(Rsc::kBadRequest,
                "enc/om (operationMonitor): needs operations, originator or both");
  }
  for (const EventParent& row : kEventParents) {
    if (!contains(types, row.type) || parent.type() == row.parent) continue;
    return fail(Rsc::kBadRequest, "enc/net: " + std::to_string(row.type) + " is only possible " +
                                      std::string(row.where));
  }
  if (contains(types, kMissingData) && !criteria.contains("md")) {
    return fail(Rsc::kBadRequest, "enc/net: 8 (missing data) needs md (missingData)");
  }
  for (const std::int64_t type : integers_at(criteria, "chty")) {
    if (!may_have_child(check, static_cast<int>(type))) {
      return fail(Rsc::kBadRequest, "enc/chty (childResourceType): " + std::to_string(type) +
                                        " is no child of a <" + std::string(parent.schema().name) +
                                        ">");
    }
  }
  return {};
}

/// Without a duration, also without a number, the provider's default holds. Source: TS-0001
/// clause 10.2.10.7.
Result<void> complete_batch(Value& attributes, const SubscriptionSettings& settings) {
  const Value* given = attributes.find("bn");
  if (!given) return {};
  Value batch = *given;
  if (!batch.contains("dur")) {
    batch.set("dur", "PT" + std::to_string(settings.default_batch_duration.count()) + "S");
    attributes.set("bn", std::move(batch));
  } else if (!parse_duration(batch.string_at("dur"))) {
    return fail(Rsc::kBadRequest, "bn/dur (duration): must be a duration without years and months");
  }
  return {};
}

}  // namespace

Result<void> check_subscription(Value& attributes, const SubscriptionCheck& check,
                                const SubscriptionSettings& settings) {
  const std::vector<std::int64_t> types = complete_event_types(attributes);
  for (const std::int64_t type : types) {
    if (type < kUpdate || type > kMissingData) {
      return fail(Rsc::kBadRequest,
                  "enc/net: " + std::to_string(type) + " is no event type of the standard");
    }
  }
  if (auto valid = check_criteria(attributes, check, types); !valid) return valid;
  if (contains(types, kBlockingUpdate)) {
    auto valid = check_blocking_update(attributes, check.requested, types, check.is_update);
    if (!valid) return valid;
  }
  if (auto valid = check_content_type(attributes, types); !valid) return valid;
  if (auto valid = complete_batch(attributes, settings); !valid) return valid;
  const Value* rate = attributes.find("rl");
  if (rate && !parse_duration(rate->string_at("tww"))) {
    return fail(Rsc::kBadRequest,
                "rl/tww (timeWindow): must be a duration without years and months");
  }
  return {};
}

}  // namespace gatehouse

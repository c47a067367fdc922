#include "cse/services/statistics/statistics_types.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kDataOperation = 1, kStorageBased = 2, kTimerBased = 3;  // m2m:eventType

struct OwnAttribute {
  const char* name;
  const char* long_name;
  std::int64_t event_type;
};

/// Source: TS-0004 table 7.4.24.1-3 ("present only when eventType is set to").
constexpr OwnAttribute kOwn[] = {
    {"evs", "eventStart", kTimerBased},
    {"eve", "eventEnd", kTimerBased},
    {"opt", "operationType", kDataOperation},
    {"ds", "dataSize", kStorageBased},
};

Result<void> check_event(const Value& event) {
  const std::int64_t type = event.integer_at("evt");
  for (const OwnAttribute& row : kOwn) {
    if (!event.contains(row.name) || row.event_type == type) continue;
    return fail(Rsc::kBadRequest, std::string(row.name) + " (" + row.long_name +
                                      "): stands only where evt (eventType) is " +
                                      std::to_string(row.event_type));
  }
  if (type == kStorageBased && !event.contains("ds")) {
    return fail(Rsc::kBadRequest,
                "ds (dataSize): is mandatory where evt (eventType) is 2 (STORAGEBASED)");
  }
  if (event.contains("erts") && event.contains("eris")) {
    return fail(Rsc::kBadRequest,
                "eris (eventResourceIDs): may not stand beside erts (eventResourceTypes)");
  }
  if (event.contains("evs") && event.contains("eve") &&
      event.string_at("eve") < event.string_at("evs")) {
    return fail(Rsc::kBadRequest, "eve (eventEnd): is before evs (eventStart)");
  }
  return {};
}

class EventConfig final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    draft.attributes.set("evi", draft.record.id.text);
    return check_event(draft.attributes);
  }
  /// With another eventType the attributes of the old one go, unless the request names them.
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext&) const override {
    const std::int64_t type = attributes.integer_at("evt");
    if (type != before->attributes().integer_at("evt")) {
      for (const OwnAttribute& row : kOwn) {
        if (row.event_type != type && !requested.contains(row.name)) attributes.erase(row.name);
      }
    }
    return check_event(attributes);
  }
};

class StatsCollect final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    draft.attributes.set("sci", context.settings.cse_id + "/" + draft.record.id.text);
    return check_event_id(draft.attributes, context);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value&,
                         OperationContext& context) const override {
    return check_event_id(attributes, context);
  }

 private:
  /// statModel has one value only, EVENTBASED.
  static Result<void> check_event_id(const Value& collect, OperationContext& context) {
    if (!collect.contains("evi")) {
      return fail(Rsc::kBadRequest,
                  "evi (eventID): is mandatory where sm (statModel) is 1 (EVENTBASED)");
    }
    auto event = context.resources.find(ResourceId{collect.string_at("evi")});
    if (!event) return fail(event.error());
    if (*event && (*event)->type() == type_number::kEventConfig) return {};
    return fail(Rsc::kBadRequest, "evi (eventID): \"" + collect.string_at("evi") +
                                      "\" is the eventID of no <eventConfig> of this CSE");
  }
};

}  // namespace

std::shared_ptr<const TypeBehaviour> event_config_behaviour() {
  return std::make_shared<EventConfig>();
}
std::shared_ptr<const TypeBehaviour> stats_collect_behaviour() {
  return std::make_shared<StatsCollect>();
}

}  // namespace gatehouse

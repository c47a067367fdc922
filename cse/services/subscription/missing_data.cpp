#include "cse/services/subscription/missing_data.h"

namespace gatehouse {

std::optional<Value> count_missing_data(const ResourcePtr& subscription,
                                        const std::string& generation_time,
                                        OperationContext& context) {
  const Value* criteria = subscription->attributes().find("enc");
  const Value* rule = criteria ? criteria->find("md") : nullptr;
  if (!rule) return std::nullopt;
  const auto window = parse_duration(rule->string_at("dur"));
  const std::int64_t now = context.now().microseconds;
  Value internal = subscription->internal();
  Value state = internal.find("md") ? *internal.find("md") : Value::object();
  const bool over = !state.contains("from") || !window ||
                    now - state.integer_at("from") >= std::int64_t{window->count()};
  if (over) state = Value::object({{"from", now}, {"mdc", 0}, {"mdlt", Value::array()}});
  state.set("mdc", state.integer_at("mdc") + 1);
  Value::Array& points = *state.find("mdlt")->as_array();
  if (points.size() >= kMaxListedMissingData) points.erase(points.begin());
  points.emplace_back(generation_time);
  internal.set("md", state);
  context.resources.update_internal(subscription, std::move(internal));
  if (state.integer_at("mdc") < rule->integer_at("num", 1)) return std::nullopt;
  return Value::object({{"mdlt", *state.find("mdlt")}, {"mdc", state.integer_at("mdc")}});
}

void restart_missing_data(const ResourcePtr& subscription, OperationContext& context) {
  if (!subscription->internal().contains("md")) return;
  Value internal = subscription->internal();
  internal.erase("md");
  context.resources.update_internal(subscription, std::move(internal));
}

}  // namespace gatehouse

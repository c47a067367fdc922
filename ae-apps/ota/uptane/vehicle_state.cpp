#include "ae-apps/ota/uptane/vehicle_state.h"

#include "cse/codec/json.h"

namespace gatehouse::uptane {
namespace {

constexpr int kFormat = 1;

Result<std::map<std::string, VehicleState::Order, std::less<>>> orders_of(const Value* value) {
  std::map<std::string, VehicleState::Order, std::less<>> out;
  if (value == nullptr || value->as_object() == nullptr) {
    return fail(Rsc::kBadRequest, "state: orders is no object");
  }
  for (const auto& [serial, order] : *value->as_object()) {
    const std::int64_t counter = order.integer_at("counter", -1);
    if (counter < 0) return fail(Rsc::kBadRequest, "state: an order without a counter");
    out.emplace(serial,
                VehicleState::Order{order.string_at("image"), static_cast<std::uint64_t>(counter)});
  }
  return out;
}

}  // namespace

std::string encode_vehicle_state(const VehicleState& state) {
  Value orders = Value::object();
  for (const auto& [serial, order] : state.orders) {
    orders.set(serial,
               Value::object({{"image", order.image},
                              {"counter", static_cast<std::int64_t>(order.release_counter)}}));
  }
  return to_json(Value::object({{"format", kFormat},
                                {"time", state.latest_time.microseconds},
                                {"director", to_value(state.director)},
                                {"images", to_value(state.images)},
                                {"orders", std::move(orders)}}));
}

Result<VehicleState> decode_vehicle_state(std::string_view text) {
  const Result<Value> value = parse_json(text);
  if (!value) return fail(value.error());
  if (value->integer_at("format") != kFormat) {
    return fail(Rsc::kBadRequest, "state: not of format 1");
  }
  VehicleState state;
  const Value* time = value->find("time");
  if (time == nullptr || !time->is_integer()) {
    return fail(Rsc::kBadRequest, "state: time is no number");
  }
  state.latest_time.microseconds = *time->as_integer();
  for (const auto& [name, repository] :
       {std::pair{"director", &state.director}, std::pair{"images", &state.images}}) {
    const Value* member = value->find(name);
    if (member == nullptr) return fail(Rsc::kBadRequest, std::string("state: no ") + name);
    auto trusted = trusted_repository_of(*member);
    if (!trusted) return fail(trusted.error());
    *repository = *std::move(trusted);
  }
  auto orders = orders_of(value->find("orders"));
  if (!orders) return fail(orders.error());
  state.orders = *std::move(orders);
  return state;
}

}  // namespace gatehouse::uptane

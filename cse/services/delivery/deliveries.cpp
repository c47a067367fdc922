#include "cse/services/delivery/deliveries.h"

#include <algorithm>

#include "cse/codec/primitive_codec.h"
#include "cse/core/address.h"
#include "cse/services/delivery/delivery_type.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kImmediate = 2, kBestEffort = 3;  // m2m:stdEventCats
constexpr const char* kGathers = "gathers";              // of a <delivery> that others may join

bool is_link_down(Rsc rsc) {
  return rsc == Rsc::kTargetNotReachable || rsc == Rsc::kRemoteEntityNotReachable ||
         rsc == Rsc::kRequestTimeout;
}

/// What the next CSE gets: the same, with this CSE among those that had it, if that is wanted.
Value passed_on(const Resource& delivery, const std::string& cse_id) {
  Value attributes = Value::object();
  for (const char* name : {"sr", "tg", "ls", "ec", "dmd", "arq"}) {
    if (const Value* value = delivery.attributes().find(name)) attributes.set(name, *value);
  }
  Value* meta = attributes.find("dmd");
  if (meta && meta->bool_at("tcop")) {
    Value trace = meta->find("tcin") ? *meta->find("tcin") : Value::array();
    if (trace.as_array()) trace.push_back(cse_id);
    meta->set("tcin", std::move(trace));
  }
  return attributes;
}

/// One member of aggregatedRequest. Source: TS-0004 table 6.3.5.3-1.
Value delivered(const Request& request, const std::string& originator) {
  Value meta = to_value(request);
  Value item = Value::object();
  for (const char* own : {"op", "to", "fr", "rqi", "pc"}) {
    if (const Value* value = meta.find(own)) item.set(own, *value);
    meta.erase(own);
  }
  meta.erase("da");  // it has been
  item.set("fr", originator);
  item.set("mi", std::move(meta));
  return item;
}

}  // namespace

Deliveries::Deliveries(Cse& cse, Settings settings) : cse_(cse), settings_(settings) {
  cse.behaviours().add(type_number::kDelivery, delivery_behaviour());
  cse.extensions().listeners.push_back(this);
}

void Deliveries::start() {
  CommittedView resources = cse_.view();
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kDelivery, page);
    if (!entries) return;
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      cse_.scheduler().post([this, id = entry.id] { attempt(id, 0); });
    }
    if (entries->size() < page.limit) return;
  }
}

/// One request that is to leave in a <delivery>.
struct Deliveries::Parcel {
  std::string target;
  std::int64_t category;
  Timestamp lifespan;
  Value item;  ///< of aggregatedRequest
};

void Deliveries::send(const Request& request, const std::string& originator) {
  const auto address = parse_address(request.to);
  if (!address) return;
  const Timestamp now = cse_.scheduler().now();
  std::optional<Timestamp> lifespan;
  if (request.request_expiration)
    lifespan = parse_abs_rel_timestamp(*request.request_expiration, now);
  auto parcel = std::make_shared<const Parcel>(
      Parcel{address->cse_id, request.event_category.value_or(kBestEffort),
             lifespan.value_or(now + settings_.lifespan),
             delivered(request, to_sp_relative(originator, cse_.settings()))});
  cse_.submit([this, parcel](OperationContext& context) { return add(*parcel, context); });
}

/// To the <delivery> that is being gathered, if there is one with room, else to a new one.
Response Deliveries::add(const Parcel& parcel, OperationContext& context) {
  ResourceId joined;
  {
    const std::lock_guard lock(state_->mutex);
    const auto open = state_->gathering.find({parcel.target, parcel.category});
    if (open != state_->gathering.end()) joined = open->second;
  }
  if (joined.empty()) return begin(parcel, context);
  auto found = context.resources.find(joined);
  if (!found) return error_response(context.request, found.error());
  if (!*found || !(*found)->internal().bool_at(kGathers)) return begin(parcel, context);
  Value attributes = (*found)->attributes();
  Value* items = attributes.find("arq") ? attributes.find("arq")->find("req") : nullptr;
  if (!items || items->size() >= settings_.max_gathered) return begin(parcel, context);
  items->push_back(parcel.item);
  const auto until = parse_timestamp(attributes.string_at("ls"));
  if (!until || *until < parcel.lifespan) {
    attributes.set("ls", to_text(parcel.lifespan));
    attributes.set("et", to_text(parcel.lifespan));
  }
  context.resources.update(*found, std::move(attributes), true);
  return {};
}

Response Deliveries::begin(const Parcel& parcel, OperationContext& context) {
  auto base = context.resources.find(csebase_id(context.settings));
  if (!base) return error_response(context.request, base.error());
  const bool gathers = parcel.category != kImmediate && settings_.gather.count() > 0;
  const std::string until = to_text(parcel.lifespan);
  Value attributes =
      Value::object({{"sr", context.settings.cse_id},
                     {"tg", parcel.target},
                     {"ls", until},
                     {"et", until},
                     {"ec", parcel.category},
                     {"dmd", Value::object({{"tcop", false}})},
                     {"arq", Value::object({{"req", Value::array({parcel.item})}})}});
  const TypeSchema* schema = context.resources.schemas().find(type_number::kDelivery);
  auto made =
      create_internal(*schema, *base, {}, {}, context.settings.cse_id, std::move(attributes),
                      context, gathers ? Value::object({{kGathers, true}}) : Value());
  if (!made) return error_response(context.request, made.error());
  if (!gathers) return {};
  const std::lock_guard lock(state_->mutex);
  state_->gathering[{parcel.target, parcel.category}] = (*made)->id();
  cse_.scheduler().at(context.now() + settings_.gather, [this, state = state_, id = (*made)->id()] {
    if (!state->stopped) close(id);
  });
  return {};
}

/// Nobody joins it any more, and it leaves. In the order of the write lane: what joined before is
/// in it.
void Deliveries::close(const ResourceId& delivery) {
  cse_.submit(
      [state = state_, delivery](OperationContext& context) {
        {
          const std::lock_guard lock(state->mutex);
          std::erase_if(state->gathering,
                        [&](const auto& open) { return open.second == delivery; });
        }
        auto found = context.resources.find(delivery);
        if (!found) return error_response(context.request, found.error());
        if (*found) context.resources.update_internal(*found, Value::object());
        return Response{};
      },
      [this, delivery](const Response&) {
        cse_.scheduler().post([this, delivery] { attempt(delivery, 0); });
      });
}

void Deliveries::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (!change.after || change.after->type() != type_number::kDelivery) continue;
    if (change.after->internal().bool_at(kGathers)) continue;
    cse_.scheduler().post([this, id = change.after->id()] { attempt(id, 0); });
  }
}

void Deliveries::attempt(const ResourceId& delivery, int attempts) {
  if (state_->stopped) return;
  CommittedView resources = cse_.view();
  const auto found = resources.find(delivery);
  if (!found || !*found || !(*found)->attributes().contains("arq")) return;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->under_way.insert(delivery).second) return;
  }
  const auto lifespan = parse_timestamp((*found)->attributes().string_at("ls"));
  if (!lifespan || *lifespan <= cse_.scheduler().now()) return finish(delivery);
  const std::string target = (*found)->attributes().string_at("tg");
  if (target == cse_.settings().cse_id) {
    perform(**found);
    return finish(delivery);
  }
  const auto next = next_cse(target, resources);
  if (!next || !*next) return finish(delivery);
  pass_on(*found, *next, attempts);
}

/// In the names that were proven when the delivery came.
void Deliveries::perform(const Resource& delivery) {
  const auto requests = requests_of(delivery.attributes());
  if (!requests) return;
  for (Request request : *requests) {
    const std::string& provider = cse_.settings().sp_id;
    if (request.from.starts_with(provider + "/")) request.from.erase(0, provider.size());
    cse_.request(std::move(request), [](const Response&) {});
  }
}

void Deliveries::pass_on(const ResourcePtr& delivery, const ResourcePtr& next, int attempts) {
  Request request;
  request.operation = Operation::kCreate;
  request.to = next->attributes().string_at("cb");
  request.resource_type = type_number::kDelivery;
  request.result_content = 0;
  request.content = Value::object({{"m2m:dlv", passed_on(*delivery, cse_.settings().cse_id)}});
  cse_.request(std::move(request), [this, id = delivery->id(), attempts](const Response& answer) {
    if (!is_link_down(answer.rsc)) return finish(id);
    {
      const std::lock_guard lock(state_->mutex);
      state_->under_way.erase(id);
    }
    const auto pause =
        std::min(settings_.first_retry * (1 << std::min(attempts, 10)), settings_.last_retry);
    cse_.scheduler().at(cse_.scheduler().now() + pause,
                        [this, id, attempts] { attempt(id, attempts + 1); });
  });
}

void Deliveries::finish(const ResourceId& delivery) {
  cse_.submit(
      [delivery](OperationContext& context) {
        auto found = context.resources.find(delivery);
        if (!found) return error_response(context.request, found.error());
        if (!*found) return Response{};
        if (auto erased = erase_subtree(*found, context, false); !erased)
          return error_response(context.request, erased.error());
        return Response{};
      },
      [state = state_, delivery](const Response&) {
        const std::lock_guard lock(state->mutex);
        state->under_way.erase(delivery);
      });
}

}  // namespace gatehouse

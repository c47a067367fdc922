#include "cse/core/on_demand_discovery.h"

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kDiscovery = 1, kOnDemand = 3;  // m2m:filterUsage

bool is_empty_list(const Response& response) {
  const auto tree = tree_of(response.content);
  if (!tree) return false;
  const Value* list = tree->find("m2m:uril");
  if (const Value* references = tree->find("m2m:rrl")) list = references->find("rrf");
  return list && list->as_array() && list->as_array()->empty();
}

}  // namespace

bool is_discovery(const Request& request) {
  return request.filter &&
         (request.filter->filter_usage == kDiscovery || request.filter->filter_usage == kOnDemand);
}

bool wants_proxy(const Request& request, const Resource& target, const Response& found) {
  return request.filter && request.filter->filter_usage == kOnDemand &&
         target.type() == type_number::kAe && is_success(found.rsc) && is_empty_list(found);
}

void ask_proxy(Cse& cse, Request request, const ResourcePtr& target, const std::string& originator,
               Reply reply) {
  Messenger* messenger = cse.extensions().messenger;
  if (!messenger) {
    return reply(error_response(
        request, {Rsc::kTargetNotReachable, "fu (filterUsage): this node sends no notifications"}));
  }
  Request notification;
  notification.operation = Operation::kNotify;
  notification.content = Value::object(
      {{"m2m:sgn", Value::object({{"idr", Value::object({{"or", originator},
                                                         {"fc", to_value(*request.filter)}})}})}});
  messenger->send_to(
      target->id().text, std::move(notification),
      [&cse, request = std::move(request), target, originator, reply](const Response& answer) {
        if (is_success(answer.rsc)) return reply(cse.retrieve(request, target, originator));
        reply(
            error_response(request, {answer.rsc, "fu (filterUsage): the interworking proxy " +
                                                     target->path() + " has not looked for more"}));
      });
}

}  // namespace gatehouse

// The content of requests, made what the standard wants, before it is checked against the tables.
#include <algorithm>

#include "cse/dialect/repairs.h"

namespace gatehouse {
namespace {

/// The attributes of a CREATE or UPDATE of a resource with that root; null: it is another.
Value* attributes_of(Request& request, std::string_view root) {
  const bool writes =
      request.operation == Operation::kCreate || request.operation == Operation::kUpdate;
  Value* found = writes && request.content ? request.content->find(root) : nullptr;
  return found && found->is_object() ? found : nullptr;
}

bool creates(const Request& request, int type) {
  return request.operation == Operation::kCreate && request.resource_type == type;
}

}  // namespace

namespace repair {

bool ae_releases(Request& request, const DialectFacts&, const Error*) {
  Value* ae = creates(request, type_number::kAe) ? attributes_of(request, "m2m:ae") : nullptr;
  if (!ae || ae->contains("srv") || !request.release_version) return false;
  if (*request.release_version == "1") return false;  // knows no srv, and needs none
  ae->set("srv", Value::array({*request.release_version}));
  return true;
}

bool api_prefix(Request& request, const DialectFacts&, const Error*) {
  Value* ae = creates(request, type_number::kAe) ? attributes_of(request, "m2m:ae") : nullptr;
  const std::string api = ae ? ae->string_at("api") : "";
  if (api.empty() || (api.size() > 1 && (api[0] == 'N' || api[0] == 'R'))) return false;
  ae->set("api", "N" + api);
  return true;
}

bool sub_criteria(Request& request, const DialectFacts&, const Error* refusal) {
  if (refusal) return false;  // the standard refuses no subscription for want of criteria
  Value* sub =
      creates(request, type_number::kSubscription) ? attributes_of(request, "m2m:sub") : nullptr;
  if (!sub || sub->contains("enc")) return false;
  sub->set("enc", Value::object({{"net", Value::array({1, 3})}}));
  return true;
}

bool content_type(Request& request, const DialectFacts&, const Error*) {
  Value* sub = attributes_of(request, "m2m:sub");
  const Value* criteria = sub && sub->integer_at("nct") == 2 ? sub->find("enc") : nullptr;
  const Value* types = criteria ? criteria->find("net") : nullptr;
  if (!types || !types->as_array()) return false;
  // UPDATE (1) goes with 2, and so does a blocking UPDATE (7).
  const bool others =
      std::any_of(types->as_array()->begin(), types->as_array()->end(), [](const Value& type) {
        const std::int64_t number = type.as_integer().value_or(0);
        return number >= 2 && number <= 5;
      });
  if (!others) return false;
  sub->set("nct", 1);
  return true;
}

/// {"ops": 3, "org": "CAE1"} is {"ops": 4, "or": "CAE1"}: the operation's bit.
bool acme_monitor(Request& request, const DialectFacts&, const Error*) {
  Value* sub = attributes_of(request, "m2m:sub");
  Value* criteria = sub ? sub->find("enc") : nullptr;
  Value* monitors = criteria ? criteria->find("om") : nullptr;
  if (!monitors || !monitors->as_array() || monitors->as_array()->empty()) return false;
  for (Value& monitor : *monitors->as_array()) {
    if (const Value* originator = monitor.find("org")) {
      Value moved = *originator;
      monitor.erase("org");
      monitor.set("or", std::move(moved));
    }
    const std::int64_t operation = monitor.integer_at("ops");
    if (operation >= 1 && operation <= 5) monitor.set("ops", 1 << (operation - 1));
  }
  return true;
}

}  // namespace repair
}  // namespace gatehouse

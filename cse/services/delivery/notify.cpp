#include "cse/services/delivery/notify.h"

#include "cse/core/address.h"

namespace gatehouse {
namespace {

/// m2m:sgn is an object, m2m:agn an object with a list of them.
bool is_notification(const Member& root) {
  if (root.name == "m2m:sgn") return root.value.is_object();
  if (root.name != "m2m:agn") return false;
  const Value* list = root.value.find("m2m:sgn");
  return list && list->is_array();
}

/// TS-0004 clause 6.3.5.4: every m2m:notification names its subscription.
bool names_subscriptions(const Member& root) {
  if (root.name == "m2m:sgn") return root.value.contains("sur");
  for (const Value& each : *root.value.find("m2m:sgn")->as_array()) {
    if (!each.contains("sur")) return false;
  }
  return true;
}

/// How other entities know the originator. Source: TS-0001 clause 7.2 (AE-ID of C- and S-type).
std::string known_as(const std::string& originator, const CseSettings& settings) {
  const bool of_provider = originator.starts_with('S') && is_ae_id_stem(originator);
  return of_provider ? "/" + originator : to_sp_relative(originator, settings);
}

/// Why a target takes no NOTIFY, and what was probably meant: over HTTP, a POST without `ty` is
/// one.
Error no_receiver(const Resource& target, const Value* content, const Schemas& schemas) {
  Error error{Rsc::kOperationNotAllowed,
              "NOTIFY: a <" + std::string(target.schema().name) + "> takes no notifications"};
  const Value::Object* members = content ? content->as_object() : nullptr;
  if (members && members->size() == 1 && schemas.find_by_root(members->front().name)) {
    error.detail += "; a CREATE states ty (resourceType), over HTTP as \";ty=\" in Content-Type";
  }
  return error;
}

}  // namespace

void NotifyReceiver::add_handler(const std::string& content_root, Handler handler, Takes takes) {
  handlers_.emplace(content_root, Registered{std::move(takes), std::move(handler)});
}

void NotifyReceiver::notify(Request request, const ResourcePtr& target,
                            const std::string& originator, Reply reply) {
  switch (target->type()) {
    case type_number::kAe:
    case type_number::kRemoteCse:
      request.from = known_as(originator, cse_.settings());
      request.to.clear();
      request.release_version.reset();  // the one that the receiver knows
      return messenger_.send_to_entity(target, std::move(request), std::move(reply));
    case type_number::kCseBase:
      return to_base(std::move(request), originator, reply);
    default:
      if (const auto taker = cse_.extensions().notify_targets.find(target->type());
          taker != cse_.extensions().notify_targets.end()) {
        return taker->second(std::move(request), target, originator, std::move(reply));
      }
      return reply(error_response(
          request,
          no_receiver(*target, request.content ? &*request.content : nullptr, cse_.schemas())));
  }
}

void NotifyReceiver::to_base(Request request, const std::string& originator,
                             const Reply& reply) const {
  if (!request.content || request.content->size() != 1 || !request.content->as_object()) {
    return reply(error_response(
        request, {Rsc::kBadRequest, "pc: a NOTIFY needs a content with exactly one member"}));
  }
  const Member& root = request.content->as_object()->front();
  const auto [first, last] = handlers_.equal_range(root.name);
  for (auto entry = first; entry != last; ++entry) {
    if (entry->second.takes && !entry->second.takes(request)) continue;
    return entry->second.handle(std::move(request), originator, reply);
  }
  if (!is_notification(root)) {
    return reply(error_response(
        request, {Rsc::kBadRequest,
                  "pc: nobody in this CSE takes a notification of \"" + root.name + "\""}));
  }
  if (!names_subscriptions(root)) {
    return reply(error_response(
        request, {Rsc::kBadRequest, "sgn/sur (subscriptionReference): is mandatory"}));
  }
  Response accepted;
  accepted.rsc = Rsc::kOk;
  accepted.request_identifier = request.request_identifier;
  reply(std::move(accepted));
}

}  // namespace gatehouse

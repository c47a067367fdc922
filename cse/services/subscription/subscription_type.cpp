#include "cse/services/subscription/subscription_type.h"

#include <algorithm>
#include <mutex>

#include "cse/codec/json.h"
#include "cse/core/address.h"

namespace gatehouse {
namespace {

const Value* requested_attributes(const Request& request) {
  const Value* content = request.content ? &*request.content : nullptr;
  if (!content || !content->as_object() || content->size() != 1) return nullptr;
  return &content->as_object()->front().value;
}

/// The identifier of a subscription is named to its targets before it exists. Verification and
/// CREATE see the same request, so both can make it from that.
ResourceId identifier_for(const Request& request, const std::string& originator) {
  const std::string text = originator + '\n' + request.request_identifier + '\n' + request.to +
                           '\n' + (request.content ? to_json(*request.content) : "");
  const std::size_t hash = std::hash<std::string>{}(text);
  return ResourceId{IdGenerator::identifier("sub", static_cast<std::int64_t>(hash >> 1))};
}

/// The verifications of one request. The first refusal, or the last consent, is its outcome.
struct Verifications {
  std::mutex mutex;
  std::size_t open;
  bool settled = false;
  Prepared done;

  void answered(std::optional<Error> refusal) {
    {
      const std::lock_guard lock(mutex);
      if (settled) return;
      settled = refusal || --open == 0;
      if (!settled) return;
    }
    done(std::move(refusal));
  }
};

std::optional<Error> refusal_of(const std::string& target, const Response& response) {
  if (response.rsc == Rsc::kOk) return std::nullopt;
  const Value* content = response.content.tree();
  const std::string why = content ? content->string_at("m2m:dbg") : "";
  const bool handed_on = response.rsc == Rsc::kSubscriptionCreatorHasNoPrivilege ||
                         response.rsc == Rsc::kSubscriptionHostHasNoPrivilege;
  return Error{
      handed_on ? response.rsc : Rsc::kSubscriptionVerificationInitiationFailed,
      "nu (notificationURI): \"" + target + "\" was not verified: " +
          (why.empty() ? "it answered " + std::to_string(static_cast<int>(response.rsc)) : why)};
}

}  // namespace

Result<void> SubscriptionType::on_create(Draft& draft, OperationContext& context) const {
  const AccessRequest question{context.originator, Privilege::kRetrieve, 0,
                               context.request.peer.get()};
  auto allowed = cse_.access().allows(draft.parent, question, context.resources);
  if (!allowed) return fail(allowed.error());
  if (!*allowed) {
    return fail(no_privilege(context.originator, Privilege::kRetrieve, *draft.parent));
  }
  const Value* requested = requested_attributes(context.request);
  auto valid = check_subscription(draft.attributes, requested ? *requested : draft.attributes,
                                  *draft.parent, false, settings_);
  if (!valid) return valid;
  for (const std::string& target : draft.attributes.strings_at("nu")) {
    auto own = is_originator(target, context.originator, context.settings, context.resources);
    if (!own) return fail(own.error());
    if (!*own) draft.attributes.set("cr", context.originator);
  }
  const ResourceId wanted = identifier_for(context.request, context.originator);
  auto taken = context.resources.find_stored(wanted);
  if (!taken) return fail(taken.error());
  if (!*taken) draft.record.id = wanted;
  return {};
}

Result<void> SubscriptionType::on_update(const ResourcePtr& before, Value& attributes,
                                         const Value& requested, OperationContext& context) const {
  auto parent = context.resources.find(before->parent());
  if (!parent) return fail(parent.error());
  if (!*parent) return fail(Rsc::kNotFound, "the subscribed-to resource is gone");
  return check_subscription(attributes, requested, **parent, true, settings_);
}

bool SubscriptionType::needs_preparation(const Request& request) const {
  const Value* attributes = requested_attributes(request);
  if (!attributes) return false;
  const auto targets = attributes->strings_at("nu");
  return std::any_of(targets.begin(), targets.end(),
                     [&request](const std::string& target) { return target != request.from; });
}

Result<std::vector<std::string>> SubscriptionType::targets_to_verify(
    const Request& request, const std::string& originator) const {
  std::vector<std::string> targets;
  CommittedView resources = cse_.view();
  for (std::string& target : requested_attributes(request)->strings_at("nu")) {
    auto own = is_originator(target, originator, cse_.settings(), resources);
    if (!own) return fail(own.error());
    if (*own) continue;
    auto allowed = check_notify_privilege(target, request, originator, resources);
    if (!allowed) return fail(allowed.error());
    targets.push_back(std::move(target));
  }
  return targets;
}

/// What a receiver checks for itself, an <AE> leaves to its registrar: may the creator notify it?
Result<void> SubscriptionType::check_notify_privilege(const std::string& target,
                                                      const Request& request,
                                                      const std::string& originator,
                                                      ResourceReader& resources) const {
  auto entity = find_local(target, cse_.settings(), resources);
  if (!entity) return fail(entity.error());
  if (!*entity || (*entity)->type() != type_number::kAe) return {};
  const AccessRequest question{originator, Privilege::kNotify, 0, request.peer.get()};
  auto allowed = cse_.access().allows(*entity, question, resources);
  if (!allowed) return fail(allowed.error());
  if (*allowed) return {};
  return fail(
      Rsc::kSubscriptionCreatorHasNoPrivilege,
      "nu (notificationURI): " + no_privilege(originator, Privilege::kNotify, **entity).detail);
}

Request SubscriptionType::verification(const Request& request, const std::string& reference,
                                       const std::string& originator) const {
  Request notify;
  notify.operation = Operation::kNotify;
  notify.from = cse_.settings().cse_id;
  notify.content = verification_content(reference, originator);
  notify.request_expiration = request.request_expiration.value_or(
      to_text(cse_.scheduler().now() + settings_.verification_timeout));
  return notify;
}

void SubscriptionType::prepare_create(const Request& request, const ResourcePtr& parent,
                                      const std::string& originator, Prepared done) const {
  auto targets = targets_to_verify(request, originator);
  if (!targets) return done(targets.error());
  if (targets->empty()) return done(std::nullopt);
  Messenger* messenger = cse_.extensions().messenger;
  if (!messenger) {
    return done(Error{Rsc::kSubscriptionVerificationInitiationFailed,
                      "nu (notificationURI): this node sends no notifications"});
  }
  const ResourceId id = identifier_for(request, originator);
  const std::string name = requested_attributes(request)->string_at("rn", id.text);
  const std::string reference =
      cse_.settings().cse_id + "/" +
      (settings_.structured_reference ? parent->path() + "/" + name : id.text);
  auto verifications = std::make_shared<Verifications>();
  verifications->open = targets->size();
  verifications->done = std::move(done);
  for (const std::string& target : *targets) {
    messenger->send_to(target, verification(request, reference, originator),
                       [verifications, target](const Response& response) {
                         verifications->answered(refusal_of(target, response));
                       });
  }
}

}  // namespace gatehouse

#include "cse/services/subscription/target_verification.h"

#include <mutex>

#include "cse/codec/json.h"
#include "cse/core/address.h"

namespace gatehouse {
namespace {

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

Result<void> check_notify_privilege(const ResourcePtr& entity, const TargetQuestion& question,
                                    ResourceReader& resources) {
  const Value* policies = entity->attributes().find("acpi");
  if (!policies || policies->size() == 0) return {};
  const AccessRequest privilege{question.originator, Privilege::kNotify, 0,
                                question.request.peer.get()};
  auto allowed = question.cse.access().allows(entity, privilege, resources);
  if (!allowed) return fail(allowed.error());
  if (*allowed) return {};
  return fail(Rsc::kSubscriptionCreatorHasNoPrivilege,
              "nu (notificationURI): " +
                  no_privilege(question.originator, Privilege::kNotify, *entity).detail);
}

}  // namespace

const Value* requested_attributes(const Request& request) {
  const Value* content = request.content ? &*request.content : nullptr;
  if (!content || !content->as_object() || content->size() != 1) return nullptr;
  return &content->as_object()->front().value;
}

ResourceId identifier_for(const char* prefix, const Request& request,
                          const std::string& originator) {
  const std::string text = originator + '\n' + request.request_identifier + '\n' + request.to +
                           '\n' + (request.content ? to_json(*request.content) : "");
  const std::size_t hash = std::hash<std::string>{}(text);
  return ResourceId{IdGenerator::identifier(prefix, static_cast<std::int64_t>(hash >> 1))};
}

Result<bool> is_originator(const std::string& target, const std::string& originator,
                           const CseSettings& cse, ResourceReader& resources) {
  if (target.find("://") != std::string::npos) return false;
  if (target == originator || to_sp_relative(target, cse) == to_sp_relative(originator, cse)) {
    return true;
  }
  auto resource = find_local(target, cse, resources);
  if (!resource) return fail(resource.error());
  return *resource && (*resource)->type() == type_number::kAe &&
         (*resource)->id().text == originator;
}

Result<std::vector<std::string>> targets_to_verify(const TargetQuestion& question,
                                                   const std::vector<std::string>& wanted,
                                                   ResourceReader& resources) {
  std::vector<std::string> targets;
  const CseSettings& settings = question.cse.settings();
  for (const std::string& target : wanted) {
    auto own = is_originator(target, question.originator, settings, resources);
    if (!own) return fail(own.error());
    if (*own) continue;
    auto entity = find_local(target, settings, resources);
    if (!entity) return fail(entity.error());
    if (*entity && (*entity)->type() == type_number::kCrossResourceSubscription) continue;
    if (*entity && (*entity)->type() == type_number::kAe) {
      auto allowed = check_notify_privilege(*entity, question, resources);
      if (!allowed) return fail(allowed.error());
    }
    targets.push_back(target);
  }
  return targets;
}

void verify_targets(Cse& cse, const SubscriptionSettings& settings, const TargetQuestion& question,
                    const std::vector<std::string>& targets, const std::string& reference,
                    Prepared done) {
  if (targets.empty()) return done(std::nullopt);
  Messenger* messenger = cse.extensions().messenger;
  if (!messenger) {
    return done(Error{Rsc::kSubscriptionVerificationInitiationFailed,
                      "nu (notificationURI): this node sends no notifications"});
  }
  auto verifications = std::make_shared<Verifications>();
  verifications->open = targets.size();
  verifications->done = std::move(done);
  for (const std::string& target : targets) {
    Request notify;
    notify.operation = Operation::kNotify;
    notify.from = cse.settings().cse_id;
    notify.content = verification_content(reference, question.originator);
    notify.request_expiration = question.request.request_expiration.value_or(
        to_text(cse.scheduler().now() + settings.verification_timeout));
    messenger->send_to(target, std::move(notify),
                       [verifications, target](const Response& response) {
                         verifications->answered(refusal_of(target, response));
                       });
  }
}

}  // namespace gatehouse

#include "cse/services/subscription/target_removal.h"

#include <algorithm>

#include "cse/primitive/schedule_entry.h"
#include "cse/services/subscription/target_verification.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kAnd = 1, kOr = 2;  // m2m:logicalOperator

bool rules_of_one_hold(const Value& attributes, Timestamp now) {
  const Value* rules = attributes.find("dr");
  if (!rules) return true;
  std::vector<bool> results;
  for (const std::string& text : rules->strings_at("tod")) {
    const auto entry = ScheduleEntry::parse(text);
    results.push_back(entry && entry->covers(now));
  }
  const Value* regions = rules->find("lr");
  results.resize(results.size() + (regions ? regions->size() : 0), false);
  if (results.empty()) return true;
  const auto held = std::count(results.begin(), results.end(), true);
  return attributes.integer_at("drr", kOr) == kAnd ? held == std::ssize(results) : held > 0;
}

Response plain(const Request& request, Rsc rsc) {
  Response response;
  response.rsc = rsc;
  response.request_identifier = request.request_identifier;
  return response;
}

}  // namespace

bool rules_hold(const std::vector<Value>& deletion_rules, std::int64_t relation, Timestamp now) {
  if (deletion_rules.empty()) return true;
  const auto held = std::count_if(deletion_rules.begin(), deletion_rules.end(),
                                  [now](const Value& one) { return rules_of_one_hold(one, now); });
  return relation == kOr ? held > 0 : held == std::ssize(deletion_rules);
}

/// One target that wants to leave one subscription.
struct TargetSelfReference::Removal {
  Request request;
  ResourcePtr subscription;
  std::string originator;
  std::vector<std::string> targets;  ///< entries of nu that are the originator
  std::function<void(Response&&)> reply;

  std::string creator() const {
    return subscription->attributes().string_at("cr", subscription->originator());
  }
  void refuse(const std::string& why) const {
    reply(error_response(request, {Rsc::kOriginatorHasNoPrivilege, why}));
  }
};

void TargetSelfReference::handle(Request request, const ResourcePtr& parent,
                                 std::vector<std::string> rest, const std::string& originator,
                                 std::function<void(Response&&)> reply) {
  if (request.operation != Operation::kDelete || !rest.empty()) {
    return reply(error_response(request, {Rsc::kOperationNotAllowed,
                                          "ntsr (notificationTargetSelfReference): only DELETE"}));
  }
  auto removal = std::make_shared<Removal>(
      Removal{std::move(request), parent, originator, {}, std::move(reply)});
  CommittedView resources = cse_.view();
  const auto failed = [&removal](const Error& error) {
    removal->reply(error_response(removal->request, error));
  };
  for (std::string& target : parent->attributes().strings_at("nu")) {
    auto own = is_originator(target, originator, cse_.settings(), resources);
    if (!own) return failed(own.error());
    if (*own) removal->targets.push_back(std::move(target));
  }
  if (removal->targets.empty()) {
    return removal->refuse("\"" + originator + "\" is no notification target of " + parent->path());
  }
  auto policy = policy_for(*removal, resources);
  if (!policy) return failed(policy.error());
  if (!*policy) return act(settings_.default_action, removal);
  auto wanted = applies(**policy, resources);
  if (!wanted) return failed(wanted.error());
  if (!*wanted) return removal->refuse("the rules of " + (*policy)->path() + " do not hold now");
  act(static_cast<RemovalAction>((*policy)->attributes().integer_at("acn", 2)), removal);
}

Result<ResourcePtr> TargetSelfReference::policy_for(const Removal& removal,
                                                    ResourceReader& resources) const {
  auto references = resources.children_of_type(
      removal.subscription->id(), type_number::kNotificationTargetMgmtPolicyRef, Page{});
  if (!references) return fail(references.error());
  for (const ChildEntry& entry : *references) {
    auto reference = resources.find(entry.id);
    if (!reference) return reference;
    if (!*reference) continue;
    for (const std::string& target : (*reference)->attributes().strings_at("ntu")) {
      auto own = is_originator(target, removal.originator, cse_.settings(), resources);
      if (!own) return fail(own.error());
      if (!*own) continue;
      auto policy =
          find_local((*reference)->attributes().string_at("npi"), cse_.settings(), resources);
      const bool known =
          policy && *policy && (*policy)->type() == type_number::kNotificationTargetPolicy;
      if (!policy || known) return policy;
    }
  }
  return default_policy(removal.creator(), resources);
}

/// The creator's own policy "Default", else the administrator's, else the provider's.
Result<ResourcePtr> TargetSelfReference::default_policy(const std::string& creator,
                                                        ResourceReader& resources) const {
  ResourcePtr of_provider;
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kNotificationTargetPolicy, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto policy = resources.find(entry.id);
      if (!policy) return policy;
      if (!*policy || (*policy)->attributes().string_at("plbl") != "Default") continue;
      if ((*policy)->originator() == creator) return policy;
      const std::string_view owner = (*policy)->originator();
      const bool replaces = owner == cse_.settings().administrator ||
                            (owner == cse_.settings().cse_id && !of_provider);
      if (replaces) of_provider = *policy;
    }
    if (entries->size() < page.limit) return of_provider;
  }
}

Result<bool> TargetSelfReference::applies(const Resource& policy, ResourceReader& resources) const {
  auto entries = resources.children_of_type(policy.id(), type_number::kPolicyDeletionRules, Page{});
  if (!entries) return fail(entries.error());
  std::vector<Value> rules;
  for (const ChildEntry& entry : *entries) {
    auto resource = resources.find(entry.id);
    if (!resource) return fail(resource.error());
    if (*resource) rules.push_back((*resource)->attributes());
  }
  return rules_hold(rules, policy.attributes().integer_at("rrs", kAnd), cse_.scheduler().now());
}

void TargetSelfReference::act(RemovalAction action, const std::shared_ptr<Removal>& removal) {
  switch (action) {
    case RemovalAction::kAccept:
      return remove(removal);
    case RemovalAction::kSeekConsent:
      return ask_creator(removal, "tra", [this, removal](bool consents) {
        if (consents) return remove(removal);
        removal->refuse("the creator of the subscription does not consent");
      });
    case RemovalAction::kInform:
      return ask_creator(removal, "trr", [removal](bool) {
        removal->refuse("the creator of the subscription has been informed");
      });
    default:
      return removal->refuse("the policy does not let targets leave");
  }
}

void TargetSelfReference::ask_creator(const std::shared_ptr<Removal>& removal,
                                      const char* indication, std::function<void(bool)> done) {
  Messenger* messenger = cse_.extensions().messenger;
  if (!messenger) return done(false);
  Request notify;
  notify.operation = Operation::kNotify;
  notify.from = cse_.settings().cse_id;
  notify.content = Value::object(
      {{"m2m:sgn",
        Value::object({{"sur", to_sp_relative(removal->subscription->id().text, cse_.settings())},
                       {"ntt", removal->originator},
                       {indication, true}})}});
  notify.request_expiration = to_text(cse_.scheduler().now() + settings_.consent_timeout);
  messenger->send_to(
      removal->creator(), std::move(notify),
      [done = std::move(done)](const Response& answer) { done(is_success(answer.rsc)); });
}

void TargetSelfReference::remove(const std::shared_ptr<Removal>& removal) {
  cse_.submit(
      [removal](OperationContext& context) {
        auto subscription = context.resources.find(removal->subscription->id());
        if (!subscription) return error_response(removal->request, subscription.error());
        if (!*subscription) {
          return error_response(removal->request, {Rsc::kNotFound, "the subscription has gone"});
        }
        Value attributes = (*subscription)->attributes();
        Value left = Value::array();
        for (const std::string& target : attributes.strings_at("nu")) {
          const auto& leaving = removal->targets;
          if (std::find(leaving.begin(), leaving.end(), target) == leaving.end()) {
            left.push_back(target);
          }
        }
        attributes.set("nu", std::move(left));
        attributes.set("lt", to_text(context.now()));
        context.resources.update(*subscription, std::move(attributes));
        return plain(removal->request, Rsc::kDeleted);
      },
      [removal](Response response) { removal->reply(std::move(response)); });
}

}  // namespace gatehouse

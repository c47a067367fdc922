#include "cse/services/registration/provider_aes.h"

#include "cse/codec/json.h"
#include "cse/services/registration/service_subscription.h"

namespace gatehouse {
namespace {

constexpr std::string_view kCredentialLabel = "Credential-ID:";
constexpr const char* kInactive = "INACTIVE";

/// "/id-mn" of "/id-mn/SAE1".
std::string cse_of(const std::string& originator) {
  return originator.substr(0, originator.find('/', 1));
}

std::string reason_of(const Response& response) {
  const auto content = tree_of(response.content);
  const std::string text = content ? content->string_at("m2m:dbg") : "";
  return text.empty() ? std::string(name_of(response.rsc)) : text;
}

/// Is that what the service subscription allows? The credential is in a label.
Result<void> check_subscribed(const Value& attributes, const std::string& cse_id,
                              const std::string& stem, OperationContext& context) {
  Registree registree{attributes.string_at("api"), stem, cse_id, false, {}};
  for (const std::string& label : attributes.strings_at("lbl")) {
    if (!label.starts_with(kCredentialLabel) || label.size() == kCredentialLabel.size()) continue;
    registree.proven = true;
    registree.credentials.push_back(label.substr(kCredentialLabel.size()));
  }
  return check_service_subscription(registree, context);
}

}  // namespace

std::string stem_of_credential(const Request& request, char first) {
  if (!request.peer || !request.peer->authenticated) return {};
  for (const std::string& identity : request.peer->identities) {
    if (!identity.empty() && identity.front() == first && is_ae_id_stem(identity) &&
        identity.size() > 1)
      return identity;
  }
  return {};
}

ProviderAes::ProviderAes(Cse& cse, std::string in_cse_id)
    : cse_(cse), in_cse_id_(std::move(in_cse_id)) {
  if (cse.settings().cse_type == 1) cse.extensions().provider_registry = this;
}

std::string ProviderAes::stem_of(const std::string& originator) const {
  if (!originator.starts_with('/') || originator.starts_with("//")) return {};
  const std::size_t slash = originator.find('/', 1);
  if (slash == std::string::npos) return {};
  std::string stem = originator.substr(slash + 1);
  return stem.starts_with('S') && is_ae_id_stem(stem) ? stem : std::string();
}

Result<void> ProviderAes::enter(Draft& announced, OperationContext& context) {
  std::string stem = stem_of(context.originator);
  const std::string cse_id = cse_of(context.originator);
  if (announced.attributes.string_at("lnk") != cse_id + "/" + stem) {
    return fail(Rsc::kBadRequest, "lnk (link): must be \"" + cse_id + "/" + stem +
                                      "\", the AE that is to be registered");
  }
  if (announced.attributes.string_at("api").empty())
    return fail(Rsc::kBadRequest, "api (App-ID): is mandatory where an AE-ID is asked for");
  if (stem == "S") stem = IdGenerator::identifier("S", announced.record.order);
  auto existing = context.resources.find(ResourceId{stem});
  if (!existing) return fail(existing.error());
  if (*existing) {
    return fail(Rsc::kOriginatorHasAlreadyRegistered,
                "fr (From): \"" + stem + "\" is known already, as " + (*existing)->path());
  }
  if (auto allowed = check_subscribed(announced.attributes, cse_id, stem, context); !allowed)
    return allowed;
  if (announced.record.name == announced.record.id.text) announced.record.name = stem;
  announced.record.id.text = stem;
  announced.record.originator = cse_id + "/" + stem;
  announced.attributes.set("lnk", cse_id + "/" + stem);
  return {};
}

Result<void> ProviderAes::enter_again(const Resource& announced, const Value& attributes,
                                      OperationContext& context) {
  const std::string link = attributes.string_at("lnk");
  if (link == kInactive) return {};
  if (link != context.originator) {
    return fail(Rsc::kBadRequest, "lnk (link): must be \"" + context.originator +
                                      "\", where the AE registers, or INACTIVE");
  }
  return check_subscribed(attributes, cse_of(link), announced.id().text, context);
}

bool ProviderAes::concerns(const Request& request) const {
  return cse_.settings().cse_type != 1 && !in_cse_id_.empty() && request.from.starts_with('S') &&
         is_ae_id_stem(request.from);
}

void ProviderAes::send(Request request, const std::string& stem, Reply reply) {
  const std::string originator = cse_.settings().cse_id + "/" + stem;
  request.request_identifier = cse_.ids().request_identifier();
  request.release_version = cse_.settings().release_versions.back();
  request.from = originator;
  cse_.extensions().transit->forward(std::move(request), originator, std::move(reply));
}

Value ProviderAes::representation(const Request& registration, const std::string& stem) const {
  std::string credential(kCredentialLabel);
  if (registration.peer && registration.peer->authenticated) {
    credential += !registration.peer->credential.empty()  ? registration.peer->credential
                  : registration.peer->identities.empty() ? std::string()
                                                          : registration.peer->identities.front();
  }
  const Timestamp expires = cse_.scheduler().now() + cse_.settings().max_expiration;
  return Value::object({{"lnk", cse_.settings().cse_id + "/" + stem},
                        {"et", to_text(expires)},
                        {"lbl", Value::array({std::move(credential)})}});
}

void ProviderAes::ask(const Request& request, const std::string& originator, Prepared done) {
  std::string stem = originator;
  if (stem == "S") {
    const std::string known = stem_of_credential(request, 'S');
    if (!known.empty()) stem = known;
  }
  Value announced = representation(request, stem);
  const Value* ae = request.content ? &request.content->as_object()->front().value : nullptr;
  if (ae) announced.set("api", ae->string_at("api"));
  Request create;
  create.operation = Operation::kCreate;
  create.to = in_cse_id_;
  create.resource_type = type_number::kAnnounced + type_number::kAe;
  create.content = Value::object({{"m2m:aeA", std::move(announced)}});
  auto registration = std::make_shared<const Request>(request);
  send(
      std::move(create), stem,
      [self = shared_from_this(), registration, stem, done](Response response) {
        if (response.rsc == Rsc::kCreated) {
          const auto content = tree_of(response.content);
          const Value* made = content ? content->find("m2m:aeA") : nullptr;
          const std::string assigned = made ? made->string_at("ri") : "";
          if (assigned.size() > 1 && assigned.front() == 'S' && is_ae_id_stem(assigned))
            return done(std::nullopt, assigned);
          return done(Error{Rsc::kTargetNotReachable,
                            "fr (From): the IN-CSE has answered without an AE-ID of the provider"});
        }
        const bool known =
            response.rsc == Rsc::kOriginatorHasAlreadyRegistered || response.rsc == Rsc::kConflict;
        if (known && stem != "S") return self->register_again(*registration, stem, done);
        done(Error{response.rsc, "fr (From): the IN-CSE, asked for the AE-ID \"" + stem +
                                     "\", answers: " + reason_of(response)});
      });
}

/// The AE was registered before, here or at another CSE of the provider.
void ProviderAes::register_again(const Request& registration, const std::string& stem,
                                 Prepared done) {
  Request update;
  update.operation = Operation::kUpdate;
  update.to = in_cse_id_ + "/" + stem;
  update.content = Value::object({{"m2m:aeA", representation(registration, stem)}});
  send(std::move(update), stem, [stem, done = std::move(done)](Response response) {
    if (response.rsc == Rsc::kUpdated) return done(std::nullopt, stem);
    done(Error{response.rsc, "fr (From): the IN-CSE, asked for the AE-ID \"" + stem +
                                 "\" again, answers: " + reason_of(response)});
  });
}

void ProviderAes::left(const std::string& stem) {
  if (cse_.settings().cse_type == 1 || in_cse_id_.empty()) return;
  Request update;
  update.operation = Operation::kUpdate;
  update.to = in_cse_id_ + "/" + stem;
  update.content = Value::object({{"m2m:aeA", Value::object({{"lnk", std::string(kInactive)}})}});
  // Nobody waits for it; the entry expires by itself if the IN-CSE is not reached.
  send(std::move(update), stem, [](const Response&) {});
}

}  // namespace gatehouse

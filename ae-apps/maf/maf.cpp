#include "ae-apps/maf/maf.h"

#include <algorithm>

#include "ae-apps/maf/state.h"

namespace gatehouse::maf {
namespace {

constexpr std::size_t kIdDigits = 32;  // 128 bits: beyond guessing
constexpr std::size_t kMinKeyDigits = 32, kMaxKeyDigits = 128;

bool is_usage(std::int64_t suid) {
  return suid >= static_cast<std::int64_t>(KeyUsage::kSaef) &&
         suid <= static_cast<std::int64_t>(KeyUsage::kEsDataSignature);
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// "CAE1" and "/id-in/CAE1" are one: a target may be named by either where its certificate does.
bool names(const std::string& listed, const std::string& originator) {
  if (listed == originator) return true;
  const std::size_t slash = originator.rfind('/');
  return slash != 0 && slash != std::string::npos && listed == originator.substr(slash + 1) &&
         listed.starts_with('S');  // an S-AE-ID-Stem is the service provider's; a C-type is not
}

Response answer(Rsc rsc, const char* name, Value resource) {
  Response response;
  response.rsc = rsc;
  response.content = Content(Value::object({{name, std::move(resource)}}));
  return response;
}

Result<void> only(const Value& wish, std::initializer_list<std::string_view> allowed) {
  for (const Member& member : *wish.as_object()) {
    if (std::find(allowed.begin(), allowed.end(), member.name) == allowed.end()) {
      return fail(Rsc::kBadRequest, member.name + ": is no attribute that may be given");
    }
  }
  return {};
}

Result<std::vector<std::string>> read_targets(const Value& wish, std::size_t most) {
  const Value* list = wish.find("tgis");
  if (!list) return std::vector<std::string>();
  const Value::Array* items = list->as_array();
  if (!items || items->size() > most) {
    return fail(Rsc::kBadRequest, "tgis (targetIDs): must be a list of at most " +
                                      std::to_string(most) + " CSE-IDs and AE-IDs");
  }
  std::vector<std::string> targets;
  for (const Value& item : *items) {
    const std::string* id = item.as_string();
    if (!id || id->size() < 2 || id->size() > 256 || id->find_first_of("* \t\r\n") != id->npos) {
      return fail(Rsc::kBadRequest, "tgis (targetIDs): each must be a whole CSE-ID or AE-ID");
    }
    targets.push_back(*id);
  }
  return targets;
}

}  // namespace

Result<std::string> proven_originator(const Request& request) {
  if (!request.peer || !request.peer->authenticated || request.from.empty()) {
    return fail(Rsc::kOriginatorNotAuthenticated, "the MAF serves who proves himself, only");
  }
  const auto& proven = request.peer->identities;
  if (std::find(proven.begin(), proven.end(), request.from) == proven.end()) {
    return fail(Rsc::kOriginatorNotAuthenticated, "the certificate is not that of " + request.from);
  }
  if (request.from.starts_with('/')) return request.from;
  for (const std::string& form : proven) {
    if (form.starts_with('/') && form.ends_with("/" + request.from)) return form;
  }
  return request.from;
}

Maf::Maf(Settings settings, Outside outside)
    : settings_(std::move(settings)), outside_(std::move(outside)) {}

Result<void> Maf::load(const Value& state) {
  auto read = read_state(state);
  if (!read) return fail(read.error());
  const std::lock_guard lock(mutex_);
  clients_ = std::move(read->clients);
  keys_ = std::move(read->keys);
  return {};
}

void Maf::handle(Request&& request, Reply reply) { reply(serve(request)); }

Response Maf::serve(const Request& request) {
  const auto originator = proven_originator(request);
  if (!originator) return error_response(request, originator.error());
  const std::lock_guard lock(mutex_);
  forget_expired();
  const auto served = [&]() -> Result<Response> {
    switch (request.operation) {
      case Operation::kCreate:
        return create(request, *originator);
      case Operation::kRetrieve:
        return retrieve(request, *originator);
      case Operation::kUpdate:
        return update(request, *originator);
      case Operation::kDelete:
        return remove(request, *originator);
      case Operation::kNotify:
        break;
    }
    return fail(Rsc::kOperationNotAllowed, "NOTIFY: the MAF takes none");
  }();
  if (!served) return error_response(request, served.error());
  if (request.operation != Operation::kRetrieve) {
    if (const auto kept = outside_.save(state()); !kept) {
      return error_response(request, kept.error());
    }
  }
  Response response = *served;
  response.request_identifier = request.request_identifier;
  response.release_version = request.release_version;
  return response;
}

/// "" for the <MAFBase>, else the last part of the address.
Result<std::string> Maf::name_in(const Request& request) const {
  std::string_view to = request.to;
  const std::string absolute = "//" + settings_.fqdn + "/";
  if (to.starts_with(absolute)) to.remove_prefix(absolute.size());
  if (to.starts_with('/')) to.remove_prefix(1);
  if (to == settings_.base_name) return std::string();
  if (!to.starts_with(settings_.base_name + "/")) {
    return fail(Rsc::kNotFound,
                "there is no " + request.to + "; the base is " + settings_.base_name);
  }
  return std::string(to.substr(settings_.base_name.size() + 1));
}

Result<Timestamp> Maf::expiry(const Value& wish, std::chrono::seconds longest,
                              Timestamp otherwise) {
  const Timestamp now = outside_.now(), last = now + longest;
  const Value* given = wish.find("et");
  if (!given) return std::min(otherwise, last);
  const std::string* text = given->as_string();
  const auto wanted = text ? parse_timestamp(*text) : std::nullopt;
  if (!wanted || *wanted <= now) {
    return fail(Rsc::kBadRequest, "et (expirationTime): must be a timestamp in the future");
  }
  return std::min(*wanted, last);
}

Result<Response> Maf::create(const Request& request, const std::string& originator) {
  const auto name = name_in(request);
  if (!name) return fail(name.error());
  if (!name->empty()) {
    return fail(Rsc::kInvalidChildResourceType, "resources are made below the base only");
  }
  const Value* content = request.content ? &*request.content : nullptr;
  for (const auto& [kind, make] :
       {std::pair{"sec:macr", &Maf::register_client}, std::pair{"sec:skr", &Maf::register_key}}) {
    const Value* wish = content ? content->find(kind) : nullptr;
    if (wish && wish->is_object()) return (this->*make)(*wish, originator);
  }
  return fail(Rsc::kBadRequest, "pc must be a sec:macr (mafClientReg) or a sec:skr (symmKeyReg)");
}

Result<Response> Maf::register_client(const Value& wish, const std::string& originator) {
  if (const auto good = only(wish, {"et", "lbl", "adfq"}); !good) return fail(good.error());
  const auto& welcome = settings_.clients;
  if (!welcome.empty() && std::find(welcome.begin(), welcome.end(), originator) == welcome.end()) {
    return fail(Rsc::kOriginatorHasNoPrivilege, originator + " may not register here");
  }
  const auto found = clients_.find(originator);
  if (found == clients_.end() && clients_.size() >= settings_.max_clients) {
    return fail(Rsc::kNotAcceptable, "the MAF has as many clients as it may");
  }
  if (found != clients_.end()) {
    return fail(Rsc::kOriginatorHasAlreadyRegistered, originator + " is registered");
  }
  const Timestamp now = outside_.now();
  const auto until =
      expiry(wish, settings_.longest_registration, now + settings_.longest_registration);
  if (!until) return fail(until.error());
  const ClientRegistration made{"macr" + outside_.random_hex().substr(0, kIdDigits), originator,
                                now, *until};
  clients_[originator] = made;
  return answer(Rsc::kCreated, "sec:macr", to_value(made));
}

Result<Response> Maf::register_key(const Value& wish, const std::string& originator) {
  if (const auto good = only(wish, {"et", "lbl", "adfq", "suid", "tgis", "kv"}); !good) {
    return fail(good.error());
  }
  const auto client = clients_.find(originator);
  if (client == clients_.end()) {
    return fail(Rsc::kOriginatorHasNoPrivilege, originator + " is no client of this MAF");
  }
  const std::int64_t usage = wish.integer_at("suid");
  if (!is_usage(usage)) {
    return fail(
        Rsc::kBadRequest,
        "suid: must be 32 (SAEF), 33 (ESPrim), 34 or 35 (ESData): keys that a MAF gives out");
  }
  const auto of_one = std::count_if(keys_.begin(), keys_.end(), [&](const auto& each) {
    return each.second.creator == originator;
  });
  if (keys_.size() >= settings_.max_keys ||
      static_cast<std::size_t>(of_one) >= settings_.max_keys_of_one) {
    return fail(Rsc::kNotAcceptable, "there are as many keys as there may be");
  }
  auto targets = read_targets(wish, settings_.max_targets);
  if (!targets) return fail(targets.error());
  const std::string given = wish.string_at("kv");
  if (wish.contains("kv") && (given.size() < kMinKeyDigits || given.size() > kMaxKeyDigits ||
                              given.size() % 2 != 0 || !is_hex(given))) {
    return fail(Rsc::kBadRequest, "kv (keyValue): must be 16 to 64 bytes in hexadecimal digits");
  }
  const Timestamp now = outside_.now();
  const auto until = expiry(wish, settings_.longest_key, client->second.expires);
  if (!until) return fail(until.error());
  KeyRegistration made{outside_.random_hex().substr(0, kIdDigits),
                       given.empty() ? outside_.random_hex() : given,
                       originator,
                       usage,
                       *std::move(targets),
                       now,
                       now,
                       std::min(*until, client->second.expires)};
  const KeyRegistration& kept = keys_[made.relative_key_id] = made;
  return answer(Rsc::kCreated, "sec:skr", to_value(kept));
}

Result<KeyRegistration*> Maf::key_for(const std::string& name, const std::string& originator,
                                      bool to_change) {
  const auto found = keys_.find(name);
  if (found == keys_.end()) return fail(Rsc::kNotFound, "there is no such key");
  KeyRegistration& key = found->second;
  const bool is_creator = key.creator == originator;
  const bool is_target =
      std::any_of(key.targets.begin(), key.targets.end(),
                  [&originator](const std::string& listed) { return names(listed, originator); });
  if (is_creator || (is_target && !to_change)) return &key;
  return fail(Rsc::kOriginatorHasNoPrivilege,
              to_change ? "only who registered a key may change it"
                        : originator + " is not among the targets of this key");
}

Result<Response> Maf::retrieve(const Request& request, const std::string& originator) {
  const auto name = name_in(request);
  if (!name) return fail(name.error());
  if (name->empty()) {
    return answer(Rsc::kOk, "sec:mafb",
                  Value::object({{"rn", settings_.base_name}, {"fq", settings_.fqdn}}));
  }
  const auto client = clients_.find(originator);
  if (client != clients_.end() && client->second.resource_id == *name) {
    return answer(Rsc::kOk, "sec:macr", to_value(client->second));
  }
  const auto key = key_for(*name, originator, false);
  if (!key) return fail(key.error());
  return answer(Rsc::kOk, "sec:skr", to_value(**key));
}

Result<Response> Maf::update(const Request& request, const std::string& originator) {
  const auto name = name_in(request);
  if (!name) return fail(name.error());
  const auto key = key_for(*name, originator, true);
  if (!key) return fail(key.error());
  const Value* wish = request.content ? request.content->find("sec:skr") : nullptr;
  if (!wish || !wish->is_object()) {
    return fail(Rsc::kBadRequest, "pc must be a sec:skr (symmKeyReg)");
  }
  if (const auto good = only(*wish, {"et", "lbl", "tgis"}); !good) return fail(good.error());
  const auto until = expiry(*wish, settings_.longest_key, (*key)->expires);
  if (!until) return fail(until.error());
  auto targets = read_targets(*wish, settings_.max_targets);
  if (!targets) return fail(targets.error());
  (*key)->expires = std::min(*until, clients_.at(originator).expires);
  if (wish->contains("tgis")) (*key)->targets = *std::move(targets);
  (*key)->modified = outside_.now();
  return answer(Rsc::kUpdated, "sec:skr", to_value(**key));
}

Result<Response> Maf::remove(const Request& request, const std::string& originator) {
  const auto name = name_in(request);
  if (!name) return fail(name.error());
  Response response;
  response.rsc = Rsc::kDeleted;
  const auto client = clients_.find(originator);
  if (client != clients_.end() && client->second.resource_id == *name) {
    clients_.erase(client);
    remove_keys_of(originator);
    return response;
  }
  const auto key = key_for(*name, originator, true);
  if (!key) return fail(key.error());
  keys_.erase(*name);
  return response;
}

void Maf::remove_keys_of(const std::string& creator) {
  std::erase_if(keys_, [&creator](const auto& each) { return each.second.creator == creator; });
}

void Maf::forget_expired() {
  const Timestamp now = outside_.now();
  std::erase_if(clients_, [now](const auto& each) { return each.second.expires <= now; });
  std::erase_if(keys_, [&](const auto& each) {
    return each.second.expires <= now || !clients_.contains(each.second.creator);
  });
}

Value Maf::to_value(const KeyRegistration& key) const {
  Value::Array targets(key.targets.begin(), key.targets.end());
  return Value::object({{"rn", key.relative_key_id},
                        {"ri", key.relative_key_id},
                        {"pi", settings_.base_name},
                        {"ct", to_text(key.created)},
                        {"lt", to_text(key.modified)},
                        {"et", to_text(key.expires)},
                        {"cr", key.creator},
                        {"suid", key.usage},
                        {"tgis", std::move(targets)},
                        {"kv", key.key_hex}});
}

Value Maf::to_value(const ClientRegistration& client) const {
  return Value::object({{"rn", client.resource_id},
                        {"ri", client.resource_id},
                        {"pi", settings_.base_name},
                        {"ct", to_text(client.created)},
                        {"et", to_text(client.expires)},
                        {"cr", client.creator},
                        {"fq", settings_.fqdn}});
}

Value Maf::state() const {
  Value::Array clients, keys;
  for (const auto& [creator, each] : clients_) clients.push_back(to_value(each));
  for (const auto& [id, each] : keys_) keys.push_back(to_value(each));
  return Value::object({{"clients", std::move(clients)}, {"keys", std::move(keys)}});
}

}  // namespace gatehouse::maf

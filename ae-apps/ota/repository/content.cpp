#include "ae-apps/ota/repository/content.h"

#include <algorithm>
#include <set>

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::uptane {
namespace {

constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

Value list_of(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

std::string id_of(const crypto::PublicKey& key) { return key_id_of(key_object(key)); }

Result<void> check(std::string_view role, const RoleSpec& spec) {
  std::set<std::string> ids;
  for (const crypto::PublicKey& key : spec.keys) {
    if (!ids.insert(id_of(key)).second) {
      return fail(Rsc::kBadRequest, std::string(role) + ": a key is there twice");
    }
  }
  if (spec.threshold == 0 || spec.threshold > spec.keys.size()) {
    return fail(Rsc::kBadRequest, std::string(role) + ": the threshold " +
                                      std::to_string(spec.threshold) + " cannot be met by " +
                                      std::to_string(spec.keys.size()) + " keys");
  }
  return {};
}

/// `{"keyids": […], "threshold": n}`
Value role_of(const RoleSpec& spec) {
  Value ids = Value::array();
  for (const crypto::PublicKey& key : spec.keys) ids.push_back(id_of(key));
  return Value::object({{"keyids", std::move(ids)}, {"threshold", spec.threshold}});
}

void add_keys(Value& ring, const RoleSpec& spec) {
  for (const crypto::PublicKey& key : spec.keys) ring.set(id_of(key), key_object(key));
}

/// The roles of a root, or the delegations of targets, as pointers to what holds `keyids`.
std::vector<Value*> roles_in(Value& content) {
  std::vector<Value*> out;
  if (Value* roles = content.find("roles"); roles != nullptr && roles->as_object() != nullptr) {
    for (Member& member : *roles->as_object()) out.push_back(&member.value);
  }
  Value* delegations = content.find("delegations");
  Value* list = delegations == nullptr ? nullptr : delegations->find("roles");
  if (list != nullptr && list->as_array() != nullptr) {
    for (Value& role : *list->as_array()) out.push_back(&role);
  }
  return out;
}

Value* ring_of(Value& content) {
  if (Value* keys = content.find("keys")) return keys;
  Value* delegations = content.find("delegations");
  return delegations == nullptr ? nullptr : delegations->find("keys");
}

void drop_unused_keys(Value& content) {
  Value* ring = ring_of(content);
  if (ring == nullptr || ring->as_object() == nullptr) return;
  std::set<std::string> used;
  for (const Value* role : roles_in(content)) {
    for (const std::string& id : role->strings_at("keyids")) used.insert(id);
  }
  std::erase_if(*ring->as_object(), [&](const Member& key) { return !used.contains(key.name); });
}

}  // namespace

Value metadata_head(std::string_view type, std::uint64_t version, Timestamp expires) {
  return Value::object({{"_type", std::string(type)},
                        {"spec_version", "1.0.31"},
                        {"version", version},
                        {"expires", iso_time(expires)}});
}

Result<Value> make_root(const RoleSpecs& roles, Timestamp expires) {
  Value root = metadata_head("root", 1, expires);
  root.set("consistent_snapshot", true);
  root.set("keys", Value::object());
  root.set("roles", Value::object());
  for (const char* needed : {"root", "targets", "snapshot", "timestamp"}) {
    const auto role = roles.find(needed);
    if (role == roles.end()) {
      return fail(Rsc::kBadRequest, std::string(needed) + ": nobody is to sign for it");
    }
    if (auto done = set_role(root, needed, role->second); !done) return fail(done.error());
  }
  return root;
}

Result<void> set_role(Value& root, std::string_view role, const RoleSpec& spec) {
  if (auto good = check(role, spec); !good) return good;
  Value* roles = root.find("roles");
  Value* keys = root.find("keys");
  if (roles == nullptr || keys == nullptr) return fail(Rsc::kBadRequest, "is no root metadata");
  add_keys(*keys, spec);
  roles->set(role, role_of(spec));
  drop_unused_keys(root);
  return {};
}

Value make_targets(Timestamp expires) {
  Value out = metadata_head("targets", 1, expires);
  out.set("targets", Value::object());
  return out;
}

void set_target(Value& targets, const TargetSpec& target) {
  Value hashes = Value::object();
  for (const auto& [algorithm, digest] : target.hashes) hashes.set(algorithm, digest);
  Value custom = Value::object(
      {{"hardwareIds", list_of(target.hardware_ids)}, {"releaseCounter", target.release_counter}});
  if (!target.version.empty()) custom.set("version", target.version);
  if (!target.sbom.is_null()) custom.set("sbom", target.sbom);
  if (!target.forms.is_null()) custom.set("forms", target.forms);
  if (target.encrypted_only) custom.set("encryptedOnly", true);
  if (!targets.contains("targets")) targets.set("targets", Value::object());
  targets.find("targets")->set(target.name, Value::object({{"length", target.length},
                                                           {"hashes", std::move(hashes)},
                                                           {"custom", std::move(custom)}}));
}

bool erase_target(Value& targets, std::string_view name) {
  Value* list = targets.find("targets");
  return list != nullptr && list->erase(name);
}

bool is_role_name(std::string_view name) {
  static constexpr std::string_view kTopLevel[] = {"root", "targets", "snapshot", "timestamp"};
  return !name.empty() && name.size() <= 100 && name.front() != '.' &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos &&
         std::find(std::begin(kTopLevel), std::end(kTopLevel), name) == std::end(kTopLevel);
}

Result<void> set_delegation(Value& targets, const DelegationSpec& delegation) {
  if (!is_role_name(delegation.name)) {
    return fail(Rsc::kBadRequest,
                "a delegated role's name has 1 to 100 letters, digits, '.', '_' or '-'");
  }
  if (delegation.paths.empty()) {
    return fail(Rsc::kBadRequest, delegation.name + ": for which paths does it speak?");
  }
  if (auto good = check(delegation.name, delegation.keys); !good) return good;
  Value role = role_of(delegation.keys);
  role.set("name", delegation.name);
  role.set("paths", list_of(delegation.paths));
  role.set("terminating", delegation.terminating);
  if (!delegation.hardware_ids.empty()) role.set("hardwareIds", list_of(delegation.hardware_ids));
  if (!targets.contains("delegations")) {
    targets.set("delegations",
                Value::object({{"keys", Value::object()}, {"roles", Value::array()}}));
  }
  Value& all = *targets.find("delegations");
  if (all.find("keys") == nullptr || all.find("roles") == nullptr ||
      all.find("roles")->as_array() == nullptr) {
    return fail(Rsc::kBadRequest, "delegations: must have keys and roles");
  }
  add_keys(*all.find("keys"), delegation.keys);
  Value::Array& roles = *all.find("roles")->as_array();
  const auto same = std::find_if(roles.begin(), roles.end(), [&](const Value& each) {
    return each.string_at("name") == delegation.name;
  });
  if (same != roles.end()) {
    *same = std::move(role);
  } else {
    roles.push_back(std::move(role));
  }
  drop_unused_keys(targets);
  return {};
}

Result<void> revoke_key(Value& content, const std::string& key_id) {
  bool found = false;
  for (Value* role : roles_in(content)) {
    std::vector<std::string> ids = role->strings_at("keyids");
    if (std::erase(ids, key_id) == 0) continue;
    found = true;
    if (static_cast<std::int64_t>(ids.size()) < role->integer_at("threshold")) {
      return fail(Rsc::kNotAcceptable,
                  "without it a threshold could not be met: give the role another key first");
    }
    role->set("keyids", list_of(ids));
  }
  if (!found) return fail(Rsc::kNotFound, "no role has a key of this id");
  drop_unused_keys(content);
  return {};
}

Value file_record(std::string_view text, std::uint64_t version) {
  return Value::object(
      {{"version", version},
       {"length", static_cast<std::uint64_t>(text.size())},
       {"hashes", Value::object({{"sha256", to_hex(crypto::sha256(view_of(text)))}})}});
}

}  // namespace gatehouse::uptane

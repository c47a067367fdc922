#pragma once
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/uptane/envelope.h"
#include "ae-apps/ota/uptane/fetcher.h"
#include "ae-apps/ota/uptane/metadata.h"
#include "cse/codec/json.h"

namespace gatehouse::uptane {

/// A repository in memory, with a man in the middle who may do anything to what is fetched.
class MemoryRepository final : public Fetcher {
 public:
  std::map<std::string, std::string> files;
  std::string endless;  ///< this file never ends
  std::string slow;     ///< this file comes too slowly
  std::vector<std::string> fetched;

  FetchStatus fetch(const std::string& name, std::uint64_t max_bytes, const Sink& sink) override {
    fetched.push_back(name);
    if (name == slow) return FetchStatus::kTooSlow;
    if (name == endless) return flood(max_bytes, sink);
    const auto file = files.find(name);
    if (file == files.end()) return FetchStatus::kMissing;
    if (file->second.size() > max_bytes) return FetchStatus::kTooLarge;
    sink(view_of(file->second));
    return FetchStatus::kFound;
  }
  void write_to(const std::filesystem::path& folder) const {
    for (const auto& [name, content] : files) {
      std::filesystem::create_directories((folder / name).parent_path());
      std::ofstream(folder / name, std::ios::binary | std::ios::trunc) << content;
    }
  }

 private:
  static FetchStatus flood(std::uint64_t max_bytes, const Sink& sink) {
    const std::string piece(4096, ' ');
    for (std::uint64_t sent = 0; sent + piece.size() <= max_bytes; sent += piece.size()) {
      sink(view_of(piece));
    }
    return FetchStatus::kTooLarge;
  }
};

/// Keys and threshold of one role.
struct Signers {
  std::vector<crypto::SigningKey> keys;
  std::int64_t threshold = 1;

  static Signers make(std::size_t count, std::int64_t threshold,
                      crypto::Algorithm algorithm = crypto::Algorithm::kEd25519) {
    Signers out{{}, threshold};
    for (std::size_t i = 0; i < count; ++i) {
      out.keys.push_back(*crypto::SigningKey::generate(algorithm));
    }
    return out;
  }
  std::vector<const crypto::SigningKey*> pointers() const {
    std::vector<const crypto::SigningKey*> out;
    for (const auto& key : keys) out.push_back(&key);
    return out;
  }
  /// `{"keyids": […], "threshold": n}`
  Value role() const {
    Value ids = Value::array();
    for (const auto& key : keys) ids.push_back(key_id_of(key_object(key.public_key())));
    return Value::object({{"keyids", std::move(ids)}, {"threshold", threshold}});
  }
  void add_to(Value& ring) const {
    for (const auto& key : keys) {
      const Value object = key_object(key.public_key());
      ring.set(key_id_of(object), object);
    }
  }
};

/// Makes all metadata of one repository. Every field may be changed before publish(); a thief who
/// has some of the signers uses the same means.
class RepositoryMaker {
 public:
  struct DelegatedRoleMaker {
    Signers signers;
    Value paths = Value::array();
    Value hardware_ids;  ///< null: any
    bool terminating = false;
    Value targets = Value::object();
    Value delegations;  ///< null: none
    std::int64_t version = 1;
    std::string expires = "2030-06-01T00:00:00Z";
    bool delegated_by_top = true;
  };

  MemoryRepository files;
  std::map<std::string, Signers> signers;
  std::map<std::string, std::int64_t> versions{
      {"root", 1}, {"timestamp", 1}, {"snapshot", 1}, {"targets", 1}};
  std::map<std::string, std::string> expires{{"root", "2031-01-01T00:00:00Z"},
                                             {"timestamp", "2030-01-08T00:00:00Z"},
                                             {"snapshot", "2030-01-08T00:00:00Z"},
                                             {"targets", "2030-06-01T00:00:00Z"}};
  Value targets = Value::object();
  std::vector<std::pair<std::string, DelegatedRoleMaker>> delegated;
  bool consistent_snapshot = false;

  RepositoryMaker() {
    signers["root"] = Signers::make(3, 2);
    signers["targets"] = Signers::make(2, 2);
    signers["snapshot"] = Signers::make(1, 1);
    signers["timestamp"] = Signers::make(1, 1);
  }

  Value common(const std::string& type) const {
    return Value::object({{"_type", type},
                          {"version", versions.at(type)},
                          {"expires", expires.at(type)},
                          {"spec_version", "1.0.31"}});
  }
  Value root_content() const {
    Value content = common("root");
    Value keys = Value::object();
    Value roles = Value::object();
    for (const auto& [role, who] : signers) {
      who.add_to(keys);
      roles.set(role, who.role());
    }
    content.set("consistent_snapshot", consistent_snapshot);
    content.set("keys", std::move(keys));
    content.set("roles", std::move(roles));
    return content;
  }
  Value targets_content() const {
    Value content = common("targets");
    content.set("targets", targets);
    Value keys = Value::object();
    Value roles = Value::array();
    for (const auto& [name, role] : delegated) {
      if (!role.delegated_by_top) continue;
      role.signers.add_to(keys);
      roles.push_back(delegation(name, role));
    }
    if (roles.size() > 0) {
      content.set("delegations", Value::object({{"keys", keys}, {"roles", roles}}));
    }
    return content;
  }
  static Value delegation(const std::string& name, const DelegatedRoleMaker& role) {
    Value out = role.signers.role();
    out.set("name", name);
    out.set("paths", role.paths);
    out.set("terminating", role.terminating);
    if (!role.hardware_ids.is_null()) out.set("hardwareIds", role.hardware_ids);
    return out;
  }

  std::string sign(const std::string& role, const Value& content) const {
    return sign_envelope(content, signers.at(role).pointers());
  }
  static Value record_of(const std::string& text, std::int64_t version) {
    return Value::object(
        {{"version", version},
         {"length", static_cast<std::int64_t>(text.size())},
         {"hashes", Value::object({{"sha256", to_hex(crypto::sha256(view_of(text)))}})}});
  }

  std::string name_of_file(const std::string& role, std::int64_t version) const {
    return (consistent_snapshot ? std::to_string(version) + "." : std::string()) + role + ".json";
  }
  void publish_root() {
    files.files[std::to_string(versions["root"]) + ".root.json"] = sign("root", root_content());
  }
  /// A root signed by the old keys of the role root and by the new.
  void rotate(const std::string& role, Signers fresh) {
    const Signers old_root = signers["root"];
    signers[role] = std::move(fresh);
    ++versions["root"];
    std::vector<const crypto::SigningKey*> keys = old_root.pointers();
    if (role == "root") {
      for (const auto* key : signers["root"].pointers()) keys.push_back(key);
    }
    files.files[std::to_string(versions["root"]) + ".root.json"] =
        sign_envelope(root_content(), keys);
  }
  void publish_targets() {
    files.files[name_of_file("targets", versions["targets"])] = sign("targets", targets_content());
    for (const auto& [name, role] : delegated) publish_delegated(name, role);
  }
  void publish_delegated(const std::string& name, const DelegatedRoleMaker& role) {
    Value content = Value::object({{"_type", "targets"},
                                   {"version", role.version},
                                   {"expires", role.expires},
                                   {"spec_version", "1.0.31"},
                                   {"targets", role.targets}});
    if (!role.delegations.is_null()) content.set("delegations", role.delegations);
    files.files["delegations/" + name_of_file(name, role.version)] =
        sign_envelope(content, role.signers.pointers());
  }
  void publish_snapshot() {
    Value meta = Value::object();
    meta.set("targets.json", record_of(files.files[name_of_file("targets", versions["targets"])],
                                       versions["targets"]));
    for (const auto& [name, role] : delegated) {
      meta.set(name + ".json", Value::object({{"version", role.version}}));
    }
    Value content = common("snapshot");
    content.set("meta", std::move(meta));
    files.files[name_of_file("snapshot", versions["snapshot"])] = sign("snapshot", content);
  }
  void publish_timestamp() {
    Value content = common("timestamp");
    const std::string file = name_of_file("snapshot", versions["snapshot"]);
    content.set(
        "meta",
        Value::object({{"snapshot.json", record_of(files.files[file], versions["snapshot"])}}));
    files.files["timestamp.json"] = sign("timestamp", content);
  }
  void publish() {
    publish_root();
    publish_without_root();
  }
  void publish_without_root() {
    publish_targets();
    publish_snapshot();
    publish_timestamp();
  }
  void next_versions() {
    for (const char* role : {"timestamp", "snapshot", "targets"}) ++versions[role];
    for (auto& [name, role] : delegated) ++role.version;
  }
};

/// An image as targets metadata describe it.
inline Value target_value(const std::string& content, Value custom) {
  return Value::object(
      {{"length", static_cast<std::int64_t>(content.size())},
       {"hashes", Value::object({{"sha256", to_hex(crypto::sha256(view_of(content)))}})},
       {"custom", std::move(custom)}});
}
/// As the Image repository does.
inline Value genuine(const std::string& content, const std::string& hardware_id,
                     std::int64_t counter) {
  return target_value(content, Value::object({{"hardwareIds", Value::array({hardware_id})},
                                              {"releaseCounter", counter}}));
}
/// As the Director does.
inline Value ordered(const std::string& content, const std::string& serial,
                     const std::string& hardware_id, std::int64_t counter) {
  return target_value(
      content,
      Value::object({{"ecuIdentifiers",
                      Value::object({{serial, Value::object({{"hardwareId", hardware_id}})}})},
                     {"releaseCounter", counter}}));
}

}  // namespace gatehouse::uptane

#include "ae-apps/ota/uptane/keys.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "ae-apps/ota/crypto/named_digest.h"
#include "ae-apps/ota/uptane/canonical.h"

namespace gatehouse::uptane {
namespace {

constexpr std::size_t kMaxKeys = 1024;
constexpr std::size_t kMaxKeyIds = 256;

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::optional<crypto::VerificationKey> optional_of(Result<crypto::VerificationKey> key) {
  if (!key) return std::nullopt;
  return *std::move(key);
}

std::optional<crypto::VerificationKey> read_key(const std::string& type, const std::string& text) {
  if (text.find("-----BEGIN") != std::string::npos) {
    return optional_of(crypto::VerificationKey::from_pem(text));
  }
  Result<Bytes> raw = from_hex(text);
  if (!raw) raw = from_base64(text);
  if (!raw) return std::nullopt;
  if (type == "ed25519") return optional_of(crypto::VerificationKey::from_ed25519(*raw));
  if (type.starts_with("ec")) return optional_of(crypto::VerificationKey::from_point(*raw));
  return std::nullopt;
}

MetadataKey read_metadata_key(const Value& object, const std::string& text) {
  MetadataKey out;
  out.identity = bytes_of(text);
  out.key = read_key(lower(object.string_at("keytype")), text);
  if (!out.key) return out;
  out.identity = out.key->spki_der();
  if (const auto* name = object.find("scheme")) {
    out.scheme = name->as_string() != nullptr ? crypto::scheme_named(lower(*name->as_string()))
                                              : std::nullopt;
    // A scheme that we do not know is no reason to verify by another.
    if (!out.scheme || !out.key->fits(*out.scheme)) out.key.reset();
  }
  return out;
}

std::string hash_hex(std::string_view algorithm, std::string_view text) {
  auto digest = crypto::NamedDigest::make(algorithm);
  digest->update(view_of(text));
  return to_hex(digest->finish());
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.pop_back();
  }
  return text;
}

/// The texts whose hash may be the id of a key.
std::vector<std::string> id_sources(const Value& key) {
  std::vector<std::string> sources;
  const auto add_forms = [&sources](const Value& value) {
    for (std::string& form : signing_forms(value)) sources.push_back(std::move(form));
  };
  const Value* keyval = key.find("keyval");
  const std::string text = keyval == nullptr ? std::string() : keyval->string_at("public");
  Value plain = Value::object();
  for (const char* name : {"keytype", "scheme"}) {
    if (const Value* member = key.find(name)) plain.set(name, *member);
  }
  plain.set("keyval", Value::object({{"public", text}}));
  for (const bool with_private : {false, true}) {
    if (with_private) plain.find("keyval")->set("private", "");
    add_forms(plain);
    Value older = plain;
    if (older.erase("scheme")) add_forms(older);
    if (const Value* algorithms = key.find("keyid_hash_algorithms")) {
      older = plain;
      older.set("keyid_hash_algorithms", *algorithms);
      add_forms(older);
      if (older.erase("scheme")) add_forms(older);
    }
  }
  add_forms(key);
  add_forms(Value(text));
  add_forms(Value(trimmed(text)));
  sources.push_back(text);
  if (const auto raw = from_hex(text)) sources.emplace_back(text_of(*raw));
  if (const auto known = read_key(lower(key.string_at("keytype")), text)) {
    sources.emplace_back(text_of(known->spki_der()));
  }
  return sources;
}

}  // namespace

bool is_key_id(std::string_view id, const Value& key) {
  const std::string wanted = lower(id);
  for (const std::string& source : id_sources(key)) {
    if (wanted == hash_hex("sha256", source) || wanted == hash_hex("sha512", source)) return true;
  }
  return false;
}

Checked<KeyRing> parse_keys(const Value& keys, Profile profile) {
  const auto* members = keys.as_object();
  if (members == nullptr) return refuse(Reason::kMalformed, "keys: must be an object");
  if (members->size() > kMaxKeys) return refuse(Reason::kMalformed, "keys: too many");
  KeyRing ring;
  for (const auto& [id, object] : *members) {
    const Value* keyval = object.find("keyval");
    const Value* text = keyval == nullptr ? nullptr : keyval->find("public");
    if (text == nullptr || text->as_string() == nullptr) {
      return refuse(Reason::kMalformed, "keys: keyval.public must be a string");
    }
    if (profile != Profile::kTuf && !is_key_id(id, object)) {
      return refuse(Reason::kBadKeyId, "keys: " + id.substr(0, 16) + " is no hash of its key");
    }
    ring.emplace(id, read_metadata_key(object, *text->as_string()));
  }
  return ring;
}

Checked<RoleKeys> parse_role_keys(const Value& role, std::string_view name) {
  const std::string prefix = std::string(name) + ": ";
  const Value* ids = role.find("keyids");
  const Value* threshold = role.find("threshold");
  if (ids == nullptr || ids->as_array() == nullptr || ids->size() > kMaxKeyIds ||
      threshold == nullptr || !threshold->is_integer()) {
    return refuse(Reason::kMalformed, prefix + "must have keyids and a whole threshold");
  }
  RoleKeys out;
  for (const Value& id : *ids->as_array()) {
    if (id.as_string() == nullptr) {
      return refuse(Reason::kMalformed, prefix + "a key id must be a string");
    }
    if (std::find(out.key_ids.begin(), out.key_ids.end(), *id.as_string()) != out.key_ids.end()) {
      return refuse(Reason::kMalformed, prefix + "a key id is there twice");
    }
    out.key_ids.push_back(*id.as_string());
  }
  if (*threshold->as_integer() < 1) {
    return refuse(Reason::kIllegalThreshold, prefix + "a threshold must be at least 1");
  }
  out.threshold = static_cast<std::uint64_t>(*threshold->as_integer());
  return out;
}

std::string key_id_of(const Value& key) {
  const Value* keyval = key.find("keyval");
  const Value plain = Value::object(
      {{"keytype", key.string_at("keytype")},
       {"keyval", Value::object({{"public", keyval == nullptr ? std::string()
                                                              : keyval->string_at("public")}})},
       {"scheme", key.string_at("scheme")}});
  return hash_hex("sha256", canonical_json(plain).value_or(std::string()));
}

Value key_object(const crypto::PublicKey& key) {
  const bool ed25519 = key.algorithm() == crypto::Algorithm::kEd25519;
  constexpr std::size_t kEd25519Bytes = 32;  // at the end of its SubjectPublicKeyInfo
  const ByteView spki = key.spki_der();
  return Value::object(
      {{"keytype", ed25519 ? "ed25519" : "ecdsa"},
       {"keyval",
        Value::object({{"public", ed25519 ? to_hex(spki.last(kEd25519Bytes)) : key.to_pem()}})},
       {"scheme", std::string(scheme_of(key))}});
}

std::string_view scheme_of(const crypto::PublicKey& key) {
  return crypto::name_of(key.algorithm() == crypto::Algorithm::kEd25519
                             ? crypto::Scheme::kEd25519
                             : crypto::Scheme::kEcdsaP256);
}

}  // namespace gatehouse::uptane

#include "ae-apps/ota/uptane/envelope.h"

#include <algorithm>
#include <set>

#include "ae-apps/ota/uptane/canonical.h"
#include "cse/codec/json.h"

namespace gatehouse::uptane {
namespace {

constexpr DecodeLimits kJsonLimits{16U << 20, 32, 2'000'000};
constexpr std::size_t kMaxSignatures = 256;

Checked<std::vector<MetadataSignature>> read_signatures(const Value& list) {
  if (list.as_array() == nullptr || list.size() > kMaxSignatures) {
    return refuse(Reason::kMalformed, "signatures: must be a list of no more than 256");
  }
  std::vector<MetadataSignature> out;
  std::set<std::string, std::less<>> ids;
  for (const Value& item : *list.as_array()) {
    const Value* id = item.find("keyid");
    const Value* value = item.find("sig");
    if (id == nullptr || id->as_string() == nullptr || value == nullptr ||
        value->as_string() == nullptr) {
      return refuse(Reason::kMalformed, "signatures: keyid and sig must be strings");
    }
    if (!ids.insert(*id->as_string()).second) {
      return refuse(Reason::kDuplicateSignature, "two signatures under one key id");
    }
    out.push_back({*id->as_string(), item.string_at("method"), *value->as_string()});
  }
  return out;
}

/// The key's own scheme; without one the signature's method, as far as it fits; else the usual one.
crypto::Scheme scheme_for(const MetadataKey& key, const MetadataSignature& signature) {
  if (key.scheme) return *key.scheme;
  const auto named = crypto::scheme_named(signature.method);
  return named && key.key->fits(*named) ? *named : key.key->default_scheme();
}

bool signature_is_good(const Envelope& envelope, const MetadataKey& key,
                       const MetadataSignature& signature) {
  if (!key.key) return false;
  const crypto::Scheme scheme = scheme_for(key, signature);
  for (const Result<Bytes>& raw : {from_hex(signature.value), from_base64(signature.value)}) {
    if (!raw || raw->empty()) continue;
    for (const std::string& form : envelope.forms) {
      if (key.key->verify(scheme, view_of(form), *raw)) return true;
    }
  }
  return false;
}

}  // namespace

Checked<Envelope> parse_envelope(std::string_view text) {
  Result<Value> document = parse_json(text, kJsonLimits);
  if (!document) return refuse(Reason::kMalformed, document.error().detail);
  Value* content = document->find("signed");
  const Value* list = document->find("signatures");
  if (content == nullptr || !content->is_object() || list == nullptr) {
    return refuse(Reason::kMalformed, "must be an object with signed and signatures");
  }
  auto signatures = read_signatures(*list);
  if (!signatures) return refuse(signatures.error());
  std::vector<std::string> forms = signing_forms(*content);
  if (forms.empty()) return refuse(Reason::kMalformed, "holds a number that is no integer");
  return Envelope{std::move(*content), *std::move(signatures), std::move(forms)};
}

Checked<void> verify_signatures(const Envelope& envelope, const KeyRing& keys, const RoleKeys& role,
                                Profile profile) {
  std::set<Bytes> good;
  for (const MetadataSignature& signature : envelope.signatures) {
    if (good.size() >= role.threshold) break;
    const bool named =
        std::find(role.key_ids.begin(), role.key_ids.end(), signature.key_id) != role.key_ids.end();
    const auto key = keys.find(signature.key_id);
    if (!named || key == keys.end() || good.contains(key->second.identity)) continue;
    if (signature_is_good(envelope, key->second, signature)) good.insert(key->second.identity);
  }
  if (good.size() >= role.threshold) return {};
  for (const std::string& id : role.key_ids) {
    if (profile != Profile::kTuf && !keys.contains(id)) {
      return refuse(Reason::kBadKeyId, "the role's key " + id.substr(0, 16) + " is not there");
    }
  }
  return refuse(Reason::kThreshold, "signed by " + std::to_string(good.size()) + " of the role's " +
                                        "keys, " + std::to_string(role.threshold) + " are needed");
}

std::string sign_envelope(const Value& content,
                          const std::vector<const crypto::SigningKey*>& keys) {
  const std::string form = canonical_json(content).value_or(std::string());
  Value signatures = Value::array();
  for (const crypto::SigningKey* key : keys) {
    const Result<Bytes> value = key->sign(view_of(form));
    signatures.push_back(Value::object({{"keyid", key_id_of(key_object(key->public_key()))},
                                        {"sig", value ? to_hex(*value) : std::string()},
                                        {"method", std::string(scheme_of(key->public_key()))}}));
  }
  return to_json(Value::object({{"signatures", std::move(signatures)}, {"signed", content}}));
}

}  // namespace gatehouse::uptane

#include "ae-apps/ota/repository/signing.h"

#include "ae-apps/ota/uptane/canonical.h"
#include "cse/codec/json.h"

namespace gatehouse::uptane {

std::string unsigned_metadata(const Value& content) {
  return to_json(Value::object({{"signatures", Value::array()}, {"signed", content}}));
}

Result<std::string> add_signature(std::string_view text, const crypto::SigningKey& key) {
  auto envelope = parse_envelope(text);
  if (!envelope) return fail(Rsc::kBadRequest, "no metadata: " + envelope.error().detail);
  const Result<Bytes> value = key.sign(view_of(envelope->forms.front()));
  if (!value) return fail(value.error());
  const std::string id = key_id_of(key_object(key.public_key()));
  Value signatures = Value::array();
  for (const MetadataSignature& each : envelope->signatures) {
    if (each.key_id == id) continue;
    Value kept = Value::object({{"keyid", each.key_id}, {"sig", each.value}});
    if (!each.method.empty()) kept.set("method", each.method);
    signatures.push_back(std::move(kept));
  }
  signatures.push_back(Value::object({{"keyid", id},
                                      {"sig", to_hex(*value)},
                                      {"method", std::string(scheme_of(key.public_key()))}}));
  return to_json(Value::object(
      {{"signatures", std::move(signatures)}, {"signed", std::move(envelope->content)}}));
}

Result<Value> content_of(std::string_view text) {
  auto envelope = parse_envelope(text);
  if (!envelope) return fail(Rsc::kBadRequest, "no metadata: " + envelope.error().detail);
  return std::move(envelope->content);
}

}  // namespace gatehouse::uptane

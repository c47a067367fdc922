#include "ae-apps/ota/uptane/signed_message.h"

#include "ae-apps/ota/uptane/canonical.h"
#include "cse/codec/json.h"

namespace gatehouse::uptane {

Result<void> sign_message(Value& message, const crypto::SigningKey& key) {
  message.erase("signatures");
  const auto form = canonical_json(message);
  if (!form) return fail(Rsc::kBadRequest, "the message holds a number that is no integer");
  const Result<Bytes> value = key.sign(view_of(*form));
  if (!value) return fail(value.error());
  message.set("signatures",
              Value::array({Value::object({{"keyid", key_id_of(key_object(key.public_key()))},
                                           {"method", std::string(scheme_of(key.public_key()))},
                                           {"sig", to_hex(*value)}})}));
  return {};
}

Checked<void> verify_message(const Value& message, const crypto::PublicKey& key) {
  const Value* signatures = message.find("signatures");
  if (signatures == nullptr) return refuse(Reason::kThreshold, "the Primary has not signed it");
  Value content = message;
  content.erase("signatures");
  const Value envelope =
      Value::object({{"signed", std::move(content)}, {"signatures", *signatures}});
  const auto parsed = parse_envelope(to_json(envelope));
  if (!parsed) return refuse(parsed.error());
  const Value object = key_object(key);
  const std::string id = key_id_of(object);
  const auto ring = parse_keys(Value::object({{id, object}}), Profile::kTuf);
  if (!ring) return refuse(ring.error());
  return verify_signatures(*parsed, *ring, RoleKeys{{id}, 1}, Profile::kTuf);
}

}  // namespace gatehouse::uptane

#include "ae-apps/attestation/verifier/ecu_report.h"

#include "ae-apps/attestation/report/evidence.h"
#include "ae-apps/ota/image/version_report.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

tl::unexpected<Error> refused(std::string text) {
  return fail(Rsc::kNotAcceptable, std::move(text));
}

/// The one entry of that ECU; null if there is none. Errors: kNotAcceptable for two.
Result<Value> entry_of(std::string_view inventory, const std::string& serial) {
  const auto list =
      parse_json(inventory, {.max_bytes = kMaxEvidenceBytes, .max_depth = 4, .max_values = 10'000});
  Value out;
  if (!list || list->as_array() == nullptr) return out;
  for (const Value& entry : *list->as_array()) {
    if (entry.string_at("ecu") != serial) continue;
    if (!out.is_null()) return refused("it reported twice");
    out = entry;
  }
  return out;
}

}  // namespace

Result<void> check_ecu_report(const EcuClaim& claim, std::string_view inventory,
                              const crypto::PublicKey& key, ByteView nonce) {
  const Result<Value> found = entry_of(inventory, claim.serial);
  if (!found) return fail(found.error());
  if (found->is_null()) return refused("its report did not come along");
  const Value& entry = *found;
  const auto report = image::decode_report(
      to_json(Value::object({{"alg", entry.string_at("alg", "ecdsa-p256-sha256")},
                             {"key", entry.string_at("key_id")},
                             {"report", entry.string_at("report")},
                             {"sig", entry.string_at("signature")}})));
  if (!report) return refused(report.error().detail);
  const auto content = image::verify_report(*report, key, nonce);
  if (!content) return refused(content.error().detail);
  if (content->serial != claim.serial) return refused("its report is that of " + content->serial);
  if (content->version != claim.version || content->payload_sha256 != claim.digest) {
    return refused("its report says another version or digest than the log");
  }
  return {};
}

}  // namespace gatehouse::attest

#include "ae-apps/ota/uptane/version_manifest.h"

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/uptane/canonical.h"
#include "cse/codec/json.h"

namespace gatehouse::uptane {
namespace {

constexpr std::size_t kMaxEcus = 256;

/// A signature of a report also says what it was made over. Source: Uptane standard 2.1 section
/// 5.4.2.1.
Value with_payload_hash(std::string_view signed_text) {
  Value document = *parse_json(signed_text);
  const std::string form = canonical_json(*document.find("signed")).value_or(std::string());
  for (Value& signature : *document.find("signatures")->as_array()) {
    signature.set("hash_function", "sha256");
    signature.set("hash", to_hex(crypto::sha256(view_of(form))));
  }
  return document;
}

Checked<Value> signed_by(std::string_view text, const crypto::PublicKey& key) {
  auto envelope = parse_envelope(text);
  if (!envelope) return refuse(envelope.error());
  const Value object = key_object(key);
  const std::string id = key_id_of(object);
  const auto ring = parse_keys(Value::object({{id, object}}), Profile::kTuf);
  if (!ring) return refuse(ring.error());
  auto good = verify_signatures(*envelope, *ring, RoleKeys{{id}, 1}, Profile::kTuf);
  if (!good) return refuse(good.error());
  return std::move(envelope->content);
}

const std::string* text_in(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

Checked<EcuReport> read_report(const Value& content) {
  EcuReport out;
  const Value* image = content.find("installed_image");
  const Value* info = image == nullptr ? nullptr : image->find("fileinfo");
  const Value* hashes = info == nullptr ? nullptr : info->find("hashes");
  const auto time = parse_iso_time(content.string_at("timeserver_time"));
  if (text_in(content, "ecu_serial") == nullptr || hashes == nullptr ||
      hashes->as_object() == nullptr || text_in(content, "nonce") == nullptr || !time) {
    return refuse(Reason::kMalformed, "not a version report");
  }
  out.serial = *text_in(content, "ecu_serial");
  out.image = image->string_at("filepath");
  out.length = static_cast<std::uint64_t>(info->integer_at("length"));
  for (const auto& [algorithm, digest] : *hashes->as_object()) {
    if (digest.as_string() != nullptr) out.hashes.emplace(algorithm, *digest.as_string());
  }
  out.attack = content.string_at("attacks_detected");
  out.latest_time = *time;
  out.nonce = *text_in(content, "nonce");
  return out;
}

}  // namespace

std::string make_ecu_report(const EcuReport& report, const crypto::SigningKey& key) {
  Value hashes = Value::object();
  for (const auto& [algorithm, digest] : report.hashes) hashes.set(algorithm, digest);
  const Value content = Value::object(
      {{"ecu_serial", report.serial},
       {"installed_image",
        Value::object(
            {{"filepath", report.image},
             {"fileinfo", Value::object({{"length", static_cast<std::int64_t>(report.length)},
                                         {"hashes", std::move(hashes)}})}})},
       {"attacks_detected", report.attack},
       {"timeserver_time", iso_time(report.latest_time)},
       {"nonce", report.nonce}});
  return to_json(with_payload_hash(sign_envelope(content, {&key})));
}

Checked<EcuReport> verify_ecu_report(std::string_view text, const crypto::PublicKey& key,
                                     std::string_view nonce) {
  const auto content = signed_by(text, key);
  if (!content) return refuse(content.error());
  auto report = read_report(*content);
  if (!report) return report;
  if (report->nonce != nonce) return refuse(Reason::kReplay, "the nonce is not the one asked for");
  return report;
}

std::string make_vehicle_manifest(std::string_view vehicle, std::string_view primary,
                                  const std::map<std::string, std::string>& reports,
                                  const crypto::SigningKey& key) {
  Value list = Value::object();
  for (const auto& [serial, report] : reports) {
    if (Result<Value> value = parse_json(report)) list.set(serial, *std::move(value));
  }
  const Value content = Value::object({{"vin", std::string(vehicle)},
                                       {"primary_ecu_serial", std::string(primary)},
                                       {"ecu_version_manifests", std::move(list)}});
  return to_json(with_payload_hash(sign_envelope(content, {&key})));
}

Checked<VehicleManifest> verify_vehicle_manifest(
    std::string_view text, const crypto::PublicKey& primary_key,
    const std::map<std::string, crypto::PublicKey, std::less<>>& ecu_keys, std::string_view nonce) {
  const auto content = signed_by(text, primary_key);
  if (!content) return refuse(content.error());
  const Value* reports = content->find("ecu_version_manifests");
  if (text_in(*content, "vin") == nullptr || text_in(*content, "primary_ecu_serial") == nullptr ||
      reports == nullptr || reports->as_object() == nullptr || reports->size() > kMaxEcus) {
    return refuse(Reason::kMalformed, "not a vehicle version manifest");
  }
  VehicleManifest out{*text_in(*content, "vin"), *text_in(*content, "primary_ecu_serial"), {}};
  for (const auto& [serial, value] : *reports->as_object()) {
    const auto key = ecu_keys.find(serial);
    if (key == ecu_keys.end()) return refuse(Reason::kUnknownEcu, serial + " has no key here");
    auto report = verify_ecu_report(to_json(value), key->second, nonce);
    if (!report) {
      Refusal refusal = report.error();
      refusal.detail = serial + ": " + refusal.detail;
      return refuse(std::move(refusal));
    }
    if (report->serial != serial) {
      return refuse(Reason::kMalformed, serial + ": is the report of " + report->serial);
    }
    out.reports.emplace(serial, *std::move(report));
  }
  return out;
}

}  // namespace gatehouse::uptane

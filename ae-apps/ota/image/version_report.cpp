#include "ae-apps/ota/image/version_report.h"

#include "cse/codec/json.h"

namespace gatehouse::image {
namespace {

constexpr std::string_view kContext = "GHFW-REPORT-1";
constexpr std::string_view kMacName = "hmac-sha256";

Bytes signed_bytes(std::string_view report_json) {
  Bytes out = bytes_of(kContext);
  out.push_back(0);
  append(out, view_of(report_json));
  return out;
}

std::string to_text(const VersionReport& r) {
  return to_json(Value::object({{"attack", r.attack},
                                {"counter", r.counter},
                                {"hardware_id", r.hardware_id},
                                {"name", r.name},
                                {"nonce", r.nonce},
                                {"release_counter", r.release_counter},
                                {"serial", r.serial},
                                {"sha256", r.payload_sha256},
                                {"slot", r.slot},
                                {"status", r.status},
                                {"version", r.version}}));
}

Result<Value> object_of(std::string_view text) {
  Result<Value> tree = parse_json(text, {.max_bytes = kMaxReportBytes, .max_depth = 3});
  if (!tree) return fail(Rsc::kBadRequest, "report: " + tree.error().detail);
  if (!tree->is_object()) return fail(Rsc::kBadRequest, "report: not an object");
  return tree;
}

Result<VersionReport> parse_report(std::string_view text) {
  const Result<Value> tree = object_of(text);
  if (!tree) return fail(tree.error());
  VersionReport r;
  const std::pair<const char*, std::string*> texts[] = {
      {"attack", &r.attack}, {"hardware_id", &r.hardware_id}, {"name", &r.name},
      {"nonce", &r.nonce},   {"serial", &r.serial},           {"sha256", &r.payload_sha256},
      {"slot", &r.slot},     {"status", &r.status},           {"version", &r.version}};
  for (const auto& [name, target] : texts) {
    const Value* value = tree->find(name);
    if (value == nullptr || !value->is_string()) {
      return fail(Rsc::kBadRequest, std::string("report: ") + name + " is not a text");
    }
    *target = *value->as_string();
  }
  const std::pair<const char*, std::uint64_t*> numbers[] = {
      {"counter", &r.counter}, {"release_counter", &r.release_counter}};
  for (const auto& [name, target] : numbers) {
    const Value* value = tree->find(name);
    const auto number = value == nullptr ? std::nullopt : value->as_integer();
    if (!number || *number < 0) {
      return fail(Rsc::kBadRequest, std::string("report: ") + name + " is not a whole number");
    }
    *target = static_cast<std::uint64_t>(*number);
  }
  return r;
}

Result<VersionReport> with_nonce(std::string_view report_json, ByteView nonce) {
  Result<VersionReport> report = parse_report(report_json);
  if (report && report->nonce != to_hex(nonce)) {
    return fail(Rsc::kConflict, "report: the nonce is not the one of the challenge");
  }
  return report;
}

}  // namespace

Result<SignedReport> sign_report(const VersionReport& report, const crypto::SigningKey& key) {
  SignedReport out{std::string(name_of(key.algorithm())),
                   to_hex(key.public_key().key_id()),
                   to_text(report),
                   {}};
  Result<Bytes> signature = key.sign(signed_bytes(out.report_json));
  if (!signature) return fail(signature.error());
  out.signature = *std::move(signature);
  return out;
}

SignedReport mac_report(const VersionReport& report, ByteView shared_key) {
  SignedReport out{std::string(kMacName), "", to_text(report), {}};
  const auto mac = crypto::hmac_sha256(shared_key, signed_bytes(out.report_json));
  out.signature.assign(mac.begin(), mac.end());
  return out;
}

std::string encode_report(const SignedReport& report) {
  return to_json(Value::object({{"alg", report.algorithm},
                                {"key", report.key_id},
                                {"report", report.report_json},
                                {"sig", to_base64(report.signature)}}));
}

Result<SignedReport> decode_report(std::string_view text) {
  const Result<Value> tree = object_of(text);
  if (!tree) return fail(tree.error());
  for (const char* name : {"alg", "key", "report", "sig"}) {
    const Value* value = tree->find(name);
    if (value == nullptr || !value->is_string()) {
      return fail(Rsc::kBadRequest, std::string("report: ") + name + " is not a text");
    }
  }
  Result<Bytes> signature = from_base64(tree->string_at("sig"));
  if (!signature) return fail(Rsc::kBadRequest, "report: sig: " + signature.error().detail);
  return SignedReport{tree->string_at("alg"), tree->string_at("key"), tree->string_at("report"),
                      *std::move(signature)};
}

Result<VersionReport> verify_report(const SignedReport& report, const crypto::PublicKey& key,
                                    ByteView nonce) {
  if (report.algorithm != name_of(key.algorithm()) || report.key_id != to_hex(key.key_id())) {
    return fail(Rsc::kOriginatorNotAuthenticated, "report: signed by another key");
  }
  if (!key.verify(signed_bytes(report.report_json), report.signature)) {
    return fail(Rsc::kOriginatorNotAuthenticated, "report: wrong signature");
  }
  return with_nonce(report.report_json, nonce);
}

Result<VersionReport> verify_report_mac(const SignedReport& report, ByteView shared_key,
                                        ByteView nonce) {
  const auto mac = [shared_key](ByteView message) -> Result<Bytes> {
    const auto made = crypto::hmac_sha256(shared_key, message);
    return Bytes(made.begin(), made.end());
  };
  return verify_report_mac(report, Mac(mac), nonce);
}

Result<VersionReport> verify_report_mac(const SignedReport& report, const Mac& mac,
                                        ByteView nonce) {
  const auto made = mac(signed_bytes(report.report_json));
  if (!made) return fail(made.error());
  if (report.algorithm != kMacName || !crypto::equal_constant_time(*made, report.signature)) {
    return fail(Rsc::kOriginatorNotAuthenticated, "report: wrong MAC");
  }
  return with_nonce(report.report_json, nonce);
}

}  // namespace gatehouse::image

#pragma once
#include "ae-apps/attestation/verifier/appraisal.h"
#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/ota/image/version_report.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/attestation/boot_log_writer.h"
#include "tests/ae-apps/attestation/software_tpm.h"

namespace gatehouse::attest {

inline const Bytes kNonce(32, 0x33);
inline const Timestamp kNow = *parse_timestamp("20261122T120000");
inline const std::string kPolicy =
    R"({"id":"car","version":3,"pcrs":"sha256:0,10,11","findings":{"unknown":"quarantined"}})";

inline std::string digest_text(std::string_view content) {
  return "sha256:" + to_hex(digest(HashAlg::kSha256, {view_of(content)}));
}
inline std::string reference(std::string_view component, std::string_view content,
                             std::string_view more = "") {
  return R"({"component":")" + std::string(component) + R"(","version":"1.0","digest":")" +
         digest_text(content) + "\"" + std::string(more) + "}";
}
inline std::string ecu(std::string_view id, std::string_view content,
                       std::string_view auth = "signed") {
  return R"({"type":"ecu","id":")" + std::string(id) + R"(","ver":"1.0","dig":")" +
         digest_text(content) + R"(","auth":")" + std::string(auth) + "\"}";
}

/// A car, its verifier and all that either knows; a case changes one thing of it.
struct World {
  SoftwareTpm tpm;
  std::string policy = kPolicy;
  std::vector<std::string> references = {
      reference("boot:0", "firmware"), reference("file:/bin/sh", "shell"),
      reference("ecu:brake", "brake"), reference("ecu:radar", "radar")};
  std::string required = R"("boot:0","ecu:brake")";
  std::uint64_t number = 7, highest_seen = 5;
  std::string valid_until = "20270101T000000";
  std::string firmware = "firmware";
  std::vector<std::pair<std::string, std::string>> files = {{"/bin/sh", "shell"}};
  std::vector<std::string> ecus = {ecu("brake", "brake")};
  Enrolment enrolment{"car-1",      tpm.key(),    false, false,
                      std::nullopt, std::nullopt, 0,     std::set<std::string>{"ecu:brake"}};
  Challenge challenge{kNonce, "before", "op-1", 0};
  crypto::SigningKey issuer = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  std::vector<crypto::PublicKey> trusted = {issuer.public_key()};
  std::function<void(AttestationEvidence&)> tamper;
  /// Not empty: the ECUs' own reports came along, and the quote is bound to them.
  std::string inventory;
  std::optional<NonceExchange> exchange;  ///< that the evidence came by, as by TNC
  crypto::SigningKey brake = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);

  /// The report of the brake, of which `change` makes something else before it is signed.
  void report(const std::function<void(image::VersionReport&)>& change = {}) {
    enrolment.ecu_keys = {{{"brake", brake.public_key()}}};
    image::VersionReport said;
    said.serial = "brake";
    said.version = "1.0";
    said.payload_sha256 = digest_text("brake").substr(7);
    Challenge asked = challenge;
    asked.exchange = exchange;
    said.nonce = to_hex(ecu_nonce(asked));
    said.status = "running";
    if (change) change(said);
    entries.push_back(entry_of(*image::sign_report(said, brake)));
    inventory = "[" + joined() + "]";
  }
  static std::string entry_of(const image::SignedReport& report) {
    return to_json(Value::object({{"ecu", "brake"},
                                  {"alg", report.algorithm},
                                  {"level", "full"},
                                  {"key_id", report.key_id},
                                  {"report", report.report_json},
                                  {"signature", to_base64(report.signature)}}));
  }
  std::string joined() const {
    std::string out;
    for (const std::string& entry : entries) out += (out.empty() ? "" : ",") + entry;
    return out;
  }
  std::vector<std::string> entries;

  Result<WhiteList> white_list() const {
    std::string json = R"({"number":)" + std::to_string(number) +
                       R"(,"issuer":"oem","validUntil":")" + valid_until + R"(","required":[)" +
                       required + R"(],"references":[)";
    for (std::size_t i = 0; i < references.size(); ++i) json += (i ? "," : "") + references[i];
    return read_bundle(*sign_jws(issuer, kBundleType, json + "]}"), trusted, highest_seen, kNow);
  }
  AttestationEvidence evidence() {
    AttestationEvidence out;
    BootLogWriter boot;
    tpm.extend(0, boot.add(0, BootLogWriter::kAction, firmware));
    Bytes ima, cel;
    for (const auto& [path, content] : files) {
      const auto entry =
          make_ima_entry(HashAlg::kSha256, digest(HashAlg::kSha256, {view_of(content)}), path);
      tpm.extend(10, entry.digests);
      append(ima, entry.binary);
    }
    std::uint64_t at = 0;
    for (const std::string& json : ecus) {
      const auto entry = make_cel_entry(at++, 11, json, {HashAlg::kSha256});
      tpm.extend(11, entry.digests);
      append(cel, entry.record);
    }
    const auto selection = *parse_pcr_list("sha256:0,10,11");
    Challenge quoted = challenge;
    if (inventory.empty()) quoted.nonce = kNonce;
    quoted.exchange = exchange;
    const auto quote =
        tpm.sign_quote(tpm.quote(quote_nonce(quoted, inventory), selection, tpm.values(selection)),
                       tpm.values(selection));
    out.inventory = inventory;
    out.exchange = exchange;
    out.message = quote.message;
    out.signature = quote.signature;
    out.pcr_values = quote.values_file;
    out.logs = {boot.take(), ima, cel};
    if (tamper) tamper(out);
    return out;
  }
  Appraisal judge() {
    return appraise(enrolment, challenge, *parse_policy(policy), white_list(), evidence(), kNow);
  }
};

}  // namespace gatehouse::attest

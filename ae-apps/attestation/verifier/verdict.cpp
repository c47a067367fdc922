#include "ae-apps/attestation/verifier/verdict.h"

#include <algorithm>

#include "ae-apps/attestation/verifier/jws.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

// Values of a trustworthiness claim. Source: draft-ietf-rats-ar4si clause 2.3.
constexpr int kNone = 0;
constexpr int kAffirming = 2;
constexpr int kWarning = 32;
constexpr int kContraindicated = 96;

std::string_view tier_of(const Appraisal& appraisal) {
  if (!appraisal.authentic) return "none";
  switch (appraisal.recommendation) {
    case Recommendation::kAllowed:
      return "affirming";
    case Recommendation::kQuarantined:
      return "warning";
    case Recommendation::kDenied:
      break;
  }
  return "contraindicated";
}

/// The worst of the components of one kind.
int claim_of(const Appraisal& appraisal, const Policy& policy, std::string_view prefix) {
  int worst = kNone;
  for (const ComponentResult& result : appraisal.components) {
    if (!result.component.starts_with(prefix)) continue;
    const Recommendation to = policy.of(result.finding);
    const int claim = to == Recommendation::kAllowed       ? kAffirming
                      : to == Recommendation::kQuarantined ? kWarning
                                                           : kContraindicated;
    worst = std::max(worst, claim);
  }
  return worst;
}

Value components_of(const Appraisal& appraisal) {
  Value out = Value::array();
  for (const ComponentResult& result : appraisal.components) {
    Value item =
        Value::object({{"component", result.component}, {"finding", name_of(result.finding)}});
    if (!result.version.empty()) item.set("version", result.version);
    if (!result.reason.empty()) item.set("reason", result.reason);
    if (!result.replacement.empty()) item.set("replacedBy", result.replacement);
    if (result.spoken_for) item.set("spokenForByGateway", true);
    out.push_back(std::move(item));
  }
  return out;
}

Value own_claims(const Appraisal& appraisal, const Enrolment& enrolment, const Challenge& challenge,
                 const Policy& policy, const Result<WhiteList>& white_list) {
  Value out = Value::object({{"overall", static_cast<int>(appraisal.overall)},
                             {"recommendation", name_of(appraisal.recommendation)},
                             {"assurance", enrolment.emulator ? "software" : "hardware"},
                             {"purpose", challenge.purpose},
                             {"resets", appraisal.resets},
                             {"evidence", "sha256:" + appraisal.evidence_hash},
                             {"components", components_of(appraisal)}});
  if (!appraisal.reason.empty()) out.set("reason", appraisal.reason);
  // With these a stranger can look at the quote again.
  out.set("ak", enrolment.key.to_pem());
  if (enrolment.counter_name) out.set("counterName", to_hex(*enrolment.counter_name));
  if (!challenge.operation.empty()) out.set("operation", challenge.operation);
  if (appraisal.counter) out.set("counter", *appraisal.counter);
  out.set("policy",
          Value::object(
              {{"id", policy.id}, {"version", policy.version}, {"hash", "sha256:" + policy.hash}}));
  if (white_list) {
    out.set("whiteList", Value::object({{"number", white_list->number},
                                        {"issuer", white_list->issuer},
                                        {"hash", "sha256:" + white_list->hash}}));
  }
  return out;
}

}  // namespace

Value verdict_claims(const Appraisal& appraisal, const Enrolment& enrolment,
                     const Challenge& challenge, const Policy& policy,
                     const Result<WhiteList>& white_list, Timestamp now) {
  const int identity = !appraisal.authentic ? 97 : kAffirming;  // 97: crypto validation failed
  const int hardware = !appraisal.authentic ? kNone : enrolment.emulator ? kWarning : kAffirming;
  Value vector =
      Value::object({{"instance-identity", identity},
                     {"hardware", hardware},
                     {"executables", claim_of(appraisal, policy, "boot:")},
                     {"file-system", claim_of(appraisal, policy, "file:")},
                     {"configuration", std::max(claim_of(appraisal, policy, "ecu:"),
                                                claim_of(appraisal, policy, "config:"))}});
  Value module = Value::object({{"ear.status", tier_of(appraisal)},
                                {"ear.trustworthiness-vector", std::move(vector)},
                                {"ear.appraisal-policy-id", policy.id}});
  module.set("gatehouse", own_claims(appraisal, enrolment, challenge, policy, white_list));
  Value modules = Value::object();
  modules.set(enrolment.id, std::move(module));
  return Value::object({{"eat_profile", "tag:github.com,2023:veraison/ear"},
                        {"iat", now.microseconds / 1'000'000},
                        {"eat_nonce", to_hex(challenge.nonce)},
                        {"ear.verifier-id", Value::object({{"developer", "Gatehouse"},
                                                           {"build", "gatehouse-attest"}})},
                        {"submods", std::move(modules)}});
}

Result<std::string> sign_verdict(const crypto::SigningKey& key, const Value& claims) {
  return sign_jws(key, kVerdictType, to_json(claims));
}

}  // namespace gatehouse::attest

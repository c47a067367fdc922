#include "ae-apps/attestation/verifier/verdict.h"

#include <algorithm>
#include <map>

#include "ae-apps/attestation/verifier/jws.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

// Values of a trustworthiness claim. Source: draft-ietf-rats-ar4si clause 2.3.4 (configuration,
// executables, file-system, hardware, instance-identity); the first six are the same for all.
constexpr int kNone = 0;
constexpr int kAffirming = 2;
constexpr int kBootOnly = 3;  // executables: approved, as far as they were loaded in the boot
constexpr int kWarning = 32;
constexpr int kContraindicated = 96;
constexpr int kNotValid = 99;      // cryptographic validation of the evidence has failed
constexpr int kUnrecognized = 33;  // executables
constexpr int kUnavailable = 36;   // configuration

/// The tiers in their order, and the least value of each.
constexpr std::pair<int, std::string_view> kTiers[] = {
    {kContraindicated, "contraindicated"}, {kWarning, "warning"}, {kAffirming, "affirming"}};

std::string_view tier_of(int claim) {
  for (const auto& [least, name] : kTiers) {
    if (claim >= least) return name;
  }
  return "none";
}

int claim_of(Recommendation recommendation) {
  switch (recommendation) {
    case Recommendation::kAllowed:
      return kAffirming;
    case Recommendation::kQuarantined:
      return kWarning;
    case Recommendation::kDenied:
      break;
  }
  return kContraindicated;
}

/// What a claim says of one kind of component, and how it says that it is approved or that
/// something of it is not known.
struct Aspect {
  std::string_view claim;
  std::string_view prefixes[2];
  int approved, unknown;
};
constexpr Aspect kAspects[] = {
    {"configuration", {"ecu:", "config:"}, kAffirming, kUnavailable},
    {"executables", {"boot:", "boot:"}, kBootOnly, kUnrecognized},
    {"file-system", {"file:", "file:"}, kAffirming, kWarning},
};

bool is_unknown(Finding finding) {
  return finding == Finding::kUnknown || finding == Finding::kMissing ||
         finding == Finding::kUnverifiable;
}

/// The worst of its components.
int claim_of(const Appraisal& appraisal, const Policy& policy, const Aspect& aspect) {
  int worst = kNone;
  for (const ComponentResult& result : appraisal.components) {
    const auto is = [&](std::string_view prefix) { return result.component.starts_with(prefix); };
    if (!std::ranges::any_of(aspect.prefixes, is)) continue;
    int claim = claim_of(policy.of(result.finding));
    if (claim == kAffirming) claim = aspect.approved;
    if (claim == kWarning && is_unknown(result.finding)) claim = aspect.unknown;
    worst = std::max(worst, claim);
  }
  return worst;
}

/// What cannot be validated says nothing of anything.
std::map<std::string_view, int> vector_of(const Appraisal& appraisal, const Enrolment& enrolment,
                                          const Policy& policy) {
  std::map<std::string_view, int> out;
  if (!appraisal.authentic) {
    out["instance-identity"] = enrolment.revoked ? kContraindicated : kNotValid;
    return out;
  }
  out["instance-identity"] = kAffirming;
  out["hardware"] = enrolment.emulator ? kWarning : kAffirming;
  for (const Aspect& aspect : kAspects) out[aspect.claim] = claim_of(appraisal, policy, aspect);
  return out;
}

/// Of no higher trust than the worst claim, nor than what is recommended. Source:
/// draft-ietf-rats-ear clause 3.2 (EAR appraisal claims).
std::string_view status_of(const Appraisal& appraisal,
                           const std::map<std::string_view, int>& claims) {
  int worst = claim_of(appraisal.recommendation);
  for (const auto& [name, claim] : claims) worst = std::max(worst, claim);
  return tier_of(worst);
}

/// RAND, of what is unique of the device: the name of its attestation key. Source: RFC 9711 clause
/// 4.2.1 (ueid).
std::string ueid_of(const Enrolment& enrolment) {
  constexpr std::uint8_t kRand = 1;
  const std::string pem = enrolment.key.to_pem();
  const auto& name = enrolment.key.name();
  Bytes out{kRand};
  append(out, digest(HashAlg::kSha256, {name ? ByteView(*name) : view_of(pem)}));
  return to_base64url(out);
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
  const auto claims = vector_of(appraisal, enrolment, policy);
  Value vector = Value::object();
  for (const auto& [name, claim] : claims) vector.set(name, claim);
  const std::string nonce = to_base64url(challenge.nonce);
  Value module = Value::object({{"eat_nonce", nonce},
                                {"ueid", ueid_of(enrolment)},
                                {"ear.status", status_of(appraisal, claims)},
                                {"ear.trustworthiness-vector", std::move(vector)},
                                {"ear.appraisal-policy-id", policy.id}});
  module.set("gatehouse", own_claims(appraisal, enrolment, challenge, policy, white_list));
  Value modules = Value::object();
  modules.set(enrolment.id, std::move(module));
  return Value::object({{"eat_profile", "tag:github.com,2023:veraison/ear"},
                        {"iat", now.microseconds / 1'000'000},
                        {"eat_nonce", nonce},
                        {"ear.verifier-id", Value::object({{"developer", "Gatehouse"},
                                                           {"build", "gatehouse-attest"}})},
                        {"submods", std::move(modules)}});
}

Result<std::string> sign_verdict(const crypto::SigningKey& key, const Value& claims) {
  return sign_jws(key, kVerdictType, to_json(claims));
}

}  // namespace gatehouse::attest

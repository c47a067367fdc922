#include "ae-apps/attestation/evidence/operation/quote_audit.h"

#include "ae-apps/attestation/quote/replay.h"
#include "ae-apps/attestation/quote/verify.h"
#include "ae-apps/attestation/report/evidence.h"
#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/attestation/verifier/verdict.h"
#include "cse/codec/json.h"

namespace gatehouse::evidence {
namespace {

tl::unexpected<Error> refused(const AttestedState& state, const std::string& reason) {
  return fail(Rsc::kNotAcceptable, "the state " + state.purpose + ": " + reason);
}

/// What the verifier's signed verdict says of the device.
Result<Value> claims_about(const AttestedState& state, const std::string& device,
                           const crypto::PublicKey& verifier) {
  const auto payload = attest::open_jws(state.verdict, attest::kVerdictType, {verifier});
  if (!payload) return refused(state, "its verdict: " + payload.error().detail);
  const auto claims = parse_json(*payload);
  if (!claims) return refused(state, "its verdict: " + claims.error().detail);
  const Value* modules = claims->find("submods");
  const Value* module = modules != nullptr ? modules->find(device) : nullptr;
  const Value* own = module != nullptr ? module->find("gatehouse") : nullptr;
  if (own == nullptr) return refused(state, "its verdict is about another device");
  const std::string hash = "sha256:" + to_hex(crypto::sha256(view_of(state.evidence)));
  if (own->string_at("evidence") != hash) return refused(state, "its verdict is of other evidence");
  return *own;
}

}  // namespace

Result<QuoteFinding> audit_quote(const AttestedState& state, const std::string& device,
                                 const crypto::PublicKey& verifier) {
  const auto claims = claims_about(state, device, verifier);
  if (!claims) return fail(claims.error());
  const auto evidence = attest::parse_evidence(state.evidence);
  if (!evidence) return refused(state, evidence.error().detail);
  const auto key = attest::AttestationKey::from_bytes(view_of(claims->string_at("ak")));
  if (!key) return refused(state, "its verdict names no attestation key");
  const auto nonce = from_hex(state.nonce);
  if (!nonce) return refused(state, "its nonce is none");
  attest::Challenge challenge{*nonce, state.purpose, std::to_string(state.operation), 0,
                              evidence->exchange};
  const auto attest = attest::parse_attest(evidence->message);
  if (!attest) return refused(state, attest.error().detail);
  const auto* info = std::get_if<attest::QuoteInfo>(&attest->body);
  if (info == nullptr) return refused(state, "it holds no quote");
  const Bytes bound = attest::quote_nonce(challenge, evidence->inventory);
  const auto quote =
      attest::verify_quote({*key, bound, info->selection},
                           {evidence->message, evidence->signature, evidence->pcr_values});
  if (!quote) return refused(state, quote.error().detail);
  std::vector<attest::EventLog> logs;
  std::size_t entries = 0;
  for (const Bytes& bytes : evidence->logs) {
    auto log = attest::parse_event_log(bytes);
    if (!log) return refused(state, log.error().detail);
    entries += log->entries.size();
    logs.push_back(*std::move(log));
  }
  const auto replayed =
      attest::replay(logs, info->selection, quote->values, key->hash(), info->pcr_digest);
  if (!replayed) return refused(state, replayed.error().detail);
  QuoteFinding out;
  const std::string when = state.purpose == "before" ? "Before the change" : "After the change";
  out.proven.push_back(when + ", the TPM itself signed the PCRs " +
                       attest::to_text(info->selection) + " in answer to the verifier's number; " +
                       std::to_string(entries) + " measurements lead to them (" +
                       (claims->string_at("assurance") == "hardware"
                            ? "a TPM in hardware"
                            : "a TPM in software, the weaker level") +
                       ").");
  if (!evidence->counter) return out;
  const auto name = from_hex(claims->string_at("counterName"));
  const auto counter =
      attest::verify_counter(*key, attest::effective_nonce(challenge), name ? *name : Bytes(),
                             evidence->counter->first, evidence->counter->second);
  if (!counter) return refused(state, counter.error().detail);
  out.counter = *counter;
  return out;
}

}  // namespace gatehouse::evidence

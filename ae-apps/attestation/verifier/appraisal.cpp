#include "ae-apps/attestation/verifier/appraisal.h"

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"
#include "ae-apps/attestation/verifier/ecu_report.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxReason = 1000;
constexpr std::string_view kEcu = "ecu", kEcuGone = "ecu-gone", kConfiguration = "config";
constexpr std::string_view kNothing = "none";
constexpr std::string_view kEcuPrefix = "ecu:";

/// What one entry of a log claims to be.
struct Claim {
  std::string component;
  std::string version;
  std::optional<std::pair<HashAlg, Bytes>> digest;
  bool ecu = false;
  bool spoken_for = false;
};

std::optional<std::pair<HashAlg, Bytes>> digest_in(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto alg = hash_named(text.substr(0, colon));
  const auto bytes = from_hex(text.substr(colon + 1));
  if (!alg || !bytes || bytes->size() != size_of(*alg)) return std::nullopt;
  return std::pair(*alg, *bytes);
}

Claim claim_of(const EventLog& log, const Measurement& entry) {
  Claim out;
  out.digest = entry.measured;
  switch (log.format) {
    case LogFormat::kBoot:
      out.component = "boot:" + std::to_string(entry.pcr);
      break;
    case LogFormat::kImaAscii:
    case LogFormat::kImaBinary:
      out.component = "file:" + entry.name;
      break;
    case LogFormat::kCel: {
      out.component = entry.kind + ":" + entry.name;
      out.ecu = entry.kind == kEcu;
      const auto json = parse_json(text_of(entry.content));
      if (!json) break;
      out.version = json->string_at("ver");
      out.digest = digest_in(json->string_at("dig"));
      out.spoken_for = out.ecu && json->string_at("auth", "none") != "signed";
      break;
    }
  }
  return out;
}

std::string where(std::size_t log, const Measurement& entry) {
  return "entry " + std::to_string(entry.number) + " of log " + std::to_string(log + 1) + ", PCR " +
         std::to_string(entry.pcr);
}

class Appraiser {
 public:
  Appraiser(const Enrolment& enrolment, const Challenge& challenge, const Policy& policy,
            const AttestationEvidence& evidence, Timestamp now)
      : enrolment_(enrolment),
        challenge_(challenge),
        policy_(policy),
        evidence_(evidence),
        now_(now) {
    challenge_.exchange = evidence.exchange;
  }

  Appraisal run(const Result<WhiteList>& white_list) {
    out_.evidence_hash = hash_of(evidence_);
    out_.overall = Overall::kCompliant;
    out_.recommendation = Recommendation::kAllowed;
    if (const Result<void> good = check_authentic(); !good) return denied(good.error());
    out_.authentic = true;
    remember();
    if (!white_list) return denied(white_list.error());
    list_ = &*white_list;
    judge_machine();
    judge_components();
    judge_missing();
    // Only what was accepted is the inventory that the next one is held against.
    if (out_.recommendation == Recommendation::kAllowed) out_.next->known = ecus_;
    return std::move(out_);
  }

 private:
  Appraisal denied(const Error& error) {
    out_.overall = Overall::kError;
    out_.recommendation = Recommendation::kDenied;
    out_.reason = "denied, because " + error.detail;
    return std::move(out_);
  }

  /// The order of the checks: key, quote, clock, counter, logs.
  Result<void> check_authentic() {
    if (enrolment_.revoked) {
      return fail(Rsc::kNotAcceptable, "key: the attestation key of this gateway is revoked");
    }
    const Bytes nonce = quote_nonce(challenge_, evidence_.inventory);
    auto quote = verify_quote({enrolment_.key, nonce, policy_.selection},
                              {evidence_.message, evidence_.signature, evidence_.pcr_values});
    if (!quote) return fail(quote.error());
    if (const auto good = check_time(quote->attest); !good) return good;
    if (const auto good = check_counter(); !good) return good;
    for (const Bytes& bytes : evidence_.logs) {
      auto log = parse_event_log(bytes);
      if (!log) return fail(log.error());
      logs_.push_back(*std::move(log));
    }
    const auto& info = quote->info();
    auto replayed =
        replay(logs_, info.selection, quote->values, enrolment_.key.hash(), info.pcr_digest);
    if (!replayed) return fail(replayed.error());
    proven_ = std::move(replayed->proven_entries);
    attest_ = std::move(quote->attest);
    return {};
  }

  Result<void> check_time(const Attest& attest) {
    if (!enrolment_.last) return {};
    const auto change = check_clock(*enrolment_.last, attest);
    if (!change) return fail(change.error());
    out_.change = *change;
    out_.resets = attest.clock.reset_count - enrolment_.last->clock.reset_count;
    return {};
  }

  Result<void> check_counter() {
    if (!enrolment_.counter_name) return {};
    if (!evidence_.counter) return fail(Rsc::kNotAcceptable, "counter: not in the evidence");
    const auto value =
        verify_counter(enrolment_.key, effective_nonce(challenge_), *enrolment_.counter_name,
                       evidence_.counter->first, evidence_.counter->second);
    if (!value) return fail(value.error());
    if (*value < enrolment_.last_counter) {
      return fail(Rsc::kNotAcceptable,
                  "counter: fell from " + std::to_string(enrolment_.last_counter) + " to " +
                      std::to_string(*value) + ": the TPM was cleared, rolled back or replaced");
    }
    out_.counter = *value;
    return {};
  }

  void remember() {
    out_.next = enrolment_;
    out_.next->last = memory_of(attest_);
    if (out_.counter) out_.next->last_counter = *out_.counter;
  }

  /// Makes the verdict as bad as this; the first reason stays.
  void lower(Recommendation to, const std::string& reason) {
    if (to == Recommendation::kAllowed) return;
    if (out_.reason.empty()) {
      out_.reason = std::string(name_of(to)) + ", because " + reason;
    }
    out_.recommendation = std::max(out_.recommendation, to);
    const Overall overall = to == Recommendation::kDenied ? Overall::kMajor : Overall::kMinor;
    out_.overall = std::max(out_.overall, overall);
  }

  void judge_machine() {
    if (enrolment_.emulator) lower(policy_.emulator, "its TPM is software");
    if (out_.resets > challenge_.resets_expected) {
      lower(policy_.unexpected_reset,
            std::to_string(out_.resets) + " reboots since the last time, " +
                std::to_string(challenge_.resets_expected) + " were expected");
    }
  }

  void add(ComponentResult result, const std::string& place) {
    std::string reason = result.component + ": " + std::string(name_of(result.finding));
    if (!result.reason.empty()) reason += ": " + result.reason;
    if (!place.empty()) reason += " (" + place + ")";
    lower(policy_.of(result.finding), printable(reason, kMaxReason));
    out_.components.push_back(std::move(result));
  }

  /// Entries about ECUs and configurations that a later, proven entry has replaced. It must name
  /// what it replaces, so a second report of one ECU is not mistaken for a change.
  std::set<std::size_t> history_of(std::size_t log) const {
    std::set<std::size_t> out;
    if (logs_[log].format != LogFormat::kCel) return out;
    // Kind and id: entry, its digest.
    std::map<std::pair<bool, std::string>, std::pair<std::size_t, std::string>> now;
    for (std::size_t j = 0; j < logs_[log].entries.size() && j < proven_.at(log); ++j) {
      const Measurement& entry = logs_[log].entries[j];
      const bool gone = entry.kind == kEcuGone;
      const bool configuration = entry.kind == kConfiguration;
      if ((!gone && !configuration && entry.kind != kEcu) || !quoted(entry.pcr)) continue;
      const auto json = parse_json(text_of(entry.content));
      if (!json) continue;
      const std::pair key(configuration, entry.name);
      const auto before = now.find(key);
      const bool replaces = before != now.end() && json->string_at("was") == before->second.second;
      if (before != now.end() && !replaces) continue;
      if (replaces) out.insert(before->second.first);
      now[key] = {j, json->string_at("dig", kNothing)};
    }
    // What is gone is no component; whether it may be is judged by what is required and known.
    for (const auto& [name, last] : now) {
      if (logs_[log].entries[last.first].kind == kEcuGone) out.insert(last.first);
    }
    return out;
  }

  bool quoted(unsigned pcr) const {
    return std::ranges::any_of(policy_.selection.banks, [&](const PcrBank& bank) {
      return policy_.selection.contains(bank.alg, pcr);
    });
  }

  void judge_components() {
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      const std::set<std::size_t> history = history_of(i);
      for (std::size_t j = 0; j < logs_[i].entries.size(); ++j) {
        if (history.contains(j)) continue;
        const Measurement& entry = logs_[i].entries[j];
        const Claim claim = claim_of(logs_[i], entry);
        ComponentResult result = judge(claim, entry, j < proven_.at(i));
        if (claim.ecu && !ecus_.insert(claim.component).second) {
          result.finding = Finding::kUnverifiable;
          result.reason = "it is reported twice";
        }
        measured_.insert(claim.component);
        add(std::move(result), where(i, entry));
      }
    }
  }

  ComponentResult judge(const Claim& claim, const Measurement& entry, bool proven) const {
    ComponentResult out{claim.component, claim.version, Finding::kUnverifiable, {}, {},
                        claim.spoken_for};
    const auto say = [&out](Finding finding, std::string reason) {
      out.finding = finding;
      out.reason = std::move(reason);
      return out;
    };
    if (!quoted(entry.pcr)) return say(Finding::kUnverifiable, "its PCR is not quoted");
    if (!proven) return say(Finding::kUnverifiable, "it was measured after the quote");
    if (!claim.digest) return say(Finding::kUnverifiable, "it has no digest that can be compared");
    if (const auto reported = check_report(claim); !reported) {
      return say(Finding::kUnverifiable, reported.error().detail);
    }
    const bool is_new =
        claim.ecu && enrolment_.known && !enrolment_.known->contains(claim.component);
    const std::vector<const Reference*> references = list_->of(claim.component);
    const Reference* found = nullptr;
    for (const Reference* reference : references) {
      if (std::pair(reference->alg, reference->digest) == *claim.digest) found = reference;
    }
    if (found == nullptr) return judge_unlisted(out, *claim.digest, is_new, !references.empty());
    out.version = found->version;
    out.replacement = replacement_of(references);
    if (found->standing == Standing::kAllowed) out.replacement.clear();
    if (!claim.version.empty() && claim.version != found->version) {
      return say(Finding::kUnknown, "it says version " + printable(claim.version) +
                                        ", its digest is that of " + found->version);
    }
    if (found->standing == Standing::kRevoked) return say(Finding::kRevoked, found->reason);
    if (found->standing == Standing::kSuperseded) {
      if (now_ > *found->until) {
        return say(Finding::kRevoked,
                   "superseded, and allowed only until " + to_text(*found->until));
      }
      return say(Finding::kSupersededAllowed, "allowed until " + to_text(*found->until));
    }
    return say(is_new ? Finding::kNewAuthorised : Finding::kMatch,
               is_new ? "not in the last inventory" : "");
  }

  static std::string replacement_of(const std::vector<const Reference*>& references) {
    for (const Reference* reference : references) {
      if (reference->standing == Standing::kAllowed) return reference->version;
    }
    return {};
  }

  /// An ECU with a key must have said itself, in answer to this challenge, what the log says of it.
  Result<void> check_report(const Claim& claim) const {
    if (!claim.ecu || !enrolment_.ecu_keys) return {};
    const auto key = enrolment_.ecu_keys->find(claim.component.substr(kEcuPrefix.size()));
    if (key == enrolment_.ecu_keys->end()) {
      // Whoever has no key here cannot claim to have signed.
      if (claim.spoken_for) return {};
      return fail(Rsc::kNotAcceptable, "it claims to sign, but no key of it is enrolled");
    }
    return check_ecu_report({claim.component.substr(kEcuPrefix.size()), claim.version,
                             claim.digest ? to_hex(claim.digest->second) : ""},
                            evidence_.inventory, key->second, ecu_nonce(challenge_));
  }

  static ComponentResult judge_unlisted(ComponentResult out,
                                        const std::pair<HashAlg, Bytes>& digest, bool is_new,
                                        bool component_listed) {
    const std::string text = std::string(name_of(digest.first)) + ":" + to_hex(digest.second);
    out.finding = is_new ? Finding::kNewUnauthorised : Finding::kUnknown;
    out.reason = component_listed ? "no version of it has the digest " + text
                                  : "not in the white list, digest " + text;
    return out;
  }

  void judge_missing() {
    for (const std::string& component : list_->required) {
      if (measured_.contains(component)) continue;
      add({component, {}, Finding::kMissing, "required, but not measured", {}, false}, {});
    }
    if (!enrolment_.known) return;
    for (const std::string& component : *enrolment_.known) {
      const bool required = std::find(list_->required.begin(), list_->required.end(), component) !=
                            list_->required.end();
      if (measured_.contains(component) || required) continue;
      add({component, {}, Finding::kMissing, "in the last inventory, no longer there", {}, false},
          {});
    }
  }

  const Enrolment& enrolment_;
  Challenge challenge_;  ///< with the exchange that the evidence names
  const Policy& policy_;
  const AttestationEvidence& evidence_;
  const Timestamp now_;
  const WhiteList* list_ = nullptr;
  std::vector<EventLog> logs_;
  std::vector<std::size_t> proven_;
  Attest attest_;
  std::set<std::string> measured_;
  std::set<std::string> ecus_;
  Appraisal out_;
};

}  // namespace

Appraisal appraise(const Enrolment& enrolment, const Challenge& challenge, const Policy& policy,
                   const Result<WhiteList>& white_list, const AttestationEvidence& evidence,
                   Timestamp now) {
  return Appraiser(enrolment, challenge, policy, evidence, now).run(white_list);
}

}  // namespace gatehouse::attest

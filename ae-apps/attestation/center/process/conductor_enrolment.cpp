// Enrolment of a device, and attestation without maintenance.
#include <utility>

#include "ae-apps/attestation/center/process/conductor.h"
#include "cse/codec/json.h"

namespace gatehouse::center {
namespace {

constexpr std::size_t kMaxEvidenceBytes = 4u << 20;

std::string hash_of(std::string_view text) { return to_hex(crypto::sha256(view_of(text))); }

}  // namespace

Result<void> Conductor::begin_enrolment(const std::string& device) {
  const std::string id = device + "/enrol/" + to_text(settings_.clock());
  auto asked = ask_device(device, id, Value::object({{"op", "enrol"}}));
  waiting_[device].enrolling = asked.has_value();
  return asked;
}

Result<void> Conductor::go_on_enrolling(const std::string& device, const Value& report) {
  Waiting& waiting = waiting_[device];
  waiting.id.clear();
  waiting.enrolling = false;
  if (const Value* identity = report.find("identity")) {
    const auto blob =
        links_.verifier("enrol", Value::object({{"device", device}, {"identity", *identity}}));
    if (!blob) return fail(blob.error());
    const std::string id = device + "/activate/" + to_text(settings_.clock());
    auto asked = ask_device(device, id,
                            Value::object({{"op", "activate"},
                                           {"credential", blob->string_at("credential")},
                                           {"nonce", blob->string_at("nonce")}}));
    waiting.enrolling = asked.has_value();
    return asked;
  }
  const Value* certify = report.find("certify");
  const auto done = links_.verifier(
      "enrolled", Value::object({{"device", device},
                                 {"secret", report.string_at("secret")},
                                 {"certify", certify != nullptr ? *certify : Value()}}));
  if (!done) return fail(done.error());
  news(device, "enrolled",
       Value::object({{"assurance", done->bool_at("emulator", true) ? "software" : "hardware"}}));
  if (const Standing* standing = center_.standing(device); standing && standing->open()) {
    advance(device);
    return {};
  }
  return begin_periodic(device);
}

Result<void> Conductor::begin_tnc(const std::string& device) {
  const Standing* standing = center_.standing(device);
  if ((standing != nullptr && standing->open()) || !waiting_[device].id.empty()) {
    return fail(Rsc::kConflict, device + " is busy");
  }
  auto asked = ask_device(device, device + "/tnc/" + to_text(settings_.clock()),
                          Value::object({{"op", "tnc"}}));
  waiting_[device].tnc = asked.has_value();
  return asked;
}

/// What the device heard; the verdict itself is between TNC server and verifier.
void Conductor::end_tnc(const std::string& device, const Value& report) {
  waiting_[device].id.clear();
  waiting_[device].tnc = false;
  news(device, "tnc",
       Value::object({{"access", report.string_at("access")},
                      {"reason", report.string_at("reason")},
                      {"evidence", report.string_at("evidence_hash")}}));
}

Result<void> Conductor::begin_periodic(const std::string& device) {
  const Standing* standing = center_.standing(device);
  if ((standing != nullptr && standing->open()) || !waiting_[device].id.empty()) {
    return fail(Rsc::kConflict, device + " is busy");
  }
  const auto given =
      links_.verifier("challenge", Value::object({{"device", device}, {"purpose", "periodic"}}));
  if (!given && given.error().rsc == Rsc::kNotFound) return begin_enrolment(device);
  if (!given) return fail(given.error());
  const std::string id =
      device + "/periodic/" + hash_of(given->string_at("challenge")).substr(0, 16);
  auto asked = ask_device(
      device, id, Value::object({{"op", "attest"}, {"challenge", given->string_at("challenge")}}));
  waiting_[device].periodic = asked.has_value();
  waiting_[device].attested = settings_.clock();
  return asked;
}

void Conductor::forget(const std::string& device) {
  Waiting fresh;
  fresh.attested = waiting_[device].attested;
  fresh.trusted = waiting_[device].trusted;
  fresh.told_trust = waiting_[device].told_trust;
  fresh.trust_untold = waiting_[device].trust_untold;
  waiting_[device] = std::move(fresh);
}

/// Continuous mode. Who is busy is asked at the next tick.
void Conductor::attest_by_schedule(const std::string& device) {
  const Waiting& waiting = waiting_[device];
  if (settings_.attest_interval.count() == 0 || !waiting.id.empty()) return;
  if (waiting.attested && settings_.clock() - *waiting.attested < settings_.attest_interval) return;
  const auto begun = begin_periodic(device);
  if (!begun && begun.error().rsc != Rsc::kConflict) {
    waiting_[device].attested = settings_.clock();  // not at every tick
    news(device, "trouble", Value::object({{"reason", begun.error().detail}}));
  }
}

/// An untrusted device loses its rights at once, and gets them back when it is healed. What counts
/// is what the verifier signed: it says the same again to a Center that was killed in between.
void Conductor::set_trust(const std::string& device, const Value& verdict) {
  const bool trusted = verdict.string_at("recommendation") == "allowed";
  if (!trusted) news(device, "alarm", Value::object({{"reason", verdict.string_at("reason")}}));
  waiting_[device].trusted = trusted;
  tell_trust(device);
}

/// A CSE that cannot be reached now is told at a later tick.
void Conductor::tell_trust(const std::string& device) {
  Waiting& waiting = waiting_[device];
  if (!waiting.trusted || waiting.told_trust == waiting.trusted || !links_.trust) return;
  if (const auto done = links_.trust(device, *waiting.trusted); !done) {
    if (!std::exchange(waiting.trust_untold, true)) {
      news(device, "trouble", Value::object({{"reason", done.error().detail}}));
    }
    return;
  }
  waiting.told_trust = waiting.trusted;
  waiting.trust_untold = false;
}

/// An entry beside the records of operations: what was found, by hash and in a word.
Result<void> Conductor::end_periodic(const std::string& device, const Value& report) {
  Waiting& waiting = waiting_[device];
  waiting.id.clear();
  waiting.periodic = false;
  const std::string text = report.string_at("evidence");
  if (text.empty() || text.size() > kMaxEvidenceBytes) {
    return fail(Rsc::kBadRequest, "report: no evidence");
  }
  const auto kept = archive_->keep(text);
  if (!kept) return fail(kept.error());
  const auto said =
      links_.verifier("judge", Value::object({{"device", device}, {"evidence", text}}));
  if (!said) return fail(said.error());
  const auto own = verdict_of(device, said->string_at("verdict"));
  if (!own) return fail(own.error());
  const auto verdict = archive_->keep(said->string_at("verdict"));
  if (!verdict) return fail(verdict.error());
  const Value entry = Value::object(
      {{"attestation", Value::object({{"device", device},
                                      {"evidence", *kept},
                                      {"recommendation", own->string_at("recommendation")},
                                      {"time", to_text(settings_.clock())},
                                      {"verdict", *verdict}})}});
  if (const auto logged = archive_->log().append({bytes_of(to_json(entry))}); !logged) {
    return fail(logged.error());
  }
  set_trust(device, *own);
  news(device, "attested",
       Value::object({{"recommendation", own->string_at("recommendation")},
                      {"reason", own->string_at("reason")},
                      {"jws", said->string_at("verdict")}}));
  return {};
}

}  // namespace gatehouse::center

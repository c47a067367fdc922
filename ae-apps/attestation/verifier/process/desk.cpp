#include "ae-apps/attestation/verifier/process/desk.h"

#include <algorithm>

#include "ae-apps/attestation/evidence/trust/certified_key.h"
#include "ae-apps/attestation/quote/credential.h"
#include "ae-apps/attestation/verifier/verdict.h"
#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

using evidence::Place;
using evidence::RecordKind;

constexpr std::size_t kNonceBytes = 32;
/// tcg-kp-EKCertificate. Source: TCG EK Credential Profile clause 3.2.16.
constexpr const char* kEndorsementKeyUsage = "2.23.133.8.1";
constexpr std::size_t kMaxFileBytes = 64u << 20;

/// The place in a request, if it has one.
Result<std::optional<Place>> place_in(const Value& request) {
  const Value* value = request.find("place");
  if (value == nullptr) return std::optional<Place>();
  auto place = evidence::place_from(*value);
  if (!place) return fail(place.error());
  return std::optional<Place>(*std::move(place));
}

std::string text_of(const std::optional<Place>& place) {
  return place ? to_json(evidence::to_value(*place)) : std::string();
}

/// SHA-256 of the SubjectPublicKeyInfo, hexadecimal.
std::string key_hash(const std::string& pem) {
  const auto key = crypto::PublicKey::from_pem(pem);
  return key ? to_hex(digest(HashAlg::kSha256, {key->spki_der()})) : std::string("none");
}

Value answer_of(const Judged& judged, std::string_view recommendation, const std::string& reason) {
  Value out = Value::object(
      {{"verdict", judged.verdict}, {"recommendation", recommendation}, {"reason", reason}});
  if (!judged.record.empty()) out.set("record", judged.record);
  return out;
}

}  // namespace

Desk::Desk(DeskSettings settings, crypto::SigningKey key, Clock clock, crypto::Random& random)
    : settings_(std::move(settings)),
      key_(std::move(key)),
      clock_(std::move(clock)),
      random_(random),
      files_(settings_.folder) {}

Result<std::string> Desk::device_in(const Value& request) const {
  std::string device = request.string_at("device");
  if (!settings_.devices.contains(device)) {
    return fail(Rsc::kNotFound, "device: not one of those that this verifier knows");
  }
  return device;
}

Result<WhiteList> Desk::white_list() const {
  const auto unreachable = [](const std::string& why) {
    return fail(Rsc::kTargetNotReachable, "white list: cannot be reached: " + why);
  };
  const auto highest = files_.highest_bundle();
  if (!highest) return unreachable(highest.error().detail);
  const auto read = [&]() -> Result<WhiteList> {
    if (settings_.white_list_source) return settings_.white_list_source(*highest, clock_());
    const auto text = ota::read_text(settings_.white_list_file, kMaxFileBytes);
    if (!text) return unreachable(text.error().detail);
    if (text->empty()) return unreachable("there is none");
    std::string_view jws = *text;
    while (jws.ends_with('\n')) jws.remove_suffix(1);
    return read_bundle(jws, settings_.white_list_keys, *highest, clock_());
  };
  auto list = read();
  if (list && list->number > *highest) {
    if (auto kept = files_.keep_highest_bundle(list->number); !kept) {
      return unreachable(kept.error().detail);
    }
  }
  return list;
}

Result<std::string> Desk::record_of(const std::optional<Place>& place, RecordKind kind,
                                    const std::string& device,
                                    std::map<std::string, std::string> facts,
                                    std::map<std::string, std::string> files) const {
  if (!place) return std::string();
  evidence::Record record = evidence::record_at(*place, device, kind, clock_());
  record.facts = std::move(facts);
  record.files = std::move(files);
  if (auto done = evidence::sign(record, key_); !done) return fail(done.error());
  return evidence::encode(record);
}

// --- challenges --------------------------------------------------------------------------------

Result<Value> Desk::challenge(const Value& request) {
  const std::lock_guard lock(mutex_);
  const auto device = device_in(request);
  if (!device) return fail(device.error());
  const auto place = place_in(request);
  if (!place) return fail(place.error());
  auto state = files_.load(*device);
  if (!state) return fail(state.error());
  if (!state->identity) return fail(Rsc::kNotFound, "device: " + *device + " is not enrolled");
  Challenge wanted;
  wanted.nonce = random_.bytes(kNonceBytes);
  wanted.purpose = request.string_at("purpose");
  wanted.operation = request.string_at("operation");
  wanted.resets_expected =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(request.integer_at("resets"), 0, 1000));
  if (const auto good = parse_challenge(encode(wanted)); !good) return fail(good.error());
  const std::optional<Issued>& before = state->issued;
  const bool again = before && before->used_by.empty() && !before->place.empty() &&
                     before->place == text_of(*place) &&
                     before->challenge.purpose == wanted.purpose &&
                     clock_() - before->at <= settings_.nonce_lifetime;
  if (!again) {
    const bool after = wanted.purpose == "after";
    const auto record =
        record_of(*place, after ? RecordKind::kAfterChallenge : RecordKind::kBeforeChallenge,
                  *device, {{"nonce", to_hex(wanted.nonce)}}, {});
    if (!record) return fail(record.error());
    state->issued = Issued{wanted, clock_(), text_of(*place), *record, ""};
    if (auto done = files_.store(*device, *state); !done) return fail(done.error());
  }
  Value out = Value::object({{"challenge", encode(state->issued->challenge)}});
  if (!state->issued->record.empty()) out.set("record", state->issued->record);
  return out;
}

// --- judging -----------------------------------------------------------------------------------

Result<Enrolment> Desk::enrolment_of(const std::string& device, const DeviceState& state) const {
  const auto area = parse_public_area(state.identity->attestation_key);
  if (!area) return fail(area.error());
  auto key = AttestationKey::from_public_area(*area);
  if (!key) return fail(key.error());
  return Enrolment{device,
                   *std::move(key),
                   state.revoked,
                   state.identity->emulator,
                   state.identity->counter_name,
                   state.last,
                   state.last_counter,
                   state.known,
                   settings_.devices.at(device).ecu_keys};
}

Result<Value> Desk::judge(const Value& request) {
  const std::lock_guard lock(mutex_);
  const auto device = device_in(request);
  if (!device) return fail(device.error());
  const auto place = place_in(request);
  if (!place) return fail(place.error());
  auto state = files_.load(*device);
  if (!state) return fail(state.error());
  if (!state->identity || !state->issued) {
    return fail(Rsc::kConflict, "nonce: none was given out for " + *device);
  }
  const std::string text = request.string_at("evidence");
  const std::string hash = to_hex(digest(HashAlg::kSha256, {view_of(text)}));
  const std::string nonce = to_hex(state->issued->challenge.nonce);
  const std::string used_by = state->issued->used_by;
  if (!used_by.empty() && used_by != hash) return fail(Rsc::kConflict, "nonce: it is used up");
  if (const auto& judged = state->judged;
      judged && judged->nonce == nonce && judged->evidence_hash == hash) {
    return answer_of(*judged, "", "");
  }
  // Used up before anything is looked at: other evidence fails whatever becomes of this. Who dies
  // before the verdict is on the disk gives it when the same bytes come again.
  state->issued->used_by = hash;
  state->judged.reset();
  if (auto done = files_.store(*device, *state); !done) return fail(done.error());
  if (clock_() - state->issued->at > settings_.nonce_lifetime) {
    return fail(Rsc::kConflict, "nonce: it is too old");
  }
  return appraise_and_store(*device, *std::move(state), text, request.string_at("peer_key"),
                            *place);
}

Result<Value> Desk::appraise_and_store(const std::string& device, DeviceState state,
                                       const std::string& text, const std::string& peer_key,
                                       const std::optional<Place>& place) {
  const Challenge challenge = state.issued->challenge;
  const auto enrolment = enrolment_of(device, state);
  if (!enrolment) return fail(enrolment.error());
  const auto policy_text = ota::read_text(settings_.policy_file, kMaxFileBytes);
  const auto policy =
      policy_text ? parse_policy(*policy_text) : Result<Policy>(fail(policy_text.error()));
  if (!policy) return fail(policy.error());
  const auto list = white_list();
  const auto evidence = parse_evidence(text);
  Appraisal appraisal;
  if (!peer_key.empty() && peer_key != key_hash(state.identity->device_key_pem)) {
    appraisal.reason = "denied, because channel: whoever brought it has not the key in this TPM";
    appraisal.evidence_hash = to_hex(digest(HashAlg::kSha256, {view_of(text)}));
  } else if (evidence) {
    appraisal = appraise(*enrolment, challenge, *policy, list, *evidence, clock_());
  } else {
    appraisal.reason = "denied, because " + evidence.error().detail;
    appraisal.evidence_hash = to_hex(digest(HashAlg::kSha256, {view_of(text)}));
  }
  const auto verdict =
      sign_verdict(key_, verdict_claims(appraisal, *enrolment, challenge, *policy, list, clock_()));
  if (!verdict) return fail(verdict.error());
  const std::string verdict_hash = to_hex(digest(HashAlg::kSha256, {view_of(*verdict)}));
  const bool after = challenge.purpose == "after";
  const auto record = record_of(
      place, after ? RecordKind::kAfterResult : RecordKind::kBeforeResult, device,
      {{"policy", policy->id + " " + std::to_string(policy->version) + " (" + policy->hash + ")"},
       {"verdict", appraisal.reason.empty() ? std::string(name_of(appraisal.recommendation))
                                            : appraisal.reason},
       {"whitelist", list ? std::to_string(list->number) + " (" + list->hash + ")" : "none"}},
      {{"verdict", verdict_hash}});
  if (!record) return fail(record.error());
  if (appraisal.next) {
    state.last = appraisal.next->last;
    state.last_counter = appraisal.next->last_counter;
    state.known = appraisal.next->known;
  }
  state.judged = Judged{to_hex(challenge.nonce), to_hex(digest(HashAlg::kSha256, {view_of(text)})),
                        *verdict, *record};
  if (auto done = files_.store(device, state); !done) return fail(done.error());
  return answer_of(*state.judged, name_of(appraisal.recommendation), appraisal.reason);
}

// --- enrolment ---------------------------------------------------------------------------------

/// The key is that of this device: by its name, by the certificate of its maker, or both. Who was
/// known by its certificate alone stays the same TPM.
Result<void> Desk::check_endorsement(const std::string& device, const DeviceState& state,
                                     const Identity& identity, const PublicArea& key) const {
  const Bytes& name = settings_.devices.at(device).endorsement_key_name;
  const bool known_before =
      state.identity && identity.endorsement_key == state.identity->endorsement_key;
  const bool same = name.empty() ? !state.identity || known_before : key.name() == name;
  if (!same) return fail(Rsc::kNotAcceptable, "ek: it is not the endorsement key of " + device);
  if (settings_.ek_anchors_pem.empty()) return {};
  if (identity.ek_certificate_pem.empty()) {
    return fail(Rsc::kNotAcceptable, "ek: there is no certificate of it");
  }
  const auto certified =
      evidence::verify_certificate(identity.ek_certificate_pem, settings_.ek_anchors_pem,
                                   clock_().microseconds / 1'000'000, kEndorsementKeyUsage);
  if (!certified) return fail(Rsc::kNotAcceptable, "ek: " + certified.error().detail);
  const auto pem = pem_of(key);
  const auto shown =
      pem ? crypto::PublicKey::from_pem(*pem) : Result<crypto::PublicKey>(fail(pem.error()));
  if (!shown) return fail(shown.error());
  if (shown->spki_der() != certified->key.spki_der()) {
    return fail(Rsc::kNotAcceptable, "ek: the certificate is that of another key");
  }
  return {};
}

Result<Value> Desk::enrol(const Value& request) {
  const std::lock_guard lock(mutex_);
  const auto device = device_in(request);
  if (!device) return fail(device.error());
  const Value* identity_value = request.find("identity");
  auto identity = identity_from(identity_value != nullptr ? *identity_value : Value());
  if (!identity) return fail(identity.error());
  const auto endorsement = parse_public_area(identity->endorsement_key);
  const auto attestation = parse_public_area(identity->attestation_key);
  if (!endorsement) return fail(endorsement.error());
  if (!attestation) return fail(attestation.error());
  auto state = files_.load(*device);
  if (!state) return fail(state.error());
  if (auto good = check_endorsement(*device, *state, *identity, *endorsement); !good) {
    return fail(good.error());
  }
  if (const auto good = check_attestation_key(*attestation); !good) return fail(good.error());
  const Bytes secret = random_.bytes(kNonceBytes);
  const auto credential = make_credential(*endorsement, attestation->name(), secret, random_);
  if (!credential) return fail(credential.error());
  state->applying = *std::move(identity);
  state->secret_hash = to_hex(digest(HashAlg::kSha256, {secret}));
  state->enrol_nonce = to_hex(random_.bytes(kNonceBytes));
  if (auto done = files_.store(*device, *state); !done) return fail(done.error());
  return Value::object(
      {{"credential", to_base64(write_credential(*credential))}, {"nonce", state->enrol_nonce}});
}

Result<Value> Desk::enrolled(const Value& request) {
  const std::lock_guard lock(mutex_);
  const auto device = device_in(request);
  if (!device) return fail(device.error());
  auto state = files_.load(*device);
  if (!state) return fail(state.error());
  const auto secret = from_hex(request.string_at("secret"));
  if (!state->applying || !secret ||
      to_hex(digest(HashAlg::kSha256, {*secret})) != state->secret_hash) {
    state->applying.reset();  // a secret may be tried once
    if (auto done = files_.store(*device, *state); !done) return fail(done.error());
    return fail(Rsc::kNotAcceptable, "secret: it is not the one in the credential");
  }
  const auto attestation = parse_public_area(state->applying->attestation_key);
  const auto device_key = parse_public_area(state->applying->device_key);
  if (!attestation || !device_key) return fail(Rsc::kBadRequest, "identity: malformed");
  const auto key = AttestationKey::from_public_area(*attestation);
  if (!key) return fail(key.error());
  const std::vector<std::string> certify = request.strings_at("certify");
  const auto message = from_base64(certify.size() == 2 ? certify[0] : "?");
  const auto signature_bytes = from_base64(certify.size() == 2 ? certify[1] : "?");
  if (!message || !signature_bytes) return fail(Rsc::kBadRequest, "certify: two texts in base64");
  const auto signature = key->read_signature(*signature_bytes);
  if (!signature) return fail(signature.error());
  if (const auto good = key->verify(*message, *signature); !good) return fail(good.error());
  const auto attest = parse_attest(*message);
  if (!attest) return fail(attest.error());
  const CertifyInfo* info = std::get_if<CertifyInfo>(&attest->body);
  if (info == nullptr || to_hex(attest->extra_data) != state->enrol_nonce ||
      info->name != device_key->name()) {
    return fail(Rsc::kNotAcceptable, "certify: the device key is not in that TPM");
  }
  const auto pem = pem_of(*device_key);
  if (!pem) return fail(pem.error());
  // The same TPM once more: what is remembered of it stays, or a roll-back could hide behind it.
  const bool same_tpm =
      state->identity && state->identity->attestation_key == state->applying->attestation_key;
  state->identity = std::exchange(state->applying, std::nullopt);
  state->identity->device_key_pem = *pem;
  state->secret_hash.clear();
  if (!same_tpm) {
    state->last.reset();
    state->known.reset();
    state->last_counter = 0;
  }
  if (auto done = files_.store(*device, *state); !done) return fail(done.error());
  return Value::object({{"device_key_pem", *pem}, {"emulator", state->identity->emulator}});
}

}  // namespace gatehouse::attest

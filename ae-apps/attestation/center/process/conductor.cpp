#include "ae-apps/attestation/center/process/conductor.h"

#include <algorithm>
#include <cstdlib>

#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/attestation/verifier/verdict.h"
#include "cse/codec/json.h"

namespace gatehouse::center {
namespace {

using evidence::Place;
using evidence::Record;
using evidence::RecordKind;

constexpr std::size_t kMaxEvidenceBytes = 4u << 20;
constexpr std::size_t kMaxReasonBytes = 500;
constexpr std::int64_t kMaxReboots = 8;  // more in one maintenance are nobody's plan
/// A device that cannot answer yet is asked again so soon.
constexpr std::chrono::milliseconds kPauseAfterRefusal{300};

std::string hash_of(std::string_view text) { return to_hex(crypto::sha256(view_of(text))); }

}  // namespace

Result<Conductor> Conductor::resume(Archive& archive, crypto::SigningKey key,
                                    CenterSettings center_settings, ConductorSettings settings,
                                    Links links) {
  auto center =
      Center::resume(archive.medium(), archive.log(), std::move(key), std::move(center_settings));
  if (!center) return fail(center.error());
  return Conductor(archive, *std::move(center), std::move(settings), std::move(links));
}

// --- what comes --------------------------------------------------------------------------------

Result<void> Conductor::command(const Value& command) {
  const std::string maintain = command.string_at("maintain");
  const std::string tnc = command.string_at("tnc");
  const std::string device = !maintain.empty() ? maintain : command.string_at("attest", tnc);
  if (device.empty()) return fail(Rsc::kBadRequest, "command: must be maintain, attest or tnc");
  if (!settings_.devices.contains(device)) {
    return fail(Rsc::kNotFound, "command: " + device + " is not one of our devices");
  }
  if (maintain.empty()) return device == tnc ? begin_tnc(device) : begin_periodic(device);
  std::string reason = command.string_at("reason", "ordered by the operator");
  if (reason.size() > kMaxReasonBytes) return fail(Rsc::kBadRequest, "reason: too long");
  const auto begun = center_.begin(device, reason);
  if (!begun) return fail(begun.error());
  forget(device);
  news(device, "open", Value::object({{"reason", std::move(reason)}}));
  advance(device);
  return {};
}

Result<void> Conductor::report(const Value& report) {
  const std::string device = report.string_at("device");
  if (!settings_.devices.contains(device)) {
    return fail(Rsc::kNotFound, "report: not of one of our devices");
  }
  Waiting& waiting = waiting_[device];
  const std::string id = report.string_at("id");
  const bool awaited = !waiting.id.empty() && id == waiting.id;
  if (const std::string refused = report.string_at("refused"); !refused.empty()) {
    if (!awaited) return {};
    waiting.asked = settings_.clock() - settings_.ask_again + kPauseAfterRefusal;
    news(device, "refused-by-device", Value::object({{"id", id}, {"reason", refused}}));
    return {};
  }
  if (awaited && waiting.enrolling) return go_on_enrolling(device, report);
  if (awaited && waiting.periodic) return end_periodic(device, report);
  if (awaited && waiting.tnc) {
    end_tnc(device, report);
    return {};
  }
  const std::string entry = report.string_at("record");
  if (entry.empty() && awaited && report.contains("resets")) {
    waiting.id.clear();
    waiting.reboots_known = true;
    advance(device);
  }
  if (entry.empty() && awaited && report.contains("consent")) {
    waiting.id.clear();
    waiting.no_consent.insert(waiting.asked_part);
    advance(device);
  }
  if (entry.empty()) return {};
  const auto record = evidence::decode_record(entry);
  if (!record) return fail(record.error());
  if (record->device != device) return fail(Rsc::kBadRequest, "report: of another device");
  if (const Value* text = report.find("evidence")) {
    const auto named = record->files.find("evidence");
    if (text->as_string() == nullptr || text->as_string()->size() > kMaxEvidenceBytes ||
        named == record->files.end() || named->second != hash_of(*text->as_string())) {
      return fail(Rsc::kBadRequest, "report: the evidence is not the one that the record names");
    }
    // What a record names is on the disk before the record is in the log.
    if (const auto kept = archive_->keep(*text->as_string()); !kept) return fail(kept.error());
  } else if (record->files.contains("evidence")) {
    return fail(Rsc::kBadRequest, "report: the evidence did not come along");
  }
  const auto taken = take(device, entry);
  if (!taken) return fail(taken.error());
  // A report may come twice, and late: it does not answer what was asked since beside an operation.
  if (awaited || !(waiting.periodic || waiting.enrolling || waiting.tnc)) waiting.id.clear();
  advance(device);
  return {};
}

void Conductor::tick() {
  if (const auto late = center_.expire(); late) {
    for (const std::string& device : *late) {
      forget(device);
      news(device, "expired", Value::object({}));
    }
  }
  for (const std::string& device : settings_.devices) {
    Waiting& waiting = waiting_[device];
    if (!waiting.id.empty() && settings_.clock() - waiting.asked > settings_.ask_again) {
      waiting.id.clear();
      waiting.periodic = waiting.enrolling = waiting.tnc = false;
    }
    advance(device);
    tell_trust(device);
    attest_by_schedule(device);
  }
}

void Conductor::tell_standing() {
  for (const std::string& device : settings_.devices) {
    const Standing* standing = center_.standing(device);
    if (standing == nullptr || !standing->open()) continue;
    const std::string_view after = evidence::row_of(standing->last).name;
    news(device, "resumed", Value::object({{"after", after}}));
  }
}

// --- the steps ---------------------------------------------------------------------------------

void Conductor::advance(const std::string& device) {
  for (;;) {
    const auto more = step(device);
    if (more && *more) continue;
    if (!more && more.error().rsc != Rsc::kTargetNotReachable) {
      news(device, "trouble", Value::object({{"reason", more.error().detail}}));
    }
    return;
  }
}

Result<bool> Conductor::step(const std::string& device) {
  const Standing* standing = center_.standing(device);
  if (standing == nullptr || standing->operation == 0 || waiting_[device].enrolling) return false;
  if (!waiting_[device].id.empty()) return false;
  switch (standing->last) {
    case RecordKind::kOpen:
      return challenge(device, "before");
    case RecordKind::kBeforeChallenge:
      return await_evidence(device, "before");
    case RecordKind::kAfterChallenge:
      return await_evidence(device, "after");
    case RecordKind::kBeforeEvidence:
    case RecordKind::kAfterEvidence:
      return judge(device);
    case RecordKind::kBeforeResult:
      return select(device);
    case RecordKind::kSelection:
    case RecordKind::kDelivery:
    case RecordKind::kConsent:
    case RecordKind::kApply:
      return follow_update(device);
    case RecordKind::kReboot:
      return measure_again(device);
    case RecordKind::kAfterResult:
    case RecordKind::kConfirmation:
      return confirm(device);
    case RecordKind::kClose:
      return finish(device);
    case RecordKind::kFailure:
    case RecordKind::kRollback:
      return undo(device);
    case RecordKind::kRefusal:
      return false;
  }
  return false;
}

/// Steps 1 and 2, or 11: the verifier gives a nonce and signs that it did.
Result<bool> Conductor::challenge(const std::string& device, const std::string& purpose) {
  const Place place = next_place(device);
  Value question = Value::object({{"device", device},
                                  {"purpose", purpose},
                                  {"operation", std::to_string(place.operation)},
                                  {"place", evidence::to_value(place)}});
  if (const auto reboot = newest(device, RecordKind::kReboot)) {
    const auto resets = reboot->facts.find("resets");
    if (resets != reboot->facts.end()) {
      question.set("resets", std::min<std::int64_t>(
                                 std::strtoll(resets->second.c_str(), nullptr, 10), kMaxReboots));
    }
  }
  const auto given = links_.verifier("challenge", question);
  if (!given && given.error().rsc == Rsc::kNotFound) {
    if (auto begun = begin_enrolment(device); !begun) return fail(begun.error());
    return false;
  }
  if (!given && given.error().rsc == Rsc::kTargetNotReachable) return fail(given.error());
  if (!given) return give_up(device, "no challenge: " + given.error().detail);
  const auto taken = take(device, given->string_at("record"));
  if (!taken) return give_up(device, "no challenge: " + taken.error().detail);
  waiting_[device].challenge = given->string_at("challenge");
  return true;
}

/// The device is asked. The challenge itself is the verifier's: after a restart it tells it again.
Result<bool> Conductor::await_evidence(const std::string& device, const std::string& purpose) {
  Waiting& waiting = waiting_[device];
  if (waiting.challenge.empty()) {
    const Standing& standing = *center_.standing(device);
    const auto record = evidence::decode_record(standing.last_entry);
    if (!record) return fail(record.error());
    const Place place{record->operation, record->position, record->previous};
    const auto given =
        links_.verifier("challenge", Value::object({{"device", device},
                                                    {"purpose", purpose},
                                                    {"operation", std::to_string(place.operation)},
                                                    {"place", evidence::to_value(place)}}));
    if (!given && given.error().rsc == Rsc::kTargetNotReachable) return fail(given.error());
    if (!given || given->string_at("record") != standing.last_entry) {
      return give_up(device, "the challenge ran out before " + device + " was asked");
    }
    waiting.challenge = given->string_at("challenge");
  }
  const Place place = next_place(device);
  const std::string id = request_id(device, place, "attest");
  const auto asked = ask_device(device, id,
                                Value::object({{"op", "attest"},
                                               {"challenge", waiting.challenge},
                                               {"place", evidence::to_value(place)}}));
  if (!asked) return fail(asked.error());
  return false;
}

/// Step 6.
Result<bool> Conductor::judge(const std::string& device) {
  waiting_[device].challenge.clear();
  const auto record = evidence::decode_record(center_.standing(device)->last_entry);
  if (!record) return fail(record.error());
  const auto text = archive_->kept(record->files.at("evidence"));
  if (!text) return give_up(device, text.error().detail);
  const auto said =
      links_.verifier("judge", Value::object({{"device", device},
                                              {"evidence", *text},
                                              {"place", evidence::to_value(next_place(device))}}));
  if (!said && said.error().rsc == Rsc::kTargetNotReachable) return fail(said.error());
  if (!said) return give_up(device, "no verdict: " + said.error().detail);
  const auto own = verdict_of(device, said->string_at("verdict"));
  if (!own) return give_up(device, "no verdict: " + own.error().detail);
  if (const auto kept = archive_->keep(said->string_at("verdict")); !kept)
    return fail(kept.error());
  set_trust(device, *own);
  const auto taken = take(device, said->string_at("record"));
  if (!taken) return give_up(device, "no verdict: " + taken.error().detail);
  news(device, "verdict", Value::object({{"jws", said->string_at("verdict")}}));
  return true;
}

/// Step 13: the certificate, and the receipt for the device.
Result<bool> Conductor::finish(const std::string& device) {
  const Standing& standing = *center_.standing(device);
  if (archive_->has_certificate(device, standing.operation)) return false;
  Waiting& waiting = waiting_[device];
  const Timestamp now = settings_.clock();
  if (waiting.certified && now - *waiting.certified < settings_.ask_again) return false;
  waiting.certified = now;
  const auto certified = archive_->certify(device, standing.operation);
  if (!certified) {
    news(device, "uncertified", Value::object({{"reason", certified.error().detail}}));
    return false;
  }
  Value receipt = Value::object(
      {{"op", "receipt"}, {"operation", standing.operation}, {"receipt", certified->receipt}});
  receipt.set("id", device + "/" + std::to_string(standing.operation) + "/receipt");
  // The file says that all of this was done, so it comes last.
  if (auto sent = links_.device(device, receipt); !sent) {
    waiting.certified.reset();
    return fail(sent.error());
  }
  if (auto stored = archive_->store(device, standing.operation, certified->certificate); !stored) {
    return fail(stored.error());
  }
  const auto record = evidence::decode_record(standing.last_entry);
  news(device, "certified",
       Value::object({{"outcome", record ? record->facts.at("outcome") : ""}}));
  return false;
}

Result<bool> Conductor::give_up(const std::string& device, const std::string& reason) {
  forget(device);
  if (auto stated = state(device, RecordKind::kFailure, {{"reason", reason}}); !stated) {
    return fail(stated.error());
  }
  if (center_.standing(device)->applied) return false;
  const auto closed =
      state(device, RecordKind::kClose, {{"outcome", "failed; nothing was changed: " + reason}});
  if (!closed) return fail(closed.error());
  return true;
}

// --- help --------------------------------------------------------------------------------------

Result<void> Conductor::ask_device(const std::string& device, const std::string& id,
                                   Value request) {
  request.set("id", id);
  if (auto sent = links_.device(device, request); !sent) return sent;
  waiting_[device].id = id;
  waiting_[device].asked = settings_.clock();
  news(device, "asked", Value::object({{"id", id}, {"op", request.string_at("op")}}));
  return {};
}

Result<Acknowledged> Conductor::take(const std::string& device, std::string_view entry) {
  auto taken = center_.take(entry);
  if (!taken) return taken;
  const auto record = evidence::decode_record(entry);
  if (record) {
    Value details = Value::object({{"says", evidence::sentence_of(*record)}});
    for (const auto& [name, digest] : record->files) details.set(name, digest);
    news(device, evidence::row_of(record->kind).name, std::move(details));
  }
  return taken;
}

Result<Acknowledged> Conductor::state(const std::string& device, RecordKind kind,
                                      std::map<std::string, std::string> facts) {
  auto stated = center_.state(device, kind, std::move(facts));
  if (!stated) return stated;
  const auto record = evidence::decode_record(stated->entry);
  if (record) {
    news(device, evidence::row_of(kind).name,
         Value::object({{"says", evidence::sentence_of(*record)}}));
  }
  return stated;
}

void Conductor::news(const std::string& device, std::string_view event, Value details) {
  const Standing* standing = center_.standing(device);
  details.set("device", device).set("event", event);
  if (standing != nullptr) {
    details.set("operation", standing->operation).set("position", standing->position);
  }
  links_.tell(details);
}

std::string Conductor::request_id(const std::string& device, const Place& place,
                                  std::string_view what) {
  constexpr std::size_t kEnough = 12;
  return device + "/" + std::to_string(place.operation) + "/" + std::to_string(place.position) +
         "/" + place.previous.substr(0, kEnough) + "/" + std::string(what);
}

Place Conductor::next_place(const std::string& device) const {
  const Standing& standing = *center_.standing(device);
  return {standing.operation, standing.position + 1,
          to_hex(evidence::leaf_hash(view_of(standing.last_entry)))};
}

std::vector<Record> Conductor::all(const std::string& device, RecordKind kind) const {
  std::vector<Record> out;
  for (const Acknowledged& each : center_.standing(device)->records) {
    auto record = evidence::decode_record(each.entry);
    if (record && record->kind == kind) out.push_back(*std::move(record));
  }
  return out;
}

std::optional<Record> Conductor::newest(const std::string& device, RecordKind kind) const {
  std::vector<Record> found = all(device, kind);
  if (found.empty()) return std::nullopt;
  return std::move(found.back());
}

Result<Value> Conductor::verdict_in(const Record& record) const {
  const auto file = record.files.find("verdict");
  if (file == record.files.end()) return fail(Rsc::kNotAcceptable, "a result without a verdict");
  const auto jws = archive_->kept(file->second);
  if (!jws) return fail(jws.error());
  return verdict_of(record.device, *jws);
}

Result<Value> Conductor::verdict_of(const std::string& device, const std::string& jws) const {
  const auto payload = attest::open_jws(jws, attest::kVerdictType, {settings_.verifier_key});
  if (!payload) return fail(payload.error());
  const auto claims = parse_json(*payload);
  if (!claims) return fail(claims.error());
  const Value* modules = claims->find("submods");
  const Value* module = modules != nullptr ? modules->find(device) : nullptr;
  const Value* own = module != nullptr ? module->find("gatehouse") : nullptr;
  if (own == nullptr) return fail(Rsc::kNotAcceptable, "a verdict about something else");
  return *own;
}

}  // namespace gatehouse::center

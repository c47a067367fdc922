// The update in the middle of a maintenance: selected, followed, undone if it failed, confirmed.
#include "ae-apps/attestation/center/process/conductor.h"

namespace gatehouse::center {
namespace {

using evidence::Place;
using evidence::Record;

/// The version of an ECU as a verdict has it; empty: it is not there.
std::string version_in(const Value& verdict, const std::string& part) {
  const Value* components = verdict.find("components");
  if (components == nullptr || !components->is_array()) return {};
  for (const Value& each : *components->as_array()) {
    if (each.string_at("component") == "ecu:" + part) return each.string_at("version");
  }
  return {};
}

}  // namespace

/// Steps 7 and 8: what runs a superseded version shall be updated, if the device is to be trusted.
Result<bool> Conductor::select(const std::string& device) {
  const auto result = newest(device, RecordKind::kBeforeResult);
  if (!result) return fail(Rsc::kInternalServerError, "the log lost a result");
  const auto verdict = verdict_in(*result);
  if (!verdict) return give_up(device, verdict.error().detail);
  if (verdict->string_at("recommendation") != "allowed") {
    const auto closed =
        state(device, RecordKind::kClose,
              {{"outcome", "nothing was changed: " + verdict->string_at("reason")}});
    if (!closed) return fail(closed.error());
    return true;
  }
  const auto parts = outdated(device);
  if (!parts) return fail(parts.error());
  if (parts->empty()) {
    const auto closed = state(device, RecordKind::kClose,
                              {{"outcome", "nothing to change: every part is as it should be"}});
    if (!closed) return fail(closed.error());
    return true;
  }
  std::string modules;
  for (const auto& [part, version] : *parts) {
    modules += (modules.empty() ? "" : ", ") + part + " in place of " + version;
  }
  const auto selected = state(device, RecordKind::kSelection, {{"modules", modules}});
  if (!selected) return fail(selected.error());
  return true;
}

Conductor::Progress Conductor::progress_of(const std::string& device) const {
  Progress out;
  for (const Record& each : all(device, RecordKind::kDelivery)) {
    out.delivered.insert(each.facts.at("part"));
  }
  for (const Record& each : all(device, RecordKind::kConsent)) {
    const std::string& part = each.facts.at("part");
    out.answered.insert(part);
    if (each.facts.at("decision") != evidence::kAccepted) out.done.insert(part);
  }
  for (const Record& each : all(device, RecordKind::kApply)) {
    const std::string& part = each.facts.at("part");
    out.done.insert(part);
    out.changed = true;
    if (each.facts.at("outcome") == evidence::kSuccessful) continue;
    out.failed += (out.failed.empty() ? "" : ", ") + part;
  }
  return out;
}

/// Steps 9 to 11: the OTA server delivers, the user agrees and the device applies; all of it is
/// written down here.
Result<bool> Conductor::follow_update(const std::string& device) {
  const auto parts = outdated(device);
  if (!parts) return fail(Rsc::kInternalServerError, "the log lost the selection");
  if (!waiting_[device].update_asked) {
    if (auto asked = links_.update(device); !asked) return fail(asked.error());
    waiting_[device].update_asked = true;
  }
  const Progress progress = progress_of(device);
  if (progress.done.size() == parts->size()) return end_update(device, progress);
  for (const auto& [part, version] : *parts) {
    if (progress.done.contains(part)) continue;
    auto more = follow_part(device, part, progress);
    if (!more || *more || !waiting_[device].id.empty()) return more;
  }
  return false;
}

/// Of one part: delivered when it was offered; once it has ended the device is asked what its user
/// said, and what became of it.
Result<bool> Conductor::follow_part(const std::string& device, const std::string& part,
                                    const Progress& progress) {
  const auto selection = newest(device, RecordKind::kSelection);
  if (!selection) return fail(Rsc::kInternalServerError, "the log lost the selection");
  const auto history = links_.history(part);
  if (!history) return fail(history.error());
  const std::string since = to_text(selection->time);
  const Value* offered = nullptr;
  bool ended = false;
  for (const Value& entry : *history) {
    if (entry.string_at("at") < since) continue;
    const std::string event = entry.string_at("event");
    if (event == "offered" && !ended) offered = &entry;
    ended = ended || (offered != nullptr && (event == "updated" || event == "failed"));
  }
  if (offered == nullptr) return false;
  if (!progress.delivered.contains(part)) {
    const auto stated = state(device, RecordKind::kDelivery,
                              {{"module", part + " " + offered->string_at("to")},
                               {"part", part},
                               {"digest", offered->string_at("image")}});
    if (!stated) return fail(stated.error());
    return true;
  }
  if (!ended) return false;
  Waiting& waiting = waiting_[device];
  if (progress.answered.contains(part) || waiting.no_consent.contains(part)) {
    return ask_about(device, part, "apply");
  }
  waiting.asked_part = part;
  return ask_about(device, part, "consent", Value::object({{"version", offered->string_at("to")}}));
}

/// Every part was changed, or could not be, or its user did not want it.
Result<bool> Conductor::end_update(const std::string& device, const Progress& progress) {
  if (progress.failed.empty() && progress.changed) return measure_again(device);
  const auto stated = progress.failed.empty()
                          ? state(device, RecordKind::kClose,
                                  {{"outcome", "nothing was changed: the user did not accept"}})
                          : state(device, RecordKind::kFailure,
                                  {{"reason", "the update of " + progress.failed + " failed"}});
  if (!stated) return fail(stated.error());
  return true;
}

/// Something that the device has to say and sign of one of its parts.
Result<bool> Conductor::ask_about(const std::string& device, const std::string& part,
                                  std::string_view what, Value request) {
  const Place place = next_place(device);
  const std::string id =
      request_id(device, place, what) + "/" + std::to_string(waiting_[device].attempts++);
  request.set("op", what).set("part", part).set("place", evidence::to_value(place));
  const auto asked = ask_device(device, id, std::move(request));
  if (!asked) return fail(asked.error());
  return false;
}

/// Step 11, whatever came of the update: was the device started anew, and what is it like now?
Result<bool> Conductor::measure_again(const std::string& device) {
  const bool said = waiting_[device].reboots_known || newest(device, RecordKind::kReboot);
  return said ? challenge(device, "after") : ask_for_reboots(device);
}

/// An update that failed is undone by the device itself; that it was is said by the device for each
/// part, and then measured. Whatever goes wrong on this way is left to time (Center::expire).
Result<bool> Conductor::undo(const std::string& device) {
  if (all(device, RecordKind::kFailure).size() > 1) return false;
  std::set<std::string> back;
  for (const Record& each : all(device, RecordKind::kRollback)) back.insert(each.facts.at("part"));
  bool any = false;
  for (const Record& each : all(device, RecordKind::kApply)) {
    if (each.facts.at("outcome") == evidence::kSuccessful) continue;
    any = true;
    const std::string part = each.facts.at("part");
    if (!back.contains(part)) return ask_about(device, part, "rollback");
  }
  return any ? measure_again(device) : Result<bool>(false);
}

/// A part may need its machine to be started anew: what the device signs for is expected, and
/// stands in the evidence; every other start is a finding.
Result<bool> Conductor::ask_for_reboots(const std::string& device) {
  const Place place = next_place(device);
  const std::string id =
      request_id(device, place, "reboots") + "/" + std::to_string(waiting_[device].attempts++);
  const auto asked = ask_device(
      device, id, Value::object({{"op", "reboots"}, {"place", evidence::to_value(place)}}));
  if (!asked) return fail(asked.error());
  return false;
}

/// Step 12 for an update that failed: what was measured after must be what was measured before.
Result<bool> Conductor::close_failed(const std::string& device) {
  const auto before_record = newest(device, RecordKind::kBeforeResult);
  const auto after_record = newest(device, RecordKind::kAfterResult);
  if (!before_record || !after_record) {
    return fail(Rsc::kInternalServerError, "the log lost a result");
  }
  const auto before = verdict_in(*before_record), after = verdict_in(*after_record);
  if (!before || !after) return give_up(device, (before ? after : before).error().detail);
  std::string outcome = "failed";
  for (const Record& each : all(device, RecordKind::kRollback)) {
    const std::string part = each.facts.at("part");
    const std::string was = version_in(*before, part), is = version_in(*after, part);
    outcome += outcome == "failed" ? ": " : ", ";
    outcome += was == is && !is.empty()
                   ? part + " runs " + is + " as before"
                   : part + " ran " + was + " before, and runs " + (is.empty() ? "nothing" : is);
  }
  if (after->string_at("recommendation") != "allowed") {
    outcome += "; " + after->string_at("reason");
  }
  const auto closed = state(device, RecordKind::kClose, {{"outcome", outcome}});
  if (!closed) return fail(closed.error());
  return true;
}

/// Step 12.
Result<bool> Conductor::confirm(const std::string& device) {
  if (newest(device, RecordKind::kFailure)) return close_failed(device);
  const auto result = newest(device, RecordKind::kAfterResult);
  if (!result) return fail(Rsc::kInternalServerError, "the log lost a result");
  const auto verdict = verdict_in(*result);
  if (!verdict) return give_up(device, verdict.error().detail);
  const bool good = verdict->string_at("recommendation") == "allowed";
  std::string outcome = good ? "" : "not confirmed: " + verdict->string_at("reason");
  if (good) {
    for (const Record& each : all(device, RecordKind::kApply)) {
      outcome += (outcome.empty() ? "" : ", ") + each.facts.at("part") + " runs " +
                 each.facts.at("version");
    }
  }
  const bool confirmed = center_.standing(device)->last == RecordKind::kConfirmation;
  const auto stated = confirmed ? state(device, RecordKind::kClose,
                                        {{"outcome", (good ? "confirmed: " : "") + outcome}})
                                : state(device, RecordKind::kConfirmation, {{"outcome", outcome}});
  if (!stated) return fail(stated.error());
  return true;
}

Result<std::map<std::string, std::string>> Conductor::outdated(const std::string& device) const {
  constexpr std::string_view kPart = "ecu:";
  const auto result = newest(device, RecordKind::kBeforeResult);
  if (!result) return fail(Rsc::kInternalServerError, "the log lost a result");
  const auto verdict = verdict_in(*result);
  if (!verdict) return fail(verdict.error());
  std::map<std::string, std::string> out;
  const Value* components = verdict->find("components");
  if (components == nullptr || !components->is_array()) return out;
  for (const Value& each : *components->as_array()) {
    const std::string component = each.string_at("component");
    if (!component.starts_with(kPart) || each.string_at("finding") != "superseded-allowed")
      continue;
    out[component.substr(kPart.size())] = each.string_at("version");
  }
  return out;
}

}  // namespace gatehouse::center

// What the Director makes of reports: steps D and H.
#include <algorithm>

#include "ae-apps/ota/server/director.h"
#include "ae-apps/ota/uptane/signed_message.h"

namespace gatehouse::ota_server {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

void Director::take_report(const Value& content, Timestamp now) {
  const Result<ReportMessage> message = parse_report_message(content);
  if (!message) return reject(nullptr, 'D', "", "report: " + message.error().detail, now);
  const Vehicle* vehicle = find_vehicle(message->vehicle);
  if (vehicle == nullptr) {
    return reject(nullptr, 'D', "", "no vehicle " + message->vehicle + " is known", now);
  }
  if (vehicle->primary_key) {
    const Result<Value> object = message_object(content);
    const auto good = uptane::verify_message(*object, *vehicle->primary_key);
    if (!good) {
      return reject(nullptr, 'D', "",
                    "vehicle " + message->vehicle + ": the manifest: " + good.error().detail, now);
    }
  }
  switch (message->purpose) {
    case Purpose::kInventory:
      return take_inventory(*message, now);
    case Purpose::kCompletion:
    case Purpose::kRefusal:
      if (message->offline) return take_offline(*message, *vehicle, now);
      return take_outcome(*message, now);
    case Purpose::kDelayed:
      return take_delay(*message, now);
    case Purpose::kCheck:
      // The user asks whether there is something: the same questions, but not without end.
      step('D', "check-wanted", {{"vehicle", message->vehicle}});
      if (!has_live_inquiry(message->vehicle, now)) ask(*vehicle, {}, true, 0, now);
      return;
  }
}

/// Counts and tells of a report that is not believed; nothing else follows from it.
void Director::reject(Known* known, char letter, const std::string& ecu, const std::string& reason,
                      Timestamp now) {
  Fields fields;
  if (!ecu.empty()) fields.emplace_back("ecu", ecu);
  fields.emplace_back("reason", reason);
  step(letter, "report-rejected", std::move(fields));
  if (known == nullptr) return;
  ++known->record.rejected_reports;
  known->record.last_error = "report rejected: " + reason;
  note(*known, "report-rejected",
       Value::object({{"verified", false},
                      {"reason", reason},
                      {"rejected_reports", known->record.rejected_reports}}),
       now);
}

/// The ECU of that serial number, if it is in the vehicle that speaks.
Director::Known* Director::find_ecu_of(const ReportMessage& message, const std::string& serial,
                                       Timestamp now) {
  Known* known = find_ecu(serial);
  const bool ours = known != nullptr && known->vehicle->cse_id == message.vehicle;
  if (ours) return known;
  reject(nullptr, 'D', serial, "no ECU of this serial number is in vehicle " + message.vehicle,
         now);
  return nullptr;
}

/// The signature first; nothing is read before it is right.
Result<image::VersionReport> Director::verify(const Known& known, const ReportEntry& entry,
                                              const std::string& nonce) const {
  const Ecu& ecu = *known.ecu;
  if (entry.level != name_of(ecu.level)) {
    return fail(Rsc::kOriginatorNotAuthenticated, "the level is \"" + entry.level + "\", but \"" +
                                                      std::string(name_of(ecu.level)) +
                                                      "\" is registered");
  }
  const Result<Bytes> challenge = from_hex(nonce);
  if (!challenge) return fail(challenge.error());
  image::SignedReport report = entry.report;
  if (report.algorithm.empty()) report.algorithm = name_of(ecu.report_key->algorithm());
  Result<image::VersionReport> content = image::verify_report(report, *ecu.report_key, *challenge);
  if (!content) return content;
  if (content->serial != ecu.serial) {
    return fail(Rsc::kOriginatorNotAuthenticated,
                "the report is of serial number " + content->serial);
  }
  if (content->hardware_id != ecu.hardware_id) {
    return fail(Rsc::kOriginatorNotAuthenticated, "the hardware id is " + content->hardware_id +
                                                      ", but " + ecu.hardware_id +
                                                      " is registered");
  }
  return content;
}

/// What the ECU proves about itself is true, but it may not be what anybody wanted: somebody wrote
/// into it, or it has lost what it must remember. Empty: nothing of that.
std::string Director::surprise(const EcuRecord& record, const image::VersionReport& report) {
  const bool settled = report.status == "running" && !report.payload_sha256.empty();
  if (!settled || record.last_report.empty()) return {};
  if (report.release_counter < record.highest_release_counter) {
    return "its release counter fell to " + std::to_string(report.release_counter) + " from " +
           std::to_string(record.highest_release_counter);
  }
  const bool offered = record.offer && record.offer->payload_sha256 == report.payload_sha256;
  const bool known = record.settled_sha256.empty() || record.updated_offline || offered;
  if (known || report.payload_sha256 == record.settled_sha256) return {};
  return "runs another payload, version " + report.version + ", and no offer was open for it";
}

/// What is surprising in it, else nothing.
std::string Director::believe(Known& known, const image::VersionReport& report, Timestamp now) {
  EcuRecord& record = known.record;
  const std::string reason = surprise(record, report);
  if (report.status == "running" && !report.payload_sha256.empty()) {
    record.settled_sha256 = report.payload_sha256;
    record.updated_offline = false;
  }
  record.version = report.version;
  record.name = report.name;
  record.payload_sha256 = report.payload_sha256;
  record.slot = report.slot;
  record.status = report.status;
  record.attack = report.attack;
  record.release_counter = report.release_counter;
  if (report.status != "trial") {  // what is on trial may go back
    record.highest_release_counter =
        std::max(record.highest_release_counter, report.release_counter);
  }
  record.last_report = to_text(now);
  record.signed_by = signed_by(known.ecu->level);
  changes_.ecus.insert(record.serial);
  if (reason.empty()) return reason;
  step('D', "unexpected", {{"ecu", record.serial}, {"reason", reason}});
  note(known, "unexpected",
       Value::object({{"verified", true},
                      {"reason", reason},
                      {"version", report.version},
                      {"release_counter", report.release_counter},
                      {"sha256", report.payload_sha256},
                      {"signed_by", record.signed_by}}),
       now);
  return "unexpected: " + reason;
}

// --- D -----------------------------------------------------------------------------------------

void Director::take_inventory(const ReportMessage& message, Timestamp now) {
  for (const ReportEntry& entry : message.entries) take_inventory_entry(message, entry, now);
  if (!message.trouble) {
    if (message.entries.empty()) reject(nullptr, 'D', "", "report: holds nothing", now);
    return;
  }
  Known* known = find_ecu_of(message, message.trouble->ecu, now);
  const Inquiry* inquiry = find_inquiry(message.inquiry);
  if (known == nullptr || inquiry == nullptr || inquiry->vehicle != message.vehicle) return;
  known->record.last_error = "no report: " + message.trouble->reason;
  step('D', "no-report", {{"ecu", known->ecu->serial}, {"reason", message.trouble->reason}});
  note(*known, "no-report",
       Value::object({{"verified", false}, {"reason", message.trouble->reason}}), now);
}

void Director::take_inventory_entry(const ReportMessage& message, const ReportEntry& entry,
                                    Timestamp now) {
  Known* known = find_ecu_of(message, entry.ecu, now);
  if (known == nullptr) return;
  const auto refuse = [&](const std::string& why) { reject(known, 'D', entry.ecu, why, now); };
  Inquiry* inquiry = find_inquiry(message.inquiry);
  if (inquiry == nullptr || inquiry->vehicle != message.vehicle) {
    return refuse("the nonce is unknown: no such inquiry was made");
  }
  if (!contains(inquiry->ecus, entry.ecu)) return refuse("the inquiry was not for this ECU");
  if (contains(inquiry->answered, entry.ecu)) return refuse("the nonce was used already");
  const Result<image::VersionReport> report = verify(*known, entry, inquiry->nonce);
  if (!report) return refuse(report.error().detail);
  inquiry->answered.push_back(entry.ecu);
  changes_.exchange = true;
  if (inquiry->expires <= now) {
    const Inquiry late = *inquiry;
    refuse("the nonce has expired");
    return renew(late, now);
  }
  if (inquiry->made < known->record.outcome_at) {  // it may be of before that
    step('D', "overtaken", {{"ecu", entry.ecu}, {"by", "the end of an update"}});
    return ask(*known->vehicle, {entry.ecu}, false, 0, now);
  }
  known->record.last_error = believe(*known, *report, now);
  step('D', "verified",
       {{"ecu", entry.ecu},
        {"version", report->version},
        {"release_counter", std::to_string(report->release_counter)},
        {"status", report->status},
        {"attack", report->attack},
        {"signed_by", known->record.signed_by},
        {"key", entry.report.key_id}});
  note(*known, "verified",
       Value::object({{"verified", true},
                      {"version", report->version},
                      {"release_counter", report->release_counter},
                      {"sha256", report->payload_sha256},
                      {"status", report->status},
                      {"attack", report->attack},
                      {"signed_by", known->record.signed_by},
                      {"key_id", entry.report.key_id}}),
       now);
  notice(*known, entry.disturbed, now);
  consider(*known, now);
}

/// Whoever disturbs an ECU does no harm, but somebody shall know. With another number of boots, or
/// less than before, it has counted anew since.
void Director::notice(Known& known, const Disturbances& told, Timestamp now) {
  Value more = Value::object();
  Fields fields = {{"ecu", known.record.serial}};
  const auto boots = told.find(kBoots);
  const bool anew = boots != told.end() && boots->second != known.record.disturbed[kBoots];
  for (const auto& [name, count] : told) {
    std::uint64_t& before = known.record.disturbed[name];
    const std::uint64_t grown = anew || count < before ? count : count - before;
    if (before != count) changes_.ecus.insert(known.record.serial);
    before = count;
    if (grown == 0 || name == kBoots) continue;
    more.set(name, grown);
    fields.emplace_back(name, std::to_string(grown));
  }
  if (more.as_object()->empty()) return;
  step('D', "disturbed", std::move(fields));
  more.set("verified", false);
  note(known, "disturbed", std::move(more), now);
}

// --- H -----------------------------------------------------------------------------------------

/// Whose offer the message answers; if nobody's, says so.
Director::Known* Director::owner_of_offer(const ReportMessage& message, Timestamp now) {
  for (const Ecu& ecu : find_vehicle(message.vehicle)->ecus) {
    Known& known = ecus_.at(ecu.serial);
    const auto& open = known.record.offer;
    if (open && open->nonce == message.inquiry) return &known;
  }
  const std::string serial = !message.entries.empty() ? message.entries.front().ecu
                             : message.trouble        ? message.trouble->ecu
                                                      : "";
  Known* known = find_ecu_of(message, serial, now);
  if (known == nullptr) return nullptr;
  const bool used = contains(known->record.used_nonces, message.inquiry);
  reject(known, 'H', serial,
         used ? "the nonce was used already" : "the nonce is unknown: no open offer has it", now);
  return nullptr;
}

/// An update without us: its report answers a nonce that is not ours, so that it proves nothing
/// yet. The ECU is asked again with a fresh one.
void Director::take_offline(const ReportMessage& message, const Vehicle& vehicle, Timestamp now) {
  const std::string serial = !message.entries.empty() ? message.entries.front().ecu
                             : message.trouble        ? message.trouble->ecu
                                                      : "";
  Known* known = find_ecu_of(message, serial, now);
  if (known == nullptr) return;
  const bool updated = message.purpose == Purpose::kCompletion;
  const std::string reason = message.trouble ? message.trouble->reason : "";
  if (updated) {
    known->record.updated_offline = true;
    changes_.ecus.insert(serial);
  }
  step('H', "offline-report",
       {{"ecu", serial}, {"result", updated ? "updated" : "failed"}, {"reason", reason}});
  note(*known, updated ? "updated-offline" : "failed-offline",
       Value::object({{"verified", false}, {"reason", reason}}), now);
  ask(vehicle, {serial}, false, 0, now);
}

/// The vehicle waits for somebody in it, or goes on trying: the offer stays open, and nothing is
/// proven. If it says until when it waits, the offer grows old from then on, within limits.
void Director::take_delay(const ReportMessage& message, Timestamp now) {
  Known* known = owner_of_offer(message, now);
  if (known == nullptr) return;
  const std::string& serial = known->ecu->serial;
  if (!message.trouble || message.trouble->ecu != serial) {
    return reject(known, 'H', serial, "the delay is not that of the ECU of the offer", now);
  }
  known->record.last_error = "delayed: " + message.trouble->reason;
  Offer& offer = *known->record.offer;
  Value entry = Value::object({{"verified", false},
                               {"to", offer.version},
                               {"stage", message.trouble->stage},
                               {"reason", message.trouble->reason}});
  Fields fields = {{"ecu", serial}, {"reason", message.trouble->reason}};
  if (message.until) {
    offer.waits_until = std::min(*message.until, offer.made + rules_.offer_wait);
    entry.set("until", to_text(offer.waits_until));
    fields.emplace_back("until", to_text(offer.waits_until));
  }
  step('H', "delayed", std::move(fields));
  note(*known, "delayed", std::move(entry), now);
}

void Director::take_outcome(const ReportMessage& message, Timestamp now) {
  Known* known = owner_of_offer(message, now);
  if (known == nullptr) return;
  const std::string& serial = known->ecu->serial;
  if (message.entries.empty()) {
    if (message.purpose == Purpose::kCompletion) {
      return reject(known, 'H', serial, "the completion holds no report", now);
    }
    // The gateway says that it gave up, and the ECU says nothing: not proven, but final.
    const std::string reason =
        message.trouble ? message.trouble->stage + ": " + message.trouble->reason : "no reason";
    return fail_offer(*known, reason, Value::object({{"verified", false}}), now);
  }
  const ReportEntry& entry = message.entries.front();
  if (message.entries.size() != 1 || entry.ecu != serial) {
    return reject(known, 'H', entry.ecu, "the offer was for ECU " + serial + " alone", now);
  }
  const Result<image::VersionReport> report = verify(*known, entry, message.inquiry);
  if (!report) return reject(known, 'H', serial, report.error().detail, now);
  believe(*known, *report, now);
  known->record.outcome_at = now;
  judge(*known, message, *report, now);
}

/// Only what runs now, as its report proves, says whether the update is done.
void Director::judge(Known& known, const ReportMessage& message, const image::VersionReport& report,
                     Timestamp now) {
  const Offer offer = *known.record.offer;
  const std::string& key_id = message.entries.front().report.key_id;
  const bool done = report.status == "running" && report.payload_sha256 == offer.payload_sha256 &&
                    report.version == offer.version;
  if (!done) {
    std::string reason = report.version == offer.version
                             ? "runs another payload as version " + report.version
                             : "runs " + report.version + ", not " + offer.version;
    if (report.status != "running") reason = "the ECU is " + report.status;
    if (report.attack != "none") reason = "attack indicator: " + report.attack;
    if (message.trouble) reason = message.trouble->stage + ": " + message.trouble->reason;
    return fail_offer(known, reason,
                      Value::object({{"verified", true},
                                     {"runs", report.version},
                                     {"status", report.status},
                                     {"attack", report.attack},
                                     {"signed_by", known.record.signed_by},
                                     {"key_id", key_id}}),
                      now);
  }
  known.record.failed_images.erase(offer.image);
  known.record.last_error.clear();
  step('H', "updated",
       {{"ecu", known.ecu->serial},
        {"from", offer.from},
        {"to", offer.version},
        {"verified", "yes"},
        {"signed_by", known.record.signed_by},
        {"key", key_id}});
  note(known, "updated",
       Value::object({{"from", offer.from},
                      {"to", offer.version},
                      {"image", offer.image},
                      {"verified", true},
                      {"signed_by", known.record.signed_by},
                      {"key_id", key_id},
                      {"late", offer.overdue}}),
       now);
  close_offer(known);
}

/// One failure for an offer, however many messages tell of it.
void Director::fail_offer(Known& known, std::string reason, const Value& details, Timestamp now,
                          bool nonce_stays) {
  EcuRecord& record = known.record;
  const Offer offer = *record.offer;
  if (!offer.overdue) ++record.failures;
  record.last_error = reason;
  record.failed_images[offer.image] = reason;
  if (record.failed_images.size() > kMaxFailedImages) {
    const auto other = std::find_if(record.failed_images.begin(), record.failed_images.end(),
                                    [&](const auto& each) { return each.first != offer.image; });
    record.failed_images.erase(other);
  }
  step('H', "failed",
       {{"ecu", record.serial},
        {"from", offer.from},
        {"to", offer.version},
        {"failures", std::to_string(record.failures)},
        {"reason", reason}});
  Value entry = Value::object({{"from", offer.from},
                               {"to", offer.version},
                               {"image", offer.image},
                               {"reason", std::move(reason)}});
  for (const Member& member : *details.as_object()) entry.set(member.name, member.value);
  note(known, "failed", std::move(entry), now);
  if (nonce_stays) {
    record.offer->overdue = true;
  } else {
    close_offer(known);
  }
}

}  // namespace gatehouse::ota_server

#include "ae-apps/ota/server/director.h"

#include <algorithm>

namespace gatehouse::ota_server {
namespace {

constexpr std::size_t kNonceBytes = 32;
constexpr std::size_t kMaxProcessed = 1'000;

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

Value list_of(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

}  // namespace

Director::Director(Rules rules, std::vector<Vehicle> vehicles, crypto::Random& random)
    : rules_(std::move(rules)), vehicles_(std::move(vehicles)), random_(random) {
  for (const Vehicle& vehicle : vehicles_) {
    by_id_.emplace(vehicle.cse_id, &vehicle);
    for (const Ecu& ecu : vehicle.ecus) {
      EcuRecord record;
      record.serial = ecu.serial;
      record.vehicle = vehicle.cse_id;
      ecus_.emplace(ecu.serial, Known{&vehicle, &ecu, std::move(record)});
    }
  }
}

// --- asking ------------------------------------------------------------------------------------

void Director::ask(const Vehicle& vehicle, std::vector<std::string> ecus, bool whole,
                   unsigned renewed, Timestamp now) {
  if (whole) {
    ecus.clear();
    for (const Ecu& ecu : vehicle.ecus) ecus.push_back(ecu.serial);
  }
  Inquiry inquiry;
  // A gateway answers an identifier once, also after we have lost our state.
  inquiry.id = "inquiry-" + std::to_string(next_inquiry_++) + "-" + to_hex(random_.bytes(4));
  inquiry.vehicle = vehicle.cse_id;
  inquiry.nonce = to_hex(random_.bytes(kNonceBytes));
  inquiry.ecus = std::move(ecus);
  inquiry.whole_vehicle = whole;
  inquiry.made = now;
  inquiry.expires = now + rules_.inquiry_lifetime;
  inquiry.renewed = renewed;
  step('D', "asking",
       {{"vehicle", vehicle.cse_id},
        {"inquiry", inquiry.id},
        {"ecus", std::to_string(inquiry.ecus.size())}});
  inquiries_.push_back(std::move(inquiry));
  if (inquiries_.size() > kMaxInquiries) inquiries_.erase(inquiries_.begin());
  if (rules_.ask_interval.count() > 0) asked_[vehicle.cse_id] = now;
  changes_.exchange = true;
}

void Director::add_image(const ImageFacts& image, Timestamp now) {
  const auto same = [&](const ImageFacts& other) { return other.sha256 == image.sha256; };
  if (std::none_of(images_.begin(), images_.end(), same)) images_.push_back(image);
  // Of a large fleet campaigns ask those whom they tell, and no more inquiries than these are open.
  if (!rules_.automatic_offers && vehicles_.size() > kMaxInquiries) return;
  for (const Vehicle& vehicle : vehicles_) {
    std::vector<std::string> fitting;
    for (const Ecu& ecu : vehicle.ecus) {
      if (ecu.hardware_id == image.hardware_id) fitting.push_back(ecu.serial);
    }
    if (!fitting.empty()) ask(vehicle, std::move(fitting), false, 0, now);
  }
}

void Director::set_targets(const std::map<std::string, std::string>& by_sha256, Timestamp now) {
  std::vector<ImageFacts> fresh;
  for (ImageFacts& image : images_) {
    const auto found = by_sha256.find(image.sha256);
    const bool before = !image.target.empty();
    image.target = found == by_sha256.end() ? std::string() : found->second;
    if (!before && !image.target.empty()) fresh.push_back(image);
  }
  for (const ImageFacts& image : fresh) add_image(image, now);
}

std::vector<Director::Order> Director::orders_of(const std::string& vehicle) const {
  std::vector<Order> out;
  const Vehicle* found = find_vehicle(vehicle);
  if (found == nullptr) return out;
  for (const Ecu& ecu : found->ecus) {
    const auto& open = ecus_.at(ecu.serial).record.offer;
    if (!open || open->overdue) continue;
    out.push_back({ecu.serial, ecu.hardware_id, open->image, open->release});
  }
  std::sort(out.begin(), out.end(),
            [](const Order& a, const Order& b) { return a.serial < b.serial; });
  return out;
}

std::set<std::string> Director::vehicles_with_orders() const {
  std::set<std::string> out;
  for (const std::string& serial : busy_) {
    const Known& known = ecus_.at(serial);
    const auto& open = known.record.offer;
    if (open && !open->overdue) out.insert(known.vehicle->cse_id);
  }
  return out;
}

std::string Director::vehicle_of(const std::string& serial) const {
  const auto found = ecus_.find(serial);
  return found == ecus_.end() ? std::string() : found->second.vehicle->cse_id;
}

std::string Director::node_of(const std::string& serial) const {
  const auto found = ecus_.find(serial);
  return found == ecus_.end() ? std::string() : found->second.vehicle->node_of(serial);
}

void Director::take_command(const Value& content, Timestamp now) {
  const Result<Command> command = parse_command(content);
  if (!command) return step('D', "command-refused", {{"reason", command.error().detail}});
  if (command->kind == Command::Kind::kAsk) {
    take_ask(*command, now);
  } else {
    take_offer(*command, now);
  }
}

void Director::take_ask(const Command& command, Timestamp now) {
  const Vehicle* vehicle = find_vehicle(command.vehicle);
  if (vehicle == nullptr) {
    return step('D', "command-refused",
                {{"vehicle", command.vehicle}, {"reason", "no such vehicle"}});
  }
  for (const std::string& serial : command.ecus) {
    const Known* known = find_ecu(serial);
    if (known == nullptr || known->vehicle != vehicle) {
      return step('D', "command-refused", {{"ecu", serial}, {"reason", "no ECU of this vehicle"}});
    }
  }
  ask(*vehicle, command.ecus, command.ecus.empty(), 0, now);
}

/// An answer came too late, as from a vehicle that was off: it is asked again, a few times.
void Director::renew(const Inquiry& late, Timestamp now) {
  const Vehicle* vehicle = find_vehicle(late.vehicle);
  if (vehicle == nullptr || late.renewed >= kMaxRenewals) return;
  if (has_live_inquiry(late.vehicle, now)) return;
  ask(*vehicle, late.ecus, late.whole_vehicle, late.renewed + 1, now);
}

bool Director::has_live_inquiry(const std::string& vehicle, Timestamp now) const {
  return std::any_of(inquiries_.begin(), inquiries_.end(), [&](const Inquiry& each) {
    return each.vehicle == vehicle && each.expires > now && each.answered.size() < each.ecus.size();
  });
}

// --- offering ----------------------------------------------------------------------------------

void Director::take_offer(const Command& command, Timestamp now) {
  Known* known = find_ecu(command.ecu);
  if (known == nullptr || known->vehicle->cse_id != command.vehicle) {
    return step('E', "command-refused",
                {{"ecu", command.ecu}, {"reason", "no such ECU in this vehicle"}});
  }
  const std::string why_not = order(*known, command.image, command.force, now);
  if (why_not.empty()) return;
  step('E', "refused", {{"ecu", command.ecu}, {"by", "server"}, {"reason", why_not}});
  note(*known, "refused",
       Value::object({{"image", command.image}, {"by", "server"}, {"reason", why_not}}), now);
}

std::string Director::order(Known& known, const std::string& wanted, bool force, Timestamp now) {
  const ImageFacts* found = image(wanted);
  if (found == nullptr) return "there is no such image";
  if (found->target.empty()) {
    return "the Image repository does not describe it";  // so no vehicle would take it
  }
  if (known.record.offer && !known.record.offer->overdue) {
    return "another offer is open";  // also with force: the gateway does one at a time
  }
  if (!force) {
    if (found->release) {
      return "it is part of release " + found->release->name + ", which is offered as a whole";
    }
    const std::string why_not = objection(known.record, known.ecu->hardware_id, *found);
    if (!why_not.empty()) return why_not;
    if (const auto lacks = unmet(known.ecu->serial, *found)) return lacks->reason;
  }
  offer(known, *found, force, now);
  return {};
}

/// Keeps busy_ true: all that goes through the ECUs again and again looks at these only.
void Director::follow(const Known& known) {
  const EcuRecord& record = known.record;
  if (record.offer || !record.unsent_history.empty()) {
    busy_.insert(record.serial);
  } else {
    busy_.erase(record.serial);
  }
}

/// After a verified report: is there something for this ECU?
void Director::consider(Known& known, Timestamp now) {
  const auto& open = known.record.offer;
  if (open && !open->overdue) {
    return step('D', "decided",
                {{"ecu", known.ecu->serial}, {"decision", "wait"}, {"reason", "an offer is open"}});
  }
  if (!rules_.automatic_offers) {
    return step('D', "decided",
                {{"ecu", known.ecu->serial},
                 {"decision", "nothing"},
                 {"reason", "only campaigns and operators offer"}});
  }
  Decision decision = decide(known.record, known.ecu->hardware_id, images_);
  if (decision.image != nullptr && decision.image->release) {
    const std::string lacks = offer_release(*known.vehicle, *decision.image->release, {}, now);
    return step('D', "decided",
                {{"ecu", known.ecu->serial},
                 {"decision", lacks.empty() ? "offer" : "wait"},
                 {"release", decision.image->release->name},
                 {"reason", lacks.empty() ? "newer release" : lacks}});
  }
  if (decision.image != nullptr) {
    if (auto lacks = unmet(known.ecu->serial, *decision.image)) {
      decision = {nullptr, std::move(lacks->reason)};
    }
  }
  step('D', "decided",
       {{"ecu", known.ecu->serial},
        {"decision", decision.image ? "offer" : "nothing"},
        {"reason", decision.reason}});
  if (decision.image != nullptr) offer(known, *decision.image, false, now);
}

void Director::offer(Known& known, const ImageFacts& image, bool forced, Timestamp now,
                     const std::string& release) {
  if (known.record.offer) close_offer(known);
  Offer made;
  made.nonce = to_hex(random_.bytes(kNonceBytes));
  made.image = image.sha256;
  made.payload_sha256 = image.payload_sha256;
  made.version = image.version;
  made.name = image.name;
  made.from = known.record.version;
  made.release = release;
  made.forced = forced;
  made.made = now;
  known.record.offer = made;
  step('E', "offering",
       {{"ecu", known.ecu->serial},
        {"from", made.from},
        {"to", made.version},
        {"image", made.image},
        {"forced", forced ? "yes" : "no"}});
  note(known, "offered",
       Value::object({{"from", made.from},
                      {"to", made.version},
                      {"image", made.image},
                      {"release_counter", image.release_counter},
                      {"forced", forced}}),
       now);
}

void Director::close_offer(Known& known) {
  auto& used = known.record.used_nonces;
  used.push_back(known.record.offer->nonce);
  if (used.size() > 20) used.erase(used.begin());
  known.record.offer.reset();
  changes_.ecus.insert(known.ecu->serial);
  follow(known);
}

// --- time --------------------------------------------------------------------------------------

void Director::tick(Timestamp now) {
  std::vector<Inquiry> unsent;
  std::erase_if(inquiries_, [&](const Inquiry& each) {
    const bool stale = !each.sent && each.expires <= now;
    if (stale) unsent.push_back(each);
    return stale;
  });
  // A vehicle that cannot be reached: its question stays, with a fresh nonce.
  for (const Inquiry& each : unsent) {
    changes_.exchange = true;
    if (const Vehicle* vehicle = find_vehicle(each.vehicle)) {
      ask(*vehicle, each.ecus, each.whole_vehicle, each.renewed, now);
    }
  }
  const std::vector<std::string> busy(busy_.begin(), busy_.end());
  for (const std::string& serial : busy) {
    Known& known = ecus_.at(serial);
    const auto& open = known.record.offer;
    if (!open || open->overdue) continue;
    if (std::max(open->made, open->waits_until) + rules_.offer_timeout > now) continue;
    if (!open->sent) {
      step('H', "undelivered", {{"ecu", serial}, {"to", open->version}});
      note(known, "undelivered", Value::object({{"to", open->version}, {"image", open->image}}),
           now);
      close_offer(known);
      continue;
    }
    fail_offer(known, "no completion report", Value::object({{"verified", false}}), now, true);
  }
  if (rules_.ask_interval.count() <= 0) return;
  for (const Vehicle& vehicle : vehicles_) {
    const auto last = asked_.find(vehicle.cse_id);
    if (last != asked_.end() && last->second + rules_.ask_interval > now) continue;
    ask(vehicle, {}, true, 0, now);
  }
}

// --- what is to be done ------------------------------------------------------------------------

std::vector<Outgoing> Director::pending() const {
  std::vector<Outgoing> out;
  for (const Inquiry& each : inquiries_) {
    const Vehicle* vehicle = find_vehicle(each.vehicle);
    if (each.sent || vehicle == nullptr) continue;
    Value content = Value::object({{"inquiry", each.id}, {"nonce", each.nonce}});
    if (!each.whole_vehicle) content.set("ecus", list_of(each.ecus));
    out.push_back(
        {Outgoing::Kind::kInquiry, each.id, vehicle->inquiries(), "", 0, std::move(content)});
  }
  for (const std::string& serial : busy_) {
    const Known& known = ecus_.at(serial);
    for (const auto& [number, entry] : known.record.unsent_history) {
      out.push_back({Outgoing::Kind::kHistory, serial + "#" + std::to_string(number),
                     "history-" + serial, serial, number, entry});
    }
    const auto& open = known.record.offer;
    if (!open || open->sent || open->overdue) continue;
    out.push_back(
        {Outgoing::Kind::kOffer, open->nonce, known.vehicle->firmware_of(serial), serial, 0,
         Value::object({{"url", rules_.images_url + open->image},
                        {"vr", open->version},
                        {"fwn", open->name},
                        {"ud", true},
                        {"lbl", Value::array({"nonce:" + open->nonce, "image:" + open->image})}})});
  }
  return out;
}

void Director::delivered(const Outgoing& what) {
  if (what.kind == Outgoing::Kind::kInquiry) {
    if (Inquiry* inquiry = find_inquiry(what.key)) {
      inquiry->sent = true;
      changes_.exchange = true;
      step('D', "asked", {{"vehicle", inquiry->vehicle}, {"inquiry", inquiry->id}});
    }
    return;
  }
  Known* known = find_ecu(what.serial);
  if (known == nullptr) return;
  EcuRecord& record = known->record;
  if (what.kind == Outgoing::Kind::kHistory) {
    std::erase_if(record.unsent_history,
                  [&](const auto& item) { return item.first == what.number; });
  } else if (record.offer && record.offer->nonce == what.key) {
    record.offer->sent = true;
    step('E', "offered", {{"ecu", what.serial}, {"to", record.offer->version}});
  }
  changes_.ecus.insert(what.serial);
  follow(*known);
}

void Director::step(char letter, std::string event, Fields fields) {
  steps_.push_back({letter, std::move(event), std::move(fields)});
}

void Director::note(Known& known, std::string_view event, Value details, Timestamp now) {
  EcuRecord& record = known.record;
  Value entry = Value::object({{"event", event},
                               {"at", to_text(now)},
                               {"ecu", record.serial},
                               {"vehicle", record.vehicle}});
  for (const Member& member : *details.as_object()) entry.set(member.name, member.value);
  entry.set("failures", record.failures);
  record.unsent_history.emplace_back(record.next_history++, std::move(entry));
  if (record.unsent_history.size() > kMaxUnsentHistory) {
    record.unsent_history.erase(record.unsent_history.begin());
  }
  changes_.ecus.insert(record.serial);
  touched_.insert(record.serial);
  follow(known);
}

// --- what is to be stored ----------------------------------------------------------------------

void Director::put_back(const Changes& changes) {
  changes_.exchange = changes_.exchange || changes.exchange;
  changes_.ecus.insert(changes.ecus.begin(), changes.ecus.end());
}

Value Director::exchange() const {
  Value inquiries = Value::array();
  for (const Inquiry& each : inquiries_) inquiries.push_back(encode(each));
  Value::Object asked;
  for (const auto& [vehicle, when] : asked_) asked.push_back({vehicle, when.microseconds});
  return Value::object({{"inquiries", std::move(inquiries)},
                        {"next_inquiry", next_inquiry_},
                        {"asked", std::move(asked)},
                        {"processed", list_of(processed_)}});
}

Value Director::record(const std::string& serial) const {
  const auto found = ecus_.find(serial);
  return found == ecus_.end() ? Value() : encode(found->second.record);
}

Result<void> Director::restore_exchange(const Value& stored) {
  const Value* inquiries = stored.find("inquiries");
  if (inquiries == nullptr || !inquiries->is_array()) {
    return fail(Rsc::kBadRequest, "inquiries: is no list");
  }
  std::vector<Inquiry> restored;
  for (const Value& item : *inquiries->as_array()) {
    Result<Inquiry> inquiry = decode_inquiry(item);
    if (!inquiry) return fail(inquiry.error());
    restored.push_back(*std::move(inquiry));
  }
  const std::int64_t next = stored.integer_at("next_inquiry");
  if (next < 1) return fail(Rsc::kBadRequest, "next_inquiry: is no positive number");
  inquiries_ = std::move(restored);
  next_inquiry_ = static_cast<std::uint64_t>(next);
  if (const Value* asked = stored.find("asked"); asked != nullptr && asked->is_object()) {
    for (const Member& member : *asked->as_object()) {
      asked_[member.name] = Timestamp{member.value.as_integer().value_or(0)};
    }
  }
  processed_ = stored.strings_at("processed");
  return {};
}

Result<void> Director::restore_record(const std::string& serial, const Value& stored) {
  Known* known = find_ecu(serial);
  if (known == nullptr) return fail(Rsc::kBadRequest, "no such ECU is configured");
  Result<EcuRecord> record = decode_record(stored);
  if (!record) return fail(record.error());
  if (record->serial != serial) return fail(Rsc::kBadRequest, "serial: is another ECU's");
  record->vehicle = known->vehicle->cse_id;  // it may have moved
  // An older record does not say; its report was believed for the registered level alone.
  if (!record->last_report.empty() && record->signed_by.empty()) {
    record->signed_by = signed_by(known->ecu->level);
  }
  known->record = *std::move(record);
  follow(*known);
  return {};
}

bool Director::first_time(const std::string& instance) {
  if (contains(processed_, instance)) return false;
  processed_.push_back(instance);
  if (processed_.size() > kMaxProcessed) processed_.erase(processed_.begin());
  changes_.exchange = true;
  return true;
}

// --- finding -----------------------------------------------------------------------------------

const Vehicle* Director::find_vehicle(const std::string& cse_id) const {
  const auto found = by_id_.find(cse_id);
  return found == by_id_.end() ? nullptr : found->second;
}

Director::Known* Director::find_ecu(const std::string& serial) {
  const auto found = ecus_.find(serial);
  return found == ecus_.end() ? nullptr : &found->second;
}

Inquiry* Director::find_inquiry(const std::string& id) {
  const auto found = std::find_if(inquiries_.begin(), inquiries_.end(),
                                  [&](const Inquiry& each) { return each.id == id; });
  return found == inquiries_.end() ? nullptr : &*found;
}

}  // namespace gatehouse::ota_server

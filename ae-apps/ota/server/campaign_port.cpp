#include "ae-apps/ota/server/campaign_port.h"

#include <algorithm>

namespace gatehouse::ota_server {
namespace {

using campaign::Standing;
using Kind = Standing::Kind;

campaign::Proven proven_of(const EcuRecord& record) {
  if (record.last_report.empty()) return {};
  return {record.version,   record.release_counter, record.payload_sha256,
          record.signed_by, record.last_report,     record.slot};
}

/// The same three things for which an update counts as done (Director::judge).
bool runs(const EcuRecord& record, const ImageFacts& image) {
  return !record.last_report.empty() && record.status == "running" &&
         record.payload_sha256 == image.payload_sha256 && record.version == image.version;
}

}  // namespace

std::optional<campaign::Image> CampaignPort::image(const std::string& sha256) const {
  const ImageFacts* found = director_.image(sha256);
  if (found == nullptr || found->sha256 != sha256) return std::nullopt;
  campaign::Image out{found->sha256, found->name, found->version, found->hardware_id,
                      found->release_counter};
  out.url = images_url_ + found->sha256;
  if (found->target.empty()) out.objection = "the Image repository does not describe it";
  if (found->release) {
    out.release = found->release->name;
    out.release_images = found->release->count;
  }
  return out;
}

Standing CampaignPort::standing(const std::string& serial, const std::string& sha256,
                                const campaign::Terms& terms) const {
  const auto facts = director_.facts_of(serial);
  const ImageFacts* image = director_.image(sha256);
  if (!facts) return {Kind::kObjection, "is not known any more", {}};
  const EcuRecord& record = *facts->record;
  const auto say = [&](Kind kind, std::string reason = {}) {
    return Standing{kind, std::move(reason), proven_of(record)};
  };
  if (image == nullptr) return say(Kind::kObjection, "there is no such image");
  if (runs(record, *image)) return say(Kind::kRuns);
  const auto& open = record.offer;
  const bool busy = open && !open->overdue;
  if (busy && open->image == sha256) {
    return say(open->sent || open->sending ? Kind::kOpen : Kind::kUnsent);
  }
  if (std::string left_out = objection(terms, *facts->ecu); !left_out.empty()) {
    return say(Kind::kObjection, std::move(left_out));  // whatever it runs or waits for
  }
  if (busy) return say(Kind::kBusy, "an offer of version " + open->version + " is open");
  if (const auto failed = record.failed_images.find(sha256); failed != record.failed_images.end()) {
    return say(Kind::kFailed, failed->second);
  }
  const std::string why_not = objection(record, facts->ecu->hardware_id, *image);
  if (why_not.empty()) {
    const auto lacks = director_.unmet(serial, *image);
    if (!lacks) return say(Kind::kMayGo);
    return say(lacks->unknown ? Kind::kUnknown : Kind::kObjection, lacks->reason);
  }
  const bool only_unknown = record.last_report.empty() && !image->target.empty() &&
                            image->hardware_id == facts->ecu->hardware_id;
  return say(only_unknown ? Kind::kUnknown : Kind::kObjection, why_not);
}

std::optional<campaign::Shown> CampaignPort::shown(const std::string& serial) const {
  const auto facts = director_.facts_of(serial);
  if (!facts) return std::nullopt;
  const EcuRecord& record = *facts->record;
  campaign::Shown out;
  out.vehicle = record.vehicle;
  out.hardware_id = facts->ecu->hardware_id;
  out.node = director_.node_of(serial);
  out.proven = proven_of(record);
  out.order_open = record.offer && !record.offer->overdue;
  if (record.last_report.empty()) return out;
  out.name = record.name;
  const ImageFacts* image =
      record.payload_sha256.empty() ? nullptr : director_.image(record.payload_sha256);
  if (image != nullptr) out.url = images_url_ + image->sha256;
  return out;
}

std::string CampaignPort::offer(const std::string& serial, const std::string& sha256,
                                const campaign::Terms& terms) {
  return director_.order(serial, sha256, terms, now_);
}

void CampaignPort::ask(const std::string& vehicle) { director_.ask_vehicle(vehicle, now_); }

void CampaignPort::withdraw(const std::string& serial, const std::string& sha256) {
  director_.withdraw(serial, sha256, now_);
}

void CampaignPort::forgive(const std::string& serial, const std::string& sha256) {
  director_.forgive(serial, sha256);
}

// --- the Director's side -----------------------------------------------------------------------

std::optional<Director::Facts> Director::facts_of(const std::string& serial) const {
  const auto found = ecus_.find(serial);
  if (found == ecus_.end()) return std::nullopt;
  return Facts{found->second.ecu, &found->second.record};
}

const ImageFacts* Director::image(const std::string& sha256) const {
  const auto found = std::find_if(images_.begin(), images_.end(), [&](const ImageFacts& each) {
    return each.sha256 == sha256 || each.payload_sha256 == sha256;
  });
  return found == images_.end() ? nullptr : &*found;
}

std::optional<image::Unmet> Director::unmet(const std::string& serial,
                                            const ImageFacts& what) const {
  const auto found = ecus_.find(serial);
  if (what.requirements.empty() || found == ecus_.end()) return std::nullopt;
  std::vector<image::Neighbour> after;
  for (const Ecu& ecu : found->second.vehicle->ecus) {
    const auto planned = std::find_if(images_.begin(), images_.end(), [&](const ImageFacts& each) {
      return what.release && each.release == what.release && each.hardware_id == ecu.hardware_id;
    });
    const EcuRecord& record = ecus_.at(ecu.serial).record;
    std::string version = record.last_report.empty() ? "unknown" : record.version;
    if (planned != images_.end()) version = planned->version;
    if (ecu.serial == serial) version = what.version;
    after.push_back({ecu.serial, ecu.hardware_id, std::move(version)});
  }
  return image::unmet(what.requirements, after);
}

std::string objection(const campaign::Terms& terms, const Ecu& ecu) {
  if (terms.allow_gateway_level || ecu.level != Level::kGateway) return {};
  return "the gateway signs for it, which the campaign does not allow (allow_gateway_level)";
}

std::string Director::order(const std::string& serial, const std::string& wanted,
                            const campaign::Terms& terms, Timestamp now) {
  Known* known = find_ecu(serial);
  if (known == nullptr) return "no such ECU";
  if (std::string left_out = objection(terms, *known->ecu); !left_out.empty()) return left_out;
  const ImageFacts* found = image(wanted);
  // The first ECU of a release takes the others with it: they are kUnsent then.
  if (found != nullptr && found->release)
    return offer_release(*known->vehicle, *found->release, terms, now);
  return order(*known, wanted, false, now);
}

/// To all ECUs that it names, or to none: then says what it waits for.
std::string Director::offer_release(const Vehicle& vehicle,
                                    const image::ReleaseRequirement& release,
                                    const campaign::Terms& terms, Timestamp now) {
  std::vector<std::pair<Known*, const ImageFacts*>> parts;
  for (const Ecu& ecu : vehicle.ecus) {
    const auto image = std::find_if(images_.begin(), images_.end(), [&](const ImageFacts& each) {
      return each.release == release && each.hardware_id == ecu.hardware_id;
    });
    if (image == images_.end()) continue;
    Known& known = *find_ecu(ecu.serial);
    const auto& open = known.record.offer;
    if (open && !open->overdue) return ecu.serial + ": an offer is open";
    std::string why_not = objection(terms, ecu);
    if (why_not.empty()) why_not = objection(known.record, ecu.hardware_id, *image);
    if (!why_not.empty()) return ecu.serial + ": " + why_not;
    if (const auto lacks = unmet(ecu.serial, *image)) return ecu.serial + ": " + lacks->reason;
    parts.emplace_back(&known, &*image);
  }
  if (parts.size() != release.count) {
    return "release " + release.name + " is not complete: " + std::to_string(parts.size()) +
           " of " + std::to_string(release.count) + " images";
  }
  for (const auto& [known, image] : parts) offer(*known, *image, false, now, release.name);
  return {};
}

void Director::ask_vehicle(const std::string& cse_id, Timestamp now) {
  const Vehicle* vehicle = find_vehicle(cse_id);
  if (vehicle != nullptr && !has_live_inquiry(cse_id, now)) ask(*vehicle, {}, true, 0, now);
}

bool Director::withdraw(const std::string& serial, const std::string& image, Timestamp now) {
  Known* known = find_ecu(serial);
  if (known == nullptr || !known->record.offer) return false;
  const Offer& open = *known->record.offer;
  if (open.image != image || open.sent || open.sending || open.overdue) return false;
  step('E', "withdrawn", {{"ecu", serial}, {"to", open.version}});
  note(*known, "withdrawn", Value::object({{"to", open.version}, {"image", open.image}}), now);
  close_offer(*known);
  return true;
}

void Director::forgive(const std::string& serial, const std::string& image) {
  Known* known = find_ecu(serial);
  if (known == nullptr || known->record.failed_images.erase(image) == 0) return;
  changes_.ecus.insert(serial);
}

void Director::hold_images(const std::set<std::string>& sha256) {
  for (ImageFacts& each : images_) each.held = sha256.contains(each.sha256);
}

bool Director::begin_sending(const Outgoing& what) {
  if (what.kind != Outgoing::Kind::kOffer) return true;
  Known* known = find_ecu(what.serial);
  if (known == nullptr || !known->record.offer || known->record.offer->nonce != what.key) {
    return false;
  }
  known->record.offer->sending = true;
  return true;
}

}  // namespace gatehouse::ota_server

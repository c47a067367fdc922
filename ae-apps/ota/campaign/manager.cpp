#include "ae-apps/ota/campaign/manager.h"

#include <algorithm>
#include <tuple>

#include "ae-apps/ota/campaign/command_objects.h"
#include "ae-apps/ota/campaign/management_views.h"

namespace gatehouse::campaign {
namespace {

constexpr std::chrono::milliseconds kCountsInterval{1'000};
constexpr const char* kLog = "campaign-log";
constexpr const char* kOrdered = "ordered by updateFirmware";

std::string folder_of(const std::string& campaign) { return "campaigns/" + campaign; }

/// Names may hold '-', so two campaigns can ask for the same one.
std::string group_of(const Definition& definition, std::size_t stage) {
  return "stage-" + definition.name + "-" + definition.stages[stage].name;
}

Value stored_definition(const Definition& definition) {
  return Value::object({{"author", definition.author}, {"definition", definition.source}});
}

}  // namespace

std::string Manager::resource_name(const std::string& vehicle) {
  std::string out = vehicle;
  std::erase(out, '/');
  return out;
}

// --- what comes --------------------------------------------------------------------------------

Verdict Manager::take_definition(const Value& content, const std::string& author,
                                 const std::string& instance, Timestamp now) {
  Verdict verdict = judge_definition(content, author);
  write_verdict("definition", instance, author, verdict, now);
  return verdict;
}

Verdict Manager::judge_definition(const Value& content, const std::string& author) {
  Result<Definition> definition = parse_definition(content, author);
  if (!definition) return {false, definition.error().detail};
  const std::string name = definition->name;
  if (const auto known = campaigns_.find(name); known != campaigns_.end()) {
    // Before a restart it was accepted, but the verdict was not written yet.
    const Definition& other = known->second.campaign->definition();
    if (other.author == author && other.source == definition->source) return {true, ""};
    return {false, "name: another campaign is called " + name};
  }
  if (records_.contains(name)) return {false, "name: another campaign is called " + name};
  const auto open = static_cast<std::size_t>(
      std::count_if(campaigns_.begin(), campaigns_.end(),
                    [](const auto& each) { return !each.second.campaign->over(); }));
  if (open >= kMaxCampaigns) {
    return {false, "name: there are " + std::to_string(kMaxCampaigns) + " open campaigns already"};
  }
  const Value stored = stored_definition(*definition);
  auto campaign = std::make_unique<Campaign>(*std::move(definition), fleet_, updates_);
  if (const auto good = campaign->check_images(); !good) return {false, good.error().detail};
  if (const auto good = campaign->check_names(); !good) return {false, good.error().detail};
  if (const std::string taken = taken_group(campaign->definition()); !taken.empty()) {
    return {false, taken};
  }
  writes_.push_back({Write::Kind::kCampaign, folder_of(name), "", stored});
  write_state(*campaign);
  const std::size_t stages = campaign->definition().stages.size();
  keep_groups(campaign->definition());
  campaigns_.emplace(name, Entry{std::move(campaign), std::vector<std::size_t>(stages), {}});
  return {true, ""};
}

/// Why the definition's stages cannot have their groups; empty: they can.
std::string Manager::taken_group(const Definition& definition) const {
  for (std::size_t i = 0; i < definition.stages.size(); ++i) {
    const std::string group = group_of(definition, i);
    const auto found = groups_.find(group);
    if (found == groups_.end()) continue;
    return "stages[" + std::to_string(i) + "].name: the group " + group + " is of campaign " +
           found->second + " already";
  }
  return {};
}

void Manager::keep_groups(const Definition& definition) {
  for (std::size_t i = 0; i < definition.stages.size(); ++i) {
    groups_.emplace(group_of(definition, i), definition.name);
  }
}

Verdict Manager::take_command(const Value& content, const std::string& by,
                              const std::string& instance, Timestamp now) {
  Verdict verdict = judge_command(content, by, instance, now);
  write_verdict("command", instance, by, verdict, now);
  return verdict;
}

Verdict Manager::judge_command(const Value& content, const std::string& by,
                               const std::string& instance, Timestamp now) {
  const Result<Command> command = parse_command(content);
  if (!command) return {false, command.error().detail};
  const auto found = campaigns_.find(command->campaign);
  if (records_.contains(command->campaign)) {
    return {false, "campaign: " + command->campaign + " is over, and kept as a record alone"};
  }
  if (found == campaigns_.end()) {
    return {false, "campaign: there is none of the name " + command->campaign.substr(0, 64)};
  }
  Campaign& campaign = *found->second.campaign;
  if (const auto done = campaign.command(*command, by, now); !done) {
    return {false, done.error().detail};
  }
  if (command->kind == Command::Kind::kDryRun) {
    write_plan(campaign, instance);
  } else {
    write_state(campaign);
  }
  return {true, ""};
}

// --- what management objects order -------------------------------------------------------------

/// The campaign that has this order and is not over; empty: there is none.
std::string Manager::ordered_already(const std::string& serial, const std::string& image) const {
  for (const auto& [name, entry] : campaigns_) {
    const Definition& definition = entry.campaign->definition();
    const State state = entry.campaign->state();
    const bool same = definition.filter.ecus == std::vector<std::string>{serial} &&
                      definition.images == std::vector<std::string>{image};
    if (same && state != State::kStopped && state != State::kFinished) return name;
  }
  return {};
}

Verdict Manager::judge_order(const std::string& serial, const Value& requested,
                             const std::string& by) {
  const Result<FirmwareOrder> order = firmware_order(requested);
  if (!order) return {false, order.error().detail};
  const auto ecu = updates_.shown(serial);
  if (!ecu) return {false, serial + ": there is no such ECU any more"};
  const auto image = updates_.image(order->url.substr(order->url.rfind('/') + 1));
  if (!image || image->url != order->url) return {false, "url: is no image of this server"};
  if (image->version != order->version) {
    return {false, "versn (version): the image at url is version " + image->version};
  }
  if (image->hardware_id != ecu->hardware_id) {
    return {false, "url: is for hardware " + image->hardware_id + ", this is " + ecu->hardware_id};
  }
  const Standing standing = updates_.standing(serial, image->sha256, {});
  if (standing.kind == Standing::Kind::kRuns) return {false, "url: it runs this image already"};
  if (standing.kind == Standing::Kind::kObjection || standing.kind == Standing::Kind::kFailed) {
    return {false, "url: " + standing.reason};
  }
  if (const std::string known = ordered_already(serial, image->sha256); !known.empty()) {
    return {false, "url: campaign " + known + " orders it already"};
  }
  const std::string stem = "update-" + serial.substr(0, 32) + "-";
  std::size_t number = 1;
  while (is_taken(stem + std::to_string(number))) ++number;
  const std::string name = stem + std::to_string(number);
  Value filter = Value::object();
  filter.set("vehicles", Value::array({ecu->vehicle})).set("ecus", Value::array({serial}));
  Value definition = Value::object({{"name", name}, {"description", kOrdered}});
  definition.set("images", Value::array({image->sha256})).set("filter", std::move(filter));
  Verdict verdict = judge_definition(definition, by);
  if (verdict.accepted) verdict.campaign = name;
  return verdict;
}

Verdict Manager::take_order(const std::string& serial, const Value& requested,
                            const std::string& by, Timestamp now) {
  Verdict verdict = judge_order(serial, requested, by);
  write_verdict("order", serial + "-" + std::to_string(now.microseconds), by, verdict, now);
  if (verdict.accepted) {
    ordered_[serial] = verdict.campaign;
    changed_ecus_.insert(serial);
  }
  return verdict;
}

Verdict Manager::take_software(const std::string& name, const Value& requested,
                               const std::string& by, Timestamp now) {
  const auto act = [&]() -> Verdict {
    const Result<Command> command = software_command(name, requested);
    if (!command) return {false, command.error().detail};
    const auto found = campaigns_.find(name);
    if (found == campaigns_.end()) return {false, "there is no such campaign any more"};
    Campaign& campaign = *found->second.campaign;
    if (const auto done = campaign.command(*command, by, now); !done) {
      return {false, done.error().detail};
    }
    write_state(campaign);
    return {true, ""};
  };
  const Verdict verdict = act();
  const std::string instance = "software-" + name + "-" + std::to_string(now.microseconds);
  write_verdict("command", instance, by, verdict, now);
  return verdict;
}

void Manager::touched(const std::string& serial, const std::string& version, Timestamp now) {
  fleet_.set_version(serial, version);
  if (shows_ecus_) changed_ecus_.insert(serial);
  for (auto& [name, entry] : campaigns_) entry.campaign->touched(serial, now);
}

void Manager::tick(Timestamp now) {
  for (auto& [name, entry] : campaigns_) entry.campaign->tick(now);
  retire();
}

const Campaign* Manager::find(const std::string& name) const {
  const auto found = campaigns_.find(name);
  return found == campaigns_.end() ? nullptr : found->second.campaign.get();
}

std::vector<std::string> Manager::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : campaigns_) out.push_back(name);
  return out;
}

std::set<std::string> Manager::images() const {
  std::set<std::string> out = record_images_;
  for (const auto& [name, entry] : campaigns_) {
    const auto& images = entry.campaign->definition().images;
    out.insert(images.begin(), images.end());
  }
  return out;
}

std::set<std::string> Manager::labels() const {
  std::set<std::string> out;
  for (const auto& [name, entry] : campaigns_) {
    const State state = entry.campaign->state();
    if (state == State::kStopped || state == State::kFinished) continue;
    const Definition& definition = entry.campaign->definition();
    out.insert(definition.filter.labels.begin(), definition.filter.labels.end());
    for (const Stage& stage : definition.stages) {
      out.insert(stage.filter.labels.begin(), stage.filter.labels.end());
    }
  }
  return out;
}

// --- what is over ------------------------------------------------------------------------------

bool Manager::is_taken(const std::string& name) const {
  return campaigns_.contains(name) || records_.contains(name);
}

void Manager::keep_record(const Definition& definition) {
  records_.insert(definition.name);
  // Else automatic offers would hand them to whom the campaign had left out.
  record_images_.insert(definition.images.begin(), definition.images.end());
  keep_groups(definition);
}

/// All that a campaign has to write comes before its end as a record.
void Manager::retire() {
  std::size_t ended = 0;
  std::vector<std::tuple<bool, Timestamp, std::string>> ready;
  for (const auto& [name, entry] : campaigns_) {
    const Campaign& campaign = *entry.campaign;
    if (!campaign.over()) continue;
    ++ended;
    const bool answered = campaign.counts()[static_cast<std::size_t>(Progress::kTold)] == 0;
    const bool written =
        !campaign.has_unwritten() && campaign.unwritten_state() == Campaign::Unwritten::kNothing;
    const bool order = campaign.definition().source.string_at("description") == kOrdered;
    if (answered && written) ready.emplace_back(!order, campaign.since(), name);
  }
  if (ended <= kMaxEnded) return;
  std::sort(ready.begin(), ready.end());
  ready.resize(std::min(ready.size(), ended - kMaxEnded));
  for (const auto& [campaign_of_people, since, name] : ready) {
    keep_record(campaigns_.at(name).campaign->definition());
    writes_.push_back({Write::Kind::kRecord, folder_of(name)});
    software_.erase(name);
    campaigns_.erase(name);
  }
}

// --- what is written ---------------------------------------------------------------------------

void Manager::write_verdict(const std::string& what, const std::string& instance,
                            const std::string& by, const Verdict& verdict, Timestamp now) {
  Value content = Value::object(
      {{what, instance}, {"accepted", verdict.accepted}, {"by", by}, {"at", to_text(now)}});
  if (!verdict.reason.empty()) content.set("reason", verdict.reason);
  if (!verdict.campaign.empty()) content.set("campaign", verdict.campaign);
  writes_.push_back({Write::Kind::kInstance, kLog, what + "-" + instance, std::move(content)});
}

void Manager::write_plan(const Campaign& campaign, const std::string& instance) {
  const Plan plan = campaign.plan();
  const std::string path = folder_of(campaign.definition().name) + "/plan";
  for (std::size_t first = 0, part = 1; first == 0 || first < plan.entries.size();
       first += kVehiclesOfPlan, ++part) {
    writes_.push_back({Write::Kind::kInstance, path, instance + "-" + std::to_string(part),
                       campaign.document(plan, first, kVehiclesOfPlan)});
  }
}

void Manager::write_state(Campaign& campaign) {
  writes_.push_back({Write::Kind::kInstance, folder_of(campaign.definition().name) + "/state", "",
                     campaign.state_document()});
  writes_.push_back({Write::Kind::kStatus, folder_of(campaign.definition().name) + "/status", "",
                     status_attributes(campaign)});
  campaign.state_written();
  write_software(campaign);
}

/// Numbers change more often than what it says.
void Manager::write_software(const Campaign& campaign) {
  const std::string& name = campaign.definition().name;
  Value status = software_status(campaign);
  if (const auto known = software_.find(name); known != software_.end()) {
    if (known->second == status) return;
  }
  std::vector<Image> images;
  for (const std::string& sha256 : campaign.definition().images) {
    if (auto image = updates_.image(sha256)) images.push_back(*std::move(image));
  }
  writes_.push_back(
      {Write::Kind::kSoftware, name, "",
       Value::object({{"facts", software_attributes(campaign, images)}, {"status", status}})});
  software_[name] = std::move(status);
}

void Manager::write_ecu(const std::string& serial) {
  const auto ecu = updates_.shown(serial);
  if (!ecu) return;
  Value content = Value::object({{"node", ecu->node},
                                 {"device", device_attributes(serial, *ecu)},
                                 {"firmware", firmware_attributes(*ecu)},
                                 {"action", action_attributes(*ecu)}});
  if (const auto ordered = ordered_.find(serial); ordered != ordered_.end()) {
    content.set("campaign", ordered->second);
  }
  writes_.push_back({Write::Kind::kEcu, serial, "", std::move(content)});
}

/// When nothing else is to be written: vehicles, ECUs that have changed, ECUs not shown yet.
void Manager::write_fleet(std::size_t most) {
  while (writes_.size() < most && !unannounced_.empty()) {
    write_vehicle(unannounced_.front());
    unannounced_.pop_front();
  }
  while (shows_ecus_ && writes_.size() < most && !changed_ecus_.empty()) {
    write_ecu(*changed_ecus_.begin());
    changed_ecus_.erase(changed_ecus_.begin());
  }
  while (shows_ecus_ && writes_.size() < most && next_shown_ < fleet_.size()) {
    for (const Fleet::Ecu& ecu : fleet_.at(next_shown_).ecus) write_ecu(ecu.serial);
    ++next_shown_;
  }
}

void Manager::write_vehicle(Fleet::Index index) {
  const Fleet::Vehicle& vehicle = fleet_.at(index);
  Write write{Write::Kind::kVehicle, "fleet/" + resource_name(vehicle.id)};
  std::set<std::string> labels;
  Value ecus = Value::array();
  for (const Fleet::Ecu& ecu : vehicle.ecus) {
    labels.insert("ecu:" + ecu.serial);
    labels.insert("hw:" + fleet_.word(ecu.hardware));
    ecus.push_back(Value::object({{"ecu", ecu.serial},
                                  {"hardware_id", fleet_.word(ecu.hardware)},
                                  {"version", fleet_.word(ecu.version)}}));
  }
  write.labels.assign(labels.begin(), labels.end());
  write.content = Value::object({{"vehicle", vehicle.id}});
  write.content.set("ecus", std::move(ecus));
  writes_.push_back(std::move(write));
}

/// One <group> for each stage, of the resources of its vehicles: all of them are read or watched
/// with one request.
void Manager::write_groups(Entry& entry) {
  const Campaign& campaign = *entry.campaign;
  const std::string folder = folder_of(campaign.definition().name);
  std::vector<std::vector<std::string>> members(entry.grouped.size());
  for (const Participant& each : campaign.participants()) {
    if (each.stage == Participant::kNoStage) continue;
    members[static_cast<std::size_t>(each.stage)].push_back(
        folder + "/vehicles/" + resource_name(fleet_.at(each.vehicle).id));
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].size() == entry.grouped[i]) continue;
    entry.grouped[i] = members[i].size();
    const Definition& definition = campaign.definition();  // no <group> below a <container>
    Write write{Write::Kind::kGroup, group_of(definition, i)};
    write.members = std::move(members[i]);
    writes_.push_back(std::move(write));
  }
}

void Manager::collect(Entry& entry, std::size_t most, Timestamp now) {
  Campaign& campaign = *entry.campaign;
  using Unwritten = Campaign::Unwritten;
  if (campaign.unwritten_state() == Unwritten::kState) {
    write_state(campaign);
    entry.counted = now;
  }
  const std::string vehicles = folder_of(campaign.definition().name) + "/vehicles/";
  for (const std::size_t index : campaign.take_unwritten(most)) {
    const Participant& each = campaign.participants()[index];
    writes_.push_back({Write::Kind::kVehicle, vehicles + resource_name(fleet_.at(each.vehicle).id),
                       "", campaign.document(each)});
  }
  if (campaign.has_unwritten()) return;
  write_groups(entry);
  if (campaign.unwritten_state() == Unwritten::kCounts && entry.counted + kCountsInterval <= now) {
    write_state(campaign);
    entry.counted = now;
  }
}

std::vector<Write> Manager::take_writes(std::size_t most, Timestamp now) {
  for (auto& [name, entry] : campaigns_) {
    if (writes_.size() < most) collect(entry, most, now);
  }
  if (writes_.empty()) write_fleet(most);
  const std::size_t count = std::min(most, writes_.size());
  const auto end = writes_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Write> out(std::make_move_iterator(writes_.begin()), std::make_move_iterator(end));
  writes_.erase(writes_.begin(), end);
  return out;
}

// --- after a restart ---------------------------------------------------------------------------

Result<void> Manager::restore(const Value& stored, const Value& state,
                              const std::vector<Value>& participants) {
  const Value* content = stored.find("definition");
  if (content == nullptr) return fail(Rsc::kBadRequest, "definition: is missing");
  Result<Definition> definition = parse_definition(*content, stored.string_at("author"));
  if (!definition) return fail(definition.error());
  const std::string name = definition->name;
  if (campaigns_.contains(name)) return {};
  auto campaign = std::make_unique<Campaign>(*std::move(definition), fleet_, updates_);
  if (!state.is_null()) {
    if (const auto done = campaign->restore_state(state); !done) return done;
  }
  for (const Value& each : participants) {
    // A vehicle that is not there any more has left the campaign.
    if (fleet_.find(each.string_at("vehicle")) == nullptr) continue;
    if (const auto done = campaign->restore_participant(each); !done) return done;
  }
  const std::size_t stages = campaign->definition().stages.size();
  keep_groups(campaign->definition());
  campaigns_.emplace(name, Entry{std::move(campaign), std::vector<std::size_t>(stages), {}});
  return {};
}

Result<void> Manager::restore_record(const Value& stored) {
  const Value* content = stored.find("definition");
  if (content == nullptr) return fail(Rsc::kBadRequest, "definition: is missing");
  const Result<Definition> definition = parse_definition(*content, stored.string_at("author"));
  if (!definition) return fail(definition.error());
  keep_record(*definition);
  return {};
}

void Manager::resume(Timestamp now) {
  for (auto& [name, entry] : campaigns_) {
    entry.campaign->resume(now);
    write_software(*entry.campaign);
  }
}

}  // namespace gatehouse::campaign

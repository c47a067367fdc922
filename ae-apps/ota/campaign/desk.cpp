#include "ae-apps/ota/campaign/desk.h"

#include <algorithm>

#include "ae-apps/ota/campaign/command_objects.h"

namespace gatehouse::campaign {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kContainer = 3, kContentInstance = 4, kExecInstance = 8, kGroup = 9,
                       kMgmtCmd = 12, kFlexContainer = 28;
constexpr std::size_t kKeptExecutions = 20;      ///< of each command
constexpr const char* kCampaigns = "campaigns";  ///< nobody but us writes there
constexpr const char* kDefinitions = "campaign-definitions";
constexpr const char* kCommands = "campaign-commands";
constexpr const char* kLog = "campaign-log";
constexpr const char* kFleet = "fleet";
constexpr const char* kLabel = "fota:campaign";
constexpr std::int64_t kKeptDefinitions = 200, kKeptCommands = 500, kKeptVerdicts = 2'000;
constexpr std::int64_t kKeptStates = 1'000, kKeptOfVehicle = 50, kKeptPlans = 1'000;
constexpr std::size_t kWritesAtOnce = 32;
constexpr std::chrono::milliseconds kWorkLimit{300};
constexpr std::chrono::seconds kLabelInterval{30}, kPause{2};

std::string last_segment(const std::string& address) {
  return address.substr(address.rfind('/') + 1);
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

Value list_of(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

FilterCriteria children(std::int64_t type) {
  FilterCriteria filter;
  filter.resource_types = {type};
  filter.level = 1;
  return filter;
}

/// All that fits, though an answer of the CSE holds a part of it only.
Result<std::vector<std::string>> discover_all(sdk::Ae& ae, const std::string& to,
                                              FilterCriteria filter) {
  constexpr std::int64_t kAtOnce = 500;
  std::vector<std::string> out;
  filter.limit = kAtOnce;
  for (;;) {
    filter.offset = static_cast<std::int64_t>(out.size()) + 1;
    const auto part = ae.discover(ae.address_of(to), filter);
    if (!part) return part;
    const bool again = !part->empty() && !out.empty() && part->front() == out.front();
    if (part->empty() || again) return out;
    out.insert(out.end(), part->begin(), part->end());
  }
}

/// A restart of the manager may meet what it had written before.
Result<void> unless_there(const Result<Value>& created) {
  if (created || created.error().rsc == Rsc::kConflict) return {};
  return fail(created.error());
}

}  // namespace

// --- what is there -----------------------------------------------------------------------------

Result<void> Desk::prepare(sdk::Ae& ae) {
  const std::vector<std::string> us = {ae.id(), ae.sp_relative_id()};
  const unsigned look = sdk::kMayRetrieve | sdk::kMayDiscover;
  struct Row {
    const char* policy;
    unsigned operators;
    const char* container;
    std::int64_t kept;
  };
  const Row rows[] = {
      {"campaign-orders-policy", look | sdk::kMayCreate, kDefinitions, kKeptDefinitions},
      {"campaign-orders-policy", look | sdk::kMayCreate, kCommands, kKeptCommands},
      {"campaign-log-policy", look, kCampaigns, 1},
      {"campaign-log-policy", look, kLog, kKeptVerdicts},
      {"fleet-policy", look | sdk::kMayUpdate, kFleet, 1},
  };
  for (const Row& row : rows) {
    const Result<std::string> policy =
        ae.ensure_policy(row.policy, {{us, sdk::kMayDoAll}, {parts_.operators, row.operators}});
    if (!policy) return fail(policy.error());
    if (row.container == kLog) look_policy_ = *policy;
    if (row.container == kFleet) fleet_policy_ = *policy;
    sdk::ContainerOptions options;
    options.max_instances = row.kept;
    options.policies = {*policy};
    if (auto done = ae.container(row.container).ensure(options); !done) return done;
  }
  return prepare_commands(ae);
}

/// The fleet as a device that this AE manages: what a <mgmtCmd> with this target asks for, it is
/// told. Operators may tell it, since the CSE does so in their name.
Result<void> Desk::prepare_commands(sdk::Ae& ae) {
  const std::vector<std::string> us = {ae.id(), ae.sp_relative_id()};
  const unsigned look = sdk::kMayRetrieve | sdk::kMayDiscover;
  const auto policy =
      ae.ensure_policy("campaign-commands-policy",
                       {{us, sdk::kMayDoAll}, {parts_.operators, look | sdk::kMayUpdate}});
  if (!policy) return fail(policy.error());
  command_policy_ = *policy;
  if (!parts_.operators.empty()) {
    if (auto done = ae.allow({{parts_.operators, sdk::kMayNotify}}); !done) return done;
  }
  return ae.node(kFleetNode).ensure(kFleetNode, {ae.id()}, {command_policy_});
}

/// A CSE may not let us make a <mgmtCmd>; then there are none, and all else goes on.
Result<void> Desk::make_commands(sdk::Ae& ae, const std::string& campaign) {
  const std::string base = ae.settings().csebase;
  for (const Command::Kind word : command_words()) {
    if (without_commands_) return {};
    Value attributes = command_attributes(campaign, word, base + "/" + kFleetNode);
    attributes.set("acpi", Value::array({command_policy_}));
    const auto made = unless_there(ae.create(base, kMgmtCmd, "m2m:mgc", std::move(attributes)));
    if (made) continue;
    if (sdk::retryable(made.error())) return made;
    without_commands_ = true;
    parts_.say("campaigns have no <mgmtCmd>: " + made.error().detail);
  }
  return {};
}

Result<void> Desk::restore_campaign(sdk::Ae& ae, const std::string& address) {
  const auto definition = ae.container(address + "/definition").latest<Value>();
  if (!definition) {
    // It died between two writes; what was not told to be accepted is created again.
    if (definition.error().rsc == Rsc::kNotFound) return {};
    return fail(definition.error());
  }
  if (!*definition) return {};
  const auto state = ae.container(address + "/state").latest<Value>();
  if (!state) return fail(state.error());
  const auto vehicles = discover_all(ae, address + "/vehicles", children(kContainer));
  if (!vehicles) return fail(vehicles.error());
  std::vector<Value> participants;
  for (const std::string& vehicle : *vehicles) {
    const auto latest = ae.container(vehicle).latest<Value>();
    if (!latest) return fail(latest.error());
    if (*latest) participants.push_back(**latest);
  }
  Result<void> done;
  parts_.locked([&](Manager& manager, Timestamp) {
    done = manager.restore(**definition, state->value_or(Value()), participants);
  });
  if (done) return make_commands(ae, last_segment(address));
  return fail(Rsc::kInternalServerError,
              "campaign " + last_segment(address) + ": " + done.error().detail);
}

/// Their definitions alone: whose names, groups and images they were.
Result<void> Desk::restore_records(sdk::Ae& ae) {
  FilterCriteria filter = children(kContainer);
  filter.labels = {kRecordLabel};
  const auto records = discover_all(ae, kCampaigns, filter);
  if (!records) return fail(records.error());
  for (const std::string& address : *records) {
    if (parent_of(address) != ae.address_of(kCampaigns)) continue;
    const auto definition = ae.container(address + "/definition").latest<Value>();
    if (!definition) return fail(definition.error());
    Result<void> done;
    parts_.locked([&](Manager& manager, Timestamp) {
      done = manager.restore_record(definition->value_or(Value()));
    });
    if (!done) return fail(done.error());
  }
  return {};
}

Result<void> Desk::restore(sdk::Ae& ae) {
  if (auto done = restore_records(ae); !done) return done;
  FilterCriteria filter = children(kContainer);
  filter.labels = {kLabel};
  const auto campaigns = discover_all(ae, kCampaigns, filter);
  if (!campaigns) return fail(campaigns.error());
  for (const std::string& address : *campaigns) {
    if (parent_of(address) != ae.address_of(kCampaigns)) continue;
    if (auto done = restore_campaign(ae, address); !done) return done;
  }
  const auto known = discover_all(ae, kFleet, children(kContainer));
  if (!known) return fail(known.error());
  std::set<std::string> names;
  for (const std::string& address : *known) names.insert(last_segment(address));
  read_labels(ae);
  parts_.locked([&](Manager& manager, Timestamp now) {
    const Fleet& fleet = manager.fleet();
    for (Fleet::Index i = 0; i < fleet.size(); ++i) {
      if (!names.contains(Manager::resource_name(fleet.at(i).id))) manager.announce(i);
    }
    manager.resume(now);
  });
  return {};
}

/// The CSE filters: who has each label that somebody asks for.
void Desk::read_labels(sdk::Ae& ae) {
  std::set<std::string> labels;
  std::map<std::string, std::string> vehicle_of;
  parts_.locked([&](const Manager& manager, Timestamp) {
    labels = manager.labels();
    if (labels.empty()) return;
    const Fleet& fleet = manager.fleet();
    for (Fleet::Index i = 0; i < fleet.size(); ++i) {
      vehicle_of[Manager::resource_name(fleet.at(i).id)] = fleet.at(i).id;
    }
  });
  for (const std::string& label : labels) {
    FilterCriteria filter = children(kContainer);
    filter.labels = {label};
    const auto found = discover_all(ae, kFleet, filter);
    if (!found) {
      parts_.say(std::string(kFleet) + ": " + found.error().detail);
      return;
    }
    std::vector<std::string> vehicles;
    for (const std::string& address : *found) {
      const auto known = vehicle_of.find(last_segment(address));
      if (known != vehicle_of.end()) vehicles.push_back(known->second);
    }
    parts_.locked([&](Manager& manager, Timestamp) { manager.fleet().set_label(label, vehicles); });
  }
}

Result<void> Desk::attach(sdk::Ae& ae) {
  if (auto done = prepare(ae); !done) return done;
  if (auto done = restore(ae); !done) return done;
  if (parts_.shows_ecus) {
    parts_.locked([](Manager& manager, Timestamp) { manager.show_ecus(); });
  }
  ae_ = &ae;
  subscriptions_.clear();
  ae.on_message([this](const Request& notification) { return asked(notification); });
  for (const char* container : {kDefinitions, kCommands}) {
    if (auto done = watch(ae, container); !done) return done;
    catch_up(ae, container);
  }
  return {};
}

void Desk::detach() {
  subscriptions_.clear();
  if (ae_ != nullptr) {
    ae_->on_message([](const Request&) -> Result<Value> {
      return fail(Rsc::kTargetNotReachable, "the server is about to end");
    });
  }
  ae_ = nullptr;
}

// --- what comes --------------------------------------------------------------------------------

Result<void> Desk::watch(sdk::Ae& ae, const std::string& container) {
  Result<sdk::Subscription> watch = ae.container(container).on_push(
      [this, container](const sdk::Event& event) { take(container, event.attributes); });
  if (!watch) return fail(watch.error());
  subscriptions_.push_back(*std::move(watch));
  return {};
}

void Desk::take(const std::string& container, const Value& attributes) {
  const std::string name = attributes.string_at("rn");
  const Value* content = attributes.find("con");
  if (name.empty() || content == nullptr || ae_ == nullptr) return;
  judge(container, *content, known_as(attributes.string_at("cr")), name);
}

Verdict Desk::judge(const std::string& container, const Value& content, const std::string& by,
                    const std::string& name) {
  const bool definition = container == kDefinitions;
  if (!definition) {
    // Pause and stop wait for nothing; who takes part is looked up for the others.
    const Result<Command> command = parse_command(content);
    const bool urgent = command && (command->kind == Command::Kind::kPause ||
                                    command->kind == Command::Kind::kStop);
    if (command && !urgent) read_labels(*ae_);
  }
  Verdict verdict;
  parts_.locked([&](Manager& manager, Timestamp now) {
    verdict = definition ? manager.take_definition(content, by, name, now)
                         : manager.take_command(content, by, name, now);
  });
  if (!verdict.accepted) parts_.say(container + "/" + name + " refused: " + verdict.reason);
  parts_.wake();
  return verdict;
}

/// One form for one person: who approves must be somebody else than the author, however each was
/// written.
std::string Desk::known_as(const std::string& originator) const {
  const std::string own = ae_->settings().cse_id + "/";
  return originator.starts_with(own) ? originator.substr(own.size()) : originator;
}

/// An <execInstance>, told by the CSE in the name of whoever has executed the command. The answer
/// becomes its result.
Result<Value> Desk::executed(const Request& notification) {
  const Value* instance = notification.content ? notification.content->find("m2m:exin") : nullptr;
  if (instance == nullptr || ae_ == nullptr) {
    return fail(Rsc::kNotImplemented, "only commands to campaigns are understood");
  }
  const Value content = command_in(*instance);
  const std::string name = instance->string_at("ri");
  if (content.is_null() || name.empty() || name.find('/') != std::string::npos) {
    return fail(Rsc::kNotImplemented, "exra (execReqArgs): names no command to a campaign");
  }
  {
    const std::lock_guard lock(executed_mutex_);
    executed_.insert(instance->string_at("pi"));
  }
  const Verdict verdict = judge(kCommands, content, known_as(notification.from), name);
  if (verdict.accepted) return Value();
  return fail(parse_command(content) ? Rsc::kNotAcceptable : Rsc::kBadRequest, verdict.reason);
}

/// The oldest instances go; what became of each stays in the log.
void Desk::prune_executed() {
  std::set<std::string> commands;
  {
    const std::lock_guard lock(executed_mutex_);
    commands.swap(executed_);
  }
  for (const std::string& command : commands) {
    const std::string address = ae_->settings().cse_id + "/" + command;
    const auto instances = discover_all(*ae_, address, children(kExecInstance));
    if (!instances) continue;
    for (std::size_t i = 0; i + kKeptExecutions < instances->size(); ++i) {
      if (const auto gone = ae_->remove((*instances)[i]); !gone) break;
    }
  }
}

/// Instances without a verdict, in the order in which they were made.
void Desk::catch_up(sdk::Ae& ae, const std::string& container) {
  const auto found = discover_all(ae, container, children(kContentInstance));
  if (!found) return parts_.say(container + ": " + found.error().detail);
  std::vector<Value> missed;
  for (const std::string& address : *found) {
    if (parent_of(address) != ae.address_of(container)) continue;
    const std::string what = container == kDefinitions ? "/definition-" : "/command-";
    const std::string verdict = kLog + what + last_segment(address);
    const auto judged = ae.retrieve(ae.address_of(verdict));
    if (judged || judged.error().rsc != Rsc::kNotFound) continue;
    Result<Value> instance = ae.retrieve(address);
    if (instance) missed.push_back(*std::move(instance));
  }
  std::stable_sort(missed.begin(), missed.end(), [](const Value& a, const Value& b) {
    return a.string_at("ct") < b.string_at("ct");
  });
  for (const Value& instance : missed) take(container, instance);
}

// --- what goes ---------------------------------------------------------------------------------

Result<void> Desk::push(const std::string& container, const std::string& name,
                        const Value& content) {
  Value attributes = Value::object({{"con", content}});
  if (!name.empty()) attributes.set("rn", name);
  return unless_there(ae_->create(container, kContentInstance, "m2m:cin", std::move(attributes)));
}

Result<void> Desk::make_campaign(const Write& write) {
  const auto make = [&](const std::string& path, std::int64_t kept, bool labelled) {
    Value attributes = Value::object({{"rn", last_segment(path)}, {"mni", kept}});
    attributes.set("acpi", Value::array({look_policy_}));
    if (labelled) attributes.set("lbl", Value::array({kLabel}));
    return unless_there(ae_->create(parent_of(path), kContainer, "m2m:cnt", std::move(attributes)));
  };
  if (auto done = make(write.path, 1, true); !done) return done;
  for (const auto& [name, kept] : {std::pair{"definition", std::int64_t{1}},
                                   {"state", kKeptStates},
                                   {"plan", kKeptPlans},
                                   {"vehicles", std::int64_t{1}}}) {
    if (auto done = make(write.path + "/" + name, kept, false); !done) return done;
  }
  if (auto done = make_commands(*ae_, last_segment(write.path)); !done) return done;
  return push(write.path + "/definition", "as-accepted", write.content);
}

/// A CSE that was not given the definition refuses it; then there is none, and all else goes on.
Result<void> Desk::write_status(const Write& write) {
  if (without_status_) return {};
  const auto updated = ae_->update(write.path, kStatusRoot, write.content);
  if (updated) return {};
  if (updated.error().rsc != Rsc::kNotFound) return fail(updated.error());
  Value attributes = write.content;
  attributes.set("rn", last_segment(write.path)).set("cnd", kStatusDefinition);
  attributes.set("acpi", Value::array({look_policy_}));
  const auto made =
      ae_->create(parent_of(write.path), kFlexContainer, kStatusRoot, std::move(attributes));
  if (made || sdk::retryable(made.error())) return unless_there(made);
  without_status_ = true;
  parts_.say(
      "campaigns have no <flexContainer>, since the CSE lacks its definition "
      "(campaign.flexcontainers.json): " +
      made.error().detail);
  return {};
}

Result<void> Desk::write_vehicle(const Write& write) {
  const Result<void> pushed = push(write.path, write.name, write.content);
  if (pushed || pushed.error().rsc != Rsc::kNotFound) return pushed;
  Value attributes = Value::object({{"rn", last_segment(write.path)}, {"mni", kKeptOfVehicle}});
  const bool of_fleet = parent_of(write.path) == kFleet;
  attributes.set("acpi", Value::array({of_fleet ? fleet_policy_ : look_policy_}));
  if (!write.labels.empty()) attributes.set("lbl", list_of(write.labels));
  const auto made =
      ae_->create(parent_of(write.path), kContainer, "m2m:cnt", std::move(attributes));
  if (!made && made.error().rsc != Rsc::kConflict) return fail(made.error());
  return push(write.path, write.name, write.content);
}

Result<void> Desk::write_group(const Write& write) {
  std::vector<std::string> members;
  for (const std::string& each : write.members) members.push_back(ae_->address_of(each));
  const auto most = std::max<std::size_t>(1, members.size());
  Value attributes = Value::object({{"mnm", most}, {"mid", list_of(members)}});
  const auto updated = ae_->update(write.path, "m2m:grp", attributes);
  if (updated) return {};
  if (updated.error().rsc != Rsc::kNotFound) return fail(updated.error());
  attributes.set("rn", last_segment(write.path)).set("mt", kContainer);
  attributes.set("acpi", Value::array({look_policy_})).set("macp", Value::array({look_policy_}));
  return unless_there(ae_->create(ae_->path(), kGroup, "m2m:grp", std::move(attributes)));
}

Result<void> Desk::perform(const Write& write) {
  switch (write.kind) {
    case Write::Kind::kCampaign:
      return make_campaign(write);
    case Write::Kind::kInstance:
      return push(write.path, write.name, write.content);
    case Write::Kind::kVehicle:
      return write_vehicle(write);
    case Write::Kind::kGroup:
      return write_group(write);
    case Write::Kind::kStatus:
      return write_status(write);
    case Write::Kind::kEcu:
      return write_ecu(write);
    case Write::Kind::kSoftware:
      return write_software(write);
    case Write::Kind::kRecord:
      return write_record(write);
  }
  return {};
}

bool Desk::work() {
  const auto begin = SteadyClock::now();
  if (ae_ == nullptr || begin < next_try_) return false;
  if (begin - labels_read_ > kLabelInterval) {
    read_labels(*ae_);
    labels_read_ = begin;
  }
  prune_executed();
  for (;;) {
    if (writes_.empty()) {
      parts_.locked([&](Manager& manager, Timestamp now) {
        for (Write& each : manager.take_writes(kWritesAtOnce, now)) {
          writes_.push_back(std::move(each));
        }
      });
    }
    if (writes_.empty()) return false;
    const Write& next = writes_.front();
    if (const auto done = perform(next); !done) {
      if (sdk::retryable(done.error())) {
        if (!complained_)
          parts_.say(next.path + ": " + done.error().detail + "; it is tried again");
        complained_ = true;
        next_try_ = SteadyClock::now() + kPause;
        return false;
      }
      parts_.say(next.path + ": " + done.error().detail + "; it is not written");
    } else {
      complained_ = false;
    }
    writes_.pop_front();
    if (SteadyClock::now() - begin > kWorkLimit) return true;
  }
}

}  // namespace gatehouse::campaign

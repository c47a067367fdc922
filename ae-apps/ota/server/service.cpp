#include "ae-apps/ota/server/service.h"

#include <algorithm>
#include <filesystem>

#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::ota_server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStateBytes = 8u << 20;
constexpr std::int64_t kKeptReports = 500, kKeptCommands = 100, kKeptHistory = 500;
constexpr std::int64_t kContentInstance = 4;
constexpr std::chrono::seconds kFirstPause{2}, kLongestPause{60};
constexpr std::size_t kHistoriesMadeAtStart = 1'000;
constexpr const char* kReports = "reports";
constexpr const char* kCommands = "commands";
constexpr const char* kHistoryPolicy = "history-policy";

fs::path exchange_file(const ServerSettings& settings) {
  return fs::path(settings.state_dir) / "exchange.json";
}

fs::path record_file(const ServerSettings& settings, const std::string& serial) {
  return fs::path(settings.state_dir) / ("ecu-" + serial + ".json");
}

/// Of such a file; empty: it is another.
std::string serial_of_record(const fs::path& file) {
  const std::string name = file.filename().string();
  constexpr std::string_view kBegin = "ecu-", kEnd = ".json";
  if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) return {};
  if (name.size() <= kBegin.size() + kEnd.size()) return {};
  return name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
}

/// The tree of a state file; null if there is none.
Result<Value> read_state(const fs::path& file) {
  const Result<std::string> text = ota::read_text(file, kMaxStateBytes);
  if (!text) return fail(text.error());
  if (text->empty()) return Value();
  return parse_json(*text, {.max_bytes = kMaxStateBytes, .max_depth = 12});
}

}  // namespace

Service::Service(const ServerSettings& settings, Parts parts)
    : settings_(settings),
      parts_(std::move(parts)),
      director_(settings.rules, settings.vehicles, parts_.random),
      port_(director_, settings.rules.images_url),
      campaigns_(port_),
      desk_({[this](const campaign::Desk::Task& task) {
               change([&](Timestamp now) {
                 port_.set_time(now);
                 task(campaigns_, now);
               });
             },
             [this](const std::string& text) { parts_.log.say(text); }, [this] { parts_.wake(); },
             settings.operators, settings.shows_ecus}) {}

Result<std::unique_ptr<Service>> Service::open(const ServerSettings& settings, Parts parts,
                                               std::vector<ImageFacts> images) {
  std::unique_ptr<Service> service(new Service(settings, std::move(parts)));
  if (service->parts_.repositories != nullptr) {
    const auto targets = service->parts_.repositories->targets();
    for (ImageFacts& image : images) {
      const auto found = targets.find(image.sha256);
      if (found != targets.end()) image.target = found->second;
    }
  }
  service->director_.set_images(std::move(images));
  if (const auto restored = service->restore(); !restored) return fail(restored.error());
  service->fill_fleet();
  return service;
}

void Service::fill_fleet() {
  campaign::Fleet& fleet = campaigns_.fleet();
  for (const Vehicle& vehicle : settings_.vehicles) {
    const auto index = fleet.add(vehicle.cse_id);
    for (const Ecu& ecu : vehicle.ecus) {
      fleet.add_ecu(index, ecu.serial, ecu.hardware_id);
      fleet.set_version(ecu.serial, director_.facts_of(ecu.serial)->record->version);
    }
  }
}

/// With the lock held: what campaigns make of it.
void Service::follow(Timestamp now) {
  port_.set_time(now);
  for (const std::string& serial : director_.take_touched()) {
    campaigns_.touched(serial, director_.facts_of(serial)->record->version, now);
  }
  campaigns_.tick(now);
  director_.hold_images(campaigns_.images());
}

// --- the disk ----------------------------------------------------------------------------------

Result<void> Service::restore() {
  std::error_code error;
  fs::create_directories(settings_.state_dir, error);
  if (error) return fail(Rsc::kInternalServerError, "state_dir: cannot be made");
  const auto blame = [](const fs::path& file, const Error& why) {
    return fail(Rsc::kInternalServerError,
                "state_dir: " + file.filename().string() + ": " + why.detail);
  };
  if (const auto done = ota::finish_replacing(settings_.state_dir); !done) {
    return fail(done.error().rsc, "state_dir: " + done.error().detail);
  }
  const fs::path exchange = exchange_file(settings_);
  const Result<Value> stored = read_state(exchange);
  if (!stored) return blame(exchange, stored.error());
  if (!stored->is_null()) {
    if (const auto done = director_.restore_exchange(*stored); !done) {
      return blame(exchange, done.error());
    }
  }
  // Most ECUs of a large fleet have none: what is there is read, not what could be.
  for (const fs::directory_entry& entry : fs::directory_iterator(settings_.state_dir, error)) {
    const std::string serial = serial_of_record(entry.path());
    if (serial.empty() || !director_.facts_of(serial)) continue;
    const Result<Value> record = read_state(entry.path());
    if (!record) return blame(entry.path(), record.error());
    if (record->is_null()) continue;
    if (const auto done = director_.restore_record(serial, *record); !done) {
      return blame(entry.path(), done.error());
    }
  }
  if (error) return fail(Rsc::kInternalServerError, "state_dir: cannot be read");
  return {};
}

/// Together: a report whose nonce is used has also left its mark on the ECU's record.
Result<void> Service::store(const Director::Changes& changes) {
  std::vector<ota::NamedContent> files;
  if (changes.exchange) {
    files.emplace_back(exchange_file(settings_).filename(), to_json(director_.exchange()));
  }
  for (const std::string& serial : changes.ecus) {
    files.emplace_back(record_file(settings_, serial).filename(),
                       to_json(director_.record(serial)));
  }
  return ota::replace_files(settings_.state_dir, files);
}

/// With the lock held: what has changed is stored, then told.
void Service::flush() {
  const Director::Changes changes = director_.take_changes();
  if (!changes.none()) {
    const auto done = store(changes);
    stored_ = done.has_value();
    if (!done) {
      director_.put_back(changes);
      parts_.log.say("state_dir: " + done.error().detail + "; nothing is sent until it works");
    }
  }
  for (const StepLine& line : director_.take_steps()) {
    parts_.log.step(line.letter, line.event, line.fields);
  }
}

void Service::change(const std::function<void(Timestamp)>& how) {
  const std::lock_guard lock(mutex_);
  const Timestamp now = parts_.clock();
  how(now);
  follow(now);
  flush();
}

// --- what comes --------------------------------------------------------------------------------

void Service::image_uploaded(const ImageFacts& image) {
  ImageFacts described = image;
  if (parts_.repositories != nullptr) {
    const auto targets = parts_.repositories->targets();
    const auto found = targets.find(image.sha256);
    described.target = found == targets.end() ? std::string() : found->second;
  }
  change([&](Timestamp now) { director_.add_image(described, now); });
  parts_.wake();
}

void Service::targets_changed() {
  const auto targets = parts_.repositories->targets();
  change([&](Timestamp now) { director_.set_targets(targets, now); });
  parts_.wake();
}

void Service::take(const std::string& container, const Value& attributes) {
  const std::string name = attributes.string_at("rn");
  const Value* content = attributes.find("con");
  if (name.empty() || content == nullptr) return;
  change([&](Timestamp now) {
    if (!director_.first_time(container + "/" + name)) return;
    if (container == kReports) {
      director_.take_report(*content, now);
    } else {
      director_.take_command(*content, now);
    }
  });
  parts_.wake();
}

/// Instances that nobody told us of, in the order in which they were made.
Result<void> Service::catch_up(sdk::Ae& ae, const std::string& container) {
  FilterCriteria filter;
  filter.resource_types = {kContentInstance};
  const auto found = ae.discover(container, filter);
  if (!found) return fail(found.error().rsc, container + ": " + found.error().detail);
  std::vector<Value> missed;
  for (const std::string& address : *found) {
    Result<Value> instance = ae.retrieve(address);
    if (instance) {
      missed.push_back(*std::move(instance));
    } else if (instance.error().rsc != Rsc::kNotFound) {  // one that newer ones drove out
      return fail(instance.error().rsc, address + ": " + instance.error().detail);
    }
  }
  std::stable_sort(missed.begin(), missed.end(), [](const Value& a, const Value& b) {
    return a.string_at("ct") < b.string_at("ct");
  });
  for (const Value& instance : missed) take(container, instance);
  return {};
}

// --- the CSE -----------------------------------------------------------------------------------

Result<void> Service::prepare(sdk::Ae& ae) {
  const std::vector<std::string> us = {ae.id(), ae.sp_relative_id()};
  std::vector<std::string> gateways = settings_.gateways;
  if (gateways.empty()) {
    for (const Vehicle& vehicle : settings_.vehicles) gateways.push_back(vehicle.gateway_ae);
  }
  const unsigned look = sdk::kMayRetrieve | sdk::kMayDiscover;
  const auto ensure = [&](const std::string& name, const std::vector<sdk::AccessRule>& rules,
                          const std::vector<std::string>& containers, std::int64_t kept) {
    const Result<std::string> policy = ae.ensure_policy(name, rules);
    if (!policy) return Result<void>(fail(policy.error()));
    sdk::ContainerOptions options;
    options.max_instances = kept;
    options.policies = {*policy};
    for (const std::string& container : containers) {
      if (auto done = ae.container(container).ensure(options); !done) return done;
    }
    return Result<void>();
  };
  // The others are made when there is something to write into them.
  std::vector<std::string> histories;
  for (const Vehicle& vehicle : settings_.vehicles) {
    if (histories.size() + vehicle.ecus.size() > kHistoriesMadeAtStart) break;
    for (const Ecu& ecu : vehicle.ecus) histories.push_back("history-" + ecu.serial);
  }
  if (auto done =
          ensure("reports-policy",
                 {{us, sdk::kMayDoAll}, {gateways, sdk::kMayCreate}, {settings_.operators, look}},
                 {kReports}, kKeptReports);
      !done) {
    return done;
  }
  if (auto done = ensure("commands-policy",
                         {{us, sdk::kMayDoAll}, {settings_.operators, look | sdk::kMayCreate}},
                         {kCommands}, kKeptCommands);
      !done) {
    return done;
  }
  return ensure(kHistoryPolicy, {{us, sdk::kMayDoAll}, {settings_.operators, look}}, histories,
                kKeptHistory);
}

Result<void> Service::attach(sdk::Ae& ae) {
  if (auto done = prepare(ae); !done) return done;
  // Campaigns first: until they are back nobody knows which images they hold.
  if (auto done = desk_.attach(ae); !done) return done;
  subscriptions_.clear();
  for (const std::string container : {kReports, kCommands}) {
    Result<sdk::Subscription> watch = ae.container(container).on_push(
        [this, container](const sdk::Event& event) { take(container, event.attributes); });
    if (!watch) return fail(watch.error());
    subscriptions_.push_back(*std::move(watch));
    if (auto done = catch_up(ae, container); !done) return done;
  }
  ae_ = &ae;
  return {};
}

void Service::detach() {
  desk_.detach();
  subscriptions_.clear();
  ae_ = nullptr;
}

// --- what goes ---------------------------------------------------------------------------------

/// The orders must be in the Director's metadata before the vehicle is told to look.
Result<void> Service::issue_orders(const std::string& vehicle) {
  if (parts_.repositories == nullptr) return {};
  std::vector<Repositories::Order> orders;
  {
    const std::lock_guard lock(mutex_);
    for (const Director::Order& each : director_.orders_of(vehicle)) {
      orders.push_back({each.serial, each.hardware_id, each.image, each.release});
    }
  }
  const auto issued = parts_.repositories->issue(vehicle, orders, parts_.clock());
  if (!issued) return fail(issued.error());
  if (!issued->fresh) return {};
  parts_.log.step('E', "directed",
                  {{"vehicle", vehicle},
                   {"version", std::to_string(issued->version)},
                   {"orders", std::to_string(orders.size())}});
  return {};
}

Result<void> Service::send_history(const Outgoing& what) {
  sdk::Container history = ae_->container(what.to);
  const Result<void> pushed = history.push(what.content);
  if (pushed || pushed.error().rsc != Rsc::kNotFound) return pushed;
  sdk::ContainerOptions options;
  options.max_instances = kKeptHistory;
  options.policies = {ae_->address_of(kHistoryPolicy)};
  if (auto done = history.ensure(options); !done) return done;
  return history.push(what.content);
}

Result<void> Service::send(const Outgoing& what) {
  if (what.kind == Outgoing::Kind::kHistory) return send_history(what);
  if (what.kind != Outgoing::Kind::kOffer) return ae_->container(what.to).push(what.content);
  std::string vehicle;
  {
    const std::lock_guard lock(mutex_);
    vehicle = director_.vehicle_of(what.serial);
  }
  if (auto issued = issue_orders(vehicle); !issued) return issued;
  const auto updated = sdk::Firmware(*ae_, what.to).update(what.content);
  if (!updated) return fail(updated.error());
  return {};
}

std::vector<Outgoing> Service::due() {
  const std::lock_guard lock(mutex_);
  const Timestamp now = parts_.clock();
  director_.tick(now);
  follow(now);
  flush();
  if (!stored_) return {};
  std::vector<Outgoing> out = director_.pending();
  std::erase_if(attempts_, [&](const auto& attempt) {
    return std::none_of(out.begin(), out.end(),
                        [&](const Outgoing& each) { return each.key == attempt.first; });
  });
  std::erase_if(out, [&](const Outgoing& each) {
    const auto attempt = attempts_.find(each.key);
    return attempt != attempts_.end() && attempt->second.next > now;
  });
  return out;
}

/// A vehicle may take days to look: what it finds must still hold then.
void Service::renew_orders() {
  if (parts_.repositories == nullptr) return;
  std::set<std::string> vehicles;
  {
    const std::lock_guard lock(mutex_);
    vehicles = director_.vehicles_with_orders();
  }
  for (const std::string& vehicle : vehicles) {
    // What fails is tried at the next tick; until then the vehicle refuses, and says why.
    [[maybe_unused]] const auto issued = issue_orders(vehicle);
  }
}

void Service::tick() {
  renew_orders();
  for (const Outgoing& what : due()) {
    if (ae_ == nullptr) return;
    {
      const std::lock_guard lock(mutex_);
      if (!director_.begin_sending(what)) continue;  // a campaign has just paused
    }
    if (const auto sent = send(what); !sent) {
      const auto known = attempts_.find(what.key);
      const auto pause =
          known == attempts_.end() ? kFirstPause : std::min(known->second.pause * 2, kLongestPause);
      attempts_[what.key] = {parts_.clock() + pause, pause};
      parts_.log.say(what.to + ": " + sent.error().detail + "; again in " +
                     std::to_string(pause.count()) + " s");
      continue;
    }
    change([&](Timestamp) { director_.delivered(what); });
  }
  if (desk_.work()) parts_.wake();
}

}  // namespace gatehouse::ota_server

#include "ae-apps/attestation/center/process/service.h"

#include <algorithm>

#include "ae-apps/attestation/evidence/witness/service.h"
#include "cse/codec/json.h"

namespace gatehouse::center {
namespace {

constexpr std::size_t kMaxQueued = 1'000;
constexpr std::int64_t kKeptInstances = 100;
constexpr std::int64_t kContentInstance = 4;
constexpr std::chrono::milliseconds kTick{200};
constexpr const char* kCommands = "commands";
constexpr const char* kReports = "reports";
constexpr const char* kResults = "results";
constexpr const char* kBulletins = "bulletins";

Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

/// The object in a contentInstance, whether it travelled as object or as its JSON text.
Value object_in(const Value& content) {
  const std::string* text = content.as_string();
  if (text == nullptr) return content;
  Result<Value> tree = parse_json(*text, {.max_bytes = 8u << 20, .max_depth = 8});
  return tree ? *std::move(tree) : Value();
}

}  // namespace

Result<std::unique_ptr<Service>> Service::start(ServiceSettings settings, std::ostream& steps,
                                                std::ostream& log) {
  std::unique_ptr<Service> out(new Service(std::move(settings), steps, log));
  if (auto done = out->open(); !done) return fail(done.error());
  return out;
}

Result<void> Service::open() {
  auto archive = Archive::open(settings_.archive, evidence::http_transport());
  if (!archive) return fail(archive.error());
  archive_ = *std::move(archive);
  verifier_ =
      std::make_unique<attest::VerifierClient>(settings_.verifier_url, settings_.verifier_tls);
  auto ae = sdk::Ae::connect(settings_.ae);
  if (!ae) return fail(ae.error());
  ae_ = *std::move(ae);
  if (auto done = open_conductor(); !done) return done;
  if (auto done = prepare(); !done) return done;
  log_.step('C', "registered", {{"ae", ae_->sp_relative_id()}});
  conductor_->tell_standing();
  worker_ = std::thread([this] { work(); });
  return {};
}

Result<void> Service::open_conductor() {
  auto key = evidence::kept_key(settings_.key, crypto::Algorithm::kEcdsaP256);
  if (!key) return fail(key.error());
  const auto verifier_key = crypto::PublicKey::from_pem(settings_.verifier_key_pem);
  if (!verifier_key) return fail(verifier_key.error());
  std::map<std::string, crypto::PublicKey> device_keys;
  ConductorSettings conductor{now, {}, *verifier_key};
  conductor.attest_interval = settings_.attest_interval;
  for (const Device& each : settings_.devices) {
    auto device_key = crypto::PublicKey::from_pem(each.certificate);
    if (!device_key) return fail(device_key.error());
    device_keys.emplace(each.device, *std::move(device_key));
    conductor.devices.insert(each.device);
  }
  CenterSettings center;
  center.clock = now;
  center.key_of = [device_keys, verifier = *verifier_key](
                      std::string_view role,
                      const std::string& device) -> std::optional<crypto::PublicKey> {
    if (role == "verifier") return verifier;
    const auto found = device_keys.find(device);
    if (role != "device" || found == device_keys.end()) return std::nullopt;
    return found->second;
  };
  auto resumed = Conductor::resume(*archive_, *std::move(key), std::move(center),
                                   std::move(conductor), links());
  if (!resumed) return fail(resumed.error());
  conductor_.emplace(*std::move(resumed));
  return {};
}

Result<std::string> Service::log_key(const ServiceSettings& settings) {
  auto key = evidence::kept_key(settings.archive.key, crypto::Algorithm::kEd25519);
  if (!key) return fail(key.error());
  const auto vkey = evidence::VerifierKey::make(
      settings.archive.origin, evidence::SignatureType::kEd25519, key->public_key());
  if (!vkey) return fail(vkey.error());
  return vkey->to_text();
}

/// Containers, who may use them, and what came while we were away.
Result<void> Service::prepare() {
  const std::vector<std::string> us = {ae_->id(), ae_->sp_relative_id()};
  std::vector<std::string> supports;
  for (const Device& each : settings_.devices) supports.push_back(each.support_ae);
  const unsigned look = sdk::kMayRetrieve | sdk::kMayDiscover;
  const auto ensure = [&](const char* name, const std::vector<std::string>& writers) {
    std::vector<sdk::AccessRule> rules = {{us, sdk::kMayDoAll}};
    if (!settings_.operators.empty()) rules.push_back({settings_.operators, look});
    if (!writers.empty()) rules.push_back({writers, sdk::kMayCreate});
    const auto policy = ae_->ensure_policy(std::string(name) + "-policy", rules);
    if (!policy) return Result<void>(fail(policy.error()));
    sdk::ContainerOptions options;
    options.max_instances = kKeptInstances;
    options.policies = {*policy};
    return ae_->container(name).ensure(options);
  };
  if (auto done = ensure(kCommands, settings_.operators); !done) return done;
  if (auto done = ensure(kReports, supports); !done) return done;
  if (auto done = ensure(kResults, {}); !done) return done;
  const auto ours = ae_->ensure_policy("bulletins-policy", {{us, sdk::kMayDoAll}});
  if (!ours) return fail(ours.error());
  if (auto done = prepare_bulletins(*ours); !done) return done;
  if (auto done = watch(kReports); !done) return done;
  return watch(kCommands);
}

/// What only trusted devices may read, and who says which those are: we. A device that was never
/// attested is not trusted.
Result<void> Service::prepare_bulletins(const std::string& policy) {
  TrustDesk::Originators originators;
  for (const Device& each : settings_.devices) originators[each.device] = each.originators;
  trust_ = std::make_unique<TrustDesk>(*ae_, settings_.archive.folder, std::move(originators));
  ae_->on_message([this](const Request& request) {
    return trust_->answer(request.content ? *request.content : Value());
  });
  return trust_->prepare(kBulletins, policy, kKeptInstances);
}

Result<void> Service::watch(const std::string& container) {
  auto watched = ae_->container(container).on_push([this, container](const sdk::Event& event) {
    if (const Value* content = event.attributes.find("con"))
      enqueue(container, object_in(*content));
  });
  if (!watched) return fail(watched.error());
  subscriptions_.push_back(*std::move(watched));
  if (container != kReports) return {};  // an order of yesterday is none today
  if (const auto missed = ae_->container(container).latest<Value>(); missed && *missed) {
    enqueue(container, object_in(**missed));
  }
  return {};
}

void Service::enqueue(const std::string& container, const Value& content) {
  const std::lock_guard lock(mutex_);
  if (came_.size() >= kMaxQueued) return log_.say("too much comes: something is dropped");
  came_.emplace_back(container, content);
  wake_.notify_one();
}

void Service::work() {
  for (;;) {
    std::optional<std::pair<std::string, Value>> one;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kTick, [this] { return stopping_ || !came_.empty(); });
      if (stopping_) return;
      if (!came_.empty()) {
        one = std::move(came_.front());
        came_.pop_front();
      }
    }
    if (!one) {
      conductor_->tick();
      continue;
    }
    const auto done =
        one->first == kReports ? conductor_->report(one->second) : conductor_->command(one->second);
    if (!done) {
      tell(Value::object({{"device", one->second.string_at("device")},
                          {"event", "refused"},
                          {"what", one->first},
                          {"reason", done.error().detail}}));
    }
  }
}

void Service::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (worker_.joinable()) worker_.join();
  subscriptions_.clear();
  ae_.reset();
}

// --- how others are reached --------------------------------------------------------------------

const Device* Service::device_of(const std::string& device) const {
  const auto found = std::ranges::find(settings_.devices, device, &Device::device);
  return found == settings_.devices.end() ? nullptr : &*found;
}

Links Service::links() {
  Links out;
  out.verifier = [this](const std::string& question, const Value& content) {
    return verifier_->ask(question, content);
  };
  out.device = [this](const std::string& device, const Value& request) {
    return ae_->container(device_of(device)->requests).push(request);
  };
  out.update = [this](const std::string& device) {
    return ae_->container(settings_.ota_server + "/commands")
        .push(Value::object({{"ask", device_of(device)->cse_id}}));
  };
  out.history = [this](const std::string& ecu) { return history_of(ecu); };
  out.trust = [this](const std::string& device, bool trusted) {
    return trust_->set(device, trusted);
  };
  out.tell = [this](const Value& news) { tell(news); };
  return out;
}

Result<std::vector<Value>> Service::history_of(const std::string& ecu) {
  FilterCriteria filter;
  filter.resource_types = {kContentInstance};
  const auto found = ae_->discover(settings_.ota_server + "/history-" + ecu, filter);
  if (!found) return fail(found.error());
  std::vector<Value> out;
  for (const std::string& address : *found) {
    const auto instance = ae_->retrieve(address);
    const Value* content = instance ? instance->find("con") : nullptr;
    if (content != nullptr) out.push_back(object_in(*content));
  }
  std::ranges::stable_sort(out, {}, [](const Value& entry) { return entry.string_at("at"); });
  return out;
}

void Service::tell(const Value& news) {
  // First the resource: who reads of an event in the log finds it there.
  if (ae_ != nullptr) {
    if (auto told = ae_->container(kResults).push(news); !told) {
      log_.say("results: " + told.error().detail);
    }
  }
  std::vector<ota::StepLog::Field> fields;
  for (const Member& member : *news.as_object()) {
    if (member.name == "event" || member.name == "jws") continue;
    const std::string* text = member.value.as_string();
    fields.emplace_back(member.name, text != nullptr ? *text : to_json(member.value));
  }
  log_.step('C', news.string_at("event"), fields);
}

}  // namespace gatehouse::center

#include "ae-apps/attestation/support/support.h"

#include <algorithm>
#include <cstdlib>

#include "ae-apps/attestation/tnc/stream/collector.h"
#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

using evidence::RecordKind;

constexpr std::size_t kMaxRequests = 64;
constexpr std::size_t kKeptReplies = 16;
constexpr std::size_t kMaxRepliesBytes = 64u << 20;
constexpr std::size_t kMaxReceiptBytes = 1u << 20;
constexpr std::int64_t kKeptInstances = 20;
constexpr std::int64_t kContentInstance = 4;
constexpr std::size_t kMaxIdBytes = 128;
constexpr const char* kResetsFile = "resets-before";

/// The object in a contentInstance, whether it travelled as object or as its JSON text.
Value object_in(const Value& content) {
  const std::string* text = content.as_string();
  if (text == nullptr) return content;
  Result<Value> tree = parse_json(*text, {.max_bytes = 1u << 20, .max_depth = 8});
  return tree ? *std::move(tree) : Value();
}

/// How the last update ended, as a [firmware] says (uds/sus): 1 well, 2 badly; 0: nothing is said.
std::int64_t outcome_in(const Value& firmware) {
  const Value* status = firmware.find("uds");
  return status != nullptr ? status->integer_at("sus") : 0;
}

/// Where in the operation's chain the record stands that the Center asks for.
Result<evidence::Place> place_in(const Value& request) {
  const Value* place = request.find("place");
  return evidence::place_from(place != nullptr ? *place : Value());
}

Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace

Result<std::unique_ptr<Support>> Support::start(SupportSettings settings, Attester& attester,
                                                std::ostream& steps, std::ostream& log,
                                                std::unique_ptr<sdk::Link> link) {
  std::unique_ptr<Support> out(new Support(std::move(settings), attester, steps, log));
  if (auto done = out->open(std::move(link)); !done) return fail(done.error());
  return out;
}

Result<void> Support::open(std::unique_ptr<sdk::Link> link) {
  if (auto done = load_replies(); !done) return done;
  auto ae = link ? sdk::Ae::connect(settings_.ae, std::move(link)) : sdk::Ae::connect(settings_.ae);
  if (!ae) return fail(ae.error());
  ae_ = *std::move(ae);
  inventory_ = std::make_unique<InventoryReader>(settings_, *ae_);
  worker_ = std::thread([this] { work(); });
  if (auto done = prepare(); !done) return done;
  log_.step('M', "registered",
            {{"ae", ae_->sp_relative_id()}, {"assurance", attester_.assurance()}});
  return {};
}

/// Who may do what, and what we listen to.
Result<void> Support::prepare() {
  const std::vector<std::string> us = {ae_->id(), ae_->sp_relative_id()};
  const unsigned look = sdk::kMayRetrieve | sdk::kMayDiscover;
  const auto ensure = [&](const std::string& name, const std::vector<std::string>& writers) {
    std::vector<sdk::AccessRule> rules = {{us, sdk::kMayDoAll}};
    if (!writers.empty()) rules.push_back({writers, look | sdk::kMayCreate});
    if (!settings_.readers.empty()) rules.push_back({settings_.readers, look});
    const auto policy = ae_->ensure_policy(name + "-policy", rules);
    if (!policy) return Result<void>(fail(policy.error()));
    sdk::ContainerOptions options;
    options.max_instances = kKeptInstances;
    options.policies = {*policy};
    return ae_->container(name).ensure(options);
  };
  if (auto done = ensure("requests", {settings_.center_ae}); !done) return done;
  if (auto done = ensure("evidence", {}); !done) return done;
  if (auto done = ensure("ecu-reports", {settings_.gateway_ae}); !done) return done;
  auto reports = ae_->container("ecu-reports").on_push([this](const sdk::Event& event) {
    if (const Value* content = event.attributes.find("con")) inventory_->take(object_in(*content));
  });
  if (!reports) return fail(reports.error());
  subscriptions_.push_back(*std::move(reports));
  auto requests = ae_->container("requests").on_push([this](const sdk::Event& event) {
    if (const Value* content = event.attributes.find("con")) enqueue(object_in(*content));
  });
  if (!requests) return fail(requests.error());
  subscriptions_.push_back(*std::move(requests));
  // What came while we were away.
  if (const auto missed = ae_->container("requests").latest<Value>(); missed && *missed) {
    enqueue(object_in(**missed));
  }
  return {};
}

void Support::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (worker_.joinable()) worker_.join();
  subscriptions_.clear();
  ae_.reset();
}

void Support::enqueue(const Value& request) {
  const std::lock_guard lock(mutex_);
  if (requests_.size() >= kMaxRequests) return log_.say("too many requests: one is dropped");
  requests_.push_back(request);
  wake_.notify_one();
}

void Support::work() {
  for (;;) {
    Value request;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
      if (stopping_) return;
      request = std::move(requests_.front());
      requests_.pop_front();
    }
    handle(request);
  }
}

void Support::handle(const Value& request) {
  const std::string id = request.string_at("id");
  if (id.empty() || id.size() > kMaxIdBytes) return log_.say("a request without an id is ignored");
  const Value* known = reply_to(id);
  Value reply;
  if (known != nullptr) {
    reply = *known;
  } else {
    log_.step('M', "asked", {{"op", request.string_at("op")}, {"id", id}});
    const auto made = answer(request);
    reply = made ? *made : Value::object({{"refused", made.error().detail}});
    reply.set("device", attester_.settings().device).set("id", id);
    // A refusal is not kept: what stood in the way may pass.
    if (made) {
      if (auto kept = keep_reply(id, reply); !kept) return log_.say(kept.error().detail);
    }
  }
  if (auto sent = ae_->container(settings_.center_reports).push(reply); !sent) {
    return log_.say("answer to " + id + ": " + sent.error().detail);
  }
  log_.step('M', "answered", {{"id", id}, {"refused", reply.string_at("refused")}});
}

Result<Value> Support::answer(const Value& request) {
  using Handler = Result<Value> (Support::*)(const Value&);
  static constexpr std::pair<std::string_view, Handler> kHandlers[] = {
      {"attest", &Support::attest},        {"apply", &Support::apply},
      {"consent", &Support::consent},      {"rollback", &Support::rollback},
      {"enrol", &Support::enrol},          {"activate", &Support::activate},
      {"receipt", &Support::keep_receipt}, {"reboots", &Support::reboots},
      {"tnc", &Support::speak_tnc}};
  const std::string op = request.string_at("op");
  for (const auto& [name, handler] : kHandlers) {
    if (op == name) return (this->*handler)(request);
  }
  return fail(
      Rsc::kBadRequest,
      "op: must be attest, consent, apply, rollback, enrol, activate, receipt, reboots or tnc");
}

Result<Value> Support::signed_reply(evidence::Record record) {
  if (auto done = attester_.sign(record); !done) return fail(done.error());
  return Value::object({{"record", evidence::encode(record)}});
}

/// Steps 3 to 5.
Result<Value> Support::attest(const Value& request) {
  const auto challenge = parse_challenge(request.string_at("challenge"));
  if (!challenge) return fail(challenge.error());
  const Value* place_value = request.find("place");
  std::optional<evidence::Place> place;
  if (place_value != nullptr) {
    const auto read = evidence::place_from(*place_value);
    if (!read) return fail(read.error());
    place = *read;
  }
  if (challenge->purpose == "before") {
    if (auto done = attester_.count_operation(); !done) return fail(done.error());
    if (auto done = remember_resets(); !done) return fail(done.error());
  }
  const auto inventory = inventory_->find(*challenge);
  if (!inventory) return fail(inventory.error());
  std::vector<std::string> fresh;
  const auto found = attester_.attest(*challenge, inventory->ecus, inventory->reports, &fresh);
  if (!found) return fail(found.error());
  const std::string text = encode(*found);
  log_.step('M', "measured",
            {{"purpose", challenge->purpose},
             {"ecus", std::to_string(inventory->ecus.size())},
             {"bytes", std::to_string(text.size())},
             {"evidence", hash_of(*found)}});
  for (const std::string& id : fresh) log_.step('M', "new", {{"ecu", id}});
  if (auto kept = ae_->container("evidence").push(text); !kept) {
    log_.say("evidence: " + kept.error().detail);  // for people; the Center gets it anyhow
  }
  if (!place) return Value::object({{"evidence", text}});
  evidence::Record record = evidence::record_at(
      *place, attester_.settings().device,
      challenge->purpose == "before" ? RecordKind::kBeforeEvidence : RecordKind::kAfterEvidence,
      now());
  record.facts["assurance"] = attester_.assurance();
  record.files["evidence"] = hash_of(*found);
  auto reply = signed_reply(std::move(record));
  if (reply) reply->set("evidence", text);
  return reply;
}

Result<Value> Support::firmware_of(const std::string& part) {
  return ae_->retrieve(settings_.ae.csebase + "/ecu-" + part + "/firmware");
}

/// Step 11: what became of one part, as its [firmware] at the device's own CSE says.
Result<Value> Support::apply(const Value& request) {
  const auto place = place_in(request);
  if (!place) return fail(place.error());
  const std::string part = request.string_at("part");
  const auto firmware = firmware_of(part);
  if (!firmware) return fail(firmware.error());
  const std::int64_t outcome = outcome_in(*firmware);
  if (outcome != 1 && outcome != 2) {
    return fail(Rsc::kConflict, "the update of " + part + " is not finished");
  }
  evidence::Record record =
      evidence::record_at(*place, attester_.settings().device, RecordKind::kApply, now());
  record.facts["part"] = part;
  record.facts["version"] = firmware->string_at("vr", "unknown");
  record.facts["outcome"] = outcome == 1 ? std::string(evidence::kSuccessful)
                                         : std::string("failed; it runs what it ran before");
  log_.step(
      'M', "applied",
      {{"ecu", part}, {"version", record.facts["version"]}, {"outcome", record.facts["outcome"]}});
  return signed_reply(std::move(record));
}

/// What the user answered when the update of a part was offered: the OTA gateway's own words, which
/// only it can write. None is known: no record, and the Center goes on.
Result<Value> Support::consent(const Value& request) {
  const auto place = place_in(request);
  if (!place) return fail(place.error());
  const std::string part = request.string_at("part"), version = request.string_at("version");
  FilterCriteria filter;
  filter.resource_types = {kContentInstance};
  const auto found =
      settings_.gateway.empty()
          ? Result<std::vector<std::string>>(std::vector<std::string>())
          : ae_->discover(settings_.ae.csebase + "/" + settings_.gateway + "/consents", filter);
  if (!found) return fail(found.error());
  Value newest;
  for (const std::string& address : *found) {
    const auto instance = ae_->retrieve(address);
    const Value* content = instance ? instance->find("con") : nullptr;
    Value said = content != nullptr ? object_in(*content) : Value();
    if (said.string_at("ecu") != part || said.string_at("to") != version) continue;
    if (said.string_at("decision") == "postponed") continue;  // the user has not decided yet
    if (newest.is_null() || newest.string_at("at") < said.string_at("at")) newest = std::move(said);
  }
  if (newest.is_null()) return Value::object({{"consent", "none"}});
  evidence::Record record =
      evidence::record_at(*place, attester_.settings().device, RecordKind::kConsent, now());
  record.facts = {{"part", part},
                  {"version", version},
                  {"decision", newest.string_at("decision")},
                  {"by", newest.string_at("by")},
                  {"at", newest.string_at("at")}};
  log_.step('M', "consent", {{"ecu", part}, {"decision", record.facts["decision"]}});
  return signed_reply(std::move(record));
}

/// A part whose update failed: what it runs now.
Result<Value> Support::rollback(const Value& request) {
  const auto place = place_in(request);
  if (!place) return fail(place.error());
  const std::string part = request.string_at("part");
  const auto firmware = firmware_of(part);
  if (!firmware) return fail(firmware.error());
  if (outcome_in(*firmware) != 2) {
    return fail(Rsc::kConflict, "the update of " + part + " did not fail");
  }
  evidence::Record record =
      evidence::record_at(*place, attester_.settings().device, RecordKind::kRollback, now());
  record.facts["part"] = part;
  record.facts["version"] = firmware->string_at("vr", "unknown");
  log_.step('M', "rollback", {{"ecu", part}, {"version", record.facts["version"]}});
  return signed_reply(std::move(record));
}

Result<Value> Support::enrol(const Value&) {
  return Value::object({{"identity", to_value(attester_.identity())}});
}

Result<Value> Support::activate(const Value& request) {
  const auto blob = from_base64(request.string_at("credential"));
  const auto nonce = from_hex(request.string_at("nonce"));
  if (!blob || !nonce) return fail(Rsc::kBadRequest, "credential or nonce is malformed");
  const auto credential = read_credential(*blob);
  if (!credential) return fail(credential.error());
  const auto secret = attester_.activate(*credential);
  if (!secret) return fail(secret.error());
  const auto certified = attester_.certify_device_key(*nonce);
  if (!certified) return fail(certified.error());
  return Value::object({{"secret", to_hex(*secret)},
                        {"certify", Value::array({to_base64(certified->message),
                                                  to_base64(certified->signature)})}});
}

Result<Value> Support::keep_receipt(const Value& request) {
  const std::string text = request.string_at("receipt");
  const std::int64_t operation = request.integer_at("operation");
  if (text.empty() || text.size() > kMaxReceiptBytes || operation < 1) {
    return fail(Rsc::kBadRequest, "receipt: must be a proof of at most 1 MiB for an operation");
  }
  const auto folder = attester_.settings().folder / "receipts";
  std::error_code ignored;  // the file says if it did not work
  std::filesystem::create_directories(folder, ignored);
  if (auto kept = ota::replace_file(folder / (std::to_string(operation) + ".proof"), text); !kept) {
    return fail(kept.error());
  }
  log_.step('M', "receipt", {{"operation", std::to_string(operation)}});
  return Value::object({{"kept", operation}});
}

Result<void> Support::remember_resets() {
  const auto count = attester_.reset_count();
  if (!count) return fail(count.error());
  return ota::replace_file(attester_.settings().folder / kResetsFile, std::to_string(*count));
}

/// How often the machine was started since its state before: a record if it was.
Result<Value> Support::reboots(const Value& request) {
  const auto place = place_in(request);
  if (!place) return fail(place.error());
  const auto before = ota::read_text(attester_.settings().folder / kResetsFile, kMaxIdBytes);
  const auto count = attester_.reset_count();
  if (!before) return fail(before.error());
  if (!count) return fail(count.error());
  const auto resets =
      static_cast<std::int64_t>(*count) - std::strtoll(before->c_str(), nullptr, 10);
  if (before->empty() || resets <= 0) return Value::object({{"resets", 0}});
  evidence::Record record =
      evidence::record_at(*place, attester_.settings().device, RecordKind::kReboot, now());
  record.facts["reason"] = std::to_string(resets) + " since its state before was measured";
  record.facts["resets"] = std::to_string(resets);
  log_.step('M', "reboots", {{"count", std::to_string(resets)}});
  return signed_reply(std::move(record));
}

/// The same evidence by TNC, to the server of our own configuration.
Result<Value> Support::speak_tnc(const Value&) {
  if (settings_.tnc_server.empty() || !settings_.ae.tls) {
    return fail(Rsc::kNotAcceptable, "tnc: no server is configured");
  }
  const auto key = crypto::PublicKey::from_pem(
      *pem_of(*parse_public_area(attester_.identity().attestation_key)));
  if (!key) return fail(key.error());
  std::string hash;
  const auto evidence = [&](const std::string& text) -> Result<std::string> {
    const auto challenge = parse_challenge(text);
    if (!challenge) return fail(challenge.error());
    const auto inventory = inventory_->find(*challenge);
    if (!inventory) return fail(inventory.error());
    const auto found = attester_.attest(*challenge, inventory->ecus, inventory->reports);
    if (!found) return fail(found.error());
    hash = hash_of(*found);
    return encode(*found);
  };
  tnc::TncClient::Parts parts{evidence, key->spki_der()};
  if (const auto tpm = attester_.identification()) {
    parts.tpm_version = tnc::TpmVersion{0, tpm->revision, tpm->year, tpm->vendor};
  }
  const auto outcome = tnc::be_validated(
      {settings_.tnc_server, settings_.tnc_port, *settings_.ae.tls}, std::move(parts));
  if (!outcome) return fail(outcome.error());
  constexpr const char* kAccess[] = {"", "allowed", "denied", "quarantined"};
  log_.step('M', "tnc",
            {{"access", kAccess[static_cast<int>(outcome->access)]}, {"evidence", hash}});
  return Value::object({{"assessment", static_cast<int>(outcome->assessment)},
                        {"access", kAccess[static_cast<int>(outcome->access)]},
                        {"reason", outcome->reason},
                        {"evidence_hash", hash}});
}

// --- answers that were given -------------------------------------------------------------------

const Value* Support::reply_to(const std::string& id) const {
  const auto found = std::ranges::find(replies_, id, [](const auto& pair) { return pair.first; });
  return found == replies_.end() ? nullptr : &found->second;
}

Result<void> Support::load_replies() {
  const auto text = ota::read_text(attester_.settings().folder / "replies.json", kMaxRepliesBytes);
  if (!text) return fail(text.error());
  if (text->empty()) return {};
  const auto tree = parse_json(*text, {.max_bytes = kMaxRepliesBytes, .max_depth = 8});
  if (!tree || !tree->is_array()) return fail(Rsc::kNotAcceptable, "replies.json is damaged");
  for (const Value& reply : *tree->as_array()) replies_.emplace_back(reply.string_at("id"), reply);
  return {};
}

Result<void> Support::keep_reply(const std::string& id, const Value& reply) {
  replies_.emplace_back(id, reply);
  if (replies_.size() > kKeptReplies) replies_.pop_front();
  Value all = Value::array();
  for (const auto& [name, kept] : replies_) all.push_back(kept);
  return ota::replace_file(attester_.settings().folder / "replies.json", to_json(all));
}

}  // namespace gatehouse::attest

// The thirteen steps of remote maintenance, around the update.
#include "ae-apps/demo/attestation_steps.h"

#include <algorithm>

#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/attestation/verifier/verdict.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/image/image.h"
#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

constexpr Milliseconds kLimit{30'000};
constexpr Milliseconds kToolLimit{30'000};
constexpr const char* kResults = "cse-in/center/results";
constexpr const char* kSensor = "RAIN-0001";
constexpr std::size_t kMaxImageBytes = 64u << 20;

/// [deviceInfo] of a sensor, without which nobody would know what it is.
Value description_of(const std::string& label, const std::string& model) {
  return Value::object({{"dlb", label},
                        {"dty", "sensor"},
                        {"fwv", "1.0"},
                        {"hwv", "A"},
                        {"man", "Sensors Ltd"},
                        {"mod", model}});
}

Request create(const std::string& to, std::int64_t type, const std::string& root,
               Value attributes) {
  Request out;
  out.operation = Operation::kCreate;
  out.to = to;
  out.resource_type = type;
  Value content = Value::object();
  content.set(root, std::move(attributes));
  out.content = std::move(content);
  return out;
}

Value rule(const Value& originators, unsigned operations) {
  return Value::object({{"acor", originators}, {"acop", operations}});
}

}  // namespace

void AttestationSteps::begin(const std::string& where, const std::string& log) {
  where_ = where;
  log_ = car_.layout().log(log);
  lap_ = Clock::now();
}

Duration AttestationSteps::lap() {
  const auto now = Clock::now();
  return std::chrono::duration_cast<Duration>(now - std::exchange(lap_, now));
}

/// The next line of the Center with that event; what it refuses or fails ends the waiting.
Result<StepEvent> AttestationSteps::await(const std::string& event, std::size_t& mark) {
  std::optional<StepEvent> found;
  std::string trouble;
  const auto look = [&] {
    for (const StepEvent& each : car_.feed().events_since(mark)) {
      ++mark;
      if (each.source != "center") continue;
      const std::string name = each.at("event");
      if (name == event) {
        found = each;
        return true;
      }
      if (name == "failure" || name == "trouble" || name == "refused" || name == "expired") {
        trouble = name + ": " + each.at("reason") + each.at("says");
        return true;
      }
    }
    return false;
  };
  if (auto done = crew_.wait_until("the Center: " + event, kLimit, look); !done) {
    if (!crew_.culprit_log().empty()) log_ = crew_.culprit_log();
    return fail(done.error());
  }
  if (!found) return fail(Rsc::kNotAcceptable, "the Center: " + trouble);
  return *found;
}

/// The newest verdict that the Center tells of, checked with the verifier's key.
Result<AttestationSteps::Verdict> AttestationSteps::newest_verdict() {
  const auto key = crypto::PublicKey::load(car_.layout().file("keys/verifier.pub.pem"));
  if (!key) return fail(key.error());
  std::string jws;
  for (const Value& news : car_.in().contents(kResults)) {
    if (!news.string_at("jws").empty()) jws = news.string_at("jws");
  }
  const auto payload = attest::open_jws(jws, attest::kVerdictType, {*key});
  if (!payload) return fail(payload.error());
  const auto claims = parse_json(*payload);
  if (!claims) return fail(claims.error());
  const Value* modules = claims->find("submods");
  const Value* module = modules != nullptr ? modules->find(kDevice) : nullptr;
  const Value* own = module != nullptr ? module->find("gatehouse") : nullptr;
  if (own == nullptr) return fail(Rsc::kNotAcceptable, "the verdict is about something else");
  Verdict out{own->string_at("recommendation"),
              own->string_at("reason"),
              {},
              own->string_at("assurance"),
              {}};
  if (const Value* list = own->find("whiteList")) {
    out.white_list = std::to_string(list->integer_at("number"));
  }
  const Value* components = own->find("components");
  for (std::size_t i = 0; components != nullptr && i < components->size(); ++i) {
    const Value& each = (*components->as_array())[i];
    out.components[each.string_at("component")] = {
        each.string_at("finding"), each.string_at("version"), each.string_at("reason"),
        each.bool_at("spokenForByGateway")};
  }
  return out;
}

// --- before the update -------------------------------------------------------------------------

Result<void> AttestationSteps::prepare() {
  screen_.chapter("", "Remote maintenance with evidence: measured before, changed, measured after");
  const auto start = Clock::now();
  for (const auto step : {&AttestationSteps::begin_white_list, &AttestationSteps::start_support,
                          &AttestationSteps::start_verifier, &AttestationSteps::start_tnc,
                          &AttestationSteps::start_center}) {
    if (auto done = (this->*step)(); !done) return done;
  }
  screen_.done("support, verifier, Center, 2 witnesses",
               "the car has a TPM in software, which every verdict says",
               std::chrono::duration_cast<Duration>(Clock::now() - start));
  return first_attestation();
}

Result<void> AttestationSteps::before() {
  if (auto done = prepare(); !done) return done;
  if (auto done = plug_in(kSensor, "rain-2", true); !done) return done;
  // The factory's version is to be replaced: still allowed, for a day.
  for (const EcuPlan& ecu : car_.layout().ecus) {
    references_["ecu:" + ecu.serial].front().standing = "superseded";
  }
  if (auto done = issue_white_list(); !done) return done;
  const std::size_t mark = car_.feed().size();
  if (auto done = maintain("brakes stop in a shorter distance"); !done) return done;
  if (before_.recommendation != "allowed") return fail(Rsc::kNotAcceptable, before_.reason);
  const auto selected = await("selection", mark_);
  if (!selected) return fail(selected.error());
  screen_.step('7', {"Center",
                     "Center",
                     "7, 8 what shall be updated, and by what",
                     "selected",
                     {selected->at("says")},
                     lap()});
  // Its question to the car is answered before the story asks its own.
  return await_inventory(mark);
}

/// Enrolment by credential activation, and the inventory with which later ones are compared.
Result<void> AttestationSteps::first_attestation() {
  begin("the enrolment of the car", "center.log");
  const Answer command = car_.in().push(kCommands, Value::object({{"attest", kDevice}}));
  if (!is_success(command.rsc)) return fail(command.rsc, command.reason);
  const auto enrolled = await("enrolled", mark_);
  if (!enrolled) return fail(enrolled.error());
  screen_.step('1', {"verifier",
                     "TPM of the car",
                     "enrol: credential activation",
                     "enrolled",
                     {"only the TPM with the endorsement key " + shortened(ek_name_) +
                      " opens it; its attestation key certified the key that signs records"},
                     lap()});
  const auto attested = await("attested", mark_);
  if (!attested) return fail(attested.error());
  const auto verdict = newest_verdict();
  if (!verdict) return fail(verdict.error());
  if (verdict->recommendation != "allowed") return fail(Rsc::kNotAcceptable, verdict->reason);
  screen_.step('1', {"verifier",
                     "Center",
                     "first attestation",
                     verdict->recommendation,
                     {std::to_string(verdict->components.size()) + " components match white list " +
                      verdict->white_list},
                     lap()});
  return {};
}

/// A new device at the car's CSE, as its installer registers it.
Result<void> AttestationSteps::plug_in(const std::string& label, const std::string& model,
                                       bool authorised) {
  begin("plugging in " + label, "mn-cse.log");
  CseClient& mn = car_.mn();
  const Value administrator = Value::array({"CAdmin", "/id-mn/CAdmin"});
  const std::string policy = "sensor-" + label + "-policy";
  const Answer made = mn.ask(create(
      "cse-mn", 1, "m2m:acp",
      Value::object(
          {{"rn", policy},
           {"pv", Value::object({{"acr", Value::array({rule(administrator, 63),
                                                       rule(Value::array({"Csupport"}), 34)})}})},
           {"pvs", Value::object({{"acr", Value::array({rule(administrator, 63)})}})}})));
  if (!is_success(made.rsc)) return fail(made.rsc, made.reason);
  const Value policies = Value::array({"cse-mn/" + policy});
  const Answer node = mn.ask(create(
      "cse-mn", 14, "m2m:nod",
      Value::object({{"rn", "sensor-" + label}, {"ni", "sensor:" + label}, {"acpi", policies}})));
  if (!is_success(node.rsc)) return fail(node.rsc, node.reason);
  Value info = description_of(label, model);
  if (authorised) {
    references_["ecu:" + label] = {
        {"1.0", "sha256:" + to_hex(crypto::sha256(view_of(to_json(info))))}};
  }
  info.set("rn", "device-info").set("mgd", 1007).set("acpi", policies);
  const Answer described = mn.ask(create("cse-mn/sensor-" + label, 13, "m2m:dvi", std::move(info)));
  if (!is_success(described.rsc)) return fail(described.rsc, described.reason);
  screen_.step('3', {"installer",
                     "MN-CSE",
                     "CREATE <node> with [deviceInfo] of " + label,
                     described.code(),
                     {authorised ? "a new sensor; the OEM adds it to the white list"
                                 : "a new camera, of which nobody was asked"},
                     lap()});
  return {};
}

Result<void> AttestationSteps::pull_out(const std::string& label) {
  Request remove;
  remove.operation = Operation::kDelete;
  remove.to = "cse-mn/sensor-" + label;
  const Answer gone = car_.mn().ask(std::move(remove));
  if (!is_success(gone.rsc)) return fail(gone.rsc, gone.reason);
  return {};
}

/// Steps 1 to 6, up to the verdict.
Result<void> AttestationSteps::maintain(const std::string& reason, bool with_murder) {
  begin("steps 1 to 6 (the state before)", "center.log");
  mark_ = car_.feed().size();
  const auto command = order(reason);
  if (!command) return fail(command.error());
  const struct {
    const char* event;
    StepLine line;
  } steps[] = {
      {"open", {"CAdmin", "Center", "CREATE center/commands", command->code(), {}, {}}},
      {"before-challenge", {"verifier", "Center", "1, 2 a nonce, used once", "signed", {}, {}}},
      {"before-evidence", {"support", "Center", "3-5 measured, quoted, reported", "2001", {}, {}}},
      {"before-result", {"verifier", "Center", "6 compared with the white list", "", {}, {}}},
  };
  for (const auto& step : steps) {
    const auto seen = await(step.event, mark_);
    if (!seen) return fail(seen.error());
    if (with_murder && step.event == std::string("before-challenge")) {
      if (auto done = murder(); !done) return done;
    }
    StepLine line = step.line;
    line.evidence = {seen->at("says").empty() ? seen->at("reason") : seen->at("says")};
    if (line.status.empty()) {
      if (const auto told = await("verdict", mark_); !told) return fail(told.error());
      const auto verdict = newest_verdict();
      if (!verdict) return fail(verdict.error());
      before_ = *verdict;
      line.status = verdict->recommendation;
    }
    line.took = lap();
    if (line.status == "allowed" || step.event != std::string("before-result")) {
      screen_.step(step.event == std::string("open") ? '1' : '2', line);
    } else {
      screen_.refused('6', line);
    }
  }
  return {};
}

Result<void> AttestationSteps::murder() {
  const auto starts_of = [this](const std::string& name) {
    std::size_t count = 0;
    const std::string said = whole_file(car_.layout().log(name + ".out"));
    for (std::size_t at = said.find("READY"); at != std::string::npos;
         at = said.find("READY", at + 1)) {
      ++count;
    }
    return count;
  };
  for (const std::string name : {"center", "verifier", "support"}) {
    const std::size_t before = starts_of(name);
    if (auto done = crew_.kill_and_restart(name); !done) return done;
    const auto again = [&] { return starts_of(name) > before; };
    if (auto done = crew_.wait_until(name + " starts again", kLimit, again); !done) return done;
  }
  screen_.step('2', {"nobody",
                     "Center, verifier, support",
                     "kill -9 of all three, and a new start",
                     "resumed",
                     {"the operation goes on from the evidence log; the nonce is still good"},
                     lap()});
  return {};
}

/// The OTA server has heard of all ECUs what they run.
Result<void> AttestationSteps::await_inventory(std::size_t mark) {
  const auto look = [&] {
    std::map<std::string, bool> verified;
    for (const StepEvent& each : car_.feed().events_since(mark)) {
      if (each.source == "server" && each.at("event") == "decided") verified[each.at("ecu")] = true;
    }
    return verified.size() >= car_.layout().ecus.size();
  };
  return crew_.wait_until("the OTA server's inventory", kLimit, look);
}

StoryHooks AttestationSteps::hooks() {
  return {[this](const EcuPlan& ecu, const Image& image) { return released(ecu, image); },
          [this] { return after(); }};
}

/// The OEM's new release is in the white list before it is in any car.
Result<void> AttestationSteps::released(const EcuPlan& ecu, const Image& image) {
  const auto bytes = crypto::read_file(image.file, kMaxImageBytes);
  if (!bytes) return fail(bytes.error());
  const auto header = image::parse_header(*bytes);
  if (!header || !*header) return fail(Rsc::kInternalServerError, "no header of an image");
  references_["ecu:" + ecu.serial].push_back(
      {image.release.version, "sha256:" + to_hex((*header)->manifest.payload_sha256)});
  return issue_white_list();
}

// --- after the update --------------------------------------------------------------------------

Result<void> AttestationSteps::after() {
  screen_.chapter("", "The state after, and the evidence");
  begin("steps 9 to 13 (the state after)", "center.log");
  for (std::size_t i = 0; i < car_.layout().ecus.size(); ++i) {
    for (const char* event : {"delivery", "apply"}) {
      std::size_t mark = mark_;
      std::optional<StepEvent> seen;
      for (std::size_t nth = 0; nth <= i; ++nth) {
        auto one = await(event, mark);
        if (!one) return fail(one.error());
        seen = *std::move(one);
      }
      screen_.step(
          '9', {event == std::string("apply") ? "support" : "Center",
                "evidence log",
                event == std::string("apply") ? "10, 11 applied, signed by the car" : "9 delivered",
                "logged",
                {seen->at("says")},
                lap()});
    }
  }
  for (const char* event : {"after-evidence", "after-result", "verdict"}) {
    if (const auto seen = await(event, mark_); !seen) return fail(seen.error());
  }
  auto verdict = newest_verdict();
  if (!verdict) return fail(verdict.error());
  after_ = *std::move(verdict);
  screen_.step('6', {"verifier",
                     "Center",
                     "6 again: compared with the white list",
                     after_.recommendation,
                     {"white list " + after_.white_list},
                     lap()});
  const auto confirmed = await("confirmation", mark_);
  if (!confirmed) return fail(confirmed.error());
  const auto certified = await("certified", mark_);
  if (!certified) return fail(certified.error());
  screen_.step('C', {"Center",
                     "evidence log",
                     "12, 13 confirmed, closed, certified",
                     "cosigned",
                     {confirmed->at("says"),
                      "2 witnesses cosigned the log; RFC 3161 time stamp; "
                      "receipt in the car"},
                     lap()});
  certified_.push_back(1);
  print_side_by_side();
  if (after_.recommendation != "allowed") return fail(Rsc::kNotAcceptable, after_.reason);
  return {};
}

void AttestationSteps::print_side_by_side() {
  Table table{{"component", "before", "after"}, {}};
  std::map<std::string, std::pair<std::string, std::string>> rows;
  const auto text = [](const Found& found) {
    return found.version + " " + found.finding + (found.spoken_for ? " (the gateway says it)" : "");
  };
  for (const auto& [name, found] : before_.components) rows[name].first = text(found);
  for (const auto& [name, found] : after_.components) rows[name].second = text(found);
  for (const auto& [name, found] : rows) {
    // Paths of programs are long, and their last part is enough.
    const std::size_t slash = name.rfind('/');
    const std::string shown =
        slash == std::string::npos ? name : "file:…/" + name.substr(slash + 1);
    table.rows.push_back({shown, found.first, found.second});
  }
  table.rows.push_back({"= verdict", before_.recommendation, after_.recommendation});
  screen_.table(table);
}

// --- operations beside the story ---------------------------------------------------------------

Result<void> AttestationSteps::replace(const EcuPlan& ecu, const Image& image) {
  for (Reference& each : references_["ecu:" + ecu.serial]) each.standing = "superseded";
  return released(ecu, image);
}

Result<void> AttestationSteps::settle(const EcuPlan& ecu, const std::string& version) {
  std::vector<Reference>& known = references_["ecu:" + ecu.serial];
  std::erase_if(known, [&](const Reference& each) { return each.version != version; });
  for (Reference& each : known) each.standing = "allowed";
  return issue_white_list();
}

Result<Answer> AttestationSteps::order(const std::string& reason) {
  Answer answer =
      car_.in().push(kCommands, Value::object({{"maintain", kDevice}, {"reason", reason}}));
  if (!is_success(answer.rsc)) return fail(answer.rsc, answer.reason);
  return answer;
}

Result<void> AttestationSteps::attest() {
  const Answer answer = car_.in().push(kCommands, Value::object({{"attest", kDevice}}));
  if (!is_success(answer.rsc)) return fail(answer.rsc, answer.reason);
  return {};
}

std::string AttestationSteps::certificate_file(std::uint64_t operation) const {
  return car_.layout().file("archive/certificates/" + std::string(kDevice) + "-" +
                            std::to_string(operation) + ".json");
}

Result<std::string> AttestationSteps::audited(std::uint64_t operation) {
  if (auto done = write_anchors(); !done) return fail(done.error());
  return run("gatehouse-audit",
             {certificate_file(operation), "--trust", car_.layout().file("anchors.json")});
}

Result<std::string> AttestationSteps::audited_log() {
  const Layout& layout = car_.layout();
  std::vector<std::string> words = {"log", layout.file("archive/log"), "--trust",
                                    layout.file("anchors.json")};
  std::error_code error;
  for (const auto& receipt :
       std::filesystem::directory_iterator(layout.file("support/receipts"), error)) {
    words.insert(words.end(), {"--older", receipt.path().string()});
  }
  return run("gatehouse-audit", std::move(words));
}

}  // namespace gatehouse::demo

// The processes of remote maintenance, their keys and configurations.
#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/attestation/verifier/white_list.h"
#include "ae-apps/demo/attestation_steps.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/image/image.h"
#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

constexpr Milliseconds kToolLimit{30'000};
constexpr Milliseconds kStartLimit{20'000};
constexpr const char* kFirmware = "car firmware 7";
constexpr const char* kLoader = "loader 3";
constexpr std::size_t kMaxProgramBytes = 512u << 20;
constexpr const char* kPolicy =
    R"({"id":"car","version":1,"pcrs":"sha256:0,4,10,11","emulator":"allowed",)"
    R"("findings":{"new-unauthorised":"quarantined"}})";

Value tls_of(const Layout& layout, const std::string& name) {
  return Value::object({{"certificate", layout.certificate(name)},
                        {"key", layout.key(name)},
                        {"ca", layout.authority()}});
}

std::string digest_text(ByteView bytes) { return "sha256:" + to_hex(crypto::sha256(bytes)); }

Timestamp from_now(std::chrono::hours hours) {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Timestamp{std::chrono::duration_cast<std::chrono::microseconds>(since).count()} + hours;
}

/// A new key in a file, and its public half beside it.
Result<void> make_key(const Layout& layout, const std::string& name) {
  const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  if (!key) return fail(key.error());
  if (auto saved = key->save(layout.file("keys/" + name + ".pem")); !saved) return saved;
  return write_file(layout.file("keys/" + name + ".pub.pem"), key->public_key().to_pem());
}

/// The files that the support software measures.
std::vector<std::string> measured_files(const Layout& layout) {
  return {layout.program("gatehouse-support"), layout.program("gatehouse-ota-gateway"),
          layout.file("gateway.json")};
}

}  // namespace

Result<std::string> AttestationSteps::run(const std::string& program,
                                          std::vector<std::string> arguments) {
  const Layout& layout = car_.layout();
  arguments.insert(arguments.begin(), layout.program(program));
  return run_to_end(
      {program, std::move(arguments), {}, layout.log("attestation.out"), layout.log("tools.log")},
      kToolLimit);
}

Result<void> AttestationSteps::start(const std::string& name, const std::string& program,
                                     std::vector<std::string> arguments) {
  const Layout& layout = car_.layout();
  begin("the start of the " + name, name + ".log");
  arguments.insert(arguments.begin(), layout.program(program));
  const auto out = layout.log(name + ".out");
  if (auto done = crew_.start({name, std::move(arguments), {}, out, log_}); !done) return done;
  return crew_.wait_until(name + " starts", kStartLimit,
                          [&] { return whole_file(out).find("READY") != std::string::npos; });
}

Result<void> AttestationSteps::start_witnesses() {
  const Layout& layout = car_.layout();
  for (std::size_t i = 0; i < layout.witness_ports.size(); ++i) {
    const std::string name = "witness-" + std::to_string(i + 1);
    const std::vector<std::string> words = {"--name", name + ".example", "--key",
                                            layout.file("keys/" + name + ".pem")};
    std::vector<std::string> show = words;
    show.emplace_back("--show-key");
    auto key = run("gatehouse-witness", std::move(show));
    if (!key) return fail(key.error());
    while (key->ends_with('\n')) key->pop_back();
    witness_keys_.push_back(*key);
    std::vector<std::string> serve = words;
    serve.insert(serve.end(), {"--state", layout.file(name), "--log", log_key_, "--port",
                               std::to_string(layout.witness_ports[i])});
    if (auto done = start(name, "gatehouse-witness", std::move(serve)); !done) return done;
    witness_urls_.push_back("http://127.0.0.1:" + std::to_string(layout.witness_ports[i]));
  }
  return {};
}

Value AttestationSteps::support_configuration() const {
  const Layout& layout = car_.layout();
  Value files = Value::array();
  for (const std::string& file : measured_files(layout)) files.push_back(file);
  return Value::object({{"cse_url", layout.mn_url()},
                        {"cse_id", "/id-mn"},
                        {"csebase", "cse-mn"},
                        {"ae_id", "Csupport"},
                        {"broker", layout.broker_url()},
                        {"trust_broker_acl", true},
                        {"tls", Value::object({{"certificate", layout.certificate("support-tpm")},
                                               {"key", "tpm"},
                                               {"ca", layout.authority()}})},
                        {"tnc_server", "localhost"},
                        {"tnc_port", layout.tnc_port},
                        {"device", kDevice},
                        {"state_dir", layout.file("support")},
                        {"files", std::move(files)},
                        {"boot", Value::array({Value::object({{"pcr", 0}, {"name", kFirmware}}),
                                               Value::object({{"pcr", 4}, {"name", kLoader}})})},
                        {"readers", Value::array({"CAdmin", "/id-in/CAdmin"})}});
}

/// The car's TPM shows who it is; its device key is certified like any key of the provider's.
Result<void> AttestationSteps::start_support() {
  const Layout& layout = car_.layout();
  const std::string file = layout.file("support.json");
  begin("the start of the support software", "support.log");
  if (auto done = write_file(file, to_json(support_configuration())); !done) return done;
  const auto said = run("gatehouse-support", {"--config", file, "--identity"});
  if (!said) return fail(said.error());
  const auto identity = parse_json(said->substr(0, said->find('\n')));
  if (!identity) return fail(identity.error());
  const auto ek = from_base64(identity->string_at("ek"));
  if (!ek) return fail(ek.error());
  ek_name_ = "000b" + to_hex(crypto::sha256(*ek));  // nameAlg SHA-256, then the hash
  const std::string key = layout.file("keys/car.pub.pem");
  if (auto done = write_file(key, identity->string_at("device_key_pem")); !done) return done;
  const auto issued = run(
      "gatehouse-pki", {"issue", "ecu", kDevice, "--dir", layout.file("pki"), "--public-key", key});
  if (!issued) return fail(issued.error());
  // The same key speaks TLS: it never leaves the TPM.
  const auto speaks = run("gatehouse-pki", {"issue", "ae", "support-tpm", "--id", "/id-mn/Csupport",
                                            "--dir", layout.file("pki"), "--public-key", key});
  if (!speaks) return fail(speaks.error());
  if (auto done = start("support", "gatehouse-support", {"--config", file}); !done) return done;
  car_.feed().follow("support", layout.log("support.out"));
  return {};
}

Value AttestationSteps::verifier_configuration() const {
  const Layout& layout = car_.layout();
  Value ecus = Value::object();
  for (const EcuPlan& ecu : layout.ecus) ecus.set(ecu.serial, report_public_key_file(layout, ecu));
  return Value::object({{"tls", tls_of(layout, "verifier")},
                        {"clients", Value::array({"/id-in/Ccenter", "/id-tnc"})},
                        {"key", layout.file("keys/verifier.pem")},
                        {"state_dir", layout.file("verifier")},
                        {"policy", layout.file("policy.json")},
                        {"white_list", layout.file("white-list.jws")},
                        {"white_list_keys", Value::array({layout.file("keys/white-list.pub.pem")})},
                        {"devices", Value::array({Value::object({{"device", kDevice},
                                                                 {"ek_name", ek_name_},
                                                                 {"ecus", std::move(ecus)}})})}});
}

Result<void> AttestationSteps::start_verifier() {
  const Layout& layout = car_.layout();
  const std::string file = layout.file("verifier.json");
  if (auto done = write_file(layout.file("policy.json"), kPolicy); !done) return done;
  if (auto done = write_file(file, to_json(verifier_configuration())); !done) return done;
  verifier_port_ = layout.verifier_port;
  if (auto done = start("verifier", "gatehouse-verifier",
                        {"--config", file, "--port", std::to_string(verifier_port_)});
      !done) {
    return done;
  }
  return {};
}

/// The Center's other ear: PT-TLS, to clients whose key is in the TPM.
Result<void> AttestationSteps::start_tnc() {
  const Layout& layout = car_.layout();
  const auto issued = run("gatehouse-pki", {"issue", "cse", "tnc", "--id", "/id-tnc", "--dns",
                                            "localhost", "--dir", layout.file("pki")});
  if (!issued) return fail(issued.error());
  const Value configuration =
      Value::object({{"port", layout.tnc_port},
                     {"tls", tls_of(layout, "tnc")},
                     {"tpm_tls", true},
                     {"verifier_url", "https://localhost:" + std::to_string(verifier_port_)},
                     {"devices", Value::object({{"/id-mn/Csupport", kDevice}})}});
  const std::string file = layout.file("tnc.json");
  if (auto done = write_file(file, to_json(configuration)); !done) return done;
  return start("tnc", "gatehouse-tnc", {"server", "--config", file});
}

Value AttestationSteps::center_configuration(bool with_witnesses) const {
  const Layout& layout = car_.layout();
  Value witnesses = Value::array();
  for (std::size_t i = 0; with_witnesses && i < witness_urls_.size(); ++i) {
    witnesses.push_back(witness_urls_[i] + "=" + witness_keys_[i]);
  }
  const Value car = Value::object({{"device", kDevice},
                                   {"cse_id", "/id-mn"},
                                   {"requests", "/id-mn/cse-mn/support/requests"},
                                   {"support_ae", "/id-mn/Csupport"},
                                   {"originators", Value::array({"/id-mn/Csupport"})},
                                   {"certificate", layout.certificate(kDevice)}});
  return Value::object({{"cse_url", layout.in_url()},
                        {"broker", layout.broker_url()},
                        {"trust_broker_acl", true},
                        {"tls", tls_of(layout, "center")},
                        {"key", layout.file("keys/center.pem")},
                        {"verifier_url", "https://localhost:" + std::to_string(verifier_port_)},
                        {"verifier_key", layout.file("keys/verifier.pub.pem")},
                        {"operators", Value::array({"CAdmin"})},
                        {"archive_dir", layout.file("archive")},
                        {"log_key", layout.file("keys/log.pem")},
                        {"log_origin", "log.gatehouse.example/1"},
                        {"witnesses", std::move(witnesses)},
                        {"devices", Value::array({car})}});
}

Result<void> AttestationSteps::start_center() {
  const Layout& layout = car_.layout();
  const std::string file = layout.file("center.json");
  begin("the start of the Center", "center.log");
  if (auto done = write_file(file, to_json(center_configuration(false))); !done) return done;
  const auto said = run("gatehouse-center", {"--config", file, "--show-keys"});
  if (!said) return fail(said.error());
  const auto keys = parse_json(said->substr(0, said->find('\n')));
  if (!keys) return fail(keys.error());
  log_key_ = keys->string_at("log");
  center_key_ = keys->string_at("center");
  if (auto done = start_witnesses(); !done) return done;
  if (auto done = write_file(file, to_json(center_configuration(true))); !done) return done;
  if (auto done = start("center", "gatehouse-center", {"--config", file}); !done) return done;
  car_.feed().follow("center", layout.log("center.out"));
  return {};
}

/// What left the factory: boot stages, files, and the software of each ECU.
Result<void> AttestationSteps::begin_white_list() {
  const Layout& layout = car_.layout();
  for (const char* name : {"white-list", "verifier"}) {
    if (auto done = make_key(layout, name); !done) return done;
  }
  references_["boot:0"] = {{"7", digest_text(view_of(kFirmware))}};
  references_["boot:4"] = {{"3", digest_text(view_of(kLoader))}};
  for (const std::string& file : measured_files(layout)) {
    const auto content = crypto::read_file(file, kMaxProgramBytes);
    if (!content) return fail(content.error());
    references_["file:" + file] = {{"1", digest_text(*content)}};
  }
  for (const EcuPlan& ecu : layout.ecus) {
    const auto image = crypto::read_file(
        layout.file("desk/" + ecu.software + "-" + Car::kFactoryVersion + ".ghfw"),
        kMaxProgramBytes);
    if (!image) return fail(image.error());
    const auto header = image::parse_header(*image);
    if (!header || !*header) return fail(Rsc::kInternalServerError, "no header of an image");
    references_["ecu:" + ecu.serial] = {
        {Car::kFactoryVersion, "sha256:" + to_hex((*header)->manifest.payload_sha256)}};
  }
  return issue_white_list();
}

Result<void> AttestationSteps::issue_white_list() {
  const Layout& layout = car_.layout();
  Value list = Value::array();
  for (const auto& [component, versions] : references_) {
    for (const Reference& each : versions) {
      Value item = Value::object({{"component", component},
                                  {"version", each.version},
                                  {"digest", each.digest},
                                  {"standing", each.standing}});
      if (each.standing == "superseded") {
        item.set("until", to_text(from_now(std::chrono::hours(24))));
      }
      list.push_back(std::move(item));
    }
  }
  Value required = Value::array({"boot:0", "boot:4"});
  for (const EcuPlan& ecu : layout.ecus) required.push_back("ecu:" + ecu.serial);
  const Value bundle =
      Value::object({{"number", ++bundle_},
                     {"issuer", "oem.example"},
                     {"validUntil", to_text(from_now(std::chrono::hours(24 * 30)))},
                     {"required", std::move(required)},
                     {"references", std::move(list)}});
  const auto key = crypto::SigningKey::load(layout.file("keys/white-list.pem"));
  if (!key) return fail(key.error());
  const auto jws = attest::sign_jws(*key, attest::kBundleType, to_json(bundle));
  if (!jws) return fail(jws.error());
  // Replaced as a whole: the verifier may be reading it.
  const std::string file = layout.file("white-list.jws");
  if (auto done = write_file(file + ".new", *jws); !done) return done;
  std::error_code error;
  std::filesystem::rename(file + ".new", file, error);
  if (error) return fail(Rsc::kInternalServerError, file + " cannot be written");
  return {};
}

/// What the auditor trusts: nothing of it comes from the certificate.
Result<void> AttestationSteps::write_anchors() {
  const Layout& layout = car_.layout();
  Value witnesses = Value::array();
  for (const std::string& key : witness_keys_) witnesses.push_back(key);
  return write_file(
      layout.file("anchors.json"),
      to_json(Value::object(
          {{"logs", Value::array({log_key_})},
           {"witnesses", std::move(witnesses)},
           {"quorum", 2},
           {"stamps", whole_file(layout.file("archive/stamps/anchor.pem"))},
           {"roles",
            Value::object({{"device", whole_file(layout.authority())},
                           {"center", center_key_},
                           {"verifier", whole_file(layout.file("keys/verifier.pub.pem"))}})}})));
}

}  // namespace gatehouse::demo

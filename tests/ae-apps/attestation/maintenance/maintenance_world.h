#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>
#include <sstream>

#include "ae-apps/attestation/center/process/conductor.h"
#include "ae-apps/attestation/evidence/operation/audit.h"
#include "ae-apps/attestation/support/support.h"
#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/attestation/verifier/process/desk.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/sdk/fake_cse.h"
#include "certs/authority.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::center {

constexpr const char* kDevice = "car-1";

inline Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

/// Car, verifier and Center with all that lies between them in memory: a CSE without access
/// control, calls in place of HTTPS. The TPM is swtpm.
class MaintenanceWorld {
 public:
  MaintenanceWorld()
      : MaintenanceWorld(
            R"({"id":"car","version":1,"pcrs":"sha256:0,4,10,11","emulator":"allowed",)"
            R"("findings":{"new-unauthorised":"quarantined"}})",
            {}, kDevice, "BRAKE") {}
  /// Another device, with one part; its attester's folder is set here.
  MaintenanceWorld(const std::string& policy, attest::AttesterSettings settings,
                   const std::string& device, std::string part)
      : settings_(std::move(settings)), device_(device), part_(std::move(part)) {
    std::filesystem::create_directories(folder_ / "verifier");
    write("policy.json", policy);
    settings_.device = device_;
    settings_.folder = folder_ / "support";
    attester_.emplace(*attest::Attester::open(settings_));
    car_chain_ = certify_car();
    center_ae_ = *sdk::Ae::connect(ae_settings("center", "Ccenter"), cse_.link());
    static_cast<void>(center_ae_->container("reports").ensure());
    reports_ = *center_ae_->container("reports").on_push([this](const sdk::Event& event) {
      const std::lock_guard lock(mutex_);
      came_.push_back(*event.attributes.find("con"));
      wake_.notify_all();
    });
    add_device(part_, "1.0");
    start_support();
    start_center();
  }
  ~MaintenanceWorld() {
    reports_.reset();
    support_.reset();
  }

  // --- the car -------------------------------------------------------------------------------
  void start_support() {
    support_.reset();
    attest::SupportSettings settings;
    settings.ae = ae_settings("support", "Csupport");
    settings.attester = settings_;
    settings.center_reports = "cse-in/center/reports";
    settings.gateway = gateway_ae_ ? "ota-gateway" : "";
    settings.ecu_limit = std::chrono::milliseconds(1);  // no ECU reports by itself
    auto started = attest::Support::start(settings, *attester_, said_, said_, cse_.link());
    ASSERT_TRUE(started) << started.error().detail;
    support_ = *std::move(started);
  }
  /// A device at the car's CSE, in that version; in the white list as `standing` says.
  void add_device(const std::string& label, const std::string& version,
                  const std::string& standing = "allowed") {
    sdk::Node node = center_ae_->node("ecu-" + label);
    ASSERT_TRUE(node.ensure("ecu-" + label));
    ASSERT_TRUE(
        node.device_info("device-info").ensure({label, "maker", "model", "ECU", version, "", "A"}));
    const Value facts = Value::object({{"dlb", label},
                                       {"dty", "ECU"},
                                       {"fwv", version},
                                       {"hwv", "A"},
                                       {"man", "maker"},
                                       {"mod", "model"}});
    if (!standing.empty()) list(label, version, standing, to_json(facts));
  }
  attest::Attester& attester() { return *attester_; }
  const attest::AttesterSettings& attester_settings() const { return settings_; }
  void stop_car() {
    support_.reset();
    attester_.reset();
  }
  /// The support software and its TPM end and are started anew; with a power cut the TPM forgets
  /// its registers, as it does when the machine boots.
  void restart_car(bool power_cut = false) {
    stop_car();
    if (power_cut) write("support/tpm/boot-id", "another boot of the machine");
    auto opened = attest::Attester::open(settings_);
    ASSERT_TRUE(opened) << opened.error().detail;
    attester_.emplace(*std::move(opened));
    start_support();
  }
  /// What the maker of the TPM says of its key, and who that maker is; only the latter is known.
  void certify_endorsement(const std::string& certificate, const std::string& anchor) {
    settings_.ek_certificate_file = folder_ / "ek.pem";
    write("ek.pem", certificate);
    ek_anchors_pem = anchor;
    restart_car();
  }
  sdk::FakeCse& cse() { return cse_; }
  const TemporaryFolder& folder() const { return folder_; }
  /// Time passes for verifier and Center.
  void pass(std::chrono::seconds time) { shift_ += time; }
  Timestamp clock() const { return now() + shift_; }
  /// What is attached, as the support software sees it.
  std::vector<attest::EcuState> look() {
    attest::SupportSettings settings;
    settings.ae = ae_settings("center", "Ccenter");
    settings.gateway.clear();
    attest::InventoryReader reader(settings, *center_ae_);
    return reader.find({Bytes(32), "periodic", "", 0})->ecus;
  }
  void remove_device(const std::string& label) {
    ASSERT_TRUE(center_ae_->remove("cse-in/ecu-" + label));
  }
  /// What the OTA part would do: another version runs, and the history says so.
  void update_device(const std::string& label, const std::string& version) {
    add_device(label, version);
    const auto firmware = center_ae_->node("ecu-" + label).firmware();
    ASSERT_TRUE(sdk::Firmware(firmware).ensure({version, "brake", "https://x/"}));
    ASSERT_TRUE(sdk::Firmware(firmware).report(sdk::UpdateStatus::kSuccessful));
    for (const char* event : {"offered", "updated"}) {
      history_.push_back(Value::object(
          {{"event", event}, {"at", to_text(clock())}, {"to", version}, {"image", "aa11"}}));
    }
  }

  /// The same, but the new version does not run: the part is back at its old one.
  void fail_update(const std::string& label, const std::string& version,
                   const std::string& runs = "1.0") {
    const auto firmware = center_ae_->node("ecu-" + label).firmware();
    ASSERT_TRUE(sdk::Firmware(firmware).ensure({runs, "brake", "https://x/"}));
    ASSERT_TRUE(sdk::Firmware(firmware).report(sdk::UpdateStatus::kFailure));
    for (const char* event : {"offered", "failed"}) {
      history_.push_back(Value::object(
          {{"event", event}, {"at", to_text(clock())}, {"to", version}, {"image", "aa11"}}));
    }
  }
  /// From now on there is an OTA gateway that asks a user.
  void start_gateway() {
    gateway_ae_ = *sdk::Ae::connect(ae_settings("ota-gateway", "CotaGateway"), cse_.link());
    for (const char* name : {"inquiries", "consents"}) {
      ASSERT_TRUE(gateway_ae_->container(name).ensure());
    }
    start_support();
  }
  void answer(const std::string& label, const std::string& version, const std::string& decision,
              const std::string& at) {
    ASSERT_TRUE(gateway_ae_->container("consents")
                    .push(Value::object({{"ecu", label},
                                         {"from", "1.0"},
                                         {"to", version},
                                         {"decision", decision},
                                         {"by", "the display"},
                                         {"at", at}})));
  }

  // --- the white list ------------------------------------------------------------------------
  void list(const std::string& label, const std::string& version, const std::string& standing,
            const std::string& content) {
    Value item = Value::object({{"component", "ecu:" + label},
                                {"version", version},
                                {"digest", "sha256:" + to_hex(crypto::sha256(view_of(content)))},
                                {"standing", standing}});
    if (standing == "superseded") {
      item.set("until", to_text(now() + std::chrono::hours(1)));
    }
    references_["ecu:" + label + " " + version] = item;
    issue();
  }
  void list_component(const std::string& component, std::string_view content) {
    references_[component] =
        Value::object({{"component", component},
                       {"version", "1"},
                       {"digest", "sha256:" + to_hex(crypto::sha256(view_of(content)))}});
    issue();
  }
  /// A file that says how the car is set up; from now on its register is quoted.
  void measure_configuration(const std::string& file) {
    settings_.configuration = {file};
    settings_.pcrs = "sha256:0,4,10,11,12";
    write("policy.json",
          R"({"id":"car","version":2,"pcrs":"sha256:0,4,10,11,12","emulator":"allowed"})");
    restart_car();
  }
  void supersede(const std::string& label, const std::string& version) {
    Value& item = references_["ecu:" + label + " " + version];
    item.set("standing", "superseded").set("until", to_text(now() + std::chrono::hours(1)));
    issue();
  }
  void issue() {
    Value references = Value::array();
    for (const attest::BootStage& stage : settings_.boot) {
      references.push_back(
          Value::object({{"component", "boot:" + std::to_string(stage.pcr)},
                         {"version", "1"},
                         {"digest", "sha256:" + to_hex(crypto::sha256(view_of(stage.name)))}}));
    }
    for (const auto& [name, item] : references_) references.push_back(item);
    const Value bundle = Value::object({{"number", ++bundle_},
                                        {"issuer", "oem"},
                                        {"validUntil", to_text(now() + std::chrono::hours(24))},
                                        {"required", Value::array({"boot:0", "ecu:" + part_})},
                                        {"references", std::move(references)}});
    write("list.jws", *attest::sign_jws(issuer_, attest::kBundleType, to_json(bundle)));
  }
  void lose_white_list() { std::filesystem::remove(folder_ / "list.jws"); }
  std::string white_list() const {
    return std::string(text_of(*crypto::read_file(folder_ / "list.jws", 1u << 20)));
  }
  void hide_policy() {
    std::filesystem::rename(folder_ / "policy.json", folder_ / "policy.hidden");
  }
  void show_policy() {
    std::filesystem::rename(folder_ / "policy.hidden", folder_ / "policy.json");
  }
  void bring_back(const std::string& list) { write("list.jws", list); }

  // --- the verifier --------------------------------------------------------------------------
  /// One that was started just for this question: whatever is not on its disk is forgotten.
  Result<Value> ask_verifier(const std::string& question, const Value& content) {
    const auto desk = start_verifier();
    if (question == "challenge") return desk->challenge(content);
    if (question == "judge") return desk->judge(content);
    return question == "enrol" ? desk->enrol(content) : desk->enrolled(content);
  }
  std::unique_ptr<attest::Desk> start_verifier() {
    attest::DeskSettings settings;
    settings.folder = folder_ / "verifier";
    settings.white_list_file = folder_ / "list.jws";
    settings.policy_file = folder_ / "policy.json";
    settings.white_list_keys = {issuer_.public_key()};
    if (known_ek_.empty() && ek_anchors_pem.empty()) {
      known_ek_ = attest::parse_public_area(attester_->identity().endorsement_key)->name();
    }
    settings.devices[device_] = {known_ek_, {}};
    settings.ek_anchors_pem = ek_anchors_pem;
    return std::make_unique<attest::Desk>(
        settings, verifier_, [this] { return clock(); }, random_);
  }
  crypto::PublicKey verifier_key() const { return verifier_.public_key(); }
  std::string ek_anchors_pem;  ///< not empty: enrolled by certificate, not by the key's name
  void know_another_tpm() { known_ek_ = Bytes(34, 0x0B); }

  // --- the Center ----------------------------------------------------------------------------
  void start_center() {
    conductor_.reset();
    archive_.reset();
    ArchiveSettings archive;
    archive.folder = folder_ / "archive";
    archive.key = folder_ / "log.pem";
    archive.signers = {{id_of(center_key_.public_key()), center_key_.public_key().to_pem()},
                       {id_of(verifier_.public_key()), verifier_.public_key().to_pem()},
                       {id_of(car_key()), car_chain_}};
    auto opened = Archive::open(archive, {});
    ASSERT_TRUE(opened) << opened.error().detail;
    archive_ = *std::move(opened);
    CenterSettings center;
    center.clock = [this] { return clock(); };
    center.key_of = [this](std::string_view role, const std::string&) {
      return std::optional(role == "device" ? car_key() : verifier_.public_key());
    };
    Links links;
    links.verifier = [this](const std::string& question, const Value& content) {
      if (cut()) return Result<Value>(fail(Rsc::kTargetNotReachable, "the power was cut"));
      auto said =
          verifier_link ? verifier_link(question, content) : ask_verifier(question, content);
      if (cut()) return Result<Value>(fail(Rsc::kTargetNotReachable, "the power was cut"));
      return said;
    };
    links.device = [this](const std::string&, const Value& request) -> Result<void> {
      if (cut()) return fail(Rsc::kTargetNotReachable, "the power was cut");
      return center_ae_->container("cse-in/support/requests").push(request);
    };
    links.update = [this](const std::string&) -> Result<void> {
      if (cut()) return fail(Rsc::kTargetNotReachable, "the power was cut");
      if (on_update) std::exchange(on_update, {})();
      return {};
    };
    links.history = [this](const std::string&) { return Result<std::vector<Value>>(history_); };
    links.trust = [this](const std::string& device, bool trusted) {
      trusted_.push_back(trusted);
      return trust_link ? trust_link(device, trusted) : Result<void>();
    };
    links.tell = [this](const Value& news) {
      news_.push_back(news);
      if (on_news) on_news(news);
    };
    auto resumed = Conductor::resume(*archive_, center_key_, std::move(center),
                                     {[this] { return clock(); },
                                      {device_},
                                      verifier_.public_key(),
                                      std::chrono::seconds(5),
                                      attest_interval},
                                     links);
    ASSERT_TRUE(resumed) << resumed.error().detail;
    conductor_.emplace(*std::move(resumed));
  }
  Conductor& center() { return *conductor_; }
  /// The Center is killed at the n-th time from now on that it speaks with somebody.
  void cut_at(int n, bool power_cut = false) {
    countdown_ = n;
    power_cut_ = power_cut;
  }
  bool was_cut() const { return dead_; }

  /// Carries reports to the Center until it tells of that event. After a cut all programs are
  /// started anew.
  bool run_until(const std::string& event,
                 std::chrono::milliseconds at_most = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (std::chrono::steady_clock::now() < deadline) {
      if (dead_) restart();
      if (event == "refused" && !refused_.empty()) return true;
      for (; seen_ < news_.size(); ++seen_) {
        if (news_[seen_].string_at("event") == event) return ++seen_, true;
      }
      if (!deliver_one()) conductor_->tick();
    }
    return false;
  }
  /// The same until the Center was given so many reports in all.
  bool run_until_delivered(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (delivered_.size() < count && std::chrono::steady_clock::now() < deadline) deliver_one();
    return delivered_.size() >= count;
  }
  void ask_car_again(const Value& request) {
    ASSERT_TRUE(center_ae_->container("cse-in/support/requests").push(request));
  }
  void restart() {
    dead_ = false;
    countdown_ = -1;
    restart_car(power_cut_);
    start_center();
  }

  const std::vector<Value>& news() const { return news_; }
  /// The reports that the Center was given, in order.
  const std::vector<Value>& delivered() const { return delivered_; }
  /// What the CSE was told about the car, in order.
  const std::vector<bool>& trusted() const { return trusted_; }
  const std::string& refused() const { return refused_; }
  std::string all_news() const {
    std::string out;
    for (const Value& each : news_) {
      Value shown = each;
      shown.erase("jws");
      out += to_json(shown) + "\n";
    }
    return out;
  }
  /// What an auditor says of the operation: its outcome, or why it is refused.
  std::string audit(std::uint64_t operation) {
    const auto report = audited(operation);
    return report ? report->outcome : report.error().detail;
  }
  Result<evidence::AuditReport> audited(std::uint64_t operation) {
    const auto text = crypto::read_file(
        folder_ / ("archive/certificates/" + device_ + "-" + std::to_string(operation) + ".json"),
        evidence::kMaxCertificateBytes);
    if (!text) return fail(Rsc::kNotFound, "no certificate");
    const auto certificate = evidence::parse_certificate(text_of(*text));
    if (!certificate) return fail(certificate.error());
    evidence::TrustAnchors anchors;
    const auto log_key = crypto::SigningKey::load(folder_ / "log.pem");
    anchors.logs = {*evidence::VerifierKey::make("log.example/1", evidence::SignatureType::kEd25519,
                                                 log_key->public_key())};
    anchors.stamps_pem = text_of_file("archive/stamps/anchor.pem");
    anchors.roles = {{"center", center_key_.public_key().to_pem()},
                     {"verifier", verifier_.public_key().to_pem()},
                     {"device", text_of_file("pki/ca.crt")}};
    return evidence::audit_certificate(*certificate, anchors);
  }
  bool has_receipt(std::uint64_t operation) const {
    return std::filesystem::exists(folder_ /
                                   ("support/receipts/" + std::to_string(operation) + ".proof"));
  }

  std::function<void()> on_update;  ///< once
  /// In place of those in memory.
  std::function<Result<Value>(const std::string&, const Value&)> verifier_link;
  std::function<Result<void>(const std::string& device, bool trusted)> trust_link;
  /// Before the Center is given a report; when it tells something.
  std::function<void(const Value&)> on_report, on_news;
  std::chrono::seconds attest_interval{0};

 private:
  bool deliver_one() {
    std::optional<Value> report;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::milliseconds(20), [this] { return !came_.empty(); });
      if (came_.empty()) return false;
      report = std::move(came_.front());
      came_.pop_front();
    }
    delivered_.push_back(*report);
    if (on_report) on_report(*report);
    if (const auto taken = conductor_->report(*report); !taken) refused_ = taken.error().detail;
    return true;
  }
  bool cut() {
    if (countdown_ > 0 && --countdown_ == 0) dead_ = true;
    return dead_;
  }
  static std::string id_of(const crypto::PublicKey& key) { return to_hex(key.key_id()); }
  crypto::PublicKey car_key() const { return *crypto::PublicKey::from_pem(car_chain_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string text_of_file(const std::string& name) const {
    return std::string(text_of(*crypto::read_file(folder_ / name, 1u << 20)));
  }
  std::string certify_car() {
    auto authority = pki::Authority::create(folder_ / "pki", "gatehouse.example");
    pki::Request request;
    request.kind = pki::Kind::kEcu;
    request.name = device_;
    request.public_key_pem = attester_->identity().device_key_pem;
    const auto issued = authority->issue(request);
    return std::string(text_of(*crypto::read_file(issued->certificate.string(), 1u << 20)));
  }
  static sdk::AeSettings ae_settings(const std::string& name, const std::string& id) {
    sdk::AeSettings out;
    out.name = name;
    out.ae_id = id;
    return out;
  }

  TemporaryFolder folder_;
  sdk::FakeCse cse_;
  std::ostringstream said_;
  attest::AttesterSettings settings_;
  const std::string device_ = kDevice, part_;
  std::optional<attest::Attester> attester_;
  std::string car_chain_;
  std::unique_ptr<sdk::Ae> center_ae_, gateway_ae_;
  sdk::Subscription reports_;
  std::unique_ptr<attest::Support> support_;
  crypto::SigningKey issuer_ = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  crypto::SigningKey verifier_ = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  crypto::SigningKey center_key_ = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  crypto::SystemRandom random_;
  Bytes known_ek_;
  std::map<std::string, Value> references_;
  std::uint64_t bundle_ = 0;
  std::vector<Value> history_;
  std::unique_ptr<Archive> archive_;
  std::optional<Conductor> conductor_;
  int countdown_ = -1;
  bool dead_ = false, power_cut_ = false;
  std::vector<Value> news_, delivered_;
  std::size_t seen_ = 0;
  std::string refused_;
  std::vector<bool> trusted_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  std::deque<Value> came_;
  std::chrono::seconds shift_{0};
};

}  // namespace gatehouse::center

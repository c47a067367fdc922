#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/gateway/ecu_link.h"
#include "ae-apps/ota/gateway/node_link.h"
#include "ae-apps/ota/gateway/release.h"
#include "ae-apps/ota/server/director.h"
#include "ae-apps/sdk/fake_cse.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"
#include "tests/ae-apps/ota/gateway/powered_ecu.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::gateway {

/// How one release went.
struct WorldEnd {
  bool closed = false;     ///< each job was reported
  bool committed = false;  ///< the decision was durable
  std::uint64_t writes = 0;
  unsigned cuts = 0;
  unsigned apart =
      0;  ///< losses of power after the decision that left ECUs apart until the gateway was back
  std::vector<std::string> faults;  ///< invariants that do not hold; empty: all do
  std::string story;                ///< the gateway's lines
};

/// Who is a field node of oneM2M in place of an ECU behind UDS.
enum class Kind : std::uint8_t { kEcus, kWithFieldNode };

/// A vehicle of three ECUs (full, constrained, full with one slot), its gateway and the server that
/// offered them one release; all of it the parts of the real programs, but for network, time and
/// power. Everything random comes from a seed.
class ReleaseWorld {
 public:
  static constexpr const char* kOld = "1.0.0";
  static constexpr const char* kNew = "2.0.0";
  static inline const std::vector<std::string> kSerials = {"ECU-1", "ECU-2", "ECU-3"};

  /// `bad`: the ECU whose new image fails its self-test; empty: none.
  explicit ReleaseWorld(const std::string& bad = "", Kind kind = Kind::kEcus)
      : bad_(bad), kind_(kind) {
    make_ecus();
    make_server();
    make_gateway();
    offer();
  }

  /// Finds the vehicle in no state to be written, until the gateway has tried so often.
  void find_vehicle_unfit(const std::string& serial, int tries) {
    unfit_ = serial;
    unfit_tries_ = tries;
    ecus_.at(serial)->find_vehicle_unfit(uds::Nrc::kVoltageTooLow);
  }

  WorldEnd run(std::map<std::uint64_t, bool> cuts) {
    power_.plan(std::move(cuts));
    for (int start = 0; start < 60 && !end_.closed; ++start) {
      try {
        run_gateway();
      } catch (const PowerLoss& loss) {
        lose_power(loss.victim);
      }
      serve();
    }
    serve();
    judge();
    end_.writes = power_.writes();
    end_.cuts = power_.cuts_done();
    end_.story = steps_.str() + log_.str();
    return end_;
  }

 private:
  static const crypto::SigningKey& primary_key() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
    return key;
  }
  static std::filesystem::path memory_folder() {
    const std::filesystem::path shared = "/dev/shm";
    std::error_code error;
    return std::filesystem::is_directory(shared, error) ? shared
                                                        : std::filesystem::temp_directory_path();
  }
  static std::string hardware_of(const std::string& serial) { return "hw-" + serial.substr(4); }
  static bool constrained(const std::string& serial) { return serial == "ECU-2"; }
  static bool one_slot(const std::string& serial) { return serial == "ECU-3"; }

  static const Bytes& image(const std::string& serial, bool fresh, bool bad) {
    static std::map<std::string, Bytes> made;
    Bytes& out = made[serial + (fresh ? bad ? "bad" : "new" : "old")];
    if (!out.empty()) return out;
    ecu::ImageSpec spec;
    spec.version = fresh ? kNew : kOld;
    spec.release_counter = fresh ? 2 : 1;
    spec.hardware_id = hardware_of(serial);
    spec.padding = 300;
    if (bad) spec.payload = std::string("version ") + kNew + "\nself-test failed\n";
    return out = ecu::image_of(spec);
  }
  const Bytes& fresh_image(const std::string& serial) const {
    return image(serial, true, serial == bad_);
  }
  static std::string payload_of(const Bytes& image) {
    return to_hex(image::parse_header(image).value().value().manifest.payload_sha256);
  }

  void make_ecus() {
    for (const std::string& serial : kSerials) {
      ecu::EcuSettings settings = constrained(serial) ? ecu::constrained_ecu() : ecu::full_ecu();
      settings.serial = serial;
      settings.hardware_id = hardware_of(serial);
      settings.slots = one_slot(serial) ? 1 : 2;
      ecus_[serial] =
          std::make_unique<WorldEcu>(std::move(settings), image(serial, false, false), power_);
    }
  }
  void make_gateway() {
    settings_.ae.cse_id = "/id-mn";
    settings_.ae.csebase = "cse-mn";
    settings_.ae.ae_id = "CotaGateway";
    settings_.ae.name = "ota-gateway";
    settings_.server_ae = "/id-mn/CotaServer";
    settings_.reports = "/id-mn/cse-mn/ota-server/reports";
    settings_.vehicle = "/id-mn";
    settings_.state_dir = folder_.path();
    settings_.oem_keys = {ecu::oem_key().public_key()};
    settings_.report_key = primary_key();
    settings_.min_free_bytes = 0;
    settings_.auto_consent = true;
    settings_.reset_limit = std::chrono::milliseconds(100);
    for (const std::string& serial : kSerials) {
      EcuEntry entry;
      entry.serial = serial;
      entry.hardware_id = hardware_of(serial);
      if (kind_ == Kind::kWithFieldNode && serial == "ECU-1") {
        entry.node = NodeEntry{"/id-mn/cse-mn/lamp", "/id-mn/Clamp"};
      }
      entry.access_key = ecu::kAccessKey;
      entry.slots = one_slot(serial) ? 1 : 2;
      if (constrained(serial)) {
        entry.level = EcuLevel::kConstrained;
        entry.shared_key = ecu::kSharedKey;
      } else {
        entry.public_key = ecu::ecu_key().public_key();
      }
      if (one_slot(serial)) {
        entry.factory_image = folder_ / "factory.ghfw";
        put(entry.factory_image, image(serial, false, false));
      }
      settings_.ecus.push_back(std::move(entry));
    }
    sdk::AeSettings server = settings_.ae;
    server.ae_id = "CotaServer";
    server.name = "ota-server";
    server_ae_ = sdk::Ae::connect(server, cse_.link()).value();
    EXPECT_TRUE(server_ae_->container("reports").ensure());
    ae_ = sdk::Ae::connect(settings_.ae, cse_.link()).value();
    cse_side_ = std::make_unique<CseSide>(settings_, *ae_);
    EXPECT_TRUE(cse_side_->prepare());
    for (const EcuEntry& entry : settings_.ecus) {
      EXPECT_TRUE(cse_side_->publish(entry, nullptr));
      if (entry.node) {
        links_[entry.serial] = std::make_unique<NodeLink>(entry, way_);
        continue;
      }
      links_[entry.serial] = std::make_unique<EcuLink>(
          settings_, entry, [this](const EcuEntry& to) -> std::unique_ptr<uds::Transport> {
            return std::make_unique<WorldTransport>(*ecus_.at(to.serial));
          });
    }
    EXPECT_TRUE(desk_.open(folder_ / "consents.jsonl"));
    primary_ = Primary::open(settings_, [this] { return now_; }).value();
  }
  static void put(const std::filesystem::path& file, const Bytes& bytes) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << gatehouse::text_of(bytes);
  }

  // --- the server ------------------------------------------------------------------------------
  void make_server() {
    ota_server::Vehicle vehicle;
    vehicle.cse_id = "/id-mn";
    for (const std::string& serial : kSerials) {
      ota_server::Ecu ecu{serial, hardware_of(serial), ota_server::Level::kFull,
                          ecu::ecu_key().public_key()};
      if (constrained(serial)) {
        ecu.level = ota_server::Level::kGateway;
        ecu.report_key = primary_key().public_key();
      }
      vehicle.ecus.push_back(std::move(ecu));
    }
    vehicle.primary_key = primary_key().public_key();
    vehicles_ = {vehicle};
    open_server();
  }
  /// From its disk.
  void open_server() {
    server_ = std::make_unique<ota_server::Director>(ota_server::Rules{"https://ota/images/"},
                                                     vehicles_, random_);
    std::vector<ota_server::ImageFacts> images;
    for (const std::string& serial : kSerials) {
      const Bytes& bytes = fresh_image(serial);
      images.push_back({to_hex(crypto::sha256(bytes)), payload_of(bytes), "brake", kNew,
                        hardware_of(serial), 2, bytes.size(), serial + ".ghfw"});
    }
    server_->set_images(std::move(images));
    for (const auto& [name, value] : server_disk_) {
      const auto done = name == "exchange" ? server_->restore_exchange(value)
                                           : server_->restore_record(name, value);
      EXPECT_TRUE(done) << done.error().detail;
    }
  }
  /// As Service does: stored first; each file is a write.
  void store_server() {
    const auto changes = server_->take_changes();
    for (const std::string& serial : changes.ecus) {
      power_.write(Victim::kServer);
      server_disk_[serial] = server_->record(serial);
    }
    if (!changes.exchange) return;
    power_.write(Victim::kServer);
    server_disk_["exchange"] = server_->exchange();
  }
  void offer() {
    for (const std::string& serial : kSerials) {
      server_->take_command(Value::object({{"offer", to_hex(crypto::sha256(fresh_image(serial)))},
                                           {"ecu", serial},
                                           {"vehicle", "/id-mn"},
                                           {"force", true}}),
                            now_);
    }
    for (const auto& outgoing : server_->pending()) {
      if (outgoing.kind == ota_server::Outgoing::Kind::kOffer) start_job(outgoing);
      server_->delivered(outgoing);
    }
    store_server();
    EXPECT_EQ(JobJournal::open(folder_.path()).value()->jobs().size(), kSerials.size());
  }
  /// Whatever has arrived in its container since.
  void serve() {
    for (int again = 0; again < 8; ++again) {
      try {
        std::size_t n = 0;
        for (const Request& request : cse_.requests()) {
          if (request.operation != Operation::kCreate || !request.to.ends_with("/reports"))
            continue;
          const Value* instance = request.content->find("m2m:cin");
          if (instance == nullptr || !server_->first_time("cin-" + std::to_string(n++))) continue;
          server_->take_report(*instance->find("con"), now_);
          store_server();
        }
        store_server();
        return;
      } catch (const PowerLoss&) {
        open_server();
      }
    }
  }

  // --- the gateway -----------------------------------------------------------------------------
  void start_job(const ota_server::Outgoing& offer) {
    const Bytes& bytes = fresh_image(offer.serial);
    Job job;
    job.id = offer.key;
    job.ecu = offer.serial;
    job.state = JobState::kVerified;
    job.url = offer.content.string_at("url");
    job.version = kNew;
    job.name = "brake";
    job.from_version = kOld;
    job.payload_sha256 = payload_of(bytes);
    job.target = offer.serial + ".ghfw";
    job.target_sha256 = to_hex(crypto::sha256(bytes));
    job.image_bytes = bytes.size();
    job.offered_at = to_text(now_);
    job.answer_by = to_text(now_ + std::chrono::hours(1));
    job.release = "R-2";
    job.members = "ECU-1,ECU-2,ECU-3";
    EXPECT_TRUE(JobJournal::open(folder_.path()).value()->save(job));
    const std::string name = job.url.substr(job.url.rfind('/') + 1);
    put(std::filesystem::path(folder_.path()) / "images" / job.ecu / name, bytes);
  }
  void gateway_wrote(bool done) {
    if (done) note_decision();
    power_.write(Victim::kGateway);
  }
  void note_decision() {
    const auto release = ReleaseJournal(folder_.path()).load("R-2");
    if (release && *release && (*release)->state == ReleaseState::kCommitted) end_.committed = true;
    check_undecided("after a write of the gateway");
  }
  /// As the real one after its start: releases, then each job.
  void run_gateway() {
    auto journal = JobJournal::open(folder_.path()).value();
    ReleaseJournal releases(folder_.path());
    journal->set_hook([this](bool done) { gateway_wrote(done); });
    releases.set_hook([this](bool done) { gateway_wrote(done); });
    UpdateTools tools{settings_, *journal,  desk_,     *cse_side_,
                      board_,    step_log_, *primary_, [this] { return now_; }};
    Update::End end = Update::End::kTryLater;
    for (int tries = 0; end == Update::End::kTryLater && tries < 20; ++tries) {
      if (tries == unfit_tries_) ecus_.at(unfit_)->find_vehicle_unfit(std::nullopt);
      end = ReleaseRun(tools, releases, links_, "R-2").run();
    }
    if (end != Update::End::kClosed) return;
    bool all = true;
    for (const Job& job : journal->jobs()) {
      if (job.closed()) continue;
      Update update(tools, *links_.at(job.ecu), job);
      Update::End each = Update::End::kTryLater;
      for (int tries = 0; each == Update::End::kTryLater && tries < 20; ++tries)
        each = update.run();
      all = each == Update::End::kClosed && all;
    }
    end_.closed = all;
  }

  // --- power -----------------------------------------------------------------------------------
  void lose_power(Victim victim) {
    if (victim != Victim::kVehicle) return;
    for (auto& [serial, ecu] : ecus_) ecu->lose_power();
    check_undecided("after a loss of power");
    std::set<std::string> run;
    for (const auto& [serial, ecu] : ecus_) {
      if (ecu->ecu->running()) run.insert(ecu->ecu->version());
    }
    if (run.size() < 2) return;
    ++end_.apart;
    if (!end_.committed) fault("a loss of power left ECUs apart before the decision");
  }
  /// No ECU keeps the new image as long as it is not decided.
  void check_undecided(const std::string& when) {
    if (end_.committed) return;
    for (const auto& [serial, ecu] : ecus_) {
      const ecu::BootState& state = ecu->ecu->state();
      if (ecu->runs(kNew) && !ecu->ecu->on_trial())
        fault(when + ": " + serial + " keeps the new one");
      if (state.release_counter > 1) fault(when + ": " + serial + " can go back no more");
    }
  }
  void fault(std::string what) {
    if (end_.faults.size() < 10) end_.faults.push_back(std::move(what));
  }

  // --- in the end ------------------------------------------------------------------------------
  void judge() {
    if (!end_.closed) fault("the release did not come to its end");
    if (std::filesystem::exists(folder_ / "release-R-2.json")) fault("the record is still there");
    const std::string wanted = end_.committed ? kNew : kOld;
    for (const auto& [serial, ecu] : ecus_) {
      if (!ecu->ecu->running()) fault(serial + " is bricked");
      ecu->lose_power();  // what holds, holds after the next loss of power, too
      if (!ecu->runs(wanted)) fault(serial + " runs " + ecu->ecu->version() + ", not " + wanted);
      if (ecu->ecu->on_trial()) fault(serial + " is still on trial");
      const auto record = ota_server::decode_record(server_->record(serial));
      if (!record || record->offer) fault("the server knows no end of the offer to " + serial);
      if (record && !record->last_report.empty() && record->version != wanted) {
        fault("the server believes that " + serial + " runs " + record->version);
      }
      if (record && record->failures != (end_.committed ? 0U : 1U)) {
        fault("the server counts " + std::to_string(record->failures) + " failures of " + serial);
      }
      if (record && end_.committed && record->last_report.empty()) fault("no report of " + serial);
    }
    if (end_.committed && !bad_.empty()) fault("a bad image was committed");
    if ((kind_ == Kind::kWithFieldNode) != (way_.orders > 0)) fault("orders went another way");
  }

  const std::string bad_;
  const Kind kind_;
  TemporaryFolder folder_{memory_folder()};
  Timestamp now_{
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::hours(500'000)).count()};
  Power power_;
  std::map<std::string, std::unique_ptr<WorldEcu>> ecus_;
  crypto::SeededRandom random_{3};
  std::vector<ota_server::Vehicle> vehicles_;
  std::map<std::string, Value> server_disk_;
  std::unique_ptr<ota_server::Director> server_;

  sdk::FakeCse cse_{"/id-mn", "cse-mn"};
  GatewaySettings settings_;
  std::ostringstream steps_, log_;
  ota::StepLog step_log_{steps_, log_};
  Board board_;
  ConsentDesk desk_;
  std::unique_ptr<sdk::Ae> server_ae_, ae_;
  std::unique_ptr<CseSide> cse_side_;
  std::unique_ptr<Primary> primary_;
  WorldWay way_{ecus_};
  EcuLinks links_;
  WorldEnd end_;
  std::string unfit_;
  int unfit_tries_ = -1;
};

}  // namespace gatehouse::gateway

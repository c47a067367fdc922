#include "tests/ae-apps/ota/gateway/journey_world.h"

#include <algorithm>

#include "ae-apps/ota/image/image.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServerFolder = "ota-server";
constexpr const char* kRelease = "release=R-2/3";
constexpr std::int64_t kSecond = 1'000'000;
constexpr unsigned kMostTurns = 4'000;

fs::path memory_folder() {
  const fs::path shared = "/dev/shm";
  std::error_code error;
  return fs::is_directory(shared, error) ? shared : fs::temp_directory_path();
}

Timestamp start_of_time() { return uptane::parse_iso_time("2030-01-01T00:00:00Z").value(); }

const crypto::SigningKey& primary_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  return key;
}
const crypto::SigningKey& repository_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  return key;
}
std::string hardware_of(const std::string& serial) { return "hw-" + serial.substr(4); }
bool constrained(const std::string& serial) { return serial == "ECU-2"; }
bool one_slot(const std::string& serial) { return serial == "ECU-3"; }

const Bytes& image_of(const std::string& serial, bool fresh, bool bad) {
  static std::map<std::string, Bytes> made;
  Bytes& out = made[serial + (fresh ? bad ? "bad" : "new" : "old")];
  if (!out.empty()) return out;
  ecu::ImageSpec spec;
  spec.version = fresh ? JourneyWorld::kNew : JourneyWorld::kOld;
  spec.release_counter = fresh ? 2 : 1;
  spec.hardware_id = hardware_of(serial);
  spec.padding = 300;
  if (fresh) spec.requirements = {kRelease};
  if (bad) {
    spec.payload = std::string("version ") + JourneyWorld::kNew + "\nself-test failed\n";
  }
  return out = ecu::image_of(spec);
}

/// The OEM's side, which all worlds share: the Director's root, the Image repository with all
/// images.
struct Desk {
  Desk() {
    const uptane::RoleSpec one{{repository_key().public_key()}, 1};
    const uptane::RoleSpecs roles = {
        {"root", one}, {"targets", one}, {"snapshot", one}, {"timestamp", one}};
    const Timestamp now = start_of_time();
    uptane::RepositoryFolder images(folder / "images");
    uptane::RepositoryFolder director(folder / "director", uptane::Profile::kDirector);
    for (uptane::RepositoryFolder* each : {&images, &director}) {
      EXPECT_TRUE(each->create(roles, now));
      EXPECT_TRUE(each->sign("root", repository_key()));
    }
    EXPECT_TRUE(director.publish({}, now));
    auto targets = images.draft("targets", now).value();
    for (const std::string& serial : JourneyWorld::kSerials) {
      for (const bool bad : {false, true}) {
        const Bytes& image = image_of(serial, true, bad);
        uptane::TargetSpec target;
        target.name = serial + (bad ? "-bad.ghfw" : ".ghfw");
        target.length = image.size();
        target.hashes = {{"sha256", to_hex(crypto::sha256(image))}};
        target.hardware_ids = {hardware_of(serial)};
        target.release_counter = 2;
        uptane::set_target(targets, target);
        JourneyFiles::get().put(target.hashes.at("sha256"), image);
      }
    }
    EXPECT_TRUE(images.stage("targets", targets));
    EXPECT_TRUE(images.sign("targets", repository_key()));
    EXPECT_TRUE(images.publish({&repository_key(), &repository_key()}, now));
    Value list = Value::object();
    for (const auto& [name, text] : images.metadata()) list.set(name, text);
    images_root = images.metadata().at("1.root.json");
    director_root = director.metadata().at("1.root.json");
    bundle = to_json(Value::object({{"files", std::move(list)}}));
  }
  TemporaryFolder folder;
  std::string images_root, director_root, bundle;
};

const Desk& desk() {
  static const Desk made;
  return made;
}

/// Which of the files of gateway and server it is: names without what differs from run to run.
std::string kind_of(const std::string& path) {
  const fs::path file(path);
  const std::string name = file.filename();
  const std::string folder = file.parent_path().filename();
  const auto with_end = [&](const std::string& what) {
    return name.ends_with(".new") ? what + ".new" : what;
  };
  if (name.starts_with("job-")) return with_end("job");
  if (name.starts_with("release-")) return with_end("release");
  if (name.starts_with("ecu-")) return with_end("record");
  if (folder == "kept") {
    return with_end(name.find(".sha256") != std::string::npos ? "kept digest" : "kept image");
  }
  if (folder == "installed") return with_end("installed image");
  const bool of_image = path.find("/images/ECU-") != std::string::npos;
  if (of_image) return "image" + fs::path(name).extension().string();
  if (path.find("/uptane/director/") != std::string::npos) {
    return with_end(name.starts_with("timestamp") ? "director timestamp" : "director metadata");
  }
  return name;
}

/// Both slots are one place.
std::string kind_of_ecu_write(const std::string& what) {
  const std::size_t slot = what.find("slot_");
  return slot == std::string::npos ? what : what.substr(0, slot) + "slot";
}

}  // namespace

/// Of a process that may have lost its power: then there is no way.
class JourneyWorld::CutLink final : public sdk::Link {
 public:
  CutLink(std::unique_ptr<sdk::Link> link, const std::atomic<bool>& dead)
      : link_(std::move(link)), dead_(dead) {}
  Result<void> start(PrimitiveHandler& handler) override { return link_->start(handler); }
  void stop() override { link_->stop(); }
  void send(Request request, Reply reply) override {
    if (dead_) return reply(error_response(request, {Rsc::kTargetNotReachable, "no power"}));
    link_->send(std::move(request), std::move(reply));
  }
  void set_identity(const std::string& ae_id) override { link_->set_identity(ae_id); }
  std::vector<std::string> points_of_access() const override { return link_->points_of_access(); }
  void serve_pages(http::PageHandler pages) override { link_->serve_pages(std::move(pages)); }
  std::string page_url() const override { return link_->page_url(); }

 private:
  std::unique_ptr<sdk::Link> link_;
  const std::atomic<bool>& dead_;
};

class JourneyWorld::CutTransport final : public uds::Transport {
 public:
  CutTransport(WorldEcu& ecu, const std::atomic<bool>& dead) : transport_(ecu), dead_(dead) {}
  Result<void> connect() override { return dead_ ? gone() : transport_.connect(); }
  void disconnect() override { transport_.disconnect(); }
  bool connected() const override { return !dead_ && transport_.connected(); }
  Result<void> send(ByteView uds) override { return dead_ ? gone() : transport_.send(uds); }
  Result<Bytes> receive(std::chrono::milliseconds limit) override {
    if (dead_) return fail(gone().error());
    return transport_.receive(limit);
  }

 private:
  static Result<void> gone() { return fail(Rsc::kTargetNotReachable, "no power"); }
  WorldTransport transport_;
  const std::atomic<bool>& dead_;
};

JourneyWorld::JourneyWorld(JourneyPlan plan)
    : plan_(std::move(plan)),
      folder_(memory_folder()),
      now_(start_of_time().microseconds),
      used_(plan_.cuts.size()) {
  make_ecus();
  make_settings();
  sdk::AeSettings person = settings_.ae;
  person.ae_id = "CAdmin";
  person.name = "admin";
  operator_ = sdk::Ae::connect(person, cse_.link()).value();
  start_server();
  EXPECT_TRUE(repositories_->take_images(desk().bundle, start_of_time()));
  stop_server();
  watch_ = std::make_unique<DiskWatch>(folder_.path(),
                                       [this](const DiskChange& each) { return judge(each); });
  power_.set_judge([this](Victim, const std::string& what) { return judge_ecu(what); });
}

JourneyWorld::~JourneyWorld() {
  stop_gateway();
  stop_server();
  watch_.reset();
}

void JourneyWorld::make_ecus() {
  for (const std::string& serial : kSerials) {
    ecu::EcuSettings settings = constrained(serial) ? ecu::constrained_ecu() : ecu::full_ecu();
    settings.serial = serial;
    settings.hardware_id = hardware_of(serial);
    settings.slots = one_slot(serial) ? 1 : 2;
    ecus_[serial] =
        std::make_unique<WorldEcu>(std::move(settings), image_of(serial, false, false), power_);
  }
}

void JourneyWorld::make_settings() {
  const std::string root = JourneyFiles::get().root();
  settings_.ae.cse_id = "/id-mn";
  settings_.ae.csebase = "cse-mn";
  settings_.ae.ae_id = "CotaGateway";
  settings_.ae.name = "ota-gateway";
  settings_.server_ae = "/id-mn/CotaServer";
  settings_.reports = "/id-mn/cse-mn/ota-server/reports";
  settings_.images_url = root + "images/";
  settings_.vehicle = "/id-mn";
  settings_.state_dir = folder_ / "ota-gateway";
  settings_.oem_keys = {ecu::oem_key().public_key()};
  settings_.report_key = primary_key();
  settings_.uptane = UptaneEntry{root + "uptane/director/id-mn/", root + "uptane/images/",
                                 desk().director_root, desk().images_root};
  settings_.min_free_bytes = 0;
  settings_.reset_limit = std::chrono::milliseconds(100);
  settings_.retry_pause = std::chrono::milliseconds(1);
  settings_.retry_most = std::chrono::milliseconds(4);
  settings_.cut_download_after = 256;  // several blocks of each image
  ota_server::Vehicle vehicle;
  vehicle.cse_id = "/id-mn";
  vehicle.primary_key = primary_key().public_key();
  for (const std::string& serial : kSerials) {
    EcuEntry entry;
    entry.serial = serial;
    entry.hardware_id = hardware_of(serial);
    entry.access_key = ecu::kAccessKey;
    entry.slots = one_slot(serial) ? 1 : 2;
    ota_server::Ecu known{serial, entry.hardware_id, ota_server::Level::kFull,
                          ecu::ecu_key().public_key()};
    if (constrained(serial)) {
      entry.level = EcuLevel::kConstrained;
      entry.shared_key = ecu::kSharedKey;
      known.level = ota_server::Level::kGateway;
      known.report_key = primary_key().public_key();
    } else {
      entry.public_key = ecu::ecu_key().public_key();
    }
    if (one_slot(serial)) {
      entry.factory_image = folder_ / "factory.ghfw";
      std::ofstream(entry.factory_image, std::ios::binary)
          << gatehouse::text_of(image_of(serial, false, false));
    }
    settings_.ecus.push_back(std::move(entry));
    vehicle.ecus.push_back(std::move(known));

    const Bytes& fresh = image_of(serial, true, serial == plan_.bad);
    const auto header = image::parse_header(fresh).value().value();
    ota_server::ImageFacts facts{to_hex(crypto::sha256(fresh)),
                                 to_hex(header.manifest.payload_sha256),
                                 "brake",
                                 kNew,
                                 hardware_of(serial),
                                 2,
                                 fresh.size()};
    facts.release = image::required_release(header.manifest.requirements);
    images_.push_back(std::move(facts));
  }
  server_settings_.ae = settings_.ae;
  server_settings_.ae.ae_id = "CotaServer";
  server_settings_.ae.name = "ota-server";
  server_settings_.rules.images_url = settings_.images_url;
  server_settings_.rules.offer_timeout = std::chrono::hours(10);
  server_settings_.state_dir = folder_ / kServerFolder;
  server_settings_.vehicles = {std::move(vehicle)};
  server_settings_.uptane.emplace(
      ota_server::UptaneSettings{desk().folder / "director", desk().images_root, repository_key(),
                                 repository_key(), repository_key(), std::chrono::hours(24)});
}

// --- power -------------------------------------------------------------------------------------

/// With the lock held. The cut that is planned for this write; null: none.
const PlannedCut* JourneyWorld::counted(const std::string& place) {
  const unsigned nth = ++writes_[place];
  for (std::size_t i = 0; i < plan_.cuts.size(); ++i) {
    if (used_[i] || plan_.cuts[i].place != place || plan_.cuts[i].nth != nth) continue;
    used_[i] = true;
    ++cuts_[place];
    return &plan_.cuts[i];
  }
  return nullptr;
}

DiskFate JourneyWorld::judge(const DiskChange& change) {
  const std::lock_guard lock(mutex_);
  const bool of_server = change.path.starts_with(server_settings_.state_dir + "/");
  if (!of_server && !change.path.starts_with(settings_.state_dir + "/")) return DiskFate::kDone;
  Side& side = of_server ? server_side_ : gateway_side_;
  if (side.dead) return DiskFate::kGone;
  if (std::string_view(change.how) == "create") return DiskFate::kDone;
  const auto* cut =
      counted(std::string(side.name) + ": " + change.how + " " + kind_of(change.path));
  if (cut == nullptr) return DiskFate::kDone;
  if (!of_server && cut->whole_vehicle) all_dark_ = true;
  side.dead = true;
  return DiskFate::kHalf;
}

std::optional<Victim> JourneyWorld::judge_ecu(const std::string& what) {
  const std::lock_guard lock(mutex_);
  const auto* cut = counted("ECU: " + kind_of_ecu_write(what));
  if (cut == nullptr) return std::nullopt;
  if (cut->whole_vehicle) all_dark_ = gateway_side_.dead = true;
  return Victim::kEcu;
}

std::unique_ptr<sdk::Link> JourneyWorld::link(Side& side) {
  return std::make_unique<CutLink>(cse_.link(), side.dead);
}

// --- the processes -----------------------------------------------------------------------------

void JourneyWorld::start_server() {
  server_side_.dead = false;
  auto repositories = ota_server::Repositories::open(
      *server_settings_.uptane, server_settings_.state_dir + "/uptane", Timestamp{now_});
  if (!repositories) return fault("the server does not start: " + repositories.error().detail);
  repositories_ = *std::move(repositories);
  JourneyFiles::get().set(repositories_);
  auto service = ota_server::Service::open(
      server_settings_,
      {random_, server_step_log_, [this] { return Timestamp{now_}; }, [] {}, repositories_.get()},
      images_);
  if (!service && server_side_.dead) return;
  if (!service) return fault("the server does not start: " + service.error().detail);
  service_ = *std::move(service);
  auto ae = sdk::Ae::connect(server_settings_.ae, link(server_side_));
  if (!ae) return;
  server_ae_ = *std::move(ae);
  const auto attached = service_->attach(*server_ae_);
  if (!attached && !server_side_.dead) fault("the server: " + attached.error().detail);
}

void JourneyWorld::stop_server() {
  JourneyFiles::get().set(nullptr);
  if (service_) service_->detach();
  server_ae_.reset();
  service_.reset();
  repositories_.reset();
}

void JourneyWorld::start_gateway() {
  gateway_side_.dead = false;
  GatewayParts parts;
  parts.link = link(gateway_side_);
  parts.clock = [this] { return Timestamp{now_}; };
  parts.fetch = [](const std::string& url, const fs::path& file, sdk::DownloadSettings how) {
    how.wait = [](unsigned) {};
    return sdk::download(url, file, how);
  };
  parts.transport = [this](const EcuEntry& to) -> std::unique_ptr<uds::Transport> {
    return std::make_unique<CutTransport>(*ecus_.at(to.serial), gateway_side_.dead);
  };
  auto gateway = Gateway::start(settings_, steps_, log_, std::move(parts));
  if (gateway) {
    gateway_ = *std::move(gateway);
  } else if (!gateway_side_.dead) {
    fault("the gateway does not start: " + gateway.error().detail);
  }
}

void JourneyWorld::stop_gateway() { gateway_.reset(); }

/// Whoever lost its power is not there any more.
void JourneyWorld::bury() {
  if (server_side_.dead) stop_server();
  if (!gateway_side_.dead) return;
  stop_gateway();
  if (!all_dark_.exchange(false)) return;
  for (auto& [serial, ecu] : ecus_) ecu->lose_power();
}

// --- the way -----------------------------------------------------------------------------------

void JourneyWorld::answer() {
  if (!gateway_) return;
  const auto question = gateway_->desk().pending();
  if (question) gateway_->desk().answer(question->job, !plan_.declines, "the display");
}

/// True: nothing is under way.
bool JourneyWorld::work() {
  bury();  // also who has died since the last turn: none starts beside its own ghost
  if (!service_) start_server();
  if (!gateway_) start_gateway();
  if (service_ && server_ae_) {
    (void)server_ae_->settle(std::chrono::seconds(1));
    service_->tick();
  }
  answer();
  // Time stands still while somebody works, or a slow machine would let deadlines pass.
  bool quiet = gateway_ && gateway_->settle(std::chrono::milliseconds(20));
  quiet = quiet && !server_side_.dead && !gateway_side_.dead;
  bury();
  return quiet;
}

std::set<std::string> JourneyWorld::told(const std::string& serial) const {
  std::set<std::string> out;
  for (const Request& request : cse_.requests()) {
    if (request.operation != Operation::kCreate || !request.to.ends_with("/history-" + serial)) {
      continue;
    }
    const Value* instance = request.content->find("m2m:cin");
    const std::string event = instance == nullptr ? "" : instance->find("con")->string_at("event");
    if (event == "updated" || event == "failed") out.insert(event);
  }
  return out;
}

bool JourneyWorld::all_told() {
  return std::all_of(kSerials.begin(), kSerials.end(),
                     [this](const std::string& serial) { return !told(serial).empty(); });
}

bool JourneyWorld::offers_open() const {
  return std::any_of(kSerials.begin(), kSerials.end(), [this](const std::string& serial) {
    const Value firmware = cse_.find("cse-mn/ecu-" + serial + "/firmware");
    return firmware.bool_at("ud");
  });
}

JourneyEnd JourneyWorld::run() {
  unsigned quiet = 0;
  for (unsigned turn = 0; turn < kMostTurns && end_.faults.empty(); ++turn) {
    quiet = work() ? quiet + 1 : 0;
    now_ += kSecond;
    if (quiet < 3) continue;  // the server has seen what the gateway left, and the other way round
    const auto open = gateway_->journal().jobs();
    const bool jobs =
        std::any_of(open.begin(), open.end(), [](const Job& each) { return !each.closed(); });
    end_.closed = all_told() && !jobs && !offers_open();
    if (end_.closed) break;
    // The operator looks again, as one does.
    now_ += 61 * kSecond;
    EXPECT_TRUE(operator_->container("cse-mn/ota-server/commands")
                    .push(Value::object({{"ask", "/id-mn"}})));
    quiet = 0;
  }
  const std::lock_guard lock(mutex_);
  end_.writes = writes_;
  end_.cuts = cuts_;
  judge_end();
  end_.story = steps_.str() + log_.str() + server_steps_.str() + server_log_.str();
  return end_;
}

void JourneyWorld::fault(std::string what) {
  if (end_.faults.size() < 10) end_.faults.push_back(std::move(what));
}

void JourneyWorld::judge_end() {
  power_.set_judge([](Victim, const std::string&) { return std::nullopt; });
  if (!end_.closed) fault("the release did not come to its end");
  for (const std::string& id : ReleaseJournal(settings_.state_dir).pending()) {
    fault("the record of release " + id + " is still there");
  }
  for (auto& [serial, ecu] : ecus_) ecu->lose_power();
  end_.committed = ecus_.at(kSerials[0])->runs(kNew);
  const std::string wanted = end_.committed ? kNew : kOld;
  for (const auto& [serial, ecu] : ecus_) {
    if (!ecu->ecu->running()) fault(serial + " is bricked");
    if (!ecu->runs(wanted)) fault(serial + " runs " + ecu->ecu->version() + ", not " + wanted);
    if (ecu->ecu->on_trial()) fault(serial + " is still on trial");
    if (told(serial) != std::set<std::string>{end_.committed ? "updated" : "failed"}) {
      fault("the history of " + serial + " does not tell its end");
    }
    const auto text =
        ota::read_text(server_settings_.state_dir + "/ecu-" + serial + ".json", 1 << 20);
    const auto tree = text ? parse_json(*text, {.max_bytes = 1 << 20, .max_depth = 12})
                           : Result<Value>(fail(text.error()));
    const auto record =
        tree ? ota_server::decode_record(*tree) : Result<ota_server::EcuRecord>(fail(tree.error()));
    if (!record) {
      fault("the server has no record of " + serial);
      continue;
    }
    if (record->offer) fault("the server knows no end of the offer to " + serial);
    if (record->version != wanted) {
      fault("the server believes that " + serial + " runs " + record->version);
    }
    if (record->failures != (end_.committed ? 0U : 1U)) {
      fault("the server counts " + std::to_string(record->failures) + " failures of " + serial);
    }
  }
  if (!end_.committed) return;
  if (!plan_.bad.empty()) fault("a bad image was committed");
  if (plan_.declines) fault("what the user declined was committed");
  const auto consents = ota::read_text(settings_.state_dir + "/consents.jsonl", 1 << 20);
  if (!consents || consents->find("\"accepted\"") == std::string::npos) {
    fault("no answer of the user was kept");
  }
}

}  // namespace gatehouse::gateway

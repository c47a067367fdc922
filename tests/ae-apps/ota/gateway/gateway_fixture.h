#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "ae-apps/ota/clock/time_page.h"
#include "ae-apps/ota/gateway/gateway.h"
#include "ae-apps/ota/repository/content.h"
#include "ae-apps/ota/repository/director_metadata.h"
#include "ae-apps/ota/repository/signing.h"
#include "ae-apps/sdk/fake_cse.h"
#include "bindings/http/file_page.h"
#include "bindings/http/server.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::gateway {

inline const crypto::SigningKey& gateway_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  return key;
}

/// One ECU on loopback DoIP: its disk outlives its power.
class TestEcu {
 public:
  TestEcu(ecu::EcuSettings settings, Bytes factory_image)
      : settings_(std::move(settings)), factory_image_(std::move(factory_image)) {
    power_on();
  }
  void power_on() {
    ecu::NodeSettings node;
    node.ecu = settings_;
    node.uds.max_block_bytes = 514;
    node.doip.port = port_;
    node.doip.entity.identity.logical_address = EcuEntry().logical_address;
    node.access_key = ecu::kAccessKey;
    node_ = std::make_unique<ecu::EcuNode>(std::move(node), disk_, runner_, random_);
    const auto started = node_->start(factory_image_);
    ASSERT_TRUE(started) << started.error().detail;
    port_ = node_->port();
  }
  void power_off() { node_.reset(); }
  std::uint16_t port() const { return port_; }
  ecu::EcuSettings& settings() { return settings_; }
  /// As its disk says: the state is stored before anything is answered.
  ecu::BootState state() { return ecu::load_state(disk_).value().value(); }
  /// What it runs. Its server is stopped for the look; powered on again it boots the same.
  std::string version() {
    node_->stop();
    std::string running = node_->ecu().version();
    power_on();
    return running;
  }

 private:
  ecu::EcuSettings settings_;
  Bytes factory_image_;
  ecu::SimulatedDisk disk_;
  ecu::SimulatedRunner runner_;
  crypto::SeededRandom random_{7};
  std::uint16_t port_ = 0;
  std::unique_ptr<ecu::EcuNode> node_;
};

/// Both Uptane repositories: what the OEM signed, and what the Director orders for this vehicle.
/// Fields may be changed before publish(); a thief who has some of the keys does the same.
class TestRepositories {
 public:
  TestRepositories() {
    for (uptane::FileSet* files : {&images, &director}) {
      uptane::RoleSpecs roles;
      for (const char* role : {"root", "targets", "snapshot", "timestamp"}) {
        roles[role] = {{key.public_key()}, 1};
      }
      const Value root = uptane::make_root(roles, now + std::chrono::hours(24 * 365)).value();
      (*files)["1.root.json"] = sign(root);
    }
    publish();
  }
  std::string sign(const Value& content) const {
    return uptane::add_signature(uptane::unsigned_metadata(content), key).value();
  }
  /// The Image repository describes the image, the Director orders it.
  /// `together`: the name of the release that it is part of.
  void release(const std::string& serial, const Bytes& image, const std::string& hardware_id,
               const Value& forms = {}, const Value& sbom = {}, const std::string& together = "",
               bool encrypted_only = false) {
    const std::lock_guard lock(mutex);
    uptane::TargetSpec target;
    const std::string sha256 = to_hex(crypto::sha256(image));
    target.name = "img/" + sha256.substr(0, 8) + ".ghfw";
    target.length = image.size();
    target.hashes = {{"sha256", sha256}};
    target.hardware_ids = {hardware_id};
    target.release_counter = ++releases;
    target.forms = forms;
    target.sbom = sbom;
    target.encrypted_only = encrypted_only;
    uptane::set_target(targets, target);
    uptane::TargetRecord record;
    record.length = target.length;
    record.hashes = target.hashes;
    record.release_counter = target.release_counter;
    std::erase_if(orders, [&](const uptane::EcuOrder& order) { return order.serial == serial; });
    for (uptane::EcuOrder& other : orders) {
      if (other.target == target.name) other.genuine = record;
    }
    orders.push_back({serial, hardware_id, target.name, record, together});
    publish();
  }
  void publish() {
    ++version;
    const Timestamp expires = now + std::chrono::hours(24);
    targets.set("version", version);
    const std::string number = std::to_string(version) + ".";
    images[number + "targets.json"] = sign(targets);
    Value snapshot = uptane::metadata_head("snapshot", version, expires);
    snapshot.set("meta",
                 Value::object({{"targets.json",
                                 uptane::file_record(images[number + "targets.json"], version)}}));
    images[number + "snapshot.json"] = sign(snapshot);
    Value timestamp = uptane::metadata_head("timestamp", version, expires);
    timestamp.set(
        "meta", Value::object({{"snapshot.json",
                                uptane::file_record(images[number + "snapshot.json"], version)}}));
    images["timestamp.json"] = sign(timestamp);
    auto files = uptane::make_director_files(
        {vehicle, version, now, std::chrono::hours(24), orders}, {key, key, key});
    for (auto& [name, text] : files.value()) director[name] = text;
  }
  UptaneEntry entry(const std::string& server) const {
    return {server + "uptane/director/id-mn/", server + "uptane/images/",
            director.at("1.root.json"), images.at("1.root.json")};
  }
  /// By the path of the URL.
  std::optional<std::string> file(std::string_view path) const {
    const std::lock_guard lock(mutex);
    for (const auto& [prefix, files] :
         {std::pair{"/uptane/images/", &images}, std::pair{"/uptane/director/id-mn/", &director}}) {
      if (!path.starts_with(prefix)) continue;
      const auto found = files->find(path.substr(std::string_view(prefix).size()));
      if (found != files->end()) return found->second;
    }
    return std::nullopt;
  }

  crypto::SigningKey key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  Timestamp now = uptane::parse_iso_time("2030-01-01T00:00:00Z").value();
  uptane::FileSet images, director;
  Value targets = uptane::make_targets(now + std::chrono::hours(24 * 90));
  std::vector<uptane::EcuOrder> orders;
  std::string vehicle = "/id-mn";
  mutable std::mutex mutex;
  std::uint64_t version = 0, releases = 0;
};

/// The server's images and metadata over HTTP.
class ImageServer {
 public:
  ImageServer(std::string folder, const TestRepositories& repositories)
      : folder_(std::move(folder)), server_(http::ServerSettings{}, nobody_, codecs_) {
    server_.set_pages(
        [this, &repositories](const http::PageRequest& request) -> std::optional<http::Page> {
          if (down) {
            http::Page busy;
            busy.status = 503;
            return busy;
          }
          if (const auto metadata = repositories.file(request.path)) {
            ++metadata_requests;
            http::Page page;
            page.body = *metadata;
            return page;
          }
          if (request.path.starts_with("/uptane/")) return std::nullopt;
          if (request.path.starts_with("/time/")) {
            ++time_requests;
            return ota::time_pages(repositories.key, [&] { return repositories.now; })(request);
          }
          ++requests;
          for (const std::string_view prefix : {"/images/", "/artifacts/"}) {
            if (!request.path.starts_with(prefix)) continue;
            return http::file_page(request, folder_, request.path.substr(prefix.size()));
          }
          return std::nullopt;
        });
    const auto started = server_.start();
    if (!started) ADD_FAILURE() << started.error().detail;
  }
  std::string root() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/"; }
  std::string url() const { return root() + "images/"; }
  void put(const std::string& name, const Bytes& image) const {
    std::ofstream out(folder_ + "/" + name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(image.data()),
              static_cast<std::streamsize>(image.size()));
  }
  std::atomic<bool> down{false};               ///< answers everything by 503
  std::atomic<unsigned> metadata_requests{0};  ///< that were answered
  std::atomic<unsigned> requests{0};           ///< for images
  std::atomic<unsigned> time_requests{0};      ///< at the time server

 private:
  class Nobody final : public PrimitiveHandler {
    void handle(Request&& request, Reply reply) override {
      reply(error_response(request, {Rsc::kNotFound, "no primitives here"}));
    }
  };
  std::string folder_;
  Nobody nobody_;
  Codecs codecs_ = standard_codecs();
  http::Server server_;
};

/// A way to the CSE on which a test stands beside the road: it sees each request of the gateway
/// before the CSE does, and again when it is answered. What it stops is answered as by a CSE that
/// cannot be reached.
class WatchedLink final : public sdk::Link {
 public:
  using Watch = std::function<bool(const Request&, bool answered)>;
  WatchedLink(std::unique_ptr<sdk::Link> link, Watch watch)
      : link_(std::move(link)), watch_(std::move(watch)) {}
  Result<void> start(PrimitiveHandler& handler) override { return link_->start(handler); }
  void stop() override { link_->stop(); }
  void send(Request request, Reply reply) override {
    if (!watch_(request, false)) {
      return reply(error_response(request, {Rsc::kTargetNotReachable, "there is no way now"}));
    }
    link_->send(request, [this, request, reply](Response response) {
      watch_(request, true);
      reply(std::move(response));
    });
  }
  void set_identity(const std::string& ae_id) override { link_->set_identity(ae_id); }
  std::vector<std::string> points_of_access() const override { return link_->points_of_access(); }
  void serve_pages(http::PageHandler pages) override { link_->serve_pages(std::move(pages)); }
  std::string page_url() const override { return link_->page_url(); }

 private:
  std::unique_ptr<sdk::Link> link_;
  const Watch watch_;
};

/// A vehicle with a full and a constrained ECU, one CSE that stands for both nodes, and the server.
class GatewayTest : public testing::Test {
 protected:
  static constexpr const char* kFull = "ECU-0001";
  static constexpr const char* kConstrained = "ECU-0002";

  GatewayTest() {
    sdk::AeSettings server;
    server.cse_id = "/id-mn";
    server.csebase = "cse-mn";
    server.ae_id = "CotaServer";
    server.name = "ota-server";
    server_ae_ = sdk::Ae::connect(server, cse_.link()).value();
    EXPECT_TRUE(server_ae_->container("reports").ensure());
    settings_.ae = server;
    settings_.ae.ae_id = "CotaGateway";
    settings_.ae.name = "ota-gateway";
    settings_.server_ae = "/id-mn/CotaServer";
    settings_.reports = "/id-mn/cse-mn/ota-server/reports";
    settings_.images_url = images_.url();
    settings_.vehicle = "/id-mn";
    settings_.state_dir = folder_ / "state";
    settings_.oem_keys = {ecu::oem_key().public_key()};
    settings_.report_key = gateway_key();
    settings_.uptane = repositories_.entry(images_.root());
    settings_.min_free_bytes = 0;
    settings_.auto_consent = true;
    settings_.retry_pause = std::chrono::milliseconds(1);
    settings_.ecus = {entry_of(kFull, full_, EcuLevel::kFull),
                      entry_of(kConstrained, constrained_, EcuLevel::kConstrained)};
    settings_.ecus[0].public_key = ecu::ecu_key().public_key();
    settings_.ecus[0].verifies = true;
  }

  std::string served() const {
    std::filesystem::create_directories(folder_ / "served");
    return folder_ / "served";
  }
  static EcuEntry entry_of(const std::string& serial, const TestEcu& ecu, EcuLevel level) {
    EcuEntry entry;
    entry.serial = serial;
    entry.hardware_id = "demo-ecu";
    entry.port = ecu.port();
    entry.level = level;
    entry.access_key = ecu::kAccessKey;
    if (level == EcuLevel::kConstrained) entry.shared_key = ecu::kSharedKey;
    return entry;
  }
  /// A full ECU that verifies the Director's orders by itself.
  ecu::EcuSettings verifying_settings() const {
    ecu::EcuSettings settings = ecu::full_ecu();
    settings.director_root = repositories_.director.at("1.root.json");
    settings.clock = [this] { return repositories_.now; };
    return settings;
  }
  static ecu::EcuSettings constrained_settings() {
    ecu::EcuSettings settings = ecu::constrained_ecu();
    settings.serial = kConstrained;
    return settings;
  }

  void start(std::function<bool(const Job&)> stored = {}) {
    GatewayParts parts;
    parts.link =
        std::make_unique<WatchedLink>(cse_.link(), [this](const Request& request, bool answered) {
          return !on_request_ || on_request_(request, answered);
        });
    parts.stored = std::move(stored);
    parts.clock = [this] { return repositories_.now + std::chrono::seconds(seconds_later_); };
    parts.fetch = [](const std::string& url, const std::filesystem::path& file,
                     sdk::DownloadSettings how) {
      how.wait = [](unsigned) {};
      return sdk::download(url, file, how);
    };
    auto gateway = Gateway::start(settings_, steps_, log_, std::move(parts));
    ASSERT_TRUE(gateway) << gateway.error().detail;
    gateway_ = *std::move(gateway);
  }
  void settle() {
    ASSERT_TRUE(gateway_->settle(std::chrono::seconds(60))) << steps_.str() << log_.str();
  }
  /// As a loss of power, then a start.
  void restart(std::function<bool(const Job&)> stored = {}) {
    gateway_.reset();
    start(std::move(stored));
  }

  std::string fresh_nonce() { return to_hex(random_.bytes(16)); }
  void ask(const std::string& nonce, Value more = Value::object()) {
    more.set("inquiry", "i-" + nonce.substr(0, 8)).set("nonce", nonce);
    ASSERT_TRUE(server_ae_->container("cse-mn/ota-gateway/inquiries").push(more));
  }
  /// What the server writes into the [firmware]; returns the nonce.
  std::string order(const std::string& serial, const std::string& url, const std::string& version,
                    std::string nonce = "") {
    if (nonce.empty()) nonce = fresh_nonce();
    const Response done = cse_.update("cse-mn/ecu-" + serial + "/firmware",
                                      Value::object({{"url", url},
                                                     {"vr", version},
                                                     {"fwn", "brake"},
                                                     {"ud", true},
                                                     {"lbl", Value::array({"nonce:" + nonce})}}));
    EXPECT_EQ(done.rsc, Rsc::kUpdated);
    return nonce;
  }
  std::string offer(const std::string& serial, const Bytes& image,
                    const std::string& version = "1.1.0") {
    const std::string name = to_hex(crypto::sha256(image));
    images_.put(name, image);
    repositories_.release(serial, image, "demo-ecu");
    return order(serial, images_.url() + name, version);
  }

  Value firmware(const std::string& serial) {
    return cse_.find("cse-mn/ecu-" + serial + "/firmware");
  }
  std::int64_t sus(const std::string& serial) {
    const Value attributes = firmware(serial);
    const Value* uds = attributes.find("uds");
    return uds == nullptr ? 0 : uds->integer_at("sus");
  }
  /// All instances that the gateway pushed with success, oldest first.
  std::vector<Value> reports() {
    std::vector<Value> out;
    for (const Request& request : cse_.requests()) {
      if (request.operation != Operation::kCreate || !request.to.ends_with("/reports")) continue;
      if (const Value* cin = request.content->find("m2m:cin")) out.push_back(*cin->find("con"));
    }
    return out;
  }
  std::vector<Value> reports_of(const std::string& purpose) {
    std::vector<Value> out = reports();
    std::erase_if(out, [&](const Value& each) { return each.string_at("purpose") != purpose; });
    return out;
  }
  /// How orders ended; not that they wait.
  std::vector<Value> outcomes() {
    std::vector<Value> out = reports();
    std::erase_if(out, [](const Value& each) { return each.string_at("purpose") == "delayed"; });
    return out;
  }
  /// The one outcome expected, of that purpose; null if it is not so.
  Value only_report(const std::string& purpose) {
    const auto all = outcomes();
    EXPECT_EQ(all.size(), 1u) << steps_.str() << log_.str();
    if (all.size() != 1 || all[0].string_at("purpose") != purpose) {
      ADD_FAILURE() << (all.empty() ? "none" : to_json(all[0]));
      return {};
    }
    return all[0];
  }
  static image::SignedReport signed_report_in(const Value& instance) {
    const Value& entry = instance.find("reports")->as_array()->at(0);
    return {entry.string_at("alg"), entry.string_at("key_id"), entry.string_at("report"),
            from_base64(entry.string_at("signature")).value()};
  }
  /// The stage and the reason of the only report, which must be a refusal that left the ECU alone.
  void expect_refusal(const std::string& serial, const std::string& stage,
                      const std::string& reason_part) {
    const Value report = only_report("refusal");
    const Value* error = report.find("error");
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->string_at("ecu"), serial);
    EXPECT_EQ(error->string_at("stage"), stage) << error->string_at("reason");
    EXPECT_NE(error->string_at("reason").find(reason_part), std::string::npos)
        << error->string_at("reason");
    EXPECT_FALSE(firmware(serial).bool_at("ud", true));
    EXPECT_EQ(sus(serial), 2);
    EXPECT_FALSE(gateway_->journal().open_job_of(serial));
  }

  TemporaryFolder folder_;
  std::ostringstream steps_, log_;              ///< read only once the gateway has settled
  WatchedLink::Watch on_request_;               ///< on the gateway's threads; set while it is idle
  std::atomic<std::int64_t> seconds_later_{0};  ///< the vehicle's clock
  sdk::FakeCse cse_{"/id-mn", "cse-mn"};
  TestRepositories repositories_;
  TestEcu full_{verifying_settings(), ecu::image_of({.version = "1.0.0", .release_counter = 5})};
  TestEcu constrained_{constrained_settings(),
                       ecu::image_of({.version = "1.0.0", .release_counter = 5})};
  ImageServer images_{served(), repositories_};
  std::unique_ptr<sdk::Ae> server_ae_;
  GatewaySettings settings_;
  std::unique_ptr<Gateway> gateway_;
  crypto::SeededRandom random_{11};
};

}  // namespace gatehouse::gateway

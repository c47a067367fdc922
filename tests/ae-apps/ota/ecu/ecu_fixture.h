#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "ae-apps/ota/ecu/ecu_node.h"
#include "ae-apps/ota/uds/doip_client.h"
#include "ae-apps/ota/uds/flasher.h"

namespace gatehouse::ecu {

/// An application that needs no process: its text is what it would write.
class SimulatedRunner final : public PayloadRunner {
 public:
  SelfTest start(ByteView payload) override {
    ++starts;
    SelfTest test = read_self_test(gatehouse::text_of(payload));
    if (!test.passed && test.error.empty()) test.error = "no answer in time";
    runs = test.passed;
    return test;
  }
  void stop() override { runs = false; }
  bool heard_within(std::chrono::milliseconds) const override { return !silent; }
  bool ended() override { return dead; }
  bool runs = false;
  bool silent = false;  ///< the application hangs
  bool dead = false;    ///< it ends as soon as it has passed its self-test
  int starts = 0;
};

inline const crypto::SigningKey& oem_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  return key;
}
inline const crypto::SigningKey& foreign_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  return key;
}
inline const crypto::SigningKey& ecu_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  return key;
}
inline const Bytes kAccessKey = Bytes(32, 0x11);
inline const Bytes kSharedKey = Bytes(32, 0x22);

struct ImageSpec {
  std::string version = "1.0.0";
  std::uint64_t release_counter = 1;
  std::string hardware_id = "demo-ecu";
  std::string payload = {};  ///< empty: one that passes its self-test
  const crypto::SigningKey* key = nullptr;
  std::size_t padding = 0;
  std::vector<std::string> requirements = {};
  std::uint64_t duration_s = 0;
  std::string unavailable = {};
};

inline Bytes image_of(const ImageSpec& spec) {
  image::Manifest m;
  m.name = "brake";
  m.version = spec.version;
  m.release_counter = spec.release_counter;
  m.hardware_id = spec.hardware_id;
  m.created = "20261121T120000";
  m.requirements = spec.requirements;
  m.duration_s = spec.duration_s;
  m.unavailable = spec.unavailable;
  std::string payload = spec.payload;
  if (payload.empty()) payload = "version " + spec.version + "\nself-test ok\n";
  payload += std::string(spec.padding, '#');
  return image::build_image(m, view_of(payload), {spec.key == nullptr ? &oem_key() : spec.key})
      .value();
}

inline EcuSettings full_ecu() {
  EcuSettings s;
  s.oem_keys = {oem_key().public_key()};
  s.report_key = ecu_key();
  return s;
}

inline EcuSettings constrained_ecu() {
  EcuSettings s;
  s.constrained = true;
  s.shared_key = kSharedKey;
  return s;
}

/// The MAC that a gateway gives for an image.
inline Bytes mac_for(ByteView image) {
  const auto header = image::parse_header(image).value().value();
  const auto mac = image::gateway_mac(kSharedKey, header.manifest_json,
                                      crypto::sha256(image.subspan(header.header_bytes)));
  return Bytes(mac.begin(), mac.end());
}

/// UDS without a network: requests go to the server at once.
class DirectTransport final : public uds::Transport {
 public:
  explicit DirectTransport(uds::Server& server, std::function<void()> reset)
      : server_(server), reset_(std::move(reset)) {}
  Result<void> connect() override {
    connected_ = true;
    return {};
  }
  void disconnect() override { connected_ = false; }
  bool connected() const override { return connected_; }
  Result<void> send(ByteView uds) override {
    const auto then = server_.handle(uds, false, [this](Bytes b) { answers_.push_back(b); });
    if (then == uds::Server::Then::kReset) reset_();
    return {};
  }
  Result<Bytes> receive(std::chrono::milliseconds) override {
    if (answers_.empty()) return fail(Rsc::kRequestTimeout, "nothing came in time");
    Bytes first = answers_.front();
    answers_.erase(answers_.begin());
    return first;
  }

 private:
  uds::Server& server_;
  std::function<void()> reset_;
  std::vector<Bytes> answers_;
  bool connected_ = false;
};

/// One ECU on a simulated disk with a flasher in front of it; no sockets, no processes, no time.
class Bench {
 public:
  explicit Bench(EcuSettings settings, Disk& disk)
      : ecu(std::move(settings), disk, runner), random_(1) {}

  void boot() {
    ecu.boot();
    if (!server) {
      uds::ServerSettings settings;
      settings.max_block_bytes = 66;
      server = std::make_unique<uds::Server>(
          settings, [this] { return now; }, random_, kAccessKey, ecu, ecu);
      ecu.observe(server.get());
      transport = std::make_unique<DirectTransport>(*server, [this] {
        server->power_on();
        ecu.boot(true);
      });
      uds::FlasherSettings flasher_settings;
      flasher_settings.access_key = kAccessKey;
      flasher = std::make_unique<uds::Flasher>(*transport, flasher_settings,
                                               [](std::chrono::milliseconds) {});
    }
  }

  uds::Diagnosis<void> flash(ByteView image, ByteView mac = {}) {
    return flasher->flash(
        image.size(),
        [image](std::uint64_t offset, std::size_t max) -> Result<Bytes> {
          const auto part =
              image.subspan(offset, std::min<std::size_t>(max, image.size() - offset));
          return Bytes(part.begin(), part.end());
        },
        {}, mac);
  }
  /// Nobody has asked for it.
  void power_cycle() {
    server->power_on();
    ecu.boot();
  }
  uds::Diagnosis<void> reset() { return flasher->reset_and_wait(std::chrono::seconds(1)); }

  std::chrono::milliseconds now{0};
  SimulatedRunner runner;
  Ecu ecu;
  std::unique_ptr<uds::Server> server;
  std::unique_ptr<DirectTransport> transport;
  std::unique_ptr<uds::Flasher> flasher;

 private:
  crypto::SeededRandom random_;
};

}  // namespace gatehouse::ecu

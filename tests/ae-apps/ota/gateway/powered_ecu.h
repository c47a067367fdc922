#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/gateway/node_link.h"
#include "ae-apps/ota/node/member_orders.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"

namespace gatehouse::gateway {

/// Who loses its power.
enum class Victim : std::uint8_t { kVehicle, kGateway, kEcu, kServer };
inline constexpr Victim kVictims[] = {Victim::kVehicle, Victim::kGateway, Victim::kEcu,
                                      Victim::kServer};

/// The power is gone: unwinds to whoever turns it on again.
struct PowerLoss {
  Victim victim;
};

/// Counts all persistent writes, and cuts the power at those that were chosen.
class Power {
 public:
  /// `at`: numbers of writes; whose write it is decides who is cut off, but for kVehicle, which
  /// takes the gateway and all ECUs with it.
  void plan(std::map<std::uint64_t, bool> whole_vehicle_at) {
    cuts_ = std::move(whole_vehicle_at);
    writes_ = 0;
  }
  /// Somebody else decides, by who writes and what (of an ECU: "replace state"): who is cut off;
  /// nullopt: nobody. Any thread.
  using Judge = std::function<std::optional<Victim>(Victim who, const std::string& what)>;
  void set_judge(Judge judge) { judge_ = std::move(judge); }
  /// Before a write of `who`.
  void write(Victim who, const std::string& what = {}) {
    if (judge_) {
      if (const auto victim = judge_(who, what)) throw PowerLoss{*victim};
      return;
    }
    ++writes_;
    const auto cut = cuts_.find(writes_);
    if (cut == cuts_.end()) return;
    ++cuts_done_;
    const bool whole = cut->second && who != Victim::kServer;
    throw PowerLoss{whole ? Victim::kVehicle : who};
  }
  std::uint64_t writes() const { return writes_; }
  unsigned cuts_done() const { return cuts_done_; }

 private:
  Judge judge_;
  std::map<std::uint64_t, bool> cuts_;
  std::uint64_t writes_ = 0;
  unsigned cuts_done_ = 0;
};

/// A disk whose every write may be the last one.
class PoweredDisk final : public ecu::Disk {
 public:
  PoweredDisk(ecu::SimulatedDisk& medium, Power& power) : medium_(medium), power_(power) {}
  Result<std::optional<Bytes>> read(const std::string& name, std::size_t max_bytes) override {
    return medium_.read(name, max_bytes);
  }
  Result<Bytes> read_at(const std::string& name, std::uint64_t offset,
                        std::size_t max_bytes) override {
    return medium_.read_at(name, offset, max_bytes);
  }
  Result<void> replace(const std::string& name, ByteView content) override {
    power_.write(Victim::kEcu, "replace " + name);
    return medium_.replace(name, content);
  }
  Result<void> erase(const std::string& name) override {
    power_.write(Victim::kEcu, "erase " + name);
    return medium_.erase(name);
  }
  Result<void> append(const std::string& name, ByteView bytes) override {
    try {
      power_.write(Victim::kEcu, "append " + name);
    } catch (const PowerLoss&) {
      (void)medium_.append(name, bytes.first(bytes.size() / 2));
      throw;
    }
    return medium_.append(name, bytes);
  }
  Result<void> sync(const std::string& name) override {
    power_.write(Victim::kEcu, "sync " + name);
    return medium_.sync(name);
  }

 private:
  ecu::SimulatedDisk& medium_;
  Power& power_;
};

/// One ECU of the real program's parts, without network, processes and time.
class WorldEcu {
 public:
  WorldEcu(ecu::EcuSettings settings, const Bytes& factory_image, Power& power)
      : settings_(std::move(settings)), disk_(medium_, power) {
    ecu::Ecu factory(settings_, medium_, runner_);
    EXPECT_TRUE(factory.install_factory_image(factory_image));
    power_on();
  }
  /// A cold boot. A cut may come while it boots, too.
  void power_on() {
    server.reset();
    ecu = std::make_unique<ecu::Ecu>(settings_, disk_, runner_);
    for (;;) {
      try {
        ecu->boot();
        break;
      } catch (const PowerLoss&) {
        medium_.power_cut();
      }
    }
    uds::ServerSettings settings;
    settings.max_block_bytes = 258;
    // The clock stands still, so the delay after tries that lost their power would have no end.
    settings.attempt_delay = std::chrono::milliseconds(0);
    server = std::make_unique<uds::Server>(
        settings, [] { return std::chrono::milliseconds(0); }, random_, ecu::kAccessKey, *ecu,
        *ecu);
    ecu->observe(server.get());
    ++starts;
  }
  void lose_power() {
    runner_.stop();
    medium_.power_cut();
    power_on();
  }
  /// What it says of the vehicle's state from now on; nullopt: fit.
  void find_vehicle_unfit(std::optional<uds::Nrc> nrc) {
    settings_.precondition_fault = nrc;
    power_on();
  }
  bool runs(const std::string& version) const {
    return ecu->running() && ecu->version() == version;
  }

  std::unique_ptr<ecu::Ecu> ecu;
  std::unique_ptr<uds::Server> server;
  unsigned starts = 0;

 private:
  ecu::EcuSettings settings_;
  ecu::SimulatedDisk medium_;
  PoweredDisk disk_;
  ecu::SimulatedRunner runner_;
  crypto::SeededRandom random_{5};
};

/// The gateway's way to it. An ECU that loses its power alone is gone for one request.
class WorldTransport final : public uds::Transport {
 public:
  explicit WorldTransport(WorldEcu& ecu) : ecu_(ecu), start_(ecu.starts) {}
  Result<void> connect() override {
    start_ = ecu_.starts;
    answers_.clear();
    connected_ = true;
    return {};
  }
  void disconnect() override { connected_ = false; }
  bool connected() const override { return connected_ && start_ == ecu_.starts; }
  Result<void> send(ByteView uds) override {
    if (!connected()) return fail(Rsc::kTargetNotReachable, "gone");
    try {
      const auto then =
          ecu_.server->handle(uds, false, [this](Bytes b) { answers_.push_back(std::move(b)); });
      if (then == uds::Server::Then::kReset) {
        ecu_.server->power_on();
        ecu_.ecu->boot(true);
      }
    } catch (const PowerLoss& loss) {
      if (loss.victim != Victim::kEcu) throw;
      ecu_.lose_power();
      connected_ = false;
      return fail(Rsc::kTargetNotReachable, "gone");
    }
    return {};
  }
  Result<Bytes> receive(std::chrono::milliseconds) override {
    if (answers_.empty()) return fail(Rsc::kRequestTimeout, "nothing came in time");
    Bytes first = std::move(answers_.front());
    answers_.erase(answers_.begin());
    return first;
  }

 private:
  WorldEcu& ecu_;
  unsigned start_;
  bool connected_ = false;
  std::vector<Bytes> answers_;
};

/// The gateway's way to those that are field nodes in place of ECUs: the node's own code, and
/// orders and answers in the form in which they travel. A node that loses its power never answers.
class WorldWay final : public NodeWay {
 public:
  explicit WorldWay(std::map<std::string, std::unique_ptr<WorldEcu>>& ecus) : ecus_(ecus) {}
  Result<Value> exchange(const EcuEntry& to, Value order,
                         const Member::Progress& progress) override {
    WorldEcu& ecu = *ecus_.at(to.serial);
    const unsigned start = ecu.starts;
    ++orders;
    WorldTransport transport(ecu);
    uds::FlasherSettings flasher;
    flasher.access_key = ecu::kAccessKey;
    const auto fetch = [](const std::string& address) {
      return crypto::read_file(address, 1 << 20);
    };
    const Value answer =
        node::carry_out(parse_json(to_json(order)).value(),
                        {transport, flasher, std::chrono::milliseconds(100), fetch, progress});
    if (ecu.starts != start) return fail(Rsc::kTargetNotReachable, "the node does not answer");
    return parse_json(to_json(answer));
  }
  Result<std::string> publish(const EcuEntry&, const std::filesystem::path& image) override {
    return image.string();
  }
  void cancel(const EcuEntry&) override {}
  unsigned orders = 0;

 private:
  std::map<std::string, std::unique_ptr<WorldEcu>>& ecus_;
};

}  // namespace gatehouse::gateway

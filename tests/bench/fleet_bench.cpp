// A campaign over 10,000 simulated vehicles with 8 ECUs, and queries over a fleet of 100,000. The
// server's decisions and its verification of every signed report are the real ones; disk, CSE and
// network are left out. One thread is the server, one is all the vehicles, which sign.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <thread>

#include "ae-apps/ota/campaign/manager.h"
#include "ae-apps/ota/server/campaign_port.h"
#include "ae-apps/ota/uptane/signed_message.h"
#include "cse/codec/json.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::ota_server;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kVehicles = 10'000, kEcus = 8, kKeys = 32;
constexpr std::size_t kFleet = 100'000, kQueries = 200;
constexpr std::size_t kBatch = 64;
constexpr const char* kName = "bench";

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

Timestamp time_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

std::string hash_of(std::size_t number) {
  std::string digits = std::to_string(number);
  return std::string(64 - digits.size(), '0') + digits;
}

std::string serial_of(std::size_t vehicle, std::size_t ecu) {
  return "E" + std::to_string(vehicle) + "-" + std::to_string(ecu);
}

/// Keys are shared, so that the program starts soon; checking a signature costs the same.
struct Keys {
  std::vector<crypto::SigningKey> keys;
  Keys() {
    for (std::size_t i = 0; i < kKeys; ++i) {
      keys.push_back(*crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256));
    }
  }
  const crypto::SigningKey& of(std::size_t vehicle, std::size_t ecu) const {
    return keys[(vehicle + ecu) % kKeys];
  }
};

/// Something that a vehicle is told, or says.
struct Mail {
  std::size_t vehicle = 0, ecu = 0;
  bool inquiry = false;
  std::string id, nonce;
  Value said;
  std::optional<Clock::time_point> pause;  ///< the operator wants a pause
};

class Mailbox {
 public:
  void put(Mail mail) {
    {
      const std::lock_guard lock(mutex_);
      mails_.push_back(std::move(mail));
    }
    there_.notify_one();
  }
  std::vector<Mail> take(std::size_t most, std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    there_.wait_for(lock, wait, [this] { return !mails_.empty(); });
    std::vector<Mail> out;
    while (!mails_.empty() && out.size() < most) {
      out.push_back(std::move(mails_.front()));
      mails_.pop_front();
    }
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable there_;
  std::deque<Mail> mails_;
};

/// All vehicles: each runs what it is told to, and signs that it does.
class Vehicles {
 public:
  Vehicles(const Keys& keys, Mailbox& to_server) : keys_(keys), to_server_(to_server) {
    thread_ = std::thread([this] { run(); });
  }
  ~Vehicles() {
    stopping_ = true;
    thread_.join();
  }
  Mailbox inbox;

 private:
  Value entry(std::size_t vehicle, std::size_t ecu, const std::string& nonce, bool updated) const {
    const std::string hardware = "hw-" + std::to_string(ecu);
    const image::VersionReport report{serial_of(vehicle, ecu),
                                      hardware,
                                      "software",
                                      updated ? "2.0.0" : "1.0.0",
                                      updated ? 2u : 1u,
                                      hash_of(updated ? 1'000 + ecu : ecu),
                                      "a",
                                      nonce,
                                      1,
                                      "running",
                                      "none"};
    const image::SignedReport made = *image::sign_report(report, keys_.of(vehicle, ecu));
    return Value::object({{"ecu", report.serial},
                          {"level", "full"},
                          {"report", made.report_json},
                          {"signature", to_base64(made.signature)},
                          {"key_id", made.key_id}});
  }
  Value answer(const Mail& mail) const {
    Value entries = Value::array();
    for (std::size_t i = 0; i < kEcus; ++i) {
      if (mail.inquiry || i == mail.ecu) {
        entries.push_back(entry(mail.vehicle, i, mail.nonce, !mail.inquiry));
      }
    }
    Value out = Value::object({{"inquiry", mail.id},
                               {"vehicle", "/v" + std::to_string(mail.vehicle)},
                               {"purpose", mail.inquiry ? "inventory" : "completion"}});
    out.set("reports", std::move(entries));
    if (!uptane::sign_message(out, keys_.of(mail.vehicle, 0))) std::abort();
    return out;
  }
  void run() {
    while (!stopping_) {
      for (Mail& mail : inbox.take(kBatch, std::chrono::milliseconds(20))) {
        mail.said = answer(mail);
        to_server_.put(std::move(mail));
      }
    }
  }

  const Keys& keys_;
  Mailbox& to_server_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

struct Figures {
  double seconds = 0, start_ms = 0, dry_run_ms = 0, pause_ms = 0;
  std::size_t reports = 0, told = 0, told_after_pause = 0, writes = 0, updated = 0;
};

class Server {
 public:
  explicit Server(const Keys& keys)
      : director_(rules(), vehicles(keys), random_), port_(director_, ""), manager_(port_) {
    std::vector<ImageFacts> images;
    for (std::size_t i = 0; i < kEcus; ++i) {
      images.push_back({hash_of(2'000 + i), hash_of(1'000 + i), "software", "2.0.0",
                        "hw-" + std::to_string(i), 2, 5'000, "software-" + std::to_string(i)});
    }
    director_.set_images(std::move(images));
    for (const Vehicle& vehicle : director_.vehicles()) {
      const auto index = manager_.fleet().add(vehicle.cse_id);
      for (const Ecu& ecu : vehicle.ecus) {
        manager_.fleet().add_ecu(index, ecu.serial, ecu.hardware_id);
      }
    }
  }

  Figures run(Mailbox& inbox, Vehicles& vehicles) {
    Figures out;
    define();
    out.dry_run_ms = dry_run();
    const auto begin = Clock::now();
    command("approve", "CBob");
    follow();
    send(vehicles, out);
    out.start_ms = ms_since(begin);
    bool paused = false;
    bool pausing = false;
    Clock::time_point pause_wanted{};
    std::optional<Clock::time_point> last_told;
    for (;;) {
      for (const Mail& mail : inbox.take(kBatch, std::chrono::milliseconds(5))) {
        if (mail.pause) {
          command("pause", "CAda");
          pausing = true;
          pause_wanted = *mail.pause;
          out.pause_ms = ms_since(*mail.pause);
          out.told_after_pause = out.told;
        } else {
          director_.take_report(mail.said, time_now());
          out.reports += mail.inquiry ? kEcus : 1;
        }
      }
      follow();
      const std::size_t before = out.told;
      send(vehicles, out);
      if (pausing && out.told > before) out.pause_ms = ms_since(pause_wanted);
      const campaign::Campaign& campaign = *manager_.find(kName);
      out.updated = campaign.counts()[static_cast<std::size_t>(campaign::Progress::kUpdated)];
      if (!paused && out.updated >= kVehicles / 2) {
        paused = true;
        Mail mail;
        mail.pause = Clock::now();
        inbox.put(std::move(mail));  // behind all that waits, as a notification would be
      }
      const auto open = campaign.counts()[static_cast<std::size_t>(campaign::Progress::kTold)] +
                        campaign.counts()[static_cast<std::size_t>(campaign::Progress::kAsked)];
      if (pausing && open == 0) {
        out.told_after_pause = out.told - out.told_after_pause;
        pausing = false;
        command("resume", "CAda");
      }
      if (campaign.state() == campaign::State::kFinished) break;
      if (ms_since(begin) > 120'000) break;
    }
    out.seconds = ms_since(begin) / 1000;
    return out;
  }

 private:
  static Rules rules() {
    Rules out;
    out.automatic_offers = false;
    return out;
  }
  static std::vector<Vehicle> vehicles(const Keys& keys) {
    std::vector<Vehicle> out;
    for (std::size_t v = 0; v < kVehicles; ++v) {
      Vehicle vehicle;
      vehicle.cse_id = "/v" + std::to_string(v);
      vehicle.primary_key = keys.of(v, 0).public_key();
      for (std::size_t e = 0; e < kEcus; ++e) {
        vehicle.ecus.push_back(
            {serial_of(v, e), "hw-" + std::to_string(e), Level::kFull, keys.of(v, e).public_key()});
      }
      out.push_back(std::move(vehicle));
    }
    return out;
  }

  void define() {
    Value images = Value::array();
    for (std::size_t i = 0; i < kEcus; ++i) images.push_back(hash_of(2'000 + i));
    Value definition =
        Value::object({{"name", kName}, {"rate_per_minute", 10'000'000}, {"max_open", 200}});
    definition.set("images", std::move(images));
    definition.set("stages", Value::array({Value::object({{"name", "canary"}, {"percent", 1}}),
                                           Value::object({{"name", "rest"}})}));
    const auto verdict = manager_.take_definition(definition, "CAda", "d", time_now());
    if (!verdict.accepted) throw std::runtime_error(verdict.reason);
  }
  double dry_run() {
    const auto begin = Clock::now();
    const campaign::Plan plan = manager_.find(kName)->plan();
    if (plan.gets != kVehicles) throw std::runtime_error("the dry run leaves vehicles out");
    return ms_since(begin);
  }
  void command(const char* word, const char* by) {
    const auto verdict = manager_.take_command(
        Value::object({{"campaign", kName}, {"command", word}}), by, word, time_now());
    if (!verdict.accepted) throw std::runtime_error(verdict.reason);
  }
  void follow() {
    const Timestamp now = time_now();
    port_.set_time(now);
    for (const std::string& serial : director_.take_touched()) {
      manager_.touched(serial, director_.facts_of(serial)->record->version, now);
    }
    manager_.tick(now);
    director_.tick(now);
  }
  void send(Vehicles& vehicles, Figures& figures) {
    for (const Outgoing& what : director_.pending()) {
      if (what.kind != Outgoing::Kind::kHistory && director_.begin_sending(what)) {
        Mail mail;
        mail.inquiry = what.kind == Outgoing::Kind::kInquiry;
        if (mail.inquiry) {
          mail.vehicle = std::stoul(what.to.substr(2));
          mail.id = what.key;
          mail.nonce = what.content.string_at("nonce");
        } else {
          ++figures.told;
          mail.vehicle = std::stoul(what.serial.substr(1));
          mail.ecu = std::stoul(what.serial.substr(what.serial.find('-') + 1));
          mail.id = mail.nonce = what.key;
        }
        vehicles.inbox.put(std::move(mail));
      }
      director_.delivered(what);
    }
    director_.take_steps();
    director_.take_changes();
    for (;;) {
      const std::size_t some = manager_.take_writes(1'000, time_now()).size();
      figures.writes += some;
      if (some < 1'000) return;
    }
  }

  crypto::SystemRandom random_;
  Director director_;
  CampaignPort port_;
  campaign::Manager manager_;
};

/// Filters over a large fleet: the slowest of each hundred, in milliseconds.
double query_ms(std::size_t& found) {
  campaign::Fleet fleet;
  std::vector<std::string> eu, test;
  for (std::size_t v = 0; v < kFleet; ++v) {
    const std::string id = "/v" + std::to_string(v);
    const auto index = fleet.add(id);
    for (std::size_t e = 0; e < kEcus; ++e) {
      const std::string serial = serial_of(v, e);
      fleet.add_ecu(index, serial, "hw-" + std::to_string((v + e) % 40));
      fleet.set_version(serial, "1." + std::to_string((v * 7 + e) % 20));
    }
    if (v % 3 != 0) eu.push_back(id);
    if (v % 50 == 0) test.push_back(id);
  }
  fleet.set_label("region:eu", eu);
  fleet.set_label("test", test);
  std::vector<double> times;
  for (std::size_t i = 0; i < kQueries; ++i) {
    campaign::Filter filter;
    filter.labels = {i % 2 == 0 ? "region:eu" : "test"};
    filter.versions = {"1." + std::to_string(i % 20), "1." + std::to_string((i + 5) % 20)};
    const auto begin = Clock::now();
    found += fleet.select(filter, {"hw-" + std::to_string(i % 40)}).size();
    times.push_back(ms_since(begin));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() * 99 / 100];
}

}  // namespace

int main() {
  std::size_t found = 0;
  const double query = query_ms(found);
  const Keys keys;
  Mailbox to_server;
  Server server(keys);
  Figures figures;
  {
    Vehicles vehicles(keys, to_server);
    figures = server.run(to_server, vehicles);
  }
  std::cout << "{\"vehicles\":" << kVehicles << ",\"ecus\":" << kEcus
            << ",\"updated\":" << figures.updated << ",\"seconds\":" << figures.seconds
            << ",\"reports_verified\":" << figures.reports << ",\"orders\":" << figures.told
            << ",\"resource_writes\":" << figures.writes << ",\"start_ms\":" << figures.start_ms
            << ",\"dry_run_ms\":" << figures.dry_run_ms << ",\"pause_ms\":" << figures.pause_ms
            << ",\"orders_after_pause\":" << figures.told_after_pause << ",\"fleet\":" << kFleet
            << ",\"query_p99_ms\":" << query << ",\"found\":" << found << "}\n";
  return figures.updated == kVehicles && found > 0 ? 0 : 1;
}

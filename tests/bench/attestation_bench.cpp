// gatehouse-attestation-bench: from evidence to a signed verdict, and a whole attestation before
// and after, on loopback: PT-TLS to a TNC server, HTTPS to the verifier, swtpm as TPM. Prints JSON.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "ae-apps/attestation/center/process/trust_desk.h"
#include "ae-apps/attestation/tnc/program/server.h"
#include "ae-apps/attestation/tnc/stream/collector.h"
#include "ae-apps/attestation/verifier/client/verifier_client.h"
#include "ae-apps/attestation/verifier/process/service.h"
#include "tests/ae-apps/attestation/maintenance/maintenance_world.h"

namespace gatehouse {
namespace {

using center::kDevice;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return *std::move(result);
}

TlsSettings certificate_of(const TemporaryFolder& folder, pki::Kind kind, const std::string& name,
                           const std::string& identity) {
  pki::Request request;
  request.kind = kind;
  request.name = name;
  request.identities = {identity};
  if (kind == pki::Kind::kCse) request.hosts = {"localhost"};
  const auto issued = must(must(pki::Authority::open(folder / "pki")).issue(request));
  TlsSettings out;
  out.certificate_file = issued.certificate.string();
  out.key_file = issued.key.string();
  out.ca_file = folder / "pki/ca.crt";
  return out;
}

/// One PT-TLS dialogue, from the connection to the result.
void attest_by_tnc(center::MaintenanceWorld& world, std::uint16_t port, const TlsSettings& tls,
                   const std::vector<attest::EcuState>& ecus) {
  const auto outcome = must(tnc::be_validated({"localhost", port, tls},
                                              {[&](const std::string& text) -> Result<std::string> {
                                                 const auto evidence = world.attester().attest(
                                                     *attest::parse_challenge(text), ecus, "[]");
                                                 if (!evidence) return fail(evidence.error());
                                                 return attest::encode(*evidence);
                                               },
                                               Bytes{1}}));
  if (outcome.access != tnc::Access::kAllowed) throw std::runtime_error(outcome.reason);
}

void print_times(const char* name, std::vector<double> took_ms) {
  std::sort(took_ms.begin(), took_ms.end());
  std::printf("  \"%s_p50_ms\": %.1f,\n  \"%s_max_ms\": %.1f,\n", name, took_ms[took_ms.size() / 2],
              name, took_ms.back());
}

/// Continuous attestation: a part comes that nobody has authorised, and goes again. From the
/// arrival of the evidence at the Center to its alarm, and until the car's rights at the CSE are
/// taken back by the dynamic authorization system.
void time_alarms(center::MaintenanceWorld& world, attest::VerifierClient& verifier, int rounds) {
  auto ae = must(sdk::Ae::connect(
      [] {
        sdk::AeSettings settings;
        settings.name = "das";
        settings.ae_id = "Cdas";
        return settings;
      }(),
      world.cse().link()));
  const TemporaryFolder folder;
  center::TrustDesk desk(*ae, folder.path(), {{kDevice, {"/id-mn/Csupport"}}});
  const auto policy = must(ae->ensure_policy("own", {{{"Cdas"}, sdk::kMayDoAll}}));
  if (!desk.prepare("bulletins", policy, 10)) throw std::runtime_error("no container");
  Clock::time_point arrived;
  std::vector<double> alarm_ms, cut_ms;
  world.verifier_link = [&](const std::string& question, const Value& content) {
    return verifier.ask(question, content);
  };
  world.on_report = [&](const Value& report) {
    if (report.contains("evidence")) arrived = Clock::now();
  };
  world.on_news = [&](const Value& news) {
    if (news.string_at("event") == "alarm") alarm_ms.push_back(ms_since(arrived));
  };
  world.trust_link = [&](const std::string& device, bool trusted) {
    const auto done = desk.set(device, trusted);
    if (done && !trusted) cut_ms.push_back(ms_since(arrived));
    return done;
  };
  for (int i = 0; i < rounds; ++i) {
    for (const bool intruder : {true, false}) {
      intruder ? world.add_device("SPY", "6.6", "") : world.remove_device("SPY");
      if (!world.center().command(Value::object({{"attest", kDevice}})) ||
          !world.run_until("attested") || desk.trusts(kDevice) == intruder) {
        throw std::runtime_error("no alarm, or no rights again: " + world.all_news());
      }
    }
  }
  if (alarm_ms.size() != static_cast<std::size_t>(rounds)) throw std::runtime_error("no alarm");
  print_times("evidence_to_alarm", std::move(alarm_ms));
  print_times("evidence_to_rights_taken", std::move(cut_ms));
}

void run(int rounds) {
  center::MaintenanceWorld world;
  if (!world.center().command(Value::object({{"attest", kDevice}})) ||
      !world.run_until("attested")) {
    throw std::runtime_error("the car cannot be attested: " + world.all_news());
  }
  const TemporaryFolder folder;
  must(pki::Authority::create(folder / "pki", "gatehouse.example"));
  const auto verifier_tls = certificate_of(folder, pki::Kind::kCse, "verifier", "/id-verifier");
  const auto center_tls = certificate_of(folder, pki::Kind::kAe, "center", "/id-in/Ccenter");
  const auto server_tls = certificate_of(folder, pki::Kind::kCse, "in", "/id-in");
  const auto car_tls = certificate_of(folder, pki::Kind::kAe, "car", "/id-mn/Csupport");
  std::ostringstream said;
  ota::StepLog log(said, said);
  const auto desk = world.start_verifier();
  attest::ServiceSettings service;
  service.tls = verifier_tls;
  service.clients = {"/id-in/Ccenter"};
  const auto verifier = must(attest::VerifierService::start(service, *desk, log));
  attest::VerifierClient client("https://localhost:" + std::to_string(verifier->port()),
                                center_tls);
  const auto ecus = world.look();

  std::vector<double> verdict_ms, both_ms;
  for (int i = 0; i < rounds; ++i) {
    const Value given = must(
        client.ask("challenge", Value::object({{"device", kDevice}, {"purpose", "periodic"}})));
    const auto evidence = must(world.attester().attest(
        *attest::parse_challenge(given.string_at("challenge")), ecus, "[]"));
    const std::string text = attest::encode(evidence);
    const auto start = Clock::now();
    const Value verdict =
        must(client.ask("judge", Value::object({{"device", kDevice}, {"evidence", text}})));
    verdict_ms.push_back(ms_since(start));
    if (verdict.string_at("recommendation") != "allowed") throw std::runtime_error("not allowed");
  }

  tnc::TncServerSettings settings;
  settings.port = 0;
  settings.tls = server_tls;
  settings.devices = {{"/id-mn/Csupport", kDevice}};
  const auto listener = must(tnc::TncListener::start(
      settings,
      [&client](const std::string& question, const Value& content) {
        return client.ask(question, content);
      },
      log));
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    attest_by_tnc(world, listener->port(), car_tls, ecus);  // before
    attest_by_tnc(world, listener->port(), car_tls, ecus);  // after
    both_ms.push_back(ms_since(start));
  }
  std::printf("{\n");
  print_times("evidence_to_verdict", std::move(verdict_ms));
  print_times("before_and_after", std::move(both_ms));
  time_alarms(world, client, rounds);
  std::printf("  \"rounds\": %d\n}\n", rounds);
}

}  // namespace
}  // namespace gatehouse

int main(int argc, char** argv) {
  int rounds = 50;
  CLI::App app{"Times of attestation on loopback; prints JSON."};
  app.add_option("--rounds", rounds)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  try {
    gatehouse::run(rounds);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gatehouse-attestation-bench: %s\n", e.what());
    return 1;
  }
  return 0;
}

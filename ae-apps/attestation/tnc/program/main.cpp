// gatehouse-tnc: Trusted Network Connect with any peer, as validator and as collector.
#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/attestation/quote/attestation_key.h"
#include "ae-apps/attestation/support/settings.h"
#include "ae-apps/attestation/tnc/program/server.h"
#include "ae-apps/attestation/tnc/stream/collector.h"
#include "ae-apps/attestation/verifier/client/verifier_client.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/command_line.h"
#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::tnc {
namespace {

constexpr int kWrongUse = 2;
constexpr std::size_t kMaxFileBytes = 4u << 20;
constexpr std::chrono::seconds kLimit{60};

struct Options {
  std::string config, server = "localhost", inventory;
  std::uint16_t port = 271;
};

int complain(const std::string& text, int code = 1) {
  std::cerr << "gatehouse-tnc: " << text << std::endl;
  return code;
}

// --- the validator -----------------------------------------------------------------------------

struct ServerConfiguration {
  TncServerSettings listener;
  std::string verifier_url;
};

/// As many as this process may have, and some for the rest.
std::size_t sockets_allowed() {
  constexpr rlim_t kForTheRest = 256;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t wanted = ConnectionLimits().sockets;
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > wanted + kForTheRest) return wanted;
  return limit.rlim_cur > 2 * kForTheRest ? limit.rlim_cur - kForTheRest : kForTheRest / 2;
}

Result<ServerConfiguration> read_configuration(const std::string& file) {
  const auto text = crypto::read_file(file, kMaxFileBytes);
  if (!text) return fail(text.error());
  const auto tree = parse_json(text_of(*text));
  if (!tree) return fail(tree.error());
  ServerConfiguration out;
  ota::MemberReader in(*tree, "");
  out.listener.address = in.text("address", false, out.listener.address);
  out.listener.port = static_cast<std::uint16_t>(in.whole("port", 0, 65535, 271));
  out.verifier_url = in.text("verifier_url", true);
  out.listener.tpm_tls = in.truth("tpm_tls", false);
  const std::string words = in.text("words", false, "pts");
  if (words != "pts" && words != "own") in.fault("words", "must be pts or own");
  out.listener.words = words == "own" ? Words::kOwn : Words::kPts;
  out.listener.attempts_file = in.text("attempts_file", false);
  out.listener.limits.sockets = static_cast<std::size_t>(
      in.whole("max_sockets", 1, 1'000'000, static_cast<std::int64_t>(sockets_allowed())));
  if (const Value* tls = in.object("tls")) {
    ota::MemberReader at(*tls, "tls.");
    out.listener.tls.certificate_file = at.text("certificate", true);
    out.listener.tls.key_file = at.text("key", true);
    out.listener.tls.ca_file = at.text("ca", true);
    if (const auto done = at.finish(); !done) in.adopt(done.error());
  } else {
    in.fault("tls", "is missing");
  }
  if (const Value* devices = in.object("devices")) {
    for (const Member& member : *devices->as_object()) {
      const std::string* device = member.value.as_string();
      if (device != nullptr) out.listener.devices[member.name] = *device;
    }
  }
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

int serve(const Options& options) {
  const ota::StopSignals stop;
  auto settings = read_configuration(options.config);
  if (!settings) return complain(settings.error().detail, kWrongUse);
  attest::VerifierClient verifier(settings->verifier_url, settings->listener.tls);
  ota::StepLog log(std::cout, std::cerr);
  const auto listener = TncListener::start(
      std::move(settings->listener),
      [&verifier](const std::string& question, const Value& content) {
        return verifier.ask(question, content);
      },
      log);
  if (!listener) return complain(listener.error().detail);
  std::cout << "READY port=" << (*listener)->port() << std::endl;
  stop.wait();
  return 0;
}

// --- the collector -----------------------------------------------------------------------------

/// What is attached, from a file: `{"ecus":[{"id":…,"version":…,"digest":…,"auth":…}],
/// "reports":[…]}`.
Result<std::vector<attest::EcuState>> read_inventory(const std::string& file,
                                                     std::string& reports) {
  std::vector<attest::EcuState> out;
  reports = "[]";
  if (file.empty()) return out;
  const auto text = crypto::read_file(file, kMaxFileBytes);
  if (!text) return fail(text.error());
  const auto tree = parse_json(text_of(*text));
  if (!tree) return fail(tree.error());
  const Value* ecus = tree->find("ecus");
  for (std::size_t i = 0; ecus != nullptr && i < ecus->size(); ++i) {
    const Value& each = (*ecus->as_array())[i];
    out.push_back({each.string_at("id"), each.string_at("version"), each.string_at("digest"),
                   each.string_at("auth", "none")});
  }
  if (const Value* list = tree->find("reports")) reports = to_json(*list);
  return out;
}

Result<TncOutcome> ask_server(const Options& options, const attest::SupportSettings& settings,
                              attest::Attester& attester) {
  std::string reports;
  const auto ecus = read_inventory(options.inventory, reports);
  if (!ecus) return fail(ecus.error());
  const auto key = crypto::PublicKey::from_pem(
      *attest::pem_of(*attest::parse_public_area(attester.identity().attestation_key)));
  if (!key) return fail(key.error());
  CollectorSettings collector{options.server, options.port, *settings.ae.tls, kLimit};
  TncClient::Parts parts;
  parts.attestation_key = key->spki_der();
  parts.evidence = [&](const std::string& text) -> Result<std::string> {
    const auto challenge = attest::parse_challenge(text);
    if (!challenge) return fail(challenge.error());
    const auto evidence = attester.attest(*challenge, *ecus, reports);
    if (!evidence) return fail(evidence.error());
    return attest::encode(*evidence);
  };
  if (const auto tpm = attester.identification()) {
    parts.tpm_version = TpmVersion{0, tpm->revision, tpm->year, tpm->vendor};
  }
  return be_validated(collector, std::move(parts));
}

int collect(const Options& options) {
  auto settings = attest::load_configuration(options.config, Value());
  if (!settings) return complain(settings.error().detail, kWrongUse);
  if (!settings->ae.tls) return complain("tls: is missing in the configuration", kWrongUse);
  auto attester = attest::Attester::open(settings->attester);
  if (!attester) return complain(attester.error().detail);
  if (auto done = attest::take_key_from(*attester, *settings); !done) {
    return complain(done.error().detail);
  }
  const auto outcome = ask_server(options, *settings, *attester);
  if (!outcome) return complain(outcome.error().detail);
  constexpr const char* kAccess[] = {"?", "allowed", "denied", "quarantined"};
  std::cout << "assessment=" << static_cast<int>(outcome->assessment)
            << " access=" << kAccess[static_cast<int>(outcome->access)]
            << " reason=" << outcome->reason << std::endl;
  return outcome->access == Access::kAllowed ? 0 : 1;
}

}  // namespace
}  // namespace gatehouse::tnc

int main(int argc, char** argv) {
  gatehouse::tnc::Options options;
  CLI::App app{"Trusted Network Connect (PT-TLS, PB-TNC, PA-TNC) with any peer", "gatehouse-tnc"};
  app.require_subcommand(1);
  CLI::App* server = app.add_subcommand("server", "validate clients, by gatehouse-verifier");
  server->add_option("--config", options.config, "JSON file")->required();
  CLI::App* client = app.add_subcommand("client", "be validated; exit code 0: allowed, 1: not");
  client->add_option("--config", options.config, "that of gatehouse-support")->required();
  client->add_option("--server", options.server, "host name, as in its certificate");
  client->add_option("--port", options.port);
  client->add_option("--inventory", options.inventory, "ECUs and their reports, as JSON");
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  return server->parsed() ? gatehouse::tnc::serve(options) : gatehouse::tnc::collect(options);
}

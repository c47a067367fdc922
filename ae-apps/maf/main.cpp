// gatehouse-maf: an M2M Authentication Function over HTTPS.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>

#include "ae-apps/maf/maf.h"
#include "ae-apps/maf/state.h"
#include "bindings/http/server.h"
#include "bindings/security/bearer_tokens.h"

namespace {

using namespace gatehouse;

struct Options {
  maf::Settings maf;
  http::ServerSettings server;
  TlsSettings tls;
  std::string crl, state = "maf-state.json", ready_file;
  int port = 8543, key_days = 30;
};

void describe(CLI::App& app, Options& o) {
  app.add_option("--fqdn", o.maf.fqdn, "domain name in key identifiers: <id>@<fqdn>")
      ->capture_default_str();
  app.add_option("--cert", o.tls.certificate_file, "PEM: certificate chain")->required();
  app.add_option("--key", o.tls.key_file, "its key: PEM file, pkcs11: or tpm2: URI")->required();
  app.add_option("--ca", o.tls.ca_file, "PEM: trust anchors of the clients")->required();
  app.add_option("--crl", o.crl, "PEM: revocation list");
  app.add_option("--address", o.server.address, "where to listen")->capture_default_str();
  app.add_option("--port", o.port, "0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--state", o.state, "file of registrations and keys; mode 0600")
      ->capture_default_str();
  app.add_option("--client", o.maf.clients,
                 "SP-relative ID that may register (repeatable); none: whoever has a certificate");
  app.add_option("--key-days", o.key_days, "longest life of a key")
      ->check(CLI::Range(1, 365))
      ->capture_default_str();
  app.add_option("--ready-file", o.ready_file, "written with the port once it listens");
}

int refuse(const Error& error) {
  std::cerr << "gatehouse-maf: " << error.detail << '\n';
  return 1;
}

Timestamp system_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

int run(Options& o) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  o.maf.longest_key = std::chrono::hours(24) * o.key_days;
  if (!o.crl.empty()) o.tls.crl_file = o.crl;
  o.tls.require_peer_certificate = true;
  o.server.port = static_cast<std::uint16_t>(o.port);
  o.server.tls = o.tls;
  o.server.require_proof = true;

  const std::string file = o.state;
  maf::Maf maf(o.maf, {system_now, [] { return hash_of_token(make_token()); },
                       [file](const Value& state) { return maf::save_file(file, state); }});
  const auto state = maf::load_file(file);
  if (!state) return refuse(state.error());
  if (const auto loaded = maf.load(*state); !loaded) return refuse(loaded.error());
  const Codecs codecs = standard_codecs();
  http::Server server(o.server, maf, codecs);
  if (const auto started = server.start(); !started) return refuse(started.error());
  std::cerr << "gatehouse-maf: " << o.maf.fqdn << " at https://" << o.server.address << ":"
            << server.port() << "/" << o.maf.base_name << '\n';
  if (!o.ready_file.empty()) std::ofstream(o.ready_file) << "https " << server.port() << '\n';
  int received = 0;
  sigwait(&signals, &received);
  server.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"An M2M Authentication Function (TS-0003): keys that two entities share"};
  Options options;
  describe(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "gatehouse-maf: " << error.what() << '\n';
    return 1;
  }
}

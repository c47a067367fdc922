// gatehouse-witness: cosigns the checkpoints of logs that it knows, as long as each continues the
// last.
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "ae-apps/attestation/evidence/witness/service.h"

namespace gatehouse::evidence {
namespace {

struct Options {
  std::string name, key_file, folder;
  std::vector<std::string> log_keys;
  WitnessService::Settings listen;
  bool show_key = false;
};

int complain(const Error& error) {
  std::cerr << "gatehouse-witness: " << error.detail << '\n';
  return 1;
}

std::uint64_t now_s() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

/// Makes a key file on the first run.
Result<NoteSigner> signer_of(const Options& options) {
  auto key = crypto::SigningKey::load(options.key_file);
  if (!key && key.error().rsc == Rsc::kNotFound && !options.key_file.starts_with("pkcs11:")) {
    key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
    if (!key) return fail(key.error());
    if (auto saved = key->save(options.key_file); !saved) return fail(saved.error());
  }
  if (!key) return fail(key.error());
  return NoteSigner::make(options.name, SignatureType::kCosignature, *std::move(key));
}

int run(const Options& options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto signer = signer_of(options);
  if (!signer) return complain(signer.error());
  if (options.show_key) {
    std::cout << signer->verifier().to_text() << std::endl;
    return 0;
  }
  WitnessSettings settings;
  for (const std::string& text : options.log_keys) {
    auto key = VerifierKey::parse(text);
    if (!key) return complain(key.error());
    settings.log_keys.push_back(*std::move(key));
  }
  auto medium = RealMedium::for_writing(options.folder);
  if (!medium) return complain(medium.error());
  Witness witness(**medium, *std::move(signer), std::move(settings), now_s);
  auto service = WitnessService::start(options.listen, witness);
  if (!service) return complain(service.error());
  std::cout << "READY url=http://" << options.listen.address << ':' << (*service)->port()
            << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace gatehouse::evidence

int main(int argc, char** argv) {
  gatehouse::evidence::Options options;
  CLI::App app{"A witness of evidence logs (C2SP tlog-witness)"};
  app.add_option("--name", options.name, "its name, such as witness.example/1")->required();
  app.add_option("--key", options.key_file, "Ed25519 key: PEM file, made if absent, or pkcs11:")
      ->required();
  app.add_option("--state", options.folder, "folder for what it has cosigned");
  app.add_option("--log", options.log_keys, "verifier key of a log: name+id+base64; repeatable");
  app.add_option("--address", options.listen.address)->capture_default_str();
  app.add_option("--port", options.listen.port, "0: a free one")->capture_default_str();
  app.add_flag("--show-key", options.show_key, "print its verifier key and end");
  CLI11_PARSE(app, argc, argv);
  if (!options.show_key && (options.folder.empty() || options.log_keys.empty())) {
    std::cerr << "gatehouse-witness: --state and --log are needed\n";
    return 2;
  }
  return gatehouse::evidence::run(options);
}

// gatehouse-verifier: judges what gateways say about themselves. It has no rights at any CSE.
#include <chrono>
#include <iostream>

#include "ae-apps/attestation/verifier/process/service.h"
#include "ae-apps/ota/program/command_line.h"

namespace gatehouse::attest {
namespace {

int complain(const Error& error) {
  std::cerr << "gatehouse-verifier: " << error.detail << std::endl;
  return 1;
}

Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

int run(const ota::CommandLine& line) {
  const ota::StopSignals stop;
  Result<VerifierSettings> settings = load_verifier_configuration(line.config(), line.overrides());
  if (!settings) return complain(settings.error());
  auto key = crypto::SigningKey::load(settings->key);
  if (!key) return complain(key.error());
  if (line.check_only()) {
    std::cout << "good" << std::endl;
    return 0;
  }
  std::error_code ignored;  // the first state says if it did not work
  std::filesystem::create_directories(settings->desk.folder, ignored);
  crypto::SystemRandom random;
  ota::StepLog log(std::cout, std::cerr);
  Desk desk(std::move(settings->desk), *std::move(key), now, random);
  const auto service = VerifierService::start(settings->service, desk, log);
  if (!service) return complain(service.error());
  std::cout << "READY port=" << (*service)->port() << std::endl;
  stop.wait();
  return 0;
}

}  // namespace
}  // namespace gatehouse::attest

int main(int argc, char** argv) {
  gatehouse::ota::CommandLine line(
      "gatehouse-verifier", "Judges what gateways say about themselves, by white list and policy");
  line.text("--white-list", "white_list", "the signed bundle");
  line.text("--policy", "policy", "the policy, as JSON");
  line.text("--state-dir", "state_dir", "nonces, and what is remembered of each device");
  line.number("--port", "port", "0: a free one");
  if (const auto code = line.parse(argc, argv)) return *code;
  return gatehouse::attest::run(line);
}

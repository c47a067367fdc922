// gatehouse-center: conducts remote maintenance and keeps its evidence.
#include <iostream>

#include "ae-apps/attestation/center/process/service.h"
#include "ae-apps/ota/program/command_line.h"
#include "cse/codec/json.h"

namespace gatehouse::center {
namespace {

int complain(const Error& error) {
  std::cerr << "gatehouse-center: " << error.detail << std::endl;
  return 1;
}

/// What auditors and witnesses have to know of us.
Result<std::string> keys_text(const ServiceSettings& settings) {
  const auto log = Service::log_key(settings);
  if (!log) return fail(log.error());
  auto key = evidence::kept_key(settings.key, crypto::Algorithm::kEcdsaP256);
  if (!key) return fail(key.error());
  return to_json(Value::object({{"log", *log}, {"center", key->public_key().to_pem()}}));
}

int run(const ota::CommandLine& line) {
  const ota::StopSignals stop;
  Value overrides = line.overrides();
  const bool show_keys = overrides.erase("show_keys");
  Result<ServiceSettings> settings = load_configuration(line.config(), overrides);
  if (!settings) return complain(settings.error());
  if (show_keys) {
    const auto keys = keys_text(*settings);
    if (!keys) return complain(keys.error());
    std::cout << *keys << std::endl;
    return 0;
  }
  if (line.check_only()) {
    std::cout << "good" << std::endl;
    return 0;
  }
  auto service = Service::start(*std::move(settings), std::cout, std::cerr);
  if (!service) return complain(service.error());
  std::cout << "READY" << std::endl;
  stop.wait();
  (*service)->stop();
  return 0;
}

}  // namespace
}  // namespace gatehouse::center

int main(int argc, char** argv) {
  gatehouse::ota::CommandLine line("gatehouse-center",
                                   "Conducts remote maintenance and keeps its evidence");
  line.text("--cse-url", "cse_url", "URL of the IN-CSE");
  line.text("--broker", "broker", "MQTT broker over which we are notified");
  line.text("--verifier", "verifier_url", "URL of the verifier");
  line.text("--archive-dir", "archive_dir", "log, evidence, certificates");
  line.flag("--show-keys", "show_keys", "Print the public keys of log and Center, and end");
  if (const auto code = line.parse(argc, argv)) return *code;
  return gatehouse::center::run(line);
}

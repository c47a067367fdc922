#include <iostream>

#include "ae-apps/ota/gateway/configuration.h"
#include "ae-apps/ota/gateway/gateway.h"
#include "ae-apps/ota/gateway/tpm_keys.h"
#include "ae-apps/ota/program/command_line.h"

namespace gatehouse::gateway {
namespace {

int complain(const Error& error) {
  std::cerr << "gatehouse-ota-gateway: " << error.detail << std::endl;
  return 1;
}

void add_options(ota::CommandLine& line) {
  line.text("--cse-url", "cse_url", "URL of the MN-CSE");
  line.text("--cse-id", "cse_id", "its CSE-ID");
  line.text("--csebase", "csebase", "name of its CSEBase");
  line.text("--ae-id", "ae_id", "our AE-ID");
  line.text("--broker", "broker", "MQTT broker over which we are notified");
  line.text("--images-url", "images_url", "where images may come from");
  line.text("--vehicle", "vehicle_file", "description of the vehicle: its ECUs (TOML)");
  line.text("--state-dir", "state_dir", "journal, consents and downloads");
  line.number("--consent-timeout", "consent_timeout_s", "seconds that a question stays open");
  line.number("--cut-download-after", "cut_download_after",
              "for demonstrations: cuts the first download after so many bytes");
  line.flag("--yes", "yes", "Agrees to every update by itself; recorded as such");
}

int run(const ota::CommandLine& line) {
  const ota::StopSignals stop;
  Result<GatewaySettings> settings = load_configuration(line.config(), line.overrides());
  if (!settings) return complain(settings.error());
  if (line.check_only()) {
    std::cout << "good" << std::endl;
    return 0;
  }
  if (!settings->time_zone.empty()) {
    if (auto done = use_time_zone(settings->time_zone); !done) return complain(done.error());
  }
  if (settings->auto_consent) {
    std::cerr << "--yes: every update is agreed to by itself" << std::endl;
  }
  if (auto done = take_keys_into_tpm(*settings); !done) return complain(done.error());
  auto gateway = Gateway::start(*std::move(settings), std::cout, std::cerr);
  if (!gateway) return complain(gateway.error());
  std::cout << "READY display=" << (*gateway)->page_url() << std::endl;
  stop.wait();
  (*gateway)->stop();
  return 0;
}

}  // namespace
}  // namespace gatehouse::gateway

int main(int argc, char** argv) {
  gatehouse::ota::CommandLine line(
      "gatehouse-ota-gateway",
      "The vehicle's gateway: asks and updates its ECUs, and asks the user");
  gatehouse::gateway::add_options(line);
  if (const auto code = line.parse(argc, argv)) return *code;
  return gatehouse::gateway::run(line);
}

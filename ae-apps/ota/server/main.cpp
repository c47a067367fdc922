#include <iostream>

#include "ae-apps/ota/program/command_line.h"
#include "ae-apps/ota/server/configuration.h"
#include "ae-apps/ota/server/server.h"

namespace gatehouse::ota_server {
namespace {

int complain(const Error& error) {
  std::cerr << "gatehouse-ota-server: " << error.detail << std::endl;
  return 1;
}

void add_options(ota::CommandLine& line) {
  line.text("--cse-url", "cse_url", "URL of the IN-CSE");
  line.text("--cse-id", "cse_id", "its CSE-ID");
  line.text("--csebase", "csebase", "name of its CSEBase");
  line.text("--ae-id", "ae_id", "our AE-ID");
  line.text("--broker", "broker", "MQTT broker over which we are notified");
  line.text("--state-dir", "state_dir", "images, records of ECUs, open offers");
  line.number("--offer-timeout", "offer_timeout_s",
              "seconds until an offer without report has failed");
  line.number("--ask-interval", "ask_interval_s",
              "seconds after which every vehicle is asked; 0: never");
}

int run(const ota::CommandLine& line) {
  const ota::StopSignals stop;
  Result<ServerSettings> settings = load_configuration(line.config(), line.overrides());
  if (!settings) return complain(settings.error());
  if (line.check_only()) {
    std::cout << "good" << std::endl;
    return 0;
  }
  auto server = Server::start(*std::move(settings), std::cout, std::cerr);
  if (!server) return complain(server.error());
  std::cout << "READY images=" << (*server)->images_url() << std::endl;
  stop.wait();
  (*server)->stop();
  return 0;
}

}  // namespace
}  // namespace gatehouse::ota_server

int main(int argc, char** argv) {
  gatehouse::ota::CommandLine line(
      "gatehouse-ota-server", "The management server: keeps images, asks vehicles, offers updates");
  gatehouse::ota_server::add_options(line);
  if (const auto code = line.parse(argc, argv)) return *code;
  return gatehouse::ota_server::run(line);
}

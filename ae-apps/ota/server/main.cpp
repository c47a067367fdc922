#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/ota/server/configuration.h"
#include "ae-apps/ota/server/server.h"

namespace gatehouse::ota_server {
namespace {

struct Options {
  std::string config;
  bool check = false;
  Value overrides = Value::object();
};

/// A text or a number of the command line in place of a member of the file.
void add_options(CLI::App& app, Options& o) {
  const auto text = [&](const char* flag, const char* member, const char* help) {
    app.add_option_function<std::string>(
        flag, [&o, member](const std::string& value) { o.overrides.set(member, value); }, help);
  };
  const auto number = [&](const char* flag, const char* member, const char* help) {
    app.add_option_function<std::int64_t>(
        flag, [&o, member](std::int64_t value) { o.overrides.set(member, value); }, help);
  };
  app.add_option("--config", o.config, "JSON file; README.md shows one")->required();
  app.add_flag("--check", o.check, "Reads the configuration and its keys, and ends");
  text("--cse-url", "cse_url", "URL of the IN-CSE");
  text("--cse-id", "cse_id", "its CSE-ID");
  text("--csebase", "csebase", "name of its CSEBase");
  text("--ae-id", "ae_id", "our AE-ID");
  text("--broker", "broker", "MQTT broker over which we are notified");
  text("--state-dir", "state_dir", "images, records of ECUs, open offers");
  number("--offer-timeout", "offer_timeout_s", "seconds until an offer without report has failed");
  number("--ask-interval", "ask_interval_s",
         "seconds after which every vehicle is asked; 0: never");
}

int complain(const Error& error) {
  std::cerr << "gatehouse-ota-server: " << error.detail << std::endl;
  return 1;
}

int run(const Options& o) {
  // Taken by sigwait below; blocked before any thread starts.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  Result<ServerSettings> settings = load_configuration(o.config, o.overrides);
  if (!settings) return complain(settings.error());
  if (o.check) {
    std::cout << "good" << std::endl;
    return 0;
  }
  auto server = Server::start(*std::move(settings), std::cout, std::cerr);
  if (!server) return complain(server.error());
  std::cout << "READY images=" << (*server)->images_url() << std::endl;
  int signal = 0;
  sigwait(&stop_signals, &signal);
  (*server)->stop();
  return 0;
}

}  // namespace
}  // namespace gatehouse::ota_server

int main(int argc, char** argv) {
  CLI::App app{"The management server: keeps images, asks vehicles, offers updates",
               "gatehouse-ota-server"};
  gatehouse::ota_server::Options options;
  gatehouse::ota_server::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return gatehouse::ota_server::run(options);
}

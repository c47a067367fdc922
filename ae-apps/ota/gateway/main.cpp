#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/ota/gateway/configuration.h"
#include "ae-apps/ota/gateway/gateway.h"

namespace gatehouse::gateway {
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
  text("--cse-url", "cse_url", "URL of the MN-CSE");
  text("--cse-id", "cse_id", "its CSE-ID");
  text("--csebase", "csebase", "name of its CSEBase");
  text("--ae-id", "ae_id", "our AE-ID");
  text("--broker", "broker", "MQTT broker over which we are notified");
  text("--images-url", "images_url", "where images may come from");
  text("--state-dir", "state_dir", "journal, consents and downloads");
  number("--consent-timeout", "consent_timeout_s", "seconds that a question stays open");
  number("--cut-download-after", "cut_download_after",
         "for demonstrations: cuts the first download after so many bytes");
  app.add_flag_callback(
      "--yes", [&o] { o.overrides.set("yes", true); },
      "Agrees to every update by itself; recorded as such");
  app.add_option_function<std::int64_t>(
      "--display-port",
      [&o](std::int64_t port) {
        o.overrides.set("display", Value::object({{"port", port}}));
      },
      "port of the display on 127.0.0.1; 0: a free one");
}

int complain(const Error& error) {
  std::cerr << "gatehouse-ota-gateway: " << error.detail << std::endl;
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

  Result<GatewaySettings> settings = load_configuration(o.config, o.overrides);
  if (!settings) return complain(settings.error());
  if (o.check) {
    std::cout << "good" << std::endl;
    return 0;
  }
  if (settings->auto_consent) {
    std::cerr << "--yes: every update is agreed to by itself" << std::endl;
  }
  auto gateway = Gateway::start(*std::move(settings), std::cout, std::cerr);
  if (!gateway) return complain(gateway.error());
  std::cout << "READY display=" << (*gateway)->page_url() << std::endl;
  int signal = 0;
  sigwait(&stop_signals, &signal);
  (*gateway)->stop();
  return 0;
}

}  // namespace
}  // namespace gatehouse::gateway

int main(int argc, char** argv) {
  CLI::App app{"The vehicle's gateway: asks and updates its ECUs, and asks the user",
               "gatehouse-ota-gateway"};
  gatehouse::gateway::Options options;
  gatehouse::gateway::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return gatehouse::gateway::run(options);
}

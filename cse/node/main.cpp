// gatehouse-cse: an IN-, MN- or ASN-CSE. See `gatehouse-cse --help` and README.md of this folder.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <map>
#include <string>

#include "bindings/security/bearer_tokens.h"
#include "cse/node/configuration.h"
#include "cse/node/dialect_wiring.h"
#include "cse/node/log.h"
#include "cse/node/node.h"
#include "cse/node/open_files.h"
#include "cse/node/wire_list.h"

extern char** environ;

namespace {

using namespace gatehouse;

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (text.starts_with("GATEHOUSE_") && equals != std::string::npos)
      variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

int report(const std::vector<node::ConfigurationError>& errors) {
  for (const auto& error : errors) std::cerr << error.text << "\n";
  return errors.empty() ? 0 : 2;
}

int check(const node::ReadResult& read, const std::string& file) {
  if (const int failed = report(read.errors)) return failed;
  std::cout << (file.empty() ? "defaults" : file) << ": correct\n";
  for (const auto& [key, place] : read.configuration.origin)
    std::cout << "  " << key << " from " << place << "\n";
  return 0;
}

int list_options() {
  for (const auto& option : node::all_options()) {
    std::cout << option.key << " = " << (option.default_text.empty() ? "\"\"" : option.default_text)
              << "\n    " << option.description << "\n";
  }
  std::cout << "\n" << node::list_of_switches();
  return 0;
}

/// The token goes to whoever will use it, the line into the file: the token cannot be got from it.
int print_token(const std::string& name, const std::vector<std::string>& originators) {
  const std::string token = make_token();
  std::string list;
  for (const std::string& originator : originators) list += (list.empty() ? "" : ",") + originator;
  std::cout << token << "\n" << name << " " << hash_of_token(token) << " " << list << "\n";
  return 0;
}

int run(const node::NodeSettings& settings) {
  // Signals are taken by this thread alone; the others start with them blocked.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  node::set_log_level(settings.log_level);
  node::raise_open_files(settings);
  node::Node cse(settings);
  if (auto started = cse.start(); !started) {
    std::cerr << "gatehouse-cse: " << started.error().detail << "\n";
    return 1;
  }
  int received = 0;
  sigwait(&signals, &received);
  node::log_info("stopping");
  cse.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Gatehouse: a oneM2M CSE (IN, MN or ASN). Without a configuration: an IN-CSE on "
      "http://127.0.0.1:8080."};
  std::string file;
  std::vector<std::string> overrides;
  app.add_option("--config,-c", file, "TOML file")->check(CLI::ExistingFile);
  app.add_option("--set,-s", overrides, "key=value, such as http.port=0; may be repeated")
      ->take_all();
  auto* run_command = app.add_subcommand("run", "run the CSE (default)")->fallthrough();
  auto* check_command =
      app.add_subcommand("check", "check the configuration and say where each value comes from")
          ->fallthrough();
  std::string token_name;
  std::vector<std::string> token_originators;
  auto* token_command = app.add_subcommand(
      "token", "make a bearer token: prints it, and its line for the file credentials.tokens");
  token_command->add_option("name", token_name, "what the token is called")->required();
  token_command->add_option("originators", token_originators, "AE-IDs that it may speak as")
      ->required();
  auto* bindings_command =
      app.add_subcommand("bindings", "list what each binding supports, and how, as Markdown");
  auto* options_command = app.add_subcommand("options", "list all keys of the configuration");
  app.require_subcommand(0, 1);
  CLI11_PARSE(app, argc, argv);
  (void)run_command;

  if (options_command->parsed()) return list_options();
  if (bindings_command->parsed()) {
    std::cout << node::wire_list();
    return 0;
  }
  if (token_command->parsed()) return print_token(token_name, token_originators);
  try {
    const auto read = node::read_configuration(file, overrides, environment());
    if (check_command->parsed()) return check(read, file);
    if (const int failed = report(read.errors)) return failed;
    return run(read.configuration.settings);
  } catch (const std::exception& error) {
    std::cerr << "gatehouse-cse: " << error.what() << "\n";
    return 1;
  }
}

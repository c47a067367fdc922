// gatehouse-ctl: asks a CSE from the command line.
#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <iostream>

#include "ae-apps/ctl/conformance/report.h"
#include "bindings/http/client.h"
#include "cse/codec/json.h"

namespace {

using namespace gatehouse;

struct InteropOptions {
  std::string url;
  conformance::TargetSettings target;
  std::string only, json_file, html_file, ca_file, certificate_file, key_file;
  bool list = false;
};

constexpr int kAllPassed = 0, kSomeFailed = 1, kWrongUse = 2;

http::ClientSettings client_settings(const InteropOptions& options) {
  http::ClientSettings settings;
  if (!options.url.starts_with("https:")) return settings;
  settings.tls.emplace();
  settings.tls->ca_file = options.ca_file;
  settings.tls->certificate_file = options.certificate_file;
  settings.tls->key_file = options.key_file;
  return settings;
}

bool write_file(const std::string& name, const std::string& text) {
  if (name.empty()) return true;
  std::ofstream file(name, std::ios::binary);
  file << text;
  file.close();
  if (file) return true;
  std::cerr << name << ": cannot be written\n";
  return false;
}

int list_rules() {
  for (const conformance::Rule& rule : conformance::all_rules()) {
    std::cout << rule.identifier << "  " << rule.clause << "  " << rule.text << "\n";
  }
  return kAllPassed;
}

int run_interop(InteropOptions options) {
  if (options.list) return list_rules();
  if (options.url.empty()) {
    std::cerr << "--target: the URL of the CSE is missing\n";
    return kWrongUse;
  }
  const Codecs codecs = standard_codecs();
  http::Client client(client_settings(options), codecs);
  const auto ask = [&](Request request) {
    std::promise<Response> promise;
    auto answer = promise.get_future();
    client.send(options.url, "", std::move(request),
                [&promise](Response response) { promise.set_value(std::move(response)); });
    return answer.get();  // the client's own deadline bounds it
  };
  if (options.target.run.empty()) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    options.target.run =
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  }
  conformance::Runner runner(options.target, ask);
  std::vector<conformance::Outcome> outcomes;
  for (const conformance::Rule& rule : conformance::all_rules()) {
    if (rule.identifier.starts_with(options.only)) outcomes.push_back(runner.run(rule));
  }
  runner.finish();
  if (outcomes.empty()) {
    std::cerr << "--only: no rule begins with \"" << options.only << "\"\n";
    return kWrongUse;
  }
  std::cout << conformance::to_text(outcomes);
  const Value report = conformance::to_value(outcomes);
  if (!write_file(options.json_file, to_json(report) + "\n") ||
      !write_file(options.html_file,
                  conformance::to_html(outcomes, "oneM2M rules at " + options.url))) {
    return kWrongUse;
  }
  return report.integer_at("failed") == 0 ? kAllPassed : kSomeFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Asks a oneM2M CSE from the command line."};
  app.require_subcommand(1);
  InteropOptions options;
  options.target.run.clear();
  CLI::App* interop = app.add_subcommand(
      "interop",
      "runs the rules of the standard against a CSE and prints which hold; exit code 0: all, 1: "
      "not all, 2: wrong use");
  interop->add_option("--target", options.url, "URL of the CSE: http://127.0.0.1:8080");
  interop->add_option("--cse", options.target.base, "name of its CSEBase")->capture_default_str();
  interop->add_option("--originator", options.target.admin, "an originator that may do everything")
      ->capture_default_str();
  interop->add_option("--rvi", options.target.release, "release version of the requests")
      ->capture_default_str();
  interop->add_option("--only", options.only, "only rules whose identifier begins so, such as CNT");
  interop->add_option("--run", options.target.run, "part of the names made; default: the time");
  interop->add_option("--json", options.json_file, "also write the results there");
  interop->add_option("--html", options.html_file, "also write a page for people there");
  interop->add_option("--ca", options.ca_file, "https: whom to trust (PEM)");
  interop->add_option("--certificate", options.certificate_file, "https: own certificate (PEM)");
  interop->add_option("--key", options.key_file, "https: its key (PEM)");
  interop->add_flag("--list", options.list, "print the rules and run none");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUse;
  }
  try {
    return run_interop(std::move(options));
  } catch (const std::exception& error) {  // a TLS file that cannot be used
    std::cerr << "gatehouse-ctl: " << error.what() << "\n";
    return kWrongUse;
  }
}

// gatehouse-demo: the first car. A signed image travels from the OEM's desk into running ECUs.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/demo/attacks.h"
#include "ae-apps/demo/attestation_steps.h"
#include "ae-apps/demo/keep.h"
#include "ae-apps/demo/kills.h"
#include "ae-apps/demo/power_cuts.h"
#include "ae-apps/demo/story.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::demo;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Options {
  bool attacks = false, keep = false, verbose = false, yes = false, ask = false, no_color = false;
  unsigned power_cuts = 0, kills = 0, seed = 1;
  std::string work;
};

void add_options(CLI::App& app, Options& o) {
  CLI::Option* yes = app.add_flag("--yes", o.yes, "Agree to the updates by itself (the default)");
  app.add_flag("--ask", o.ask, "Wait for your answer at the gateway's display instead")
      ->excludes(yes);
  app.add_flag("--attacks", o.attacks, "Then mount the attacks, each of which must be refused");
  app.add_option("--power-cuts", o.power_cuts,
                 "Instead of all that: N releases, in each of which processes are killed; 200 take "
                 "some minutes")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--kills", o.kills,
                 "Instead of all that: N maintenances, in each of which a process is killed in one "
                 "of the thirteen steps; " +
                     std::to_string(Kills::full_turn()) + " are every process in every step")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--seed", o.seed,
                 "Who is killed in --power-cuts and --kills, and when (default: 1)");
  app.add_flag("--keep", o.keep, "Leave the system running until Ctrl-C; print lines to try");
  app.add_flag("--verbose", o.verbose, "Show every primitive");
  app.add_flag("--no-color", o.no_color, "No colours, even on a terminal");
  app.add_option("--work", o.work,
                 "Empty folder for keys, data and logs (default: a temporary one, removed at the "
                 "end unless something failed, or with --keep)");
}

/// The folder of this program, where the others are, too.
fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

Result<void> check_programs(const fs::path& folder) {
  for (const char* name :
       {"gatehouse-cse", "gatehouse-pki", "gatehouse-oem", "gatehouse-ecu", "gatehouse-can",
        "gatehouse-ota-node", "gatehouse-time-server", "gatehouse-ota-server",
        "gatehouse-ota-gateway", "gatehouse-support", "gatehouse-verifier", "gatehouse-center",
        "gatehouse-witness", "gatehouse-audit"}) {
    if (::access((folder / name).c_str(), X_OK) != 0) {
      return fail(Rsc::kNotFound, std::string(name) +
                                      " is not beside gatehouse-demo; build it: "
                                      "./gatehouse build release programs");
    }
  }
  return {};
}

int complain(const Error& error) {
  std::cerr << "gatehouse-demo: " << error.detail << std::endl;
  return 1;
}

void report_failure(Screen& screen, const std::string& where, const std::string& reason,
                    const fs::path& log, const fs::path& work) {
  if (interrupted()) return screen.text("\nStopped in " + where + ".");
  screen.failure(where, reason);
  if (!log.empty()) {
    const std::string tail = last_lines(log, 6);
    screen.text("  log: " + log.string());
    if (!tail.empty()) screen.faint(tail);
  }
  screen.text("  all logs: " + (work / "logs").string());
}

/// True if all went well.
bool run(Car& car, Crew& crew, Screen& screen, const Options& o) {
  const auto start = Clock::now();
  screen.title(
      "Gatehouse: the first car",
      "an infrastructure node, a gateway, three ECUs and two field nodes; every step over the real "
      "protocol");
  screen.chapter("", "Set-up in " + car.layout().work.string());
  const fs::path work = car.layout().work;
  if (const auto done = car.set_up(Consent{!o.ask}); !done) {
    report_failure(screen, "set-up", done.error().detail, car.log(), work);
    return false;
  }
  if (o.power_cuts != 0) {
    PowerCuts cuts(car, crew, screen, o.seed);
    const auto done = cuts.run(o.power_cuts);
    if (!done) report_failure(screen, cuts.where(), done.error().detail, crew.culprit_log(), work);
    return done.has_value();
  }
  AttestationSteps attestation(car, crew, screen);
  if (o.kills != 0) {
    Kills kills(car, crew, screen, attestation, o.seed);
    const auto done = kills.run(o.kills);
    if (!done) report_failure(screen, kills.where(), done.error().detail, kills.log(), work);
    return done.has_value();
  }
  screen.faint(
      "\n   A image made, signed, uploaded   B who is who   C TLS 1.3   D version report\n"
      "   E download and verify   F the user agrees   G flash   H proof of the new version");
  if (const auto done = attestation.before(); !done) {
    report_failure(screen, attestation.where(), done.error().detail, attestation.log(), work);
    return false;
  }
  Story story(car, crew, screen, o.ask, attestation.hooks());
  if (const auto done = story.tell(); !done) {
    report_failure(screen, story.where(), done.error().detail, story.log(), work);
    return false;
  }
  if (const auto done = attestation.finish(); !done) {
    report_failure(screen, attestation.where(), done.error().detail, attestation.log(), work);
    return false;
  }
  Attacks attacks(car, crew, screen);
  if (o.attacks) {
    if (const auto done = attacks.mount(); !done) {
      report_failure(screen, attacks.where(), done.error().detail, crew.culprit_log(), work);
      return false;
    }
  }
  story.print_summary(std::chrono::duration_cast<Duration>(Clock::now() - start));
  if (!o.keep) return true;
  if (const auto done = keep_running(car, crew, screen); !done) {
    report_failure(screen, "--keep", done.error().detail, crew.culprit_log(), work);
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"The first car: a signed image travels from the OEM's desk into running ECUs",
               "gatehouse-demo"};
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);

  Layout layout;
  layout.programs = program_folder();
  if (const auto good = check_programs(layout.programs); !good) return complain(good.error());
  const auto work = make_work_folder(options.work);
  if (!work) return complain(work.error());
  layout.work = *work;

  catch_signals();
  Screen screen(std::cout, looks_of_terminal(options.no_color));
  bool good = false;
  {
    Crew crew(screen, options.verbose);
    Car car(layout, crew, screen);
    good = run(car, crew, screen, options);
    crew.stop_all();
  }
  std::error_code ignored;
  const bool wanted = options.keep || !options.work.empty() || (!good && !interrupted());
  if (!wanted) fs::remove_all(layout.work, ignored);
  return good ? 0 : 1;
}

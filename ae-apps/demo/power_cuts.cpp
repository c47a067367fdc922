#include "ae-apps/demo/power_cuts.h"

#include <algorithm>
#include <thread>

namespace gatehouse::demo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kOrderLimit{60'000};
constexpr Milliseconds kEndLimit{120'000};
constexpr Milliseconds kAnswerLimit{20'000};
constexpr std::uint64_t kLongestDelayMs = 1'800;  ///< behind the first order; a release takes less
constexpr unsigned kFirstCounter = 100;
constexpr std::size_t kFewDataLines = 60;
constexpr int kAsks = 4;
constexpr const char* kCommands = "cse-in/ota-server/commands";

}  // namespace

Result<void> PowerCuts::run(unsigned rounds) {
  screen_.chapter("", "Loss of power, " + std::to_string(rounds) + " times: processes are killed");
  unsigned committed = 0;
  const auto start = Clock::now();
  for (unsigned number = 1; number <= rounds; ++number) {
    const Round round = plan(number);
    where_ = "round " + std::to_string(number) + " (" + round.victim + " killed " +
             std::to_string(round.delay.count()) + " ms behind the order)";
    const auto began = Clock::now();
    if (auto done = publish(round, number); !done) return done;
    if (auto done = cut(round); !done) return done;
    const Result<bool> end = see_end(round);
    if (!end) return fail(end.error());
    if (*end && !round.bad.empty()) {
      return fail(Rsc::kNotAcceptable, "an image that fails its self-test was committed");
    }
    if (*end) runs_ = round.version;
    committed += *end ? 1 : 0;
    if (auto done = see_versions(runs_); !done) return done;
    screen_.text("   " + where_ + ": " + (*end ? "committed" : "rolled back") +
                 (round.bad.empty() ? "" : ", as " + round.bad + " does not run") + "; all run " +
                 runs_ + "  " +
                 time_text(std::chrono::duration_cast<Duration>(Clock::now() - began)));
  }
  screen_.text(screen_.mark() + " " + std::to_string(rounds) +
               " losses of power: " + std::to_string(committed) + " releases committed, " +
               std::to_string(rounds - committed) +
               " rolled back; no ECU bricked, no mixture, no report lost, in " +
               time_text(std::chrono::duration_cast<Duration>(Clock::now() - start)));
  return {};
}

PowerCuts::Round PowerCuts::plan(unsigned number) {
  Round out;
  out.version = "2.0." + std::to_string(number);
  const std::vector<EcuPlan>& ecus = car_.layout().ecus;
  const EcuPlan& ecu = ecus[random_() % ecus.size()];
  switch (random_() % 4) {
    case 0:
      out.victim = "the gateway";
      out.processes = {"ota-gateway"};
      break;
    case 1:
      out.victim = "ECU " + ecu.serial;
      out.processes = {"ecu-" + ecu.software};
      break;
    case 2:
      out.victim = "the server";
      out.processes = {"ota-server"};
      break;
    default:
      out.victim = "the vehicle";
      for (const EcuPlan& each : ecus) out.processes.push_back("ecu-" + each.software);
      out.processes.emplace_back("ota-gateway");
  }
  out.delay = Milliseconds(random_() % kLongestDelayMs);
  if (random_() % 5 == 0) out.bad = ecus[random_() % ecus.size()].software;
  return out;
}

Result<void> PowerCuts::publish(const Round& round, unsigned number) {
  mark_ = car_.feed().size();
  const std::vector<EcuPlan>& ecus = car_.layout().ecus;
  const std::string together =
      "release=cut-" + std::to_string(number) + "/" + std::to_string(ecus.size());
  for (const EcuPlan& ecu : ecus) {
    Release release{round.version, kFirstCounter + number, ecu.software != round.bad, {}, together};
    release.data_lines = kFewDataLines;
    const Result<Image> image = car_.desk().release(ecu, release);
    if (!image) return fail(image.error());
    if (auto done = car_.desk().describe(*image); !done) return done;
    if (auto done = car_.desk().upload(*image); !done) return done;
  }
  return {};
}

Result<void> PowerCuts::cut(const Round& round) {
  const auto ordered = [&] {
    const auto events = car_.feed().events_since(mark_);
    return std::any_of(events.begin(), events.end(), [](const StepEvent& each) {
      return each.source == "gateway" && each.letter == 'E' && each.at("event") == "accepted";
    });
  };
  if (auto done = crew_.wait_until("the first order", kOrderLimit, ordered); !done) return done;
  std::this_thread::sleep_for(round.delay);
  for (const std::string& name : round.processes) {
    if (auto done = crew_.kill_and_restart(name); !done) return done;
  }
  return {};
}

/// What the server prints it may be killed before it prints: then the history at the IN-CSE counts.
std::set<std::string> PowerCuts::told(const std::string& event, const std::string& version) const {
  std::set<std::string> out;
  for (const StepEvent& each : car_.feed().events_since(mark_)) {
    if (each.source != "server" || each.letter != 'H' || each.at("event") != event) continue;
    if (each.at("to") == version) out.insert(each.at("ecu"));
  }
  for (const EcuPlan& ecu : car_.layout().ecus) {
    if (out.contains(ecu.serial)) continue;
    const auto entry = car_.in().latest("cse-in/ota-server/history-" + ecu.serial);
    if (entry && entry->string_at("event") == event && entry->string_at("to") == version) {
      out.insert(ecu.serial);
    }
  }
  return out;
}

Result<bool> PowerCuts::see_end(const Round& round) {
  const std::size_t all = car_.layout().ecus.size();
  std::set<std::string> updated, failed;
  const auto look = [&] {
    updated = told("updated", round.version);
    failed = updated.size() == all ? std::set<std::string>() : told("failed", round.version);
    std::set<std::string> both = updated;
    both.insert(failed.begin(), failed.end());
    return both.size() == all;
  };
  if (auto done = crew_.wait_until("the server knows all ends", kEndLimit, look); !done) {
    return fail(done.error());
  }
  if (!updated.empty() && !failed.empty()) {
    return fail(Rsc::kNotAcceptable, "some ECUs were updated, and others were not");
  }
  return failed.empty();
}

/// What each ECU signs over a nonce of now.
Result<void> PowerCuts::see_versions(const std::string& wanted) {
  std::string last;
  for (int ask = 0; ask < kAsks; ++ask) {
    const std::size_t mark = car_.feed().size();
    const Answer asked = car_.in().push(kCommands, Value::object({{"ask", "/id-mn"}}));
    if (!is_success(asked.rsc)) return fail(asked.rsc, asked.reason);
    std::map<std::string, std::string> runs;
    const auto look = [&] {
      for (const StepEvent& each : car_.feed().events_since(mark)) {
        if (each.source != "server" || each.letter != 'D') continue;
        if (each.at("event") == "verified") {
          runs[each.at("ecu")] = each.at("version") + " " + each.at("status");
        } else if (each.at("event") == "no-report") {
          runs[each.at("ecu")] = "silent";
        }
      }
      return runs.size() == car_.layout().ecus.size();
    };
    if (auto done = crew_.wait_until("all ECUs report", kAnswerLimit, look); !done) return done;
    const auto wrong = std::find_if(runs.begin(), runs.end(), [&](const auto& each) {
      return each.second != wanted + " running";
    });
    if (wrong == runs.end()) return {};
    last = wrong->first + " says: " + wrong->second + ", not " + wanted;
    if (wrong->second != "silent") break;
  }
  return fail(Rsc::kNotAcceptable, last);
}

}  // namespace gatehouse::demo

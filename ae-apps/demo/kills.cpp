#include "ae-apps/demo/kills.h"

#include <algorithm>
#include <thread>

namespace gatehouse::demo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kStepLimit{90'000};  ///< longer than the Center waits for any of them
constexpr Milliseconds kEndLimit{240'000};  ///< of one operation
constexpr Milliseconds kUploadLimit{30'000};
constexpr Milliseconds kSharpEyes{1};  ///< a step may take five milliseconds
constexpr Milliseconds kHealLimit{180'000};
constexpr Milliseconds kPatience{15'000};
constexpr const char* kSilent = "unverifiable: its report did not come along";
constexpr std::uint64_t kLongestDelayMs = 20;
constexpr unsigned kOneInSoMany = 5;  ///< images does not pass its self-test
constexpr unsigned kFirstCounter = 100;
constexpr std::size_t kFewDataLines = 60;

/// Who dies, and how.
struct Victim {
  const char* process;
  const char* text;
  int signal = SIGKILL;
};
constexpr Victim kVictims[] = {
    {"support", "the support software"},
    {"verifier", "the verifier"},
    {"center", "the Center"},
    {"witness-1", "a witness"},
    {"ota-gateway", "the OTA gateway"},
    {"ota-server", "the OTA server"},
    {"in-cse", "the IN-CSE"},
    {"mn-cse", "the MN-CSE"},
    {"broker", "the MQTT broker"},
    {"in-cse", "the IN-CSE (orderly)", SIGTERM},
    {"mn-cse", "the MN-CSE (orderly)", SIGTERM},
};

/// When: as soon as somebody says that this has happened, so in the middle of the next.
struct Moment {
  unsigned step;
  const char* source;
  const char* event;
};
constexpr Moment kMoments[] = {
    {1, "center", "open"},
    {2, "center", "before-challenge"},
    {3, "support", "asked"},
    {4, "support", "measured"},
    {5, "center", "before-evidence"},
    {6, "center", "before-result"},
    {7, "center", "selection"},
    {8, "gateway", "accepted"},
    {9, "center", "delivery"},
    {10, "gateway", "flashing"},
    {11, "center", "apply"},
    {11, "center", "after-challenge"},
    {11, "center", "after-evidence"},
    {12, "center", "after-result"},
    {12, "center", "confirmation"},
    {13, "center", "close"},
};

/// The line of the auditor's report that begins with the word.
std::string line_of(const std::string& report, const std::string& word) {
  const std::size_t at = report.find(word);
  if (at == std::string::npos) return {};
  const std::size_t from = at + word.size();
  return report.substr(from, report.find('\n', from) - from);
}

}  // namespace

std::size_t Kills::full_turn() { return std::size(kVictims) * std::size(kMoments); }

std::filesystem::path Kills::log() const {
  return crew_.culprit_log().empty() ? log_ : crew_.culprit_log();
}

Result<void> Kills::run(unsigned rounds) {
  log_ = car_.layout().log("center.log");
  if (auto done = begin(); !done) return done;
  screen_.chapter("", "Processes are killed in the middle of maintenance, " +
                          std::to_string(rounds) + " times");
  const auto start = Clock::now();
  for (const Round& round : schedule(rounds)) {
    const Moment& moment = kMoments[round.moment];
    where_ = "maintenance " + std::to_string(round.operation) + " (" + kVictims[round.victim].text +
             " killed in step " + std::to_string(moment.step) + ", " +
             std::to_string(round.delay.count()) + " ms behind " + moment.event + ")";
    if (auto done = play(round); !done) return done;
  }
  auto log = attestation_.audited_log();
  if (!log) return fail(log.error());
  screen_.faint(*log);
  screen_.text(
      screen_.mark() + " " + std::to_string(rounds) + " kills: " + std::to_string(completed_) +
      " operations resumed and were completed, " + std::to_string(failed_) +
      " failed and left no trace; the evidence of each says which, and the whole log is in order, "
      "in " +
      time_text(std::chrono::duration_cast<Duration>(Clock::now() - start)));
  return {};
}

Result<void> Kills::begin() {
  if (auto done = attestation_.prepare(); !done) {
    where_ = attestation_.where();
    log_ = attestation_.log();
    return done;
  }
  for (const EcuPlan& ecu : car_.layout().ecus) runs_[ecu.serial] = Car::kFactoryVersion;
  return {};
}

/// Every pair of victim and moment once before any comes again.
std::vector<Kills::Round> Kills::schedule(unsigned rounds) {
  std::vector<std::size_t> turn(full_turn());
  std::vector<Round> out;
  for (unsigned i = 0; i < rounds; ++i) {
    const std::size_t at = i % turn.size();
    if (at == 0) {
      for (std::size_t k = 0; k < turn.size(); ++k) turn[k] = k;
      std::shuffle(turn.begin(), turn.end(), random_);
    }
    Round round;
    round.operation = i + 1;
    round.victim = turn[at] / std::size(kMoments);
    round.moment = turn[at] % std::size(kMoments);
    const std::vector<EcuPlan>& ecus = car_.layout().ecus;
    round.ecu = &ecus[random_() % ecus.size()];
    round.delay = Milliseconds(random_() % kLongestDelayMs);
    round.bad = random_() % kOneInSoMany == 0;
    round.version = "3.0." + std::to_string(round.operation);
    out.push_back(std::move(round));
  }
  return out;
}

bool Kills::said(const std::string& source, const std::string& event,
                 const std::string& version) const {
  const auto events = car_.feed().events_since(mark_);
  return std::any_of(events.begin(), events.end(), [&](const StepEvent& each) {
    // A Center that was killed may have written a record, and told nobody.
    const std::string what =
        each.at("event") == "resumed" && source == "center" ? each.at("after") : each.at("event");
    return each.source == source && what == event && (version.empty() || each.at("to") == version);
  });
}

/// Until it was said, or the operation has ended before.
Result<void> Kills::await(const std::string& source, const std::string& event) {
  const auto look = [&] { return said(source, event) || said("center", "close"); };
  return crew_.wait_until(source + ": " + event, kStepLimit, look, kSharpEyes);
}

Result<Image> Kills::prepare(const Round& round) {
  Release release{
      round.version, kFirstCounter + static_cast<unsigned>(round.operation), !round.bad, {}, {}};
  release.data_lines = kFewDataLines;
  auto image = car_.desk().release(*round.ecu, release);
  if (!image) return image;
  if (auto done = car_.desk().describe(*image); !done) return fail(done.error());
  if (auto done = attestation_.replace(*round.ecu, *image); !done) return fail(done.error());
  return image;
}

Result<void> Kills::murder(const Round& round) {
  const Moment& moment = kMoments[round.moment];
  const Victim& victim = kVictims[round.victim];
  if (auto done = await(moment.source, moment.event); !done) return done;
  std::this_thread::sleep_for(round.delay);
  return crew_.restart(victim.process, victim.signal);
}

/// The server may be the one that was just killed: as a person would, again and again.
Result<void> Kills::upload(const Image& image) {
  const auto start = Clock::now();
  for (;;) {
    auto done = car_.desk().upload(image);
    if (done || Clock::now() - start > kUploadLimit) return done;
  }
}

Result<void> Kills::play(const Round& round) {
  const auto start = Clock::now();
  uploaded_ = false;
  const auto image = prepare(round);
  if (!image) return fail(image.error());
  mark_ = car_.feed().size();
  if (const auto ordered = attestation_.order("round " + std::to_string(round.operation));
      !ordered) {
    return fail(ordered.error());
  }
  const bool early = kMoments[round.moment].step <= 7;
  if (early) {
    if (auto done = murder(round); !done) return done;
  }
  if (auto done = await("center", "selection"); !done) return done;
  if (said("center", "selection")) {
    uploaded_ = true;
    if (auto done = upload(*image); !done) return done;
  }
  if (!early) {
    if (auto done = murder(round); !done) return done;
  }
  const std::string file = attestation_.certificate_file(round.operation);
  const auto certified = [&file] { return std::filesystem::exists(file); };
  if (auto done = crew_.wait_until("the certificate", kEndLimit, certified); !done) return done;
  const auto outcome = audit(round);
  if (!outcome) return fail(outcome.error());
  screen_.text("   " + where_ + ": " + *outcome + (round.bad ? " (a bad image)  " : "  ") +
               time_text(std::chrono::duration_cast<Duration>(Clock::now() - start)));
  return {};
}

/// What the auditor makes of it must be one of two, and true.
Result<std::string> Kills::audit(const Round& round) {
  const auto report = attestation_.audited(round.operation);
  if (!report) return report;
  std::string outcome = line_of(*report, "Outcome: ");
  const std::string& serial = round.ecu->serial;
  const bool confirmed = outcome == "confirmed: " + serial + " runs " + round.version;
  const bool undone = outcome == "failed: " + serial + " runs " + runs_[serial] + " as before" ||
                      outcome.starts_with("failed; nothing was changed");
  // A part that cannot be heard yet is not trusted, which is told; then it has to come back.
  const bool silent = outcome.find(kSilent) != std::string::npos;
  if (!undone && !silent && (!confirmed || round.bad)) {
    return fail(Rsc::kNotAcceptable, "it ended so: " + outcome);
  }
  ++(confirmed ? completed_ : failed_);
  const auto runs = confirmed ? Result<std::string>(round.version) : what_runs(round);
  if (!runs) return runs;
  runs_[serial] = *runs;
  if (auto done = attestation_.settle(*round.ecu, *runs); !done) return fail(done.error());
  if (silent) {
    if (auto done = heal(); !done) return fail(done.error());
    outcome += "; it is trusted again";
  }
  return outcome;
}

/// Attested again and again until all parts are heard.
Result<void> Kills::heal() {
  const auto start = Clock::now();
  for (;;) {
    const std::size_t mark = car_.feed().size();
    const auto asked = Clock::now();
    if (auto done = attestation_.attest(); !done) return done;
    std::string said;
    const auto attested = [&] {
      for (const StepEvent& each : car_.feed().events_since(mark)) {
        if (each.source == "center" && each.at("event") == "attested") {
          said = each.at("recommendation");
        }
      }
      // While a part is silent the answer comes later than the Center waits for it.
      return !said.empty() || Clock::now() - asked > kPatience;
    };
    if (auto done = crew_.wait_until("an attestation", kStepLimit, attested); !done) return done;
    if (said == "allowed") return {};
    if (Clock::now() - start > kHealLimit) {
      return fail(Rsc::kRequestTimeout, "the car is not trusted again: " + said);
    }
  }
}

Result<std::string> Kills::what_runs(const Round& round) {
  if (!uploaded_) return runs_[round.ecu->serial];
  const auto ended = [&] {
    return said("server", "updated", round.version) || said("server", "failed", round.version);
  };
  if (auto done = crew_.wait_until("the end of the update", kEndLimit, ended); !done) {
    return fail(done.error());
  }
  return said("server", "updated", round.version) ? round.version : runs_[round.ecu->serial];
}

}  // namespace gatehouse::demo
